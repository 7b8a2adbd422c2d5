"""What systemd is told, over a real datagram socket, as systemd listens on one."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import uuid
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fake_server import FakeServer
from studio import asynchronous
from test_metrics import FACTS
from test_script import SCRIPT
from webrtc_sender.program import service as module
from webrtc_sender.program.service import Service, status_line


class Systemd:
    """The end of the socket that systemd has."""

    def __init__(self, address: str) -> None:
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(address.replace('@', '\0') if address[0] == '@' else address)

    async def next(self) -> str:
        data = await asyncio.get_running_loop().sock_recv(self._socket, 4096)
        self.heard.append(data.decode())
        return self.heard[-1]

    async def wait_for(self, start: str) -> str:
        while not (message := await self.next()).startswith(start):
            pass
        return message

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def listening(address: str):
    systemd = Systemd(address)
    try:
        yield systemd
    finally:
        systemd.close()


@pytest.mark.parametrize('kind', ['path', 'abstract'])
@asynchronous
async def test_ready_status_and_stopping(tmp_path, kind):
    address = f'@{uuid.uuid4()}' if kind == 'abstract' else str(tmp_path / 'notify')
    with listening(address) as systemd:
        service = Service(address)
        service.ready()
        service.status('2 viewers')
        service.status('2 viewers')
        service.status('a name\nREADY=0')
        service.stopping()
        assert [await systemd.next() for _ in range(4)] == [
            'READY=1',
            'STATUS=2 viewers',
            'STATUS=a name READY=0',
            'STOPPING=1',
        ]


@asynchronous
async def test_a_reload_says_when_it_began(tmp_path):
    with listening(str(tmp_path / 'notify')) as systemd:
        Service(str(tmp_path / 'notify')).reloading()
        first, second = (await systemd.next()).split('\n')
        assert first == 'RELOADING=1'
        assert int(second.removeprefix('MONOTONIC_USEC=')) > 0


def test_without_systemd_or_with_one_that_is_gone_nothing_happens(tmp_path):
    Service(None).ready()
    Service(str(tmp_path / 'gone')).ready()


@pytest.mark.parametrize(
    'environment,watchdog_s',
    [
        ({}, None),
        ({'WATCHDOG_USEC': '20000000'}, 20.0),
        ({'WATCHDOG_USEC': '20000000', 'WATCHDOG_PID': str(os.getpid())}, 20.0),
        ({'WATCHDOG_USEC': '20000000', 'WATCHDOG_PID': '1'}, None),
        ({'WATCHDOG_USEC': 'soon'}, None),
        ({'WATCHDOG_USEC': '0'}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_is_meant_for_this_process(environment, watchdog_s):
    given = {'NOTIFY_SOCKET': '/run/notify', **environment}
    assert Service.of_this_process(given)._watchdog_s == watchdog_s
    assert given == {}, 'a child would inherit it'


@asynchronous
async def test_signs_of_life_come_only_while_it_is_healthy(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'STATUS_S', 0.01)
    state = SimpleNamespace(problem=None)
    with listening(str(tmp_path / 'notify')) as systemd:
        service = Service(str(tmp_path / 'notify'), watchdog_s=0.02)
        running = asyncio.create_task(service.run(lambda: FACTS, lambda: state.problem))
        await systemd.wait_for('WATCHDOG=1')
        await systemd.wait_for('WATCHDOG=1')
        state.problem = 'GLib hangs'
        while service._unhealthy is None:
            await asyncio.sleep(0.001)
        service.status('marker')
        await systemd.wait_for('STATUS=marker')
        systemd.heard.clear()
        # Some rounds of the status loop, in which the watchdog's would have come twice as often.
        for number in range(3):
            service.status(f'round {number}')
            await systemd.wait_for(f'STATUS=round {number}')
            await asyncio.sleep(0.02)
        assert 'WATCHDOG=1' not in systemd.heard
        state.problem = None
        await systemd.wait_for('WATCHDOG=1')
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    'change,text',
    [
        ({}, '2 viewers, 1280x720@30 x264enc'),
        ({'viewers': 1}, '1 viewer, 1280x720@30 x264enc'),
        ({'viewers_paused': 1}, '2 viewers (1 paused), 1280x720@30 x264enc'),
        ({'viewers': 0, 'camera_running': False}, 'no viewers, camera off'),
        ({'camera_running': False, 'camera_error': 'camera_busy'}, '2 viewers, camera off, camera: camera_busy'),
        ({'server_connected': False}, '2 viewers, 1280x720@30 x264enc, no connection to the server'),
        ({'server_connected': None, 'whip_connected': True}, '2 viewers, 1280x720@30 x264enc'),
        ({'whip_connected': False}, '2 viewers, 1280x720@30 x264enc, no connection to the WHIP server'),
    ],
)
def test_the_line_that_systemctl_status_shows(change, text):
    assert status_line(replace(FACTS, **{'viewers_paused': 0, **change})) == text


@contextlib.asynccontextmanager
async def started(address: str, *arguments: str, **environment: str):
    """The real script under this "systemd"."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), '--test-pattern', *arguments, env={**os.environ, 'NOTIFY_SOCKET': address,
                                                                      **environment},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynchronous
async def test_the_script_from_start_to_stop(tmp_path):
    fake = FakeServer()
    await fake.start()
    address = str(tmp_path / 'notify')
    file = tmp_path / 'door.env'
    file.write_text(f'WEBRTC_PREVIEW_SERVER=http://127.0.0.1:{fake.port}\n')
    with listening(address) as systemd:
        async with started(address, '--config', str(file), WATCHDOG_USEC='200000') as process:
            await systemd.wait_for('READY=1')
            await systemd.wait_for('WATCHDOG=1')
            await fake.wait_for('publish')
            process.send_signal(signal.SIGHUP)
            await systemd.wait_for('RELOADING=1')
            await systemd.wait_for('READY=1')
            await systemd.wait_for('WATCHDOG=1')
            process.send_signal(signal.SIGTERM)
            await systemd.wait_for('STOPPING=1')
            assert await process.wait() == 0
        assert any('no viewers, camera off' in message for message in systemd.heard)
    await fake.stop()


@asynchronous
async def test_it_is_ready_without_a_server(tmp_path):
    address = str(tmp_path / 'notify')
    with listening(address) as systemd:
        async with started(address, '--server', 'http://127.0.0.1:1'):
            await systemd.wait_for('READY=1')
            assert 'no connection to the server' in await systemd.wait_for('STATUS=')


@asynchronous
async def test_why_it_did_not_start_is_its_status(tmp_path):
    address = str(tmp_path / 'notify')
    with listening(address) as systemd:
        async with started(address, '--encoder', 'nvv4l2h264enc') as process:
            assert await process.wait() == 5
        await systemd.wait_for('STATUS=The one encoder that may be used (--encoder) does not work here.')
