import { describe, expect, it } from 'vitest';
import { deliveries, readAnswer } from './lib/viewers/srtp-viewers.js';

const ANSWER = [
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=audio 0 UDP/TLS/RTP/SAVPF 111',
  'a=rtpmap:111 opus/48000/2',
  'm=video 9 UDP/TLS/RTP/SAVPF 108 109',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789abcdef012345',
  'a=setup:active',
  'a=rtpmap:108 H264/90000',
  'a=rtpmap:109 rtx/90000',
  'a=fmtp:109 apt=108',
  'a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=candidate:1 1 UDP 2015363327 192.0.2.2 41234 typ host',
  'a=candidate:2 1 TCP 1015021823 192.0.2.2 9 typ host tcptype active',
  'a=candidate:3 1 udp 2015363327 2001:db8::1 41235 typ host',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  '',
].join('\r\n');

describe('an answer', () => {
  it('says what to receive, and from where', () => {
    expect(readAnswer(ANSWER)).toEqual({
      ufrag: 'abcd',
      pwd: '0123456789abcdef012345',
      active: true,
      payload: '108',
      rtx: '109',
      twcc: '4',
      candidates: [{ address: '192.0.2.2', port: '41234' }],
    });
  });

  it('may take less than was offered, and say its transport once for all', () => {
    const session =
      'v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=setup:passive\r\nm=video 9 X 102\r\na=rtpmap:102 H264/90000\r\n';
    expect(readAnswer(session)).toMatchObject({
      ufrag: 'u',
      pwd: 'p',
      active: false,
      rtx: '0',
      twcc: '0',
      candidates: [],
    });
  });

  it('without H.264 is none', () => {
    expect(() => readAnswer(ANSWER.replace('H264', 'VP8'))).toThrow('no H.264');
  });
});

it('tells what each viewer received between two readings, also who came meanwhile', () => {
  const received = (session: string, frames: number, bytes: number) => ({
    ...{ session, frames, bytes, keyframes: 1, packets: 0, lost: 0, resent: 0, nacks: 0, plis: 0, channel: true },
    ages: [5, 6],
  });
  const before = { at: 10, receivers: [received('0', 100, 1_000)] };
  const after = { at: 12, receivers: [received('0', 160, 251_000), received('1', 30, 125_000)] };
  expect(deliveries(before, after)).toEqual([
    { fps: 30, kbps: 1_000, packetsPerSecond: 0, agesMs: [5, 6] },
    { fps: 15, kbps: 500, packetsPerSecond: 0, agesMs: [5, 6] },
  ]);
});
