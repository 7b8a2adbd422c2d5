import { describe, expect, it } from 'vitest';
import { diagnose, gather, seenAt } from '../../src/element/core/explain.js';
import type { RungName } from '../../src/element/core/facts.js';
import { climb, type Evidence, firstOpenRung } from '../../src/element/core/state.js';
import { ONLINE } from './fakes.js';

const many = (count: number, report: object) =>
  Array.from({ length: count }, (_, index) => ({ ...report, id: `${JSON.stringify(report)} ${index}` }));

const gathered = (...reports: object[]) =>
  gather(reports.map((report) => [(report as { id: string }).id, report] as [string, unknown]));

/** Six candidates here, two there, eight pairs that were tried in vain. */
const DEAD_ICE = [
  ...many(6, { type: 'local-candidate', candidateType: 'host' }),
  ...many(2, { type: 'remote-candidate', candidateType: 'host' }),
  ...many(5, { type: 'candidate-pair', state: 'failed' }),
  ...many(3, { type: 'candidate-pair', state: 'in-progress' }),
  ...many(4, { type: 'candidate-pair', state: 'frozen' }),
];
const video = (fields: object) => ({ id: 'v', type: 'inbound-rtp', kind: 'video', ...fields });

type Changes = Partial<Omit<Evidence, 'facts'>> & { reports?: readonly object[]; facts?: Partial<Evidence['facts']> };

const evidence = (changes: Changes): Evidence => ({
  live: false,
  answered: true,
  gotPackets: false,
  iceErrors: new Map(),
  ms: 10_000,
  clues: gathered(...(changes.reports ?? [])),
  ...changes,
  facts: {
    signalling: 'connected',
    stream: ONLINE,
    connection: 'connected',
    ice: 'connected',
    black: false,
    ...changes.facts,
  },
});

describe('the first step that is not done', () => {
  it.each<[string | undefined, Changes]>([
    ['server', { facts: { signalling: 'connecting' } }],
    ['stream', { facts: { stream: { ...ONLINE, online: false } } }],
    ['camera', { facts: { stream: { ...ONLINE, camera: { ...ONLINE.camera, error: {} } as never } } }],
    ['offer', { answered: false }],
    ['network', { facts: { ice: 'checking', connection: 'connecting' } }],
    ['secure', { facts: { connection: 'connecting' } }],
    ['packets', {}],
    ['keyframe', { reports: [video({ packetsReceived: 400, framesReceived: 0, pliCount: 5 })] }],
    ['decode', { reports: [video({ packetsReceived: 400, framesReceived: 30, framesDecoded: 0 })] }],
    ['picture', { reports: [video({ packetsReceived: 400, framesReceived: 30, framesDecoded: 30 })] }],
    ['picture', { live: true, facts: { black: true } }],
    [undefined, { live: true }],
    // Firefox and Safari may not count whole frames.
    ['keyframe', { reports: [video({ packetsReceived: 400 })] }],
    ['picture', { reports: [video({ packetsReceived: 400, framesDecoded: 30 })] }],
    // Nothing was read yet: what was seen otherwise must do.
    ['keyframe', { gotPackets: true, clues: undefined }],
  ])('%s', (rung, changes) => {
    expect(firstOpenRung(climb(evidence(changes)))).toBe(rung);
  });
});

describe('what was seen', () => {
  it.each<[RungName, Changes, string | undefined]>([
    ['server', {}, 'Not reached for 10 s of this try.'],
    ['stream', {}, undefined],
    ['camera', {}, undefined],
    ['offer', {}, 'No answer to the offer in 10 s.'],
    ['network', { reports: DEAD_ICE }, '6 candidates here, 2 from the sender, 8 pairs tried, none answered.'],
    [
      'network',
      { reports: DEAD_ICE, iceErrors: new Map([[401, 3]]) },
      '6 candidates here, 2 from the sender, 8 pairs tried, none answered. TURN answered 401 Unauthorized.',
    ],
    [
      'network',
      {
        reports: DEAD_ICE.slice(5, 9),
        iceErrors: new Map([
          [701, 1],
          [500, 1],
        ]),
      },
      '1 candidate here, 2 from the sender, 1 pair tried, none answered. A STUN or TURN server did not answer. A TURN server answered 500.',
    ],
    [
      'network',
      { reports: [...DEAD_ICE, ...many(1, { type: 'candidate-pair', state: 'in-progress', responsesReceived: 2 })] },
      '6 candidates here, 2 from the sender, 9 pairs tried, 1 answered.',
    ],
    ['network', { clues: undefined }, undefined],
    [
      'secure',
      { facts: { connection: 'connecting' } },
      'The network carries data; the DTLS handshake is not done after 10 s (connecting).',
    ],
    ['packets', {}, 'Connected, and not one packet of video in 10 s.'],
    [
      'keyframe',
      { reports: [video({ packetsReceived: 412, pliCount: 4, firCount: 1 })] },
      '412 packets, no whole frame; 5 keyframes asked for.',
    ],
    [
      'decode',
      { reports: [video({ framesReceived: 38, codecId: 'c' }), { id: 'c', type: 'codec', mimeType: 'video/H264' }] },
      '38 frames of H.264 received, none decoded.',
    ],
    ['picture', { reports: [video({ framesDecoded: 1 })] }, '1 frame decoded, none shown.'],
  ])('at %s', (rung, changes, seen) => {
    expect(seenAt(rung, evidence(changes))).toBe(seen);
  });

  it('is not forgotten with the pairs that a browser has given up', () => {
    const before = gathered(...DEAD_ICE);
    const after = gather([], before);
    expect(after).toMatchObject({ here: 6, there: 2, tried: 8, answered: 0 });
    expect(after.pairs).toEqual({ failed: 5, 'in-progress': 3, frozen: 4 });
  });
});

describe('a network that is blocked', () => {
  const relays = many(2, { type: 'local-candidate', candidateType: 'relay' });
  it.each<[string, Changes, object]>([
    ['by nothing that is known', { reports: DEAD_ICE }, {}],
    ['because TURN refuses', { reports: DEAD_ICE, iceErrors: new Map([[401, 1]]) }, { code: 'turn_refused' }],
    [
      'although one TURN server lets it through',
      { reports: [...DEAD_ICE, ...relays], iceErrors: new Map([[401, 1]]) },
      {},
    ],
    ['although a STUN server is away', { reports: DEAD_ICE, iceErrors: new Map([[701, 1]]) }, {}],
    ['because there is no way out', { reports: DEAD_ICE.slice(6, 8) }, { next: expect.stringMatching(/TURN server/) }],
    [
      'because the sender names no way',
      { reports: DEAD_ICE.slice(0, 6) },
      { next: expect.stringMatching(/sender's network/) },
    ],
    ['before anything was read', { clues: undefined }, {}],
  ])('%s', (_, changes, more) => {
    expect(diagnose('network', evidence(changes))).toEqual(more);
    expect(diagnose('packets', evidence(changes))).toEqual({});
  });
});
