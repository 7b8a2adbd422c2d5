import { describe, expect, it } from 'vitest';
import { fragmentOf, iceServersOf, retryAfterMs, withSoundApart } from '../../src/element/signalling/whep-http.js';
import { iceLinks } from '../../src/server/whep/links.js';
import { OFFER } from './whep-server.js';

describe('ICE servers in Link headers', () => {
  const turn = 'turn:t.example.org?transport=udp';
  it.each([
    ['none', null, []],
    ['a STUN server', '<stun:s.example.org>; rel="ice-server"', [{ urls: ['stun:s.example.org'] }]],
    ['without quotes', '<stun:s.example.org>;rel=ice-server', [{ urls: ['stun:s.example.org'] }]],
    [
      'commas, semicolons and escapes in credentials',
      String.raw`<${turn}>; rel="ice-server"; username="a,b;c"; credential="d\"e\\f"; credential-type="password"`,
      [{ urls: [turn], username: 'a,b;c', credential: 'd"e\\f' }],
    ],
    [
      'among other links',
      '</s>; rel="urn:ietf:params:whep:ext:core:layer", <stun:s.example.org>; rel="ice-server", <https://a>; rel="next"',
      [{ urls: ['stun:s.example.org'] }],
    ],
    ['a TURN server that nobody may use', `<${turn}>; rel="ice-server"; username="a"`, []],
    ['what is no ICE server', '<https://example.org>; rel="ice-server"', []],
    ['what is no link', 'stun:s.example.org', []],
  ])('%s', (_, header, servers) => {
    expect(iceServersOf(header)).toEqual(servers);
  });

  it('are found among what is none, and not looked for in what is endless', () => {
    const server = '<stun:stun.example.org>; rel="ice-server"';
    expect(iceServersOf(`${'<'.repeat(10_000)}${server}`)).toHaveLength(1);
    expect(iceServersOf(`${server}, ${'<'.repeat(200_000)}`)).toEqual([]);
  });

  it('are those that our server writes', () => {
    const servers = [{ urls: [turn], username: 'u"1', credential: 'p\\,2' }, { urls: ['stun:s.example.org'] }];
    expect(iceServersOf(iceLinks({ iceServers: servers }).join(', '))).toEqual(servers);
  });
});

describe('candidates in a fragment', () => {
  it('stand in the section that they name, or the first', () => {
    const lines = fragmentOf(OFFER, [
      { candidate: 'candidate:1', sdpMid: '1' },
      { candidate: 'candidate:2', sdpMid: null, sdpMLineIndex: 0 },
      { candidate: '' },
    ]).split('\r\n');
    expect(lines.slice(3)).toEqual([
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
      'a=candidate:2',
      'a=end-of-candidates',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'a=mid:1',
      'a=candidate:1',
      '',
    ]);
  });
});

describe('sound', () => {
  it('is in a media stream of its own, and nothing else is changed', () => {
    const answer = (sound: string) =>
      [
        'v=0',
        'm=video 9 UDP/TLS/RTP/SAVPF 96',
        'a=msid:stream picture',
        'm=audio 9 UDP/TLS/RTP/SAVPF 111',
        `a=msid:${sound} sound`,
        `a=ssrc:1 msid:${sound} sound`,
        'a=ssrc:1 cname:stream',
        '',
      ].join('\r\n');
    expect(withSoundApart(answer('stream'))).toBe(answer('sound-stream'));
    expect(withSoundApart(answer('-'))).toBe(answer('-'));
  });
});

describe('Retry-After', () => {
  it.each([
    [null, undefined],
    ['', undefined],
    ['7', 7_000],
    ['86400', 60_000],
    ['Thu, 01 Jan 1970 00:00:12 GMT', 11_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
  ])('%j', (header, ms) => {
    expect(retryAfterMs(header, 1_000)).toBe(ms);
  });
});
