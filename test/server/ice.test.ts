import Fastify from 'fastify';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { iceServersFromEnv, parseIceUrl, staticIce } from '../../src/server/ice/static.js';
import webrtcSignaling from '../../src/server/index.js';
import { normalizeOptions, type WebRTCSignalingOptions } from '../../src/server/options.js';
import { listen, receiver, sender } from './support.js';

const USER = { TURN_SERVER_USERNAME: 'bob', TURN_SERVER_CREDENTIAL: 'secret' };

describe('an address', () => {
  it.each([
    ['turn:turn.example.org', { scheme: 'turn', host: 'turn.example.org', port: 3478, transport: undefined }],
    [
      'turns:turn.example.org:443?transport=tcp',
      { scheme: 'turns', host: 'turn.example.org', port: 443, transport: 'tcp' },
    ],
    ['turns:turn.example.org', { scheme: 'turns', host: 'turn.example.org', port: 5349, transport: undefined }],
    ['turn:[2001:db8::1]:3478?transport=udp', { scheme: 'turn', host: '[2001:db8::1]', port: 3478, transport: 'udp' }],
    ['stun:192.0.2.1:19302', { scheme: 'stun', host: '192.0.2.1', port: 19302, transport: undefined }],
  ])('%s', (url, parsed) => {
    expect(parseIceUrl(url)).toEqual(parsed);
  });

  it.each([
    ['turn.example.org', 'is not a STUN or TURN address'],
    ['turn://turn.example.org', 'without "//"'],
    ['turn:bob:secret@turn.example.org', 'is not a STUN or TURN address'],
    ['http://turn.example.org', 'is not a STUN or TURN address'],
    ['javascript:alert(1)', 'is not a STUN or TURN address'],
    ['turn:', 'is not a STUN or TURN address'],
    ['turn:host:0', 'has a port outside'],
    ['turn:host:65536', 'has a port outside'],
    ['turn:host?transport=sctp', 'is not a STUN or TURN address'],
    ['stun:host?transport=udp', 'takes no transport'],
    ['turn:host\r\nx', 'is not a STUN or TURN address'],
  ])('not %j', (url, message) => {
    expect(() => parseIceUrl(url)).toThrow(message);
  });
});

describe('the environment', () => {
  it('may be empty: no servers, and no public ones instead', () => {
    expect(iceServersFromEnv({})).toEqual([]);
    expect(iceServersFromEnv({ TURN_SERVER_URL: '', TURN_SERVER_USERNAME: '', TURN_SERVER_CREDENTIAL: '' })).toEqual(
      [],
    );
  });

  it.each(['turn:a turns:b:443', 'turn:a,turns:b:443', ' turn:a ,\n turns:b:443,'])('names several: %j', (urls) => {
    expect(iceServersFromEnv({ TURN_SERVER_URL: urls, ...USER })).toEqual([
      { urls: ['turn:a', 'turns:b:443'], username: 'bob', credential: 'secret' },
    ]);
  });

  it('may name STUN servers too, which get no password', () => {
    expect(iceServersFromEnv({ TURN_SERVER_URL: 'stun:a turn:a', ...USER })).toEqual([
      { urls: ['stun:a'] },
      { urls: ['turn:a'], username: 'bob', credential: 'secret' },
    ]);
    expect(iceServersFromEnv({ TURN_SERVER_URL: 'stun:a' })).toEqual([{ urls: ['stun:a'] }]);
  });

  it.each([
    [{ TURN_SERVER_URL: 'turn:a' }, 'TURN_SERVER_URL needs TURN_SERVER_USERNAME and TURN_SERVER_CREDENTIAL'],
    [{ TURN_SERVER_URL: 'turn:a', TURN_SERVER_USERNAME: 'bob' }, 'TURN_SERVER_URL needs'],
    [USER, 'TURN_SERVER_URL is not'],
    [{ TURN_SERVER_URL: 'turn.example.org', ...USER }, 'TURN_SERVER_URL: "turn.example.org" is not'],
  ])('that is not right (%j) stops the plugin with a sentence, without the password', (env, message) => {
    expect(() => normalizeOptions({}, env)).toThrow(`webrtc-preview: `);
    expect(() => normalizeOptions({}, env)).toThrow(message);
    expect(() => normalizeOptions({}, env)).not.toThrow('secret');
  });
});

describe("the sender's form", () => {
  it('is percent-encoded, with a port', () => {
    const { gstreamer } = staticIce([
      { urls: ['stun:stun.example.org'] },
      {
        urls: ['turn:[::1]?transport=udp', 'turns:t:443'],
        username: '1700000000:bob',
        credential: "a/b+c=@:?#%!'()*é",
      },
    ]);
    const user = '1700000000%3Abob:a%2Fb%2Bc%3D%40%3A%3F%23%25%21%27%28%29%2A%C3%A9';
    expect(gstreamer).toEqual({
      stunServer: 'stun://stun.example.org:3478',
      turnServers: [`turn://${user}@[::1]:3478?transport=udp`, `turns://${user}@t:443`],
    });
  });
});

describe('options', () => {
  it.each([
    [{ path: 'no-slash' }, 'the option "path" must'],
    [{ path: '/slash/' }, 'the option "path" must'],
    [{ path: '/with space' }, 'the option "path" must'],
    [{ prefix: '/x' }, 'the option "prefix" has no effect on this plugin; use "path"'],
    [{ orgins: [] }, 'the option "orgins" is not an option of this plugin'],
    [{ origins: ['https://a.example/'] }, 'the option "origins" must'],
    [{ origins: '*' }, 'the option "origins" must'],
    [{ allowPublish: 'all' }, 'the option "allowPublish" must'],
    [{ messageRate: { perSecond: 0, burst: 1 } }, 'the option "messageRate" must'],
    [{ answerTimeoutMs: Number.POSITIVE_INFINITY }, 'the option "answerTimeoutMs" must'],
    [{ senderGraceMs: '5' }, 'the option "senderGraceMs" must'],
    [{ decorateAs: '' }, 'the option "decorateAs" must'],
    [{ iceServers: [{ urls: ['turn:a'] }] }, 'the option "iceServers" is not valid: "turn:a" needs a username'],
    [{ iceServers: [{ urls: [] }] }, 'the option "iceServers" is not valid'],
    [{ iceServers: 'turn:a' }, 'the option "iceServers" must'],
  ])('%j: a wrong one is a sentence that names the plugin', (options, message) => {
    expect(() => normalizeOptions(options as WebRTCSignalingOptions, {})).toThrow(`webrtc-preview: ${message}`);
  });

  it('are frozen, and apart from what was passed in', () => {
    const origins = ['https://a.example'];
    const settings = normalizeOptions({ origins }, {});
    origins.push('https://evil.example');
    expect(settings.origins).toEqual(['https://a.example']);
    expect(Object.isFrozen(settings)).toBe(true);
  });
});

it('the environment of the process is read when the plugin is registered', async () => {
  vi.stubEnv('TURN_SERVER_URL', 'turn:turn.example.org');
  vi.stubEnv('TURN_SERVER_USERNAME', 'bob');
  vi.stubEnv('TURN_SERVER_CREDENTIAL', 'secret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const fastify = Fastify();
  await fastify.register(webrtcSignaling);
  const response = await fastify.inject('/webrtc-signaling/ice-servers');
  expect(response.json()).toEqual({
    iceServers: [{ urls: ['turn:turn.example.org'], username: 'bob', credential: 'secret' }],
  });
  await fastify.close();
});

describe('ICE servers', () => {
  const iceServers = [{ urls: ['turn:t:3478?transport=udp'], username: 'bob', credential: 'p/w' }];

  it('come by HTTP and in the acknowledgements, each side in its form', async () => {
    const { fastify, url } = await listen({ iceServers });
    const response = await fetch(`${url}/webrtc-signaling/ice-servers`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ iceServers });
    expect(fastify.webrtcSignaling.ice).toEqual({ iceServers });
    const camera = await sender(url);
    const published = await camera.emitWithAck('publish', {
      stream: 'second',
      instance: 'one',
      camera: { label: '', modes: [], mode: { width: 16, height: 16, fps: 1 } },
    });
    expect(published.ice).toEqual({ turnServers: ['turn://bob:p%2Fw@t:3478?transport=udp'] });
    expect((await receiver(url)).joined.ice).toEqual({ iceServers });
  });
});
