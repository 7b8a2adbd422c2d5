import { readFileSync } from 'node:fs';

/** The package's folder: as many steps up from dist/server as from src/server. */
export const PACKAGE = new URL('../../', import.meta.url);

export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('package.json', PACKAGE), 'utf8')).version;
}
