/*
 * A MediaRecorder ends with InvalidModificationError when a track of its stream changes (Chromium and the standard), which every
 * new connection does; and its files cannot be joined. So each connection is recorded into a file of its own. The alternative, one
 * steady track behind a canvas or a second peer connection, costs a decode and an encode more for as long as it runs.
 */

/**
 * The first that the browser can write; mp4 before webm, for the players that people have. avc3 and not avc1: a picture that
 * changes its size, as one does whose link carries less, makes an avc1 file that cannot be decoded from there on (Chromium 156).
 */
const TYPES = [
  'video/mp4;codecs=avc3.42E033,mp4a.40.2',
  'video/mp4;codecs=avc3.42E033,opus',
  'video/webm;codecs=vp9,opus',
  'video/webm;codecs=vp8,opus',
  'video/webm',
  'video/mp4',
];
/** What is written leaves the page's memory once a second. */
const SLICE_MS = 1_000;
/** A longer recording goes on in another file: about 20 minutes of a 1080p camera. */
const PART_BYTES = 2 ** 30;
/** The browsers' own choice, 2.5 Mbit/s whatever the size, blurs a large picture. */
const BITS_PER_PIXEL = 0.1;
const LEAST_BITS_PER_SECOND = 2_500_000;

export const canRecord = (): boolean => typeof MediaRecorder !== 'undefined';

export interface Source {
  media: MediaStream | null;
  audio: MediaStream | null;
}

/** One recording, from when it is made until `stop()`. */
export class Recorder {
  readonly since = Date.now();
  readonly #onPart: (part: Blob, last: boolean) => void;
  readonly #partBytes: number;
  #tracks: MediaStreamTrack[] = [];
  #recorder: MediaRecorder | undefined;
  #chunks: Blob[] = [];
  #bytes = 0;
  #last: Blob | undefined;
  #stopping: ((part: Blob) => void) | undefined;

  /** @param onPart called with each file as soon as it is finished */
  constructor(onPart: (part: Blob, last: boolean) => void, partBytes = PART_BYTES) {
    this.#onPart = onPart;
    this.#partBytes = partBytes;
  }

  /** Records what is shown now. Where that is other tracks than before, a file ends and the next begins. */
  follow({ media, audio }: Source): void {
    const tracks = [...(media?.getVideoTracks() ?? []), ...(audio?.getAudioTracks() ?? [])];
    const same = tracks.length === this.#tracks.length && tracks.every((track) => this.#tracks.includes(track));
    if (same || this.#stopping || !tracks.some(({ kind, readyState }) => kind === 'video' && readyState === 'live')) {
      return;
    }
    this.#tracks = tracks;
    if (this.#recorder) this.#recorder.stop();
    else this.#begin();
  }

  /** Ends the last file. */
  stop(): Promise<Blob> {
    return new Promise((resolve) => {
      this.#stopping = resolve;
      if (this.#recorder) this.#recorder.stop();
      else this.#end();
    });
  }

  #begin(): void {
    const tracks = this.#tracks;
    const hasSound = tracks.some(({ kind }) => kind === 'audio');
    const types = hasSound ? TYPES : TYPES.map((type) => type.split(',')[0] as string);
    const mimeType = types.find((type) => MediaRecorder.isTypeSupported(type));
    const { width = 0, height = 0, frameRate = 30 } = tracks[0]?.getSettings() ?? {};
    const recorder = new MediaRecorder(new MediaStream(tracks), {
      videoBitsPerSecond: Math.max(LEAST_BITS_PER_SECOND, width * height * frameRate * BITS_PER_PIXEL),
      ...(mimeType ? { mimeType } : {}),
    });
    this.#recorder = recorder;
    recorder.ondataavailable = ({ data }) => {
      if (data.size > 0) this.#chunks.push(data);
      this.#bytes += data.size;
      if (this.#bytes > this.#partBytes && recorder.state === 'recording') recorder.stop();
    };
    // Also when it ends by itself: its tracks are over, or it cannot go on with what they have become.
    recorder.onstop = () => this.#end(recorder.mimeType, tracks);
    recorder.start(SLICE_MS);
  }

  #end(type = '', tracks = this.#tracks): void {
    const { length } = this.#chunks;
    if (length > 0) {
      this.#last = new Blob(this.#chunks, { type: type.split(';')[0] as string });
      this.#onPart(this.#last, this.#stopping !== undefined);
    }
    this.#chunks = [];
    this.#bytes = 0;
    this.#recorder = undefined;
    // After one that wrote nothing, another of the same tracks would write nothing either.
    const goesOn = length > 0 || tracks !== this.#tracks;
    if (this.#stopping) this.#stopping(this.#last ?? new Blob());
    else if (goesOn && this.#tracks.some(({ readyState }) => readyState === 'live')) this.#begin();
  }
}
