import { nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import type { Commands } from '../commands.js';
import type { Lazy } from '../lazy.js';
import type { Words } from '../words.js';
import type { MenuView } from './menu.js';
import type { Tool } from './tools.js';

type Part = typeof import('./menu.js');

interface Host extends ReactiveControllerHost {
  readonly renderRoot: HTMLElement | DocumentFragment;
}

/** The menu of “…”: open or not, and where it stands. */
export class MoreMenu implements ReactiveController {
  readonly #host: Host;
  readonly #part: Lazy<Part>;
  #forget: (() => void) | undefined;
  isOpen = false;

  constructor(host: Host, part: Lazy<Part>) {
    this.#host = host;
    this.#part = part;
    host.addController(this);
  }

  async open(): Promise<void> {
    await this.#part.need();
    this.isOpen = true;
    this.#host.requestUpdate();
  }

  /** @returns whether it was open */
  readonly close = (): boolean => {
    const was = this.isOpen;
    this.isOpen = false;
    if (was) this.#host.requestUpdate();
    return was;
  };

  render(view: MenuView, tools: readonly Tool[], on: Commands, words: Words): TemplateResult | typeof nothing {
    return (this.isOpen && this.#part.part?.menu(view, tools, on, this.close, words)) || nothing;
  }

  hostUpdated(): void {
    const root = this.#host.renderRoot;
    const menu = root.querySelector<HTMLElement>('.menu');
    const button = root.querySelector<HTMLElement>('.more');
    if (!menu || !button) {
      this.#forget?.();
      this.#forget = undefined;
    } else this.#forget ??= this.#part.part?.open(menu, button, this.close);
  }

  /** Whatever leaves the page leaves the top layer. */
  hostDisconnected(): void {
    this.close();
  }
}
