import type { CandidateKind } from '../events.js';
import type { TurnCheck, TurnCode, TurnReport } from '../ice/turn-report.js';
import type { CandidateCounts, SessionStory } from './timelines.js';
import type { Circumstances } from './verdict.js';
import { say, type Verdict } from './words.js';

/** Why two sides that have offered and answered do not reach each other. */
export function ofPath(
  story: SessionStory,
  { relayConfigured, turn }: Pick<Circumstances, 'relayConfigured' | 'turn'>,
): Verdict {
  const { sender, receiver } = story.candidates;
  // A WHEP viewer may have all of its candidates in its offer, which nobody reads here.
  const speaking: readonly Side[] = story.via === 'whep' ? ['sender'] : ['sender', 'receiver'];
  const silent = speaking.filter((side) => isEmpty(story.candidates[side]));
  if (silent.length === 2) {
    return say(
      'no_candidates',
      'Offered and answered, but neither side sent a candidate.',
      'Check that both programs pass on the candidates they find, and that they have a network at all.',
    );
  }
  const [mute] = silent;
  if (mute) {
    return say(
      mute === 'sender' ? 'no_sender_candidates' : 'no_receiver_candidates',
      `Offered and answered, but ${NAMES[mute]} sent no candidate.`,
      mute === 'sender'
        ? "Check the sender's network interfaces and its log."
        : 'Check that the browser is not told to hide all addresses (a privacy extension, a policy), and that it is online.',
    );
  }
  const withoutRelay = speaking.filter((side) => !story.candidates[side].relay);
  if (relayConfigured) return withoutRelay[0] ? noRelay(withoutRelay, turn) : noPath();
  if (withoutRelay.length < speaking.length) return noPath();
  if (speaking.length === 2 && isOnlyHost(sender) && isOnlyHost(receiver)) {
    return say(
      'only_host_candidates',
      'Only host candidates on both sides: they are probably in different networks.',
      CONFIGURE_TURN,
    );
  }
  return say(
    'no_relay_configured',
    'The two sides do not reach each other directly, and there is no TURN server between them.',
    CONFIGURE_TURN,
  );
}

const CONFIGURE_TURN = 'Configure a TURN server: set TURN_SERVER_URL and its credentials, or the option "iceServers".';

type Side = 'sender' | 'receiver';
const NAMES: Readonly<Record<Side, string>> = { sender: 'the sender', receiver: 'the viewer' };

function noRelay(sides: readonly Side[], turn: TurnReport | undefined): Verdict {
  const from = sides.length === 2 ? 'either side' : NAMES[sides[0] ?? 'sender'];
  const failing = turn?.servers.filter(({ code }) => code !== 'ok') ?? [];
  const [first] = failing;
  // One that works is enough for both sides: then it is not the server that fails.
  if (first && failing.length === turn?.servers.length) {
    return say('no_relay_candidate', `No relay candidate from ${from}: ${inWords(first)}.`, first.next);
  }
  if (!turn || turn.servers.length === 0) {
    return say(
      'no_relay_candidate',
      `No relay candidate from ${from}, and the TURN server has not been tested.`,
      'Test it: POST …/turn-test, or "webrtc-preview doctor".',
    );
  }
  return say(
    'no_relay_candidate',
    `No relay candidate from ${from}, although this server was given one: a network on the way blocks the TURN server.`,
    'Let that network reach the TURN server on UDP and TCP, or offer it as turns: on port 443 as well.',
  );
}

function noPath(): Verdict {
  return say(
    'no_path',
    'Both sides found candidates, relays among them, but no pair of them connects.',
    'Check that the TURN server may relay to the other side (denied-peer-ip, a firewall before its relay ports).',
  );
}

const TURN_WORDS: Readonly<Record<TurnCode, string>> = {
  ok: 'works',
  unreachable: 'does not answer',
  not_turn: 'answers, but not as a TURN server',
  tls: 'fails in its TLS handshake',
  wrong_credentials: 'answered 401, wrong secret or password',
  clock_skew: 'answered 401, its clock is ahead of ours',
  quota: 'answered 486, the quota of the user is used up',
  no_capacity: 'answered 508, it has no port left to relay on',
  refused: 'refuses to relay',
};

function inWords({ url, code }: TurnCheck): string {
  return `${url} ${TURN_WORDS[code]}`;
}

function isEmpty(counts: CandidateCounts): boolean {
  return (Object.keys(counts) as CandidateKind[]).every((kind) => kind === 'end');
}

function isOnlyHost(counts: CandidateCounts): boolean {
  return !counts.srflx && !counts.prflx && !counts.relay;
}
