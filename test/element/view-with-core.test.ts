import { expect } from '@esm-bundle/chai';
import { type Facts, PreviewClient } from '../../src/element/client.js';
import { WebRTCPreviewElement } from '../../src/element/index.js';
import { LoopbackSender } from './loopback.js';

/** The element with the core that it has in real life; only the signalling server is missing. */
class LoopbackPreview extends WebRTCPreviewElement {
  sender: LoopbackSender | undefined;

  protected override createCore(): PreviewClient {
    this.sender = new LoopbackSender();
    return new PreviewClient({ signalling: this.sender.signalling });
  }
}
customElements.define('loopback-preview', LoopbackPreview);

describe('<webrtc-preview> with its core, on real peer connections', () => {
  let element: LoopbackPreview;

  beforeEach(async () => {
    element = new LoopbackPreview();
    document.body.append(element);
    await element.updateComplete;
  });

  afterEach(() => {
    element.remove();
    element.sender?.close();
  });

  const reaches = async (state: Facts['state']) => {
    while (element.state !== state) await new Promise((resolve) => element.addEventListener('statechange', resolve));
  };

  it('goes from Start to a live picture, and back to black', async () => {
    const sizes: unknown[] = [];
    element.addEventListener('firstframe', (event) => sizes.push(event.detail.size));
    element.renderRoot.querySelector<HTMLElement>('[part~=start-button]')?.click();
    await reaches('live');
    const video = element.renderRoot.querySelector('video') as HTMLVideoElement;
    expect(sizes).to.deep.equal([{ width: video.videoWidth, height: video.videoHeight }]);
    expect((await element.snapshot()).size).to.be.above(0);

    const section = document.createElement('section');
    document.body.append(section);
    section.append(element);
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    expect(element.state).to.equal('live');
    document.body.append(element);
    section.remove();

    element.stop();
    await reaches('idle');
    expect(video.srcObject).to.equal(null);
  });
});
