import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

/*
 * Serves a folder as it is, but for the files that are given as texts: for players that come as files only.
 *
 *     HOST PORT FOLDER '{"name": "text"}'      prints its address
 */

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
  '.woff': 'font/woff',
};

const [host = '127.0.0.1', port = '0', folder = '.', texts = '{}'] = process.argv.slice(2);
const instead = new Map(Object.entries(JSON.parse(texts) as Record<string, string>));

const server = createServer(async ({ url = '/' }, response) => {
  const path = normalize(decodeURIComponent(new URL(url, 'http://x').pathname)).slice(1);
  try {
    const body = instead.get(path) ?? (await readFile(join(folder, path)));
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(Number(port), host, () => console.log(`http://${host}:${port}`));
