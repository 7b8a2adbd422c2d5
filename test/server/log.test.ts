import { Writable } from 'node:stream';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { candidate, client, connected, listen, OTHER_SDP, sender, viewer } from './support.js';

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
    expect(text).toContain('"allowPublish":"loopback"');
    expect(text).toContain(session);
    for (const secret of ['m=video', 'TOPSECRET', '192.0.2.1', sid]) expect(text).not.toContain(secret);
  });
});
