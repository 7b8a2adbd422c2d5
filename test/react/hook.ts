import { expect } from '@esm-bundle/chai';
import { act, createElement } from 'react';
import { renderToString } from 'react-dom/server.browser';
import { useWebRTCStream, type WebRTCStream, type WebRTCStreamOptions } from '../../src/element/react/index.js';
import type { SignallingFactory } from '../../src/element/signalling/signalling.js';
import { FakeChannel } from '../core/fakes.js';
import { Mounted, until } from './mounted.js';

export function hookTests(): void {
  let page: Mounted;
  let channels: (FakeChannel & { stream: string; token: string | undefined })[];
  let seen: WebRTCStream;

  const signalling: SignallingFactory = ({ stream, token }, events) => {
    const channel = Object.assign(new FakeChannel(events), { stream, token });
    channels.push(channel);
    return channel;
  };

  function Player({ video = true, ...options }: WebRTCStreamOptions & { video?: boolean }) {
    seen = useWebRTCStream({ signalling, ...options });
    return createElement('p', null, seen.state, video && createElement('video', { ref: seen.videoRef }));
  }
  const player = (props: WebRTCStreamOptions & { video?: boolean } = {}) => createElement(Player, props);
  const video = () => page.box.querySelector('video') as HTMLVideoElement;

  beforeEach(() => {
    channels = [];
    page = new Mounted();
  });

  afterEach(() => page.end());

  describe('useWebRTCStream', () => {
    it('joins the stream, and renders what is known of it', async () => {
      await page.render(player({ stream: 'bench' }));
      expect(channels.map(({ stream }) => stream)).to.deep.equal(['bench']);
      expect(video().muted).to.equal(true);
      await act(async () => channels[0]?.connect({ online: false }));
      expect(page.box.textContent).to.equal('offline');
      await act(async () => seen.start());
      expect(seen.facts.started).to.equal(true);
      await act(async () => channels[0]?.news());
      expect(page.box.textContent).to.equal('connecting');
      await act(async () => seen.stop());
      expect(page.box.textContent).to.equal('idle');
    });

    it('starts by itself when it shall', async () => {
      await page.render(player({ autostart: true }));
      expect(seen.facts.started).to.equal(true);
    });

    it('keeps its functions for life', async () => {
      await page.render(player());
      const { videoRef, start, stop, retry, setMode, snapshot, report } = seen;
      await act(async () => channels[0]?.connect());
      await page.render(player({ latencyBudgetMs: 100 }));
      expect(seen).to.include({ videoRef, start, stop, retry, setMode, snapshot, report });
    });

    it('needs one client under StrictMode too, and leaves nothing behind', async () => {
      await page.render(player({ autostart: true }), { strict: true });
      expect(channels).to.have.length(1);
      expect(channels[0]?.closed).to.equal(false);
      expect(seen.facts.started).to.equal(true);
      await page.unmount();
      await until(() => channels[0]?.closed === true);
      expect(channels).to.have.length(1);
    });

    it('goes on elsewhere when its options say so, and not for a render', async () => {
      await page.render(player({ stream: 'bench', codecs: ['h264'] }));
      await act(async () => seen.start());
      await page.render(player({ stream: 'bench', codecs: ['h264'] }));
      expect(channels).to.have.length(1);
      await page.render(player({ stream: 'door', codecs: ['h264'] }));
      expect(channels.map(({ stream, closed }) => [stream, closed])).to.deep.equal([
        ['bench', true],
        ['door', false],
      ]);
      expect(seen.facts.started).to.equal(true);
    });

    it('brings a new token on the connection that there is', async () => {
      await page.render(player({ token: 'first' }));
      expect(channels[0]?.token).to.equal('first');
      await page.render(player({ token: 'second' }));
      expect(channels).to.have.length(1);
      expect(channels[0]?.tokens).to.deep.equal(['second']);
    });

    it('lets the video come and go', async () => {
      await page.render(player({ video: false }));
      await page.render(player());
      expect(video().playsInline).to.equal(true);
      await page.render(player({ video: false }));
      await page.render(player());
      expect(video().playsInline).to.equal(true);
    });

    it('says that there is no picture to keep yet', async () => {
      await page.render(player());
      const refused = await seen.snapshot().catch((error: DOMException) => error.name);
      expect(refused).to.equal('InvalidStateError');
      expect(seen.report()).to.contain('idle');
    });

    it('touches nothing on a server, and becomes itself in the browser', async () => {
      expect(renderToString(player({ autostart: true }))).to.match(/^<p>idle(<!-- -->)?<video><\/video><\/p>$/);
      expect(channels).to.deep.equal([]);
      await page.hydrate(player({ autostart: true }));
      expect(channels).to.have.length(1);
    });
  });
}
