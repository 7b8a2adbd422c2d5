import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { DEFAULT_PATH } from '../../protocol/index.js';
import { PACKAGE } from '../package.js';
import { Problem } from './problem.js';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLES = 'text/css; charset=utf-8';

/** Every address of the page, and the file of this package behind it. Nothing else is ever read, but for the element's parts. */
const FILES = [
  ['/', 'demo/index.html', HTML],
  ['/index.js', 'demo/index.js', SCRIPT],
  ['/copy.js', 'demo/copy.js', SCRIPT],
  ['/demo.css', 'demo/demo.css', STYLES],
  ['/icon.svg', 'demo/icon.svg', 'image/svg+xml'],
  ['/dist/cdn/webrtc-preview.js', 'dist/cdn/webrtc-preview.js', SCRIPT],
  ['/reference.html', 'demo/reference.html', HTML],
  ['/reference.js', 'demo/reference.js', SCRIPT],
  ['/reference.css', 'demo/reference.css', STYLES],
  // A browser in the sender's place: something to see without any camera software.
  ['/publish.html', 'demo/publish.html', HTML],
  ['/dist/demo/publish.js', 'dist/demo/publish.js', SCRIPT],
  ['/workers/ticker.js', 'demo/workers/ticker.js', SCRIPT],
  ['/workers/frame-times.js', 'demo/workers/frame-times.js', SCRIPT],
] as const;

/** What the element fetches when it is first needed. */
const PARTS = 'dist/cdn/parts/';

const HEADERS = {
  // Everything from here, nothing inline: the element needs no exception from a strict policy.
  'content-security-policy':
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // Kept by the browser, but asked for each time: a newer version is seen at once.
  'cache-control': 'no-cache',
};

/**
 * Serves the demo page from memory.
 *
 * @param signallingPath where the page finds the plugin
 * @throws {Problem} when the package is not built
 */
export async function servePage(fastify: FastifyInstance, signallingPath: string): Promise<void> {
  for (const [url, path, type] of [...FILES, ...(await parts())]) {
    const file = await readFile(new URL(path, PACKAGE)).catch(() => missing(path));
    const body = type === HTML ? Buffer.from(withPath(file.toString(), signallingPath)) : file;
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    fastify.get(url, { logLevel: 'warn' }, (request, reply) => {
      reply.headers({ ...HEADERS, etag });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(type).send(body);
    });
  }
}

async function parts(): Promise<[url: string, path: string, type: string][]> {
  const names = await readdir(fileURLToPath(new URL(PARTS, PACKAGE)), { recursive: true }).catch(() => missing(PARTS));
  return names.filter((name) => name.endsWith('.js')).map((name) => [`/${PARTS}${name}`, PARTS + name, SCRIPT]);
}

function missing(path: string): never {
  throw new Problem(
    `${path} is missing from this package.`,
    'Install webrtc-preview anew; in its repository: npm run build. Or serve without the page: --no-demo',
  );
}

/** The element looks at the usual path by itself. */
function withPath(html: string, path: string): string {
  if (path === DEFAULT_PATH) return html;
  return html
    .replace('<webrtc-preview ', `<webrtc-preview src="${path}" `)
    .replace('data-src=""', `data-src="${path}"`);
}
