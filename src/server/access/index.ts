import { type ErrorInfo, errorInfo } from '../../protocol/index.js';
import type { Access, Admission, Authorize, Grant, Visitor } from './access.js';
import { type AllowPublish, createDefaultAccess, mayPublishFrom, publishForbidden } from './default-access.js';
import { allowsRole } from './grants.js';
import { createHookAccess } from './hook-access.js';
import {
  type AccessTools,
  createTokenAccess,
  readTokenOptions,
  type TokenOptions,
  type TokenSettings,
} from './tokens.js';
import { wrong } from './wrong.js';

export type { AllowPublish } from './default-access.js';
export type { AccessTools, TokenOptions } from './tokens.js';

/** Who may do what. At most one of the first two. */
export interface AccessOptions {
  /**
   * Decides for each visitor, when it connects, asks by HTTP, or brings a newer token. It may take 5 s. Nothing returned refuses;
   * an error, or a grant with a field that does not exist, refuses too and is logged.
   * @example authorize: async ({ token }) => (await isMember(token)) ? { subject: 'bob', watch: ['camera'] } : undefined
   */
  authorize?: Authorize;
  /** Rights by signed tokens. */
  tokens?: TokenOptions;
  /**
   * From where cameras may be published. `'loopback'` is this machine, not counting requests that a proxy passed on; a function
   * decides for each connecting sender. Beside `authorize` or `tokens` both must agree, when it is given.
   * @default 'loopback' without `authorize` and `tokens`; with one of them anywhere
   */
  allowPublish?: AllowPublish;
}

export interface AccessSettings {
  readonly authorize: Authorize | undefined;
  readonly tokens: TokenSettings | undefined;
  /** Absent where the rights alone decide. */
  readonly allowPublish: AllowPublish | undefined;
}

/**
 * @throws {TypeError} a sentence that names the plugin and the option
 */
export function readAccessOptions({ authorize, tokens, allowPublish }: AccessOptions): AccessSettings {
  if (authorize !== undefined && typeof authorize !== 'function') wrong('authorize', 'must be a function');
  if (authorize !== undefined && tokens !== undefined) {
    wrong('tokens', 'cannot be used together with "authorize": choose one of them');
  }
  if (
    allowPublish !== undefined &&
    allowPublish !== 'loopback' &&
    allowPublish !== 'any' &&
    typeof allowPublish !== 'function'
  ) {
    wrong('allowPublish', 'must be "loopback", "any" or a function');
  }
  const asked = authorize !== undefined || tokens !== undefined;
  return Object.freeze({
    authorize,
    tokens: tokens === undefined ? undefined : readTokenOptions(tokens),
    allowPublish: allowPublish ?? (asked ? undefined : 'loopback'),
  });
}

/** Decides on visitors as the settings say: their rights first, then from where they may publish, then whether that fits their role. */
export function createAccess(settings: AccessSettings, tools: AccessTools): Access {
  const { allowPublish } = settings;
  const judge = chooseAccess(settings, tools);

  /** Leaves the right to publish in a grant only where the address agrees. Who watches cannot publish, so nobody is asked. */
  async function narrow(grant: Grant, visitor: Visitor, rule: AllowPublish): Promise<Grant> {
    if (grant.publish === undefined) return grant;
    if (visitor.role !== 'receiver' && (await mayPublishFrom(visitor, rule))) return grant;
    const { publish: _publish, ...rest } = grant;
    return Object.freeze(rest);
  }

  async function admit(visitor: Visitor): Promise<Admission> {
    const judged = await judge.admit(visitor);
    if (!judged.ok) return judged;
    let grant: Grant;
    try {
      grant = allowPublish === undefined ? judged.grant : await narrow(judged.grant, visitor, allowPublish);
    } catch (err) {
      tools.log.error({ err }, '[WebRTC Signaling] The function "allowPublish" failed');
      return { ok: false, error: errorInfo('internal') };
    }
    const { role } = visitor;
    if (role === undefined || allowsRole(grant, role)) return { ok: true, grant };
    if (allowsRole(judged.grant, role)) return { ok: false, error: publishForbidden() };
    return { ok: false, error: withoutRight(visitor) };
  }

  function withoutRight({ role, token }: Visitor): ErrorInfo {
    const what = role === 'sender' ? 'publish any stream' : 'watch any stream';
    if (settings.tokens === undefined) return errorInfo('forbidden', `This connection may not ${what}.`);
    if (token === undefined) return errorInfo('token_missing', `Without a token, nobody may ${what} here.`);
    return errorInfo('forbidden', `This token does not allow to ${what}.`);
  }

  return { admit };
}

function chooseAccess({ tokens, authorize }: AccessSettings, tools: AccessTools): Access {
  if (tokens !== undefined) return createTokenAccess(tokens, tools);
  return authorize === undefined ? createDefaultAccess() : createHookAccess(authorize, tools);
}

/** Whether a refusal was a guess at a token, which counts against its address: not a forgotten, expired or insufficient one. */
export function isGuess({ token }: Pick<Visitor, 'token'>, { code }: ErrorInfo): boolean {
  return token !== undefined && code === 'unauthorized';
}

/** What is open to whom, in sentences for the start of the log. */
export function describeAccess({ authorize, tokens, allowPublish }: AccessSettings): string[] {
  const publishing = describePublishing(allowPublish);
  if (tokens !== undefined) {
    return [
      `Rights come from signed tokens (${tokens.algorithms.join(', ')}).`,
      describeAnonymous(tokens.anonymous),
      ...(publishing ? [`${publishing}, and only with a token that allows it.`] : []),
    ];
  }
  if (authorize !== undefined) {
    return [
      'The function "authorize" decides who may do what.',
      ...(publishing ? [`${publishing}, and only if it agrees.`] : []),
    ];
  }
  return [
    'Nobody is asked who he is: whoever reaches this server, by a program or a page of an allowed origin, may watch every camera and change its mode.',
    `${publishing}.`,
    'Only this machine may manage.',
    'The options "tokens" and "authorize" close this.',
  ];
}

function describePublishing(allowPublish: AllowPublish | undefined): string | undefined {
  if (allowPublish === undefined) return undefined;
  if (allowPublish === 'any') return 'Cameras may be published from any address';
  if (allowPublish === 'loopback') return 'Cameras may be published from this machine only (option "allowPublish")';
  return 'Cameras may be published from where the function "allowPublish" says';
}

function describeAnonymous(grant: Grant | undefined): string {
  if (grant === undefined) return 'Without a token nobody may do anything.';
  const rights = (['publish', 'watch', 'control'] as const).flatMap((right) => {
    const streams = grant[right];
    if (streams === true) return `${right} every stream`;
    return streams === undefined || streams.length === 0 ? [] : `${right} ${streams.join(', ')}`;
  });
  if (grant.manage) rights.push('manage');
  if (rights.length === 0) return 'Without a token nobody may do anything.';
  return `Without a token everybody may ${rights.join(' and ')}.`;
}
