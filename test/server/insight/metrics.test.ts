import { readFileSync } from 'node:fs';
import { Counter, register as globalRegistry, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, EVENTS, errorInfo } from '../../../src/protocol/index.js';
import { Metrics, type MetricsSources } from '../../../src/server/insight/metrics.js';
import { Stage } from './story.js';

function metrics(sources: Partial<MetricsSources> = {}) {
  const stage = new Stage();
  const all: MetricsSources = {
    streams: () => [],
    sessions: () => [],
    cluster: 'single',
    version: '1.2.3',
    ...sources,
  };
  return { stage, metrics: new Metrics(stage.events, all, () => stage.nowMs) };
}

/** The samples without comments, by name and labels. */
async function samples(of: Metrics): Promise<Record<string, number>> {
  const lines = (await of.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at).replace(/^webrtc_preview_/, ''), Number(line.slice(at + 1))];
    }),
  );
}

const client = { peer: 'p1', role: 'receiver', via: 'socket' } as const;

describe('the metrics', () => {
  it('count connections that come and go', async () => {
    const { stage, metrics: all } = metrics();
    stage.emit('client-connected', { ...client, address: '192.0.2.1' });
    stage.emit('client-connected', { ...client, peer: 'p2', via: 'whep', address: '192.0.2.1' });
    stage.emit('client-connected', { ...client, peer: 'p3', role: 'sender', address: '192.0.2.1' });
    stage.emit('client-disconnected', { ...client, reason: 'gone', connectedMs: 1 });
    stage.emit('client-refused', { code: 'unauthorized', via: 'http', address: '192.0.2.1' });
    expect(await samples(all)).toMatchObject({
      'connections{role="receiver",via="socket"}': 0,
      'connections{role="receiver",via="whep"}': 1,
      'connections{role="sender",via="socket"}': 1,
      'connections_refused_total{via="http",code="unauthorized"}': 1,
      'info{version="1.2.3"}': 1,
    });
  });

  it('count messages by what they were answered', async () => {
    const { stage, metrics: all } = metrics();
    stage.emit('message', { peer: 'p', event: 'join' }).emit('message', { peer: 'p', event: 'join' });
    stage.emit('message', { peer: 'p', event: 'join', code: 'rate_limited' });
    expect(await samples(all)).toMatchObject({
      'messages_total{event="join",code="ok"}': 2,
      'messages_total{event="join",code="rate_limited"}': 1,
    });
  });

  it('look at streams and sessions when they are asked', async () => {
    let sessions = [{ state: 'live' }, { state: 'live' }, { state: 'something new' }];
    const { metrics: all } = metrics({
      streams: () => [{ online: true }, { online: false }],
      sessions: () => sessions,
    });
    expect(await samples(all)).toMatchObject({
      'streams{state="online"}': 1,
      'streams{state="offline"}': 1,
      'sessions{state="joined"}': 0,
      'sessions{state="live"}': 2,
      'sessions{state="other"}': 1,
    });
    sessions = [];
    const later = await samples(all);
    expect(later['sessions{state="live"}']).toBe(0);
    expect(later['sessions{state="other"}'] ?? 0).toBe(0);
  });

  it('measure how long a session takes to come up, in seconds', async () => {
    const { stage, metrics: all } = metrics();
    stage.join().wait(60_000).offer().wait(20).answer().wait(180);
    stage.emit('session-live', { session: 's1', stream: 'cam', sinceJoinMs: 60_200 });
    const seen = await samples(all);
    expect(seen.session_offer_to_answer_seconds_sum).toBeCloseTo(0.0124);
    expect(seen.session_offer_to_live_seconds_sum).toBeCloseTo(0.2);
    expect(seen['session_offer_to_live_seconds_bucket{le="0.1"}']).toBe(0);
    expect(seen['session_offer_to_live_seconds_bucket{le="0.25"}']).toBe(1);
    expect(seen.session_join_to_live_seconds_sum).toBeCloseTo(60.2);
  });

  it('take the way from join to live once for each session', async () => {
    const { stage, metrics: all } = metrics();
    stage.join().offer().live().live().wait(90_000).offer('s1', 2).wait(50).live();
    const seen = await samples(all);
    expect(seen.session_join_to_live_seconds_count).toBe(1);
    expect(seen.session_offer_to_live_seconds_count).toBe(2);
  });

  it('count what becomes of sessions, streams, candidates and credentials', async () => {
    const { stage, metrics: all } = metrics();
    stage.candidates('sender', 'host', 'host', 'relay').candidates('receiver', 'end');
    stage.emit('session-refused', {
      session: 's1',
      stream: 'cam',
      epoch: 1,
      tookMs: 9,
      error: errorInfo('camera_busy'),
    });
    stage.emit('session-detached', { session: 's1', stream: 'cam' });
    stage.emit('session-resumed', { session: 's1', stream: 'cam' });
    stage.close('left').close('timeout', errorInfo('session_timeout'), 's2');
    stage.emit('stream-published', { stream: 'cam', takeover: false });
    stage.emit('stream-published', { stream: 'cam', takeover: true });
    stage.emit('stream-away', { stream: 'cam' }).emit('stream-gone', { stream: 'cam' });
    stage.emit('ice-refreshed', { peers: 3 }).emit('ice-refreshed', { peers: 4 });
    expect(await samples(all)).toMatchObject({
      'candidates_total{side="sender",kind="host"}': 2,
      'candidates_total{side="sender",kind="relay"}': 1,
      'candidates_total{side="receiver",kind="end"}': 1,
      'sessions_refused_total{code="camera_busy"}': 1,
      'sessions_closed_total{reason="left",code="none"}': 1,
      'sessions_closed_total{reason="timeout",code="session_timeout"}': 1,
      'session_interruptions_total{change="detached"}': 1,
      'session_interruptions_total{change="resumed"}': 1,
      'stream_changes_total{change="published"}': 1,
      'stream_changes_total{change="takeover"}': 1,
      'stream_changes_total{change="away"}': 1,
      'stream_changes_total{change="gone"}': 1,
      ice_refreshes_total: 7,
    });
  });

  it('show the last test of the TURN servers, by host and without anything secret', async () => {
    const { stage, metrics: all } = metrics();
    const check = { message: 'secret sentence', next: '' };
    stage.emit('turn-tested', {
      ok: false,
      checkedAtMs: 1_700_000_000_000,
      servers: [
        { ...check, url: 'turn:turn.example.org:3478?transport=udp', code: 'ok', tookMs: 40 },
        { ...check, url: 'turns:[2001:db8::1]:5349', code: 'wrong_credentials' },
        { ...check, url: 'turn://user:secret@turn.example.org:3478?transport=tcp', code: 'quota' },
      ],
    });
    const seen = await samples(all);
    expect(seen).toMatchObject({
      'turn_allocate_ok{server="0",host="turn.example.org:3478"}': 1,
      'turn_allocate_ok{server="1",host="[2001:db8::1]:5349"}': 0,
      'turn_allocate_ok{server="2",host="turn.example.org:3478"}': 0,
      'turn_allocate_seconds{server="0",host="turn.example.org:3478"}': 0.04,
      turn_tested_timestamp_seconds: 1_700_000_000,
    });
    expect(await all.text()).not.toMatch(/secret/);
    stage.emit('turn-tested', { ok: true, checkedAtMs: 1_700_000_060_000, servers: [] });
    expect(Object.keys(await samples(all)).filter((name) => name.startsWith('turn_allocate'))).toEqual([]);
  });

  it('show when Redis is away', async () => {
    const { stage, metrics: all } = metrics({ cluster: 'ready' });
    expect(await samples(all)).toMatchObject({ cluster_degraded: 0 });
    stage.emit('cluster', { state: 'degraded', reason: 'no Redis' });
    expect(await samples(all)).toMatchObject({ cluster_degraded: 1 });
    stage.emit('cluster', { state: 'ready' });
    expect(await samples(all)).toMatchObject({ cluster_degraded: 0 });
  });

  it('attack 41: have few label values, whatever clients send', async () => {
    const { stage, metrics: all } = metrics();
    const marker = 'zzmarker';
    for (let i = 0; i < 2_000; i++) {
      const name = `${marker}-${i}`;
      stage.emit('client-connected', { ...client, peer: name, subject: name, address: name });
      stage.emit('client-refused', { code: name as ErrorCode, via: 'socket', address: name });
      stage.emit('message', { peer: name, event: name });
      stage.emit('message', { peer: name, event: '__proto__', code: name as ErrorCode });
      stage.emit('message', { peer: name, event: 'toString' });
      stage.emit('stream-published', { stream: name, owner: name, takeover: false });
      stage.emit('session-joined', { session: name, stream: name, via: 'socket', subject: name });
      stage.emit('session-refused', {
        session: name,
        stream: name,
        epoch: 1,
        tookMs: 1,
        error: { ...errorInfo('internal'), code: name as ErrorCode },
      });
      stage.emit('session-closed', {
        session: name,
        stream: name,
        reason: 'left',
        error: { ...errorInfo('internal'), code: name as ErrorCode },
      });
    }
    const text = await all.text();
    expect(text).not.toContain(marker);
    expect(text.split('\n').length).toBeLessThan(200);
    expect(text).toContain('webrtc_preview_messages_total{event="unknown",code="unknown"} 2000');
    expect(text).toContain('webrtc_preview_messages_total{event="unknown",code="ok"} 4000');
  });

  it('know every message of the protocol by its name', async () => {
    const { stage, metrics: all } = metrics();
    for (const event of Object.keys(EVENTS)) stage.emit('message', { peer: 'p', event });
    const seen = Object.keys(await samples(all)).filter((name) => name.startsWith('messages_total'));
    expect(seen).toHaveLength(Object.keys(EVENTS).length);
    expect(seen.join()).not.toContain('unknown');
  });

  it('keep nothing of a session that has ended, and hear nothing once closed', async () => {
    const { stage, metrics: all } = metrics();
    stage.join().offer().close('lost').live();
    expect(await samples(all)).toMatchObject({ session_offer_to_live_seconds_count: 0 });
    all.close();
    expect(stage.events.eventNames()).toEqual([]);
  });

  it('leave the app’s own metrics alone, and are there twice for two plugins', async () => {
    const [one, two] = [metrics(), metrics()];
    one.stage.emit('ice-refreshed', { peers: 1 });
    expect(await samples(two.metrics)).toMatchObject({ ice_refreshes_total: 0 });
    expect(globalRegistry.getMetricsAsArray()).toEqual([]);
    const own = new Registry();
    new Counter({ name: 'mine_total', help: 'Mine.', registers: [own] });
    const merged = await Registry.merge([own, one.metrics.registry]).metrics();
    expect(merged).toContain('mine_total 0');
    expect(merged).toContain('webrtc_preview_ice_refreshes_total 1');
  });

  it('have names, units and help texts as Prometheus wants them', async () => {
    const { metrics: all } = metrics();
    for (const { name, help, type } of await all.registry.getMetricsAsJSON()) {
      expect(name).toMatch(/^webrtc_preview_[a-z_]+$/);
      expect(help).toMatch(/^[A-Z1].*\.$/);
      // prom-client says the type in words at run time, as a number in its types.
      if (String(type) === 'counter') expect(name).toMatch(/_total$/);
      else expect(name).not.toMatch(/_total$|_ms$|_milliseconds$/);
    }
  });

  it('are all in docs/http.md, which names no others', () => {
    const { metrics: all } = metrics();
    const names = all.registry.getMetricsAsArray().map(({ name }) => name);
    const text = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
    const table = [...text.matchAll(/^\| `(webrtc_preview_[a-z_]+)/gm)].map(([, name]) => name);
    expect(table.sort()).toEqual(names.sort());
    for (const [mentioned] of text.matchAll(/webrtc_preview_[a-z_]+/g)) {
      expect(names).toContain(mentioned.replace(/_(bucket|sum|count)$/, ''));
    }
  });
});
