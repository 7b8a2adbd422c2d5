import { describe, expect, it } from 'vitest';
import { LIMITS, sdpProblem } from '../../src/protocol/index.js';

const SDP = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n';

describe('sdpProblem', () => {
  it.each([
    ['with CRLF', SDP],
    ['with LF', SDP.replaceAll('\r\n', '\n')],
    ['without a last line end', SDP.trimEnd()],
  ])('accepts one %s', (_name, sdp) => {
    expect(sdpProblem(sdp)).toBeUndefined();
  });

  it.each([
    ['a first line that is not v=0', SDP.replace('v=0', 'v=1'), 'does not begin with v=0'],
    ['a NUL', SDP.replace('s=-', 's=\0'), 'contains a NUL character'],
    ['a bare carriage return', SDP.replace('s=-', 's=a\rb'), 'has a bare carriage return in line 3'],
    ['an empty line inside', SDP.replace('s=-', ''), 'has no type=value in line 3'],
    ['a line without a type', SDP.replace('s=-', 'hello'), 'has no type=value in line 3'],
    ['a type in capitals', SDP.replace('s=-', 'S=-'), 'has no type=value in line 3'],
    ['no media section', SDP.replace(/m=.*\r\n/, ''), 'has no media section'],
    ['too many media sections', SDP + 'm=video 9 x 96\r\n'.repeat(16), 'has more than 16 media sections'],
    ['too many lines', SDP + 'a=x\r\n'.repeat(LIMITS.sdpLines), 'has more than 4000 lines'],
    ['too many characters', SDP + 'a'.repeat(LIMITS.sdpLength), 'is longer than 131072 characters'],
  ])('refuses %s', (_name, sdp, problem) => {
    expect(sdpProblem(sdp)).toBe(problem);
  });

  it.each([
    ['one long line', (part: number) => `v=0\na=${'x\r'.repeat((LIMITS.sdpLength * part) / 4)}`],
    ['many lines', (part: number) => `v=0\nm=\n${'a=xxxx\n'.repeat((LIMITS.sdpLines - 4) * part)}`],
  ])('takes time in proportion to %s', (_name, sdp) => {
    // The best of many: what others do on this machine only ever adds.
    const cost = (text: string) =>
      Math.min(
        ...Array.from({ length: 40 }, () => {
          const startedAt = performance.now();
          for (let round = 0; round < 5; round += 1) sdpProblem(text);
          return performance.now() - startedAt;
        }),
      );
    const quarter = cost(sdp(1 / 4));
    // Four times the length: 4 if linear, 16 if quadratic.
    expect(cost(sdp(1)) / quarter).toBeLessThan(10);
  });
});
