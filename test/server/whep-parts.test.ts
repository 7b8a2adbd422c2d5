import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/protocol/index.js';
import { withCandidates } from '../../src/server/whep/answer.js';
import { readFragment } from '../../src/server/whep/fragment.js';
import { iceLinks } from '../../src/server/whep/links.js';

const lines = (...all: string[]) => all.map((line) => `${line}\r\n`).join('');
const host = (number: number) => `candidate:${number} 1 UDP 1 192.0.2.${number} 9 typ host`;

describe('the answer for a player that is told no candidates later', () => {
  const audio = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=inactive'];
  const video = ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:1', 'a=sendonly'];
  const bundle = ['v=0', 'a=group:BUNDLE 0 1'];
  const of = (number: number, place: Partial<Candidate>): Candidate => ({ candidate: host(number), ...place });

  it('has them in the first section of the bundle, whichever section the sender named', () => {
    const answer = lines(...bundle, ...audio, ...video);
    const found = [of(1, { sdpMLineIndex: 0 }), of(2, { sdpMLineIndex: 1 }), of(3, { sdpMid: '1' })];
    expect(withCandidates(answer, found)).toBe(
      lines(...bundle, ...audio, ...[1, 2, 3].map((number) => `a=${host(number)}`), ...video),
    );
  });

  it('has them where the bundle begins, which need not be the first section', () => {
    const answer = lines('v=0', 'a=group:BUNDLE 1 0', ...audio, ...video);
    expect(withCandidates(answer, [of(1, { sdpMLineIndex: 0 })])).toBe(
      lines('v=0', 'a=group:BUNDLE 1 0', ...audio, ...video, `a=${host(1)}`),
    );
  });

  it('has them each in its section where nothing is bundled', () => {
    expect(
      withCandidates(lines('v=0', ...audio, ...video), [of(1, { sdpMid: '1', sdpMLineIndex: 0 }), of(2, {})]),
    ).toBe(lines('v=0', ...audio, `a=${host(2)}`, ...video, `a=${host(1)}`));
  });

  it('says that there are no more when the sender did, and repeats none', () => {
    const answer = lines(...bundle, ...audio, `a=${host(1)}`, ...video);
    const found = [
      of(1, { sdpMLineIndex: 0 }),
      { candidate: '', sdpMLineIndex: 0 },
      { candidate: '', sdpMLineIndex: 0 },
    ];
    expect(withCandidates(answer, found)).toBe(
      lines(...bundle, ...audio, `a=${host(1)}`, 'a=end-of-candidates', ...video),
    );
  });

  it('is otherwise as the sender wrote it, and is not broken by a section that is not there', () => {
    const answer = lines(...bundle, ...audio, ...video);
    expect(withCandidates(answer, [of(1, { sdpMLineIndex: 7 })])).toBe(answer);
    expect(withCandidates(answer.replaceAll('\r\n', '\n'), [])).toBe(answer);
  });
});

describe('a fragment', () => {
  const offer = lines(
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:first',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:0123456789012345678901',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:second',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:0123456789012345678901',
  );
  const read = (...all: string[]) => readFragment(lines(...all), offer);

  it('brings candidates, each with its section of the offer', () => {
    expect(
      read(
        'a=ice-ufrag:abcd',
        'a=ice-pwd:0123456789012345678901',
        'm=video 9 RTP/AVP 0',
        'a=mid:second',
        `a=${host(1)}`,
        'a=end-of-candidates',
      ),
    ).toEqual({
      kind: 'trickle',
      candidates: [
        { candidate: host(1), sdpMid: 'second', sdpMLineIndex: 1 },
        { candidate: '', sdpMid: 'second', sdpMLineIndex: 1 },
      ],
    });
  });

  it('may leave out the section and what is known, end its lines as it likes, and say more than we read', () => {
    const text = `a=ice-options:trickle ice2\na=${host(1)}\n\nm=audio 9 RTP/AVP 0\nb=AS:1\na=${host(2)}`;
    expect(readFragment(text, offer)).toEqual({
      kind: 'trickle',
      candidates: [
        { candidate: host(1), sdpMLineIndex: 0 },
        { candidate: host(2), sdpMLineIndex: 0 },
      ],
    });
    expect(readFragment('', offer)).toEqual({ kind: 'trickle', candidates: [] });
  });

  it.each([
    ['its ufrag', 'a=ice-ufrag:wxyz'],
    ['its password', 'a=ice-pwd:9999999999999999999999'],
  ])('is an ICE restart by %s', (_name, line) => {
    expect(read('m=audio 9 RTP/AVP 0', 'a=mid:first', line, `a=${host(1)}`)).toEqual({ kind: 'restart' });
  });

  it.each([
    ['no type=value', 'candidate:1'],
    ['NUL', 'a=candidate:1\0'],
    ['a bare carriage return', 'a=candidate:1\ra=x'],
    ['a section that was not offered', lines('m=audio 9 RTP/AVP 0', 'a=mid:third')],
    ['ten thousand lines', 'a=x\n'.repeat(10_000)],
  ])('with %s is malformed', (_name, text) => {
    expect(readFragment(text, offer).kind).toBe('malformed');
  });

  it('of any text gives one of the three, and only candidates that are in it', () => {
    const piece = fc.constantFrom(
      'a=candidate:1 1 udp',
      'a=mid:first',
      'a=ice-ufrag:',
      'm=audio',
      '\r\n',
      '\n',
      '\r',
      'a=',
      'abcd',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(piece, fc.string())).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, text, (fragment, offered) => {
        const result = readFragment(fragment, offered);
        expect(['trickle', 'restart', 'malformed']).toContain(result.kind);
        if (result.kind !== 'trickle') return;
        for (const { candidate, sdpMLineIndex } of result.candidates) {
          expect(fragment).toContain(candidate);
          expect(candidate).not.toMatch(/[\r\n\0]/);
          expect(sdpMLineIndex).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('ICE servers as Link headers', () => {
  it('are one for each address, with the proof in quotes', () => {
    expect(
      iceLinks({
        iceServers: [
          { urls: ['stun:a.example:3478'] },
          { urls: ['turn:b.example?transport=udp', 'turns:b.example'], username: '1:peer', credential: 'a"b\\c' },
        ],
      }),
    ).toEqual([
      '<stun:a.example:3478>; rel="ice-server"',
      '<turn:b.example?transport=udp>; rel="ice-server"; username="1:peer"; credential="a\\"b\\\\c"; credential-type="password"',
      '<turns:b.example>; rel="ice-server"; username="1:peer"; credential="a\\"b\\\\c"; credential-type="password"',
    ]);
  });

  it.each(['a\r\nset-cookie: x=1', 'päss', '\0'])('leave out what no header can hold: %j', (credential) => {
    expect(iceLinks({ iceServers: [{ urls: ['turn:b.example'], username: 'u', credential }] })).toEqual([]);
  });
});
