import { expect } from '@esm-bundle/chai';
import { act, createElement, type ReactNode, StrictMode, version } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server.browser';

// React then runs effects within act(), and says when something changes outside of it.
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

export function isReact(major: number): void {
  it('is the React that the file is named after', () => {
    expect(Number.parseInt(version, 10)).to.equal(major);
  });
}

/** A tree on the page. `complaints`: what React said of it. */
export class Mounted {
  readonly box = document.createElement('div');
  readonly complaints: string[] = [];
  #root: Root | undefined;
  readonly #error = console.error;

  constructor() {
    console.error = (...words: unknown[]) => {
      const text = words.join(' ');
      // No server has a window, which this one has.
      if (!text.startsWith('Warning: useLayoutEffect does nothing on the server')) this.complaints.push(text);
    };
    document.body.append(this.box);
  }

  async render(node: ReactNode, { strict = false } = {}): Promise<void> {
    const tree = strict ? createElement(StrictMode, null, node) : node;
    await act(async () => {
      this.#root ??= createRoot(this.box);
      this.#root.render(tree);
    });
  }

  /** As a page from a server: first the markup, then React. Returns the markup. */
  async hydrate(node: ReactNode, meanwhile: () => void | Promise<void> = () => {}): Promise<string> {
    const markup = renderToString(node);
    this.box.innerHTML = markup;
    await meanwhile();
    await act(async () => {
      this.#root = hydrateRoot(this.box, node);
    });
    return markup;
  }

  async unmount(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    await act(async () => root?.unmount());
  }

  /** Rejects what React complained about: each test ends with it. */
  async end(): Promise<void> {
    await this.unmount();
    this.box.remove();
    console.error = this.#error;
    expect(this.complaints.join('\n')).to.equal('');
  }
}

/** Waits until it holds; what is not seen to hold fails by the test's own time. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
