import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { readIceOptions } from '../../ice/options.js';
import { createIceSource } from '../../ice/source.js';
import { announcementWarnings, isPublic, whoMay } from '../announcement.js';
import { turnOptions } from '../plugin-options.js';
import { Problem, reasonOf } from '../problem.js';
import { type ServeValues, usesTokens } from '../serve-options.js';
import { startProblem } from '../start-problem.js';
import { readKeyPair } from '../tls.js';
import { readTokenSecrets } from '../token-secrets.js';
import { ask, explainFailure } from './ask.js';
import { type Check, certificateCheck, clockCheck, fail, ok, warn } from './check.js';
import { turnChecks } from './turn.js';

const NODE_MAJOR = 20;
/** The oldest Redis with what the leases need. */
const REDIS = { major: 6, minor: 2 };
/** A Redis as far away as this, in ms, is felt in every join across servers. */
const FAR_MS = 50;

type Look = (values: ServeValues) => Promise<Check[]>;

/** Looks at what `serve` with these options would use. Never throws. */
export async function* checkHere(values: ServeValues): AsyncGenerator<Check> {
  const looks: [string, Look][] = [
    ['Node.js', node],
    ['address', listening],
    ['certificate', tls],
    ['rights', rights],
    ['JWKS', jwks],
    ['TURN', turn],
    ['Redis', redis],
    ['clock', clock],
  ];
  const all = looks.map(([name, look]) =>
    look(values).catch((error) => [fail(name, reasonOf(error), error instanceof Problem ? error.next : '')]),
  );
  for (const checks of all) yield* await checks;
}

async function node(): Promise<Check[]> {
  const { version } = process;
  if (Number.parseInt(version.slice(1), 10) >= NODE_MAJOR) return [ok('Node.js', `${version} will do.`)];
  return [fail('Node.js', `${version} is too old.`, `Install Node.js ${NODE_MAJOR} or newer: https://nodejs.org`)];
}

async function listening(values: ServeValues): Promise<Check[]> {
  const { host, port, path } = values;
  const problem = await new Promise<unknown>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
  if (problem === undefined) return [ok('address', `${port === 0 ? 'A port' : `Port ${port}`} on ${host} is free.`)];
  if ((problem as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    const scheme = values['tls-cert'] === undefined ? 'http' : 'https';
    const url = `${scheme}://${isPublic(host) ? '127.0.0.1' : host}:${port}`;
    const answer = await ask(new URL(`${url}${path}/?EIO=4&transport=polling`)).catch(() => undefined);
    if (answer?.body.startsWith('0{')) {
      return [
        warn(
          'address',
          `webrtc-preview already serves on port ${port}.`,
          `To look at it: webrtc-preview doctor --url ${url}`,
        ),
      ];
    }
  }
  const { message, next = '' } = startProblem(problem, values) as Partial<Problem> & Error;
  return [fail('address', message, next)];
}

async function tls({ 'tls-cert': cert, 'tls-key': key }: ServeValues): Promise<Check[]> {
  if (cert === undefined || key === undefined) return [];
  const { leaf } = await readKeyPair(cert, key);
  const names = leaf.subjectAltName?.replaceAll('DNS:', '').replaceAll('IP Address:', '');
  return [
    certificateCheck('certificate', cert, new Date(leaf.validTo)),
    names === undefined
      ? warn('certificate', 'It names no host.', 'Browsers want the host in its “subjectAltName”.')
      : ok('certificate', `It is for ${names}, and the key belongs to it.`),
  ];
}

async function rights(values: ServeValues): Promise<Check[]> {
  const { publish, watch } = whoMay(values);
  return [
    ok('rights', `Publishing: ${publish}. Watching: ${watch}.`),
    ...announcementWarnings(values).map(({ message, next }) => warn('rights', message, next)),
    ...(await secret(values)),
  ];
}

async function secret(values: ServeValues): Promise<Check[]> {
  const secrets = await readTokenSecrets(values);
  if (secrets.length === 0) return [];
  const name = 'token secret';
  const strong =
    secrets.length === 1
      ? ok(name, 'It is long enough, and not one that everybody knows.')
      : ok(name, `There are ${secrets.length}, all long enough: the first signs.`);
  const file = values['token-secret-file'];
  if (file !== undefined && process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) {
    return [strong, warn(name, `Other users of this machine may read ${file}.`, `chmod 600 ${file}`)];
  }
  return [strong];
}

async function jwks({ jwks: address }: ServeValues): Promise<Check[]> {
  if (address === undefined) return [];
  const url = new URL(address);
  const answer = await ask(url, { headers: { accept: 'application/json' } }).catch((error) => error as Error);
  if (answer instanceof Error) return [fail('JWKS', ...explainFailure(answer, url))];
  if (answer.status !== 200) {
    return [fail('JWKS', `${url.href} answers ${answer.status}.`, 'Check the address with whoever signs the tokens.')];
  }
  const keys = readJson(answer.body)?.keys;
  if (!Array.isArray(keys) || keys.length === 0) {
    return [fail('JWKS', `${url.href} has no keys in it.`, 'It should answer with { "keys": [ … ] } (RFC 7517).')];
  }
  const date = Date.parse(answer.headers.date ?? '');
  return [
    ok('JWKS', `${url.host} gives ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}.`),
    ...(Number.isNaN(date) ? [] : [clockCheck(url.host, Date.now() - date)]),
  ];
}

function readJson(text: string): { keys?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function turn(values: ServeValues): Promise<Check[]> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const settings = readIceOptions(turnOptions(values), {});
  if (settings.kind === 'none') {
    const next = 'Only viewers in the same network, or with open firewalls, see a picture: --turn URL.';
    return [
      isPublic(values.host)
        ? warn('TURN', 'There is no TURN server.', next)
        : ok('TURN', 'None; not needed on one machine.'),
    ];
  }
  const source = createIceSource(settings, { log: silent });
  try {
    await source.start();
    return [...settings.notices.map((notice) => warn('TURN', notice, '')), ...turnChecks(await source.test())];
  } finally {
    source.close();
  }
}

async function redis({ redis: address }: ServeValues): Promise<Check[]> {
  if (address === undefined) return [];
  const missing = (name: string) =>
    fail('Redis', `The package ${name} is not installed.`, 'npm install ioredis @socket.io/redis-streams-adapter');
  const ioredis = await import('ioredis').catch(() => undefined);
  if (!ioredis) return [missing('ioredis')];
  if (!(await import('@socket.io/redis-streams-adapter').catch(() => undefined))) {
    return [missing('@socket.io/redis-streams-adapter')];
  }
  const client = new ioredis.Redis(address, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: 3_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost = error;
  });
  const { hostname, port, host } = new URL(address);
  const where = port === '' ? `${hostname}:6379` : host;
  try {
    await client.connect();
    const info = await client.info();
    const took: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const since = performance.now();
      await client.ping();
      took.push(performance.now() - since);
    }
    const [seconds, micros] = (await client.time()).map(Number);
    const checks = redisChecks(where, info, took.sort((a, b) => a - b)[2] ?? 0);
    return [...checks, clockCheck('Redis', Date.now() - ((seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000))];
  } catch (error) {
    return [redisFailure(where, lost ?? error)];
  } finally {
    client.disconnect();
  }
}

/** @param info what INFO says @param tookMs of a PING */
export function redisChecks(where: string, info: string, tookMs: number): Check[] {
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const delay = `${tookMs.toFixed(1)} ms`;
  if (major < REDIS.major || (major === REDIS.major && minor < REDIS.minor)) {
    return [fail('Redis', `${where} is Redis ${version}: too old.`, `Install ${REDIS.major}.${REDIS.minor} or newer.`)];
  }
  if (/^role:slave/m.test(info)) {
    return [fail('Redis', `${where} is a replica, which may not be written to.`, 'Give the address of its primary.')];
  }
  const answers = `${where} is Redis ${version} and answers in ${delay}.`;
  return [
    tookMs > FAR_MS
      ? warn('Redis', answers, 'That is far: every join across servers waits for it.')
      : ok('Redis', answers),
  ];
}

function redisFailure(where: string, error: unknown): Check {
  const message = reasonOf(error);
  if (/WRONGPASS|NOAUTH|invalid password/i.test(message)) {
    return fail(
      'Redis',
      message.includes('NOAUTH') ? `${where} wants a password.` : `${where} does not accept the password.`,
      'Give it in the address: REDIS_URL=redis://user:password@host.',
    );
  }
  if (/NOPERM/.test(message))
    return fail(
      'Redis',
      `${where} does not let this user do what is needed: ${message}.`,
      'Give it more rights (ACL SETUSER).',
    );
  const [what, next] = explainFailure(error, new URL(`redis://${where}`));
  return fail('Redis', what, next.includes('--host') ? 'Start Redis, or check the address.' : next);
}

/** Whether the system keeps its clock right; nobody is asked over the network. */
async function clock(values: ServeValues): Promise<Check[]> {
  const asked = await promisify(execFile)('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    timeout: 2_000,
  }).catch(() => undefined);
  const state = asked?.stdout.trim();
  if (state === 'yes') return [ok('clock', 'Kept right by NTP.')];
  const matters = usesTokens(values) || values['turn-secret'] !== undefined || values['turn-secret-file'] !== undefined;
  if (state !== 'no' || !matters) return [];
  return [
    warn(
      'clock',
      'Nothing keeps this clock right.',
      'timedatectl set-ntp true: tokens and TURN users begin and end by the clock.',
    ),
  ];
}
