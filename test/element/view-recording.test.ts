import { expect } from '@esm-bundle/chai';
import { elapsed } from '../../src/element/view/parts/marks.js';
import { Recorder } from '../../src/element/view/parts/recorder.js';
import { factsOf } from './fake-core.js';
import { type DrivenPreview, mount, nextDownload, part, parts, soon, sunset, textOf } from './fixture.js';

/** How large the video of a file is; rejects where nobody can play it. */
function sizeOf(file: Blob): Promise<[number, number]> {
  const video = document.createElement('video');
  video.src = URL.createObjectURL(file);
  return new Promise((resolve, reject) => {
    video.onloadeddata = () => resolve([video.videoWidth, video.videoHeight]);
    video.onerror = () => reject(video.error);
  });
}

const written = () => new Promise((resolve) => setTimeout(resolve, 400));

describe('recording', () => {
  let element: DrivenPreview;
  let media: MediaStream;
  let told: { recording: boolean; part: Blob | null }[];
  const press = () =>
    part(element, 'base').dispatchEvent(new KeyboardEvent('keydown', { key: 'r', bubbles: true, composed: true }));

  beforeEach(async () => {
    element = await mount();
    media = sunset(320, 180);
    element.fake.tell({ ...factsOf('live'), media });
    await new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    told = [];
    element.addEventListener('recordingchange', ({ detail }) => told.push(detail));
  });

  afterEach(() => {
    element.remove();
    for (const track of media.getTracks()) track.stop();
  });

  it('gives a file that can be played', async () => {
    await element.startRecording();
    await element.updateComplete;
    expect([element.recording, element.matches(':state(recording)')]).to.deep.equal([true, true]);
    expect(textOf(part(element, 'recording-mark'))).to.match(/^0:0\d$/);
    await written();
    const file = await element.stopRecording();
    await element.updateComplete;
    expect([element.recording, element.matches(':state(recording)')]).to.deep.equal([false, false]);
    expect(parts(element, 'recording-mark')).to.deep.equal([]);
    expect(file.type).to.match(/^video\/(mp4|webm)$/);
    expect(await sizeOf(file)).to.deep.equal([320, 180]);
    expect(told).to.deep.equal([
      { recording: true, part: null },
      { recording: false, part: file },
    ]);
  });

  it('goes on while the page is hidden: frames are wanted as long as it lasts', async () => {
    await element.startRecording();
    await element.updateComplete;
    expect(element.fake.framesWanted).to.equal(1);
    await element.stopRecording();
    await element.updateComplete;
    expect(element.fake.framesWanted).to.equal(0);
  });

  it('cannot begin before there is a picture', async () => {
    element.fake.tell({ ...factsOf('connecting'), media: null });
    const refused = await element.startRecording().catch((error: DOMException) => error);
    expect(refused).to.include({ name: 'InvalidStateError', message: 'There is no picture to record yet.' });
    press();
    await soon(() => textOf(parts(element, 'note')[0] ?? null) === 'There is no picture to record yet.');
    expect(element.recording).to.equal(false);
    expect((await element.stopRecording()).size, 'nothing to stop').to.equal(0);
  });

  it('goes on in another file when a new connection takes the place of the old', async () => {
    await element.startRecording();
    await written();
    const [old] = media.getVideoTracks();
    const next = sunset(640, 360);
    // As the core does it: another track in the same MediaStream.
    media.removeTrack(old as MediaStreamTrack);
    media.addTrack(next.getVideoTracks()[0] as MediaStreamTrack);
    old?.stop();
    element.fake.tell({ shownSize: { width: 640, height: 360 } });
    await soon(() => told.length === 2);
    expect(element.recording).to.equal(true);
    await soon(() => element.videoElement.videoWidth === 640);
    await written();
    const last = await element.stopRecording();
    expect(told.map(({ recording, part }) => [recording, part !== null])).to.deep.equal([
      [true, false],
      [true, true],
      [false, true],
    ]);
    expect(await sizeOf(told[1]?.part as Blob)).to.deep.equal([320, 180]);
    expect(await sizeOf(last)).to.deep.equal([640, 360]);
  });

  it('can be played to its end when the picture changed its size', async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const draw = () => canvas.getContext('2d')?.fillRect(0, 0, canvas.width, canvas.height);
    draw();
    const drawing = setInterval(draw, 50);
    const resized = canvas.captureStream(20);
    element.fake.tell({ media: resized });
    await element.startRecording();
    await written();
    Object.assign(canvas, { width: 320, height: 180 });
    await soon(() => element.videoElement.videoWidth === 320);
    await written();
    const file = await element.stopRecording();
    clearInterval(drawing);
    const video = document.createElement('video');
    video.muted = true;
    video.src = URL.createObjectURL(file);
    await video.play();
    await new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(video.error);
    });
    expect(video.videoWidth).to.equal(320);
  });

  it('ends with the video', async () => {
    await element.startRecording();
    await written();
    element.fake.tell({ ...factsOf('idle'), media: null });
    await soon(() => !element.recording);
    expect(told.at(-1)?.part?.size).to.be.above(0);
  });

  it('is ended by a stop that comes while it is still beginning', async () => {
    const beginning = element.startRecording();
    const file = await element.stopRecording();
    await beginning;
    expect(told.map(({ recording }) => recording)).to.deep.equal([true, false]);
    expect([element.recording, element.matches(':state(recording)')]).to.deep.equal([false, false]);
    expect(file).to.be.instanceOf(Blob);
    await element.updateComplete;
    expect(element.fake.framesWanted).to.equal(0);
  });

  it('does what it is told in that order, and gives the same file to all that end it', async () => {
    await element.startRecording();
    await written();
    const [one, same] = [element.stopRecording(), element.stopRecording()];
    const again = element.startRecording();
    expect((await one) === (await same)).to.equal(true);
    await again;
    expect(element.recording).to.equal(true);
    await written();
    const next = await element.stopRecording();
    expect(next === (await one)).to.equal(false);
    expect(element.recording).to.equal(false);
  });

  it('is one, however often its key is pressed before it begins', async () => {
    press();
    press();
    await soon(() => element.recording);
    await written();
    await element.stopRecording();
    expect(told.map(({ recording }) => recording)).to.deep.equal([true, false]);
  });

  it('is saved as a file when a person made it', async () => {
    press();
    await soon(() => element.recording);
    await written();
    const saved = nextDownload();
    press();
    expect(await saved).to.match(/^camera-\d{4}(-\d\d){5}\.(mp4|webm)$/);
  });

  it('is not saved as a file when the page made it', async () => {
    const saved = nextDownload();
    await element.startRecording();
    await written();
    await element.stopRecording();
    const link = document.createElement('a');
    link.download = 'the first';
    link.click();
    expect(await saved).to.equal('the first');
  });

  it('begins another file before one is too large for memory', async () => {
    const files: Blob[] = [];
    const recorder = new Recorder((file) => files.push(file), 1);
    recorder.follow({ media, audio: null });
    // Browsers hand an mp4 over a keyframe at a time, every few seconds.
    await soon(() => files.length === 1);
    await written();
    const last = await recorder.stop();
    expect(files).to.have.length(2);
    expect(last === files[1]).to.equal(true);
    for (const file of files) expect(await sizeOf(file)).to.deep.equal([320, 180]);
  }).timeout(30_000);

  it('takes the sound along', async () => {
    const context = new AudioContext();
    const tone = new OscillatorNode(context);
    const sound = context.createMediaStreamDestination();
    tone.connect(sound);
    tone.start();
    element.fake.tell({ audio: sound.stream });
    await element.startRecording();
    await written();
    const file = await element.stopRecording();
    const { numberOfChannels, length } = await context.decodeAudioData(await file.arrayBuffer());
    expect(numberOfChannels).to.be.above(0);
    expect(length).to.be.above(0);
    await context.close();
  });

  it('says how long it has lasted', () => {
    expect([0, 7_900, 754_000, 3_723_000].map(elapsed)).to.deep.equal(['0:00', '0:07', '12:34', '1:02:03']);
  });
});
