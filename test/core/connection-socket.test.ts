import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openChannel, SmallServer } from './small-server.js';

it('a token that comes while the server is still being reached goes along, on the one connection', async () => {
  const server = new SmallServer();
  const { channel, said, until } = openChannel(await server.listen());
  expect(await channel.authenticate('late')).toBe(true);
  await until('online');
  expect(said).toEqual(['connecting', 'connected', 'online']);
  expect(server.tokens).toEqual(['late']);
});

it('is not given up for another one while it is new, but where nothing has come of it for a second', {
  timeout: 10_000,
}, async () => {
  const connections: Socket[] = [];
  const silent = createServer((socket) => connections.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    silent.close();
    for (const connection of connections) connection.destroy();
  });
  const since = performance.now();
  const { channel } = openChannel(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  await expect.poll(() => connections.length, { timeout: 5_000 }).toBe(1);
  await expect
    .poll(
      () => {
        channel.reconnect();
        return connections.length;
      },
      { timeout: 5_000 },
    )
    .toBe(2);
  expect(performance.now() - since).toBeGreaterThan(1_000);
});
