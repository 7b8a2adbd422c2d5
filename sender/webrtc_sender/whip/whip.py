"""A WHIP client (RFC 9725): posts an offer, takes the answer, trickles candidates, deletes the session.

The token goes where the server sends us (redirects, Location), for it is the server's to give away; but never from
https to http. Knows nothing of GStreamer.
"""

import asyncio
from dataclasses import dataclass

import aiohttp
from yarl import URL

from .. import log
from ..server import tls, unreachable
from .whip_words import IceServers, WhipError, ice_servers, refusal

OFFER_TYPE = 'application/sdp'
TRICKLE_TYPE = 'application/trickle-ice-sdpfrag'
# Servers that gather candidates before they answer take a second or two.
OFFER_S = 10.0
TRICKLE_S = 5.0
# A part of the time that the whole goodbye has.
DELETE_S = 0.8
MAX_BYTES = 100_000
MAX_REDIRECTS = 5
REDIRECTS = (307, 308)


@dataclass(frozen=True)
class Session:
    """What a server has agreed to."""

    #: Its SDP, not yet looked at.
    answer: str
    #: Where it can be trickled to and deleted; None when the server did not say.
    url: URL | None
    etag: str | None
    #: Whether it takes candidates that are found later.
    takes_candidates: bool
    ice: IceServers


@dataclass(frozen=True)
class _Response:
    status: int
    headers: object
    text: str
    #: After redirects.
    url: URL


def http_session(ca: str | None) -> aiohttp.ClientSession:
    """For a WhipClient; to be closed by the caller. Trusts `ca` besides the known authorities."""
    # Nothing packed: what unpacks to a gigabyte would be here before it could be measured.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls.context(ca)),
        headers={'Accept-Encoding': 'identity'},
        auto_decompress=False,
    )


class WhipClient:
    """`http` is the caller's to close. `url` may hold a user and a password, which then take the token's place."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str | None) -> None:
        address = URL(url)
        self._http = http
        self._url = address.with_user(None)
        self._authorization = {}
        if token:
            self._authorization = {'Authorization': f'Bearer {token}'}
        elif address.user is not None:
            basic = aiohttp.BasicAuth(address.user, address.password or '', 'utf-8')
            self._authorization = {'Authorization': basic.encode()}

    async def publish(self, offer: str, codec: str) -> Session:
        """Raises WhipError. `codec` is the offer's, for the words of a refusal."""
        response = await self._request('POST', self._url, OFFER_S, offer, {'Content-Type': OFFER_TYPE})
        headers = response.headers
        # 201 it should be, and ETag: not every server in the field has it right.
        if response.status not in (200, 201) or not response.text.lstrip().startswith('v=0'):
            raise refusal(response.status, response.text, codec, headers.get('Retry-After'))
        etag = headers.get('ETag') or headers.get('E-Tag')
        return Session(
            answer=response.text,
            url=_session_url(response),
            etag=etag,
            takes_candidates=etag is not None or TRICKLE_TYPE in headers.get('Accept-Patch', ''),
            ice=ice_servers(headers.getall('Link', [])),
        )

    async def trickle(self, session: Session, fragment: str) -> bool:
        """False when the server does not want candidates after all."""
        if not session.url or not session.takes_candidates:
            return False
        headers = {'Content-Type': TRICKLE_TYPE, **({'If-Match': session.etag} if session.etag else {})}
        try:
            response = await self._request('PATCH', session.url, TRICKLE_S, fragment, headers)
        except WhipError as error:
            log.debug('whip-candidates-not-sent', reason=error)
            return False
        if response.status >= 300:
            log.debug('whip-candidates-refused', status=response.status)
        return response.status < 300

    async def end(self, session: Session) -> None:
        """Tells the server that it is over. It will notice by itself where this does not get through."""
        if not session.url:
            return
        try:
            response = await self._request('DELETE', session.url, DELETE_S)
        except WhipError as error:
            log.debug('whip-goodbye-failed', reason=error)
        else:
            log.debug('whip-goodbye', status=response.status)

    async def _request(self, method: str, url: URL, timeout_s: float, body=None, headers=None) -> _Response:
        try:
            return await asyncio.wait_for(self._follow(method, url, body, headers or {}), timeout_s)
        except (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError) as reason:
            raise WhipError(*unreachable.explain(reason, '--whip', unreachable.CHECK_WHIP)) from reason

    async def _follow(self, method: str, url: URL, body, headers: dict) -> _Response:
        """The response, after redirects. 301 to 303 are none to follow: they would turn a POST into a GET."""
        headers = {**headers, **self._authorization}
        for _ in range(MAX_REDIRECTS + 1):
            async with self._http.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
                target = response.headers.get('Location')
                if response.status not in REDIRECTS or not target:
                    return _Response(response.status, response.headers, await _read(response), url)
            former, url = url, url.join(URL(target))
            if url.scheme not in ('http', 'https') or (former.scheme, url.scheme) == ('https', 'http'):
                raise WhipError(
                    'The WHIP server redirects to an address that is not encrypted.',
                    'Use the address that it redirects to, if you trust it, or mend its settings.',
                )
        raise WhipError('The WHIP server redirects without end.', 'Check the address in --whip.')


async def _read(response: aiohttp.ClientResponse) -> str:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_BYTES:
            raise WhipError('The WHIP server answers with more than any session needs.', 'Check the address in --whip.')
    return content.decode('utf-8', errors='replace')


def _session_url(response: _Response) -> URL | None:
    location = response.headers.get('Location')
    try:
        url = response.url.join(URL(location)) if location else None
    except ValueError:
        url = None
    if not url or url.scheme not in ('http', 'https'):
        log.debug('whip-session-without-address')
        return None
    # A server behind a proxy that does the TLS often believes that it is spoken to in the clear.
    return url.with_scheme('https') if response.url.scheme == 'https' else url
