import Type from 'typebox';

/*
 * What viewer and sender say to each other directly, as JSON text on one unordered data channel that the viewer opens
 * (label `webrtc-preview`). It carries time, so that latency is measured and not guessed: NTP's four timestamps (RFC 5905 §8)
 * give the offset between the two clocks, and `clock` ties RTP time to capture time. `quality` says what this one viewer is
 * being sent. Every field that came later is optional: either side may be older than the other.
 */

const closed = { additionalProperties: false } as const;

/** Viewer → sender, a few times at the start and then now and then. */
export const Ping = Type.Object(
  {
    type: Type.Literal('ping'),
    /** The viewer's clock when it sent this, in ms; comes back untouched. */
    t: Type.Number(),
  },
  closed,
);
export type Ping = Type.Static<typeof Ping>;

/** Sender → viewer, at once. */
export const Pong = Type.Object(
  {
    type: Type.Literal('pong'),
    t: Type.Number(),
    /** The sender's clock when it received the ping and when it sent this, in Unix ms with a fraction. */
    received: Type.Number(),
    sent: Type.Number(),
  },
  closed,
);
export type Pong = Type.Static<typeof Pong>;

/** Sender → viewer, once a second and after every change of the capture pipeline. */
export const Clock = Type.Object(
  {
    type: Type.Literal('clock'),
    /** RTP timestamp of a frame (32 bits, 90 kHz) in this viewer's stream. */
    rtp: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
    /** When that frame was captured, on the sender's clock, in Unix ms with a fraction. */
    captureMs: Type.Number(),
    /** From capture to the encoder's output, in ms, mean of the last second; absent before the first. */
    encodeMs: Type.Optional(Type.Number({ minimum: 0 })),
    /** From the encoder's output to the frame's last packet handed to the network, in ms, mean of the last second; absent
     * where the sender does not measure it: the time is then part of the way through the network. */
    sendMs: Type.Optional(Type.Number({ minimum: 0 })),
    /** Whether `captureMs` is the camera driver's own time (`driver`), the moment the frame reached the sender
     * (`arrival`: the true latency is higher by exposure and transfer), or the moment it was drawn (`drawn`). */
    origin: Type.Union([Type.Literal('driver'), Type.Literal('arrival'), Type.Literal('drawn')]),
  },
  closed,
);
export type Clock = Type.Static<typeof Clock>;

/** Sender → viewer, when the channel opens and at each change: what this viewer is being sent from now on. */
export const Quality = Type.Object(
  {
    type: Type.Literal('quality'),
    /** 0 is the best; each further one is smaller. */
    level: Type.Integer({ minimum: 0 }),
    /** How many levels the sender has. */
    levels: Type.Integer({ minimum: 1 }),
    /** Size of the frames at this level, in pixels: the camera's mode, or less. */
    width: Type.Integer({ minimum: 1 }),
    height: Type.Integer({ minimum: 1 }),
    /** Frames a second at this level. */
    fps: Type.Number({ minimum: 0 }),
    /** What the encoder aims at, in kbit/s. */
    kbps: Type.Number({ minimum: 0 }),
    /** What the sender believes that this viewer's link carries, in kbit/s; absent while it does not know. */
    linkKbps: Type.Optional(Type.Number({ minimum: 0 })),
    /** `full`: this is the best there is. `link`: the way to this viewer carries no more. */
    reason: Type.Union([Type.Literal('full'), Type.Literal('link')]),
  },
  closed,
);
export type Quality = Type.Static<typeof Quality>;

/** Viewer → sender: nothing is to be sent for now, or everything again, beginning with a keyframe. */
export const Pause = Type.Object(
  {
    type: Type.Literal('pause'),
    paused: Type.Boolean(),
  },
  closed,
);
export type Pause = Type.Static<typeof Pause>;

/**
 * Sender → viewer, at once: `pause` was understood. A viewer that hears nothing (an older sender) ends its session instead. The
 * connection, its clock and its pings go on meanwhile.
 */
export const Paused = Type.Object(
  {
    type: Type.Literal('paused'),
    paused: Type.Boolean(),
  },
  closed,
);
export type Paused = Type.Static<typeof Paused>;

export const FromViewer = Type.Union([Ping, Pause]);
export type FromViewer = Type.Static<typeof FromViewer>;
export const FromSender = Type.Union([Pong, Clock, Quality, Paused]);
export type FromSender = Type.Static<typeof FromSender>;
