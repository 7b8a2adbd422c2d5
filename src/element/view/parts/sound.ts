/** Plays the sound of the stream, apart from its picture. Fetched for streams that have any. */
export class Sound {
  /** It is heard. */
  audible = false;
  readonly #audio = new Audio();
  readonly #onChange: (refused: boolean) => void;

  /** @param onChange called with `true` when the browser plays sound only after a click */
  constructor(onChange: (refused: boolean) => void) {
    this.#onChange = onChange;
  }

  /** `null`: silence. */
  play(stream: MediaStream | null): void {
    if (this.#audio.srcObject === stream) return;
    this.#audio.srcObject = stream;
    if (stream) this.again(stream);
    else this.#tell(false);
  }

  /** Once more after a refusal, with the click that was asked for. */
  again(stream: MediaStream | null): void {
    if (this.#audio.srcObject !== stream) this.#audio.srcObject = stream;
    this.#audio.play().then(
      () => this.#tell(this.#audio.srcObject !== null),
      // AbortError only says that other sound, or none, is wanted by now.
      (error: unknown) => this.#tell(false, (error as DOMException | undefined)?.name === 'NotAllowedError'),
    );
  }

  #tell(audible: boolean, refused = false): void {
    if (audible === this.audible && !refused) return;
    this.audible = audible;
    this.#onChange(refused);
  }
}
