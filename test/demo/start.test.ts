import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readCameras } from '../../demo/sender.mjs';
import { listenOnFreePort, readArguments } from '../../demo/start.mjs';

describe('readArguments', () => {
  it('has a default for everything', () => {
    expect(readArguments([])).toMatchObject({ port: 8080, host: '127.0.0.1', yes: false, 'no-sender': false });
  });

  it('reads what is given', () => {
    const options = readArguments(['--port', '9000', '--host', '0.0.0.0', '--device', '/dev/video2', '-y']);
    expect(options).toMatchObject({ port: 9_000, host: '0.0.0.0', device: '/dev/video2', yes: true });
  });

  it.each([['--port', 'abc'], ['--port', '70000'], ['--port', '-1'], ['--host', '192.0.2.1'], ['--nonsense']])(
    'refuses %s %s',
    (...args) => {
      expect(() => readArguments(args)).toThrow(TypeError);
    },
  );
});

describe('listenOnFreePort', () => {
  const listenOnce = (port: number) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer().once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server));
    });

  it('says that a port is in use and takes the next', async () => {
    const first = await listenOnce(0);
    const { port } = first.address() as AddressInfo;
    const said: number[][] = [];
    const opened: Server[] = [];
    await listenOnFreePort(
      async (tried: number) => {
        opened.push(await listenOnce(tried));
      },
      port,
      (taken: number, next: number) => said.push([taken, next]),
    );
    expect(said[0]).toEqual([port, port + 1]);
    expect((opened[0]?.address() as AddressInfo | undefined)?.port).toBeGreaterThan(port);
    for (const server of [first, ...opened]) server.close();
  });

  it('gives up after ten, and at once for any other reason', async () => {
    const tried: number[] = [];
    const failing = (code: string) => async (port: number) => {
      tried.push(port);
      throw Object.assign(new Error(code), { code });
    };
    await expect(listenOnFreePort(failing('EADDRINUSE'), 8_080, () => {})).rejects.toThrow('EADDRINUSE');
    expect(tried).toHaveLength(10);
    tried.length = 0;
    await expect(listenOnFreePort(failing('EACCES'), 80, () => {})).rejects.toThrow('EACCES');
    expect(tried).toEqual([80]);
  });
});

describe('readCameras', () => {
  it("reads the sender's list, without the modes", () => {
    const list =
      '/dev/video0  Bench camera\n    1280x720@30  MJPG, YUYV\n/dev/video2  HD  Webcam\n    640x480@30  YUYV\n';
    expect(readCameras(list)).toEqual([
      { device: '/dev/video0', name: 'Bench camera' },
      { device: '/dev/video2', name: 'HD  Webcam' },
    ]);
    expect(readCameras('No camera found. --test-pattern shows a picture without one.\n')).toEqual([]);
  });
});
