import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { onTestFinished } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.map': 'application/json' };

export interface Host {
  url: string;
  /** Paths that were asked for. */
  asked: string[];
}

/** Serves the pages given by their path, and all else as `find` says; until the test is over. */
export function serve(
  pages: Record<string, string>,
  find: (path: string) => string | undefined = () => undefined,
  headers: Record<string, string> = {},
): Promise<Host> {
  const asked: string[] = [];
  return listen((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://host');
    asked.push(pathname);
    const file = find(pathname);
    const body = pages[pathname] ?? (file && readFileSync(file));
    const type = pages[pathname] ? 'text/html' : (TYPES[extname(file ?? '')] ?? 'text/plain');
    outgoing.writeHead(body === undefined ? 404 : 200, { 'content-type': `${type};charset=utf-8`, ...headers });
    outgoing.end(body);
  }).then(({ url }) => ({ url, asked }));
}

/** Passes everything on to `target`, but no WebSocket: as some proxies do. */
export async function proxyWithoutWebSockets(target: string): Promise<{ url: string; refused: () => number }> {
  let refused = 0;
  const { server, url } = await listen((incoming, outgoing) => {
    const { method, headers, url: path } = incoming;
    const onward = request(new URL(path ?? '/', target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on('upgrade', (_request, socket) => {
    refused += 1;
    socket.destroy();
  });
  return { url, refused: () => refused };
}

async function listen(
  onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<{ server: Server; url: string }> {
  const server = createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What a page says that nobody has asked for: its console, its errors, and what its policy has forbidden. */
export async function quietPage(browser: Browser): Promise<{ page: Page; said: string[] }> {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.evaluateOnNewDocument(() => {
    Object.assign(globalThis, { namesBefore: Object.getOwnPropertyNames(globalThis) });
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`forbidden by ${violatedDirective}: ${blockedURI}`);
    });
  });
  onTestFinished(() => page.close());
  return { page, said };
}

/** Names on `globalThis` that the page did not have before its first script. */
export const newGlobals = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { namesBefore } = globalThis as unknown as { namesBefore: string[] };
    return Object.getOwnPropertyNames(globalThis).filter(
      (name) => name !== 'namesBefore' && !namesBefore.includes(name),
    );
  });

export const inPackage = (path: string): string | undefined =>
  path.startsWith('/dist/') && /\.(js|map)$/.test(path) ? join(ROOT, path) : undefined;
