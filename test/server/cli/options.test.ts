import { describe, expect, it } from 'vitest';
import { durationText } from '../../../src/server/cli/options.js';
import { nearest } from '../../../src/server/cli/read.js';
import { readServeOptions } from '../../../src/server/cli/serve-options.js';
import { COMMANDS } from '../../../src/server/cli/table.js';
import { cli } from './support.js';

const read = (args: string[] = [], env: NodeJS.ProcessEnv = {}) => readServeOptions(args, env);

/** Both sentences of the refusal. */
function refusal(args: string[], env: NodeJS.ProcessEnv = {}): string {
  try {
    read(args, env);
  } catch (error) {
    const { message, next, exitCode } = error as Error & { next: string; exitCode: number };
    expect(exitCode).toBe(2);
    return `${message} ${next}`;
  }
  throw new Error(`${args.join(' ')} was accepted`);
}

describe('where a value comes from', () => {
  it('is the default, when nothing is said', () => {
    const values = read();
    expect(values).toMatchObject({ host: '127.0.0.1', port: 8_080, path: '/webrtc-signaling', 'turn-ttl': 3_600 });
    expect(values).toMatchObject({ origin: [], turn: [], 'no-demo': false, 'public-watch': false });
    expect(values.redis).toBeUndefined();
  });

  it('is the environment before the default, and the flag before both', () => {
    expect(read([], { PORT: '81', HOST: '::1' })).toMatchObject({ port: 81, host: '::1' });
    expect(read(['--port', '82'], { PORT: '81' }).port).toBe(82);
    expect(read(['--port=82'], { PORT: 'nonsense' }).port).toBe(82);
  });

  it('takes an empty variable for none, but not where a secret is missing in it', () => {
    expect(read([], { PORT: ' ' }).port).toBe(8_080);
    expect(refusal([], { WEBRTC_PREVIEW_TOKEN_SECRET: ' ' })).toMatch(/WEBRTC_PREVIEW_TOKEN_SECRET is set, but empty/);
  });

  it('is a list from several flags, or from one variable', () => {
    expect(read(['--origin', 'https://a.test', '--origin', 'https://b.test/']).origin).toEqual([
      'https://a.test',
      'https://b.test',
    ]);
    expect(read([], { WEBRTC_PREVIEW_ORIGIN: 'https://a.test, https://b.test' }).origin).toHaveLength(2);
  });

  it.each([
    ['1', true],
    ['yes', true],
    ['0', false],
    ['off', false],
  ])('reads a switch from the variable %s', (text, on) => {
    expect(read([], { WEBRTC_PREVIEW_NO_DEMO: text })['no-demo']).toBe(on);
  });
});

describe('what is refused, with what to do', () => {
  it.each<[string[], RegExp]>([
    [['--prot', '80'], /no option --prot\. Did you mean --port\?/],
    [['--zzzzzzz'], /no option --zzzzzzz\. All of them: webrtc-preview serve --help/],
    [['--port'], /--port needs a value\. Write --port PORT/],
    [['--port', '--host'], /--port needs a value/],
    [['--port', '65536'], /--port 65536 is not a whole number from 0 to 65535/],
    [['--port', '1', '--port', '2'], /--port was given twice/],
    [['--no-demo=yes'], /--no-demo takes no value/],
    [['8080'], /“8080” is not understood/],
    [['--origin', 'my.page'], /--origin my\.page is not a page's origin/],
    [['--origin', 'https://my.page/a'], /has more than scheme, host and port: write https:\/\/my\.page/],
    [['--allow-publish', 'all'], /not one of loopback, any/],
    [['--turn', 'turn://a'], /is not a STUN or TURN address/],
    [['--turn-ttl', '1 hour'], /is not a duration: write 90s, 15m, 12h or 30d/],
    [['--redis', 'localhost:6379'], /is not an address that begins with redis:\/\/ or rediss:\/\//],
    [['--path', 'signal/'], /is not a path/],
    [['--trust-proxy', 'proxy'], /neither an IP address nor a network/],
    [['--trust-proxy', '10.0.0.0/33'], /neither an IP address nor a network/],
  ])('%j', (args, sentence) => {
    expect(refusal(args)).toMatch(sentence);
  });

  it.each<[string[], NodeJS.ProcessEnv, RegExp]>([
    [['--tls-cert', 'a'], {}, /--tls-cert needs --tls-key/],
    [['--public-watch'], {}, /--public-watch needs --token-secret-file or WEBRTC_PREVIEW_TOKEN_SECRET or --jwks/],
    [['--turn', 'turn:a'], {}, /--turn needs TURN_SERVER_CREDENTIAL or/],
    [[], { TURN_SERVER_SECRET: 'x' }, /TURN_SERVER_SECRET needs --turn/],
    [['--token-secret-file', 'a', '--jwks', 'https://a.test'], {}, /both given/],
    [[], { WEBRTC_PREVIEW_TOKEN_SECRET: 'a', WEBRTC_PREVIEW_TOKEN_SECRET_FILE: 'b' }, /both given/],
    [['--allow-publish', 'any', '--token-secret-file', 'a'], {}, /for a server without tokens/],
  ])('what contradicts itself: %j %j', (args, env, sentence) => {
    expect(refusal(args, env)).toMatch(sentence);
  });

  it('lets the flag of one secret overrule the variable of another', () => {
    const values = read(['--token-secret-file', 'file'], { WEBRTC_PREVIEW_TOKEN_SECRET: 'secret' });
    expect(values).toMatchObject({ 'token-secret-file': 'file', 'token-secret': undefined });
  });
});

describe('secrets', () => {
  const secrets = Object.values(COMMANDS).flatMap(({ options }) =>
    Object.entries(options).filter(([, option]) => 'secret' in option),
  );

  it('there are some', () => expect(secrets.length).toBeGreaterThan(4));

  it.each(secrets.map(([name, { env }]) => [name, env]))(
    '--%s is refused, and its value never shown',
    async (name, env) => {
      const command = name === 'token' ? 'doctor' : 'serve';
      const { code, out, err } = await cli([command, `--${name}`, 'hush-hush']);
      expect(code).toBe(2);
      expect(out + err).toContain(env);
      expect(out + err).not.toContain('hush-hush');
    },
  );

  it('a password in --redis is refused and not shown; in the variable it is fine', () => {
    expect(refusal(['--redis', 'redis://:hush-hush@a'])).toMatch(/REDIS_URL/);
    expect(refusal(['--redis', 'redis://:hush-hush@a'])).not.toContain('hush-hush');
    expect(read([], { REDIS_URL: 'redis://:hush-hush@a' }).redis).toBe('redis://:hush-hush@a');
  });
});

it.each([
  ['--hots', '--host'],
  ['--token-secret', '--token-secret-file'],
  ['--orgin', '--origin'],
  ['--x', undefined],
])('%s is probably %s', (typed, meant) => {
  expect(nearest(typed, ['--host', '--origin', '--token-secret-file'])).toBe(meant);
});

it.each([
  [90, '90s'],
  [60, '1m'],
  [43_200, '12h'],
  [30 * 86_400, '30d'],
])('%i s is written %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
