import { chooseTransport, type Transport } from './choose.js';
import { whepSignalling } from './lazy-whep.js';
import type { SignallingFactory } from './signalling.js';
import { socketIoSignalling } from './socket-io.js';

/** The way to what `src` names, as `transport` says. */
export function signallingFor({ transport, src }: { transport: Transport; src: string }): SignallingFactory {
  const chosen = chooseTransport(transport, src);
  if (chosen.way === 'socket.io') return socketIoSignalling;
  return (source, events) => whepSignalling({ ...source, src: chosen.src }, events);
}
