import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HERE, type Peer, type PeerKind, pidOf } from './peer.js';
import { freePort, Program, untilAnswered, versionOf } from './program.js';
import { peerFolder, peerSource } from './source.js';

/** go2rtc fetches its picture by RTSP; its own page is `stream.html`. */
export const go2rtc: PeerKind = {
  name: 'go2rtc',
  wants: 'PROGRAM',
  async start(lab, program, picture, place = HERE): Promise<Peer> {
    const { enter, host } = place;
    const [api, rtsp, media, camera] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    // Loopback candidates are left out by default; there is nothing else here.
    const config = [
      `api: {listen: "${host}:${api}", origin: "*"}`,
      `rtsp: {listen: "127.0.0.1:${rtsp}"}`,
      `webrtc: {listen: "${host}:${media}", candidates: ["${host}:${media}"], filters: {loopback: true}, ice_servers: []}`,
      `streams: {camera: "rtsp://127.0.0.1:${camera}/camera"}`,
      '',
    ].join('\n');
    const folder = peerFolder('go2rtc');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'go2rtc.yaml');
    await writeFile(file, config);
    const address = `http://${host}:${api}`;
    const source = peerSource(lab, 'go2rtc', picture, place, ['rtsp', String(camera)]);
    const server = new Program(lab, 'go2rtc', [...enter, program, '-config', file], () =>
      untilAnswered(enter, `${address}/api`),
    );
    await source.start();
    await server.start();
    const page = `${address}/stream.html?src=camera&mode=webrtc`;
    return {
      name: 'go2rtc',
      version: await versionOf(program, '-version'),
      page,
      whep: `${address}/api/webrtc?src=camera`,
      config: { 'go2rtc.yaml': config },
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
