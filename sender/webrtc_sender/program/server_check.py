"""Asks the servers that the options name whether they would take this sender, for --doctor.

Works where nothing is installed: then as a browser's first request would, which shows less.
"""

import asyncio
import importlib.util
import re
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..server import tls, unreachable

WAIT_S = 3.0


@dataclass(frozen=True)
class Trouble:
    """What was seen, and what to do next."""

    what: str
    next_step: str
    #: The server is there and says no: waiting will not help.
    refused: bool = False


def check_server(options) -> Trouble | None:
    """None when the signalling server takes this sender. Publishes nothing."""
    if not all(importlib.util.find_spec(name) for name in ('socketio', 'aiohttp')):
        return _first_request(options)
    from ..server import greeting

    trouble = asyncio.run(greeting.greet(options))
    return Trouble(*trouble) if trouble else None


def check_whip(options) -> Trouble | None:
    """None when something takes connections at --whip. What it is, only a publication would show."""
    address = urlsplit(options.whip)
    is_https = address.scheme == 'https'
    try:
        with socket.create_connection((address.hostname, address.port or (443 if is_https else 80)), WAIT_S) as plain:
            if is_https:
                tls.context(options.ca).wrap_socket(plain, server_hostname=address.hostname).close()
    except (OSError, ValueError) as failure:
        return Trouble(*unreachable.explain(failure, '--whip', unreachable.CHECK_WHIP))
    return None


def _first_request(options) -> Trouble | None:
    server = re.sub('^ws', 'http', options.server)
    # The sender itself uses no proxy either.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls.context(options.ca))
    )
    try:
        with opener.open(f'{server}{options.path.rstrip("/")}/?EIO=4&transport=polling', timeout=WAIT_S) as answer:
            greeting = answer.read(2)
    except (OSError, ValueError) as failure:  # HTTPError and URLError are OSErrors
        return Trouble(*unreachable.explain(failure))
    if greeting != b'0{':  # Engine.IO's "open"
        return Trouble('Something answers, but not a webrtc-preview server.', unreachable.CHECK)
    return None
