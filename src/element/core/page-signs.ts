export interface PageSignEvents {
  /** The page has been hidden or shown. */
  onVisibility(): void;
  /**
   * There is reason to look again at once: the device is back on a network (`online`), or the page has been away, thawed or
   * taken out of the browser's cache of whole pages (`back`).
   */
  onSign(sign: 'online' | 'back'): void;
}

/** Listens to what the page and the device say of themselves. Returns the way to stop that. */
export function watchPage(events: PageSignEvents): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const on = (target: EventTarget | undefined, type: string, listener: (event: Event) => void) =>
    target?.addEventListener?.(type, listener, { signal });
  const { document, window } = globalThis;
  const back = () => events.onSign('back');
  on(document, 'visibilitychange', () => events.onVisibility());
  // Page Lifecycle: a page that was frozen comes out of it without another word.
  on(document, 'resume', back);
  // Also said of every page that has just been loaded: nothing is to be mended there.
  on(window, 'pageshow', (event) => (event as PageTransitionEvent).persisted && back());
  on(window, 'online', () => events.onSign('online'));
  return () => listening.abort();
}

export function pageHidden(): boolean {
  return globalThis.document?.hidden === true;
}

/** The device knows of no network at all. The other answer says nothing: a network need not lead anywhere. */
export function deviceOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}
