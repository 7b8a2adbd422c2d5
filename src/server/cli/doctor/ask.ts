import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** How long a server may take for an answer, in ms. */
const PATIENCE_MS = 8_000;
/** More than this of an answer says nothing new. */
const MOST_CHARACTERS = 64 * 1024;

export interface Question {
  method?: string;
  /** Sent exactly so: `fetch` sends no `Origin`, and no upgrade. */
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  /** 101 when the connection was upgraded; it is closed then. */
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  tookMs: number;
  /** When the server's certificate ends; absent without TLS. */
  certificateEndsAt?: Date;
}

/** Asks over HTTP. @throws Node's error, with its `code`; `ETIMEDOUT` when nothing comes */
export function ask(url: URL, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
  const since = performance.now();
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage, ends: string | undefined, text: string) => {
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: text,
        tookMs: performance.now() - since,
        ...(ends && { certificateEndsAt: new Date(ends) }),
      });
    };
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      url,
      // A connection for each question: what one tells about the other would be lost.
      { method, headers, agent: false, timeout: PATIENCE_MS },
      (response) => {
        // At the end of the answer, its socket may be gone.
        const ends = certificateEnd(response);
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          if (text.length < MOST_CHARACTERS) text += chunk;
        });
        response.on('end', () => answered(response, ends, text));
        response.on('error', reject);
      },
    );
    request.on('upgrade', (response, socket) => {
      answered(response, certificateEnd(response), '');
      socket.destroy();
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
    request.end(body);
  });
}

function certificateEnd({ socket }: IncomingMessage): string | undefined {
  return (socket as TLSSocket).getPeerCertificate?.()?.valid_to;
}

/** What a failed connection means, and what to do: [what happened, next]. */
export function explainFailure(error: unknown, url: URL): [message: string, next: string] {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const { hostname, host, port } = url;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [`The name ${hostname} is unknown here.`, 'Check its spelling, and the DNS of this machine.'];
    case 'ECONNREFUSED':
      return [
        `Nothing listens at ${host}.`,
        'Start the server; if it runs elsewhere, it must listen there too: --host 0.0.0.0.',
      ];
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return [`${host} does not answer.`, 'Check the address, and the firewalls on the way.'];
    case 'CERT_HAS_EXPIRED':
      return ['The certificate of the server has ended.', 'Renew it, then let the server read it: SIGHUP.'];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return [
        'The certificate of the server is signed by itself: nobody trusts it.',
        'Get one from an authority (Let’s Encrypt), or let this machine trust it: NODE_EXTRA_CA_CERTS=ca.pem; the sender takes --ca.',
      ];
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return [
        'The certificate of the server comes without its chain, or from an authority that is unknown here.',
        'Serve the file with the chain (“fullchain.pem”). An authority of your own: NODE_EXTRA_CA_CERTS=ca.pem; the sender takes --ca.',
      ];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        `The certificate of the server is not for the name ${hostname}.`,
        'Use a name that it is for, or get one for this name.',
      ];
  }
  if (/wrong version number|packet length too long|unknown protocol/i.test(message)) {
    return [`What listens at ${host} does not speak https.`, `Try http://${host}.`];
  }
  if (code === 'ECONNRESET' || code.startsWith('HPE_')) {
    return [
      `What listens at ${host} hangs up.`,
      port === '443' || port === '8443'
        ? `Try https://${host}.`
        : `Try https://${host}, and check that it is a web server.`,
    ];
  }
  return [`${host} cannot be reached: ${message}.`, 'Check the address, and that the server runs.'];
}
