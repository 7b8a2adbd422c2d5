import { describe, expect, it } from 'vitest';
import { errorInfo } from '../../src/protocol/index.js';
import { ask, camera, client, listen, play, viewer } from './http-support.js';

describe('GET …/metrics', () => {
  it('counts what happens, and names no stream, subject, session or address of a client', async () => {
    const { fastify, url } = await listen({
      authorize: ({ role }) => ({ subject: 'secret-subject', publish: true, watch: true, manage: role === undefined }),
    });
    await camera(url, { stream: 'secret-cam' });
    const { socket, session } = await viewer(url, 'secret-cam');
    await socket.emitWithAck('live', { session, epoch: 1 });
    await play(fastify, { stream: 'secret-cam' });
    await play(fastify, { stream: 'nothing-here' });
    await client(url, 'receiver').emitWithAck('made-up', {});
    const refused = fastify.webrtcSignaling.events;
    refused.emit('client-refused', { code: errorInfo('unauthorized').code, via: 'http', address: '192.0.2.9' });
    const { body, headers } = await ask(fastify, 'GET', 'metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = body.split('\n').map((line) => line.replace(/^webrtc_preview_/, ''));
    expect(lines).toEqual(
      expect.arrayContaining([
        'connections{role="sender",via="socket"} 1',
        'connections{role="receiver",via="socket"} 2',
        'connections{role="receiver",via="whep"} 1',
        'sessions{state="live"} 1',
        'sessions{state="answered"} 1',
        'stream_changes_total{change="published"} 1',
        'messages_total{event="join",code="ok"} 3',
        'messages_total{event="unknown",code="unknown_event"} 1',
        'candidates_total{side="sender",kind="host"} 2',
        'connections_refused_total{via="http",code="unauthorized"} 1',
        'session_offer_to_answer_seconds_count 2',
      ]),
    );
    for (const secret of ['secret', 'nothing-here', session, '192.0.2', 'made-up', '127.0.0.1']) {
      expect(body).not.toContain(secret);
    }
  });
});
