"""One webrtcbin, fed with encoded frames, in a pipeline of its own: no peer's trouble reaches another.

    appsrc -> payloader -> webrtcbin

A Viewer answers an offer (viewer.py), a Publisher makes one (publisher.py); the rest is the same and is here. States
only move forward:

    new -> negotiating -> connecting -> live -> closed

Traps that shaped this, all measured on GStreamer 1.22:
  - webrtcbin takes the SSRC for the SDP from the caps on its sink pad. If the description is made before they are
    there, it invents one, and the browser decodes video that it never shows. So the caps are put there first, with our
    SSRC.
  - Never ask for webrtcbin's `ice-agent`: that steals its reference.
  - Never recalculate_latency(): frames would be held back by what upstream reports.
  - No frame before DTLS is through on both sides. webrtcbin lets frames go when it has its own keys, on another thread
    than the last word of DTLS: of a keyframe that waited for that, the first packets were there before the browser
    could read them in one join of nine, and the next keyframe came half a second later.
"""

import enum
import itertools
import random
import threading
import time
from functools import partial

from .. import log
from ..gst import Clockwork, GObject, Gst, GstVideo, GstWebRTC
from ..server.protocol import MAX_CANDIDATES, PreviewError
from . import bandwidth_estimator, clock_channel, direct, extensions, knock, link_feedback, media, rest, sdp, short_cut
from .copies import Copies
from .departure import Departure
from .extensions import ExtensionIds
from .link_feedback import LinkFeedback
from .pulse import Pulse
from .retransmission import Retransmission

# A page needs one; each is a thread of GStreamer's.
MAX_CHANNELS = 4
CLOSED_EARLY = 'The connection was closed while it was being set up.'


class State(enum.IntEnum):
    NEW = 0
    NEGOTIATING = 1
    CONNECTING = 2
    LIVE = 3
    CLOSED = 4


class Connection:
    """Single use: another try is another object. `name` is for the log.

    `events` gets, on the asyncio thread: candidate_found(connection, index, text), reached(connection),
    connected(connection), first_frame(connection), keyframe_wanted(connection), feedback(connection, packets),
    estimated(connection, bit/s), channel_open(connection), pause_wanted(connection, bool), hung_up(connection),
    link_back(connection), failed(connection, PreviewError).
    """

    def __init__(self, name: str, clockwork: Clockwork, post, events, relay_only: bool = False) -> None:
        self.name = name
        self._relay_only = relay_only  # nothing but a TURN server's candidates (RFC 8828 §5.1)
        self.state = State.NEW
        #: Beats with each RTCP report; begins when the connection is there.
        self.pulse: Pulse | None = None
        self.channel: clock_channel.ClockChannel | None = None
        self.rtp_offset = random.randrange(2**32 - 1)  # 2^32-1 would mean "choose one" to the payloader
        self._channels: list[clock_channel.ClockChannel] = []
        self._clockwork = clockwork
        self._post = post
        self._events = events
        self._ssrc = random.randrange(1, 2**32)
        self._candidates: list = []
        self._extensions = ExtensionIds()
        self._needs_keyframe = True
        self._has_frames = False
        self._crowded_at: float | None = None
        self._pipeline = self._webrtc = self._source = self._payloader = None
        self._departure: Departure | None = None
        self._retransmission: Retransmission | None = None
        self._copies: Copies | None = None
        self._feedback = LinkFeedback(post, self._on_feedback, self._on_link_back)
        self._credentials: knock.Credentials | None = None
        self._knocker: knock.Knocker | None = None
        self._reports: tuple = ()
        self._ignores_reports = False
        self._transport = None  # where there is a bandwidth estimator
        self._handlers: list = []
        self._probe = None
        self._teardown = threading.Lock()

    # ---- setting up ---------------------------------------------------------------------------------------------

    def _build(self, codec: sdp.Codec, ids: ExtensionIds, stun_server: str | None, turn_servers) -> None:
        """Blocks while webrtcbin starts."""
        with self._teardown:
            self._check_open()
            self._pipeline = Gst.parse_launch(media.pipeline(codec, self._ssrc, self.rtp_offset))
            self._clockwork.attach(self._pipeline)
            self._source = self._pipeline.get_by_name('frames')
            self._payloader = self._pipeline.get_by_name('pay')
            self._webrtc = self._pipeline.get_by_name('webrtc')
            self._extensions = ids
            extensions.add_to(self._payloader, ids)
            self._use_ice_servers(stun_server, turn_servers)
            self._listen()
            self._pipeline.set_state(Gst.State.PLAYING)

    def _use_ice_servers(self, stun_server: str | None, turn_servers) -> None:
        if self._relay_only:
            self._webrtc.set_property('ice-transport-policy', GstWebRTC.WebRTCICETransportPolicy.RELAY)
        if stun_server:
            self._webrtc.set_property('stun-server', stun_server)
        for number, uri in enumerate(turn_servers):
            if not self._webrtc.emit('add-turn-server', uri):
                log.warning('turn-server-refused', peer=self.name, number=number)

    def _link(self, index: int, caps: str) -> None:
        """Joins the payloader to the video section, with the caps there before anything else."""
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
        # GStreamer 1.26 makes the offer's transceiver recvonly, and gives no sink pad until it is told otherwise.
        if transceiver := self._transceiver(index):
            transceiver.set_property('direction', direction)
        pad = self._webrtc.request_pad_simple(f'sink_{index}')
        transceiver = pad.get_property('transceiver')
        transceiver.set_property('direction', direction)
        transceiver.set_property('do-nack', True)
        pad.send_event(Gst.Event.new_stream_start(self.name))
        pad.send_event(Gst.Event.new_caps(Gst.Caps.from_string(caps)))
        self._payloader.get_static_pad('src').link(pad)

    def _transceiver(self, index: int):
        """That of a media section; None while there is none."""
        numbered = (self._webrtc.emit('get-transceiver', number) for number in itertools.count())
        existing = itertools.takewhile(bool, numbered)
        return next((each for each in existing if each.get_property('mlineindex') == index), None)

    def _check_open(self) -> None:
        """After every wait: who left meanwhile has no pipeline any more."""
        if self.state == State.CLOSED:
            raise PreviewError('sender_failed', CLOSED_EARLY)

    def _advance(self, state: State) -> None:
        if state <= self.state:
            raise PreviewError('sender_failed', CLOSED_EARLY)
        self.state = state

    def _add_early_candidates(self) -> None:
        """Those that came before the remote description was set."""
        for candidate in self._candidates:
            self._webrtc.emit('add-ice-candidate', *candidate)

    def add_candidate(self, index: int, candidate: str) -> None:
        """A remote candidate, kept until the remote description is set. An empty one says that there are no more."""
        if self.state == State.CLOSED or not candidate or len(self._candidates) >= MAX_CANDIDATES:
            return
        self._candidates.append((index, candidate))
        if self.state >= State.CONNECTING:
            self._webrtc.emit('add-ice-candidate', index, candidate)

    # ---- frames -------------------------------------------------------------------------------------------------

    def push(self, buffer, is_keyframe: bool) -> None:
        """Called on an encoder's thread for every frame: must not wait for anything."""
        source = self._source
        if source is None:
            return
        self._feedback.note_frame()
        if self._needs_keyframe:
            if not is_keyframe:
                return
            if self._is_stuck(source):
                self._post(self._events.keyframe_wanted, self)
                return
            self._needs_keyframe = False
            if not self._has_frames:
                self._has_frames = True
                self._post(self._events.first_frame, self)
        elif self._is_stuck(source):
            self._needs_keyframe = True
            self._post(self._events.keyframe_wanted, self)
            return
        direct.push(hash(source), hash(buffer))

    def _is_stuck(self, source) -> bool:
        if direct.queued(hash(source)) < media.QUEUED_FRAMES:
            self._crowded_at = None
            return False
        now = time.monotonic()
        self._crowded_at = self._crowded_at or now
        return now - self._crowded_at > media.CROWDED_S

    @property
    def has_frames(self) -> bool:
        """A frame has been sent."""
        return self._has_frames

    def pause(self) -> None:
        """Nothing is sent again either, until the next keyframe."""
        if self._retransmission:
            self._retransmission.pause()

    def begin_anew(self) -> None:
        """The next frame is a keyframe, and what was lost before it need not be sent again. On an encoder's thread."""
        if self._retransmission:
            self._retransmission.begin_anew()

    def send_probe(self, size: int) -> None:
        """Sends about this many bytes that the peer does not need, to see whether they arrive."""
        if self._retransmission and self.state == State.LIVE:
            self._retransmission.send_probe(size)

    def send_copies(self, count: int, encoded_after_s: float | None) -> None:
        """Every packet so often from now on; `encoded_after_s`: how old a frame is when it leaves the encoder."""
        if self.state == State.LIVE:
            self._copies = self._copies or Copies(self._webrtc)
            self._copies.send(count, encoded_after_s)

    def stop_writing_playout_delay(self) -> None:
        if self.state != State.CLOSED:
            extensions.keep_only_transport_cc(self._payloader, self._extensions)

    # ---- what is measured ---------------------------------------------------------------------------------------

    def feedback_at(self) -> float | None:
        """When the newest transport-wide feedback came, by time.monotonic(); None before the first."""
        return self._feedback.heard_at

    def hear_reports(self) -> None:
        """Once a second or so: reports are heard one by one where no feedback comes. A paused viewer gives none."""
        if self._ignores_reports and self.state != State.CLOSED and not self._feedback.is_fresh(time.monotonic()):
            self._ignores_reports = False
            GObject.signal_handler_unblock(*self._reports)

    def want_all_feedback(self, wanted: bool) -> None:
        """Otherwise only what is not as usual is told (`events.feedback`)."""
        self._feedback.eager = wanted

    def send_ms(self) -> float | None:
        """From the encoder's output to the frame's last packet at the socket, for a frame of the last second."""
        return self._departure.take() if self._departure else None

    # ---- what webrtcbin says, on its threads --------------------------------------------------------------------

    def _listen(self) -> None:
        webrtc, connect = self._webrtc, self._connect
        connect(webrtc, 'on-ice-candidate', self._on_candidate)
        if self._extensions.transport_cc and bandwidth_estimator.is_installed():
            connect(webrtc, 'request-aux-sender', self._on_request_aux_sender)
        connect(webrtc, 'on-data-channel', self._on_data_channel)
        connect(webrtc, 'notify::ice-gathering-state', self._on_gathering)
        connect(webrtc, 'notify::ice-connection-state', self._on_ice)
        connect(webrtc, 'notify::connection-state', self._on_connection)
        self._reports = connect(webrtc.get_by_name('rtpbin'), 'on-ssrc-active', self._on_rtcp)
        bus = self._pipeline.get_bus()
        bus.add_signal_watch()
        connect(bus, 'message::error', self._on_bus_error)
        pad = self._source.get_static_pad('src')
        self._probe = pad, pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_upstream_event)

    def _connect(self, source, signal: str, handler) -> tuple:
        connected = source, source.connect(signal, handler)
        self._handlers.append(connected)
        return connected

    def _on_candidate(self, _webrtc, index: int, candidate: str) -> None:
        self._post(self._events.candidate_found, self, index, candidate)

    def _on_request_aux_sender(self, _webrtc, transport):
        bandwidth_estimator.hold(transport)
        self._transport = transport
        estimator = bandwidth_estimator.make()
        self._connect(estimator, 'notify::estimated-bitrate', self._on_estimate)
        return estimator

    def _on_estimate(self, estimator, _property) -> None:
        self._post(self._events.estimated, self, estimator.get_property('estimated-bitrate'))

    def _on_gathering(self, webrtc, _property) -> None:
        if webrtc.get_property('ice-gathering-state') == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self._post(self._events.candidate_found, self, 0, '')

    def _on_ice(self, webrtc, _property) -> None:
        state = webrtc.get_property('ice-connection-state')
        states = GstWebRTC.WebRTCICEConnectionState
        if state in (states.CONNECTED, states.COMPLETED):
            self._post(self._on_reached)
        elif state == states.FAILED:
            self._post(self._events.failed, self, PreviewError('ice_failed'))

    def _on_connection(self, webrtc, _property) -> None:
        state = webrtc.get_property('connection-state')
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            self._post(self._on_connected)
        elif state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            self._post(self._events.failed, self, PreviewError('connection_lost'))

    def _on_rtcp(self, *_) -> None:
        # Only a time is noted, on GStreamer's thread: a post for each report of each viewer would keep asyncio busy.
        now = time.monotonic()
        if self.pulse:
            self.pulse.beat(now)
        if self._knocker:
            self._post(self.heard)
        # The same packet comes a second time as feedback, which beats too.
        elif self._feedback.is_fresh(now) and not self._ignores_reports:
            self._ignores_reports = True
            GObject.signal_handler_block(*self._reports)

    def _on_data_channel(self, _webrtc, channel) -> None:
        if len(self._channels) == MAX_CHANNELS:
            reason = f'The page opened more than {MAX_CHANNELS} data channels.'
            self._post(self._events.failed, self, PreviewError('bad_request', reason))
            return
        self._channels.append(
            clock_channel.ClockChannel(channel, self._post, self._on_channel_open, self._on_pause_wanted)
        )

    def _on_bus_error(self, _bus, message) -> None:
        failure, debug = message.parse_error()
        log.debug('connection-error', peer=self.name, message=failure.message, debug=debug)
        # A page that calls pc.close() aborts SCTP, and sctpenc is the only element to say so: by an error.
        if message.src.get_name().startswith('sctpenc'):
            self._post(self._events.hung_up, self)
        else:
            self._post(self._events.failed, self, PreviewError('sender_failed', failure.message))

    def _on_upstream_event(self, _pad, info):
        event = direct.event_of(info)
        if direct.event_name(event) == link_feedback.EVENT:
            self._on_report(event)
        elif GstVideo.video_event_is_force_key_unit(info.get_event()) and not self._feedback.note_loss():
            self._post(self._events.keyframe_wanted, self)
        return Gst.PadProbeReturn.OK

    def _on_report(self, event: int) -> None:
        self._feedback.read(direct.Report(event))
        if self.pulse:
            self.pulse.beat(time.monotonic())
        if self._knocker:
            self._post(self.heard)

    def _on_feedback(self, packets) -> None:
        if self.state == State.LIVE:
            self._events.feedback(self, packets)

    # ---- on the asyncio thread ----------------------------------------------------------------------------------

    def _on_reached(self) -> None:
        """There is a way to it. DTLS has one round trip left."""
        if self.state == State.CONNECTING:
            self._events.reached(self)

    def _on_connected(self) -> None:
        if self.state != State.CONNECTING:
            return
        self._advance(State.LIVE)
        self.pulse = Pulse(time.monotonic())
        self._retransmission = Retransmission(
            self._webrtc, self._payloader, self._ssrc, self._on_report, self._feedback.note_loss
        )
        self._departure = Departure(self._source, self._payloader, self._clockwork)
        short_cut.end_checks(self._webrtc)
        self._events.connected(self)

    def _on_channel_open(self, channel) -> None:
        if self.state != State.CLOSED:
            self.channel = channel
            self._events.channel_open(self)

    def _on_pause_wanted(self, wanted: bool) -> None:
        if self.state != State.CLOSED:
            self._events.pause_wanted(self, wanted)

    @property
    def is_awaited(self) -> bool:
        """It has fallen silent, and is knocked at."""
        return self._knocker is not None

    def is_mute(self, now: float) -> bool:
        """It has not spoken for a while although frames are sent to it."""
        return bool(self.pulse) and now - self.pulse.heard_at > link_feedback.MUTE_S and self._feedback.is_mute(now)

    def await_return(self) -> bool:
        """It has fallen silent: knocks until it is heard again. False where that cannot be."""
        if self.state != State.LIVE or not self._credentials:
            return False
        self._knocker = self._knocker or knock.Knocker(self._webrtc, self._credentials, self._post, self.heard)
        return True

    def heard(self) -> None:
        """A sign of life."""
        if self.pulse:
            self.pulse.beat(time.monotonic())
        if self._knocker:
            self._knocker.stop()
            self._knocker = None
            self._feedback.begin_anew()
            self._events.link_back(self)

    def _on_link_back(self) -> None:
        if self.state == State.LIVE and not self._knocker:
            self._events.link_back(self)

    def close(self) -> bool:
        """Marks it closed; True the first time. `dispose` does the work: it may wait for GStreamer's threads."""
        first = self.state != State.CLOSED
        self.state = State.CLOSED
        if self._knocker:
            self._knocker.stop()
            self._knocker = None
        return first

    def dispose(self) -> None:
        with self._teardown:
            if not self._pipeline:
                return
            for source, handler in self._handlers:
                source.disconnect(handler)
            pad, probe = self._probe
            pad.remove_probe(probe)
            for measure in filter(None, (self._departure, self._retransmission)):
                measure.stop()
            self._pipeline.get_bus().remove_signal_watch()
            for channel in self._channels:
                channel.close()
            looks_up_names = any('.local ' in text for _, text in self._candidates)
            transport, self._transport = self._transport, None
            afterwards = partial(bandwidth_estimator.let_go, transport) if transport else None
            del transport
            rest.lay_to_rest(self._pipeline, self._webrtc, looks_up_names, afterwards)
            # What Python and GObject hold of each other is let go here: the collector does not see such circles.
            self._handlers, self._reports, self._probe, self._channels, self.channel = [], (), None, [], None
            self._departure = self._retransmission = self._copies = None
            self._pipeline = self._webrtc = self._source = self._payloader = None
