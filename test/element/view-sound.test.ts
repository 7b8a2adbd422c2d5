import { expect } from '@esm-bundle/chai';
import { factsOf } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, soon, textOf } from './fixture.js';

describe('sound', () => {
  let element: DrivenPreview;
  let context: AudioContext;
  let audio: MediaStream;
  const { play } = HTMLAudioElement.prototype;
  const { addEventListener: _ } = window;

  beforeEach(async () => {
    context = new AudioContext();
    audio = context.createMediaStreamDestination().stream;
    element = await mount();
    element.fake.tell({ ...factsOf('live'), audio });
    await element.updateComplete;
    await element.updateComplete;
  });

  afterEach(() => {
    HTMLAudioElement.prototype.play = play;
    element.remove();
    return context.close();
  });

  const muted = () => element.matches(':state(muted)');

  it('is off until it is asked for', () => {
    expect(muted()).to.equal(true);
    expect(part(element, 'mute-button').getAttribute('aria-label')).to.equal('Turn sound on');
    expect(element.unmuted).to.equal(false);
  });

  it('has no button where there is none', async () => {
    element.fake.tell({ audio: null });
    await element.updateComplete;
    expect(parts(element, 'mute-button')).to.deep.equal([]);
    expect(muted()).to.equal(false);
  });

  it('goes on and off with the loudspeaker, and with m', async () => {
    part(element, 'mute-button').click();
    await soon(() => !muted());
    expect(element.unmuted).to.equal(true);
    expect(part(element, 'mute-button').getAttribute('aria-label')).to.equal('Mute');
    part(element, 'base').dispatchEvent(new KeyboardEvent('keydown', { key: 'm', bubbles: true, composed: true }));
    await soon(muted);
    expect(element.unmuted).to.equal(false);
  });

  it('goes on with the attribute, and is silent once the stream is over', async () => {
    element.unmuted = true;
    await soon(() => !muted());
    element.fake.tell({ ...factsOf('idle'), audio: null });
    await element.updateComplete;
    expect(muted()).to.equal(false);
    element.fake.tell({ ...factsOf('live'), audio });
    await soon(() => parts(element, 'mute-button').length > 0 && !muted());
  });

  it('stays off when the browser refuses, and says what to do', async () => {
    let refusing = true;
    HTMLAudioElement.prototype.play = function () {
      return refusing ? Promise.reject(new DOMException('No click.', 'NotAllowedError')) : play.call(this);
    };
    element.unmuted = true;
    await soon(() => parts(element, 'note').length > 0);
    expect(textOf(part(element, 'note'))).to.contain('press the loudspeaker');
    expect([muted(), element.unmuted]).to.deep.equal([true, true]);
    refusing = false;
    part(element, 'mute-button').click();
    await soon(() => !muted());
    expect(element.unmuted).to.equal(true);
  });
});
