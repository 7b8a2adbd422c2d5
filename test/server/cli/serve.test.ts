import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { announce, announcementText } from '../../../src/server/cli/announcement.js';
import { prettyLog } from '../../../src/server/cli/log.js';
import { pluginOptions } from '../../../src/server/cli/plugin-options.js';
import { readServeOptions } from '../../../src/server/cli/serve-options.js';
import { stopped } from '../../../src/server/cli/signals.js';
import { startProblem } from '../../../src/server/cli/start-problem.js';
import { noPaint } from '../../../src/server/cli/terminal.js';

const options = (args: string[] = [], env: NodeJS.ProcessEnv = {}) => pluginOptions(readServeOptions(args, env));

describe("the plugin's options", () => {
  it('are its defaults, when nothing is said', () => {
    expect(options()).toEqual({ path: '/webrtc-signaling', origins: [], allowPublish: 'loopback', iceServers: [] });
  });

  it.each<[string[], NodeJS.ProcessEnv, object]>([
    [['--path', '/cams'], {}, { path: '/cams' }],
    [['--origin', 'https://my.page'], {}, { origins: ['https://my.page'] }],
    [['--origin', '*'], {}, { origins: true }],
    [['--allow-publish', 'any'], {}, { allowPublish: 'any' }],
    [['--token-secret-file', 'f'], {}, { tokens: { secretFile: 'f' } }],
    [[], { WEBRTC_PREVIEW_TOKEN_SECRET: 's' }, { tokens: { secret: 's' } }],
    [
      ['--jwks', 'https://a.test/k', '--public-watch'],
      {},
      { tokens: { jwks: 'https://a.test/k', anonymous: 'watch' } },
    ],
    [['--max-viewers', '5'], {}, { maxViewers: 5 }],
    [['--sender-policy', 'takeover'], {}, { senderPolicy: 'takeover' }],
    [['--trust-proxy', '10.0.0.0/8', '--trust-proxy', '::1'], {}, { trustProxy: ['10.0.0.0/8', '::1'] }],
    [[], { REDIS_URL: 'redis://:p@r' }, { redis: { url: 'redis://:p@r' } }],
    [
      ['--turn', 'turn:t', '--turn-secret-file', 'f', '--turn-ttl', '10m'],
      {},
      { turn: { urls: ['turn:t'], secretFile: 'f', ttlS: 600 } },
    ],
    [
      [],
      { TURN_SERVER_URL: 'turn:t,stun:s', TURN_SERVER_USERNAME: 'u', TURN_SERVER_CREDENTIAL: 'c' },
      { iceServers: [{ urls: ['stun:s'] }, { urls: ['turn:t'], username: 'u', credential: 'c' }] },
    ],
  ])('%j %j', (args, env, expected) => {
    expect(options(args, env)).toMatchObject(expected);
  });

  it('have no allowPublish beside tokens: the token decides', () => {
    expect(options(['--token-secret-file', 'f'])).not.toHaveProperty('allowPublish');
  });
});

describe('what is said at the start', () => {
  const said = (...args: string[]) => announce(readServeOptions(args, {}), 8_080, { tools: '/elsewhere' });

  it('is all of it, on one screen', () => {
    const text = announcementText(said(), noPaint);
    expect(text).toContain('http://127.0.0.1:8080');
    expect(text).toMatch(/Publish +programs and browsers on this machine only/);
    expect(text).toMatch(/gstreamer-webrtc-sender\.py --server http:\/\/127\.0\.0\.1:8080 --stream camera/);
  });

  it('warns only where others reach it and nobody is asked', () => {
    expect(said().warnings).toEqual([]);
    expect(said('--host', '127.0.0.9', '--allow-publish', 'any').warnings).toEqual([]);
    expect(said('--host', '0.0.0.0').warnings).toMatchObject([{ message: expect.stringMatching(/may watch:/) }]);
    expect(said('--host', '::', '--allow-publish', 'any').warnings).toMatchObject([
      { message: expect.stringMatching(/watch and publish/) },
    ]);
  });

  it('warns of tokens over plain http', () => {
    const open = ['--host', '0.0.0.0', '--token-secret-file', 'f'];
    expect(said(...open).warnings).toMatchObject([{ message: expect.stringMatching(/readable/) }]);
    expect(said(...open, '--trust-proxy', '10.0.0.1').warnings).toEqual([]);
    expect(said(...open, '--tls-cert', 'c', '--tls-key', 'k').warnings).toEqual([]);
  });

  it('names the command that makes the token, never the token', () => {
    const [mint, start] = said('--token-secret-file', 'my-secret').sender;
    expect(mint).toBe(
      'webrtc-preview token --token-secret-file my-secret --role sender --stream camera --ttl 30d > sender.token',
    );
    expect(start).toMatch(/--stream camera --token-file sender\.token$/);
    expect(said('--token-secret-file', 'my-secret').viewer).toMatch(/--role receiver/);
    expect(said('--token-secret-file', 'my-secret', '--public-watch').viewer).toBeUndefined();
    expect(said('--jwks', 'https://a.test').viewer).toBeUndefined();
    expect(said().viewer).toBeUndefined();
  });

  it.each([
    [['--tls-cert', 'c', '--tls-key', 'k'], 'https://127.0.0.1:8080'],
    [['--host', '::1'], 'http://[::1]:8080'],
    [['--host', '0.0.0.0'], 'http://localhost:8080'],
  ])('%j is opened at %s', (args, address) => {
    expect(said(...args).addresses[0]).toBe(address);
  });
});

describe('signals', () => {
  function surroundings(env: NodeJS.ProcessEnv = {}) {
    const self = Object.assign(new EventEmitter(), { exit: vi.fn(), ppid: 1, env });
    let nowMs = 0;
    return {
      self,
      later: (ms: number) => {
        nowMs += ms;
      },
      given: { process: self as never, now: () => nowMs },
    };
  }

  it('the first one stops, once', async () => {
    const { self, given, later } = surroundings();
    const stop = vi.fn(async () => {});
    const done = stopped(stop, 60_000, given);
    self.emit('SIGTERM');
    later(10);
    self.emit('SIGINT');
    await done;
    expect(stop).toHaveBeenCalledTimes(1);
    expect(self.exit).not.toHaveBeenCalled();
  });

  it('a second one ends it at once, whatever hangs', () => {
    const { self, given, later } = surroundings();
    void stopped(() => new Promise(() => {}), 60_000, given);
    self.emit('SIGINT');
    later(1_000);
    self.emit('SIGINT');
    expect(self.exit).toHaveBeenCalledWith(130);
  });

  it('what hangs is not waited for longer than the deadline', async () => {
    const { self, given } = surroundings();
    const done = stopped(() => new Promise(() => {}), 1, given);
    self.emit('SIGTERM');
    await done;
  });

  it('the end of npx is a signal too', async () => {
    const { self, given } = surroundings({ npm_lifecycle_event: 'npx' });
    vi.useFakeTimers();
    try {
      const done = stopped(async () => {}, 60_000, given);
      self.ppid = 2;
      vi.advanceTimersByTime(1_000);
      await done;
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('why it did not start', () => {
  it.each([
    ['EADDRINUSE', /Port 80 on 192\.0\.2\.1 is in use/],
    ['EACCES', /may not listen on port 80/],
    ['EADDRNOTAVAIL', /no address 192\.0\.2\.1/],
    ['ENOTFOUND', /name 192\.0\.2\.1 of --host is unknown/],
  ])('%s in words', (code, sentence) => {
    const problem = startProblem(Object.assign(new Error(code), { code }), { host: '192.0.2.1', port: 80 });
    expect(problem).toMatchObject({ name: 'Problem', message: expect.stringMatching(sentence), exitCode: 1 });
  });

  it("the plugin's words about its options, with the names that were typed", () => {
    const error = new TypeError('webrtc-preview: the option "tokens.secretFile" cannot be read.');
    expect(startProblem(error, { host: '', port: 0 })).toMatchObject({
      message: '--token-secret-file cannot be read.',
      exitCode: 2,
    });
  });

  it('what nobody expected stays as it is', () => {
    const error = new Error('what?');
    expect(startProblem(error, { host: '', port: 0 })).toBe(error);
  });
});

describe('the log for people', () => {
  function line(entry: object): string {
    let text = '';
    const write = (more: string) => {
      text += more;
    };
    prettyLog({ write, columns: 80, paint: noPaint }).write(`${JSON.stringify({ time: 0, level: 30, ...entry })}\n`);
    return text.replace(/^\d\d:\d\d:\d\d +/, '');
  }

  it('is one line: what happened, then its details', () => {
    expect(line({ msg: '[WebRTC Signaling] Session joined', plugin: 'x', stream: 'cam', pid: 1 })).toBe(
      'info  Session joined  stream=cam\n',
    );
    expect(line({ level: 50, msg: 'Failed', err: { message: 'no disk', stack: '…' } })).toBe('error Failed  no disk\n');
  });

  it('cannot be written into by a stranger', () => {
    const text = line({ msg: 'Refused', origin: 'a\r\n12:00:00 error all is lost\u001b[2J' });
    expect(text.split('\n')).toHaveLength(2);
    expect(text).not.toContain('\u001b');
  });
});
