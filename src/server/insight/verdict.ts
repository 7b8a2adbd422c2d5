import { ERRORS, type ErrorCode, type ErrorInfo } from '../../protocol/index.js';
import type { TurnReport } from '../ice/turn-report.js';
import { ofPath } from './path.js';
import type { SessionStory } from './timelines.js';
import { clock, duration, say, sentences, type Verdict } from './words.js';

export type { Verdict, VerdictCode } from './words.js';

/** What a story alone does not say. */
export interface Circumstances {
  /** Peers are given a TURN server. */
  readonly relayConfigured: boolean;
  /** The last test of the TURN servers. */
  readonly turn?: TurnReport | undefined;
  /** Somebody publishes the stream now. */
  readonly online?: boolean | undefined;
  /** Unix time in ms, on the clock of the story. */
  readonly nowMs: number;
}

/** An answered session that shows nothing for this long is looked at as one that fails: ICE needs 1 to 2 s where it works. */
const CONNECTING_MS = 5_000;

/**
 * Names the first thing that is wrong with a session, in the order in which a session comes to be: sender there, offer, answer,
 * candidates, path, picture.
 */
export function verdict(story: SessionStory, circumstances: Circumstances): Verdict {
  const { closed } = story;
  if (!closed) return ofOpen(story, circumstances);
  switch (closed.reason) {
    case 'kicked':
    case 'expired':
      return {
        code: closed.reason,
        ...sentences(closed.error, closed.reason === 'kicked' ? 'kicked' : 'token_expired'),
      };
    case 'server-closing':
      return { code: 'server_closing', ...sentences(closed.error, 'server_closing') };
    default:
      return story.liveAtMs === undefined ? ofFailed(story, circumstances) : ofWatched(story);
  }
}

function ofOpen(story: SessionStory, circumstances: Circumstances): Verdict {
  const { state, senderAway, receiverAway } = story;
  if (receiverAway) {
    return say(
      'receiver_away',
      "The viewer's connection to this server is lost; it may take the session over again, and media may flow on.",
      'Wait a moment; if it does not come back, check the network between the viewer and this server.',
    );
  }
  if (senderAway && state !== 'joined') {
    return say(
      'sender_away',
      "The sender's connection to this server is lost; it may come back, and media may flow on.",
      'Wait a moment; if it does not come back, check that the sender runs and reaches this server.',
    );
  }
  if (state === 'live') {
    const tookMs = (story.liveAtMs ?? 0) - (story.offeredAtMs ?? story.joinedAtMs);
    // A second negotiation is younger than the first frame.
    const after = tookMs > 0 ? `, ${duration(tookMs)} after its offer` : '';
    return say('live', `Live since ${clock(story.liveAtMs)}${after}.`);
  }
  if (state === 'offered')
    return say('asking', `The sender has been asked at ${clock(story.offeredAtMs)} and has not answered yet.`);
  if (state === 'answered') return ofAnswered(story, circumstances);
  if (story.refusal) return ofRefusal(story, story.refusal);
  if (senderAway || circumstances.online === false) return noSender(story);
  return say('not_started', 'The viewer has joined the stream and has not asked for a picture yet.');
}

function ofAnswered(story: SessionStory, circumstances: Circumstances): Verdict {
  if (story.via === 'whep') {
    return say('whep_answered', 'Offer and answer are exchanged; a WHEP viewer does not say when it shows a picture.');
  }
  const waitedMs = circumstances.nowMs - (story.answeredAtMs ?? circumstances.nowMs);
  if (waitedMs >= CONNECTING_MS) return ofPath(story, circumstances);
  return say('connecting', `Answered ${duration(waitedMs)} ago; the first frame has not been shown yet.`);
}

/** It has ended and was never live. */
function ofFailed(story: SessionStory, circumstances: Circumstances): Verdict {
  const { closed, refusal, offeredAtMs, answeredAtMs, closedAtMs } = story;
  if (refusal) return ofRefusal(story, refusal);
  const error = closed?.error;
  if (closed?.reason === 'sender-closed' && error?.code !== 'ice_failed') return senderEnded(error);
  if (offeredAtMs === undefined) {
    if (error) return { code: 'refused', ...sentences(error) };
    return say('gone_before_offer', 'The viewer left before it asked for a picture.');
  }
  if (answeredAtMs === undefined) {
    if (story.senderAway) return noSender(story);
    return say(
      'gone_before_answer',
      'The viewer was gone before the sender had answered.',
      'If viewers give up, look at how long the sender takes to answer.',
    );
  }
  if (error && !BLAMES_NETWORK.has(error.code)) {
    return { code: 'no_picture', ...sentences(error, undefined, 'The viewer said: ') };
  }
  if (error || closed?.reason === 'timeout') return ofPath(story, circumstances);
  if (story.via === 'whep' && closedAtMs !== undefined) {
    const after = duration(closedAtMs - answeredAtMs);
    return say(
      'watched',
      `The WHEP viewer left ${after} after the answer; such a viewer does not say what it has seen.`,
    );
  }
  const after = closedAtMs === undefined ? '' : ` ${duration(closedAtMs - answeredAtMs)} after the answer`;
  return say(
    'gone_before_first_frame',
    `The viewer was gone${after}, before the first frame.`,
    'Nothing, if somebody closed the page. If it happens again and again, look at the candidates of both sides.',
  );
}

/** What a viewer or a sender says when the two do not reach each other. */
const BLAMES_NETWORK: ReadonlySet<ErrorCode> = new Set(['ice_failed', 'connection_lost', 'session_timeout']);

/** It has ended and was live. */
function ofWatched({ closed, liveAtMs = 0, closedAtMs = liveAtMs }: SessionStory): Verdict {
  const watched = `Live for ${duration(closedAtMs - liveAtMs)}`;
  if (closed?.error) return { code: 'broke', ...sentences(closed.error, undefined, `${watched}, then: `) };
  if (closed?.reason === 'left') return say('watched', `${watched}, then the viewer left.`);
  if (closed?.reason === 'sender-closed')
    return say('sender_ended', `${watched}, then the sender ended it.`, LOOK_AT_SENDER);
  if (closed?.reason === 'timeout')
    return { code: 'broke', ...sentences(undefined, 'session_timeout', `${watched}, then: `) };
  return say(
    'receiver_lost',
    `${watched}, then the viewer's connection to this server was lost and did not come back in time.`,
    'Nothing, if the viewer was switched off; else check the network between it and this server.',
  );
}

const LOOK_AT_SENDER = "Look at the sender's log for the reason.";

function ofRefusal(story: SessionStory, refusal: ErrorInfo): Verdict {
  if (refusal.code === 'stream_offline') return noSender(story);
  if (refusal.code === 'sender_timeout') {
    const within = story.answerTookMs === undefined ? 'in time' : `within ${duration(story.answerTookMs)}`;
    return say('sender_silent', `The sender did not answer ${within}.`, refusal.next);
  }
  return { code: 'refused', ...sentences(refusal, undefined, 'The viewer was refused: ') };
}

function noSender({ stream }: SessionStory): Verdict {
  return say('no_sender', `Nothing is streaming under the name "${stream}".`, ERRORS.stream_offline.next);
}

function senderEnded(error: ErrorInfo | undefined): Verdict {
  if (error) return { code: 'sender_ended', ...sentences(error, undefined, 'The sender ended it: ') };
  return say('sender_ended', 'The sender ended it before the first frame.', LOOK_AT_SENDER);
}
