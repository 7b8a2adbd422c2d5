import type { SignallingFactory } from '../signalling/signalling.js';
import type { CoreSettings, TokenSource } from './facts.js';

/** How a core is made. */
export interface PreviewClientOptions extends Partial<CoreSettings> {
  /** Address of the signalling server; a path other than `/` names the plugin's `path`. @default the page's origin */
  src?: string;
  /** Name under which the sender publishes. @default 'camera' */
  stream?: string;
  /** What proves the right to watch, where the server wants proof. A newer one goes to `setToken`. */
  token?: TokenSource;
  /** `relay`: only through a TURN server, to try one or to hide addresses. @default 'all' */
  icePolicy?: RTCIceTransportPolicy;
  /** How `src` is spoken to. `auto`: by WHEP where the address looks like one, else by Socket.IO. @default 'auto' */
  transport?: 'auto' | 'socket.io' | 'whep';
  /** Another way to the server than those, in place of `transport`. */
  signalling?: SignallingFactory;
  /** Codecs in the order of preference, by their short names ("h264", "vp8", …); others come after. @default the browser's order */
  codecs?: readonly string[];
  /** Source of jitter, in [0, 1). @default Math.random */
  random?: () => number;
  /** Makes the peer connections. @default `new RTCPeerConnection(configuration)` */
  createPeer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}
