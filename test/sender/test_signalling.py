"""The connection to the server: why it cannot be made, in words; whom it trusts; how often it is talked about."""

import asyncio
import contextlib
import ssl
import subprocess

import pytest
from aiohttp import web
from fake_server import FakeServer
from socketio import exceptions
from studio import asynchronous
from webrtc_sender.program.options import parse
from webrtc_sender.server import signalling as module
from webrtc_sender.server.backoff import Repeats
from webrtc_sender.server.signalling import Signalling


class FakeApp:
    """Only what a connection asks for."""

    def publish_message(self) -> dict:
        return {'stream': 'camera'}


class Events(list):
    """What was logged, and a wait for it."""

    def __init__(self, monkeypatch) -> None:
        self._news = asyncio.Event()
        for level in ('debug', 'info', 'warning', 'error'):
            monkeypatch.setattr(module.log, level, lambda event, level=level, **fields: self._add(level, event, fields))

    def _add(self, level, event, fields) -> None:
        self.append({'level': level, 'event': event, **fields})
        self._news.set()

    async def wait_for(self, event: str) -> dict:
        while True:
            for entry in self:
                if entry['event'] == event:
                    return entry
            self._news.clear()
            await self._news.wait()


@contextlib.asynccontextmanager
async def connecting(*arguments: str):
    signalling = Signalling(parse(list(arguments), {}), FakeApp())
    running = asyncio.create_task(signalling.run())
    try:
        yield signalling
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def serving(certificate=None):
    """A fake server, with TLS when it gets a certificate; the port."""
    fake, context = FakeServer(), None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    runner = web.AppRunner(fake.app)
    await runner.setup()
    site = web.TCPSite(runner, '127.0.0.1', 0, ssl_context=context, shutdown_timeout=0.1)
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


@pytest.fixture(scope='module')
def certificate(tmp_path_factory):
    """A certificate of its own for "localhost", with its key, in one file."""
    file = tmp_path_factory.mktemp('tls') / 'own.pem'
    command = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'
    names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', '-', '-out', '-']
    file.write_bytes(subprocess.run([*command.split(), *names], check=True, capture_output=True).stdout)
    return str(file)


@asynchronous
async def test_a_certificate_of_its_own_is_refused_and_the_option_is_named(monkeypatch, certificate):
    events = Events(monkeypatch)
    async with serving(certificate) as port, connecting('--server', f'https://localhost:{port}'):
        failure = await events.wait_for('server-unreachable')
    assert failure['reason'].startswith("The server's certificate is not trusted here: self")
    assert '--ca FILE' in failure['next']


@asynchronous
async def test_ca_makes_it_trusted(monkeypatch, certificate):
    events = Events(monkeypatch)
    async with (
        serving(certificate) as port,
        connecting('--server', f'https://localhost:{port}', '--ca', certificate) as signalling,
    ):
        await events.wait_for('published')
        assert signalling.connected
        assert signalling.connects_total == 1


@asynchronous
async def test_a_certificate_for_another_name(monkeypatch, certificate):
    events = Events(monkeypatch)
    async with serving(certificate) as port, connecting('--server', f'https://127.0.0.1:{port}', '--ca', certificate):
        failure = await events.wait_for('server-unreachable')
    assert failure['reason'].startswith("The server's certificate is for another name")


@asynchronous
async def test_https_to_a_server_without_tls(monkeypatch):
    events = Events(monkeypatch)
    async with serving() as port, connecting('--server', f'https://localhost:{port}'):
        failure = await events.wait_for('server-unreachable')
    assert 'does not speak TLS' in failure['reason']
    assert 'http://' in failure['next']


@pytest.mark.parametrize(
    'arguments,reason',
    [
        (['--server', 'http://127.0.0.1:{free}'], 'Nothing listens on this port.'),
        (['--server', 'http://127.0.0.1:{port}', '--path', '/elsewhere'], 'HTTP status 404'),
        (['--server', 'http://no-such-host.invalid'], 'The name of the server is not known here.'),
    ],
)
@asynchronous
async def test_other_reasons_are_sentences(monkeypatch, arguments, reason):
    events = Events(monkeypatch)
    async with serving() as free:
        pass
    async with serving() as port, connecting(*(text.format(free=free, port=port) for text in arguments)):
        failure = await events.wait_for('server-unreachable')
    assert reason in failure['reason']
    assert failure['next']


@asynchronous
async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    events = Events(monkeypatch)
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.setenv(name, 'http://127.0.0.1:1')
    async with serving() as port, connecting('--server', f'http://127.0.0.1:{port}'):
        await events.wait_for('published')


@asynchronous
async def test_a_refusal_is_told_at_once_and_in_the_servers_own_words(monkeypatch):
    events, fake = Events(monkeypatch), FakeServer()
    await fake.start()

    @fake.sio.on('connect')
    async def on_connect(_sid, _environ, _auth):
        raise exceptions.ConnectionRefusedError('Not from this address.', {'code': 'forbidden', 'next': 'Move.'})

    # The library itself would wait for its time-out.
    monkeypatch.setattr(module.greeting, 'CONNECT_S', 3_600)
    async with connecting('--server', f'http://127.0.0.1:{fake.port}'):
        failure = await events.wait_for('server-unreachable')
    await fake.stop()
    assert failure['reason'] == 'forbidden: Not from this address.'
    assert failure['next'].startswith('Move. ')
    assert '"camera"' in failure['next']
    assert '--token-file' in failure['next']


@asynchronous
async def test_without_a_server_nothing_is_done(monkeypatch):
    events = Events(monkeypatch)
    async with connecting('--server', 'none', '--whip', 'http://127.0.0.1:1/whip') as signalling:
        await asyncio.sleep(0)
        signalling.update_camera({})
        signalling.candidate('s1', 1, {})
        signalling.leave('s1', None)
        await signalling.unpublish()
        assert signalling.connected is None
    assert not events


@asynchronous
async def test_a_password_in_the_address_is_not_logged(monkeypatch):
    events = Events(monkeypatch)
    async with serving() as port, connecting('--server', f'http://me:hunter2@127.0.0.1:{port}'):
        await events.wait_for('published')
    assert 'hunter2' not in str(events)


@asynchronous
async def test_a_server_that_drops_everyone_at_once_is_asked_less_and_less_often(monkeypatch):
    failures = []
    monkeypatch.setattr(module.backoff, 'delay_s', lambda count: failures.append(count) or 0)
    fake = FakeServer()
    await fake.start()

    async def drop() -> None:
        fake.before_published = drop
        await fake.sio.disconnect(fake.sender)

    fake.before_published = drop
    async with connecting('--server', f'http://127.0.0.1:{fake.port}'):
        await fake.wait_until(lambda: len(failures) >= 3)
    await fake.stop()
    assert failures[:3] == [0, 1, 2]


def test_a_failure_that_goes_on_is_told_ever_less_often():
    repeats, told = Repeats(), []
    for second in range(0, 2 * 86_400, 10):
        if repeats.worth_telling('Nothing listens.', second):
            told.append(second)
    assert told[:5] == [0, 10, 30, 70, 150]
    assert len(told) < 60
    assert repeats.tries == 2 * 8_640


def test_another_reason_is_told_at_once_and_so_is_the_next_failure_after_a_success():
    repeats = Repeats()
    assert repeats.worth_telling('Nothing listens.', 0)
    assert not repeats.worth_telling('Nothing listens.', 1)
    assert repeats.worth_telling('Not trusted.', 2)
    assert not repeats.worth_telling('Not trusted.', 3)
    repeats.over()
    assert repeats.worth_telling('Not trusted.', 4)
    assert repeats.tries == 1
