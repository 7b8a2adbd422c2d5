import type { FastifyInstance } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { ErrorMessage, IceConfig, StreamInfo } from '../../protocol/index.js';

/* What the routes answer, for OpenAPI only: see {@link asDocumented}. What grows is left open. */

const open = { additionalProperties: true } as const;

export const ErrorBody = Type.Object({ error: ErrorMessage }, { description: 'Why not, in words and as a code.' });

export const Health = Type.Object({
  ok: Type.Boolean(),
  version: Type.String(),
  uptimeS: Type.Number({ description: 'Seconds since the plugin was registered.' }),
  cluster: Type.String({ description: '`single`, `ready` or `degraded` (Redis is away).' }),
  turn: Type.String({ description: '`none`, `unknown` (not tested yet), `ok` or `failing`.' }),
});

export const Streams = Type.Object({
  streams: Type.Array(
    Type.Object(
      {
        ...StreamInfo.properties,
        viewers: Type.Optional(Type.Integer({ description: 'For those who manage.' })),
      },
      open,
    ),
  ),
});

const Verdict = Type.Object(
  {
    code: Type.String(),
    message: Type.String({ description: 'The first thing that is wrong, or that nothing is.' }),
    next: Type.String({ description: 'What to do about it; empty when there is nothing to do.' }),
  },
  { description: 'In words for a person.' },
);

const summary = {
  session: Type.String(),
  stream: Type.String(),
  via: Type.String({ description: '`socket` or `whep`.' }),
  subject: Type.Optional(Type.String()),
  state: Type.String({ description: '`joined`, `offered`, `answered`, `live` or `closed`.' }),
  joinedAtMs: Type.Number({ description: 'Unix time in ms.' }),
  candidates: Type.Object({}, { ...open, description: 'How many of each kind either side has sent.' }),
  verdict: Verdict,
};

export const Sessions = Type.Object({ sessions: Type.Array(Type.Object(summary, open)) });
export const Story = Type.Object(
  {
    ...summary,
    entries: Type.Array(
      Type.Object({
        atMs: Type.Number({ description: 'Unix time in ms.' }),
        event: Type.String(),
        code: Type.Optional(Type.String()),
        detail: Type.Optional(Type.String()),
      }),
    ),
    dropped: Type.Integer({ description: 'Entries that had no room any more.' }),
  },
  open,
);
export const Ended = Type.Object({ ended: Type.Integer() });
export const TurnTest = Type.Object({ ok: Type.Boolean(), servers: Type.Array(Type.Object({}, open)) }, open);
export { IceConfig };

/** A route's `schema`: what @fastify/swagger shows of it. */
export function describe(
  summary: string,
  ok: Record<number, TSchema | { type: string }>,
  extra: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    summary,
    // Not as `security`: @fastify/swagger throws when the app has not defined a scheme of that name.
    description: 'With `Authorization: Bearer …` where the server asks for tokens.',
    tags: ['webrtc-preview'],
    response: { ...ok, '4xx': ErrorBody },
    ...extra,
  };
}

/**
 * The schemas of this scope's routes say what there is and do nothing more: answers are written as they are, so that no field is
 * left out, and an app whose own compilers take another kind of schema (zod, for one) starts all the same.
 */
export function asDocumented(scope: FastifyInstance): void {
  scope.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  scope.setValidatorCompiler(() => () => true);
}

/** For routes that are no part of the interface: preflights, and what is refused. */
export const HIDDEN: Record<string, unknown> = { hide: true };
