#!/usr/bin/python3
"""Viewers without a screen, several to a process, for when it is the sender that is measured.

To the sender they are Chromium: each offers what Chromium offers, sends its receiver reports and transport feedback as
often, and pings over the data channel. They take the picture out of its packets and count it, and decode nothing: so
dozens fit beside the sender.

    receivers.py SERVER STREAM

Commands come in on standard input, one a line, and each is answered with a line of JSON on standard output:

    join COUNT    as many more viewers; answered when each has its first frame, or cannot have one
    leave COUNT   the oldest ones go, with a goodbye
    read          what each has received so far
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / 'sender'))

import socketio  # noqa: E402
from webrtc_sender.gst import Gst, GstSdp, GstWebRTC, promised, start_glib_loop  # noqa: E402
from webrtc_sender.peer import rest  # noqa: E402

# PyGObject makes its classes when they are first used, and two threads at once make two, which do not fit each other.
SessionDescription = GstWebRTC.WebRTCSessionDescription

# Recorded from Chromium 156.
CHROMIUM_OFFER = (PROJECT / 'test/sender/fixtures/chromium-offer.sdp').read_text()
# What a sender chooses from it: H.264 constrained baseline, its RTX, and the header extensions under their numbers.
CAPS = (
    'application/x-rtp,media=video,encoding-name=H264,payload=108,clock-rate=90000,packetization-mode=(string)1,'
    'profile-level-id=(string)42e01f,level-asymmetry-allowed=(string)1,rtcp-fb-nack=(boolean)true,'
    'rtcp-fb-nack-pli=(boolean)true,rtcp-fb-ccm-fir=(boolean)true,rtcp-fb-transport-cc=(boolean)true,'
    'extmap-4=(string)"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",'
    'extmap-5=(string)"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"'
)
COUNT_FRAMES = 'rtph264depay ! video/x-h264,stream-format=byte-stream,alignment=au ! fakesink name=counter sync=false'
# Seen from Chromium: a receiver report about once a second, transport feedback every 60 ms or so.
REPORT_NS = 1_000_000_000
FEEDBACK_NS = 60_000_000
PING_S = 3.0
FIRST_FRAME_S = 20.0
# A sender that has just been started tries its encoders first.
ONLINE_S = 20.0


class Receiver:
    """One viewer of the stream."""

    def __init__(self, signalling: 'Signalling') -> None:
        self._signalling = signalling
        self._loop = asyncio.get_running_loop()
        self.session = ''
        self.first_frame = self._loop.create_future()
        self._counter = None
        self._handlers: list = []
        self._early: list = []
        self._answered = False
        self._pings: asyncio.Task | None = None
        self._pipeline = Gst.Pipeline()
        self._webrtc = Gst.ElementFactory.make('webrtcbin')
        self._webrtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self._pipeline.add(self._webrtc)

    async def join(self) -> None:
        """Raises RuntimeError with the reason when it is refused, TimeoutError when no frame comes."""
        joined = await self._signalling.ask('join', {'stream': self._signalling.stream})
        self.session = joined['session']
        self._signalling.receivers[self.session] = self
        await self._signalling.until_online(joined['stream'])
        self._connect(self._webrtc, 'on-ice-candidate', self._on_candidate)
        self._connect(self._webrtc, 'pad-added', self._on_pad)
        self._pipeline.set_state(Gst.State.PLAYING)
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        transceiver = self._webrtc.emit('add-transceiver', direction, Gst.Caps.from_string(CAPS))
        transceiver.set_property('do-nack', True)
        options = Gst.Structure.from_string('options,ordered=(boolean)false')[0]
        channel = self._webrtc.emit('create-data-channel', 'webrtc-preview', options)
        self._connect(channel, 'on-open', lambda opened: self._post(self._start_pings, opened))
        offer, reply = await promised(self._webrtc, 'create-offer', None, field='offer')
        own = offer.sdp.as_text()
        await promised(self._webrtc, 'set-local-description', offer)
        del offer, reply
        message = {'session': self.session, 'epoch': 1, 'sdp': as_chromium(own)}
        answer = await self._signalling.ask('offer', message)
        _, parsed = GstSdp.SDPMessage.new_from_text(with_mids_of(own, answer['sdp']))
        description = SessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, parsed)
        await promised(self._webrtc, 'set-remote-description', description)
        self._report_as_chromium()
        self._answered = True
        for candidate in self._early:
            self.add_candidate(candidate)
        await asyncio.wait_for(asyncio.shield(self.first_frame), FIRST_FRAME_S)
        await self._signalling.ask('live', {'session': self.session, 'epoch': 1})

    def add_candidate(self, candidate: dict) -> None:
        if not self._answered:
            self._early.append(candidate)
        elif candidate['candidate']:
            self._webrtc.emit('add-ice-candidate', candidate.get('sdpMLineIndex') or 0, candidate['candidate'])

    def reading(self) -> dict:
        frames = self._counter.get_property('stats').get_value('rendered') if self._counter else 0
        return {'session': self.session, 'frames': frames, **self._received()}

    async def leave(self) -> None:
        if self._pings:
            self._pings.cancel()
        with contextlib.suppress(RuntimeError):  # the sender has given it up before
            await self._signalling.ask('leave', {'session': self.session})
        self._signalling.receivers.pop(self.session, None)
        for source, handler in self._handlers:
            source.disconnect(handler)
        self._handlers, self._counter = [], None
        pipeline, self._pipeline, webrtc, self._webrtc = self._pipeline, None, self._webrtc, None
        await self._loop.run_in_executor(None, rest.lay_to_rest, pipeline, webrtc, False)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _session(self):
        return self._webrtc.get_by_name('rtpbin').emit('get-internal-session', 0)

    def _report_as_chromium(self) -> None:
        session = self._session()
        session.set_property('rtcp-min-interval', REPORT_NS)
        session.set_property('twcc-feedback-interval', FEEDBACK_NS)

    def _received(self) -> dict:
        """Payload bytes and packets of RTP, retransmissions not counted."""
        best = {'bytes': 0, 'packets': 0, 'lost': 0}
        for source in self._session().get_property('sources') if self._answered else ():
            stats = source.get_property('stats')
            octets = stats.get_uint64('octets-received')[1]
            if octets > best['bytes']:
                packets, lost = stats.get_uint64('packets-received')[1], stats.get_int('packets-lost')[1]
                best = {'bytes': octets, 'packets': packets, 'lost': lost}
        return best

    def _start_pings(self, channel) -> None:
        async def ping():
            while True:
                channel.emit('send-string', json.dumps({'type': 'ping', 't': time.time() * 1000}))
                await asyncio.sleep(PING_S)

        self._pings = asyncio.ensure_future(ping())

    # ---- on GStreamer's threads ---------------------------------------------------------------------------------

    def _connect(self, source, signal: str, handler) -> None:
        self._handlers.append((source, source.connect(signal, handler)))

    def _post(self, function, *arguments) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    def _on_candidate(self, _webrtc, index: int, text: str) -> None:
        candidate = {'candidate': text, 'sdpMLineIndex': index}
        self._post(self._signalling.tell, 'candidate', {'session': self.session, 'epoch': 1, 'candidate': candidate})

    def _on_pad(self, _webrtc, pad) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        counting = Gst.parse_bin_from_description(COUNT_FRAMES, True)
        self._counter = counting.get_by_name('counter')
        self._counter.get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, self._on_first_frame)
        self._pipeline.add(counting)
        pad.link(counting.get_static_pad('sink'))
        counting.sync_state_with_parent()

    def _on_first_frame(self, _pad, _info):
        self._post(lambda: self.first_frame.done() or self.first_frame.set_result(None))
        return Gst.PadProbeReturn.REMOVE


def as_chromium(own: str) -> str:
    """Chromium's offer with the transport of `own`, so that the answer is exactly what Chromium would get."""
    lines = []
    for line in CHROMIUM_OFFER.splitlines():
        name = line.partition(':')[0]
        if name in ('a=ice-ufrag', 'a=ice-pwd', 'a=fingerprint'):
            line = next(mine for mine in own.splitlines() if mine.startswith(f'{name}:'))
        lines.append(line)
    return '\r\n'.join(lines) + '\r\n'


def with_mids_of(own: str, answer: str) -> str:
    """The answer, which has Chromium's names for the sections, with those of our own offer."""
    mids = [line.removeprefix('a=mid:') for line in own.splitlines() if line.startswith('a=mid:')]
    for number, mid in enumerate(mids):
        answer = answer.replace(f'a=mid:{number}\r\n', f'a=mid:{mid}\r\n')
    return answer.replace('a=group:BUNDLE 0 1\r\n', f'a=group:BUNDLE {" ".join(mids)}\r\n')


class Signalling:
    """The viewers' common socket: a page may hold as many."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.receivers: dict[str, Receiver] = {}
        self._client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self._online = asyncio.Event()
        self._client.on('candidate', self._on_candidate)
        self._client.on('stream', self._on_stream)

    async def connect(self, server: str) -> None:
        auth = {'role': 'receiver', 'protocol': 1}
        await self._client.connect(server, auth=auth, socketio_path='webrtc-signaling', transports=['websocket'])

    async def ask(self, event: str, message: dict) -> dict:
        answer = await self._client.call(event, message, timeout=15)
        if not answer.get('ok'):
            raise RuntimeError(f'{event}: {answer.get("error")}')
        return answer

    def tell(self, event: str, message: dict) -> None:
        asyncio.ensure_future(self._client.emit(event, message))

    async def until_online(self, stream: dict) -> None:
        """`stream` is what the answer to `join` says of it; news come as messages."""
        self._on_stream(stream)
        await asyncio.wait_for(self._online.wait(), ONLINE_S)

    def _on_stream(self, message: dict) -> None:
        if message['online']:
            self._online.set()
        else:
            self._online.clear()

    def _on_candidate(self, message: dict) -> None:
        receiver = self.receivers.get(message['session'])
        if receiver:
            receiver.add_candidate(message['candidate'])


async def main(server: str, stream: str) -> None:
    start_glib_loop()
    signalling = Signalling(stream)
    await signalling.connect(server)
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    receivers: list[Receiver] = []

    async def join(count: int) -> dict:
        newcomers = [Receiver(signalling) for _ in range(count)]
        receivers.extend(newcomers)
        results = await asyncio.gather(*(each.join() for each in newcomers), return_exceptions=True)
        return {'refused': [repr(result) for result in results if result is not None]}

    async def leave(count: int) -> dict:
        leaving = receivers[:count]
        del receivers[:count]
        await asyncio.gather(*(each.leave() for each in leaving))
        return {}

    async def read(_count: int) -> dict:
        return {'at': time.monotonic(), 'receivers': [each.reading() for each in receivers]}

    actions = {'join': join, 'leave': leave, 'read': read}
    print(json.dumps({'ready': True}), flush=True)
    while line := (await commands.readline()).decode().split():
        print(json.dumps(await actions[line[0]](int(line[1]) if line[1:] else 0)), flush=True)
    os._exit(0)


if __name__ == '__main__':
    asyncio.run(main(*sys.argv[1:]))
