import fc from 'fast-check';
import { Decoder as TheirDecoder, Encoder as TheirEncoder } from 'socket.io-parser';
import { describe, expect, it } from 'vitest';
import { Decoder, Encoder } from '../../src/server/transport/text-parser.js';

/** What comes out for these frames, or that the connection would be closed. */
function decoded(decoder: { on: Decoder['on']; add(data: unknown): void }, frames: readonly unknown[]): unknown {
  const packets: unknown[] = [];
  decoder.on('decoded', ({ type, nsp, id, data }) => {
    packets.push({ type, nsp, ...(id !== undefined && { id }), ...(data !== undefined && { data }) });
  });
  try {
    for (const frame of frames) decoder.add(frame);
  } catch {
    return 'closed';
  }
  return packets;
}

const ours = (...frames: unknown[]) => decoded(new Decoder(), frames);
const theirs = (...frames: unknown[]) => decoded(new TheirDecoder() as unknown as Decoder, frames);

const packet = fc
  .tuple(
    fc.constantFrom('0', '1', '2', '3', '4', '7', 'x', ''),
    fc.constantFrom('', '/', '/a', '/a,', '/,', ','),
    fc.constantFrom('', '0', '7', '12', '007', '-1', '1e3', ' 1'),
    fc.oneof(
      fc.constantFrom('', '[]', '["join"]', '["disconnect"]', '[7]', '[null]', '{}', 'null', '"x"', '[', '["join",{'),
      fc.json(),
      fc.json().map((json) => `["join",${json}]`),
    ),
  )
  .map((parts) => parts.join(''));

describe('reading', () => {
  it("agrees with Socket.IO's own parser on every text", () => {
    fc.assert(
      fc.property(fc.oneof(packet, fc.string()), (text) => {
        // On purpose not of attachments and empty packets, which come below, nor of blanks, which it reads as zeros.
        fc.pre(/^[^56\s]/.test(text) && !/^[234](\/[^,]*,?)?\d*$/.test(text) && !/^\d(\/[^,]*,)?\d*\s/.test(text));
        expect(ours(text)).toEqual(theirs(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses a packet that lacks what it is to say', () => {
    for (const text of ['2', '2/a,', '27', '3', '31', '4']) expect(ours(text), text).toBe('closed');
  });

  it('drops attached bytes as they come, so that nothing is kept for those that never do', () => {
    const text = '52-7["join",{"_placeholder":true,"num":0}]';
    const event = { type: 2, nsp: '/', id: 7, data: ['join', { _placeholder: true, num: 0 }] };
    expect(ours(text)).toEqual([event]);
    const bytes = Buffer.alloc(10);
    expect(ours(text, bytes, bytes, '2["leave"]')).toEqual([event, { type: 2, nsp: '/', data: ['leave'] }]);
    expect(ours(text, bytes, '2["leave"]'), 'text instead of the second').toBe('closed');
    expect(ours(text, bytes, bytes, bytes), 'one too many').toBe('closed');
    expect(ours(bytes), 'bytes that nobody announced').toBe('closed');
  });

  it.each(['5["join"]', '5-["join"]', '50-["join"]', '511-["join"]', '51["join"]', '5x-["join"]', '51-'])(
    'refuses attachments announced as %s',
    (text) => {
      expect(ours(text)).toBe('closed');
    },
  );
});

it("writes what Socket.IO's own parser writes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 2, 3, 4),
      fc.constantFrom('/', '/a'),
      fc.option(fc.nat(), { nil: undefined }),
      fc.array(fc.jsonValue()),
      (type, nsp, id, data) => {
        const packet = { type, nsp, data, ...(id !== undefined && { id }) };
        expect(new Encoder().encode(packet)).toEqual(new TheirEncoder().encode(packet as never));
      },
    ),
  );
});
