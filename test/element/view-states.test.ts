import { expect } from '@esm-bundle/chai';
import type { Facts, PreviewState } from '../../src/element/client.js';
import { errorInfo } from '../../src/protocol/index.js';
import { factsOf, IDLE, REDUCED, rungs, STATS } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, textOf } from './fixture.js';
import { until } from './until.js';

const STATES: PreviewState[] = [
  'idle',
  'offline',
  'connecting',
  'live',
  'camera-lost',
  'stalled',
  'paused',
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
    ['idle', /^Ready$/],
    ['offline', /^Offline$/],
    ['connecting', /^Connecting$/],
    ['live', /^LIVE 8 ms$/],
    ['camera-lost', /^Camera lost$/],
    ['stalled', /^Frozen 2\.\d s$/],
    ['paused', /^Paused$/],
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

  it('is not green for a picture that is over its budget, and says so by a sign and in words', async () => {
    const latency = { totalMs: 240, complete: true, legs: {} };
    await show({ ...factsOf('live'), stats: { ...STATS, latency }, overBudget: true });
    const shown = part(element, 'pill');
    expect(textOf(shown)).to.equal('LIVE 240 ms▲, older than the limit');
    expect(shown.querySelector('.mark')?.className).to.equal('mark busy');
    await show({ overBudget: false });
    expect(shown.querySelector('.mark')?.className).to.equal('mark good');
    await show({ ...factsOf('stalled'), overBudget: true });
    expect(textOf(shown)).not.to.contain('▲');
  });

  it('does not call a black picture simply live, and says what to look at', async () => {
    await show({ ...factsOf('live'), black: true });
    expect(textOf(part(element, 'pill'))).to.equal('All black 8 ms');
    expect(part(element, 'pill').querySelector('.good')).to.equal(null);
    expect(textOf(part(element, 'lost'))).to.equal(
      'The picture is all black. Check the lens cap, the light and the exposure: the connection works.',
    );
    await show({ black: false });
    expect(parts(element, 'lost')).to.have.length(0);
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
      'Nothing streams as “camera” Check that the sender runs and streams here: video then starts by itself.',
    );
  });

  it('does not blame the sender when it is the server that is away', async () => {
    await show({ ...factsOf('offline'), signalling: 'connecting' });
    expect(textOf(part(element, 'centre'))).to.contain('Reaching the server');
  });

  it('says which step is being tried', async () => {
    await show({ ...factsOf('connecting'), rungs: rungs('decode'), attempt: 2 });
    expect(textOf(part(element, 'centre'))).to.equal('Decoding the first picture try 2');
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

  const trouble = async (facts: Partial<Facts>) => {
    await show({ ...factsOf('failed'), ...facts });
    return until(() => parts(element, 'trouble')[0]);
  };

  it('explains trouble: what happened, what was seen, what to do, and the first broken step of ten', async () => {
    const seen = 'None of 6 candidate pairs worked.';
    const panel = await trouble({ problem: { ...errorInfo('ice_failed'), rung: 'network', seen } });
    expect([...panel.querySelectorAll('.said > p')].map(textOf)).to.deep.equal([
      'The network between you and the camera is blocked.',
      seen,
      'Check firewalls on the way, or configure a TURN server on the signalling server.',
    ]);
    expect(textOf(panel.querySelector('code'))).to.equal('ice_failed');
    expect([...part(element, 'rungs').children].map(textOf)).to.deep.equal([
      'server: works',
      'stream: works',
      'camera: works',
      'offer: works',
      'network: broken',
      'secure: not reached',
      'packets: not reached',
      'keyframe: not reached',
      'decode: not reached',
      'picture: not reached',
    ]);
  });

  it('says of trouble what the sender said, where it said more than the table', async () => {
    const panel = await trouble({ problem: { ...errorInfo('camera_failed', '/dev/video4 is gone.'), rung: 'camera' } });
    expect(textOf(panel.querySelector('.title'))).to.equal('/dev/video4 is gone.');
  });

  it('shows how far a try has come, and only while there is one', async () => {
    const steps = () => [...element.renderRoot.querySelectorAll('.ladder i')].map((it) => it.className);
    await show(factsOf('connecting'));
    expect(await until(() => steps().length > 0 && steps().join(' '))).to.equal(
      `${'done '.repeat(4)}active${' waiting'.repeat(5)}`,
    );
    await show({ ...factsOf('reconnecting'), retryAt: Date.now() + 3_000 });
    expect(steps()).to.deep.equal([]);
    await show(factsOf('reconnecting'));
    expect(steps()).to.have.length(10);
    await show(factsOf('live'));
    expect(steps()).to.deep.equal([]);
  });

  it('says when it tries again by itself', async () => {
    const panel = await trouble({ retryAt: Date.now() + 5_900 });
    expect(textOf(panel)).to.contain('Trying again in 6 s');
    await show({ retryAt: null });
    expect(textOf(panel)).not.to.contain('Trying again');
  });

  it('has a place for what a page wants to add', async () => {
    const link = document.createElement('a');
    link.slot = 'error';
    element.append(link);
    await trouble({});
    expect(link.assignedSlot?.closest('.said')).to.be.instanceOf(Element);
  });

  it('names all ten steps at 480 px, side by side; below that only the broken one', async () => {
    for (const width of [640, 480, 400]) {
      element.style.width = `${width}px`;
      await trouble({});
      const names = [...part(element, 'rungs').querySelectorAll<HTMLElement>('.name')].filter((it) =>
        it.checkVisibility(),
      );
      expect(names).to.have.length(width < 480 ? 1 : 10);
      const boxes = names.map((it) => it.getBoundingClientRect());
      for (const [index, box] of boxes.slice(1).entries()) {
        expect(box.left, textOf(names[index] ?? null)).to.be.at.least(boxes[index]?.right ?? 0);
      }
      expect(boxes.at(-1)?.right).to.be.at.most(part(element, 'trouble').getBoundingClientRect().right);
    }
  });

  for (const [width, lang] of [
    [320, 'en'],
    [240, 'en'],
    [240, 'ja'],
    [240, 'de'],
  ] as const) {
    it(`cuts through no line of trouble at ${width} px (${lang}), and keeps both ways out of it`, async () => {
      element.lang = lang;
      element.style.width = `${width}px`;
      const panel = await trouble({ problem: { ...errorInfo('ice_failed'), rung: 'network' } });
      await until(() => lang === 'en' || !textOf(panel).includes('blocked'));
      const picture = part(element, 'picture').getBoundingClientRect();
      const said = panel.querySelector('.said') as HTMLElement;
      expect(said.clientHeight % 16).to.equal(0);
      expect(said.clientHeight).to.be.at.least(32);
      for (const name of ['retry-button', 'report-button']) {
        const box = part(element, name).getBoundingClientRect();
        expect(box.width, name).to.be.at.least(28);
        expect(box.bottom, name).to.be.at.most(picture.bottom);
        expect(box.top, name).to.be.at.least(said.getBoundingClientRect().bottom);
        expect(box.right, name).to.be.at.most(picture.right);
      }
      expect(said.getBoundingClientRect().top).to.be.at.least(part(element, 'pill').getBoundingClientRect().bottom);
      said.scrollTop = said.scrollHeight;
      const last = said.querySelector('.next')?.getBoundingClientRect() as DOMRect;
      expect(last.bottom, 'all of it can be read').to.be.at.most(said.getBoundingClientRect().bottom + 1);
    });
  }

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

  describe('aloud', () => {
    /** What is said once everything has lasted. */
    const heard = async (...shown: Partial<Facts>[]) => {
      const { timers, restore } = element.holdTimers();
      for (const facts of shown) await show(facts);
      const status = element.renderRoot.querySelector('[role=status]') as HTMLElement;
      const before = textOf(status);
      for (const { run } of timers.filter(({ ms }) => ms === 1_000)) run();
      restore();
      await element.updateComplete;
      return { before, after: textOf(status) };
    };

    it('reads a state only when it lasts', async () => {
      const { before, after } = await heard(
        ...(['connecting', 'live', 'stalled', 'live'] as const).map((it) => factsOf(it)),
      );
      expect(before).to.equal('');
      expect(after).to.equal('Live');
    });

    it('says why there is no picture', async () => {
      const { after } = await heard({ ...factsOf('failed'), problem: { ...errorInfo('no_media'), rung: 'packets' } });
      expect(after).to.equal('No picture: Connected, but no picture arrives from the camera.');
      expect((await heard(factsOf('camera-lost'))).after).to.equal('The camera is lost: The camera is not there.');
    });

    it('says what is wrong with a live picture', async () => {
      expect((await heard({ ...factsOf('live'), overBudget: true })).after).to.equal('Live: older than the limit');
      expect((await heard({ ...factsOf('live'), black: true, overBudget: null })).after).to.equal('Live: All black');
    });

    it('does not count tries or figures: the same words are not read again', async () => {
      const { after } = await heard(factsOf('reconnecting'));
      for (const attempt of [3, 4, 5]) {
        const again = await heard({ attempt, retryAt: Date.now() + 1_000 * attempt });
        expect(again).to.deep.equal({ before: after, after });
      }
    });
  });
});
