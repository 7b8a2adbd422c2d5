"""One viewer: appsrc -> payloader -> webrtcbin, in a pipeline of its own, so that no viewer's trouble reaches another.

The viewer offered; this answers. States only move forward:

    new -> answering -> connecting -> live -> closed

Traps that shaped this, all measured on GStreamer 1.22 (research: the black picture, the thousand-hour timestamps):
  - webrtcbin takes the SSRC for the SDP from the caps on its sink pad. If the answer is made before they are there, it
    invents one, and the browser decodes video that it never shows. So the caps are put there first, with our SSRC.
  - Never ask for webrtcbin's `ice-agent`: that steals its reference.
  - Never recalculate_latency(): frames would be held back by what upstream reports.
"""

import enum
import random
import threading

from . import clock_channel, log, media, playout_delay, rest, sdp
from .encoders import Encoder
from .gst import Clockwork, Gst, GstSdp, GstVideo, GstWebRTC, promised
from .protocol import MAX_CANDIDATES, Offer, PreviewError
from .pulse import Pulse

CLOSED_EARLY = 'The connection was closed while it was being set up.'


class State(enum.IntEnum):
    NEW = 0
    ANSWERING = 1
    CONNECTING = 2
    LIVE = 3
    CLOSED = 4


class Viewer:
    """Single use: another offer of the same session is another Viewer.

    `events` gets, on the asyncio thread: candidate_found(viewer, index, text), connected(viewer),
    first_frame(viewer), heard(viewer), keyframe_wanted(viewer), channel_open(viewer), hung_up(viewer),
    failed(viewer, PreviewError).
    """

    def __init__(self, offer: Offer, encoder: Encoder, clockwork: Clockwork, post, events, minimum_delay: bool) -> None:
        self.session = offer.session
        self.epoch = offer.epoch
        self.state = State.NEW
        self.pulse: Pulse | None = None
        self.channel: clock_channel.ClockChannel | None = None
        self._channels: list[clock_channel.ClockChannel] = []
        self.rtp_offset = random.randrange(2**32 - 1)  # 2^32-1 would mean "choose one" to the payloader
        self._offer = offer
        self._encoder = encoder
        self._clockwork = clockwork
        self._post = post
        self._events = events
        self._minimum_delay = minimum_delay
        self._ssrc = random.randrange(1, 2**32)
        self._candidates: list = []
        self._needs_keyframe = True
        self._has_frames = False
        self._pipeline = None
        self._handlers: list = []
        self._probe = None
        self._teardown = threading.Lock()

    # ---- negotiation --------------------------------------------------------------------------------------------

    async def answer(self, run_blocking) -> str:
        """The SDP that answers the offer; raises PreviewError. Does not wait for candidates: they follow."""
        self._advance(State.ANSWERING)
        section = sdp.read_video(self._offer.sdp)
        codec = sdp.choose_codec(section, self._encoder.codec)
        extension = section.extensions.get(sdp.PLAYOUT_DELAY_URI) if self._minimum_delay else None
        await run_blocking(self._build, codec, extension)
        self._check_open()
        try:
            answer = await self._negotiate(section.index, codec, extension)
        except RuntimeError as reason:
            self._check_open()  # GStreamer has other words for it at every step
            raise PreviewError('sender_failed', str(reason)) from reason
        self._advance(State.CONNECTING)
        return answer

    async def _negotiate(self, index: int, codec: sdp.Codec, extension: int | None) -> str:
        status, message = GstSdp.SDPMessage.new_from_text(self._offer.sdp)
        if status != GstSdp.SDPResult.OK:
            raise PreviewError('invalid_sdp', 'GStreamer cannot read the offer.')
        offer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        await promised(self._webrtc, 'set-remote-description', offer)
        self._check_open()
        self._link(index, media.rtp_caps(codec, self._ssrc, extension))
        answer, reply = await promised(self._webrtc, 'create-answer', None, field='answer')
        self._check_open()
        text = answer.sdp.as_text()
        await promised(self._webrtc, 'set-local-description', answer)
        self._check_open()
        del answer, reply  # in this order: the answer is borrowed from the reply
        for candidate in self._candidates:
            self._webrtc.emit('add-ice-candidate', *candidate)
        return text

    def _check_open(self) -> None:
        """After every wait: a viewer that left meanwhile has no pipeline any more."""
        if self.state == State.CLOSED:
            raise PreviewError('sender_failed', CLOSED_EARLY)

    def _build(self, codec: sdp.Codec, extension: int | None) -> None:
        with self._teardown:
            self._check_open()
            self._build_pipeline(codec, extension)

    def _build_pipeline(self, codec: sdp.Codec, extension: int | None) -> None:
        self._pipeline = Gst.parse_launch(media.pipeline(codec, self._ssrc, self.rtp_offset))
        self._clockwork.attach(self._pipeline)
        self._source = self._pipeline.get_by_name('frames')
        self._payloader = self._pipeline.get_by_name('pay')
        self._webrtc = self._pipeline.get_by_name('webrtc')
        if extension is not None:
            playout_delay.add_to(self._payloader, extension)
        self._use_ice_servers()
        self._listen()
        self._pipeline.set_state(Gst.State.PLAYING)

    def _use_ice_servers(self) -> None:
        if self._offer.stun_server:
            self._webrtc.set_property('stun-server', self._offer.stun_server)
        for number, uri in enumerate(self._offer.turn_servers):
            if not self._webrtc.emit('add-turn-server', uri):
                log.warning('turn-server-refused', viewer=self.session, number=number)

    def _link(self, index: int, caps: str) -> None:
        """Joins the payloader to the offer's video section, with the caps there before anything else."""
        pad = self._webrtc.request_pad_simple(f'sink_{index}')
        transceiver = pad.get_property('transceiver')
        transceiver.set_property('direction', GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        transceiver.set_property('do-nack', True)
        pad.send_event(Gst.Event.new_stream_start(f'{self.session}/{self.epoch}'))
        pad.send_event(Gst.Event.new_caps(Gst.Caps.from_string(caps)))
        self._payloader.get_static_pad('src').link(pad)

    def add_candidate(self, index: int, candidate: str) -> None:
        """A remote candidate, kept until the remote description is set. An empty one says that there are no more."""
        if self.state == State.CLOSED or not candidate or len(self._candidates) >= MAX_CANDIDATES:
            return
        self._candidates.append((index, candidate))
        if self.state >= State.CONNECTING:
            self._webrtc.emit('add-ice-candidate', index, candidate)

    # ---- frames -------------------------------------------------------------------------------------------------

    def push(self, buffer, is_keyframe: bool) -> None:
        """Called on the capture's thread for every frame: must not wait for anything."""
        if self._needs_keyframe:
            if not is_keyframe:
                return
            self._needs_keyframe = False
            if not self._has_frames:
                self._has_frames = True
                self._post(self._events.first_frame, self)
        elif self._source.get_property('current-level-buffers') >= media.QUEUED_FRAMES - 1:
            self._needs_keyframe = True
            self._post(self._events.keyframe_wanted, self)
            return
        self._source.emit('push-buffer', buffer)

    def stop_writing_extensions(self) -> None:
        if self.state != State.CLOSED:
            playout_delay.clear_from(self._payloader)

    # ---- what webrtcbin says, on its threads --------------------------------------------------------------------

    def _listen(self) -> None:
        webrtc, connect = self._webrtc, self._connect
        connect(webrtc, 'on-ice-candidate', self._on_candidate)
        connect(webrtc, 'on-data-channel', self._on_data_channel)
        connect(webrtc, 'notify::ice-gathering-state', self._on_gathering)
        connect(webrtc, 'notify::ice-connection-state', self._on_ice)
        connect(webrtc, 'notify::connection-state', self._on_connection)
        connect(webrtc.get_by_name('rtpbin'), 'on-ssrc-active', self._on_rtcp)
        bus = self._pipeline.get_bus()
        bus.add_signal_watch()
        connect(bus, 'message::error', self._on_bus_error)
        pad = self._source.get_static_pad('src')
        self._probe = pad, pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_upstream_event)

    def _connect(self, source, signal: str, handler) -> None:
        self._handlers.append((source, source.connect(signal, handler)))

    def _on_candidate(self, _webrtc, index: int, candidate: str) -> None:
        self._post(self._events.candidate_found, self, index, candidate)

    def _on_gathering(self, webrtc, _property) -> None:
        if webrtc.get_property('ice-gathering-state') == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self._post(self._events.candidate_found, self, 0, '')

    def _on_ice(self, webrtc, _property) -> None:
        state = webrtc.get_property('ice-connection-state')
        states = GstWebRTC.WebRTCICEConnectionState
        if state in (states.CONNECTED, states.COMPLETED):
            self._post(self._on_connected)
        elif state == states.FAILED:
            self._post(self._events.failed, self, PreviewError('ice_failed'))

    def _on_connection(self, webrtc, _property) -> None:
        if webrtc.get_property('connection-state') == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            self._post(self._events.failed, self, PreviewError('connection_lost'))

    def _on_rtcp(self, *_) -> None:
        self._post(self._events.heard, self)

    def _on_data_channel(self, _webrtc, channel) -> None:
        self._channels.append(clock_channel.ClockChannel(channel, self._post, self._on_channel_open))

    def _on_bus_error(self, _bus, message) -> None:
        failure, debug = message.parse_error()
        log.debug('viewer-error', viewer=self.session, message=failure.message, debug=debug)
        # A page that calls pc.close() aborts SCTP, and sctpenc is the only element to say so: by an error.
        if message.src.get_name().startswith('sctpenc'):
            self._post(self._events.hung_up, self)
        else:
            self._post(self._events.failed, self, PreviewError('sender_failed', failure.message))

    def _on_upstream_event(self, _pad, info):
        if GstVideo.video_event_is_force_key_unit(info.get_event()):
            self._post(self._events.keyframe_wanted, self)
        return Gst.PadProbeReturn.OK

    # ---- on the asyncio thread ----------------------------------------------------------------------------------

    def _on_connected(self) -> None:
        if self.state == State.CONNECTING:
            self._advance(State.LIVE)
            self._events.connected(self)

    def _on_channel_open(self, channel) -> None:
        if self.state != State.CLOSED:
            self.channel = channel
            self._events.channel_open(self)

    def _advance(self, state: State) -> None:
        if state <= self.state:
            raise PreviewError('sender_failed', CLOSED_EARLY)
        self.state = state

    def close(self) -> bool:
        """Marks it closed; True the first time. `dispose` does the work: it may wait for GStreamer's threads."""
        first = self.state != State.CLOSED
        self.state = State.CLOSED
        return first

    def dispose(self) -> None:
        with self._teardown:
            if not self._pipeline:
                return
            for source, handler in self._handlers:
                source.disconnect(handler)
            pad, probe = self._probe
            pad.remove_probe(probe)
            self._pipeline.get_bus().remove_signal_watch()
            for channel in self._channels:
                channel.close()
            looks_up_names = any('.local ' in text for _, text in self._candidates)
            rest.lay_to_rest(self._pipeline, self._webrtc, looks_up_names)
            # What Python and GObject hold of each other is let go here: the collector does not see such circles.
            self._handlers, self._probe, self._channels, self.channel = [], None, [], None
            self._pipeline = self._webrtc = self._source = self._payloader = None
