import type { IceOptions } from '../ice/options.js';
import type { WebRTCSignalingOptions } from '../options.js';
import type { ServeValues } from './serve-options.js';

/** The plugin's options that the command line says; what it does not say is left to the plugin. */
export function pluginOptions(values: ServeValues): WebRTCSignalingOptions {
  const tokens = tokenOptions(values);
  const { origin, redis } = values;
  return given({
    path: values.path,
    origins: origin.includes('*') ? true : origin,
    allowPublish: tokens ? undefined : values['allow-publish'],
    tokens,
    ...turnOptions(values),
    maxViewers: values['max-viewers'],
    senderPolicy: values['sender-policy'],
    redis: redis && { url: redis },
    trustProxy: values['trust-proxy'].length > 0 ? values['trust-proxy'] : undefined,
  });
}

function tokenOptions(values: ServeValues): Record<string, unknown> | undefined {
  const source = given({
    secret: values['token-secret'],
    secretFile: values['token-secret-file'],
    jwks: values.jwks,
  });
  if (Object.keys(source).length === 0) return undefined;
  return { ...source, ...(values['public-watch'] && { anonymous: 'watch' }) };
}

/** Those about STUN and TURN, for whoever wants only these. */
export function turnOptions(values: ServeValues): IceOptions {
  const { turn, 'turn-secret': secret, 'turn-secret-file': secretFile, 'turn-ttl': ttlS } = values;
  if (secret !== undefined) return { turn: { urls: turn, secret, ttlS } };
  if (secretFile !== undefined) return { turn: { urls: turn, secretFile, ttlS } };
  const { 'turn-username': username, 'turn-credential': credential } = values;
  const stun = turn.filter((url) => url.startsWith('stun'));
  const relays = turn.filter((url) => url.startsWith('turn'));
  return {
    // Said even when there is none: the environment has been read here, all of it.
    iceServers: [
      ...(stun.length > 0 ? [{ urls: stun }] : []),
      ...(relays.length > 0 && username !== undefined && credential !== undefined
        ? [{ urls: relays, username, credential }]
        : []),
    ],
  };
}

/** Without the keys that have nothing. */
function given(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
