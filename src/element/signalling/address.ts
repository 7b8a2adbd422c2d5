import { PreviewError } from '../../protocol/viewer-errors.js';

/** As cameras have them. */
const UNPLAYABLE = /^(rtsp|rtmp|srt)\w*:/i;
/**
 * `cam:8080` and `10.1.2.3:8080`: a browser takes the name of a host for a scheme, and figures for a path on the page's own server.
 * So it does with `admin:secret@cam`.
 */
const SCHEME_FORGOTTEN = /^[^/?#]*(:\d|@)/;

/**
 * Reads `src`. Throws `PreviewError`, whose sentence never repeats the address: passwords stand in such, and a picture of the page may
 * go anywhere.
 *
 * @param schemes what its protocol must be like
 */
export function parseAddress(src: string, schemes: RegExp, base = globalThis.location?.href): URL {
  if (UNPLAYABLE.test(src)) throw new PreviewError('unplayable_source');
  try {
    const url = new URL(src, base);
    if (schemes.test(url.protocol) && !SCHEME_FORGOTTEN.test(src)) return url;
  } catch {
    // Said below.
  }
  throw new PreviewError('bad_source');
}
