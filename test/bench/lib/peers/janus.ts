import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { needPeerPackages } from '../setup.js';
import { servePages } from './pages.js';
import { HERE, type Peer, type PeerKind, pidOf } from './peer.js';
import { freePort, Program, untilAnswered, versionOf } from './program.js';
import { peerFolder, peerSource } from './source.js';

/** Where Debian's packages put them. */
const JANUS = '/usr/bin/janus';
const DEMOS = '/usr/share/janus/demos';
const STREAM_ID = 1;

/** Janus relays RTP by its streaming plugin; its own page is that plugin's demonstration, from the package. */
export const janus: PeerKind = {
  name: 'janus',
  async start(lab, _given, picture, place = HERE): Promise<Peer> {
    await needPeerPackages('janus');
    const { enter, host } = place;
    const [api, web, camera] = await Promise.all([freePort(), freePort(), freePort()]);
    const only = (names: string[], all: string[]) => all.filter((name) => !names.includes(name));
    const folder = peerFolder('janus');
    const config = {
      'janus.jcfg': `general: { configs_folder = "${folder}", debug_level = 4 }
nat: { ice_lite = true, ice_enforce_list = "${host === '127.0.0.1' ? 'lo' : host}", ignore_mdns = true }
plugins: { disable = "${only(['streaming'], PLUGINS).map((name) => `libjanus_${name}.so`)}" }
transports: { disable = "${only(['http'], TRANSPORTS).map((name) => `libjanus_${name}.so`)}" }
`,
      'janus.transport.http.jcfg': `general: { base_path = "/janus", http = true, ip = "${host}", port = ${api} }
`,
      'janus.plugin.streaming.jcfg': `camera: {
  type = "rtp", id = ${STREAM_ID}, description = "camera", audio = false
  video = true, videoport = ${camera}, videoiface = "lo", videopt = 96, videocodec = "h264"
  videofmtp = "profile-level-id=42e01f;packetization-mode=1"
}
`,
    };
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(config)) await writeFile(join(folder, name), text);
    // The package's own file of settings, which every installation writes anew.
    const settings = `var server = "http://${host}:${api}/janus"; var iceServers = null; var token = ""; var apisecret = "";\n`;
    const source = peerSource(lab, 'janus', picture, place, ['rtp', String(camera)]);
    const server = new Program(lab, 'janus', [...enter, JANUS, '--configs-folder', folder], () =>
      untilAnswered(enter, `http://${host}:${api}/janus/info`),
    );
    const site = servePages(lab, 'janus-page', { host, port: web }, DEMOS, { 'settings.js': settings }, place);
    await Promise.all([source.start(), server.start(), site.start()]);
    const page = `http://${host}:${web}/streamingtest.html`;
    return {
      name: 'janus',
      version: await versionOf(JANUS, '--version'),
      page,
      config: { ...config, 'settings.js': settings },
      get senders() {
        return pidOf(server.child);
      },
      source,
      server,
      async show(tab) {
        await tab.goto(page);
        // Its buttons do nothing before their handlers are there.
        const isReady = (button: string) =>
          `globalThis.jQuery?._data(document.querySelector('${button}:not([disabled])') ?? {}, 'events')?.click`;
        await tab.waitForFunction(`!!${isReady('#start')}`);
        await tab.click('#start');
        await tab.waitForFunction(`!!${isReady('#watch')} && !!document.getElementById('${STREAM_ID}')`);
        await tab.evaluate(`document.getElementById('${STREAM_ID}').click(); document.getElementById('watch').click()`);
      },
      stop: async () => void (await Promise.all([server.stop(), source.stop(), site.stop()])),
    };
  },
};

/** Those of the package; only one of each is wanted. */
const PLUGINS = [
  'audiobridge',
  'duktape',
  'echotest',
  'lua',
  'nosip',
  'recordplay',
  'sip',
  'streaming',
  'textroom',
].concat(['videocall', 'videoroom', 'voicemail']);
const TRANSPORTS = ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq', 'websockets'];
