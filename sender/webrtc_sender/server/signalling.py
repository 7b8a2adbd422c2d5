"""Socket.IO to the server: connect, for ever; publish on each connection; hand messages on. Knows nothing of GStreamer.

python-socketio 5.7.2 does not retry a first connection, so the loop is here and serves every connection: each is a new
client object, and nothing of an old one is left over.
"""

import asyncio
import contextlib

import socketio

from .. import log
from ..program.option_values import without_password
from . import backoff, greeting, protocol, refusals, tls, unreachable
from .backoff import Repeats
from .protocol import PreviewError, refusal
from .token import Token

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
        self._gone = asyncio.Event()
        self._work: dict[str, asyncio.Task] = {}  # of this connection
        self._returns_at: float | None = None  # the server closes, and has said when to come back
        self._standby = False  # another sender has the stream
        self._token = Token(options)
        self._ice: dict = {}
        self._trust = tls.context_for(options.server, options.ca)
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
            if self._returns_at is not None:
                await self._wait_for_the_server(wait)
                continue
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

    async def _wait_for_the_server(self, jitter_s: float) -> None:
        wait = max(0.0, self._returns_at - asyncio.get_running_loop().time()) + jitter_s
        self._returns_at = None
        log.info('server-closing', server=without_password(self._url), retry_s=wait)
        await asyncio.sleep(wait)

    async def _connect_once(self) -> bool:
        """One connection, from its beginning to its end. True when it came to publishing."""
        client = self._new_client()
        self._gone = gone = asyncio.Event()
        client.on('disconnect', gone.set)
        self._token.refresh()
        try:
            await greeting.connect(client, self._options, self._token.text)
        except Exception as reason:
            refused = isinstance(reason, greeting.Refused)
            advice = refused and reason.advice(self._options, self._token.text)
            self._refused = (reason.what, advice) if refused else unreachable.explain(reason)
            await greeting.discard(client)
            return False
        log.info('server-connected', server=without_password(self._url))
        self._client = client
        self.connects_total += 1
        self._begin('publish', self._publish())
        try:
            await gone.wait()
        finally:
            for task in self._work.values():
                task.cancel()
            self._work = {}
            self._client, self._published, self._announced = None, False, False
            await greeting.discard(client)
        return True

    def _new_client(self) -> socketio.AsyncClient:
        client = greeting.new_client(self._trust)
        client.on(protocol.OFFER, self._on_offer)
        client.on(protocol.SET_MODE, self._on_set_mode)
        client.on(protocol.CANDIDATE, self._on_candidate)
        client.on(protocol.SESSION_CLOSED, self._on_session_closed)
        client.on(protocol.ICE_CONFIG, self._on_ice_config)
        client.on(protocol.TOKEN_EXPIRING, self._on_token_expiring)
        client.on(protocol.REPLACED, self._on_replaced)
        client.on(protocol.SERVER_CLOSING, self._on_server_closing)
        return client

    def _begin(self, name: str, work) -> None:
        """Something that ends with this connection, in the place of what has the same name."""
        if name in self._work:
            self._work[name].cancel()
        self._work[name] = asyncio.create_task(work)

    async def _publish(self, wait: float = 0.0) -> None:
        """Until the server takes it, after `wait` seconds."""
        failures, repeats = 0, Repeats()
        while True:
            await asyncio.sleep(wait)
            self._announced, self._camera_news = True, None
            standby = {'standby': True} if self._standby else {}
            acknowledgement = await self._request(protocol.PUBLISH, {**self._app.publish_message(), **standby})
            if acknowledgement.get('ok'):
                self._published, self._standby = True, False
                self._ice = acknowledgement.get('ice') or {}
                log.info('published', stream=self._stream)
                if self._camera_news:
                    self.update_camera(self._camera_news)
                return
            self._announced = False
            error = acknowledgement.get('error') or {}
            code = error.get('code')
            # Told once as an error, unless that it was replaced has been told: from then on it only waits.
            report = log.info if failures or self._standby else log.error
            if not repeats.worth_telling(code, asyncio.get_running_loop().time()):
                report = log.debug
            # Whoever takes the stream back by force would keep the storm going.
            self._standby |= code == 'takeover_storm'
            wait = backoff.standby_s(failures) if self._standby else backoff.delay_s(failures)
            failures += 1
            report(
                'publish-refused',
                stream=self._stream,
                code=code,
                message=error.get('message'),
                next=self._advice(error),
                tries=repeats.tries,
                retry_s=wait,
            )
            if self._token.refresh():
                await self._authenticate()

    def _advice(self, error: dict) -> str:
        said = str(error.get('next') or unreachable.CHECK)
        return refusals.next_step(error.get('code'), said, self._stream, self._token.text, self._token.file)

    # ---- token --------------------------------------------------------------------------------------------------

    def use_token(self, options) -> None:
        """The options were read again: a newer token goes to the server at once."""
        self._token.file = options.token_file
        if options.token == self._token.text:
            return
        self._token.use(options.token)
        if self._client and options.token:
            self._begin('token', self._authenticate())

    async def _authenticate(self) -> bool:
        acknowledgement = await self._request(protocol.AUTHENTICATE, {'token': self._token.text})
        if acknowledgement.get('ok'):
            log.info('token-renewed', stream=self._stream)
            return True
        error = acknowledgement.get('error') or {}
        log.error('token-refused', code=error.get('code'), message=error.get('message'), next=self._advice(error))
        return False

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
        if isinstance(message, dict) and not message.get('ice'):
            message = {**message, 'ice': self._ice}
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
        with self._ignoring_bad(protocol.CANDIDATE):
            self._app.candidate(*protocol.read_candidate(message))

    def _on_session_closed(self, message=None) -> None:
        with self._ignoring_bad(protocol.SESSION_CLOSED):
            self._app.session_closed(*protocol.read_session_closed(message))

    def _on_ice_config(self, message=None) -> None:
        """For offers that bring none. A viewer who is there needs no other: webrtcbin cannot gather again."""
        with self._ignoring_bad(protocol.ICE_CONFIG):
            protocol.read_ice_config(message)
            self._ice = message

    def _on_token_expiring(self, message=None) -> None:
        with self._ignoring_bad(protocol.TOKEN_EXPIRING):
            expires_at = protocol.read_token_expiring(message)
            self._begin('token', self._token.renew(self._authenticate, expires_at))

    def _on_replaced(self, message=None) -> None:
        """Its viewers are moving to the other sender; those who are still here are served until they leave."""
        with self._ignoring_bad(protocol.REPLACED):
            what, _ = protocol.read_replaced(message)
            self._published, self._announced, self._standby = False, False, True
            log.warning('replaced', stream=self._stream, message=what, next=self._advice({'code': 'replaced'}))
            self._begin('publish', self._publish(backoff.standby_s(0)))

    def _on_server_closing(self, message=None) -> None:
        """It is left then, if it has not gone by itself."""
        with self._ignoring_bad(protocol.SERVER_CLOSING):
            retry_s, loop = protocol.read_server_closing(message), asyncio.get_running_loop()
            self._returns_at = loop.time() + retry_s
            self._begin('leave', self._leave_in(retry_s))

    async def _leave_in(self, wait: float) -> None:
        await asyncio.sleep(wait)
        self._gone.set()

    @contextlib.contextmanager
    def _ignoring_bad(self, event: str):
        try:
            yield
        except PreviewError as reason:
            log.debug('message-ignored', message=event, reason=reason)
