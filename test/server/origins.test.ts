import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fetchAs, listen } from './support.js';

describe('the page a client comes from', () => {
  const OWN = 'own';
  it.each([
    ['none, as programs do', undefined, [], true],
    ['its own', OWN, [], true],
    ['its own, but not as a browser writes it', `${OWN}/`, [], false],
    ['another', 'https://evil.example', [], false],
    ['another that is allowed', 'https://good.example', ['https://good.example'], true],
    ['one that only begins like an allowed one', 'https://good.example.evil.example', ['https://good.example'], false],
    ['an allowed one in capitals', 'https://GOOD.example', ['https://good.example'], false],
    ['null', 'null', ['https://good.example'], false],
    ['any, when all are allowed', 'https://evil.example', true, true],
  ] as const)('%s', async (_name, origin, origins, allowed) => {
    const { url, port } = await listen({ origins });
    const headers = origin === undefined ? {} : { origin: origin.replace(OWN, url) };
    const polling = `${url}/webrtc-signaling/?EIO=4&transport=polling`;

    const response = await fetchAs(polling, headers);
    expect(response.status).toBe(allowed ? 200 : 403);
    if (allowed && headers.origin) expect(response.headers['access-control-allow-origin']).toBe(headers.origin);
    expect((await fetchAs(`${url}/webrtc-signaling/ice-servers`, headers)).status).toBe(allowed ? 200 : 403);
    expect(await upgradeAs(port, 'EIO=4&transport=websocket', headers)).toBe(allowed);

    // With a session that an allowed client has opened.
    const { sid } = JSON.parse((await fetchAs(polling, {})).body.slice(1));
    expect((await fetchAs(`${polling}&sid=${sid}`, headers, 'POST', '40')).status).toBe(allowed ? 200 : 403);
    expect(await upgradeAs(port, `EIO=4&transport=websocket&sid=${sid}`, headers)).toBe(allowed);
  });

  it('may ask beforehand', async () => {
    const { url } = await listen({ origins: ['https://good.example'] });
    const headers = { origin: 'https://good.example', 'access-control-request-headers': 'x-own' };
    const response = await fetchAs(`${url}/webrtc-signaling/?EIO=4&transport=polling`, headers, 'OPTIONS');
    expect(response.status).toBe(204);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': 'https://good.example',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'x-own',
    });
  });
});

function upgradeAs(port: number, query: string, headers: Record<string, string>): Promise<boolean> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/webrtc-signaling/?${query}`, { headers });
  return new Promise((resolve) => {
    socket.on('open', () => {
      socket.close();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
