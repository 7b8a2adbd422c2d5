import { describe, expect, it } from 'vitest';
import { flightsOf, type Packet } from './lib/capture.js';

const PAGE = 40_000;
const MEDIA = 50_000;

/** Packets as `[ms, way, what, port]`. */
const captured = (...lines: [number, Packet['way'], string, number?][]): Packet[] =>
  lines.map(([at, way, what, port = MEDIA]) => ({ at, way, what, port }));

describe('what passed the link during a join', () => {
  it('begins with the join and ends with the first packet of its picture', () => {
    const packets = captured(
      [90, 'up', 'offer', PAGE],
      [100, 'up', 'offer', PAGE],
      [150, 'up', 'DTLS ClientHello'],
      [200, 'down', 'RTP'],
      [201, 'down', 'RTP'],
    );
    expect(flightsOf(packets, 95)).toEqual([
      { at: 5, way: 'up', what: 'offer' },
      { at: 55, way: 'up', what: 'DTLS ClientHello' },
      { at: 105, way: 'down', what: 'RTP' },
    ]);
  });

  it('is put together by way, and counted', () => {
    const packets = captured(
      [0, 'up', 'offer', PAGE],
      [1, 'down', 'acknowledgement', PAGE],
      [2, 'up', 'candidate', PAGE],
      [3, 'up', 'candidate', PAGE],
      [30, 'up', 'candidate', PAGE],
    );
    expect(flightsOf(packets, 0)).toEqual([
      { at: 0, way: 'up', what: 'offer, candidate ×2' },
      { at: 1, way: 'down', what: 'acknowledgement' },
      { at: 30, way: 'up', what: 'candidate' },
    ]);
  });

  it('leaves out what another connection of the same page is sent', () => {
    const packets = captured(
      [0, 'down', 'RTP', 51_000],
      [1, 'up', 'offer', PAGE],
      [2, 'up', 'ICE check', 51_000],
      [40, 'up', 'DTLS ClientHello'],
      [80, 'down', 'RTP', 51_000],
      [90, 'down', 'RTP'],
    );
    expect(flightsOf(packets, 0).map(({ at, what }) => `${at} ${what}`)).toEqual([
      '1 offer',
      '40 DTLS ClientHello',
      '90 RTP',
    ]);
  });
});
