import { expect } from '@esm-bundle/chai';
import { WebRTCPreviewElement } from '../../src/element/index.js';
import { until } from './until.js';

customElements.define('plain-preview', class extends WebRTCPreviewElement {});

describe('an address that no browser plays', () => {
  let element: WebRTCPreviewElement;
  const find = (part: string) => element.renderRoot.querySelector<HTMLElement>(`[part~='${part}']`);
  const panel = () => until(() => find('trouble') ?? undefined);

  beforeEach(() => {
    element = document.createElement('plain-preview') as WebRTCPreviewElement;
    element.src = 'rtsp://admin:hunter2@10.1.2.3/stream';
    document.body.append(element);
  });

  afterEach(() => element.remove());

  it('is explained before anybody presses Start, with a way on and without the address', async () => {
    expect((await panel()).textContent)
      .to.contain('Browsers do not play')
      .and.contain('MediaMTX or go2rtc');
    expect(element.state).to.equal('failed');
    expect(find('retry-button')).not.to.equal(null);
    expect(element.shadowRoot?.textContent).not.to.contain('hunter2').and.not.to.contain('10.1.2.3');
    expect(element.report()).not.to.contain('hunter2').and.not.to.contain('10.1.2.3');
  });

  it('still is after Start, Stop and Start', async () => {
    for (const act of ['start', 'stop', 'start'] as const) {
      element[act]();
      await element.updateComplete;
      expect((await panel()).querySelector('.retry')).not.to.equal(null);
    }
  });
});
