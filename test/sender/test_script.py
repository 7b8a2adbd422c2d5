"""The program as it is started: exit codes, what it prints, how it ends and how it comes back."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_server import FakeServer
from studio import asynchronous
from webrtc_sender import dependencies

SCRIPT = Path(__file__).parents[2] / 'sender' / 'gstreamer-webrtc-sender.py'


def run(*arguments, python=('/usr/bin/python3',), **environment):
    return subprocess.run(
        [*python, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, **environment},
    )


def test_it_is_started_by_debians_python():
    assert SCRIPT.read_text().startswith('#!/usr/bin/python3\n')
    assert os.access(SCRIPT, os.X_OK)


def test_a_bad_option():
    result = run('--fps', 'fast')
    assert result.returncode == 2
    assert result.stderr.startswith('--fps must be')
    assert result.stderr.count('\n') == 1


def test_help_needs_nothing_installed():
    assert run('--help', python=('/usr/bin/python3', '-S')).returncode == 0


def test_without_any_package_one_line_names_all():
    result = run('--test-pattern', python=('/usr/bin/python3', '-S'))
    assert result.returncode == 3
    lines = [line.strip() for line in result.stderr.splitlines() if 'apt-get' in line]
    assert len(lines) == 1
    assert lines[0].startswith('sudo apt-get install -y ')
    assert set(lines[0].split()[4:]) == set(dependencies.everything())


def test_a_missing_element_names_its_package_only(tmp_path):
    # GStreamer is told to look for plugins where only its core is: everything else is missing.
    plugins = next(iter(Path('/usr/lib').glob('*/gstreamer-1.0')))
    for name in os.listdir(plugins):
        if name.endswith('.so') and 'nice' not in name and 'x264' not in name:
            (tmp_path / name).symlink_to(plugins / name)
    result = run('--test-pattern', GST_PLUGIN_SYSTEM_PATH=str(tmp_path), GST_REGISTRY=str(tmp_path / 'registry'))
    if 'encoder' in result.stderr:
        pytest.fail(result.stderr)  # openh264enc and vp8enc are still there
    assert result.returncode == 3
    assert 'sudo apt-get install -y gstreamer1.0-nice\n' in result.stderr


def test_the_encoder_package_is_named_when_there_is_no_encoder(monkeypatch):
    from webrtc_sender.gst import Gst

    found = Gst.ElementFactory.find
    monkeypatch.setattr(
        Gst.ElementFactory,
        'find',
        lambda name: None if name.endswith('enc') and '26' in name or name == 'vp8enc' else found(name),
    )
    assert dependencies.missing() == {'a video encoder (x264enc)': 'gstreamer1.0-plugins-ugly'}


def test_nothing_is_missing_here():
    assert dependencies.missing() == {}


def test_another_python_is_named():
    assert '/usr/bin/python3' in dependencies.explain({'gi': 'python3-gi'}, '/opt/python/bin/python3')
    assert 'belong' not in dependencies.explain({'gi': 'python3-gi'}, '/usr/bin/python3')


@pytest.mark.parametrize('there,code', [(False, 'camera_missing'), (True, 'camera_failed')])
@asynchronous
async def test_without_a_camera_it_says_so_here_and_to_the_server(tmp_path, there, code):
    device = tmp_path / 'video9'
    if there:
        device.write_text('no camera')
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port, '--device', str(device), source=()) as sender:
        camera = (await fake.wait_for('publish'))['camera']
        assert camera['error']['code'] == code
        assert (camera['modes'], camera['mode']) == ([], {'width': 1280, 'height': 720, 'fps': 30})
        line = next(line for line in sender.lines if 'event=camera-error' in line)
        assert '--test-pattern' in line
        assert '--list-cameras' in line
    await fake.stop()


def test_no_encoder():
    result = run('--test-pattern', '--encoder', 'nvv4l2h264enc')
    assert result.returncode == 5
    assert 'nvv4l2h264enc: not installed' in result.stderr


def test_listing_cameras():
    result = run('--list-cameras')
    assert result.returncode == 0
    assert result.stdout


class Running:
    """The script as a process, against a fake server."""

    def __init__(self, port: int, *arguments: str, source=('--test-pattern',)) -> None:
        self.command = [sys.executable, str(SCRIPT), *source, '--server', f'http://127.0.0.1:{port}', *arguments]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        self.lines = []
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self):
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode())

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@asynchronous
async def test_it_says_goodbye_and_ends_with_0(number):
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port) as sender:
        await fake.wait_for('publish')
        sender.process.send_signal(number)
        assert await asyncio.wait_for(sender.process.wait(), 20) == 0
        await fake.wait_for('unpublish')
        assert not any('stopped-the-hard-way' in line for line in sender.lines)
    await fake.stop()


@asynchronous
async def test_it_waits_for_a_server_that_comes_later_and_comes_back_after_a_restart():
    probe = FakeServer()
    await probe.start()
    port = probe.port
    await probe.stop()
    async with Running(port) as sender:
        while not any('server-unreachable' in line for line in sender.lines):
            await asyncio.sleep(0.01)
        first = FakeServer()
        await first.start(port)
        before = await first.wait_for('publish')
        await first.stop()
        second = FakeServer()
        await second.start(port)
        after = await second.wait_for('publish')
        assert before['instance'] == after['instance']
        await second.stop()


@asynchronous
async def test_a_stream_that_is_taken_is_asked_for_again():
    fake = FakeServer()
    taken = {
        'code': 'stream_taken',
        'message': 'Another sender already publishes this stream.',
        'next': 'Stop it.',
        'retryable': True,
    }
    fake.refusals = [taken, taken]
    await fake.start()
    async with Running(fake.port) as sender:
        await fake.wait_until(lambda: len(fake.all('publish')) == 3)
        assert sum('event=publish-refused' in line and 'stream_taken' in line for line in sender.lines) == 2
    await fake.stop()


@asynchronous
async def test_the_token_is_in_no_log_line():
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port, '--token', 'hunter2', '--log-level', 'debug') as sender:
        await fake.wait_for('publish')
        assert fake.auth[0]['token'] == 'hunter2'
    assert sender.lines
    assert not any('hunter2' in line for line in sender.lines)
    await fake.stop()
