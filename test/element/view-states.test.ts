import { expect } from '@esm-bundle/chai';
import type { Facts, PreviewState } from '../../src/element/client.js';
import { errorInfo } from '../../src/protocol/index.js';
import { factsOf, IDLE, REDUCED, rungs, STATS } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, textOf } from './fixture.js';

const STATES: PreviewState[] = [
  'idle',
  'offline',
  'connecting',
  'live',
  'camera-lost',
  'stalled',
  'reconnecting',
  'failed',
];

describe('<webrtc-preview> in each state', () => {
  let element: DrivenPreview;

  const show = async (facts: Partial<Facts>) => {
    element.fake.tell(facts);
    await element.updateComplete;
  };

  beforeEach(async () => {
    element = await mount();
  });

  afterEach(() => element.remove());

  const PILLS: [PreviewState, RegExp][] = [
    ['idle', /^Offline$/],
    ['offline', /^Offline$/],
    ['connecting', /^Connecting$/],
    ['live', /^LIVE 8 ms$/],
    ['camera-lost', /^Camera lost$/],
    ['stalled', /^Frozen 2\.\d s$/],
    ['reconnecting', /^Reconnecting$/],
    ['failed', /^No picture$/],
  ];
  for (const [state, words] of PILLS) {
    it(`says ${words.source} while ${state}, and is green only while live`, async () => {
      await show(factsOf(state));
      expect(textOf(part(element, 'pill'))).to.match(words);
      expect(part(element, 'pill').querySelector('.good') !== null).to.equal(state === 'live');
    });

    it(`matches :state(${state}) and no other`, async () => {
      await show(factsOf(state));
      expect(STATES.filter((name) => element.matches(`:state(${name})`))).to.deep.equal([state]);
    });
  }

  it('marks a latency that is only a lower bound', async () => {
    const latency = { totalMs: 12.4, complete: false, legs: { buffer: 9 } };
    await show({ ...factsOf('live'), stats: { ...STATS, latency } });
    expect(textOf(part(element, 'pill'))).to.equal('LIVE ≥ 12 ms');
  });

  it('has nothing in the middle of a live picture', async () => {
    await show(factsOf('live'));
    expect(parts(element, 'centre')).to.have.length(0);
    expect(parts(element, 'trouble')).to.have.length(0);
  });

  it('offers to start, and names the camera', async () => {
    expect(textOf(part(element, 'centre'))).to.equal('Start stream Bench camera · 1280 × 720 · 30 fps');
  });

  it('says what is wrong with the camera before anyone starts', async () => {
    const camera = { ...(IDLE.stream?.camera as object), error: errorInfo('camera_missing') };
    await show({ stream: { ...IDLE.stream, camera } as Facts['stream'] });
    expect(textOf(part(element, 'centre'))).to.contain('The camera is not there.');
  });

  it('names the stream that nobody sends, and promises to begin by itself', async () => {
    await show(factsOf('offline'));
    expect(textOf(part(element, 'centre'))).to.equal(
      'Nothing streams as “camera” Video starts by itself when the sender comes back.',
    );
  });

  it('does not blame the sender when it is the server that is away', async () => {
    await show({ ...factsOf('offline'), signalling: 'connecting' });
    expect(textOf(part(element, 'centre'))).to.contain('Reaching the server');
  });

  it('says which step is being tried', async () => {
    await show({ ...factsOf('connecting'), rungs: rungs('decode'), attempt: 2 });
    expect(textOf(part(element, 'centre'))).to.equal('Waiting for the first picture try 2');
  });

  it('greys the last frame, and says when it was', async () => {
    const at = new Date(2026, 10, 22, 14, 2, 31).getTime();
    await show({ ...factsOf('reconnecting'), lastFrameAt: at });
    expect(textOf(part(element, 'centre'))).to.equal(
      'Reconnecting, try 2 Waiting for the sender to answer · last frame 14:02:31',
    );
    await element.videoElement.getAnimations()[0]?.finished;
    expect(getComputedStyle(element.videoElement).filter).to.contain('grayscale(1)');
    await show(factsOf('live'));
    await element.videoElement.getAnimations()[0]?.finished;
    expect(getComputedStyle(element.videoElement).filter).to.equal('none');
  });

  it('counts down to the next try', async () => {
    await show({ ...factsOf('reconnecting'), retryAt: Date.now() + 3_900 });
    expect(textOf(part(element, 'centre'))).to.contain('Reconnecting, try 2 in 4 s');
  });

  it('explains trouble: a sentence, what to do, and the first broken step', async () => {
    await show({ ...factsOf('failed'), problem: { ...errorInfo('ice_failed'), rung: 'network' } });
    const trouble = textOf(part(element, 'trouble'));
    expect(trouble).to.contain('The network between you and the camera is blocked.');
    expect(trouble).to.contain('Check firewalls on the way');
    const steps = [...part(element, 'rungs').children].map(textOf);
    expect(steps).to.deep.equal([
      'server: works',
      'camera: works',
      'offer: works',
      'network: broken',
      'secure: not reached',
      'packets: not reached',
      'decode: not reached',
    ]);
  });

  it('says why the camera is lost, on a picture that is not greyed, with nothing to press', async () => {
    await show(factsOf('camera-lost'));
    expect(textOf(part(element, 'lost'))).to.equal(
      'The camera is not there. Plug it in, and check the device name that the sender was given. ' +
        'The live picture comes back by itself.',
    );
    expect(getComputedStyle(element.videoElement).filter).to.equal('none');
    expect(parts(element, 'trouble')).to.have.length(0);
    expect(parts(element, 'centre')).to.have.length(0);
    await show(factsOf('live'));
    expect(parts(element, 'lost')).to.have.length(0);
  });

  it('tells the page that the camera is lost, and not that the picture has begun', async () => {
    const told: string[] = [];
    element.addEventListener('statechange', ({ detail }) => told.push(`${detail.previous} → ${detail.state}`));
    element.addEventListener('firstframe', () => told.push('first frame'));
    element.addEventListener('problem', () => told.push('problem'));
    await show(factsOf('camera-lost'));
    expect(told).to.deep.equal(['idle → camera-lost']);
    await show(factsOf('live'));
    expect(told.slice(1)).to.deep.equal(['camera-lost → live', 'first frame']);
  });

  it('tells the page what it is sent, once for each change that can be seen', async () => {
    const told: number[] = [];
    element.addEventListener('qualitychange', ({ detail }) => told.push(detail.quality.height));
    await show({ ...factsOf('live'), quality: REDUCED });
    await show({ quality: { ...REDUCED, linkKbps: 900 } });
    await show({ quality: { ...REDUCED, level: 2, width: 320, height: 180 } });
    expect(told).to.deep.equal([360, 180]);
  });

  it('shows both connection states, and a dash for what is not there', async () => {
    expect(textOf(part(element, 'ice-indicator'))).to.equal('ICE –');
    await show(factsOf('failed'));
    expect(textOf(part(element, 'ice-indicator'))).to.equal('ICE failed');
    expect(textOf(part(element, 'connection-indicator'))).to.equal('Connection connecting');
  });

  it('calls no connection good where nothing streams or there is no picture, whatever it says of itself', async () => {
    const connected = { connection: 'connected', ice: 'connected' } as const;
    const seen = () =>
      ['ice', 'connection'].map((name) => {
        const indicator = part(element, `${name}-indicator`);
        return `${textOf(indicator.querySelector('.word'))} ${indicator.querySelector('.mark')?.className}`;
      });
    for (const state of ['idle', 'offline', 'failed'] as const) {
      await show({ ...factsOf(state), ...connected });
      expect(seen(), state).to.deep.equal(['– mark none', '– mark none']);
    }
    await show({ ...factsOf('offline'), connection: 'connected', ice: 'disconnected' });
    expect(seen()).to.deep.equal(['– mark none', '– mark none']);
    await show(factsOf('live'));
    expect(seen()).to.deep.equal(['connected mark good', 'connected mark good']);
  });

  it('reads a state aloud only when it lasts', async () => {
    const { timers, restore } = element.holdTimers();
    await show(factsOf('connecting'));
    await show(factsOf('live'));
    await show(factsOf('stalled'));
    await show(factsOf('live'));
    const status = element.renderRoot.querySelector('[role=status]') as HTMLElement;
    expect(textOf(status)).to.equal('');
    for (const { run } of timers.filter(({ ms }) => ms === 1_000)) run();
    restore();
    await element.updateComplete;
    expect(textOf(status)).to.equal('Live');
  });
});
