import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorInfo } from '../../../src/protocol/index.js';
import type { TurnCode, TurnReport } from '../../../src/server/ice/turn-report.js';
import { type Circumstances, type VerdictCode, verdict } from '../../../src/server/insight/verdict.js';
import { START_MS, type Stage, storyOf } from './story.js';

const URL = 'turn:turn.example.org:3478';

function report(...codes: TurnCode[]): TurnReport {
  return {
    ok: codes.every((code) => code === 'ok'),
    checkedAtMs: START_MS,
    servers: codes.map((code) => ({
      url: URL,
      code,
      message: 'What happened.',
      next: code === 'ok' ? '' : 'Mend it.',
    })),
  };
}

function refuse(stage: Stage, code: ErrorCode, tookMs = 5): Stage {
  return stage.emit('session-refused', { session: 's1', stream: 'cam', epoch: 1, tookMs, error: errorInfo(code) });
}

/** Offered and answered, with these candidates; then the viewer says that ICE has failed. */
function iceFailed(sender: Parameters<Stage['candidates']>[1][], receiver: Parameters<Stage['candidates']>[1][]) {
  return (stage: Stage) =>
    stage
      .join()
      .offer()
      .answer()
      .candidates('sender', ...sender)
      .candidates('receiver', ...receiver)
      .wait(8_000)
      .close('left', errorInfo('ice_failed'));
}

type Case = [
  title: string,
  play: (stage: Stage) => void,
  code: VerdictCode,
  message: string | RegExp,
  next: string | RegExp,
  circumstances?: Partial<Circumstances>,
];

const TURN = { relayConfigured: true };

const CASES: Record<string, Case[]> = {
  'while it is open': [
    ['joined', (s) => s.join(), 'not_started', /has not asked for a picture yet/, ''],
    [
      'joined, stream offline',
      (s) => s.join(),
      'no_sender',
      'Nothing is streaming under the name "cam".',
      /Start the sender/,
      { online: false },
    ],
    [
      'sender gone while live',
      (s) => s.join().offer().answer().live().emit('stream-gone', { stream: 'cam' }),
      'no_sender',
      /Nothing is streaming/,
      /Start the sender/,
    ],
    [
      'offered',
      (s) => s.join().offer(),
      'asking',
      'The sender has been asked at 2026-01-01T00:00:00.000Z and has not answered yet.',
      '',
    ],
    [
      'answered just now',
      (s) => s.join().offer().answer().wait(300),
      'connecting',
      'Answered 300 ms ago; the first frame has not been shown yet.',
      '',
    ],
    [
      'answered long ago',
      (s) => s.join().offer().answer().wait(5_000),
      'no_candidates',
      /neither side sent a candidate/,
      /network/,
    ],
    [
      'live',
      (s) => s.join().wait(60_000).offer().wait(10).answer().wait(110).live(),
      'live',
      'Live since 2026-01-01T00:01:00.120Z, 120 ms after its offer.',
      '',
    ],
    [
      'live, and negotiated again',
      (s) => s.join().offer().answer().wait(9).live().wait(5_000).offer('s1', 2).answer('s1', 2).live(),
      'live',
      'Live since 2026-01-01T00:00:00.009Z.',
      '',
    ],
    [
      'sender away while live',
      (s) => s.join().offer().answer().live().emit('stream-away', { stream: 'cam' }),
      'sender_away',
      /sender's connection to this server is lost/,
      /Wait a moment/,
    ],
    [
      'receiver away while live',
      (s) => s.join().offer().answer().live().emit('session-detached', { session: 's1', stream: 'cam' }),
      'receiver_away',
      /viewer's connection to this server is lost/,
      /Wait a moment/,
    ],
    [
      'WHEP, answered long ago',
      (s) => s.join('s1', 'cam', 'whep').offer().answer().wait(60_000),
      'whep_answered',
      /WHEP viewer does not say/,
      '',
    ],
    [
      'refused, and still there',
      (s) => refuse(s.join().offer(), 'camera_missing'),
      'refused',
      'The viewer was refused: the camera is not there.',
      /Plug it in/,
    ],
  ],
  'when the sender does not give an answer': [
    [
      'silent',
      (s) => refuse(s.join().offer(), 'sender_timeout', 10_003).close('left'),
      'sender_silent',
      'The sender did not answer within 10 s.',
      /still runs and is not overloaded/,
    ],
    [
      'not there',
      (s) => refuse(s.join().offer(), 'stream_offline').close('left', errorInfo('stream_offline')),
      'no_sender',
      /Nothing is streaming/,
      /Start the sender/,
    ],
    [
      'gone while it was asked',
      (s) => s.join().offer().emit('stream-away', { stream: 'cam' }).close('lost'),
      'no_sender',
      /Nothing is streaming/,
      /Start the sender/,
    ],
    [
      'full',
      (s) => refuse(s.join().offer(), 'stream_full').close('left'),
      'refused',
      'The viewer was refused: as many viewers watch this stream as the server allows.',
      /maxViewers/,
    ],
    [
      'no codec',
      (s) => refuse(s.join().offer(), 'codec_mismatch').close('left'),
      'refused',
      /no video codec in common/,
      /H\.264/,
    ],
  ],
  'when somebody ended it': [
    [
      'kicked',
      (s) => s.join().offer().answer().live().close('kicked', errorInfo('kicked')),
      'kicked',
      /Someone who manages this server/,
      /Ask whoever runs/,
    ],
    [
      'kicked, without a word',
      (s) => s.join().close('kicked'),
      'kicked',
      /Someone who manages this server/,
      /Ask whoever runs/,
    ],
    ['rights ran out', (s) => s.join().close('expired'), 'expired', /time is over/, /new token/],
    [
      'server closing',
      (s) => s.join().offer().answer().live().close('server-closing'),
      'server_closing',
      /shutting down/,
      /comes back by itself/,
    ],
    [
      'sender, while live',
      (s) => s.join().offer().answer().live().wait(2_000).close('sender-closed'),
      'sender_ended',
      'Live for 2 s, then the sender ended it.',
      /sender's log/,
    ],
    [
      'sender, before',
      (s) => s.join().offer().answer().close('sender-closed'),
      'sender_ended',
      /before the first frame/,
      /sender's log/,
    ],
    [
      'sender, before, with a reason',
      (s) => s.join().offer().answer().close('sender-closed', errorInfo('too_many_viewers')),
      'sender_ended',
      /^The sender ended it: as many viewers/,
      /--max-viewers/,
    ],
    [
      'viewer, after watching',
      (s) => s.join().offer().answer().live().wait(125_000).close('left'),
      'watched',
      'Live for 2 min, then the viewer left.',
      '',
    ],
    [
      'viewer, before it asked',
      (s) => s.join().close('left'),
      'gone_before_offer',
      /before it asked for a picture/,
      '',
    ],
    [
      'viewer, before it asked, with a reason',
      (s) => s.join().close('left', errorInfo('webrtc_unsupported')),
      'refused',
      'This browser has no WebRTC.',
      /current Chrome/,
    ],
    [
      'viewer, before the answer',
      (s) => s.join().offer().close('lost'),
      'gone_before_answer',
      /before the sender had answered/,
      /how long the sender takes/,
    ],
    [
      'WHEP viewer',
      (s) => s.join('s1', 'cam', 'whep').offer().answer().wait(30_000).close('left'),
      'watched',
      'The WHEP viewer left 30 s after the answer; such a viewer does not say what it has seen.',
      '',
    ],
    [
      'viewer, before the first frame',
      (s) => s.join().offer().answer().wait(700).close('lost'),
      'gone_before_first_frame',
      'The viewer was gone 700 ms after the answer, before the first frame.',
      /closed the page/,
    ],
    [
      'viewer’s connection lost',
      (s) => s.join().offer().answer().live().wait(40_000).close('lost'),
      'receiver_lost',
      /^Live for 40 s, then the viewer's connection/,
      /switched off/,
    ],
    [
      'connection broke',
      (s) => s.join().offer().answer().live().wait(40_000).close('left', errorInfo('connection_lost')),
      'broke',
      'Live for 40 s, then: the connection to the camera broke.',
      /Check the network/,
    ],
    [
      'time-out while live',
      (s) => s.join().offer().answer().live().wait(1_000).close('timeout'),
      'broke',
      /^Live for 1 s, then: the connection was not completed/,
      /network/,
    ],
    [
      'connected, no picture',
      (s) => s.join().offer().answer().close('left', errorInfo('no_media')),
      'no_picture',
      /^The viewer said: connected, but no picture/,
      /sender's log/,
    ],
  ],
  'when the two do not reach each other': [
    [
      'no candidates',
      iceFailed([], []),
      'no_candidates',
      'Offered and answered, but neither side sent a candidate.',
      /pass on/,
    ],
    ['only the end of candidates', iceFailed(['end'], ['end']), 'no_candidates', /neither side/, /pass on/],
    [
      'none from the sender',
      iceFailed(['end'], ['host', 'end']),
      'no_sender_candidates',
      'Offered and answered, but the sender sent no candidate.',
      /network interfaces/,
    ],
    [
      'none from the viewer',
      iceFailed(['host'], []),
      'no_receiver_candidates',
      'Offered and answered, but the viewer sent no candidate.',
      /browser/,
    ],
    [
      'hosts only',
      iceFailed(['host', 'tcp', 'end'], ['host', 'end']),
      'only_host_candidates',
      'Only host candidates on both sides: they are probably in different networks.',
      /Configure a TURN server/,
    ],
    [
      'public addresses, no TURN',
      iceFailed(['host', 'srflx'], ['host']),
      'no_relay_configured',
      /there is no TURN server/,
      /Configure a TURN server/,
    ],
    [
      'a relay that came from elsewhere',
      iceFailed(['host', 'relay'], ['host']),
      'no_path',
      /no pair of them connects/,
      /denied-peer-ip/,
    ],
    [
      'relays on both sides',
      iceFailed(['host', 'relay'], ['host', 'relay']),
      'no_path',
      /no pair of them connects/,
      /denied-peer-ip/,
      TURN,
    ],
    [
      'wrong secret',
      iceFailed(['host'], ['host', 'relay']),
      'no_relay_candidate',
      `No relay candidate from the sender: ${URL} answered 401, wrong secret or password.`,
      'Mend it.',
      { ...TURN, turn: report('wrong_credentials') },
    ],
    [
      'unreachable',
      iceFailed(['host'], ['host']),
      'no_relay_candidate',
      `No relay candidate from either side: ${URL} does not answer.`,
      'Mend it.',
      { ...TURN, turn: report('unreachable', 'quota') },
    ],
    [
      'TURN works, but not from the viewer',
      iceFailed(['host', 'relay'], ['host', 'srflx']),
      'no_relay_candidate',
      /^No relay candidate from the viewer, although this server was given one/,
      /turns: on port 443/,
      { ...TURN, turn: report('unreachable', 'ok') },
    ],
    [
      'TURN never tested',
      iceFailed(['host', 'relay'], ['host']),
      'no_relay_candidate',
      /has not been tested/,
      /turn-test/,
      TURN,
    ],
    [
      'WHEP, whose candidates may be in its offer',
      (s) =>
        s
          .join('s1', 'cam', 'whep')
          .offer()
          .answer()
          .candidates('sender', 'host')
          .close('left', errorInfo('ice_failed')),
      'no_relay_configured',
      /there is no TURN server/,
      /Configure a TURN server/,
    ],
    [
      'WHEP, and nothing from the sender',
      (s) => s.join('s1', 'cam', 'whep').offer().answer().close('timeout'),
      'no_sender_candidates',
      /the sender sent no candidate/,
      /network interfaces/,
    ],
    [
      'the sender noticed it',
      (s) =>
        s
          .join()
          .offer()
          .answer()
          .candidates('sender', 'host')
          .candidates('receiver', 'host')
          .close('sender-closed', errorInfo('ice_failed')),
      'only_host_candidates',
      /Only host candidates/,
      /TURN/,
    ],
    [
      'the server noticed it',
      (s) =>
        s
          .join()
          .offer()
          .answer()
          .candidates('sender', 'host')
          .candidates('receiver', 'host')
          .close('timeout', errorInfo('session_timeout')),
      'only_host_candidates',
      /Only host candidates/,
      /TURN/,
    ],
  ],
};

for (const [when, cases] of Object.entries(CASES)) {
  describe(`the verdict ${when}`, () => {
    it.each(cases)('%s', (_title, play, code, message, next, circumstances = {}) => {
      const { story, nowMs } = storyOf(play);
      const found = verdict(story, { relayConfigured: false, nowMs, ...circumstances });
      const fits = (wanted: string | RegExp) => (typeof wanted === 'string' ? wanted : expect.stringMatching(wanted));
      expect(found).toEqual({ code, message: fits(message), next: fits(next) });
    });
  });
}

it('has words for everything that can be wrong with a TURN server', () => {
  const { story, nowMs } = storyOf(iceFailed(['host'], ['host']));
  const codes: TurnCode[] = [
    'unreachable',
    'not_turn',
    'tls',
    'wrong_credentials',
    'clock_skew',
    'quota',
    'no_capacity',
    'refused',
  ];
  const messages = codes.map((code) => verdict(story, { ...TURN, turn: report(code), nowMs }).message);
  expect(new Set(messages).size).toBe(codes.length);
  for (const message of messages) expect(message).toMatch(/^No relay candidate from either side: turn:\S+ [a-z].*\.$/);
});

it('is one sentence, ended, whatever happened', () => {
  for (const [, play, , , , circumstances = {}] of Object.values(CASES).flat()) {
    const { story, nowMs } = storyOf(play);
    const { message } = verdict(story, { relayConfigured: false, nowMs, ...circumstances });
    expect(message).toMatch(/^[A-Z].*\.$/);
  }
});

it('was tried for every code that there is', () => {
  // Does not compile when a code is missing.
  const every: Record<VerdictCode, true> = {
    live: true,
    watched: true,
    not_started: true,
    asking: true,
    connecting: true,
    whep_answered: true,
    no_sender: true,
    sender_away: true,
    receiver_away: true,
    receiver_lost: true,
    gone_before_offer: true,
    gone_before_answer: true,
    gone_before_first_frame: true,
    sender_silent: true,
    refused: true,
    sender_ended: true,
    kicked: true,
    expired: true,
    server_closing: true,
    no_candidates: true,
    no_sender_candidates: true,
    no_receiver_candidates: true,
    no_relay_candidate: true,
    only_host_candidates: true,
    no_relay_configured: true,
    no_path: true,
    no_picture: true,
    broke: true,
  };
  const tried = new Set(Object.values(CASES).flatMap((cases) => cases.map(([, , code]) => code)));
  expect([...tried].sort()).toEqual(Object.keys(every).sort());
});
