import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import webrtcSignaling from '../index.js';
import { announce, announcementText } from './announcement.js';
import { prettyLog } from './log.js';
import { servePage } from './page.js';
import { pluginOptions } from './plugin-options.js';
import { EXIT, reasonOf } from './problem.js';
import { readServeOptions } from './serve-options.js';
import { stopped } from './signals.js';
import { startProblem } from './start-problem.js';
import type { Terminal } from './terminal.js';
import { readKeyPair } from './tls.js';

/** Clients have said goodbye long before; 2 s is when service managers lose patience. */
const STOP_MS = 1_700;

/** Serves until a signal ends it. */
export async function serve(args: readonly string[], terminal: Terminal): Promise<number> {
  const { out, env } = terminal;
  const values = readServeOptions(args, env);
  const pretty = (values['log-format'] ?? (out.columns === undefined ? 'json' : 'pretty')) === 'pretty';
  const keys = await readKeys(values);
  const app = Fastify({
    logger: {
      level: values['log-level'],
      redact: ['req.headers.authorization', 'req.headers.cookie'],
      ...(pretty && { stream: prettyLog(out) }),
      ...(values['log-level'] !== 'debug' && { hooks: { logMethod: withoutRoutine } }),
    },
    ...(values['trust-proxy'].length > 0 && { trustProxy: [...values['trust-proxy']] }),
    ...(keys && { https: { cert: keys.cert, key: keys.key } }),
  }) as FastifyInstance;

  try {
    await app.register(webrtcSignaling, pluginOptions(values));
    if (!values['no-demo']) await servePage(app, values.path);
    await app.listen({ port: values.port, host: listenHost(values), listenTextResolver: () => 'Listening' });
  } catch (error) {
    await app.close();
    throw startProblem(error, values);
  }

  const { port } = app.server.address() as AddressInfo;
  const announcement = announce(values, port, { npx: env.npm_lifecycle_event === 'npx' });
  if (pretty) out.write(announcementText(announcement, out.paint));
  else {
    const { addresses, publish, watch, warnings } = announcement;
    app.log.info({ addresses, publish, watch }, 'Ready');
    for (const { message, next } of warnings) app.log.warn(`${message} ${next}`);
  }
  // A terminal that closes ends what runs in it, unless there is something to read again.
  if (keys || out.columns === undefined) reloadOnHangup(app, values);
  await stopped(async () => {
    app.log.info('Stopping');
    await app.close();
  }, STOP_MS);
  return EXIT.ok;
}

/** Fastify's own lines for each request: with health checks and metrics, they would drown the rest. */
const ROUTINE = new Set<unknown>(['incoming request', 'request completed']);

function withoutRoutine(this: unknown, args: unknown[], log: (...args: unknown[]) => void): void {
  if (!ROUTINE.has(args[1])) log.apply(this, args);
}

type Values = ReturnType<typeof readServeOptions>;

async function readKeys({ 'tls-cert': cert, 'tls-key': key }: Values) {
  return cert === undefined || key === undefined ? undefined : await readKeyPair(cert, key);
}

/** For the name, Fastify opens a second server, which would keep its certificate for good. */
function listenHost({ host, 'tls-cert': cert }: Values): string {
  return host === 'localhost' && cert !== undefined ? '127.0.0.1' : host;
}

/** A renewed certificate is taken without a restart: connections stay, new ones get it. A wrong one changes nothing. */
function reloadOnHangup(app: FastifyInstance, values: Values): void {
  process.on('SIGHUP', async () => {
    try {
      const keys = await readKeys(values);
      if (!keys) return app.log.info('There is no certificate to read again');
      (app.server as HttpsServer).setSecureContext({ cert: keys.cert, key: keys.key });
      app.log.info({ validTo: keys.leaf.validTo }, 'The certificate was read again');
    } catch (error) {
      app.log.error(`The certificate stays the old one: ${reasonOf(error)}`);
    }
  });
}
