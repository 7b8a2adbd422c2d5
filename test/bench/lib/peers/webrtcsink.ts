import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { servePages } from './pages.js';
import { HERE, type Peer, type PeerKind, pidOf } from './peer.js';
import { freePort } from './program.js';
import { peerFolder, peerSource } from './source.js';

const run = promisify(execFile);

/** The page of its own player, by npm: nothing of it is ours. */
const PAGES = { name: 'gstwebrtc-api', version: '3.0.0' };
/** Where that page expects the signalling server; the port is all that is changed in it. */
const PORT_IN_PAGE = ':8443';

/** webrtcsink draws nothing and serves nobody by itself: our raw frames go into it, and it encodes for each viewer. */
export const webrtcsink: PeerKind = {
  name: 'webrtcsink',
  wants: 'PLUGIN_FOLDER',
  async start(lab, plugins, picture, place = HERE): Promise<Peer> {
    const { host } = place;
    const [signalling, web] = await Promise.all([freePort(), freePort()]);
    const pages = await installPages();
    const index = (await readFile(join(pages, 'index.html'), 'utf8')).replace(PORT_IN_PAGE, `:${signalling}`);
    const way = ['webrtcsink', plugins, String(signalling), '--host', host];
    const source = peerSource(lab, 'webrtcsink', picture, place, way);
    const site = servePages(lab, 'webrtcsink-page', { host, port: web }, pages, { 'index.html': index }, place);
    await Promise.all([source.start(), site.start()]);
    const page = `http://${host}:${web}/index.html`;
    return {
      name: 'webrtcsink',
      version: `gst-plugin-webrtc ${await pluginVersion(plugins)}, ${PAGES.name} ${PAGES.version}`,
      page,
      config: { 'command line': `peer-source.py ${way.join(' ')}` },
      get senders() {
        return pidOf(source.child);
      },
      source,
      server: source,
      async show(tab) {
        await tab.goto(page);
        await tab.waitForSelector('#remote-streams li .button');
        await tab.click('#remote-streams li .button');
      },
      stop: async () => void (await Promise.all([source.stop(), site.stop()])),
    };
  },
};

async function installPages(): Promise<string> {
  const folder = peerFolder(PAGES.name);
  const pages = join(folder, 'node_modules', PAGES.name, 'dist');
  if (existsSync(join(pages, 'index.html'))) return pages;
  await mkdir(folder, { recursive: true });
  const what = `${PAGES.name}@${PAGES.version}`;
  try {
    await run('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', what]);
  } catch (error) {
    throw new Error(`npm could not fetch ${what}, the page of webrtcsink: ${(error as Error).message}`);
  }
  return pages;
}

async function pluginVersion(plugins: string): Promise<string> {
  const env = { ...process.env, GST_PLUGIN_PATH: plugins };
  const { stdout } = await run('gst-inspect-1.0', ['webrtcsink'], { env }).catch(() => ({ stdout: '' }));
  return /^\s*Version\s+(\S+)/m.exec(stdout)?.[1] ?? 'unknown';
}
