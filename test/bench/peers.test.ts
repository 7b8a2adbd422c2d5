import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { joinWays } from './lib/latency/stages.js';
import { chosenPeers, parsePeer } from './lib/peers/options.js';

const folder = mkdtempSync(join(tmpdir(), 'peers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, mode = 0o755): string => {
  const path = join(folder, name);
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
};

describe('--peer', () => {
  it('takes a program that may be run, a folder with the plugin, and a package by its name alone', () => {
    file('libgstrswebrtc.so', 0o644);
    const words = [`go2rtc=${file('go2rtc')}`, `webrtcsink=${folder}`, 'janus'];
    expect(chosenPeers({ peer: words }).map(({ name }) => name)).toEqual(['go2rtc', 'webrtcsink', 'janus']);
  });

  it('is nobody by default', () => {
    expect(chosenPeers({})).toEqual([]);
  });

  it.each([
    ['livekit=/bin/true', /peers known here are go2rtc=PROGRAM, mediamtx=PROGRAM, webrtcsink=PLUGIN_FOLDER, janus/],
    ['toString', /peers known here/],
    ['go2rtc', /write --peer go2rtc=PROGRAM/],
    ['mediamtx=/nowhere/mediamtx', /there is no \/nowhere\/mediamtx/],
    [`mediamtx=${tmpdir()}`, /that is no program/],
    [`go2rtc=${file('notes.txt', 0o644)}`, /may not be run/],
    [`webrtcsink=${file('some.so')}`, /that is no folder/],
    [`webrtcsink=${mkdtempSync(join(folder, 'empty-'))}`, /no libgstrswebrtc\.so is in/],
    ['janus=/usr/bin/janus', /comes from a package/],
  ])('says what is wrong with %s', (word, reason) => {
    expect(() => parsePeer(word)).toThrow(reason);
  });

  it('refuses the same one twice', () => {
    expect(() => chosenPeers({ peer: ['janus', 'janus'] })).toThrow('--peer janus is there twice');
  });
});

describe('the way of a frame', () => {
  const sent = {
    sequence: 7,
    rtp: 700,
    born: 1,
    made: 2,
    converted: 3,
    encoded: 4,
    handedOver: 5,
    packetised: 6,
    encrypted: 7,
  };
  const shown = { rtp: 700, receivedMs: 8, decodeMs: 0.5, presentedMs: 9, calledMs: 9.5 };
  const seen = { sequence: 7, seenMs: 10, ageMs: 9 };

  it('is put together from sender, page and screen', () => {
    expect(joinWays([sent], [shown], { frames: [seen] })).toMatchObject([
      { born: 1, received: 8, presented: 9, seen: 10 },
    ]);
  });

  it('is left out where one of them does not know it', () => {
    expect(joinWays([{ ...sent, rtp: null }], [shown], { frames: [seen] })).toEqual([]);
    expect(joinWays([sent], [{ ...shown, rtp: 1 }], { frames: [seen] })).toEqual([]);
    expect(joinWays([sent], [shown], { frames: [{ ...seen, sequence: 8 }] })).toEqual([]);
    const { encrypted: _, ...unfinished } = sent;
    expect(joinWays([unfinished], [shown], { frames: [seen] })).toEqual([]);
  });
});
