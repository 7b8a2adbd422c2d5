import type { IceConfig } from '../../protocol/index.js';

/** What a quoted string in a header can hold (RFC 9110 §5.6.4), obsolete bytes left out. */
const QUOTABLE = /^[ -~]*$/;

/**
 * The ICE servers as values of `Link` headers, one for each address (RFC 9725 §4.6). A server whose name or password
 * cannot stand in a header is left out: it would be of no use cut short.
 */
export function iceLinks({ iceServers }: IceConfig): string[] {
  return iceServers.flatMap(({ urls, username, credential }) => {
    if (![...urls, username ?? '', credential ?? ''].every((text) => QUOTABLE.test(text))) return [];
    const proof =
      username === undefined || credential === undefined
        ? ''
        : `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
    return urls.map((url) => `<${url}>; rel="ice-server"${proof}`);
  });
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
