import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pageFile, schemaFile } from '../../scripts/protocol-docs.js';

const HOW = 'run: npx tsx scripts/protocol-docs.ts';

it.each([
  ['docs/protocol.schema.json', schemaFile],
  ['docs/protocol.md', pageFile],
])('%s is what src/protocol says', (path, make) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), HOW).toBe(make());
});

it('every message of an event is in the schema file under its name', () => {
  const { $defs, 'x-events': events } = JSON.parse(schemaFile());
  for (const direction of ['client-to-server', 'server-to-client']) {
    for (const { payload, ack } of Object.values<{ payload: string; ack: string | null }>(events[direction])) {
      expect($defs).toHaveProperty(payload);
      if (ack !== null) expect($defs).toHaveProperty(ack);
    }
  }
  for (const name of ['Ping', 'Pong', 'Clock', 'Quality', 'Handshake', 'Refusal']) expect($defs).toHaveProperty(name);
});
