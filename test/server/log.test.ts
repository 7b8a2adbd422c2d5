import { Writable } from 'node:stream';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { candidate, client, connected, fetchAs, listen, OTHER_SDP, sender, viewer } from './support.js';

describe('the log', () => {
  it('says what happens, and shows no SDP, password, candidate or connection id', async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const fastify = Fastify({ logger: { level: 'info', stream } });
    const iceServers = [{ urls: ['turn:turn.example.org'], username: 'bob', credential: 'TOPSECRET' }];
    const { url } = await listen({ iceServers }, { fastify });
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    await socket.emitWithAck('candidate', candidate(session, 1));
    const polling = await connected(client(url, 'receiver', { transports: ['polling'] }));
    const { id: sid } = polling.io.engine as unknown as { id: string };
    await socket.emitWithAck('offer', { session, epoch: 2, sdp: OTHER_SDP });
    await socket.emitWithAck('leave', { session });
    camera.close();
    await fastify.close();
    const text = lines.join('');
    expect(text).toContain('"msg":"[WebRTC Signaling] Server initialized"');
    expect(text).toContain(`"msg":"[WebRTC Signaling] Client connected: ${polling.id ?? ''}`);
    expect(text).toContain('Cameras may be published from this machine only');
    expect(text).toContain(session);
    for (const secret of ['m=video', 'TOPSECRET', '192.0.2.1', sid]) expect(text).not.toContain(secret);
  });

  it('names the page that was refused for its origin, once, and the option that would let it in', async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const { url } = await listen({}, { fastify: Fastify({ logger: { level: 'warn', stream } }) });
    const polling = `${url}/webrtc-signaling/?EIO=4&transport=polling`;
    for (let round = 0; round < 3; round += 1) await fetchAs(polling, { origin: 'https://evil.example' });
    const told = lines.filter((line) => line.includes('Page refused'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('"origin":"https://evil.example"');
    expect(told[0]).toContain('origins');
  });
});
