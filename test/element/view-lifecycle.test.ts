import { expect } from '@esm-bundle/chai';
import { errorInfo } from '../../src/protocol/index.js';
import { factsOf } from './fake-core.js';
import { DrivenPreview, mount, part, sunset, textOf } from './fixture.js';

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
      { src: 'https://robot.local/signal', stream: 'bench', token: 'secret', icePolicy: 'all' },
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
    expect(intervals).to.deep.equal([100]);
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    Object.assign(window, { setInterval, clearInterval });
    expect(cleared).to.include(1);
  });

  it('is registered once, however often the package is loaded', async () => {
    const { WebRTCPreviewElement } = await import('../../src/element/define.js');
    const again = '/src/element/define.ts?again';
    await import(again);
    expect(customElements.get('webrtc-preview')).to.equal(WebRTCPreviewElement);
    element = await mount();
    expect(DrivenPreview.prototype).to.be.instanceOf(WebRTCPreviewElement);
    expect(textOf(part(element, 'pill'))).to.equal('Offline');
  });
});
