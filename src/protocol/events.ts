import type * as m from './messages.js';
import {
  Accepted,
  Answered,
  Authenticate,
  Authenticated,
  IceUpdate,
  Join,
  Joined,
  Leave,
  Live,
  ModeSet,
  Offer,
  OfferForSender,
  Publish,
  Published,
  Replaced,
  Resume,
  Resumed,
  SendCandidate,
  ServerClosing,
  SessionClosed,
  SetMode,
  SetModeForSender,
  StreamInfo,
  TokenExpiring,
  Unpublish,
  UpdateCamera,
} from './messages.js';

/** Who says what to whom, and with what it is answered. docs/protocol.md is written from this table. */
export const EVENTS = {
  publish: {
    from: ['sender'],
    payload: Publish,
    ack: Published,
    about: 'Offers a camera under a stream name. Sent again after every reconnect, with the same `instance`.',
  },
  unpublish: {
    from: ['sender'],
    payload: Unpublish,
    ack: Accepted,
    about: 'Takes the stream away: viewers see Offline at once.',
  },
  'update-camera': {
    from: ['sender'],
    payload: UpdateCamera,
    ack: Accepted,
    about:
      'Says what has changed at the camera: its mode, its modes, or why it delivers nothing. Passed on to all who joined.',
  },
  join: {
    from: ['receiver'],
    payload: Join,
    ack: Joined,
    about:
      'Opens a session on a stream, whether it is online or not. Wakes no camera; news of the stream follow as `stream`.',
  },
  resume: {
    from: ['receiver'],
    payload: Resume,
    ack: Resumed,
    about:
      'Takes an answered session over onto this connection, after the one that held it was lost. Each key is good once; the acknowledgement has the next one.',
  },
  offer: {
    from: ['receiver'],
    payload: Offer,
    ack: Answered,
    about:
      'Starts a negotiation. The acknowledgement carries the answer: one round trip. Sending the same epoch and SDP again gets the same answer.',
  },
  live: { from: ['receiver'], payload: Live, ack: Accepted, about: 'The first frame has been shown.' },
  'set-mode': {
    from: ['receiver'],
    payload: SetMode,
    ack: ModeSet,
    about:
      'Asks for another size or rate. The acknowledgement says which the sender chose, and why if it is another; it counts as applied when a frame of that size is shown, or of the smaller size that `quality` names.',
  },
  candidate: {
    from: ['sender', 'receiver'],
    payload: SendCandidate,
    ack: Accepted,
    about: "Passes an ICE candidate to the session's other side. Never before the description of the same epoch.",
  },
  authenticate: {
    from: ['sender', 'receiver'],
    payload: Authenticate,
    ack: Authenticated,
    about: 'Brings a newer token. The connection and its sessions go on, as far as the new rights reach.',
  },
  leave: {
    from: ['sender', 'receiver'],
    payload: Leave,
    ack: Accepted,
    about: 'Ends a session. The other side hears `session-closed`.',
  },
} as const;

/** What the server says of its own accord. Those with an acknowledgement wait for it. */
export const SERVER_EVENTS = {
  offer: {
    to: ['sender'],
    payload: OfferForSender,
    ack: Answered,
    about:
      "A viewer's offer, with ICE servers for this connection. The acknowledgement carries the answer, or why there is none.",
  },
  'set-mode': {
    to: ['sender'],
    payload: SetModeForSender,
    ack: ModeSet,
    about: 'A viewer asks for another size or rate.',
  },
  candidate: {
    to: ['sender', 'receiver'],
    payload: SendCandidate,
    ack: null,
    about: "A candidate of the session's other side, in the order sent.",
  },
  stream: {
    to: ['receiver'],
    payload: StreamInfo,
    ack: null,
    about: 'What is known of a joined stream has changed: online, offline, other sender, other mode.',
  },
  'session-closed': {
    to: ['sender', 'receiver'],
    payload: SessionClosed,
    ack: null,
    about: 'The session is over, with the reason.',
  },
  'ice-config': {
    to: ['sender', 'receiver'],
    payload: IceUpdate,
    ack: null,
    about:
      "Fresh ICE servers, before the credentials of the old ones end: for what begins from now on, and for the browser's `setConfiguration`. A sender gets them as ready-made `turn://` addresses.",
  },
  'token-expiring': {
    to: ['sender', 'receiver'],
    payload: TokenExpiring,
    ack: null,
    about: 'The rights of this connection end soon; then its sessions end and it is closed.',
  },
  replaced: {
    to: ['sender'],
    payload: Replaced,
    ack: null,
    about: 'Another sender has taken the stream over. From now on only `publish` with `standby` makes sense.',
  },
  'server-closing': {
    to: ['sender', 'receiver'],
    payload: ServerClosing,
    ack: null,
    about: 'The server is about to close. Media flows on.',
  },
} as const;

/** Name of a message that a client may send. */
export type ClientEvent = keyof typeof EVENTS;

type Acknowledge<T extends { ok: true }> = (ack: m.Ack<T>) => void;

/** Socket.IO's `ListenEvents` of the server: what clients send. */
export interface ClientToServer {
  publish(message: m.Publish, ack: Acknowledge<m.Published>): void;
  unpublish(message: m.Unpublish, ack: Acknowledge<m.Accepted>): void;
  'update-camera'(message: m.UpdateCamera, ack: Acknowledge<m.Accepted>): void;
  join(message: m.Join, ack: Acknowledge<m.Joined>): void;
  offer(message: m.Offer, ack: Acknowledge<m.Answered>): void;
  resume(message: m.Resume, ack: Acknowledge<m.Resumed>): void;
  authenticate(message: m.Authenticate, ack: Acknowledge<m.Authenticated>): void;
  live(message: m.Live, ack?: Acknowledge<m.Accepted>): void;
  'set-mode'(message: m.SetMode, ack: Acknowledge<m.ModeSet>): void;
  candidate(message: m.SendCandidate, ack?: Acknowledge<m.Accepted>): void;
  leave(message: m.Leave, ack: Acknowledge<m.Accepted>): void;
}

interface ServerToBoth {
  'token-expiring'(message: m.TokenExpiring): void;
  'server-closing'(message: m.ServerClosing): void;
}

/** Socket.IO's `EmitEvents` of the server to a receiver. */
export interface ServerToReceiver extends ServerToBoth {
  'ice-config'(message: m.IceConfig): void;
  stream(message: m.StreamInfo): void;
  candidate(message: m.SendCandidate): void;
  'session-closed'(message: m.SessionClosed): void;
}

/** Socket.IO's `EmitEvents` of the server to a sender. */
export interface ServerToSender extends ServerToBoth {
  'ice-config'(message: m.SenderIceConfig): void;
  replaced(message: m.Replaced): void;
  offer(message: m.OfferForSender, ack: Acknowledge<m.Answered>): void;
  'set-mode'(message: m.SetModeForSender, ack: Acknowledge<m.ModeSet>): void;
  candidate(message: m.SendCandidate): void;
  'session-closed'(message: m.SessionClosed): void;
}

/** Both directions that the server may emit. */
export interface ServerToClient
  extends Omit<ServerToReceiver, 'candidate' | 'session-closed' | 'ice-config'>,
    Omit<ServerToSender, 'ice-config'> {
  'ice-config'(message: m.IceConfig | m.SenderIceConfig): void;
}
