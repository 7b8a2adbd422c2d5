"""The sender: who watches, and what the server and the viewers are told. Lives on the asyncio thread."""

import asyncio
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from . import log
from .camera.capture_time import rtp_timestamp
from .camera.modes import Mode
from .encode.encoding import Encoders
from .gst import Clockwork, Poster
from .peer import clock_channel, extensions, sdp
from .peer.extensions import ExtensionIds
from .peer.viewer import CLOSED_EARLY, State, Viewer
from .program.metrics import Facts
from .program.tally import Tally
from .quality.adaptation import Adaptation
from .quality.distribution import Distribution
from .server.protocol import Offer, PreviewError, read_offer, read_size_and_rate
from .server.signalling import Signalling
from .stage import Stage

# A page that hung up keeps its session for this long, for another offer.
HUNG_UP_S = 15.0
# A viewer whose connection never comes up is given up after this.
CONNECT_S = 12.0
# One that has fallen silent is waited for: networks come back. Its frames are made meanwhile, so that they are there.
AWAIT_S = 90.0
# Nobody tells when a player of somebody else's has ended without a word: its page has no socket at the server.
AWAIT_STRANGER_S = 15.0
# But not one whose socket closed when it was heard last: a browser that ended, or a page that crashed. The server tells
# of it 15 s later (it may resume), and of a network that is gone after 25 to 35 s: it misses the heartbeat first.
LEFT_S = 20.0
# The server waits 10 s for an answer; saying why there is none must come before that.
ANSWER_S = 8.0
TICK_S = 1.0
# Viewers who are reached within this have their keyframe made from their offer on. For those further away it would be
# too old by then: all frames since would have to be sent with it.
NEAR_S = 0.15
NO_RELAY = 'The sender may use nothing but a TURN server (--ice-policy relay), and the server gave it none.'


class App:
    """Wires stage, distribution, viewers and signalling."""

    def __init__(self, options, camera, encoders: Encoders) -> None:
        self._options = options
        self._encoders = encoders
        self._loop = asyncio.get_running_loop()
        self._post = Poster(self._loop)
        self._clockwork = Clockwork()
        self._executor = ThreadPoolExecutor(max_workers=8, thread_name_prefix='blocking')
        self._viewers: dict[str, Viewer] = {}
        self._deadlines: dict[Viewer, asyncio.TimerHandle] = {}
        self._unsent: dict[Viewer, list] = {}
        self._instance = secrets.token_urlsafe(12)
        self._tally = Tally()
        #: How long it took from the newest viewer's offer to a way to it: the next one will take as long.
        self._setup_s = 0.0
        self._adjusting: asyncio.Task | None = None
        best, run = encoders.h264 or encoders.vp8, self._run_blocking
        self._distribution = Distribution(options, self._clockwork, self._post, run, self._tell)
        self._adaptation = Adaptation(self._distribution, options.adaptation, options.loss_protection)
        self._stage = Stage(
            options, camera, best.factory, self._distribution, self._clockwork, self._post, run, self._on_stage_change
        )
        self._signalling = Signalling(options, self)
        self._publisher = None
        if options.whip:
            from .whip.publisher import Publisher  # of no use without, and 25 ms of each start

            self._publisher = Publisher(
                options, encoders, self._clockwork, self._post, run, self._stage, self._distribution,
                self._adaptation, self._rest_camera,
            )  # fmt: skip

    async def run(self) -> None:
        """Until cancelled. Viewers may come before all is ready for them: they wait less than for the sender itself."""
        publishing = [self._publisher.run()] if self._publisher else []
        works = [self._stage.prepare(), self._signalling.run(), self._adaptation.run(), self._tick(), *publishing]
        await asyncio.gather(*works)

    async def close(self) -> None:
        """Says goodbye: the viewers see Offline at once."""
        publishing = [self._publisher.close()] if self._publisher else []
        await asyncio.gather(self._signalling.unpublish(), *publishing)
        viewers = list(self._viewers.values())
        await asyncio.gather(*(self._close_viewer(viewer, 'sender-stopped') for viewer in viewers))
        await self._stage.close()

    async def reload(self, options) -> None:
        """Takes over what may change while it runs (option_table.py, `live`). Viewers notice no more than another
        picture."""
        former, self._options = self._options, options
        if former.bitrate != options.bitrate:
            await self._stage.set_bitrate(options.bitrate)
        self._signalling.use_token(options)
        mode = Mode(options.width, options.height, options.fps)
        if mode != Mode(former.width, former.height, former.fps):
            await self._stage.set_mode(mode)

    def health(self) -> str | None:
        """What a restart would mend; None when nothing is wrong."""
        return self._distribution.health()

    def facts(self) -> Facts:
        """What the metrics and systemd's status line are made of."""
        stage = self._stage
        return Facts(
            stream=self._options.stream,
            mode=str(stage.mode),
            encoder=stage.encoder,
            viewers=len(self._viewers),
            viewers_paused=self._paused(),
            viewers_max=self._options.max_viewers,
            joins_total=self._tally.joins,
            viewers_closed_total=self._tally.closed,
            camera_up=stage.error is None,
            camera_running=stage.running,
            camera_error=stage.error and stage.error.code,
            camera_losses_total=stage.losses,
            frames_captured_total=stage.frames,
            levels=self._distribution.facts(),
            links_bps=self._adaptation.links_bps(),
            server_connected=self._signalling.connected,
            server_connects_total=self._signalling.connects_total,
            whip_connected=self._publisher.is_live if self._publisher else None,
            errors_total=self._tally.errors,
        )

    def _run_blocking(self, function, *arguments):
        return self._loop.run_in_executor(self._executor, function, *arguments)

    # ---- what the server asks (signalling) ----------------------------------------------------------------------

    def publish_message(self) -> dict:
        return {'stream': self._options.stream, 'instance': self._instance, 'camera': self._stage.describe()}

    async def offer(self, message) -> dict:
        try:
            return await self._offer(read_offer(message))
        except PreviewError as error:
            self._tally.error(error.code)
            raise

    async def _offer(self, offer: Offer) -> dict:
        former = self._viewers.get(offer.session)
        if former and former.epoch >= offer.epoch:
            raise PreviewError('stale_epoch')
        if not former and self._present() >= self._options.max_viewers:
            raise PreviewError('too_many_viewers')
        if self._options.ice_policy == 'relay' and not offer.turn_servers:
            raise PreviewError('ice_failed', NO_RELAY)
        viewer = self._new_viewer(offer)
        self._viewers[offer.session] = viewer
        self._unsent[viewer] = []
        if former:
            self._retire(former, 'replaced')
        try:
            sdp_text = await self._answer(viewer)
        except BaseException:
            self._retire(viewer, 'not-answered')
            raise
        if viewer.state == State.CLOSED:
            raise PreviewError('sender_failed', CLOSED_EARLY)
        self._tally.joins += 1
        self._deadlines[viewer] = self._loop.call_later(CONNECT_S, self._on_deadline, viewer)
        # After the acknowledgement: no candidate before its description.
        self._loop.call_soon(self._send_candidates, viewer)
        log.info('viewer-answered', viewer=viewer.session, epoch=viewer.epoch, **self._counts())
        return {'sdp': sdp_text}

    def _new_viewer(self, offer) -> Viewer:
        section = sdp.read_video(offer.sdp)
        encoder = self._encoders.for_codecs(sdp.playable(section))
        codec = sdp.choose_codec(section, encoder.codec)
        ids = ExtensionIds(
            section.extensions.get(sdp.PLAYOUT_DELAY_URI) if self._options.playout_delay == '0' else None,
            section.extensions.get(sdp.TRANSPORT_CC_URI) if self._options.adaptation else None,
        )
        relay_only = self._options.ice_policy == 'relay'
        return Viewer(offer, section, codec, encoder, ids, relay_only, self._clockwork, self._post, self)

    async def _answer(self, viewer: Viewer) -> str:
        """Camera and connection are set up at the same time, and within ANSWER_S in all."""
        self._distribution.expect(viewer, viewer.encoder)
        if self._setup_s < NEAR_S:
            self._distribution.have_keyframe(viewer)
        starting = asyncio.ensure_future(self._stage.start())
        answering = asyncio.ensure_future(viewer.answer(self._run_blocking))
        both = {starting, answering}
        for task in both:
            task.add_done_callback(lambda task: task.cancelled() or task.exception())  # seen, whoever still waits
        try:
            _, late = await asyncio.wait(both, timeout=ANSWER_S, return_when=asyncio.FIRST_EXCEPTION)
            for task in both - late:
                task.result()
        finally:
            answering.cancel()  # but not the start: half of a capture would be left
        if late:
            what = 'The camera did not start' if starting in late else 'GStreamer made no answer'
            raise PreviewError('sender_failed', f'{what} within {ANSWER_S:g} s.')
        return answering.result()

    async def set_mode(self, message) -> dict:
        wish = Mode(*read_size_and_rate(message))
        chosen = await self._stage.set_mode(wish)
        log.info('mode-set', wanted=wish, chosen=chosen, notice=self._stage.notice)
        notice = {'notice': self._stage.notice} if self._stage.notice else {}
        return {'mode': chosen.as_message(), **notice}

    def candidate(self, session: str, epoch: int, index: int, text: str) -> None:
        viewer = self._viewers.get(session)
        if viewer and viewer.epoch == epoch:
            viewer.add_candidate(index, text)

    def session_closed(self, session: str, reason: str) -> None:
        viewer = self._viewers.get(session)
        if not viewer:
            if reason == 'lost':
                # The server keeps such a session until its sender says that there is no media any more.
                self._signalling.leave(session, None)
            return
        if reason in ('lost', 'server-closing'):
            # Only signalling is gone. The picture goes on for as long as the viewer's RTCP arrives.
            log.info('viewer-signalling-lost', viewer=session, reason=reason)
            if reason == 'lost':
                viewer.signalling_lost_at = time.monotonic()
            return
        self._retire(viewer, reason)

    # ---- what a viewer says -------------------------------------------------------------------------------------

    def candidate_found(self, viewer: Viewer, index: int, text: str) -> None:
        waiting = self._unsent.get(viewer)
        if waiting is not None:
            waiting.append((index, text))
        elif viewer.state != State.CLOSED:
            self._send_candidate(viewer, index, text)

    def reached(self, viewer: Viewer) -> None:
        self._setup_s = time.monotonic() - viewer.offered_at
        if not viewer.is_paused:
            self._distribution.have_keyframe(viewer)

    def connected(self, viewer: Viewer) -> None:
        self._cancel_deadline(viewer)
        self._adaptation.add(viewer)
        if viewer.is_paused:
            self._adaptation.suspend(viewer)
            self._adjust_camera()
        self._distribution.add(viewer, viewer.encoder, viewer.is_paused)
        log.info('viewer-live', viewer=viewer.session)

    def first_frame(self, viewer: Viewer) -> None:
        self._loop.call_later(extensions.WRITE_S, viewer.stop_writing_playout_delay)

    def failed(self, viewer: Viewer, error: PreviewError) -> None:
        if viewer.state == State.CLOSED:
            return
        self._tally.error(error.code)
        log.warning('viewer-failed', viewer=viewer.session, code=error.code, message=str(error))
        self._signalling.leave(viewer.session, error)
        self._retire(viewer, error.code)

    def hung_up(self, viewer: Viewer) -> None:
        """The page closed its end. It may go on with another offer; a WHEP player cannot, and may say nothing."""
        self._retire(viewer, 'hung-up')
        self._loop.call_later(HUNG_UP_S, self._leave_unless_back, viewer.session)

    def _leave_unless_back(self, session: str) -> None:
        if session not in self._viewers:
            self._signalling.leave(session, None)

    def keyframe_wanted(self, viewer: Viewer) -> None:
        self._distribution.request_keyframe(viewer)

    def feedback(self, viewer: Viewer, packets) -> None:
        self._adaptation.feedback(viewer, packets)

    def estimated(self, viewer: Viewer, bitrate_bps: int) -> None:
        self._adaptation.estimated(viewer, bitrate_bps)

    def channel_open(self, viewer: Viewer) -> None:
        self._tell(viewer)

    def pause_wanted(self, viewer: Viewer, wanted: bool) -> None:
        """Its page is hidden, or is looked at again."""
        viewer.heard()
        if viewer.is_paused != wanted:
            viewer.is_paused = wanted
            # Not above debug: a page that means harm could fill a disk with it.
            log.debug('viewer-paused' if wanted else 'viewer-resumed', viewer=viewer.session, paused=self._paused())
            if viewer.state == State.LIVE:
                if wanted:
                    self._adaptation.suspend(viewer)
                    self._distribution.suspend(viewer)
                else:
                    self._distribution.resume(viewer, self._adaptation.resume(viewer))
            self._adjust_camera()
        if viewer.channel:
            viewer.channel.send(clock_channel.paused(wanted))

    def link_back(self, viewer: Viewer) -> None:
        """Its link was gone for a while. What was sent meanwhile is lost, and none of it is sent again."""
        viewer.is_cut_off = False
        if viewer.state != State.LIVE or viewer.is_paused:
            return
        log.debug('viewer-link-back', viewer=viewer.session)
        self._adaptation.link_back(viewer)
        self._tell(viewer)

    def _on_silence(self, viewer: Viewer, now: float) -> None:
        heard_at, lost_at = viewer.pulse.heard_at, viewer.signalling_lost_at
        has_left = lost_at is not None and abs(lost_at - heard_at) < LEFT_S  # long before: it went on without a server
        awaited_s = AWAIT_S if viewer.channel else AWAIT_STRANGER_S
        if viewer.is_cut_off and now - heard_at < awaited_s and not has_left:
            return
        if not viewer.is_cut_off and not has_left and viewer.await_return():
            viewer.is_cut_off = True
            log.info('viewer-silent', viewer=viewer.session, awaited_s=awaited_s)
            self._adaptation.suspend(viewer)
            self._distribution.pause(viewer)
            return
        self.failed(viewer, PreviewError('connection_lost', 'The viewer has fallen silent.'))

    # ---- inside -------------------------------------------------------------------------------------------------

    def _present(self) -> int:
        return sum(not viewer.is_awaited for viewer in self._viewers.values())

    def _counts(self) -> dict:
        """Of viewers, for the log."""
        paused = self._paused()
        return {'viewers': len(self._viewers), **({'paused': paused} if paused else {})}

    def _paused(self) -> int:
        return sum(viewer.is_paused for viewer in self._viewers.values())

    def _send_candidates(self, viewer: Viewer) -> None:
        for index, text in self._unsent.pop(viewer, ()):
            self._send_candidate(viewer, index, text)

    def _send_candidate(self, viewer: Viewer, index: int, text: str) -> None:
        self._signalling.candidate(viewer.session, viewer.epoch, {'candidate': text, 'sdpMLineIndex': index})

    def _on_stage_change(self) -> None:
        self._signalling.update_camera(self._stage.describe())
        for viewer in self._viewers.values():
            self._send_clock(viewer)

    def _tell(self, viewer: Viewer) -> None:
        """What is being sent to it is another thing from now on."""
        self._send_clock(viewer)
        self._send_quality(viewer)

    def _send_clock(self, viewer: Viewer) -> None:
        if not viewer.channel or viewer.is_awaited:
            return
        timing = self._stage.timing(self._distribution.rung_of(viewer))
        if timing:
            rtp = rtp_timestamp(timing.running_ns, viewer.rtp_offset)
            viewer.channel.send(clock_channel.clock(rtp, timing, viewer.send_ms()))

    def _send_quality(self, viewer: Viewer) -> None:
        quality = self._distribution.quality_of(viewer, self._adaptation.link_kbps(viewer))
        if quality and viewer.channel and viewer.told_quality != quality and not viewer.is_awaited:
            viewer.told_quality = quality
            viewer.channel.send(quality.message())

    async def _tick(self) -> None:
        """Once a second: the time to every viewer, who has fallen silent, and whether the encoders work."""
        while True:
            await asyncio.sleep(TICK_S)
            self._distribution.check_encoders()
            now = time.monotonic()
            for viewer in list(self._viewers.values()):
                self._send_clock(viewer)
                self._send_quality(viewer)
                viewer.hear_reports()
                if viewer.pulse and viewer.pulse.is_dead(now, viewer.is_paused):
                    self._on_silence(viewer, now)
                elif viewer.is_mute(now):
                    viewer.await_return()

    def _on_deadline(self, viewer: Viewer) -> None:
        self.failed(viewer, PreviewError('ice_failed', f'No connection to the viewer within {CONNECT_S:g} s.'))

    def _cancel_deadline(self, viewer: Viewer) -> None:
        deadline = self._deadlines.pop(viewer, None)
        if deadline:
            deadline.cancel()

    def _retire(self, viewer: Viewer, reason: str) -> None:
        asyncio.ensure_future(self._close_viewer(viewer, reason))

    async def _close_viewer(self, viewer: Viewer, reason: str) -> None:
        if not viewer.close():
            return
        if self._viewers.get(viewer.session) is viewer:
            del self._viewers[viewer.session]
        self._unsent.pop(viewer, None)
        self._cancel_deadline(viewer)
        self._adaptation.remove(viewer)
        self._distribution.remove(viewer)
        self._tally.close(reason)
        log.info('viewer-closed', viewer=viewer.session, reason=reason, **self._counts())
        try:
            await self._run_blocking(viewer.dispose)
        finally:
            await self._rest_camera()

    def _wants_camera(self) -> bool:
        is_watched = not all(viewer.is_paused for viewer in self._viewers.values())
        return is_watched or bool(self._publisher and self._publisher.wants_camera)

    async def _rest_camera(self) -> None:
        """Nobody watches: the camera goes off."""
        await self._stage.stop_unless(self._wants_camera)

    def _adjust_camera(self) -> None:
        """On or off, as is wanted when its turn comes: a page may change its mind a hundred times a second."""
        if not self._adjusting or self._adjusting.done():
            self._adjusting = asyncio.ensure_future(self._adjust())

    async def _adjust(self) -> None:
        while self._wants_camera() != self._stage.running:
            if self._wants_camera():
                await self._stage.resume()
            else:
                await self._rest_camera()
