import type { TokenSource } from '../core/facts.js';
import { defaultRetryPolicy, type RetryPolicy } from '../core/retry.js';
import type { WordsOverride } from './words.js';

/* What a page may write into the attributes, and what becomes of what makes no sense. */

/** Those with few values; the first is the default. */
const ALLOWED = {
  icePolicy: ['all', 'relay'],
  transport: ['auto', 'socket.io', 'whep'],
  fit: ['contain', 'cover'],
  rotate: [0, 90, 180, 270],
} as const satisfies Record<string, readonly (string | number)[]>;

export type Fit = (typeof ALLOWED.fit)[number];
export type Rotation = (typeof ALLOWED.rotate)[number];
export type Transport = (typeof ALLOWED.transport)[number];

/** Whatever is set to one of these says yes or no. */
const SWITCHES = ['autostart', 'stats', 'noControls', 'mirror', 'unmuted'] as const;

export interface Settings extends Record<(typeof SWITCHES)[number], boolean> {
  src: string;
  stream: string;
  codecs: string | readonly string[];
  retryPolicy: RetryPolicy | undefined;
  words: WordsOverride | undefined;
  token: TokenSource;
  icePolicy: RTCIceTransportPolicy;
  transport: Transport;
  fit: Fit;
  rotate: Rotation;
  latencyBudget: number | null;
  pauseWhenHidden: number | null;
}

export const PAUSE_WHEN_HIDDEN_S = 5;

/** Puts the default where there is a value that means nothing, and says so once in the console. */
export function mend(settings: Settings): void {
  // Frameworks set what they were not given.
  settings.src ??= '';
  settings.stream ??= 'camera';
  settings.codecs ??= '';
  // A page may well have its address as a URL.
  if ((settings.src as unknown) instanceof URL) settings.src = String(settings.src);
  if (typeof settings.src !== 'string') replace(settings, 'src', '');
  if (typeof settings.stream !== 'string') replace(settings, 'stream', 'camera');
  if (Array.isArray(settings.codecs)) settings.codecs = settings.codecs.filter(isText).join(' ');
  if (typeof settings.codecs !== 'string') replace(settings, 'codecs', '');
  // An attribute that goes leaves null behind, and an empty one proves nothing either.
  if (!settings.token) settings.token = undefined;
  else if (!isText(settings.token) && typeof settings.token !== 'function') replace(settings, 'token', undefined);
  if (typeof (settings.retryPolicy ?? defaultRetryPolicy).nextDelayMs !== 'function') {
    replace(settings, 'retryPolicy', undefined);
  }
  if (settings.words && typeof settings.words !== 'object') replace(settings, 'words', undefined);
  for (const name of SWITCHES) settings[name] = Boolean(settings[name]);
  for (const [name, allowed] of Object.entries(ALLOWED)) {
    const key = name as keyof typeof ALLOWED;
    if (!(allowed as readonly unknown[]).includes(settings[key])) replace(settings, key, allowed[0]);
  }
  if (!isAmount(settings.latencyBudget)) replace(settings, 'latencyBudget', null);
  if (settings.pauseWhenHidden === Number.POSITIVE_INFINITY) settings.pauseWhenHidden = null;
  if (!isAmount(settings.pauseWhenHidden)) replace(settings, 'pauseWhenHidden', PAUSE_WHEN_HIDDEN_S);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isAmount(value: unknown): boolean {
  return value === null || (typeof value === 'number' && value >= 0);
}

const warned = new Set<string>();

/** Who wrote the page must hear of it, and only in the console. */
export function warnOnce(text: string): void {
  // biome-ignore lint/suspicious/noConsole: nobody else can do anything about it.
  if (!warned.has(text)) console.warn(`<webrtc-preview>: ${text}`);
  warned.add(text);
}

/** Whatever it is, in a sentence: not everything can be made a text of. */
export function shown(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `such an ${typeof value}`;
  }
}

function replace(settings: Settings, name: keyof Settings, value: unknown): void {
  // What is no proof may still be a secret.
  const wrong = name === 'token' ? `a ${typeof settings.token}` : shown(settings[name]);
  warnOnce(`${name} cannot be ${wrong}; it is ${value === '' ? 'empty' : value} instead.`);
  Object.assign(settings, { [name]: value });
}

/** A number, or nothing where the attribute is not there. */
export const amount = { fromAttribute: (value: string | null) => (value === null ? null : Number(value)) };

/** Seconds, or `never`. */
export const secondsOrNever = {
  fromAttribute: (value: string | null) =>
    value === null ? PAUSE_WHEN_HIDDEN_S : value === 'never' ? null : Number(value || Number.NaN),
};

/** "h264 vp8" */
export function listOf(codecs: string | readonly string[]): string[] {
  return String(codecs)
    .split(/[\s,]+/)
    .filter((name) => name !== '');
}
