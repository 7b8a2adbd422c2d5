import Type from 'typebox';

/*
 * What viewer and sender say to each other directly, as JSON text on one unordered data channel that the viewer opens
 * (label `webrtc-preview`). It carries time, so that latency is measured and not guessed: NTP's four timestamps (RFC 5905 §8)
 * give the offset between the two clocks, and `clock` ties RTP time to capture time.
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
    /** Whether `captureMs` is the camera driver's own time (`driver`), the moment the frame reached the sender
     * (`arrival`: the true latency is higher by exposure and transfer), or the moment it was drawn (`drawn`). */
    origin: Type.Union([Type.Literal('driver'), Type.Literal('arrival'), Type.Literal('drawn')]),
  },
  closed,
);
export type Clock = Type.Static<typeof Clock>;

export const FromViewer = Ping;
export type FromViewer = Ping;
export const FromSender = Type.Union([Pong, Clock]);
export type FromSender = Type.Static<typeof FromSender>;
