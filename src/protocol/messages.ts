import Type from 'typebox';
import { LIMITS, PROTOCOL_VERSION } from './constants.js';
import { ERRORS, type ErrorCode } from './errors.js';

/*
 * The shape of everything that passes through the server. TypeScript types and JSON Schema come from the
 * same lines; docs/protocol.schema.json is written from here for programs in other languages.
 * `additionalProperties: false` everywhere bounds depth as well as keys: nothing unknown is ever relayed.
 */

const closed = { additionalProperties: false } as const;

const Text = Type.String({ maxLength: LIMITS.textLength });
const Sentence = Type.String({ maxLength: LIMITS.sentenceLength });

/** ASCII only: no look-alike, invisible or right-to-left characters in anything that names something. */
export const Id = Type.String({ pattern: `^[A-Za-z0-9_-]{1,${LIMITS.idLength}}$` });

export const Role = Type.Union([Type.Literal('sender'), Type.Literal('receiver')]);
export type Role = Type.Static<typeof Role>;

export const Token = Type.String({ minLength: 1, maxLength: LIMITS.tokenLength });

/** What a client says of itself in Socket.IO's `auth` when it connects. */
export const Handshake = Type.Object(
  {
    role: Role,
    protocol: Type.Literal(PROTOCOL_VERSION),
    /** What proves the client's rights, when the server wants proof (RFC 7519 for the ready-made check). */
    token: Type.Optional(Token),
  },
  closed,
);
export type Handshake = Type.Static<typeof Handshake>;

/** A size and rate at which a camera can run. `fps` may be fractional (29.97). */
export const Mode = Type.Object(
  {
    width: Type.Integer({ minimum: 16, maximum: 16_384 }),
    height: Type.Integer({ minimum: 16, maximum: 16_384 }),
    fps: Type.Number({ minimum: 1, maximum: 1_000 }),
  },
  closed,
);
export type Mode = Type.Static<typeof Mode>;

export const ErrorMessage = Type.Object(
  {
    code: Type.Unsafe<ErrorCode>(Type.Enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]])),
    message: Sentence,
    next: Sentence,
    retryable: Type.Boolean(),
  },
  closed,
);

/** What a sender says of its camera. */
export const Camera = Type.Object(
  {
    /** Name for a person, e.g. "Bench camera". */
    label: Text,
    /** Every mode that a viewer may choose. */
    modes: Type.Array(Mode, { maxItems: LIMITS.modes }),
    /** The mode in use, or the one that will be used when the camera starts. */
    mode: Mode,
    /** Encoder in use, e.g. "x264enc"; absent while none has been chosen. */
    encoder: Type.Optional(Text),
    /** Why the camera delivers nothing, while that is so. Viewers may still be sent a picture that says it. */
    error: Type.Optional(ErrorMessage),
    /** Why `mode` is not the one that was asked for, in a sentence for a person, while that is so. */
    notice: Type.Optional(Sentence),
  },
  closed,
);
export type Camera = Type.Static<typeof Camera>;

/** What the server knows of a stream. */
export const StreamInfo = Type.Object(
  {
    stream: Id,
    /** A sender publishes it right now. Media may flow a little longer than this is true, never trust it over frames. */
    online: Type.Boolean(),
    /** Changes whenever another sender process takes the stream over: connections to the former one are dead. */
    instance: Type.Optional(Id),
    camera: Type.Optional(Camera),
  },
  closed,
);
export type StreamInfo = Type.Static<typeof StreamInfo>;

/** RFC 8829 session description text. Structure is checked further by `sdpProblem`. */
export const Sdp = Type.String({ minLength: 10, maxLength: LIMITS.sdpLength, pattern: '^v=0\\r?\\n' });

/** RTCIceCandidateInit (W3C webrtc-pc §4.8.1.1); an empty `candidate` says that there are no more (RFC 8838 §8.2). */
export const Candidate = Type.Object(
  {
    candidate: Type.String({ maxLength: LIMITS.candidateLength, pattern: '^(candidate:[ -~]+)?$' }),
    sdpMid: Type.Optional(Type.Union([Type.String({ maxLength: 64, pattern: '^[ -~]*$' }), Type.Null()])),
    sdpMLineIndex: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 64 }), Type.Null()])),
    usernameFragment: Type.Optional(Type.Union([Type.String({ maxLength: 256, pattern: '^[ -~]*$' }), Type.Null()])),
  },
  closed,
);
export type Candidate = Type.Static<typeof Candidate>;

/** RTCIceServer (W3C webrtc-pc §4.2.4), password credentials only. */
export const IceServer = Type.Object(
  {
    urls: Type.Array(Type.String({ maxLength: 512 }), { minItems: 1, maxItems: 16 }),
    username: Type.Optional(Type.String({ maxLength: 512 })),
    credential: Type.Optional(Type.String({ maxLength: 512 })),
  },
  closed,
);
export type IceServer = Type.Static<typeof IceServer>;

export const IceConfig = Type.Object(
  {
    iceServers: Type.Array(IceServer, { maxItems: 16 }),
    /** Unix time in ms after which the credentials are refused; absent when they do not expire. */
    expiresAt: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type IceConfig = Type.Static<typeof IceConfig>;

/** The same servers as GStreamer's webrtcbin wants them: `turn://user:password@host:port?transport=udp`, percent-encoded. */
export const SenderIceConfig = Type.Object(
  {
    stunServer: Type.Optional(Type.String({ maxLength: 1_024 })),
    turnServers: Type.Array(Type.String({ maxLength: 2_048 }), { maxItems: 64 }),
    expiresAt: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type SenderIceConfig = Type.Static<typeof SenderIceConfig>;

/** Counts the negotiations of one session: 1 for the first offer, one more for each that replaces it. */
const Epoch = Type.Integer({ minimum: 1, maximum: 1_000_000 });

// ---- sender → server --------------------------------------------------------------------------------------------

export const Publish = Type.Object(
  {
    stream: Id,
    /** Random for each start of the sender: the same one coming back keeps its sessions. */
    instance: Id,
    camera: Camera,
    /** Only if the name is free: never takes the stream from another sender. For a sender that was itself replaced. */
    standby: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type Publish = Type.Static<typeof Publish>;

export const Unpublish = Type.Object({ stream: Id }, closed);
export type Unpublish = Type.Static<typeof Unpublish>;

export const UpdateCamera = Type.Object({ stream: Id, camera: Camera }, closed);
export type UpdateCamera = Type.Static<typeof UpdateCamera>;

// ---- receiver → server ------------------------------------------------------------------------------------------

export const Join = Type.Object(
  {
    stream: Id,
    /**
     * Makes the session's id known before the acknowledgement, so that the offer may follow at once: it is then
     * `<id of this Socket.IO socket>_<number>`. Another number for each session.
     */
    number: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 })),
  },
  closed,
);
export type Join = Type.Static<typeof Join>;

/** Proof that a session is the caller's, good for one {@link Resume}: 256 bits, base64url. */
export const ResumeKey = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });

export const Resume = Type.Object({ session: Id, resume: ResumeKey }, closed);
export type Resume = Type.Static<typeof Resume>;

export const Offer = Type.Object({ session: Id, epoch: Epoch, sdp: Sdp }, closed);
export type Offer = Type.Static<typeof Offer>;

export const Live = Type.Object({ session: Id, epoch: Epoch }, closed);
export type Live = Type.Static<typeof Live>;

export const SetMode = Type.Object({ session: Id, mode: Mode }, closed);
export type SetMode = Type.Static<typeof SetMode>;

// ---- either → server --------------------------------------------------------------------------------------------

export const SendCandidate = Type.Object({ session: Id, epoch: Epoch, candidate: Candidate }, closed);
export type SendCandidate = Type.Static<typeof SendCandidate>;

/** A newer token for the same connection: the rights are judged anew, and what they no longer cover ends. */
export const Authenticate = Type.Object({ token: Token }, closed);
export type Authenticate = Type.Static<typeof Authenticate>;

export const Leave = Type.Object(
  {
    session: Id,
    /** Why, when it is not simply over: e.g. a sender that has too many viewers. */
    error: Type.Optional(ErrorMessage),
  },
  closed,
);
export type Leave = Type.Static<typeof Leave>;

// ---- server → sender --------------------------------------------------------------------------------------------

export const OfferForSender = Type.Object(
  { stream: Id, session: Id, epoch: Epoch, sdp: Sdp, ice: SenderIceConfig },
  closed,
);
export type OfferForSender = Type.Static<typeof OfferForSender>;

export const SetModeForSender = Type.Object({ stream: Id, session: Id, mode: Mode }, closed);
export type SetModeForSender = Type.Static<typeof SetModeForSender>;

// ---- server → either --------------------------------------------------------------------------------------------

/**
 * `left`: its other side said goodbye. `lost`: the receiver's socket is gone and did not come back in time; its media may flow on.
 * `sender-closed`: the sender ended it. `server-closing`: the server goes down, media flows on. `kicked`: someone with the right to
 * ended it. `expired`: its rights ran out. `timeout`: a step of the session took too long. After the last three nothing may flow.
 */
export const CloseReason = Type.Union([
  Type.Literal('left'),
  Type.Literal('lost'),
  Type.Literal('sender-closed'),
  Type.Literal('server-closing'),
  Type.Literal('kicked'),
  Type.Literal('expired'),
  Type.Literal('timeout'),
]);
export type CloseReason = Type.Static<typeof CloseReason>;

export const SessionClosed = Type.Object(
  { session: Id, reason: CloseReason, error: Type.Optional(ErrorMessage) },
  closed,
);
export type SessionClosed = Type.Static<typeof SessionClosed>;

/** What `ice-config` carries: the first form to receivers, the second to senders. */
export const IceUpdate = Type.Union([IceConfig, SenderIceConfig]);
export type IceUpdate = Type.Static<typeof IceUpdate>;

/** The rights of this connection end at `expiresAt`; a newer token in `authenticate` keeps it. */
export const TokenExpiring = Type.Object({ expiresAt: Type.Integer({ minimum: 0 }) }, closed);
export type TokenExpiring = Type.Static<typeof TokenExpiring>;

/** The server is about to close: come back (to another node, where there are several) after this many ms. */
export const ServerClosing = Type.Object({ retryAfterMs: Type.Integer({ minimum: 0, maximum: 60_000 }) }, closed);
export type ServerClosing = Type.Static<typeof ServerClosing>;

/** Another sender publishes this stream now. Viewers are moving to it: what still watches here may go on until it leaves. */
export const Replaced = Type.Object({ stream: Id, error: ErrorMessage }, closed);
export type Replaced = Type.Static<typeof Replaced>;

// ---- acknowledgements -------------------------------------------------------------------------------------------

const ok = { ok: Type.Literal(true) } as const;

export const Refusal = Type.Object({ ok: Type.Literal(false), error: ErrorMessage }, closed);
export type Refusal = Type.Static<typeof Refusal>;

export const Accepted = Type.Object({ ...ok }, closed);
export type Accepted = Type.Static<typeof Accepted>;

export const Published = Type.Object({ ...ok, ice: SenderIceConfig }, closed);
export type Published = Type.Static<typeof Published>;

export const Joined = Type.Object(
  {
    ...ok,
    session: Id,
    stream: StreamInfo,
    ice: IceConfig,
    /** For `resume`, after a reconnect. A secret of this client. */
    resume: ResumeKey,
  },
  closed,
);
export type Joined = Type.Static<typeof Joined>;

export const Resumed = Type.Object({ ...ok, stream: StreamInfo, ice: IceConfig, resume: ResumeKey }, closed);
export type Resumed = Type.Static<typeof Resumed>;

/** `expiresAt`: Unix time in ms at which the new rights end; absent when they do not. */
export const Authenticated = Type.Object({ ...ok, expiresAt: Type.Optional(Type.Integer({ minimum: 0 })) }, closed);
export type Authenticated = Type.Static<typeof Authenticated>;

export const Answered = Type.Object({ ...ok, sdp: Sdp }, closed);
export type Answered = Type.Static<typeof Answered>;

export const ModeSet = Type.Object(
  {
    ...ok,
    /** The mode that the sender chose: the one asked for, or the nearest that the camera has. */
    mode: Mode,
    /** Why it is not the one asked for, in a sentence for a person. */
    notice: Type.Optional(Sentence),
  },
  closed,
);
export type ModeSet = Type.Static<typeof ModeSet>;

/** What every acknowledgement is: the accepted form, or a refusal with a code. */
export type Ack<T extends { ok: true } = Accepted> = T | Refusal;
