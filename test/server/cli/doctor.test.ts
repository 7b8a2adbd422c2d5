import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { certificateCheck, clockCheck } from '../../../src/server/cli/doctor/check.js';
import { redisChecks } from '../../../src/server/cli/doctor/here.js';
import { signallingUrl } from '../../../src/server/cli/doctor/there.js';
import { newSecret } from '../../../src/server/cli/token.js';
import { listen, sender } from '../support.js';
import { cli } from './support.js';

interface Check {
  name: string;
  status: string;
  message: string;
  next: string;
}

async function doctor(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, out, err } = await cli(['doctor', '--json', ...args], env);
  expect(err).toBe('');
  const { ok, checks }: { ok: boolean; checks: Check[] } = JSON.parse(out);
  expect(ok).toBe(code === 0);
  expect(ok).toBe(checks.every(({ status }) => status !== 'fail'));
  return { code, checks, find: (name: string) => checks.filter((check) => check.name === name) };
}

/** A web server that is closed with the test. */
async function web(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port on which nobody listens, nor soon will. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A reverse proxy that passes no upgrades on, and changes what else is said. */
function proxy(
  port: number,
  change: (headers: NodeJS.Dict<string | string[]>) => object = () => ({}),
): RequestListener {
  return (incoming, outgoing) => {
    const { connection: _, upgrade: __, ...headers } = incoming.headers;
    const passed = request(
      {
        port,
        host: '127.0.0.1',
        path: incoming.url,
        method: incoming.method,
        headers: { ...headers, ...change(headers) },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  };
}

describe('a server from outside', () => {
  it('is well: every way in works, and foreign pages are kept out', async () => {
    const { url } = await listen();
    await sender(url, 'camera');
    const { checks, find } = await doctor(['--url', url]);
    for (const name of ['reachable', 'path', 'polling', 'websocket', 'watching']) {
      expect(find(name)).toMatchObject([{ status: 'ok', next: '' }]);
    }
    expect(find('watching')[0]?.message).toContain('online');
    expect(find('origins').map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
  });

  it('a stream that nobody publishes is worth a word', async () => {
    const { url } = await listen();
    const { find } = await doctor(['--url', url, '--stream', 'other']);
    expect(find('watching')).toMatchObject([{ status: 'warn', message: expect.stringContaining('“other”') }]);
  });

  it('behind a proxy that passes no websocket', async () => {
    const { port } = await listen();
    const { code, find } = await doctor(['--url', await web(proxy(port))]);
    expect(code).toBe(1);
    expect(find('websocket')).toMatchObject([
      { status: 'fail', next: expect.stringContaining('proxy_set_header Upgrade') },
    ]);
    expect(find('polling')).toMatchObject([{ status: 'ok' }]);
    expect(find('watching')).toMatchObject([{ status: 'warn' }]);
  });

  it('behind a proxy that changes the name', async () => {
    const { port } = await listen();
    const { find } = await doctor(['--url', await web(proxy(port, () => ({ host: 'backend' })))]);
    expect(find('origins')[0]).toMatchObject({ status: 'fail', next: expect.stringContaining('Host $host') });
  });

  it('behind a load balancer that sends each request elsewhere', async () => {
    const ports = [(await listen()).port, (await listen()).port];
    let count = 0;
    const url = await web((incoming, outgoing) => {
      count += 1;
      proxy(ports[count % 2] ?? 0)(incoming, outgoing);
    });
    const { find } = await doctor(['--url', url]);
    expect(find('polling')).toMatchObject([
      { status: 'fail', next: expect.stringContaining('keep a client on one server') },
    ]);
  });

  it('lets pages of --origin in, or says how to', async () => {
    const { url } = await listen({ origins: ['https://my.page'] });
    const { find } = await doctor(['--url', url, '--origin', 'https://my.page', '--origin', 'https://other.page']);
    expect(find('origins')).toMatchObject([
      { status: 'ok' },
      { status: 'ok', message: expect.stringContaining('https://my.page') },
      { status: 'fail', next: expect.stringContaining('--origin https://other.page') },
      { status: 'ok' },
    ]);
  });

  it('lets any page in', async () => {
    const { url } = await listen({ origins: true });
    const { find } = await doctor(['--url', url]);
    expect(find('origins').at(-1)).toMatchObject({ status: 'warn', message: 'Pages of any server may connect.' });
  });

  it.each<[string, RequestListener, RegExp]>([
    ['is something else', (_, reply) => reply.end('<html>'), /no signalling at \/webrtc-signaling/],
    ['has nothing there', (_, reply) => reply.writeHead(404).end(), /answers 404/],
    [
      'sends on',
      (_, reply) => reply.writeHead(301, { location: 'https://new.test/x' }).end(),
      /https:\/\/new\.test\/x/,
    ],
    ['is a proxy alone', (_, reply) => reply.writeHead(502).end(), /server behind it does not/],
    ['wants a password', (_, reply) => reply.writeHead(401).end(), /wants a password/],
    ['forbids', (_, reply) => reply.writeHead(403).end(), /forbids/],
  ])('%s', async (_, answer, sentence) => {
    const { code, checks } = await doctor(['--url', await web(answer)]);
    expect(code).toBe(1);
    expect(checks.at(-1)).toMatchObject({ name: 'path', status: 'fail', message: expect.stringMatching(sentence) });
  });

  it('is not there', async () => {
    const { code, checks } = await doctor(['--url', `http://127.0.0.1:${await freePort()}`]);
    expect(code).toBe(1);
    expect(checks).toMatchObject([
      { name: 'reachable', status: 'fail', message: expect.stringMatching(/Nothing listens/) },
    ]);
  });

  it('speaks http where https was said', async () => {
    const { port } = await listen();
    const { checks } = await doctor(['--url', `https://127.0.0.1:${port}`]);
    expect(checks).toMatchObject([{ status: 'fail', message: expect.stringMatching(/does not speak https/) }]);
  });

  it.each([
    ['https://a.test', 'https://a.test/webrtc-signaling'],
    ['https://a.test/', 'https://a.test/webrtc-signaling'],
    ['https://a.test/cams/?x=1#y', 'https://a.test/cams'],
  ])('%s means %s', (given, meant) => {
    expect(signallingUrl(given).href).toBe(meant);
  });
});

describe('this machine', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-doctor-'));
    for (const name of ['a', 'b']) {
      execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90']
          .concat(['-subj', '/CN=a.test', '-addext', 'subjectAltName=DNS:a.test'])
          .concat(['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)]),
        { stdio: 'ignore' },
      );
    }
    writeFileSync(file('secret'), newSecret(), { mode: 0o644 });
    writeFileSync(file('weak'), 'hush');
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const here = async (args: string[] = [], env: NodeJS.ProcessEnv = {}) => doctor(['--port', '0', ...args], env);

  it('is well with nothing configured', async () => {
    const { code, find } = await here();
    expect(code).toBe(0);
    expect(find('Node.js')).toMatchObject([{ status: 'ok' }]);
    expect(find('address')).toMatchObject([{ status: 'ok' }]);
  });

  it('has another program on the port, or this one', async () => {
    const port = new URL(await web((_, reply) => reply.end())).port;
    const taken = await doctor(['--port', port]);
    expect(taken.find('address')).toMatchObject([{ status: 'fail', message: expect.stringMatching(/in use/) }]);
    const own = await doctor(['--port', String((await listen()).port)]);
    expect(own.find('address')).toMatchObject([{ status: 'warn', message: expect.stringMatching(/already serves/) }]);
  });

  it('has a certificate with its key', async () => {
    const { find } = await here(['--tls-cert', file('a.crt'), '--tls-key', file('a.key')]);
    expect(find('certificate')).toMatchObject([
      { status: 'ok', message: expect.stringMatching(/is good until/) },
      { status: 'ok', message: expect.stringMatching(/It is for a\.test/) },
    ]);
  });

  it.each([
    ['a.crt', 'b.key', /does not belong to the certificate/],
    ['a.key', 'a.key', /is not a certificate/],
    ['a.crt', 'a.crt', /is not a private key/],
    ['none', 'a.key', /is not there/],
  ])('has a certificate %s and a key %s that will not do', async (cert, key, sentence) => {
    const { code, find } = await here(['--tls-cert', file(cert), '--tls-key', file(key)]);
    expect(code).toBe(1);
    expect(find('certificate')).toMatchObject([{ status: 'fail', message: expect.stringMatching(sentence) }]);
  });

  it('has a secret that others may read, or one that is too weak', async () => {
    const good = await here(['--token-secret-file', file('secret')]);
    expect(good.find('token secret')).toMatchObject([
      { status: 'ok' },
      { status: 'warn', next: expect.stringMatching(/^chmod 600/) },
    ]);
    const weak = await here(['--token-secret-file', file('weak')]);
    expect(weak.find('rights')).toMatchObject([{ status: 'fail', message: expect.stringMatching(/too short/) }]);
    expect(JSON.stringify(weak.checks)).not.toContain('hush');
  });

  it('asks for the keys of --jwks', async () => {
    const url = await web((asked, reply) => reply.end(asked.url === '/good' ? '{"keys":[{"kty":"EC"}]}' : '{}'));
    expect((await here(['--jwks', `${url}/good`])).find('JWKS')).toMatchObject([{ status: 'ok' }]);
    expect((await here(['--jwks', `${url}/bad`])).find('JWKS')).toMatchObject([{ status: 'fail' }]);
  });

  it('asks a TURN server that is not there', async () => {
    const port = await freePort();
    const { find } = await here(['--turn', `turn:127.0.0.1:${port}?transport=tcp`, '--turn-username', 'u'], {
      TURN_SERVER_CREDENTIAL: 'hush-hush',
    });
    expect(find('TURN')).toMatchObject([{ status: 'fail', message: expect.stringContaining(String(port)) }]);
  });

  it('asks a Redis that is not there', async () => {
    const { find } = await here([], { REDIS_URL: `redis://:hush-hush@127.0.0.1:${await freePort()}` });
    expect(find('Redis')).toMatchObject([{ status: 'fail', message: expect.stringMatching(/Nothing listens/) }]);
  });
});

describe('what is found, in words', () => {
  it.each([
    ['redis_version:6.0.16', 1, 'fail', /too old/],
    ['redis_version:6.2.0', 1, 'ok', /answers in 1\.0 ms/],
    ['redis_version:7.4.1', 80, 'warn', /80\.0 ms/],
    ['redis_version:7.4.1\r\nrole:slave', 1, 'fail', /replica/],
  ])('INFO %j in %i ms', (info, tookMs, status, sentence) => {
    expect(redisChecks('r:6379', info, tookMs)).toMatchObject([{ status, message: expect.stringMatching(sentence) }]);
  });

  const DAY_MS = 86_400_000;
  it.each([
    [-1, 'fail'],
    [3, 'warn'],
    [60, 'ok'],
  ])('a certificate that ends in %i days', (days, status) => {
    expect(certificateCheck('c', 'It', new Date(days * DAY_MS), 0).status).toBe(status);
  });

  it('a clock that is wrong', () => {
    expect(clockCheck('r', 1_000).status).toBe('ok');
    expect(clockCheck('r', -90_000)).toMatchObject({ status: 'warn', message: expect.stringMatching(/90 s behind/) });
  });
});

it('without --json it is lines for people, and a summary', async () => {
  const { out } = await cli(['doctor', '--port', '0']);
  expect(out).toMatch(/^ok {4}Node\.js/);
  expect(out).toMatch(/\n\n(All is well|It works)/);
});
