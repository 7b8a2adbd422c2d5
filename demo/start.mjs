// npm start: from a fresh machine to live video in a browser.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureApt, ensureNpm, isBuilt, nodeProblem, root } from '../scripts/setup.mjs';
import { bold, dim, done, note, plain, program, serverLog } from './log.mjs';
import { askSender, SenderProcess } from './sender.mjs';

const HELP = `npm start -- [options]

  --port N          port of the page (default 8080; the next free one when it is in use)
  --host H          address to listen on (default 127.0.0.1; 0.0.0.0 lets the network watch)
  --allow-publish W who may publish a camera: loopback (default: this machine) or any (the network; needs --host 0.0.0.0)
  --device D        camera, e.g. /dev/video0 (default: the first one, or the test pattern)
  --test-pattern    send the test pattern even if there is a camera
  --no-sender       start no sender: publish from a browser, or start one by hand
  --yes             install what is missing without asking
  --help            this text
`;

/** What may be listened on: the sender publishes through loopback, so an address of one network alone would not do. */
const HOSTS = ['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::'];
const OPEN_HOSTS = ['0.0.0.0', '::'];

/** Two SIGINT within this time are one Ctrl-C: the terminal sends one, and npm passes on its own. */
const SAME_KEYPRESS_MS = 500;

/** @throws {TypeError} a sentence for the person who typed the arguments */
export function readArguments(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8080' },
      host: { type: 'string', default: '127.0.0.1' },
      'allow-publish': { type: 'string', default: 'loopback' },
      device: { type: 'string' },
      'test-pattern': { type: 'boolean', default: false },
      'no-sender': { type: 'boolean', default: false },
      yes: { type: 'boolean', short: 'y', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new TypeError(`--port ${values.port} is not a port (0 to 65535).`);
  if (!HOSTS.includes(values.host)) {
    throw new TypeError(`--host ${values.host}: use 127.0.0.1 (this machine only) or 0.0.0.0 (the network too).`);
  }
  const allowPublish = values['allow-publish'];
  if (!['loopback', 'any'].includes(allowPublish)) {
    throw new TypeError(`--allow-publish ${allowPublish}: use loopback (this machine only) or any (the network too).`);
  }
  if (allowPublish === 'any' && !OPEN_HOSTS.includes(values.host)) {
    throw new TypeError('--allow-publish any needs --host 0.0.0.0 as well: nothing else lets another machine in.');
  }
  return { ...values, port };
}

/**
 * Listens on `port`, or on the first free one of the nine after it.
 *
 * @param {(port: number) => Promise<unknown>} listen
 * @param {(taken: number, next: number) => void} onTaken
 */
export async function listenOnFreePort(listen, port, onTaken) {
  for (let tried = port; ; tried += 1) {
    try {
      await listen(tried);
      return;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || tried >= Math.min(port + 9, 65_535)) throw error;
      onTaken(tried, tried + 1);
    }
  }
}

async function main() {
  const options = readArguments(process.argv.slice(2));
  if (options.help) return console.log(HELP);

  plain();
  const problem = nodeProblem() ?? ensureNpm();
  if (problem) return fail(problem);
  done('npm packages');
  const source = options['no-sender'] ? { problem: '' } : await findSource(options);
  if (source.args) done('GStreamer and Python');
  if (!isBuilt()) {
    const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
    if (status !== 0) return fail('The build failed: see above.');
  }
  done('built', 'dist/');
  await run(options, source);
}

/**
 * What the sender sends, and the arguments that say so; or why there can be no sender.
 *
 * @returns {Promise<{ args: string[], name: string } | { args?: undefined, problem: string, command?: string }>}
 */
async function findSource({ yes, device, 'test-pattern': testPattern }) {
  const apt = await ensureApt(['sender'], { yes });
  if (apt) return { problem: apt.reason, command: apt.command };
  const { problem, cameras = [] } = askSender();
  if (problem) return { problem };
  if (device) return { args: ['--device', device], name: device };
  if (testPattern) return { args: ['--test-pattern'], name: 'test pattern' };
  const [camera] = cameras;
  if (!camera) return { args: ['--test-pattern'], name: 'test pattern (no camera found)' };
  return { args: ['--device', camera.device], name: `${camera.name} (${camera.device})` };
}

async function run(options, source) {
  const { createServer } = await import('./server.mjs');
  const allowPublish = options['allow-publish'];
  const app = await createServer({ logger: { stream: serverLog, level: 'warn' } }, { allowPublish });
  await listenOnFreePort(
    (port) => app.listen({ port, host: options.host }),
    options.port,
    (taken, next) => note(`Port ${taken} is in use, trying ${next}`),
  );
  const { port } = app.server.address();
  app.log.level = 'info';
  const address = `http://localhost:${port}`;
  done('server', options.host);

  let sender;
  stopOnSignals(
    async () => {
      await sender?.stop();
      await app.close();
    },
    () => sender?.kill(),
  );
  if (source.args) {
    sender = new SenderProcess(['--server', address, '--stream', 'camera', ...source.args], {
      onLine: (line) => program('sender', line),
      onDeath: ({ why, retryMs }) =>
        note(
          `The sender ended (${why}). ${retryMs ? `Starting it again in ${retryMs / 1_000} s.` : 'Giving up on it.'}`,
        ),
    });
    const { problem } = await sender.started;
    if (problem) note(`sender  ${source.name}: ${problem}`);
    else done('sender', source.name);
  }
  printAddress(address, options, source);
}

function printAddress(address, { host, 'allow-publish': allowPublish }, source) {
  plain();
  plain(`${bold('Watch')}    ${bold(address)}`);
  if (!source.args) {
    if (source.problem) note(`No GStreamer sender: ${source.problem}.`);
    if (source.command) plain(dim(`To install it by hand: ${source.command}`));
    plain(`${bold('Publish')}  ${address}/publish.html  ${dim('open both: a browser is the camera then')}`);
  }
  if (OPEN_HOSTS.includes(host)) {
    const port = new URL(address).port;
    for (const own of ownAddresses()) plain(`         http://${own}:${port}`);
    note(whoMay(allowPublish));
  }
  plain(dim('Ctrl-C ends everything.'));
  plain();
}

/** What an open host means, in a sentence for the person who opened it. */
export function whoMay(allowPublish) {
  return allowPublish === 'any'
    ? 'Anyone on the network can watch, and anyone can publish: nobody is asked who they are. For private networks only.'
    : 'Anyone on the network can watch. Publishing stays limited to this machine.';
}

function ownAddresses() {
  return Object.values(networkInterfaces())
    .flat()
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

/** The first Ctrl-C ends everything in order, a second one at once. */
function stopOnSignals(stop, kill) {
  let stoppingSince;
  const end = async () => {
    if (stoppingSince !== undefined) {
      if (Date.now() - stoppingSince < SAME_KEYPRESS_MS) return;
      kill();
      process.exit(1);
    }
    stoppingSince = Date.now();
    plain('Stopping…');
    await stop().catch((error) => note(error.message));
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);

  // Between npm and this process is a shell that a signal to npm ends without passing it on.
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, 500);
}

function fail(sentence) {
  console.error(`  ${sentence}`);
  process.exitCode = 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    if (error.code?.startsWith('ERR_PARSE_ARGS') || error instanceof TypeError) fail(`${error.message}\n\n${HELP}`);
    else fail(error.stack);
  });
}
