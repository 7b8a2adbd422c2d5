"""Publishing by WHIP: the same encode, the camera on meanwhile, and another try whatever happens."""

import asyncio
import re

import pytest
from aiohttp import web
from fake_whip_server import FakeWhipServer
from studio import asynchronous, studio
from webrtc_sender.peer import pulse
from webrtc_sender.server import backoff
from webrtc_sender.server.protocol import PreviewError
from webrtc_sender.whip import publication, publisher, whip
from webrtc_sender.whip import publisher as module
from webrtc_sender.whip.publisher import Publisher

TOKEN = 'the-secret-token'


class Events(list):
    """What the publisher logged, and a wait for it."""

    def __init__(self, monkeypatch) -> None:
        self._news = asyncio.Event()
        for level in ('debug', 'info', 'warning', 'error'):
            monkeypatch.setattr(module.log, level, lambda event, level=level, **fields: self._add(level, event, fields))

    def _add(self, level, event, fields) -> None:
        self.append({'level': level, 'event': event, **fields})
        self._news.set()

    async def wait_for(self, event: str, times: int = 1) -> dict:
        while True:
            found = [entry for entry in self if entry['event'] == event]
            if len(found) >= times:
                return found[times - 1]
            self._news.clear()
            await self._news.wait()


@pytest.fixture
def impatient(monkeypatch):
    """Waits that are long in life."""
    monkeypatch.setattr(backoff, 'FIRST_S', 0.02)
    monkeypatch.setattr(backoff, 'LONGEST_S', 0.02)
    monkeypatch.setattr(publisher, 'CHECK_S', 0.05)


def refusing(server: FakeWhipServer, status: int, times: int, **headers: str) -> None:
    """From now on, before it accepts."""
    left = times

    async def answer(request, offer):
        nonlocal left
        if not left:
            return await server.accept(request, offer)
        left -= 1
        return web.Response(status=status, headers={name.replace('_', '-'): headers[name] for name in headers})

    server.answer = answer


@asynchronous
async def test_a_server_gets_the_picture_and_the_camera_is_on_for_it(monkeypatch):
    events = Events(monkeypatch)
    async with FakeWhipServer() as server:
        async with studio('--whip', server.url, '--whip-token', TOKEN) as place:
            taker = await server.wait_for_frames(count=10)
            assert place.stage.running
            assert place.app.facts().whip_connected
            assert 'on for as long as this goes on' in (await events.wait_for('whip-live'))['camera']
            _, _, headers, offer = await server.wait_for('POST')
            assert headers['Authorization'] == f'Bearer {TOKEN}'
            assert 'a=sendonly' in offer
            assert 'profile-level-id=42e01f' in offer
            assert 'packetization-mode=1' in offer
            assert 'apt=102' in offer  # RTX
            assert 'transport-wide-cc' in offer
            assert '\r\na=candidate:' in offer
            assert f'a=ssrc:{next(iter(taker.ssrcs))} ' in offer
        assert [request[0] for request in server.requests] == ['POST', 'DELETE']
        assert TOKEN not in str(events)
        assert '/whip' not in str([entry.get('server') for entry in events])  # the path may be a key


@asynchronous
async def test_viewers_and_server_share_one_encode_and_the_camera_outlives_the_viewers():
    async with FakeWhipServer() as server, studio('--whip', server.url) as place:
        await server.wait_for_frames()
        viewer = await place.watch()
        facts = place.app.facts()
        assert facts.levels[0].viewers == 2
        assert facts.levels[0].frames_total <= facts.frames_captured_total
        await place.fake.tell('session-closed', {'session': viewer.session, 'reason': 'left'})
        await place.until(lambda: not place.viewers)
        assert place.stage.running
        taker = server.takers[0]
        await server.wait_for_frames(count=taker.frames + 10)


@asynchronous
async def test_a_keyframe_that_the_server_asks_for_comes():
    async with FakeWhipServer() as server, studio('--whip', server.url) as place:
        taker = await server.wait_for_frames()
        before = place.app.facts().levels[0].keyframes_total
        taker.request_keyframe()
        await place.until(lambda: place.app.facts().levels[0].keyframes_total > before)


@asynchronous
async def test_a_server_that_falls_silent_is_published_to_again(monkeypatch, impatient):
    for name in ('FIRST_S', 'SILENCE_S', 'PATIENCE_S'):
        monkeypatch.setattr(pulse, name, 6.0)  # GStreamer reports every 2.5 to 5 s at first
    events = Events(monkeypatch)
    async with FakeWhipServer() as server, studio('--whip', server.url) as place:
        taker = await server.wait_for_frames()
        await taker.close()
        await server.wait_for_frames(taker=1, count=5)
        failure = await events.wait_for('whip-failed')
        assert failure['level'] == 'warning'
        assert failure['reason'] in (publisher.SILENT[0], publisher.BROKEN[0])
        assert [request[0] for request in server.requests] == ['POST', 'DELETE', 'POST']
        assert place.stage.running


@asynchronous
async def test_a_connection_that_breaks_is_made_anew(monkeypatch, impatient):
    events = Events(monkeypatch)
    async with FakeWhipServer() as server, studio('--whip', server.url) as place:
        await server.wait_for_frames()
        here = place.app._publisher
        here.failed(here._publication, PreviewError('ice_failed'))
        await server.wait_for_frames(taker=1)
        assert (await events.wait_for('whip-failed'))['next'] == publisher.BROKEN[1]


@asynchronous
async def test_while_it_cannot_publish_the_camera_is_off_and_it_tries_for_ever(monkeypatch, impatient):
    events = Events(monkeypatch)
    async with FakeWhipServer() as server:
        refusing(server, 403, times=5)
        async with studio('--whip', server.url) as place:
            await server.wait_for('POST', times=5)
            assert not place.stage.running
            assert not place.app.facts().whip_connected
            failure = await events.wait_for('whip-failed')
            assert 'does not let this token publish' in failure['reason']
            assert failure['next']
            await server.wait_for_frames()
        told = [entry['level'] for entry in events if entry['event'] == 'whip-failed']
        assert told.count('warning') == 1  # the same again and again is for those who ask for it


@asynchronous
async def test_a_server_that_is_busy_is_left_alone_for_as_long_as_it_says(monkeypatch, impatient):
    events = Events(monkeypatch)
    async with FakeWhipServer() as server:
        refusing(server, 503, times=1, Retry_After='1')
        async with studio('--whip', server.url):
            assert (await events.wait_for('whip-failed'))['retry_s'] == 1
            await server.wait_for_frames()


@asynchronous
async def test_a_server_without_h264_is_given_vp8(monkeypatch, impatient):
    async with FakeWhipServer() as server:
        refusing(server, 422, times=1)
        async with studio('--whip', server.url):
            await server.wait_for_frames(count=5)
        offers = [body for method, _, _, body in server.requests if method == 'POST']
        assert ['H264/90000' in offer for offer in offers] == [True, False]
        assert 'VP8/90000' in offers[1]


@asynchronous
async def test_an_answer_that_cannot_be_used_ends_the_session(monkeypatch, impatient):
    events = Events(monkeypatch)
    async with FakeWhipServer() as server:
        answers = iter(['v=0\r\n', 'v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 102\r\na=recvonly\r\n'])

        async def answer(request, offer):
            text = next(answers, None)
            return server.created(text) if text else await server.accept(request, offer)

        server.answer = answer
        async with studio('--whip', server.url):
            await server.wait_for_frames()
        assert 'no video section' in (await events.wait_for('whip-failed'))['reason']
        assert 'does not take H264' in (await events.wait_for('whip-failed', times=2))['reason']
        assert [request[0] for request in server.requests][:5] == ['POST', 'DELETE', 'POST', 'DELETE', 'POST']


@asynchronous
async def test_candidates_that_come_late_are_trickled(monkeypatch):
    monkeypatch.setattr(publication, 'GATHER_S', 0.0)
    late = asyncio.Queue()
    monkeypatch.setattr(Publisher, 'candidate_found', lambda _, to, __, text: late.put_nowait((to, text)))
    async with FakeWhipServer() as server:
        server.headers = [('ETag', '"e1"')]
        async with studio('--whip', server.url):
            assert 'a=candidate:' not in (await server.wait_for('POST'))[3]
            text = None
            while text != '':
                to, text = await late.get()
                to.gathered(text)
            fragments, number = '', 0
            while 'a=end-of-candidates' not in fragments:
                number += 1
                fragments += (await server.wait_for('PATCH', number))[3]
            assert 'a=candidate:' in fragments
            await server.wait_for_frames()


@asynchronous
async def test_relays_named_in_the_answer_are_used_in_the_next_try(monkeypatch, impatient):
    """Without waiting for long: this one never connects."""
    monkeypatch.setattr(publisher, 'CONNECT_WITHOUT_RELAYS_S', 0.1)
    used = []
    original = publication.Publication._use_ice_servers
    monkeypatch.setattr(
        publication.Publication,
        '_use_ice_servers',
        lambda self, stun, turn: used.append(turn) or original(self, stun, ()),
    )
    relay = '<turn:127.0.0.1:1?transport=udp>; rel="ice-server"; username="1:u"; credential="c"'
    async with FakeWhipServer() as server:
        server.headers = [('Link', relay)]

        async def unreachable(request, offer):
            response = await server.accept(request, offer)
            # Its own checks would find a way all the same, where they can be answered with the right password.
            lines = [re.sub('^a=ice-pwd:.*', 'a=ice-pwd:' + 'x' * 32, line) for line in response.text.split('\r\n')]
            response.text = '\r\n'.join(line for line in lines if 'candidate' not in line)
            return response

        server.answer = unreachable
        async with studio('--whip', server.url):
            await server.wait_for('POST', times=2)
    assert used[:2] == [(), ('turn://1%3Au:c@127.0.0.1:1?transport=udp',)]


@asynchronous
async def test_without_a_signalling_server_it_publishes_all_the_same(monkeypatch):
    async with FakeWhipServer() as server, studio('--whip', server.url) as place:
        await place.fake.stop()
        await server.wait_for_frames(count=10)


@asynchronous
async def test_a_goodbye_in_the_middle_of_a_try():
    hangs = asyncio.Event()

    async def never(_request, _offer):
        hangs.set()
        await asyncio.Event().wait()

    async with FakeWhipServer() as server:
        server.answer = never
        async with studio('--whip', server.url):
            await hangs.wait()
        assert [request[0] for request in server.requests] == ['POST']


@asynchronous
async def test_a_goodbye_that_the_server_does_not_answer_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(whip, 'DELETE_S', 0.05)
    async with FakeWhipServer() as server:
        server.hangs_at_the_end = True
        async with studio('--whip', server.url):
            await server.wait_for_frames()
        assert [request[0] for request in server.requests] == ['POST', 'DELETE']


def test_how_long_a_media_server_may_be_silent():
    seldom = publication.ServerPulse(0.0)
    for now in (0.5, 5.5, 11.0):  # the first report comes early (RFC 3550 §6.2)
        seldom.beat(now)
    assert not seldom.is_dead(11.0 + 7.5)
    assert seldom.is_dead(11.0 + 20.0)
    often = publication.ServerPulse(0.0)
    for now in (1.0, 2.0):
        often.beat(now)
    assert not often.is_dead(2.0 + 19.0)  # how often is not known yet
    often.beat(3.0)
    assert often.is_dead(3.0 + 7.0)
