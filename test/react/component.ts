import { expect } from '@esm-bundle/chai';
import { act, createElement, createRef, type Ref } from 'react';
import type { TokenSource } from '../../src/element/core/facts.js';
import { type CoreOptions, WebRTCPreviewElement } from '../../src/element/index.js';
import { WebRTCPreview, type WebRTCPreviewProps, type WebRTCPreviewSettings } from '../../src/element/react/index.js';
import { FakeCore, factsOf } from '../element/fake-core.js';
import { Mounted, until } from './mounted.js';

export function componentTests(): void {
  const real = Object.getOwnPropertyDescriptor(WebRTCPreviewElement.prototype, 'createCore') as PropertyDescriptor;
  let cores: FakeCore[];
  let options: CoreOptions[];
  let page: Mounted;

  const preview = (props: WebRTCPreviewProps & { ref?: Ref<WebRTCPreviewElement> } = {}) =>
    createElement(WebRTCPreview, props);
  const element = () => page.box.querySelector('webrtc-preview') as WebRTCPreviewElement;
  const tell = (state: Parameters<typeof factsOf>[0]) => act(async () => cores.at(-1)?.tell(factsOf(state)));

  beforeEach(() => {
    cores = [];
    options = [];
    page = new Mounted();
    Object.defineProperty(WebRTCPreviewElement.prototype, 'createCore', {
      configurable: true,
      value: (given: CoreOptions) => {
        options.push(given);
        cores.push(new FakeCore());
        return cores.at(-1);
      },
    });
  });

  afterEach(async () => {
    await page.end();
    Object.defineProperty(WebRTCPreviewElement.prototype, 'createCore', real);
  });

  describe('<WebRTCPreview>', () => {
    it('knows every setting as a property of the element', () => {
      const unknown = Object.keys(SETTINGS).filter((name) => !WebRTCPreviewElement.elementProperties.has(name));
      expect(unknown).to.deep.equal([]);
    });

    it('makes one core, with what its props say', async () => {
      const ref = createRef<WebRTCPreviewElement>();
      await page.render(
        preview({
          ref,
          src: 'https://robot.local',
          stream: 'bench',
          icePolicy: 'relay',
          noControls: true,
          autostart: true,
          className: 'wide',
          style: { width: 300 },
          title: 'Bench',
        }),
      );
      await element().updateComplete;
      expect(ref.current).to.equal(element());
      expect(cores).to.have.length(1);
      expect(options[0]).to.include({ src: 'https://robot.local', stream: 'bench', icePolicy: 'relay' });
      expect(cores[0]?.calls).to.include('start');
      expect(element().noControls).to.equal(true);
      expect(element().className).to.equal('wide');
      expect(element().style.width).to.equal('300px');
      expect(element().title).to.equal('Bench');
    });

    it('puts children into the element’s slots', async () => {
      const poster = createElement('img', { slot: 'poster', alt: '' });
      await page.render(createElement(WebRTCPreview, null, poster));
      expect(element().querySelector('img')?.slot).to.equal('poster');
    });

    it('follows its props, and has the default again when one is taken back', async () => {
      await page.render(preview({ stream: 'bench', stats: true }));
      expect(element().stream).to.equal('bench');
      await page.render(preview({ stream: 'door', stats: false }));
      expect(element().stream).to.equal('door');
      expect(element().stats).to.equal(false);
      await page.render(preview({ stream: undefined }));
      expect(element().stream).to.equal('camera');
    });

    it('leaves alone what a person has changed, until its prop changes', async () => {
      await page.render(preview({ stats: false, title: 'one' }));
      element().stats = true;
      await page.render(preview({ stats: false, title: 'two' }));
      expect(element().stats).to.equal(true);
    });

    it('gives the element one token provider, which asks the newest', async () => {
      const asked: string[] = [];
      const provider = (name: string) => () => {
        asked.push(name);
        return name;
      };
      await page.render(preview({ token: provider('first') }));
      const given = element().token as TokenSource;
      expect(given).to.be.a('function');
      await page.render(preview({ token: provider('second') }));
      expect(element().token).to.equal(given);
      if (typeof given === 'function') given();
      expect(asked).to.deep.equal(['second']);
      await page.render(preview({ token: 'text' }));
      expect(element().token).to.equal('text');
      expect(element().outerHTML).not.to.contain('text');
    });

    it('calls the handlers of the newest render, once each', async () => {
      const heard: string[] = [];
      const render = (name: string) =>
        page.render(
          preview({
            onStateChange: ({ detail }) => heard.push(`${name} ${detail.previous} → ${detail.state}`),
            onFirstFrame: ({ detail }) => heard.push(`${name} ${detail.size?.width}`),
          }),
          { strict: true },
        );
      await render('first');
      await tell('connecting');
      await render('second');
      await tell('live');
      expect(heard).to.deep.equal(['first idle → connecting', 'second connecting → live', 'second 1280']);
    });

    it('costs one core under StrictMode too, and none when it has left', async () => {
      await page.render(preview(), { strict: true });
      await element().updateComplete;
      expect(cores).to.have.length(1);
      expect(cores[0]?.closed).to.equal(false);
      await page.unmount();
      await until(() => cores[0]?.closed === true);
      expect(cores).to.have.length(1);
    });

    it('is the tag with its attributes in a server’s markup, without the secret', async () => {
      const markup = await page.hydrate(
        preview({
          src: '/signal',
          stream: 'bench',
          autostart: true,
          noControls: true,
          token: 'secret',
          className: 'wide',
        }),
      );
      expect(markup).to.match(/^<webrtc-preview .*><\/webrtc-preview>$/);
      expect(markup).to.contain('src="/signal"').and.to.contain('stream="bench"').and.to.contain('class="wide"');
      expect(markup)
        .to.match(/ autostart(=""| |>)/)
        .and.to.match(/ no-controls(=""| |>)/);
      expect(markup).not.to.contain('secret');
      expect(element().token).to.equal('secret');
    });

    it('takes over what a server has rendered without another core, and can be changed then', async () => {
      const heard: string[] = [];
      const props: WebRTCPreviewProps = {
        stream: 'bench',
        autostart: true,
        onStateChange: (e) => heard.push(e.detail.state),
      };
      await page.hydrate(preview(props), async () => {
        await element().updateComplete;
        cores[0]?.tell(factsOf('live'));
      });
      await element().updateComplete;
      expect(cores).to.have.length(1);
      expect(options[0]).to.include({ stream: 'bench' });
      // What has become of it before React was there is told when it is.
      expect(heard).to.deep.equal(['live']);
      await page.render(preview({ ...props, stream: 'door', autostart: false }));
      expect(element().stream).to.equal('door');
      await page.render(preview());
      expect(element().stream).to.equal('camera');
      expect(element().autostart).to.equal(false);
    });
  });
}

/** TypeScript knows their names, this program does not. */
const SETTINGS: Record<keyof WebRTCPreviewSettings, true> = {
  src: true,
  stream: true,
  autostart: true,
  stats: true,
  noControls: true,
  icePolicy: true,
  token: true,
  transport: true,
  codecs: true,
  latencyBudget: true,
  pauseWhenHidden: true,
  fit: true,
  mirror: true,
  rotate: true,
  unmuted: true,
  words: true,
  retryPolicy: true,
};
