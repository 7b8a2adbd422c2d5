import { expect } from '@esm-bundle/chai';
import { defaultRetryPolicy } from '../../src/element/client.js';
import { Lazy } from '../../src/element/view/lazy.js';
import { errorInfo } from '../../src/protocol/index.js';
import { factsOf, STATS } from './fake-core.js';
import { DrivenPreview, mount, part, parts, sunset, textOf } from './fixture.js';
import { until } from './until.js';

describe('the life of the element', () => {
  let element: DrivenPreview;

  afterEach(() => element.remove());

  it('makes its core when it is on the page, with what its attributes say', async () => {
    element = document.createElement('driven-preview');
    expect(element.attributes).to.have.length(0);
    element.setAttribute('src', 'https://robot.local/signal');
    element.setAttribute('stream', 'bench');
    element.token = 'secret';
    expect(element.cores).to.have.length(0);
    document.body.append(element);
    await element.updateComplete;
    expect(element.options).to.deep.equal([
      {
        src: 'https://robot.local/signal',
        stream: 'bench',
        token: 'secret',
        icePolicy: 'all',
        transport: 'auto',
        codecs: [],
        latencyBudgetMs: null,
        pauseWhenHiddenMs: 5_000,
        retryPolicy: defaultRetryPolicy,
      },
    ]);
    expect(element.fake.calls).to.deep.equal(['attach']);
  });

  it('brings a new token to the core that there is, and tells the page when one is needed', async () => {
    element = await mount();
    element.token = 'newer';
    await element.updateComplete;
    expect(element.cores).to.have.length(1);
    expect(element.fake.calls).to.include('token newer');
    const told: number[] = [];
    element.addEventListener('tokenexpiring', ({ detail }) => told.push(detail.expiresAt));
    element.fake.tell({ tokenExpiresAt: 5 });
    element.fake.tell({ tokenExpiresAt: 5, attempt: 1 });
    element.fake.tell({ tokenExpiresAt: null });
    expect(told).to.deep.equal([5]);
    element.fake.tell({ tokenProblem: errorInfo('unauthorized') });
    await element.updateComplete;
    expect(textOf(part(element, 'note'))).to.contain('does not accept this token');
  });

  it('has no token when the attribute goes, or is empty, or null is set', async () => {
    element = await mount({ attributes: { token: '' } });
    expect(element.options[0]?.token, 'an empty attribute').to.equal(undefined);
    const tokens: unknown[] = [];
    element.fake.setToken = (token) => tokens.push(token);
    for (const none of [() => element.removeAttribute('token'), () => Object.assign(element, { token: null })]) {
      element.token = 'secret';
      await element.updateComplete;
      none();
      await element.updateComplete;
    }
    element.token = '';
    await element.updateComplete;
    expect(tokens).to.deep.equal(['secret', undefined, 'secret', undefined]);
    element.stream = 'other';
    await element.updateComplete;
    expect(element.options[1]?.token).to.equal(undefined);
  });

  it('goes through a TURN server only when it is told so', async () => {
    element = await mount({ attributes: { 'ice-policy': 'relay' } });
    expect(element.options[0]?.icePolicy).to.equal('relay');
    element.icePolicy = 'all';
    await element.updateComplete;
    expect(element.options[1]?.icePolicy).to.equal('all');
  });

  it('starts by itself with autostart', async () => {
    element = await mount({ attributes: { autostart: '' } });
    expect(element.fake.calls).to.include('start');
  });

  it('remembers a start() that comes before the core', async () => {
    element = document.createElement('driven-preview');
    element.start();
    document.body.append(element);
    await element.updateComplete;
    expect(element.fake.calls).to.include('start');
  });

  it('takes a new core for another stream, and goes on watching', async () => {
    element = await mount();
    element.start();
    const [first] = element.cores;
    element.stream = 'other';
    await element.updateComplete;
    expect(first?.calls.slice(-2)).to.deep.equal(['detach', 'close']);
    expect(element.cores).to.have.length(2);
    expect(element.fake.calls).to.deep.equal(['attach', 'start']);
    expect(element.options[1]?.stream).to.equal('other');
  });

  it('starts or stops with another setting in the same task', async () => {
    element = await mount();
    for (const started of [true, false]) {
      const core = element.fake;
      // As the core does it: who listens is told in a task of its own.
      core.start = core.stop = () => {
        core.facts = { ...core.facts, started };
      };
      element[started ? 'start' : 'stop']();
      element.codecs = started ? 'h264' : 'vp8';
      await element.updateComplete;
      expect(element.fake.calls.includes('start')).to.equal(started);
    }
  });

  it('closes everything when it is removed', async () => {
    element = await mount();
    const core = element.fake;
    core.tell(factsOf('stalled'));
    await element.updateComplete;
    const { timers, restore } = element.holdTimers();
    element.remove();
    expect(core.closed).to.equal(false);
    for (const { run } of timers.filter(({ cleared }) => !cleared)) run();
    await element.updateComplete;
    restore();
    expect(core.calls.slice(-2)).to.deep.equal(['detach', 'close']);
    expect([core.listeners.size, core.statsWanted]).to.deep.equal([0, 0]);
    expect(element.videoElement.srcObject).to.equal(null);
    expect(element.state).to.equal('idle');
    expect(timers.filter(({ cleared, ran }) => !cleared && !ran)).to.deep.equal([]);
  });

  it('begins anew when it comes back after that', async () => {
    element = await mount();
    const { timers, restore } = element.holdTimers();
    element.remove();
    for (const { run } of timers) run();
    restore();
    document.body.append(element);
    await element.updateComplete;
    expect(element.cores).to.have.length(2);
    expect(element.fake.calls).to.deep.equal(['attach']);
  });

  const cross = async (type: 'pagehide' | 'pageshow') => {
    window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
    await element.updateComplete;
    element.requestUpdate();
    await element.updateComplete;
  };

  it('comes back with its page as it was left: autostart is for coming onto one', async () => {
    element = await mount({ attributes: { autostart: '' } });
    for (const [leave, calls] of [
      ['stop', ['attach']],
      ['start', ['attach', 'start']],
    ] as const) {
      element[leave]();
      await cross('pagehide');
      await cross('pageshow');
      expect(element.fake.calls, leave).to.deep.equal(calls);
    }
    element.stop();
    await cross('pagehide');
    await cross('pageshow');
    element.src = 'https://other.example';
    await element.updateComplete;
    expect(element.facts.started, 'nor with another setting').to.equal(false);
    element.remove();
    await until(() => element.fake.closed);
    document.body.append(element);
    await element.updateComplete;
    expect(element.fake.calls, 'onto a page').to.deep.equal(['attach', 'start']);
  });

  it('opens nothing for a page that is gone, and exactly one core when it is back', async () => {
    element = await mount();
    element.start();
    await cross('pagehide');
    expect(element.cores.map(({ closed }) => closed)).to.deep.equal([true]);
    element.stream = 'other';
    await element.updateComplete;
    expect(element.cores).to.have.length(1);
    await cross('pageshow');
    expect(element.cores).to.have.length(2);
    expect(element.fake.calls).to.deep.equal(['attach', 'start']);
    expect(element.options[1]?.stream).to.equal('other');
    await cross('pagehide');
    element.stop();
    await cross('pageshow');
    expect(element.fake.calls, 'stopped meanwhile').to.deep.equal(['attach']);
  });

  it('is opened again by whoever uses it after the page said that it goes', async () => {
    element = await mount();
    for (const use of ['start', 'retry'] as const) {
      window.dispatchEvent(new PageTransitionEvent('pagehide'));
      await element.updateComplete;
      const { length } = element.cores;
      element[use]();
      await element.updateComplete;
      expect(element.cores, use).to.have.length(length + 1);
      expect(element.fake.calls, use).to.include('start');
    }
  });

  it('does not blink when it is moved', async () => {
    element = await mount();
    const media = sunset(320, 180);
    element.fake.tell({ ...factsOf('live'), media });
    await new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    const video = element.videoElement;
    const section = document.createElement('section');
    document.body.append(section);
    section.append(element);
    await element.updateComplete;
    expect(element.videoElement).to.equal(video);
    expect(video.paused).to.equal(false);
    expect(element.fake.calls).to.deep.equal(['attach']);
    expect(element.state).to.equal('live');
    section.remove();
    for (const track of media.getTracks()) track.stop();
  });

  it('plays again when the move took longer than a task', async () => {
    element = await mount();
    const media = sunset(320, 180);
    element.fake.tell({ ...factsOf('live'), media });
    await new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    const paused = new Promise((resolve) => element.videoElement.addEventListener('pause', resolve, { once: true }));
    element.remove();
    await paused;
    const playing = new Promise((resolve) => element.videoElement.addEventListener('playing', resolve, { once: true }));
    document.body.append(element);
    await playing;
    expect(element.cores).to.have.length(1);
    for (const track of media.getTracks()) track.stop();
  });

  describe('in an iframe', () => {
    let frame: HTMLIFrameElement;
    const within = () => frame.contentDocument as Document;
    const styleOf = (name: string) => (frame.contentWindow as Window).getComputedStyle(part(element, name));

    beforeEach(async () => {
      frame = document.createElement('iframe');
      frame.srcdoc = '<!doctype html><title>another document</title>';
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
      document.body.append(frame);
      await loaded;
    });

    afterEach(() => frame.remove());

    it('keeps its looks, those of its parts too, there and back', async () => {
      element = await mount();
      element.fake.tell(factsOf('live'));
      await until(() => parts(element, 'tools').length === 1);
      const looks = () => [styleOf('picture').position, styleOf('picture').backgroundColor, styleOf('tools').position];
      const before = looks();
      expect(before[0]).to.equal('relative');
      const sheets = (element.renderRoot as ShadowRoot).adoptedStyleSheets.length;
      for (const place of [within().body, document.body]) {
        place.append(element);
        await element.updateComplete;
        expect(looks()).to.deep.equal(before);
        expect((element.renderRoot as ShadowRoot).adoptedStyleSheets).to.have.length(sheets);
      }
      expect(element.cores).to.have.length(1);
    });

    it('has its looks when it is there from the first', async () => {
      element = document.createElement('driven-preview');
      within().body.append(element);
      await element.updateComplete;
      expect(styleOf('picture').position).to.equal('relative');
    });

    it('closes with it', async () => {
      element = await mount();
      element.start();
      within().body.append(element);
      await element.updateComplete;
      frame.remove();
      element.fake.tell({ stats: STATS });
      await element.updateComplete;
      expect([element.isConnected, element.cores.map(({ closed }) => closed)]).to.deep.equal([true, [true]]);
      document.body.append(element);
      await element.updateComplete;
      expect(element.fake.calls).to.deep.equal(['attach', 'start']);
    });

    it('closes with it even where the browser says nothing', async () => {
      element = await mount();
      element.start();
      within().body.append(element);
      await element.updateComplete;
      const say = (event: Event) => event.stopImmediatePropagation();
      frame.contentWindow?.addEventListener('pagehide', say, { capture: true });
      frame.remove();
      if (element.cores[0]?.closed === false) element.fake.tell({ stats: STATS });
      await element.updateComplete;
      expect(element.cores.map(({ closed }) => closed)).to.deep.equal([true]);
    });
  });

  it('does not leave the page at all with moveBefore()', async () => {
    element = await mount();
    const section = document.createElement('section');
    document.body.append(section);
    (section as HTMLElement & { moveBefore(node: Node, before: Node | null): void }).moveBefore(element, null);
    await element.updateComplete;
    expect(element.fake.calls).to.deep.equal(['attach']);
    document.body.append(element);
    section.remove();
  });

  it('tells its page what happens, through shadow roots', async () => {
    element = await mount();
    const told: unknown[] = [];
    const note = (event: Event) => told.push([event.type, (event as CustomEvent).detail]);
    for (const type of ['statechange', 'firstframe', 'problem']) document.addEventListener(type, note);
    element.fake.tell(factsOf('connecting'));
    element.fake.tell(factsOf('live'));
    element.fake.tell(factsOf('stalled'));
    element.fake.tell(factsOf('live'));
    const problem = { ...errorInfo('no_media'), rung: 'packets' as const };
    element.fake.tell({ ...factsOf('failed'), problem });
    element.fake.tell({ problem: { ...problem } });
    for (const type of ['statechange', 'firstframe', 'problem']) document.removeEventListener(type, note);
    expect(told).to.deep.equal([
      ['statechange', { state: 'connecting', previous: 'idle' }],
      ['statechange', { state: 'live', previous: 'connecting' }],
      ['firstframe', { size: { width: 1280, height: 720 } }],
      ['statechange', { state: 'stalled', previous: 'live' }],
      ['statechange', { state: 'live', previous: 'stalled' }],
      ['statechange', { state: 'failed', previous: 'live' }],
      ['problem', { problem }],
    ]);
  });

  it('ticks only while a figure runs', async () => {
    element = await mount();
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    const intervals: number[] = [];
    const cleared: unknown[] = [];
    const { setInterval, clearInterval } = window;
    window.setInterval = ((_: unknown, ms: number) => intervals.push(ms)) as typeof window.setInterval;
    window.clearInterval = ((id: unknown) => cleared.push(id)) as typeof window.clearInterval;
    element.fake.tell(factsOf('stalled'));
    await element.updateComplete;
    element.requestUpdate();
    await element.updateComplete;
    expect(intervals).to.deep.equal([250]);
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    Object.assign(window, { setInterval, clearInterval });
    expect(cleared).to.include(1);
  });

  it('leaves nothing behind after 500 mounts, moves and removals', async () => {
    const section = document.createElement('section');
    document.body.append(section);
    const held = countHeld();
    for (let round = 0; round < 500; round += 1) {
      const one = document.createElement('driven-preview');
      document.body.append(one);
      await one.updateComplete;
      if (round % 10 === 0) {
        one.fake.tell(factsOf('stalled'));
        one.renderRoot.querySelector('.base')?.dispatchEvent(new PointerEvent('pointermove'));
        await one.updateComplete;
        one.zoomTo(2);
        part(one, 'more-button').click();
      }
      section.append(one);
      await one.updateComplete;
      one.remove();
      if (round % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 150));
      if (round % 100 === 99) expect(one.cores.every(({ closed }) => closed)).to.equal(true);
    }
    section.remove();
    const { left, restore } = held;
    restore();
    expect(left()).to.deep.equal([]);
  }).timeout(60_000);

  it('says what to do where a part of it cannot be fetched, and tries again when it is next needed', async () => {
    element = await mount();
    let reachable = false;
    const lazy = new Lazy(element, async () => {
      if (!reachable) throw new TypeError('Failed to fetch part.js');
      return { here: true };
    });
    const error = await lazy.need().catch((reason) => reason);
    expect(error).to.be.instanceOf(DOMException);
    expect([error.name, error.message]).to.satisfy(
      ([name, message]: string[]) =>
        name === 'NetworkError' && /Serve the folder "parts".*part\.js/.test(message ?? ''),
    );
    reachable = true;
    expect(await lazy.need()).to.deep.equal({ here: true });
  });

  it('is registered once, however often the package is loaded', async () => {
    const { WebRTCPreviewElement } = await import('../../src/element/define.js');
    const again = '/src/element/define.ts?again';
    await import(again);
    expect(customElements.get('webrtc-preview')).to.equal(WebRTCPreviewElement);
    element = await mount();
    expect(DrivenPreview.prototype).to.be.instanceOf(WebRTCPreviewElement);
    expect(textOf(part(element, 'pill'))).to.equal('Ready');
  });
});

/** Listeners of the page and intervals that were begun from here on and not ended. */
function countHeld(): { left(): string[]; restore(): void } {
  const held = new Map<unknown, string>();
  const undo: (() => void)[] = [];
  for (const [name, target] of Object.entries({ window, document })) {
    const { addEventListener, removeEventListener } = target;
    const key = (type: string, listener: unknown) => `${name} ${type} ${idOf(listener)}`;
    target.addEventListener = (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
      held.set(key(type, listener), `${name} ${type}`);
      addEventListener.call(target, type, listener, options);
    };
    target.removeEventListener = (type: string, listener: EventListener, options?: EventListenerOptions) => {
      held.delete(key(type, listener));
      removeEventListener.call(target, type, listener, options);
    };
    undo.push(() => Object.assign(target, { addEventListener, removeEventListener }));
  }
  const { setInterval, clearInterval } = window;
  window.setInterval = ((run: () => void, ms: number) => {
    const id = setInterval(run, ms);
    held.set(id, `interval of ${ms} ms`);
    return id;
  }) as typeof window.setInterval;
  window.clearInterval = (id) => {
    held.delete(id);
    clearInterval(id);
  };
  undo.push(() => Object.assign(window, { setInterval, clearInterval }));
  return { left: () => [...held.values()], restore: () => undo.forEach((each) => void each()) };
}

const ids = new WeakMap<object, number>();
let lastId = 0;
function idOf(listener: unknown): number {
  const known = ids.get(listener as object) ?? ++lastId;
  ids.set(listener as object, known);
  return known;
}
