"""Socket.IO to the server: connect, for ever; publish on each connection; hand messages on. Knows nothing of GStreamer.

python-socketio 5.7.2 does not retry a first connection, so the loop is here and serves every connection: each is a new
client object, and nothing of an old one is left over.
"""

import asyncio

import socketio

from .. import log
from ..program.option_values import without_password
from . import backoff, greeting, protocol, tls, unreachable
from .backoff import Repeats
from .protocol import PreviewError, refusal

# A connection that lasts this long was a good one. One that the server drops sooner counts as a failure, or a server
# that takes everybody and keeps nobody would be asked four times a second.
GOOD_S = 10.0


class Signalling:
    """`app` answers: `publish_message()`, and the coroutines `offer`, `set_mode`, and `candidate`, `session_closed`.

    Without a server (--server none) it says nothing and hears nothing.
    """

    def __init__(self, options, app) -> None:
        self._options = options
        self._url = options.server
        self._stream = options.stream
        self._app = app
        self._client: socketio.AsyncClient | None = None
        self._published = False
        self._announced = False  # whether or not the answer has come yet
        self._camera_news: dict | None = None  # what changed while publish was on its way
        self._refused: tuple[str, str] | None = None  # why there is no connection, and what to do
        self._trust = tls.context(options.ca)
        #: Since the start.
        self.connects_total = 0

    @property
    def connected(self) -> bool | None:
        """None: there is no server to be connected to."""
        return None if self._url is None else self._client is not None

    # ---- connection ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps a connection to the server until cancelled."""
        if self._url is None:
            await asyncio.Event().wait()
        now = asyncio.get_running_loop().time
        failures, repeats = 0, Repeats()
        while True:
            self._refused, started = None, now()
            if await self._connect_once() and now() - started >= GOOD_S:
                failures = 0
                repeats.over()
            wait = backoff.delay_s(failures)
            failures += 1
            reason, what_next = self._refused or ('The connection broke.', unreachable.CHECK)
            report = log.warning if repeats.worth_telling(reason, now()) else log.debug
            report(
                'server-unreachable',
                server=without_password(self._url),
                path=self._options.path,
                reason=reason,
                next=what_next,
                tries=repeats.tries,
                retry_s=wait,
            )
            await asyncio.sleep(wait)

    async def _connect_once(self) -> bool:
        """One connection, from its beginning to its end. True when it came to publishing."""
        client = self._new_client()
        gone = asyncio.Event()
        client.on('disconnect', gone.set)
        try:
            await greeting.connect(client, self._options)
        except Exception as reason:
            refused = isinstance(reason, greeting.Refused)
            self._refused = (reason.what, reason.next_step) if refused else unreachable.explain(reason)
            await greeting.discard(client)
            return False
        log.info('server-connected', server=without_password(self._url))
        self._client = client
        self.connects_total += 1
        publishing = asyncio.create_task(self._publish())
        try:
            await gone.wait()
        finally:
            publishing.cancel()
            self._client, self._published, self._announced = None, False, False
            await greeting.discard(client)
        return True

    def _new_client(self) -> socketio.AsyncClient:
        client = greeting.new_client(self._trust)
        client.on(protocol.OFFER, self._on_offer)
        client.on(protocol.SET_MODE, self._on_set_mode)
        client.on(protocol.CANDIDATE, self._on_candidate)
        client.on(protocol.SESSION_CLOSED, self._on_session_closed)
        return client

    async def _publish(self) -> None:
        failures, repeats = 0, Repeats()
        while True:
            self._announced, self._camera_news = True, None
            acknowledgement = await self._request(protocol.PUBLISH, self._app.publish_message())
            if acknowledgement.get('ok'):
                self._published = True
                log.info('published', stream=self._stream)
                if self._camera_news:
                    self.update_camera(self._camera_news)
                return
            self._announced = False
            error = acknowledgement.get('error') or {}
            wait = backoff.delay_s(failures)
            failures += 1
            # Told once as an error: from then on it only waits for the name to be free.
            report = log.error if failures == 1 else log.info
            if not repeats.worth_telling(error.get('code'), asyncio.get_running_loop().time()):
                report = log.debug
            report(
                'publish-refused',
                stream=self._stream,
                code=error.get('code'),
                message=error.get('message'),
                next=f'{error.get("next")} The name is the option --stream.',
                tries=repeats.tries,
                retry_s=wait,
            )
            await asyncio.sleep(wait)

    # ---- sender to server ---------------------------------------------------------------------------------------

    def update_camera(self, camera: dict) -> None:
        if self._published:
            self._tell(protocol.UPDATE_CAMERA, {'stream': self._stream, 'camera': camera})
        else:
            self._camera_news = camera

    def candidate(self, session: str, epoch: int, candidate: dict) -> None:
        self._tell(protocol.CANDIDATE, {'session': session, 'epoch': epoch, 'candidate': candidate})

    def leave(self, session: str, error: PreviewError | None) -> None:
        message = {'session': session}
        if error:
            message['error'] = error.info()
        self._tell(protocol.LEAVE, message)

    async def unpublish(self) -> None:
        if self._announced:
            await self._request(protocol.UNPUBLISH, {'stream': self._stream}, timeout_s=0.5)

    def _tell(self, event: str, message: dict) -> None:
        """Sends without waiting; while there is no server, drops: publish tells it the state on the next connection."""
        if self._client:
            asyncio.ensure_future(self._tell_now(event, message))

    async def _tell_now(self, event: str, message: dict) -> None:
        acknowledgement = await self._request(event, message)
        if not acknowledgement.get('ok'):
            code = (acknowledgement.get('error') or {}).get('code')
            log.debug('server-refused', message=event, session=message.get('session'), code=code)

    async def _request(self, event: str, message: dict, timeout_s: float = protocol.ACKNOWLEDGEMENT_S) -> dict:
        """Emits and waits for the acknowledgement; a connection that breaks gives an empty one."""
        try:
            answer = await self._client.call(event, message, timeout=timeout_s)
        except asyncio.CancelledError:
            raise
        except Exception as reason:
            log.debug('no-acknowledgement', message=event, reason=repr(reason))
            return {}
        return answer if isinstance(answer, dict) else {}

    # ---- server to sender ---------------------------------------------------------------------------------------

    async def _on_offer(self, message=None) -> dict:
        return await self._answer(self._app.offer, message)

    async def _on_set_mode(self, message=None) -> dict:
        return await self._answer(self._app.set_mode, message)

    async def _answer(self, handler, message) -> dict:
        try:
            return {'ok': True, **await handler(message)}
        except PreviewError as error:
            log.warning('request-refused', code=error.code, message=str(error))
            return refusal(error)
        except Exception as reason:
            log.exception('request-failed', reason=repr(reason))
            return refusal(PreviewError('sender_failed'))

    def _on_candidate(self, message=None) -> None:
        try:
            candidate = protocol.read_candidate(message)
        except PreviewError as reason:
            log.debug('candidate-ignored', reason=reason)
        else:
            self._app.candidate(*candidate)

    def _on_session_closed(self, message=None) -> None:
        try:
            session, reason = protocol.read_session_closed(message)
        except PreviewError as problem:
            log.debug('session-closed-ignored', reason=problem)
        else:
            self._app.session_closed(session, reason)
