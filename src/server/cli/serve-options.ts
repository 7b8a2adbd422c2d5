import type { Values } from './options.js';
import { usage } from './problem.js';
import { readOptions, type Source } from './read.js';
import { COMMANDS } from './table.js';

type ServeTable = typeof COMMANDS.serve.options;

/** What `serve` was told, and `doctor` of it. */
export type ServeValues = Values<Omit<ServeTable, 'no-demo' | 'log-level' | 'log-format'>>;

export function readServeOptions(args: readonly string[], env: NodeJS.ProcessEnv): Values<ServeTable> {
  const { values, source } = readOptions('serve', COMMANDS.serve.options, args, env);
  return { ...values, ...settle(values, source) };
}

/**
 * What options mean together.
 *
 * @returns the values with what a flag has overruled taken out
 * @throws {Problem} for what contradicts itself
 */
export function settle(given: ServeValues, source: (name: keyof ServeValues) => Source): ServeValues {
  const values = onlyOne(
    onlyOne(given, source, 'token-secret', 'token-secret-file', 'jwks'),
    source,
    'turn-secret',
    'turn-secret-file',
    'turn-credential',
  );
  const has = (name: keyof ServeValues) => {
    const value = values[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  };
  const needs = (name: keyof ServeValues, ...others: (keyof ServeValues)[]) => {
    if (has(name) && !others.some(has))
      throw usage(`${called(name)} needs ${others.map(called).join(' or ')} as well.`);
  };

  needs('public-watch', 'token-secret-file', 'token-secret', 'jwks');
  if (source('allow-publish') === 'flag' && usesTokens(values)) {
    throw usage(
      '--allow-publish is for a server without tokens.',
      'Leave it away: a sender needs a token, wherever it is.',
    );
  }
  needs('tls-cert', 'tls-key');
  needs('tls-key', 'tls-cert');

  needs('turn-credential', 'turn-username');
  needs('turn-username', 'turn-credential', 'turn-secret', 'turn-secret-file');
  for (const name of ['turn-credential', 'turn-secret', 'turn-secret-file'] as const) needs(name, 'turn');
  if (values.turn.some((url) => url.startsWith('turn')))
    needs('turn', 'turn-credential', 'turn-secret-file', 'turn-secret');

  if (source('redis') === 'flag' && values.redis !== undefined && new URL(values.redis).password !== '') {
    throw usage(
      '--redis with a password shows it to everyone on this machine: command lines are public.',
      'Give the whole address by the environment variable REDIS_URL.',
    );
  }
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(values.path)) {
    throw usage(
      `--path ${values.path} is not a path.`,
      'Write it as in /webrtc-signaling: with “/” before, not behind.',
    );
  }
  return values;
}

/**
 * At most one of these is meant: a flag wins over the environment, two of the same kind are a mistake.
 *
 * @throws {Problem}
 */
export function onlyOne<T extends Partial<ServeValues>, K extends keyof T & keyof ServeValues>(
  values: T,
  source: (name: K) => Source,
  ...names: K[]
): T {
  const there = names.filter((name) => values[name] !== undefined);
  if (there.length < 2) return values;
  const typed = there.filter((name) => source(name) === 'flag');
  if (typed.length !== 1) throw usage(`${there.map(called).join(' and ')} are both given.`, 'Give one of them.');
  const overruled = there.filter((name) => name !== typed[0]).map((name) => [name, undefined]);
  return { ...values, ...Object.fromEntries(overruled) };
}

export function usesTokens(values: ServeValues): boolean {
  return (values['token-secret'] ?? values['token-secret-file'] ?? values.jwks) !== undefined;
}

/** As the person knows it. */
function called(name: keyof ServeValues): string {
  const option = COMMANDS.serve.options[name];
  return 'secret' in option ? option.env : `--${name}`;
}
