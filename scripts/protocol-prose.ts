/** The parts of docs/protocol.md that no table in src/protocol can say. */
import { DEFAULT_PATH, PROTOCOL_VERSION, TIMEOUTS } from '../src/protocol/index.js';

export function sessionSection(): string {
  return `# Protocol

What passes between the three programs: the **sender** (at the camera), the **receiver** (the element on a web page) and the
signalling **server** between them. Version ${PROTOCOL_VERSION}. The machine-readable form is [protocol.schema.json](protocol.schema.json).

- **Transport**: Socket.IO 4 (Engine.IO 4), path \`${DEFAULT_PATH}/\`, namespace \`/\`, by websocket or polling. A client says what it
  is in Socket.IO's \`auth\`, see [Handshake](#handshake). A refused connection is a \`connect_error\` whose \`data\` is an [ErrorMessage](#errormessage).
- **Acknowledgements**: every message has exactly one payload object and is acknowledged, when asked, with \`{ "ok": true, … }\` or \`{ "ok": false, "error": … }\`.
- **Stream**: a camera under a name. One sender publishes it, many receivers join it.
- **Session**: one receiver's connection to one stream. Only its receiver and the stream's sender may speak of it; to everyone else it does not exist.
- **Epoch**: counts the offers of a session, from 1. Every message of a negotiation carries it; a message with an older one is refused with \`stale_epoch\`.
- **ICE servers** come with every [Joined](#joined), [Published](#published) and relayed \`offer\`, and for other programs from \`GET ${DEFAULT_PATH}/ice-servers\` as an [IceConfig](#iceconfig).

## A session

\`\`\`mermaid
sequenceDiagram
    participant S as sender
    participant V as server
    participant R as receiver
    S->>V: publish { stream, instance, camera }
    V-->>S: { ok, ice }
    R->>V: join { stream }
    V-->>R: { ok, session, stream, ice }
    Note over R: nothing is open at the camera yet
    R->>V: offer { session, epoch: 1, sdp }
    V->>S: offer { stream, session, epoch: 1, sdp, ice }
    R->>V: candidate … (any number)
    V->>S: candidate …
    S-->>V: { ok, sdp }
    V-->>R: { ok, sdp }
    S->>V: candidate … (any number)
    V->>R: candidate …
    Note over S,R: media flows, never through the server
    R->>V: live { session, epoch: 1 }
    R->>V: leave { session }
    V->>S: session-closed { session, reason: "left" }
\`\`\`

As the receiver sends and hears it (Socket.IO's own framing left out):

\`\`\`text
→ join   { "stream": "camera" }
←        { "ok": true, "session": "5b0e…", "stream": { "stream": "camera", "online": true, "instance": "x9…", "camera": { … } }, "ice": { "iceServers": [] } }
→ offer  { "session": "5b0e…", "epoch": 1, "sdp": "v=0\\r\\n…" }
←        { "ok": true, "sdp": "v=0\\r\\n…" }
→ candidate { "session": "5b0e…", "epoch": 1, "candidate": { "candidate": "candidate:…", "sdpMid": "0", "sdpMLineIndex": 0 } }
\`\`\`

What a sender must do with an offer:

- The offer has one \`m=video\` section, \`recvonly\`, and one for the data channel. Answer the video with \`sendonly\` and exactly one of the
  offered codecs, under its offered payload type: H.264 constrained baseline with \`packetization-mode=1\`, or VP8. No codec in common:
  \`codec_mismatch\`.
- The SSRC in the answer must be the one that is sent; Chromium decodes any other, but never shows it.
- Send a keyframe with SPS and PPS first, and another whenever the receiver asks (RTCP PLI or FIR). Offer generic NACK and RTX.
- Where the offer has the extension \`http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\`, write 0/0 on the first frames: it sticks, and
  takes two thirds of the delay away.
- Where the offer has \`transport-cc\` feedback with the extension
  \`http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\`, answer both: the receiver then reports when each packet came,
  which is how a sender follows what the link carries. Send no more than that; a size may change at any keyframe, without a new offer.
- The data channel may be ignored; then the page shows its latency as a lower bound (≥). Otherwise send \`clock\` once a second and, where
  the picture may be sent smaller than the camera's mode, \`quality\` when the channel opens and at each change: only with it can the page
  tell a picture that its link made smaller from a mode that was not applied.
- When the camera is lost while viewers watch, keep their connections: send a picture that says so, at least once a second, and report
  \`camera.error\` by \`update-camera\`. The page says that the camera is lost instead of live, and tears nothing down. Report the camera without \`error\` as soon
  as its own pictures are sent again. An offer that cannot be given any picture is refused with the same code; the page tries
  again when the error goes.

A session is in one of four states:

| state | what it means | goes on by |
| --- | --- | --- |
| joined | open; the receiver hears news of the stream | \`offer\` with the next epoch → offered |
| offered | the sender has the offer; candidates pass from the receiver, those from the sender wait in the server | the sender's acknowledgement → answered; a refusal, or ${TIMEOUTS.answerMs / 1000} s of silence → joined |
| answered | both have both descriptions; candidates pass both ways | \`live\` → live |
| live | the first frame has been shown | \`offer\` with the next epoch → offered |

- An offer must carry the epoch after the last one. The same epoch with the same SDP again (after a lost acknowledgement) gets the same
  answer; with another SDP it is refused with \`wrong_state\`.
- A newer offer ends the negotiation before it: its own acknowledgement, if it still waits, is \`stale_epoch\`.
- When the **receiver's socket** is lost, its sessions end and the sender hears \`session-closed\` with \`lost\`.
- When the **sender's socket** is lost, receivers hear \`stream\` with \`online: false\` at once; media may still flow. Offers that wait are refused
  with \`stream_offline\`. For ${TIMEOUTS.senderGraceMs / 1000} s the same \`instance\` may come back and finds its sessions as they were; sessions that ended meanwhile
  are then told to it as \`session-closed\`. After that they are back at *joined*, and \`stream\` says so by leaving out \`instance\`.
- When **another sender** (another \`instance\`) takes a stream whose sender is gone, all sessions are back at *joined* and receivers hear \`stream\`
  with the new \`instance\`. While the former one is connected, the newcomer is refused with \`stream_taken\`.
- \`unpublish\` puts all sessions back to *joined* at once.
- The epoch never goes back: after any of these the next offer carries the next number.`;
}

export function pictureClockSection(): string {
  return `## The picture clock

The sender's test pattern burns its time into the picture, so that a program can read from a shown frame when it was made.
64 bits as two rows of 32 square blocks in the top left corner, most significant bit first; a light block (luma over 127) is 1.
A block is 16 pixels wide in pictures at least 512 pixels wide, otherwise 8.

| bits | meaning |
| --- | --- |
| 63 … 24 | microseconds since the Unix epoch, modulo 2^40 (12.7 days), when the frame was made |
| 23 … 8 | frame number, modulo 2^16 |
| 7 … 0 | sum of the seven bytes before it, modulo 256, xor 0x5a |`;
}
