import type { SignalingEmitter, SignalingEvents } from '../events.js';

type Listeners = { [E in keyof SignalingEvents]?: (of: SignalingEvents[E][0]) => void };

/** @returns listens no more */
export function listen(events: SignalingEmitter, listeners: Listeners): () => void {
  const pairs = Object.entries(listeners) as [keyof SignalingEvents, (of: never) => void][];
  for (const [event, listener] of pairs) events.on(event, listener as never);
  return () => {
    for (const [event, listener] of pairs) events.off(event, listener as never);
  };
}
