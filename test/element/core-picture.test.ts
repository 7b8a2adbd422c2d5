import { expect } from '@esm-bundle/chai';
import { type Facts, PreviewClient } from '../../src/element/client.js';
import { LoopbackSender } from './loopback.js';

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

describe('what PreviewClient sees of a real picture', () => {
  let sender: LoopbackSender;
  let client: PreviewClient;
  let video: HTMLVideoElement;
  let enough: () => void;

  beforeEach(() => {
    sender = new LoopbackSender();
    client = new PreviewClient({ signalling: sender.signalling });
    enough = client.wantStats();
    video = document.createElement('video');
    document.body.append(video);
    client.attach(video);
    client.start();
  });

  afterEach(() => {
    enough();
    client.close();
    sender.close();
    video.remove();
  });

  it('is black where all of it is, and live all the same', async function () {
    this.timeout(20_000);
    await facts(client, ({ state, stats }) => state === 'live' && stats !== null);
    expect(client.facts.black).to.equal(false);
    const context = sender.canvas.getContext('2d') as CanvasRenderingContext2D;
    const cover = setInterval(() => {
      context.fillStyle = '#060606';
      context.fillRect(0, 0, sender.canvas.width, sender.canvas.height);
    }, 5);
    // The picture is painted over before it is sent, more often than it is drawn.
    const { fillRect } = context;
    context.fillRect = function (...where) {
      this.fillStyle = `rgb(${(performance.now() / 16) % 8} 6 6)`;
      fillRect.apply(this, where);
    };
    const black = await facts(client, (now) => now.black);
    expect(black.state).to.equal('live');
    expect(black.rungs.at(-1)).to.deep.equal({ name: 'picture', status: 'broken' });
    clearInterval(cover);
    context.fillRect = fillRect;
    await facts(client, (now) => !now.black);
  });

  it('tells in its report how long each step took, and the kinds of its candidates', async () => {
    await facts(client, ({ state }) => state === 'live' && client.report().includes('"tried":'));
    const report = client.report();
    expect(report).to.match(/done after: session \d+ ms, offer \d+ ms.*dtls \d+ ms.*frame \d+ ms/);
    expect(report).to.match(/ours \d+ host\/udp/);
    expect(report).to.match(/"tried":\d/);
    expect(report.replace(/^browser.*/m, '')).not.to.match(/\d+\.\d+\.\d+\.\d+|\.local|ufrag/);
  });
});
