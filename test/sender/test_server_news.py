"""What the server says of its own accord: the stream is another's, the token ends, the server goes."""

import asyncio

import pytest
from fake_server import FakeServer
from studio import asynchronous, studio
from test_protocol import SCHEMA
from test_signalling import Events, connecting
from webrtc_sender.program.options import parse
from webrtc_sender.server import backoff, refusals, token


def error(code: str) -> dict:
    return {'code': code, **SCHEMA['x-errors'][code]}


REPLACED = {'stream': 'camera', 'error': error('replaced')}


@pytest.fixture
def hurried(monkeypatch):
    """Waits that a person would not notice."""
    monkeypatch.setattr(backoff, 'standby_s', lambda tries: 0.02)
    monkeypatch.setattr(backoff, 'delay_s', lambda failures: 0.02)
    monkeypatch.setattr(token, 'LOOK_S', 0.02)


async def serving() -> tuple[FakeServer, list[str]]:
    fake = FakeServer()
    await fake.start()
    return fake, ['--server', f'http://127.0.0.1:{fake.port}']


# ---- another sender ---------------------------------------------------------------------------------------------


@asynchronous
async def test_a_sender_that_was_replaced_stands_by_until_the_stream_is_free(monkeypatch, hurried):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server) as signalling:
        await events.wait_for('published')
        fake.refusals = [error('stream_taken'), error('stream_taken')]
        await fake.tell('replaced', REPLACED)
        await fake.wait_until(lambda: len(fake.all('publish')) == 4)
        assert [message.get('standby') for message in fake.all('publish')] == [None, True, True, True]
        while not signalling._published:
            await asyncio.sleep(0.01)
        # And is an ordinary sender from then on.
        await fake.sio.disconnect(fake.sender)
        await fake.wait_until(lambda: len(fake.all('publish')) == 5)
        assert 'standby' not in fake.all('publish')[-1]
    await fake.stop()
    told = await events.wait_for('replaced')
    assert (told['level'], told['message']) == ('warning', REPLACED['error']['message'])
    assert '--stream' in told['next']
    assert not [entry for entry in events if entry['level'] == 'error']


@asynchronous
async def test_a_sender_that_stands_by_does_so_on_the_next_connection_too(monkeypatch, hurried):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server):
        await events.wait_for('published')
        fake.refusals = [error('stream_taken')] * 1_000
        await fake.tell('replaced', REPLACED)
        await fake.wait_until(lambda: len(fake.all('publish')) >= 3)
        await fake.sio.disconnect(fake.sender)
        await fake.wait_until(lambda: len(fake.auth) == 2 and len(fake.all('publish')) >= 8)
        assert all(message.get('standby') for message in fake.all('publish')[1:])
    await fake.stop()


@asynchronous
async def test_a_sender_that_was_replaced_serves_who_is_still_there(hurried):
    async with studio() as place:
        receiver = await place.watch()
        place.fake.refusals = [error('stream_taken')] * 1_000
        await place.fake.tell('replaced', REPLACED)
        await place.fake.wait_for('publish', lambda message: message.get('standby'))
        await receiver.wait_for_frames(len(receiver.frames) + 10)
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.viewers and not place.stage.running)
        tries = len(place.fake.all('publish'))
        await place.fake.wait_until(lambda: len(place.fake.all('publish')) > tries)
        assert not place.stage.running, 'the camera stays off'


@asynchronous
async def test_a_storm_is_not_kept_going(monkeypatch, hurried):
    events, (fake, server) = Events(monkeypatch), await serving()
    fake.refusals = [error('takeover_storm')]
    async with connecting(*server):
        await events.wait_for('published')
    await fake.stop()
    assert [message.get('standby') for message in fake.all('publish')] == [None, True]
    assert 'but one' in (await events.wait_for('publish-refused'))['next']


def test_the_wait_grows_to_fifteen_seconds():
    assert backoff.standby_s(0, 0) < backoff.standby_s(3, 0) < backoff.standby_s(99, 0)
    assert backoff.standby_s(99, 1) <= 15


# ---- the token --------------------------------------------------------------------------------------------------


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / 'token'
    file.write_text('old')
    return file


@asynchronous
async def test_a_newer_token_in_the_file_is_brought_before_the_old_one_ends(monkeypatch, hurried, token_file):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server, '--token-file', str(token_file)):
        await events.wait_for('published')
        await fake.tell('token-expiring', {'expiresAt': 2_000_000_000_000})
        told = await events.wait_for('token-expiring')
        assert str(token_file) in told['next']
        fake.token_refusals = [error('unauthorized')]
        token_file.write_text('wrong')
        assert (await events.wait_for('token-refused'))['code'] == 'unauthorized'
        token_file.write_text('new\n')
        await events.wait_for('token-renewed')
        assert fake.all('authenticate') == [{'token': 'wrong'}, {'token': 'new'}]
        await fake.sio.disconnect(fake.sender)
        await fake.wait_until(lambda: len(fake.all('publish')) == 2)
    await fake.stop()
    assert [auth['token'] for auth in fake.auth] == ['old', 'new']
    assert sum(entry['event'] == 'token-expiring' for entry in events) == 1


@asynchronous
async def test_who_is_refused_with_an_old_token_looks_into_the_file_again(monkeypatch, hurried, token_file):
    events, (fake, server) = Events(monkeypatch), await serving()
    fake.refusals = [error('token_expired')] * 1_000
    async with connecting(*server, '--token-file', str(token_file)):
        told = await events.wait_for('publish-refused')
        assert str(token_file) in told['next']
        token_file.write_text('new')
        await fake.wait_for('authenticate', lambda message: message['token'] == 'new')
        fake.refusals = []
        await events.wait_for('published')
    await fake.stop()


@asynchronous
async def test_a_file_that_cannot_be_read_any_more_is_told_once(monkeypatch, hurried, token_file):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server, '--token-file', str(token_file)):
        await events.wait_for('published')
        token_file.unlink()
        for number in (2, 3):
            await fake.sio.disconnect(fake.sender)
            await fake.wait_until(lambda number=number: len(fake.all('publish')) == number)
    await fake.stop()
    assert [auth['token'] for auth in fake.auth] == ['old'] * 3
    assert sum(entry['event'] == 'token-file' for entry in events) == 1


@asynchronous
async def test_a_reload_with_another_token_brings_it_at_once(monkeypatch):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server, '--token', 'old') as signalling:
        await events.wait_for('published')
        options = parse([*server, '--token', 'new'], {})
        signalling.use_token(options)
        assert await fake.wait_for('authenticate') == {'token': 'new'}
        signalling.use_token(options)
        await events.wait_for('token-renewed')
    await fake.stop()
    assert len(fake.all('authenticate')) == 1


@pytest.mark.parametrize(
    'code,shown,words',
    [
        ('token_missing', (None, None), '--token-file FILE'),
        ('unauthorized', (None, None), '--token-file FILE'),
        ('unauthorized', ('x', None), 'a new --token'),
        ('token_expired', ('x', '/etc/token'), 'into /etc/token'),
        ('forbidden', ('x', '/etc/token'), 'the token in /etc/token'),
        ('forbidden', (None, None), 'no token'),
        ('stream_taken', (None, None), '--stream'),
        ('takeover_storm', (None, None), '--stream'),
        ('rate_limited', (None, None), 'What the server said.'),
    ],
)
def test_what_to_do_about_a_refusal(code, shown, words):
    assert words in refusals.next_step(code, 'What the server said.', 'door', *shown)


# ---- a server that goes -----------------------------------------------------------------------------------------


@asynchronous
async def test_a_server_that_closes_is_come_back_to_when_it_said(monkeypatch, hurried):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server):
        await events.wait_for('published')
        loop = asyncio.get_running_loop()
        said = loop.time()
        await fake.tell('server-closing', {'retryAfterMs': 400})
        await fake.sio.disconnect(fake.sender)
        await fake.wait_until(lambda: len(fake.auth) == 2)
        assert loop.time() - said >= 0.39
        await fake.wait_until(lambda: len(fake.all('publish')) == 2)
    await fake.stop()
    assert not [entry for entry in events if entry['level'] in ('warning', 'error')]


@asynchronous
async def test_a_server_that_waits_to_be_left_is_left(monkeypatch, hurried):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server):
        await events.wait_for('published')
        await fake.tell('server-closing', {'retryAfterMs': 0})
        await fake.wait_until(lambda: len(fake.all('publish')) == 2)
    await fake.stop()
    assert not fake.all('unpublish')
    assert [entry['event'] for entry in events if entry['level'] in ('warning', 'error')] == []


@asynchronous
async def test_nonsense_changes_nothing(monkeypatch):
    events, (fake, server) = Events(monkeypatch), await serving()
    async with connecting(*server) as signalling:
        await events.wait_for('published')
        for name in ('ice-config', 'token-expiring', 'replaced', 'server-closing'):
            for message in (None, 5, {'turnServers': 5, 'expiresAt': 'x', 'error': 5, 'retryAfterMs': -1}):
                await fake.tell(name, message)
        while sum(entry['event'] == 'message-ignored' for entry in events) < 12:
            await asyncio.sleep(0.01)
        assert signalling._published
        assert len(fake.auth) == 1
    await fake.stop()
