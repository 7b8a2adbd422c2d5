/** By what `src` can be spoken to. */
export type Transport = 'auto' | 'socket.io' | 'whep';

/** Said outright: `whep:` and `wheps:` for http and https, or one before the other: `whep+https:`. */
const SCHEME = /^whep(?:\+http)?(s?):/;

/**
 * What WHEP addresses look like: a path with a segment `whep`, as in MediaMTX, SRS, Millicast and our own server (or a last one
 * like Nimble's `whep.stream`), go2rtc's `/api/webrtc?src=`, Cloudflare's `/webRTC/play`, OvenMediaEngine's `?direction=whep`.
 */
const ADDRESS =
  /^(?:[^?#]*[^/?#])?\/whep(?:\/|(?:\.\w+)?(?:[?#]|$))|\/api\/webrtc\/?\?(?:[^#]*&)?src=|\/webrtc\/play(?:[?#]|$)|[?&]direction=whep(?:[&#]|$)/i;

/** The way that `transport` names, or for `auto` the one that the address looks like; and the address with a scheme that `fetch` knows. */
export function chooseTransport(transport: Transport, src: string): { way: 'socket.io' | 'whep'; src: string } {
  const named = SCHEME.test(src);
  const address = src.replace(SCHEME, 'http$1:');
  const way = transport !== 'auto' ? transport : named || ADDRESS.test(src) ? 'whep' : 'socket.io';
  return { way, src: address };
}
