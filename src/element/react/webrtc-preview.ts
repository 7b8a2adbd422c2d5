'use client';

import {
  createElement,
  type ForwardRefExoticComponent,
  forwardRef,
  type HTMLAttributes,
  type RefAttributes,
  useImperativeHandle,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import type { TokenSource } from '../core/facts.js';
import type { RetryPolicy } from '../core/retry.js';
import { WebRTCPreviewElement } from '../define.js';
import type { WebRTCPreviewEventMap } from '../view/events.js';
import type { Words } from '../view/words.js';
import { useCommitEffect, useLatest, useTokenSource } from './effects.js';

/** The element's own properties; docs/element.md has each. One that is left out, or taken back, has its default. */
export interface WebRTCPreviewSettings {
  /** Address of the server: the plugin's, or any WHEP address. @default the page's origin */
  src?: string | undefined;
  /** Name under which the sender publishes. @default 'camera' */
  stream?: string | undefined;
  /** Starts without a click. */
  autostart?: boolean | undefined;
  /** The statistics are open. */
  stats?: boolean | undefined;
  /** No bar and no tools, for a page that brings its own. */
  noControls?: boolean | undefined;
  icePolicy?: 'all' | 'relay' | undefined;
  /** What proves the right to watch, or how to get it. Never rendered into markup. */
  token?: TokenSource;
  transport?: 'auto' | 'socket.io' | 'whep' | undefined;
  /** In the order of preference: `"h264 vp8"`. */
  codecs?: string | undefined;
  /** A picture older than this, in ms, is marked. */
  latencyBudget?: number | null | undefined;
  /** Seconds after which nothing is sent to a hidden page; `null`: it goes on. @default 5 */
  pauseWhenHidden?: number | null | undefined;
  fit?: 'contain' | 'cover' | undefined;
  mirror?: boolean | undefined;
  rotate?: 0 | 90 | 180 | 270 | undefined;
  /** Plays sound, where there is any and the browser allows it. */
  unmuted?: boolean | undefined;
  /** Other words than the language's own. */
  words?: Partial<Words> | undefined;
  retryPolicy?: RetryPolicy | undefined;
}

const EVENTS = {
  onStateChange: 'statechange',
  onFirstFrame: 'firstframe',
  onProblem: 'problem',
  onQualityChange: 'qualitychange',
  onTokenExpiring: 'tokenexpiring',
  onStatistics: 'statistics',
  onBudgetChange: 'budgetchange',
  onRecordingChange: 'recordingchange',
  onViewChange: 'viewchange',
} as const;
type Events = typeof EVENTS;
type EventOf<Name extends string> = Name extends keyof WebRTCPreviewEventMap
  ? WebRTCPreviewEventMap[Name]
  : CustomEvent<unknown>;

export type WebRTCPreviewHandlers = {
  [Handler in keyof Events]?: ((event: EventOf<Events[Handler]>) => void) | undefined;
};

export interface WebRTCPreviewProps
  extends WebRTCPreviewSettings,
    WebRTCPreviewHandlers,
    Omit<HTMLAttributes<WebRTCPreviewElement>, keyof WebRTCPreviewSettings | keyof WebRTCPreviewHandlers> {}

type Values = Record<string, unknown>;

/** React renders on a server, or makes what a server has rendered its own. */
const useServerMarkup = () => useSyncExternalStore(never, no, yes);
const never = () => () => {};
const no = () => false;
const yes = () => true;

/**
 * `<webrtc-preview>` for React 18 and 19; `ref` is the element. On a server it renders the tag with its attributes, so that the
 * place is taken and video starts as soon as the element's script is there, before React is.
 *
 * What a person changes (opens the statistics, say) stays until the prop changes: each prop is set when it is another than before.
 */
export const WebRTCPreview: ForwardRefExoticComponent<WebRTCPreviewProps & RefAttributes<WebRTCPreviewElement>> =
  forwardRef<WebRTCPreviewElement, WebRTCPreviewProps>(function WebRTCPreview({ token, className, ...props }, ref) {
    const host = useRef<WebRTCPreviewElement>(null);
    useImperativeHandle(ref, () => host.current as WebRTCPreviewElement, []);
    const { settings, handlers, rest } = sort(props);
    const tokenSource = useTokenSource(token);
    if (tokenSource !== undefined) settings.token = tokenSource;

    useHandlers(host, handlers);
    useSettings(host, settings);

    // Only for what a server sends: React never changes them again, the properties do. React 18 cannot set properties at all,
    // and 19 would set some of these as one and some as the other.
    const fromServer = useServerMarkup();
    const [attributes] = useState(() => (fromServer ? attributesOf(settings) : {}));
    // React 18 knows no `className` on a custom element.
    return createElement('webrtc-preview', { ...rest, ...attributes, class: className, ref: host });
  });

/** Whose prop it is: the element's, a listener's, or React's. */
function sort(props: Values): { settings: Values; handlers: Values; rest: Values } {
  const sorted = { settings: {} as Values, handlers: {} as Values, rest: {} as Values };
  for (const [name, value] of Object.entries(props)) {
    if (name in EVENTS) sorted.handlers[name] = value;
    else if (!isSetting(name)) sorted.rest[name] = value;
    else if (value !== undefined) sorted.settings[name] = value;
  }
  return sorted;
}

/** Lit keeps a table of the element's properties, on a server too; what is `state` in it is nobody else's. */
const declared = (name: string) => WebRTCPreviewElement.elementProperties.get(name);
const isSetting = (name: string) => declared(name) !== undefined && !declared(name)?.state;

/** Text, numbers and switches; a secret has no place in markup. */
function attributesOf(settings: Values): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    const attribute = declared(name)?.attribute ?? true;
    if (attribute === false || name === 'token') continue;
    const key = attribute === true ? name.toLowerCase() : attribute;
    if (value === true) attributes[key] = '';
    else if (typeof value === 'string' || typeof value === 'number') attributes[key] = String(value);
  }
  return attributes;
}

type Host = { readonly current: WebRTCPreviewElement | null };

function useSettings(host: Host, settings: Values): void {
  const given = useRef<Values>({});
  useCommitEffect(() => {
    const element = host.current as unknown as Values | null;
    if (!element) return;
    const before = given.current;
    given.current = settings;
    for (const [name, value] of Object.entries(settings)) {
      if (value !== before[name]) element[name] = value;
    }
    const takenBack = Object.keys(before).filter((name) => !(name in settings));
    if (takenBack.length === 0) return;
    const fresh = document.createElement('webrtc-preview') as unknown as Values;
    for (const name of takenBack) element[name] = fresh[name];
  });
}

function useHandlers(host: Host, handlers: Values): void {
  const latest = useLatest(handlers as Partial<Record<keyof Events, (event: Event) => void>>);
  const toldState = useRef('idle');
  useCommitEffect(() => {
    const element = host.current;
    if (!element) return;
    const stops = (Object.keys(EVENTS) as (keyof Events)[]).map((handler) => {
      const listener = (event: Event) => {
        if (handler === 'onStateChange') toldState.current = (event as CustomEvent<{ state: string }>).detail.state;
        latest.current[handler]?.(event);
      };
      element.addEventListener(EVENTS[handler], listener);
      return () => element.removeEventListener(EVENTS[handler], listener);
    });
    // From a server's markup the element has lived before React came: what the state has become meanwhile is told now.
    const { state } = element;
    const previous = toldState.current;
    if (state !== previous) element.dispatchEvent(new CustomEvent('statechange', { detail: { state, previous } }));
    return () => {
      for (const stop of stops) stop();
    };
  }, [host, latest]);
}
