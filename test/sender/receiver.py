"""A viewer for the sender's tests: GStreamer's webrtcbin, which offers as a browser does and decodes what comes."""

import asyncio
import json
import time

from webrtc_sender.gst import Gst, GstRtp, GstSdp, GstVideo, GstWebRTC, promised
from webrtc_sender.peer.sdp import PLAYOUT_DELAY_URI
from webrtc_sender.picture.picture_clock import read_luma

H264 = (
    'application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,packetization-mode=(string)1,'
    f'profile-level-id=(string)42e01f,level-asymmetry-allowed=(string)1,extmap-5=(string)"{PLAYOUT_DELAY_URI}"'
)
VP9 = 'application/x-rtp,media=video,encoding-name=VP9,payload=98,clock-rate=90000'
VP8 = 'application/x-rtp,media=video,encoding-name=VP8,payload=97,clock-rate=90000'
DECODE = {'H264': 'rtph264depay ! h264parse ! openh264dec', 'VP8': 'rtpvp8depay ! vp8dec'}
# A browser without a picture asks for a keyframe as often as this (libwebrtc's max_wait_for_keyframe).
WAIT_FOR_KEYFRAME_S = 0.2
OUT = 'video/x-raw,format=I420 ! appsink name=out emit-signals=true sync=false'


class Receiver:
    """`frames` are (width, height, burned-in clock, RTP timestamp, Unix ms of its arrival).

    Without a data channel it is somebody else's player, as GStreamer makes them: it never asks for a keyframe.
    """

    def __init__(self, fake, session: str, epoch: int = 1, caps: str = H264, data_channel: bool = True) -> None:
        self._fake = fake
        self._loop = asyncio.get_running_loop()
        self._data_channel = data_channel
        self._codec = 'VP8' if caps == VP8 else 'H264'
        self.session, self.epoch = session, epoch
        self.frames: list = []
        self.messages: list = []
        self.packets: list = []  # (RTP timestamp, playout-delay bytes or None)
        self.decoders: list = []
        self._timestamps: list = []
        self._asked_at: float | None = None  # for a keyframe; at first when packets came
        self._news = asyncio.Condition()
        self.pipeline = Gst.Pipeline()
        self.webrtc = Gst.ElementFactory.make('webrtcbin')
        self.webrtc.set_property('bundle-policy', 'max-bundle')
        self.pipeline.add(self.webrtc)
        self._handlers = []
        self._connect(self.webrtc, 'on-ice-candidate', self._on_candidate)
        self._connect(self.webrtc, 'pad-added', self._on_pad)
        self.pipeline.set_state(Gst.State.PLAYING)
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        transceiver = self.webrtc.emit('add-transceiver', direction, Gst.Caps.from_string(caps))
        transceiver.set_property('do-nack', True)

    async def join(self) -> dict:
        """Offers and takes the answer; the acknowledgement."""
        if self._data_channel:
            options = Gst.Structure.from_string('options,ordered=(boolean)false')[0]
            self.channel = self.webrtc.emit('create-data-channel', 'webrtc-preview', options)
            self._connect(self.channel, 'on-message-string', self._on_message)
        offer, reply = await promised(self.webrtc, 'create-offer', None, field='offer')
        self.sdp = offer.sdp.as_text()
        await promised(self.webrtc, 'set-local-description', offer)
        answer = await self._fake.offer(self.session, self.epoch, self.sdp)
        if answer['ok']:
            self.answer = answer['sdp']
            _, message = GstSdp.SDPMessage.new_from_text(answer['sdp'])
            description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
            await promised(self.webrtc, 'set-remote-description', description)
            self._fake.on_candidate[self.session] = self._add_candidate
            for message in self._fake.candidates.get(self.session, []):
                self._add_candidate(message)
        return answer

    def _add_candidate(self, message) -> None:
        if message['candidate']['candidate'] and message['epoch'] == self.epoch:
            self.webrtc.emit(
                'add-ice-candidate', message['candidate']['sdpMLineIndex'], message['candidate']['candidate']
            )

    async def wait_until(self, condition, timeout: float = 10) -> None:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(condition), timeout)

    async def wait_for_frames(self, count: int = 1) -> None:
        await self.wait_until(lambda: len(self.frames) >= count)

    async def wait_for_message(self, kind: str) -> dict:
        await self.wait_until(lambda: any(message['type'] == kind for message in self.messages))
        return next(message for message in self.messages if message['type'] == kind)

    def send(self, message: dict) -> None:
        self.channel.emit('send-string', json.dumps(message))

    async def close(self) -> None:
        """At once and without a word."""
        self._fake.on_candidate.pop(self.session, None)
        await self._loop.run_in_executor(None, self._stop)

    def _stop(self) -> None:
        for source, handler in self._handlers:
            source.disconnect(handler)
        if self.pipeline:
            self.pipeline.set_state(Gst.State.NULL)
        self.pipeline = self.webrtc = self.channel = None
        self._handlers, self.decoders = [], []

    # ---- on GStreamer's threads ---------------------------------------------------------------------------------

    def _post(self, function, *arguments) -> None:
        async def then_tell():
            function(*arguments)
            async with self._news:
                self._news.notify_all()

        self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(then_tell()))

    def _connect(self, source, signal: str, handler) -> None:
        self._handlers.append((source, source.connect(signal, handler)))

    def _on_message(self, _channel, text: str) -> None:
        self._post(self.messages.append, json.loads(text))

    def _on_candidate(self, _webrtc, index: int, text: str) -> None:
        candidate = {'candidate': text, 'sdpMLineIndex': index}
        message = {'session': self.session, 'epoch': self.epoch, 'candidate': candidate}
        self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._fake.tell('candidate', message)))

    def _on_pad(self, _webrtc, pad) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.parse_bin_from_description(f'{DECODE[self._codec]} ! {OUT}', True)
        self._connect(decoder.get_by_name('out'), 'new-sample', self._on_sample)
        self.pipeline.add(decoder)
        self.decoders.append(decoder)
        entry = decoder.get_static_pad('sink')
        entry.add_probe(Gst.PadProbeType.BUFFER, self._on_packet)
        pad.link(entry)
        decoder.sync_state_with_parent()

    def _on_packet(self, pad, info):
        if self._data_channel and not self.frames:
            self._ask_keyframe(pad)
        ok, packet = GstRtp.RTPBuffer.map(info.get_buffer(), Gst.MapFlags.READ)
        if ok:
            timestamp = packet.get_timestamp()
            found, *rest = packet.get_extension_onebyte_header(5, 0)
            self.packets.append((timestamp, bytes(rest[0]) if found else None))
            if not self._timestamps or self._timestamps[-1] != timestamp:
                self._timestamps.append(timestamp)
            packet.unmap()
        return Gst.PadProbeReturn.OK

    def _ask_keyframe(self, pad) -> None:
        now = time.monotonic()
        self._asked_at = self._asked_at or now
        if now - self._asked_at > WAIT_FOR_KEYFRAME_S:
            self._asked_at = now
            pad.push_event(GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 0))

    def _on_sample(self, sink):
        sample = sink.emit('pull-sample')
        shape = sample.get_caps()[0]
        width, height = shape.get_value('width'), shape.get_value('height')
        buffer = sample.get_buffer()
        with buffer.map(Gst.MapFlags.READ) as memory:
            stride = (width + 3) // 4 * 4
            clock = read_luma(bytes(memory.data[: stride * 32]), stride, width)
        number = len(self.frames)
        timestamp = self._timestamps[number] if number < len(self._timestamps) else None
        self.frames.append((width, height, clock, timestamp))
        self._post(lambda: None)
        return Gst.FlowReturn.OK
