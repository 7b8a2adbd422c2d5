import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HERE, type Peer, type PeerKind, pidOf } from './peer.js';
import { freePort, Program, untilAnswered, versionOf } from './program.js';
import { peerFolder, peerSource } from './source.js';

/** The same after a restart of the source: MediaMTX takes another one for another stream, and lets 10 s pass. */
const SSRC = 0x63616d31;

/** MediaMTX is sent RTP by UDP, the shortest way into it; its own page is the path's. */
export const mediamtx: PeerKind = {
  name: 'mediamtx',
  wants: 'PROGRAM',
  async start(lab, program, picture, place = HERE): Promise<Peer> {
    const { enter, host } = place;
    const [web, media, api, camera] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const config = `logLevel: info
api: yes
apiAddress: 127.0.0.1:${api}
rtsp: no
rtmp: no
hls: no
srt: no
webrtc: yes
webrtcAddress: ${host}:${web}
webrtcLocalUDPAddress: ${host}:${media}
webrtcIPsFromInterfaces: no
webrtcAdditionalHosts: [${host}]
paths:
  camera:
    source: udp+rtp://127.0.0.1:${camera}
    rtpSDP: |
      v=0
      o=- 0 0 IN IP4 127.0.0.1
      s=camera
      c=IN IP4 127.0.0.1
      t=0 0
      m=video ${camera} RTP/AVP 96
      a=rtpmap:96 H264/90000
      a=fmtp:96 packetization-mode=1
`;
    const folder = peerFolder('mediamtx');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'mediamtx.yml');
    await writeFile(file, config);
    const source = peerSource(lab, 'mediamtx', picture, place, ['--ssrc', String(SSRC), 'rtp', String(camera)]);
    const server = new Program(lab, 'mediamtx', [...enter, program, file], () =>
      untilAnswered(enter, `http://127.0.0.1:${api}/v3/paths/get/camera`, (text) => /"ready":\s*true/.test(text)),
    );
    await source.start();
    await server.start();
    const page = `http://${host}:${web}/camera/`;
    return {
      name: 'mediamtx',
      version: await versionOf(program, '--version'),
      page,
      whep: `${page}whep`,
      config: { 'mediamtx.yml': config },
      get senders() {
        return pidOf(server.child);
      },
      source,
      server,
      show: async (tab) => void (await tab.goto(page)),
      stop: async () => void (await Promise.all([server.stop(), source.stop()])),
    };
  },
};
