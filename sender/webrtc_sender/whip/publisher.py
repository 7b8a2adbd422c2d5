"""Publishes by WHIP, for ever: another try after every failure, each with a connection and a session of its own.

While a server has the picture, somebody is taken to be watching: the camera is on.
"""

import asyncio
import time

from yarl import URL

from .. import log
from ..encode.encoding import Encoders
from ..gst import Clockwork
from ..peer.connection import State
from ..server import backoff
from ..server.backoff import Repeats
from ..server.protocol import PreviewError
from .publication import Publication
from .whip import Session, WhipClient, http_session
from .whip_words import IceServers, WhipError

# From the answer until the connection is there.
CONNECT_S = 12.0
# When the answer has named relays that this try did not know yet, the next try does: no need to wait as long.
CONNECT_WITHOUT_RELAYS_S = 4.0
# A connection that lasts this long was a good one; after it the tries begin anew at a short wait.
GOOD_S = 10.0
CHECK_S = 1.0

NO_CONNECTION = (
    'No connection to the media server.',
    "Check firewalls on the way: media goes by UDP to the addresses in the server's answer, not to that of --whip.",
)
BROKEN = ('The connection to the media server broke.', 'Nothing: it is connected to again.')
SILENT = ('The media server has fallen silent.', 'Nothing: it is connected to again.')


class Publisher:
    """Starts `stage` for a server that has the picture; calls the coroutine `on_idle()` when none has it any more.

    It is the `events` of its connections.
    """

    def __init__(
        self, options, encoders: Encoders, clockwork: Clockwork, post, run_blocking, stage, distribution, adaptation,
        on_idle,
    ) -> None:  # fmt: skip
        self._options = options
        self._choices = [encoder for encoder in (encoders.h264, encoders.vp8) if encoder]
        self._clockwork = clockwork
        self._post = post
        self._run_blocking = run_blocking
        self._stage = stage
        self._distribution = distribution
        self._adaptation = adaptation
        self._on_idle = on_idle
        # The path is often the key to the stream.
        self._shown_server = str(URL(options.whip).origin())
        self._ice = IceServers()
        self._task: asyncio.Task | None = None
        # Of the try that runs:
        self._publication: Publication | None = None
        self._connected: asyncio.Future | None = None
        self._failed: asyncio.Future | None = None
        #: A server has the picture.
        self.is_live = False
        #: The camera has to be on.
        self.wants_camera = False

    async def run(self) -> None:
        """Until `close()`."""
        self._task = asyncio.ensure_future(self._keep_publishing())
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()

    async def close(self) -> None:
        """Deletes the session."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})

    # ---- tries --------------------------------------------------------------------------------------------------

    async def _keep_publishing(self) -> None:
        async with http_session(self._options.ca) as http:
            client = WhipClient(http, self._options.whip, self._options.whip_token)
            failures, repeats = 0, Repeats()
            while True:
                started = time.monotonic()
                error = await self._try(client)
                if time.monotonic() - started >= GOOD_S:
                    failures = 0
                    repeats.over()
                if error.other_codec:
                    self._choices.append(self._choices.pop(0))
                wait = max(backoff.delay_s(failures), error.retry_after_s)
                failures += 1
                self._report(error, repeats, wait)
                await asyncio.sleep(wait)

    def _report(self, error: WhipError, repeats: Repeats, wait: float) -> None:
        report = log.warning if repeats.worth_telling(str(error), time.monotonic()) else log.debug
        report(
            'whip-failed',
            server=self._shown_server,
            reason=str(error),
            next=error.next_step,
            tries=repeats.tries,
            retry_s=wait,
        )

    async def _try(self, client: WhipClient) -> WhipError:
        """One session, from its beginning to its end; why it ended."""
        loop = asyncio.get_running_loop()
        relay_only = self._options.ice_policy == 'relay'
        publication = Publication(self._choices[0], self._ice, relay_only, self._clockwork, self._post, self)
        self._publication, self._connected, self._failed = publication, loop.create_future(), loop.create_future()
        self._failed.add_done_callback(lambda future: future.cancelled() or future.exception())  # seen, whoever waits
        session = None
        try:
            if self._stage.error:
                await self._start_camera()  # without it there is nothing to trouble the server with
            offer = await publication.offer(self._run_blocking)
            session = await client.publish(offer, publication.codec.name)
            await self._use(client, publication, session)
        except WhipError as error:
            return error
        except PreviewError as error:
            return WhipError(str(error), error.info()['next'])
        except Exception as reason:
            log.exception('whip-failed-unexpectedly', reason=repr(reason))
            return WhipError(f'Something went wrong inside: {reason!r}.', "Report it, with the sender's log.")
        finally:
            # To the end, even when the sender is stopped meanwhile.
            await asyncio.shield(asyncio.ensure_future(self._end(client, publication, session)))

    async def _use(self, client: WhipClient, publication: Publication, session: Session) -> None:
        """Raises why it is over."""
        learnt_relays = session.ice.turn and not self._ice.turn
        self._ice = session.ice
        await publication.accept(session.answer)
        trickling = asyncio.ensure_future(self._trickle(client, publication, session))
        try:
            await self._connect(CONNECT_WITHOUT_RELAYS_S if learnt_relays else CONNECT_S)
            await self._show(publication)
            await self._watch(publication)
        finally:
            trickling.cancel()

    async def _trickle(self, client: WhipClient, publication: Publication, session: Session) -> None:
        """The candidates that were not found in time for the offer."""
        while session.takes_candidates:
            await publication.news.wait()
            found, are_last = publication.take_candidates()
            taken = await client.trickle(session, publication.candidates_fragment(found, are_last))
            if are_last or not taken:
                return

    async def _connect(self, patience_s: float) -> None:
        futures = {self._connected, self._failed}
        await asyncio.wait(futures, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        if self._failed.done():
            self._failed.result()
        if not self._connected.done():
            raise WhipError(*NO_CONNECTION)

    async def _show(self, publication: Publication) -> None:
        self._distribution.expect(publication, publication.encoder)
        await self._start_camera()
        self._adaptation.add(publication)
        self._distribution.add(publication, publication.encoder)
        self.is_live = True
        log.info(
            'whip-live',
            server=self._shown_server,
            codec=publication.codec.name,
            camera='on for as long as this goes on, whoever watches there',
        )

    async def _start_camera(self) -> None:
        self.wants_camera = True
        await self._stage.start()

    async def _watch(self, publication: Publication) -> None:
        while not publication.pulse.is_dead(time.monotonic()):
            publication.hear_reports()
            await asyncio.wait({self._failed}, timeout=CHECK_S)
            if self._failed.done():
                self._failed.result()
        raise WhipError(*SILENT)

    async def _end(self, client: WhipClient, publication: Publication, session: Session | None) -> None:
        publication.close()
        was_live, self.is_live = self.is_live, False
        self._adaptation.remove(publication)
        self._distribution.remove(publication)
        goodbye = [client.end(session)] if session else []
        await asyncio.gather(*goodbye, self._run_blocking(publication.dispose))
        if was_live:
            log.info('whip-over', server=self._shown_server)
        if self.wants_camera:
            self.wants_camera = False
            await self._on_idle()

    # ---- what the connection says -------------------------------------------------------------------------------

    def candidate_found(self, publication: Publication, _index: int, text: str) -> None:
        publication.gathered(text)

    def reached(self, _publication: Publication) -> None:
        """A server takes the keyframe that comes next."""

    def connected(self, publication: Publication) -> None:
        if publication is self._publication and not self._connected.done():
            self._connected.set_result(None)

    def failed(self, publication: Publication, error: PreviewError) -> None:
        if publication is not self._publication or self._failed.done():
            return
        if error.code in ('ice_failed', 'connection_lost'):
            words = BROKEN if publication.state == State.LIVE else NO_CONNECTION
        else:
            words = str(error), error.info()['next']
        self._failed.set_exception(WhipError(*words))

    def hung_up(self, publication: Publication) -> None:
        self.failed(publication, PreviewError('connection_lost'))

    def keyframe_wanted(self, publication: Publication) -> None:
        self._distribution.request_keyframe(publication)

    def feedback(self, publication: Publication, packets) -> None:
        self._adaptation.feedback(publication, packets)

    def estimated(self, publication: Publication, bitrate_bps: int) -> None:
        self._adaptation.estimated(publication, bitrate_bps)

    def link_back(self, publication: Publication) -> None:
        self._adaptation.link_back(publication)

    def first_frame(self, _publication: Publication) -> None:
        """A viewer's page counts it; a server does not."""

    def channel_open(self, _publication: Publication) -> None:
        """There is no data channel to a media server."""
