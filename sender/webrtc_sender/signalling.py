"""Socket.IO to the server: connect, for ever; publish on each connection; hand messages on. Knows nothing of GStreamer.

python-socketio 5.7.2 does not retry a first connection, so the loop is here and serves every connection: each is a new
client object, and nothing of an old one is left over.
"""

import asyncio
import logging

import socketio

from . import backoff, log, protocol
from .protocol import PreviewError, refusal


class Signalling:
    """`app` answers: `publish_message()`, and the coroutines `offer`, `set_mode`, and `candidate`, `session_closed`."""

    def __init__(self, options, app) -> None:
        self._url = options.server
        self._path = options.path.strip('/')
        self._stream = options.stream
        self._auth = {'role': 'sender', 'protocol': protocol.VERSION}
        if options.token:
            self._auth['token'] = options.token
        self._app = app
        self._client: socketio.AsyncClient | None = None
        self._published = False
        self._announced = False  # whether or not the answer has come yet
        self._camera_news: dict | None = None  # what changed while publish was on its way
        self._refused: str | None = None

    # ---- connection ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps a connection to the server until cancelled."""
        failures = 0
        while True:
            self._refused = None
            if await self._connect_once():
                failures = 0
            wait = backoff.delay_s(failures)
            failures += 1
            log.warning(
                'server-unreachable',
                server=self._url,
                path=f'/{self._path}',
                reason=self._refused,
                next='Check --server and --path, and that the server runs there.',
                retry_s=wait,
            )
            await asyncio.sleep(wait)

    async def _connect_once(self) -> bool:
        """One connection, from its beginning to its end. True when it came to publishing."""
        client = self._new_client()
        gone = asyncio.Event()
        client.on('disconnect', gone.set)
        client.on('connect_error', self._on_refused)
        try:
            await client.connect(
                self._url, auth=self._auth, socketio_path=self._path, transports=['websocket'], wait_timeout=5
            )
        except Exception as reason:  # python-socketio and aiohttp raise a dozen kinds
            self._refused = self._refused or str(reason)
            await self._discard(client)
            return False
        log.info('server-connected', server=self._url)
        self._client = client
        publishing = asyncio.create_task(self._publish())
        try:
            await gone.wait()
        finally:
            publishing.cancel()
            self._client, self._published, self._announced = None, False, False
            await self._discard(client)
        self._refused = 'the connection broke'
        return True

    def _new_client(self) -> socketio.AsyncClient:
        quiet = logging.getLogger('webrtc-sender.socketio')
        quiet.setLevel(logging.CRITICAL)  # it logs whole messages
        client = socketio.AsyncClient(reconnection=False, handle_sigint=False, logger=quiet, engineio_logger=quiet)
        client.on(protocol.OFFER, self._on_offer)
        client.on(protocol.SET_MODE, self._on_set_mode)
        client.on(protocol.CANDIDATE, self._on_candidate)
        client.on(protocol.SESSION_CLOSED, self._on_session_closed)
        return client

    async def _discard(self, client: socketio.AsyncClient) -> None:
        try:
            await asyncio.wait_for(client.disconnect(), 1)
        except Exception as reason:
            log.debug('disconnect-failed', reason=reason)
        if client.eio.http and not client.eio.http.closed:
            await client.eio.http.close()

    def _on_refused(self, data=None) -> None:
        if isinstance(data, dict):
            error = data.get('data') if isinstance(data.get('data'), dict) else {}
            self._refused = ' '.join(filter(None, (error.get('code'), data.get('message'), error.get('next'))))
        elif data:
            self._refused = str(data)

    async def _publish(self) -> None:
        failures = 0
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
            report(
                'publish-refused',
                stream=self._stream,
                code=error.get('code'),
                message=error.get('message'),
                next=f'{error.get("next")} The name is the option --stream.',
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

    async def _on_offer(self, message) -> dict:
        return await self._answer(self._app.offer, message)

    async def _on_set_mode(self, message) -> dict:
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

    def _on_candidate(self, message) -> None:
        try:
            candidate = message['candidate']
            index = candidate.get('sdpMLineIndex') or 0
            self._app.candidate(message['session'], message['epoch'], index, candidate['candidate'])
        except (AttributeError, KeyError, TypeError) as reason:
            log.debug('candidate-ignored', reason=repr(reason))

    def _on_session_closed(self, message) -> None:
        try:
            self._app.session_closed(message['session'], message['reason'])
        except (KeyError, TypeError) as reason:
            log.debug('session-closed-ignored', reason=repr(reason))
