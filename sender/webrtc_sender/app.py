"""The sender: who watches, and what the server and the viewers are told. Lives on the asyncio thread."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from . import clock_channel, log, playout_delay
from .capture_time import rtp_timestamp
from .gst import Clockwork, Poster
from .modes import read_mode
from .protocol import PreviewError, read_offer
from .pulse import Pulse
from .signalling import Signalling
from .stage import Stage
from .viewer import State, Viewer

# A viewer whose connection never comes up is given up after this.
CONNECT_S = 12.0
# The server waits 10 s for an answer; saying why there is none must come before that.
ANSWER_S = 8.0
TICK_S = 1.0


class App:
    """Wires stage, viewers and signalling."""

    def __init__(self, options, camera, encoder) -> None:
        self._options = options
        self._encoder = encoder
        self._loop = asyncio.get_running_loop()
        self._post = Poster(self._loop)
        self._clockwork = Clockwork()
        self._executor = ThreadPoolExecutor(max_workers=8, thread_name_prefix='blocking')
        self._viewers: dict[str, Viewer] = {}
        self._deadlines: dict[Viewer, asyncio.TimerHandle] = {}
        self._unsent: dict[Viewer, list] = {}
        self._instance = secrets.token_urlsafe(12)
        self._stage = Stage(
            options, camera, encoder, self._clockwork, self._post, self._run_blocking, self._on_stage_change
        )
        self._signalling = Signalling(options, self)

    async def prepare(self) -> None:
        """What the first viewer need not wait for."""
        await self._run_blocking(self._stage.prepare)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._signalling.run(), self._tick())

    async def close(self) -> None:
        """Says goodbye: the viewers see Offline at once."""
        await self._signalling.unpublish()
        viewers = list(self._viewers.values())
        await asyncio.gather(*(self._close_viewer(viewer, 'sender-stopped') for viewer in viewers))
        await self._stage.stop_unless(lambda: False)

    def _run_blocking(self, function, *arguments):
        return self._loop.run_in_executor(self._executor, function, *arguments)

    # ---- what the server asks (signalling) ----------------------------------------------------------------------

    def publish_message(self) -> dict:
        return {'stream': self._options.stream, 'instance': self._instance, 'camera': self._stage.describe()}

    async def offer(self, message) -> dict:
        offer = read_offer(message)
        former = self._viewers.get(offer.session)
        if former and former.epoch >= offer.epoch:
            raise PreviewError('stale_epoch')
        if not former and len(self._viewers) >= self._options.max_viewers:
            raise PreviewError('too_many_viewers')
        viewer = Viewer(offer, self._encoder, self._clockwork, self._post, self, self._options.playout_delay == '0')
        self._viewers[offer.session] = viewer
        self._unsent[viewer] = []
        if former:
            self._retire(former, 'replaced')
        try:
            sdp = await self._answer(viewer)
        except BaseException:
            self._retire(viewer, 'not-answered')
            raise
        if viewer.state == State.CLOSED:
            raise PreviewError('sender_failed', 'The session was closed while it was being set up.')
        self._deadlines[viewer] = self._loop.call_later(CONNECT_S, self._on_deadline, viewer)
        # After the acknowledgement: no candidate before its description.
        self._loop.call_soon(self._send_candidates, viewer)
        log.info('viewer-answered', viewer=viewer.session, epoch=viewer.epoch, viewers=len(self._viewers))
        return {'sdp': sdp}

    async def _answer(self, viewer: Viewer) -> str:
        """Camera and connection are set up at the same time, and within ANSWER_S in all."""
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
        try:
            wish = read_mode(message['mode'])
        except (KeyError, TypeError, ValueError) as reason:
            raise PreviewError('bad_request', f'The mode cannot be read: {reason!r}') from reason
        chosen = await self._stage.set_mode(wish)
        log.info('mode-set', wanted=wish, chosen=chosen)
        return {'mode': chosen.as_message()}

    def candidate(self, session: str, epoch: int, index: int, text: str) -> None:
        viewer = self._viewers.get(session)
        if viewer and viewer.epoch == epoch:
            viewer.add_candidate(index, text)

    def session_closed(self, session: str, reason: str) -> None:
        viewer = self._viewers.get(session)
        if not viewer:
            return
        if reason in ('lost', 'server-closing'):
            # Only signalling is gone. The picture goes on for as long as the viewer's RTCP arrives.
            log.info('viewer-signalling-lost', viewer=session, reason=reason)
            return
        self._retire(viewer, reason)

    # ---- what a viewer says -------------------------------------------------------------------------------------

    def candidate_found(self, viewer: Viewer, index: int, text: str) -> None:
        waiting = self._unsent.get(viewer)
        if waiting is not None:
            waiting.append((index, text))
        elif viewer.state != State.CLOSED:
            self._send_candidate(viewer, index, text)

    def connected(self, viewer: Viewer) -> None:
        self._cancel_deadline(viewer)
        viewer.pulse = Pulse(self._loop.time())
        self._stage.subscribe(viewer.push)
        log.info('viewer-live', viewer=viewer.session)

    def first_frame(self, viewer: Viewer) -> None:
        self._loop.call_later(playout_delay.WRITE_S, viewer.stop_writing_extensions)

    def failed(self, viewer: Viewer, error: PreviewError) -> None:
        if viewer.state == State.CLOSED:
            return
        log.warning('viewer-failed', viewer=viewer.session, code=error.code, message=str(error))
        self._signalling.leave(viewer.session, error)
        self._retire(viewer, error.code)

    def hung_up(self, viewer: Viewer) -> None:
        """The page closed its end. The session is its own to leave: it may go on with another offer."""
        self._retire(viewer, 'hung-up')

    def heard(self, viewer: Viewer) -> None:
        if viewer.pulse:
            viewer.pulse.beat(self._loop.time())

    def keyframe_wanted(self, _viewer: Viewer) -> None:
        self._stage.request_keyframe()

    def channel_open(self, viewer: Viewer) -> None:
        self._send_clock(viewer)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _send_candidates(self, viewer: Viewer) -> None:
        for index, text in self._unsent.pop(viewer, ()):
            self._send_candidate(viewer, index, text)

    def _send_candidate(self, viewer: Viewer, index: int, text: str) -> None:
        self._signalling.candidate(viewer.session, viewer.epoch, {'candidate': text, 'sdpMLineIndex': index})

    def _on_stage_change(self) -> None:
        self._signalling.update_camera(self._stage.describe())
        for viewer in self._viewers.values():
            self._send_clock(viewer)

    def _send_clock(self, viewer: Viewer) -> None:
        timing = self._stage.timing()
        if timing and viewer.channel:
            rtp = rtp_timestamp(timing.running_ns, viewer.rtp_offset)
            viewer.channel.send(clock_channel.clock(rtp, timing.unix_ms, timing.encode_ms, timing.origin))

    async def _tick(self) -> None:
        """Once a second: the time to every viewer, and who has fallen silent."""
        while True:
            await asyncio.sleep(TICK_S)
            now = self._loop.time()
            for viewer in list(self._viewers.values()):
                self._send_clock(viewer)
                if viewer.pulse and viewer.pulse.is_dead(now):
                    self.failed(viewer, PreviewError('connection_lost', 'The viewer has fallen silent.'))

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
        self._stage.unsubscribe(viewer.push)
        log.info('viewer-closed', viewer=viewer.session, reason=reason, viewers=len(self._viewers))
        await self._run_blocking(viewer.dispose)
        await self._stage.stop_unless(lambda: bool(self._viewers))
