import { expect } from '@esm-bundle/chai';
import { WebRTCPreviewElement } from '../../src/element/index.js';
import { factsOf, STATS } from './fake-core.js';
import { DrivenPreview, mount, part, parts, textOf } from './fixture.js';

describe('the settings', () => {
  let element: DrivenPreview;
  const { warn } = console;
  let warnings: string[];

  beforeEach(() => {
    warnings = [];
    console.warn = (text: string) => warnings.push(text);
  });

  afterEach(() => {
    console.warn = warn;
    element.remove();
  });

  it('have these defaults', async () => {
    element = await mount();
    const { src, stream, autostart, stats, noControls, icePolicy, token, transport, codecs } = element;
    expect({ src, stream, autostart, stats, noControls, icePolicy, token, transport, codecs }).to.deep.equal({
      src: '',
      stream: 'camera',
      autostart: false,
      stats: false,
      noControls: false,
      icePolicy: 'all',
      token: undefined,
      transport: 'auto',
      codecs: '',
    });
    const { latencyBudget, pauseWhenHidden, fit, mirror, rotate, unmuted } = element;
    expect({ latencyBudget, pauseWhenHidden, fit, mirror, rotate, unmuted }).to.deep.equal({
      latencyBudget: null,
      pauseWhenHidden: 5,
      fit: 'contain',
      mirror: false,
      rotate: 0,
      unmuted: false,
    });
    expect([element.statistics, element.recording, element.view]).to.deep.equal([
      null,
      false,
      { scale: 1, x: 0.5, y: 0.5 },
    ]);
    expect(element.getAttributeNames(), 'defaults are not written into the page').to.deep.equal(['style']);
  });

  it('are read from attributes', async () => {
    element = await mount({
      attributes: {
        transport: 'whep',
        codecs: 'h264  vp8',
        'latency-budget': '120',
        'pause-when-hidden': 'never',
        token: 'secret',
        'ice-policy': 'relay',
        fit: 'cover',
        rotate: '270',
        mirror: '',
      },
    });
    const { src: _, stream: __, retryPolicy: ___, ...rest } = element.options[0] as DrivenPreview['options'][0];
    expect(rest).to.deep.equal({
      token: 'secret',
      icePolicy: 'relay',
      transport: 'whep',
      codecs: ['h264', 'vp8'],
      latencyBudgetMs: 120,
      pauseWhenHiddenMs: null,
    });
    expect([element.fit, element.rotate, element.mirror]).to.deep.equal(['cover', 270, true]);
  });

  it('have more than one word for never', async () => {
    element = await mount();
    element.pauseWhenHidden = Number.POSITIVE_INFINITY;
    await element.updateComplete;
    expect([element.pauseWhenHidden, element.fake.settings.pauseWhenHiddenMs]).to.deep.equal([null, null]);
  });

  it('go back to their defaults when an attribute goes', async () => {
    element = await mount({
      attributes: { stream: 'bench', rotate: '90', 'pause-when-hidden': '1', 'latency-budget': '9', transport: 'whep' },
    });
    for (const name of element.getAttributeNames()) element.removeAttribute(name);
    await element.updateComplete;
    const { stream, rotate, pauseWhenHidden, latencyBudget, transport } = element;
    expect([stream, rotate, pauseWhenHidden, latencyBudget, transport]).to.deep.equal(['camera', 0, 5, null, 'auto']);
    expect(warnings).to.deep.equal([]);
  });

  it('that make no sense become the default, and the console says so once', async () => {
    const attributes = {
      rotate: '45',
      fit: 'stretch',
      transport: 'pigeon',
      'ice-policy': 'none',
      'latency-budget': 'soon',
      'pause-when-hidden': '-3',
    };
    element = await mount({ attributes });
    const { rotate, fit, transport, icePolicy, latencyBudget, pauseWhenHidden } = element;
    expect([rotate, fit, transport, icePolicy, latencyBudget, pauseWhenHidden]).to.deep.equal([
      0,
      'contain',
      'auto',
      'all',
      null,
      5,
    ]);
    expect(warnings).to.have.length(6);
    expect(warnings.join()).to.contain('rotate cannot be 45; it is 0 instead');
    element.remove();
    element = await mount({ attributes });
    expect(warnings).to.have.length(6);
  });

  it('that the element itself changes are written into its attributes', async () => {
    element = await mount();
    Object.assign(element, { fit: 'cover', mirror: true, rotate: 90, unmuted: true, stats: true });
    await element.updateComplete;
    expect(element.getAttributeNames().sort()).to.deep.equal(['fit', 'mirror', 'rotate', 'stats', 'style', 'unmuted']);
    expect(element.getAttribute('rotate')).to.equal('90');
  });

  it('reach the core: some while it runs, others with a new one', async () => {
    element = await mount();
    const retryPolicy = { nextDelayMs: () => undefined };
    Object.assign(element, { latencyBudget: 80, pauseWhenHidden: null, retryPolicy });
    await element.updateComplete;
    expect(element.cores).to.have.length(1);
    expect(element.fake.settings).to.deep.equal({ latencyBudgetMs: 80, pauseWhenHiddenMs: null, retryPolicy });
    element.codecs = 'vp8';
    await element.updateComplete;
    element.transport = 'whep';
    await element.updateComplete;
    expect(element.options.map(({ codecs, transport }) => [codecs, transport])).to.deep.equal([
      [[], 'auto'],
      [['vp8'], 'auto'],
      [['vp8'], 'whep'],
    ]);
  });

  it('that are made before the element is defined count', async () => {
    class Late extends DrivenPreview {}
    const early = document.createElement('late-preview') as DrivenPreview;
    const token = async () => 'fetched';
    Object.assign(early, { stream: 'bench', token, rotate: 90 });
    document.body.append(early);
    customElements.define('late-preview', Late);
    await early.updateComplete;
    element = early;
    expect(early).to.be.instanceOf(WebRTCPreviewElement);
    expect([early.options[0]?.stream, early.options[0]?.token]).to.deep.equal(['bench', token]);
    expect([early.rotate, early.getAttribute('rotate')]).to.deep.equal([90, '90']);
  });

  it('words of the page take the place of ours', async () => {
    element = await mount();
    element.words = { stop: 'Halt' };
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    expect(part(element, 'toggle-button').getAttribute('aria-label')).to.equal('Halt');
  });
});

describe('what makes no sense, from a page', () => {
  let element: DrivenPreview;
  const { warn } = console;
  let warnings: string[];

  beforeEach(() => {
    warnings = [];
    console.warn = (text: string) => warnings.push(text);
  });

  afterEach(() => {
    console.warn = warn;
    element.remove();
  });

  it('in words that throw, or are of another kind, is said in ours, and once in the console', async () => {
    element = await mount();
    element.words = {
      region() {
        throw new Error('a mistake');
      },
      start: 'Los',
      fps: () => 5,
      pill: { live: 7, stalled: 'Steht' },
      locale: 'de_DE',
      stop: () => 'Halt',
      spoken: 'all of them',
    } as unknown as DrivenPreview['words'];
    for (const state of ['idle', 'live', 'stalled', 'live'] as const) {
      element.fake.tell(factsOf(state));
      await element.updateComplete;
      if (state === 'stalled') expect(textOf(part(element, 'pill'))).to.contain('Steht');
    }
    expect(textOf(part(element, 'pill'))).to.contain('LIVE');
    expect(part(element, 'base').getAttribute('aria-label')).to.contain('Bench camera');
    expect(part(element, 'toggle-button').getAttribute('aria-label')).to.equal('Stop');
    expect(textOf(part(element, 'fps-select'))).to.contain('30');
    const about = (name: string) => warnings.filter((text) => text.includes(`words.${name} `)).length;
    const names = ['region', 'fps', 'pill.live', 'locale', 'stop', 'spoken', 'start'];
    expect(names.map(about)).to.deep.equal([1, 1, 1, 1, 1, 1, 0]);
  });

  it('in words that cannot be read is said in ours, and once in the console', async () => {
    element = await mount();
    const broken = () => {
      throw new Error('a mistake');
    };
    const pill = Object.defineProperty({ stalled: 'Steht' }, 'live', { get: broken, enumerable: true });
    element.words = Object.defineProperty({ pill, stop: 'Halt' }, 'start', { get: broken, enumerable: true });
    for (const state of ['idle', 'stalled', 'live'] as const) {
      element.fake.tell(factsOf(state));
      await element.updateComplete;
      if (state === 'idle') expect(part(element, 'toggle-button').getAttribute('aria-label')).to.equal('Start stream');
      if (state === 'stalled') expect(textOf(part(element, 'pill'))).to.contain('Steht');
    }
    expect(textOf(part(element, 'pill'))).to.contain('LIVE');
    expect(part(element, 'toggle-button').getAttribute('aria-label')).to.equal('Halt');
    expect(warnings.map((text) => text.match(/words\.\S+/)?.[0])).to.have.members(['words.start', 'words.pill.live']);
  });

  it('never stops the view, whatever is set to whatever', async () => {
    element = await mount();
    const names = ['src', 'stream', 'icePolicy', 'token', 'transport', 'codecs', 'latencyBudget', 'pauseWhenHidden'];
    names.push('fit', 'rotate', 'mirror', 'unmuted', 'stats', 'words', 'retryPolicy', 'autostart', 'noControls');
    const junk = [undefined, null, 0, Number.NaN, 'junk', Symbol('junk'), {}, [], [{}], Object.create(null), () => 'f'];
    for (const name of names) {
      const before = (element as unknown as Record<string, unknown>)[name];
      for (const value of junk) {
        Object.assign(element, { [name]: value });
        await element.updateComplete.catch((error) => expect.fail(`${name} = ${typeof value}: ${error}`));
        element.fake.tell(factsOf('live'));
        await element.updateComplete;
      }
      Object.assign(element, { [name]: before });
      await element.updateComplete;
    }
    expect(textOf(part(element, 'pill'))).to.contain('LIVE');
    expect(element.options.every(({ stream, src }) => typeof stream === 'string' && typeof src === 'string')).to.equal(
      true,
    );
    expect(element.options.at(-1)?.stream).to.equal('camera');
  });

  it('does not show a token in the console', async () => {
    element = await mount();
    Object.assign(element, { token: 4242 });
    await element.updateComplete;
    expect(element.token).to.equal(undefined);
    expect(warnings.join()).to.contain('token cannot be').and.not.to.contain('4242');
  });

  it('is not what an array of codecs or a URL is: neither is another value when it says the same', async () => {
    element = await mount();
    const set = async () => {
      Object.assign(element, { codecs: ['h264', 'vp8'], src: new URL('https://robot.local/') });
      await element.updateComplete;
    };
    await set();
    await set();
    expect(element.options.slice(1).map(({ codecs, src }) => [codecs, src])).to.deep.equal([
      [['h264', 'vp8'], 'https://robot.local/'],
    ]);
    expect(warnings).to.deep.equal([]);
  });

  it('and lets no connection be made: what was to be started starts once it is mended', async () => {
    class Failing extends DrivenPreview {
      fails = true;
      protected override createCore(options: DrivenPreview['options'][0]) {
        if (this.fails) throw new Error('nothing to be made of that');
        return super.createCore(options);
      }
    }
    customElements.define('failing-preview', Failing);
    const failing = document.createElement('failing-preview') as Failing;
    element = failing;
    failing.start();
    document.body.append(failing);
    await failing.updateComplete;
    expect(textOf(part(failing, 'pill'))).not.to.equal('');
    expect(warnings.join()).to.contain('nothing to be made of that');
    failing.fails = false;
    failing.stream = 'other';
    await failing.updateComplete;
    expect(failing.fake.calls).to.include('start');
  });
});

describe('what the element tells its page', () => {
  let element: DrivenPreview;

  beforeEach(async () => {
    element = await mount();
  });

  afterEach(() => element.remove());

  it('the statistics, once for each reading', () => {
    const told: unknown[] = [];
    element.addEventListener('statistics', ({ detail }) => told.push(detail.statistics));
    element.fake.tell(factsOf('live'));
    element.fake.tell({ attempt: 0 });
    const next = { ...STATS, at: 1_000 };
    element.fake.tell({ stats: next });
    expect(told).to.deep.equal([STATS, next]);
    expect(element.statistics).to.equal(next);
  });

  it('that the picture is too old, and young enough again', async () => {
    const told: boolean[] = [];
    element.addEventListener('budgetchange', ({ detail }) => told.push(detail.overBudget));
    const is = async (overBudget: boolean | null) => {
      element.fake.tell({ ...factsOf('live'), overBudget });
      await element.updateComplete;
      return element.matches(':state(over-budget)');
    };
    expect([await is(false), await is(true), await is(true), await is(null)]).to.deep.equal([false, true, true, false]);
    expect(told).to.deep.equal([true, false]);
  });

  it('that the picture is black', async () => {
    element.fake.tell({ ...factsOf('live'), black: true });
    await element.updateComplete;
    expect(element.matches(':state(black)')).to.equal(true);
    element.fake.tell({ black: false });
    await element.updateComplete;
    expect(element.matches(':state(black)')).to.equal(false);
  });
});

describe('the slots', () => {
  let element: DrivenPreview;
  const slot = (name: string) => element.renderRoot.querySelector<HTMLSlotElement>(`slot[name=${name}]`);

  afterEach(() => element.remove());

  it('poster: until the first frame', async () => {
    element = await mount();
    expect(slot('poster')).not.to.equal(null);
    element.fake.tell(factsOf('connecting'));
    await element.updateComplete;
    expect(slot('poster')).not.to.equal(null);
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    expect(slot('poster')).to.equal(null);
  });

  it('empty: in place of our words while nothing streams', async () => {
    element = await mount();
    element.fake.tell(factsOf('offline'));
    await element.updateComplete;
    expect(textOf(slot('empty'))).to.contain('Nothing streams');
    element.innerHTML = '<p slot="empty">Nobody is filming.</p>';
    expect(slot('empty')?.assignedElements()).to.have.length(1);
    expect(slot('empty')?.querySelector('p')?.checkVisibility()).to.equal(false);
  });

  it('controls and tools: the last before “…”, and the first on the picture', async () => {
    element = await mount();
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    expect(slot('controls')?.nextElementSibling).to.equal(part(element, 'more-button'));
    expect(slot('tools')).to.equal(part(element, 'tools').firstElementChild);
    element.noControls = true;
    await element.updateComplete;
    expect([slot('controls'), slot('tools'), ...parts(element, 'menu')]).to.deep.equal([null, null]);
  });
});
