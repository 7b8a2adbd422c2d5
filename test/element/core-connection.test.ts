import { expect } from '@esm-bundle/chai';
import { type Facts, PreviewClient } from '../../src/element/client.js';
import { REDUCED } from './fake-core.js';
import { LoopbackSender } from './loopback.js';

/** Resolves with the first facts that fit; the runner's own timeout ends a wait in vain. */
function facts(client: PreviewClient, fits: (facts: Facts) => boolean): Promise<Facts> {
  return new Promise((resolve) => {
    const check = (now: Facts) => {
      if (!fits(now)) return;
      stop();
      resolve(now);
    };
    const stop = client.subscribe(check);
    check(client.facts);
  });
}

const inState = (state: Facts['state']) => (now: Facts) => now.state === state;

describe('what stands in the way', () => {
  let client: PreviewClient;

  afterEach(() => client.close());

  it('is named where another server answers, although it keeps a WebSocket waiting', async function () {
    this.timeout(20_000);
    // This one: it knows no such address.
    client = new PreviewClient();
    client.start();
    const { state, problem } = await facts(client, ({ problem }) => problem?.code === 'wrong_server');
    expect([state, problem?.rung]).to.deep.equal(['failed', 'server']);
  });

  it('is named at once where only a TURN server may be used, and there is none', async () => {
    const sender = new LoopbackSender();
    client = new PreviewClient({ signalling: sender.signalling, icePolicy: 'relay' });
    client.start();
    const { problem, attempt } = await facts(client, inState('failed'));
    expect(problem).to.include({ code: 'turn_missing', rung: 'network' });
    expect([attempt, sender.left]).to.deep.equal([1, 1]);
    sender.close();
  });
});

describe('PreviewClient on real peer connections', () => {
  let sender: LoopbackSender;
  let client: PreviewClient;
  let video: HTMLVideoElement;

  beforeEach(() => {
    sender = new LoopbackSender();
    client = new PreviewClient({ signalling: sender.signalling });
    video = document.createElement('video');
    document.body.append(video);
    client.attach(video);
  });

  afterEach(() => {
    client.close();
    sender.close();
    video.remove();
  });

  it('shows the picture', async () => {
    client.start();
    const live = await facts(client, inState('live'));
    expect(live.shownSize).to.deep.equal({ width: 320, height: 180 });
    expect(live.connection).to.equal('connected');
    expect(video.videoWidth).to.equal(320);
    expect(live.rungs.every(({ status }) => status === 'done')).to.equal(true);
  });

  it('measures the connection while somebody wants to know', async () => {
    const enough = client.wantStats();
    client.start();
    const { stats } = await facts(client, ({ stats }) => (stats?.bitrateKbps ?? 0) > 0 && (stats?.shownFps ?? 0) > 5);
    expect(stats?.decodedFps).to.be.within(5, 65);
    expect(stats?.path).to.deep.equal({ type: 'direct', protocol: 'udp' });
    expect(stats?.codec).to.be.a('string');
    expect(stats?.framesDecoded).to.be.greaterThan(0);
    enough();
  });

  it('never calls a frozen picture live', async () => {
    client.start();
    await facts(client, inState('live'));
    sender.freeze();
    const stalled = await facts(client, inState('stalled'));
    expect(stalled.connection).to.equal('connected');
    expect(stalled.lastFrameAt).to.be.a('number');
  });

  it('says that the camera is lost, and that it is back, on one connection', async () => {
    client.start();
    await facts(client, inState('live'));
    sender.lose('camera_missing');
    const lost = await facts(client, inState('camera-lost'));
    expect(lost.stream?.camera?.error?.code).to.equal('camera_missing');
    expect(lost.media).not.to.equal(null);
    sender.lose(undefined);
    await facts(client, inState('live'));
    expect(sender.sessions).to.equal(1);
  });

  it('hears over the data channel what it is sent', async () => {
    client.start();
    sender.quality = REDUCED;
    const { quality } = await facts(client, (now) => now.state === 'live' && now.quality !== null);
    expect(quality).to.deep.equal(REDUCED);
  });

  it('gets the picture back by a new session, and leaves the old one', async () => {
    client.start();
    await facts(client, inState('live'));
    sender.peers[0]?.close();
    await facts(client, (now) => now.state === 'live' && sender.sessions === 2 && sender.left === 1);
    expect(video.srcObject).to.equal(client.facts.media);
  });

  it('ends everything with close()', async () => {
    client.start();
    await facts(client, inState('live'));
    client.close();
    expect(sender.left).to.equal(1);
    expect(video.srcObject).to.equal(null);
  });
});
