import type { CSSResult, ReactiveController, ReactiveControllerHost } from 'lit';
import { learn } from './localize.js';
import { dress } from './sheets.js';
import type { Words } from './words.js';

/** A module with a part of the element. */
interface Module {
  /** Go into the element's root with it. */
  styles?: CSSResult;
  /** The English ones that only it needs. */
  words?: Partial<Words>;
}

/** For who wrote the page; a person is told in words of their own. */
const NOT_FETCHED = 'A part of <webrtc-preview> could not be loaded. Serve the folder "parts" beside the script.';

/** A part of the element that is fetched when it is first needed; the element renders again once it is here. */
export class Lazy<Part extends object> implements ReactiveController {
  readonly #host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment };
  readonly #load: () => Promise<Part>;
  /** Where its styles are: another document has taken nothing along. */
  #styledIn: Document | undefined;
  /** While it is being fetched. */
  loading: Promise<Part> | undefined;
  /** `undefined` until it is here. */
  part: Part | undefined;

  constructor(
    host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment },
    load: () => Promise<Part>,
  ) {
    this.#host = host;
    this.#load = load;
    host.addController(this);
  }

  /** Rejects with `NetworkError` where it cannot be fetched; the next call tries again. */
  need(): Promise<Part> {
    if (this.part) return Promise.resolve(this.part);
    this.loading ??= this.#load().then(
      (part) => {
        this.loading = undefined;
        this.part = part;
        learn((part as Module).words);
        this.hostUpdate();
        this.#host.requestUpdate();
        return part;
      },
      (error: unknown) => {
        this.loading = undefined;
        throw new DOMException(`${NOT_FETCHED} (${error})`, 'NetworkError');
      },
    );
    return this.loading;
  }

  /** The styles come before what they are for, even where the part was here before the root. */
  hostUpdate(): void {
    const { renderRoot } = this.#host;
    const styles = (this.part as Module | undefined)?.styles;
    if (!styles || !renderRoot || !('adoptedStyleSheets' in renderRoot) || renderRoot.ownerDocument === this.#styledIn)
      return;
    this.#styledIn = renderRoot.ownerDocument;
    dress(renderRoot as ShadowRoot, [styles]);
  }
}
