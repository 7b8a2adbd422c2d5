import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { readCameras, readStart } from '../../demo/sender.mjs';
import { createServer as createDemo } from '../../demo/server.mjs';
import { listenOnFreePort, readArguments, whoMay } from '../../demo/start.mjs';

/** From the sources: what is built may be older, or not there. */
vi.mock('webrtc-preview/server', () => import('../../src/server/index.js'));

describe('readArguments', () => {
  it('has a default for everything', () => {
    expect(readArguments([])).toMatchObject({ port: 8080, host: '127.0.0.1', yes: false, 'no-sender': false });
  });

  it('reads what is given', () => {
    const options = readArguments(['--port', '9000', '--host', '0.0.0.0', '--device', '/dev/video2', '-y']);
    expect(options).toMatchObject({ port: 9_000, host: '0.0.0.0', device: '/dev/video2', yes: true });
  });

  it('lets other machines publish only where the network is let in', () => {
    expect(readArguments([])['allow-publish']).toBe('loopback');
    const any = ['--allow-publish', 'any'];
    for (const host of ['0.0.0.0', '::']) expect(readArguments(['--host', host, ...any])['allow-publish']).toBe('any');
    expect(() => readArguments(any)).toThrow('--allow-publish any needs --host 0.0.0.0 as well');
    expect(() => readArguments(['--host', '0.0.0.0', '--allow-publish', 'all'])).toThrow('use loopback');
  });

  it('says what an open host means', () => {
    expect(whoMay('loopback')).toContain('Publishing stays limited to this machine.');
    expect(whoMay('any')).toContain('anyone can publish: nobody is asked who they are');
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

describe('readStart', () => {
  const at = '2026-11-23T08:16:17.495';

  it('takes the tick for the sender from its own words', () => {
    expect(readStart(`${at} INFO    event=published stream=camera`)).toEqual({});
    expect(readStart(`${at} INFO    event=server-connected server=http://localhost:8080`)).toBeUndefined();
    expect(readStart(`${at} INFO    event=published-something`)).toBeUndefined();
  });

  it('and gives the reason why there is no camera', () => {
    const line = `${at} ERROR   event=camera-error code=camera_missing message="There is no \\"/dev/nope\\"." next="Plug it in."`;
    expect(readStart(line)).toEqual({ problem: 'There is no "/dev/nope".' });
    expect(readStart(`${at} ERROR   event=camera-error code=internal message=Oops next=Wait`)).toEqual({
      problem: 'Oops',
    });
  });
});

describe('createServer', () => {
  it('hands on who may publish', async () => {
    const app = await createDemo({ logger: false }, { allowPublish: 'any', origins: ['https://my.page'] });
    await app.close();
    await expect(createDemo({ logger: false }, { allowPublish: 'all' })).rejects.toThrow('"allowPublish" must be');
  });
});
