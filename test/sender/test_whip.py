"""WHIP over HTTP: what is asked, what is made of the answers, and the sentences for everything that goes wrong."""

import contextlib
import ssl
from datetime import datetime, timezone

import aiohttp
import pytest
from aiohttp import web
from fake_whip_server import FakeWhipServer
from studio import asynchronous
from test_signalling import certificate  # noqa: F401 (a fixture)
from webrtc_sender.peer import sdp
from webrtc_sender.whip import whip, whip_words
from webrtc_sender.whip.whip import WhipClient, http_session
from webrtc_sender.whip.whip_words import IceServers, WhipError, ice_servers, read_answer, retry_after_s

TOKEN = 'the-secret-token'
OFFER = (
    'v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE video0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102 96\r\n'
    'a=ice-ufrag:name\r\na=ice-pwd:word\r\na=mid:video0\r\na=sendonly\r\na=rtpmap:102 H264/90000\r\n'
)
ANSWER = (
    'v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE video0\r\na=fingerprint:sha-256 AA:BB\r\n'
    'm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:video0\r\na=recvonly\r\na=rtpmap:102 H264/90000\r\n'
)
H264 = sdp.Codec(102, 'H264', {})


@contextlib.asynccontextmanager
async def asking(token: str | None = TOKEN, path: str = '/whip'):
    """A server that answers with ANSWER, and a client for it."""
    async with FakeWhipServer() as server, http_session(None) as http:

        async def answer(_request, _offer):
            return server.created(ANSWER)

        server.answer = answer
        yield server, WhipClient(http, server.url.replace('/whip', path), token)


def answering(server: FakeWhipServer, status: int, text: str = '', **headers: str) -> None:
    async def answer(_request, _offer):
        return web.Response(
            status=status, text=text, headers={name.replace('_', '-'): headers[name] for name in headers}
        )

    server.answer = answer


# ---- the session ----------------------------------------------------------------------------------------------------


@asynchronous
async def test_an_offer_is_posted_and_the_session_deleted():
    async with asking() as (server, client):
        server.headers = [
            ('ETag', '"e1"'),
            ('Accept-Patch', 'application/trickle-ice-sdpfrag'),
            ('Link', '<stun:stun.example.net>; rel="ice-server"'),
        ]
        session = await client.publish(OFFER, 'H264')
        assert session.answer == ANSWER
        assert str(session.url) == server.url.replace('/whip', '/session/1')  # it was relative
        assert session.etag == '"e1"'
        assert session.takes_candidates
        assert session.ice == IceServers('stun://stun.example.net:3478')
        assert await client.trickle(session, 'a=candidate:1')
        await client.end(session)

    posted, trickled, deleted = server.requests
    assert posted[0] == 'POST'
    assert posted[3] == OFFER
    assert posted[2]['Content-Type'].startswith('application/sdp')
    assert trickled[0] == 'PATCH'
    assert trickled[2]['Content-Type'].startswith('application/trickle-ice-sdpfrag')
    assert trickled[2]['If-Match'] == '"e1"'
    assert deleted[0] == 'DELETE'
    assert {request[2]['Authorization'] for request in server.requests} == {f'Bearer {TOKEN}'}


@asynchronous
async def test_without_a_token_and_with_what_older_servers_leave_out():
    async with asking(token=None) as (server, client):
        answering(server, 200, ANSWER, E_Tag='"old"')
        session = await client.publish(OFFER, 'H264')
        assert session.url is None
        assert session.etag == '"old"'
        assert not await client.trickle(session, 'a=candidate:1')
        await client.end(session)
        assert [request[0] for request in server.requests] == ['POST']
        assert 'Authorization' not in server.requests[0][2]


@asynchronous
async def test_user_and_password_of_the_address():
    async with FakeWhipServer() as server, http_session(None) as http:
        answering(server, 201, ANSWER, Location='/session/1')
        url = server.url.replace('http://', 'http://me:pass%20word@')
        session = await WhipClient(http, url, None).publish(OFFER, 'H264')
        assert server.requests[0][2]['Authorization'] == aiohttp.BasicAuth('me', 'pass word').encode()
        assert session.url.user is None


@asynchronous
async def test_a_server_that_refuses_candidates_is_believed():
    async with asking() as (server, client):
        server.headers = [('ETag', '"e1"')]
        server.patch_status = 405
        assert not await client.trickle(await client.publish(OFFER, 'H264'), 'a=candidate:1')


@asynchronous
async def test_a_session_at_a_strange_address_is_not_called():
    async with asking() as (server, client):
        for location in ('ftp://elsewhere.example/session', 'http://[', ''):
            answering(server, 201, ANSWER, Location=location)
            assert (await client.publish(OFFER, 'H264')).url is None


@asynchronous
async def test_a_goodbye_that_nobody_hears():
    async with asking() as (server, client):
        session = await client.publish(OFFER, 'H264')
    async with http_session(None) as http:
        await WhipClient(http, server.url, TOKEN).end(session)


# ---- redirects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('status', [307, 308])
@asynchronous
async def test_redirects_are_followed_with_offer_and_token(status):
    async with asking() as (there, _), asking() as (server, client):
        answering(server, status, Location=there.url)
        session = await client.publish(OFFER, 'H264')
        assert session.url.port == there.port
        _, _, headers, body = there.requests[0]
        assert (body, headers['Authorization']) == (OFFER, f'Bearer {TOKEN}')


@asynchronous
async def test_a_redirect_that_would_make_a_get_of_it_is_not_followed():
    async with asking() as (server, client):
        answering(server, 302, Location='/elsewhere')
        with pytest.raises(WhipError, match='does not answer as a WHIP server'):
            await client.publish(OFFER, 'H264')
        assert len(server.requests) == 1


@asynchronous
async def test_redirects_without_end():
    async with asking() as (server, client):
        answering(server, 307, Location='/whip')
        with pytest.raises(WhipError, match='without end'):
            await client.publish(OFFER, 'H264')


@asynchronous
async def test_the_token_is_not_carried_from_https_to_http(certificate):  # noqa: F811
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with asking() as (there, _), FakeWhipServer(context) as server, http_session(certificate) as http:
        answering(server, 307, Location=there.url)
        with pytest.raises(WhipError, match='not encrypted'):
            await WhipClient(http, server.url, TOKEN).publish(OFFER, 'H264')
        assert there.requests == []


@asynchronous
async def test_a_server_behind_a_tls_proxy_does_not_know_that_it_is_one(certificate):  # noqa: F811
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with FakeWhipServer(context) as server, http_session(certificate) as http:
        answering(server, 201, ANSWER, Location=server.url.replace('https:', 'http:').replace('/whip', '/session/7'))
        session = await WhipClient(http, server.url, TOKEN).publish(OFFER, 'H264')
        assert str(session.url) == server.url.replace('/whip', '/session/7')


# ---- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'status,words,next_step',
    [
        (401, 'wants a token', '--whip-token-file'),
        (403, 'does not let this token publish here', '--whip-token-file'),
        (404, 'has nothing at this address', 'Check the path in --whip'),
        (405, 'takes no publisher at this address', 'Check the path in --whip'),
        (406, 'cannot use H264', 'Another codec'),
        (409, 'already has a publisher', 'Stop the other one'),
        (500, 'has trouble of its own', 'Look at its log'),
        (503, 'has no room now', 'asked again later'),
        (204, 'does not answer as a WHIP server', 'Check the address'),
    ],
)
@asynchronous
async def test_a_refusal_is_a_sentence_with_a_next_step(status, words, next_step):
    async with asking() as (server, client):
        answering(server, status, 'its\nown words' if status != 204 else '')
        with pytest.raises(WhipError) as caught:
            await client.publish(OFFER, 'H264')
    sentence = str(caught.value)
    assert sentence.startswith(f'The WHIP server {words}')
    assert f'HTTP status {status}' in sentence
    assert status == 204 or 'its own words' in sentence
    assert next_step in caught.value.next_step
    assert TOKEN not in sentence + caught.value.next_step


def test_only_what_a_codec_can_mend_brings_another_codec():
    assert [status for status in whip_words.REFUSALS if whip_words.refusal(status, '', 'VP8', None).other_codec] == [
        400,
        406,
        415,
        422,
    ]


def test_a_page_of_html_is_not_quoted():
    assert '<' not in str(whip_words.refusal(502, '<html><h1>Bad gateway</h1>', 'H264', None))


@asynchronous
async def test_an_answer_without_end():
    async with asking() as (server, client):
        answering(server, 201, 'v=0' + ' ' * whip.MAX_BYTES)
        with pytest.raises(WhipError, match='more than any session needs'):
            await client.publish(OFFER, 'H264')


@asynchronous
async def test_a_page_that_is_no_whip_server():
    async with asking() as (server, client):
        answering(server, 200, '<!doctype html>')
        with pytest.raises(WhipError, match='does not answer as a WHIP server'):
            await client.publish(OFFER, 'H264')


@asynchronous
async def test_nobody_there():
    async with asking() as (server, _):
        url = server.url
    async with http_session(None) as http:
        with pytest.raises(WhipError, match='Nothing listens on this port') as caught:
            await WhipClient(http, url, TOKEN).publish(OFFER, 'H264')
        assert '--whip' in caught.value.next_step
        with pytest.raises(WhipError, match='name of the server is not known') as caught:
            await WhipClient(http, 'http://no-such-host.invalid/whip', TOKEN).publish(OFFER, 'H264')
        assert '--whip' in caught.value.next_step


@pytest.mark.parametrize(
    'value,seconds',
    [
        (None, 0),
        ('7', 7),
        ('99999', whip_words.LONGEST_RETRY_S),
        ('Wed, 01 Jan 2025 00:00:30 GMT', 30),
        ('Wed, 01 Jan 2020 00:00:00 GMT', 0),
        ('soon', 0),
        ('-3', 0),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after_s(value, datetime(2025, 1, 1, tzinfo=timezone.utc)) == seconds


# ---- ICE servers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'links,expected',
    [
        ([], IceServers()),
        (['<stun:stun.example.net>; rel="ice-server"'], IceServers('stun://stun.example.net:3478')),
        (['<stun:192.0.2.1:19302>; rel=ice-server'], IceServers('stun://192.0.2.1:19302')),
        (
            ['<turn:turn.example.net?transport=udp>; rel="ice-server"; username="1700:me"; credential="a/b=="'],
            IceServers(None, ('turn://1700%3Ame:a%2Fb%3D%3D@turn.example.net?transport=udp',)),
        ),
        (
            # Two in one header, the comma and the semicolon of a credential between them, and a quoted quote.
            [
                '<turns:[2001:db8::1]:5349?transport=tcp>; rel="ice-server"; username="u"; credential="x,<;\\"y", '
                '<stun:one.example>; rel="ice-server", <stun:two.example>; rel="ice-server"'
            ],
            IceServers(
                'stun://one.example:3478', ('turns://u:x%2C%3C%3B%22y@[2001:db8::1]:5349?transport=tcp',)
            ),
        ),
        (['<turn:turn.example.net>; rel="ice-server"'], IceServers()),  # of no use without credentials
        (['<stuns:stun.example.net>; rel="ice-server"'], IceServers()),  # webrtcbin knows none
        (['<stun:stun.example.net>; rel="something-else"'], IceServers()),
        (['<stun:a b>; rel="ice-server"', '<turn:>; rel="ice-server"', 'nonsense', '<<>;;'], IceServers()),
    ],
)  # fmt: skip
def test_ice_servers(links, expected):
    assert ice_servers(links) == expected


def test_so_many_ice_servers_and_no_more():
    link = '<turn:turn{}.example>; rel="ice-server"; username="u"; credential="c"'
    assert len(ice_servers([link.format(number) for number in range(100)]).turn) == whip_words.MAX_ICE_SERVERS


# ---- answers and candidates -----------------------------------------------------------------------------------------


def test_an_answer_is_read_even_without_the_codecs_parameters():
    assert read_answer(ANSWER, H264).index == 0


@pytest.mark.parametrize(
    'answer,words,other_codec',
    [
        (ANSWER.replace('m=video 9', 'm=video 0'), 'does not take H264', True),
        (ANSWER.replace('102', '103'), 'does not take H264', True),
        (ANSWER.replace('H264', 'VP8'), 'does not take H264', True),
        (ANSWER.replace('recvonly', 'inactive'), 'it does not ask to receive video: it says inactive', False),
        (ANSWER.replace('a=fingerprint', 'a=x'), 'no fingerprint', False),
        (ANSWER + ANSWER[ANSWER.index('m=') :], '2 media sections for one', False),
        (ANSWER[: ANSWER.index('m=')], 'it has no video section', False),
        (ANSWER.replace('recvonly', 'recvonly\x00'), 'it has control characters', False),
        (ANSWER.replace('SAVPF 102', 'SAVPF 98'), 'payload type 102 is described, but not listed', False),
    ],
)
def test_an_answer_that_cannot_be_used(answer, words, other_codec):
    with pytest.raises(WhipError, match=words) as caught:
        read_answer(answer, H264)
    assert caught.value.other_codec == other_codec


def test_candidates_in_the_offer_and_after_it():
    found = ['candidate:1 1 UDP 1 192.0.2.1 5000 typ host']
    assert whip_words.with_candidates(OFFER, found, are_all=False) == OFFER + f'a={found[0]}\r\n'
    assert whip_words.with_candidates(OFFER, [], are_all=True) == OFFER + 'a=end-of-candidates\r\n'
    assert whip_words.candidates_fragment(OFFER, found, is_last=True).split('\r\n') == [
        'a=ice-ufrag:name',
        'a=ice-pwd:word',
        'm=video 9 UDP/TLS/RTP/SAVPF 102 96',
        'a=mid:video0',
        f'a={found[0]}',
        'a=end-of-candidates',
        '',
    ]
