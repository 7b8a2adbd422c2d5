"""One Socket.IO connection to the server as a sender: made, its refusal put into words, ended. Publishes nothing."""

import asyncio
import logging
import ssl

import aiohttp
import socketio

from .. import log
from . import protocol, refusals, tls, unreachable

CONNECT_S = 5.0


class Refused(Exception):
    """The server's own words, which come as {message, data: our error}."""

    def __init__(self, data: dict) -> None:
        error = data.get('data') if isinstance(data.get('data'), dict) else {}
        parts = [str(part) for part in (error.get('code'), data.get('message')) if part]
        self.code = error.get('code')
        self.what = ': '.join(parts) or 'The server refuses.'
        self.next_step = str(error.get('next') or unreachable.CHECK)
        super().__init__(self.what)

    def advice(self, options, token: str | None) -> str:
        return refusals.next_step(self.code, self.next_step, options.stream, token, options.token_file)


def new_client(trust: ssl.SSLContext | None) -> socketio.AsyncClient:
    """For one connection. In a running loop."""
    quiet = logging.getLogger('webrtc-sender.socketio')
    quiet.setLevel(logging.CRITICAL)  # it logs whole messages
    # A session of our own, to trust --ca. Like its default it takes no proxy from the environment.
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
    return socketio.AsyncClient(
        reconnection=False, handle_sigint=False, logger=quiet, engineio_logger=quiet, http_session=session
    )


async def connect(client: socketio.AsyncClient, options, token: str | None) -> None:
    """`token` is the newest. Raises Refused, or one of the dozen kinds of python-socketio and aiohttp."""
    answer = asyncio.get_running_loop().create_future()

    def on_connected() -> None:
        if not answer.done():
            answer.set_result(None)

    def on_refused(data=None) -> None:
        # No dictionary: not the server's words, but that it was not reached, which connect() raises as well.
        if isinstance(data, dict) and not answer.done():
            answer.set_exception(Refused(data))

    client.on('connect', on_connected)
    client.on('connect_error', on_refused)
    auth = {'role': 'sender', 'protocol': protocol.VERSION}
    if token:
        auth['token'] = token
    path = options.path.strip('/')
    # Its own waiting (5.7.2) goes on to the end of its patience when it is refused.
    await client.connect(options.server, auth=auth, socketio_path=path, transports=['websocket'], wait=False)
    await asyncio.wait_for(answer, CONNECT_S)


async def discard(client: socketio.AsyncClient) -> None:
    try:
        await asyncio.wait_for(client.disconnect(), 1)
    except Exception as reason:
        log.debug('disconnect-failed', reason=reason)
    if client.eio.http and not client.eio.http.closed:
        await client.eio.http.close()


async def greet(options) -> tuple[str, str, bool] | None:
    """None when the server takes this sender; else what happened, the next step, and whether that is a refusal."""
    client = new_client(tls.context(options.ca))
    try:
        await asyncio.wait_for(connect(client, options, options.token), CONNECT_S)
    except Refused as reason:
        return reason.what, reason.advice(options, options.token), True
    except Exception as reason:
        return (*unreachable.explain(reason), False)
    finally:
        await discard(client)
    return None
