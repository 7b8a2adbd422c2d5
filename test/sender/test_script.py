"""The program as it is started: exit codes, what it prints, how it ends, reloads, and comes back."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
import studio
from fake_server import FakeServer
from receiver import Receiver
from studio import asynchronous
from webrtc_sender.gst import start_glib_loop
from webrtc_sender.program import dependencies

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
    assert set(lines[0].split('apt-get install -y ')[1].split()) == set(dependencies.everything())


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
    assert 'apt-get install -y gstreamer1.0-nice\n' in result.stderr


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


@pytest.mark.parametrize('there,code', [(False, 'camera_missing'), (True, 'camera_missing')])
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
    assert result.stderr.splitlines()[-1].startswith('Leave out --encoder')
    assert 'plugins-ugly' not in result.stderr


def test_listing_cameras():
    result = run('--list-cameras')
    assert result.returncode == 0
    assert result.stdout


class Running:
    """The script as a process, against a fake server."""

    def __init__(self, port: int, *arguments: str, source=('--test-pattern',), wrapper: str | None = None) -> None:
        script = ['-c', wrapper] if wrapper else [str(SCRIPT)]
        self.command = [sys.executable, *script, *source, '--server', f'http://127.0.0.1:{port}', *arguments]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        self.lines = []
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self):
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode())
            self._news.set()

    async def wait_for_line(self, text: str) -> str:
        while True:
            for line in self.lines:
                if text in line:
                    return line
            self._news.clear()
            await self._news.wait()

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading


COUNTS_ITS_OBJECTS = """
import gc, runpy, signal, sys
def count(*_):
    print('frozen', gc.get_freeze_count(), 'looked-at', len(gc.get_objects()), file=sys.stderr, flush=True)
signal.signal(signal.SIGUSR1, count)
sys.argv[0] = {script!r}
runpy.run_path({script!r}, run_name='__main__')
"""


@asynchronous
async def test_no_collection_looks_at_what_it_began_with():
    """A full one took 50 ms, and a frame with it."""
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port, wrapper=COUNTS_ITS_OBJECTS.format(script=str(SCRIPT))) as sender:
        await fake.wait_for('publish')
        sender.process.send_signal(signal.SIGUSR1)
        _, frozen, _, looked_at = (await sender.wait_for_line('frozen')).split()
        assert int(frozen) > 10 * int(looked_at)
    await fake.stop()


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


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_it_still_loads_it_ends_with_0(tmp_path, number):
    # Its first import of its own waits here, as on a slow disk.
    (tmp_path / 'logging.py').write_text('import sys, time; print("loading", flush=True); time.sleep(1e6)')
    process = subprocess.Popen(
        ['/usr/bin/python3', str(SCRIPT), '--doctor'],
        stdout=subprocess.PIPE,
        env={**os.environ, 'PYTHONPATH': str(tmp_path)},
    )
    assert process.stdout.readline() == b'loading\n'
    process.send_signal(number)
    assert process.wait(10) == 0


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    except FileNotFoundError:
        return []


# What the script does, with one part of it replaced by another that hangs.
HANGS = """
import asyncio, sys, time
sys.argv[0] = {script!r}
import importlib.util
spec = importlib.util.spec_from_file_location('script', {script!r})
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
from webrtc_sender.app import App
{part}
sys.exit(script.main(sys.argv[1:]))
"""
# GStreamer's start-up opens this file, in C; a pipe that nobody reads keeps it there, as a driver that hangs would.
TRIAL_HANGS = """
import os
os.environ.update(GST_DEBUG='1', GST_DEBUG_FILE={pipe!r})
"""


async def hanging_trial(sender: 'Running') -> int:
    """The sender's trial of an encoder, once it hangs in GStreamer."""
    while True:
        for child in children(sender.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                loaded = 'libgstreamer-1.0' in Path(f'/proc/{child}/maps').read_text()
                if loaded and b'webrtc_sender.encode.trial' in Path(f'/proc/{child}/cmdline').read_bytes():
                    return child
        await asyncio.sleep(0.005)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
@asynchronous
async def test_stopped_while_it_tries_encoders_it_leaves_no_trial_behind(tmp_path, number):
    os.mkfifo(tmp_path / 'pipe')
    part = TRIAL_HANGS.format(pipe=str(tmp_path / 'pipe'))
    async with Running(1, wrapper=HANGS.format(script=str(SCRIPT), part=part)) as sender:
        trial = await hanging_trial(sender)
        handle = os.pidfd_open(trial)
        sender.process.send_signal(number)
        assert await sender.process.wait() == (-number if number == signal.SIGKILL else 0)
        # Readable as soon as the process is gone.
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(handle, gone.set)
        await gone.wait()
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


@asynchronous
async def test_stopped_while_it_looks_for_a_server_that_is_not_there():
    async with Running(1) as sender:
        await sender.wait_for_line('server-unreachable')
        sender.process.send_signal(signal.SIGTERM)
        assert await sender.process.wait() == 0
        assert not any('stopped-the-hard-way' in line for line in sender.lines)


@asynchronous
async def test_stopped_while_a_server_takes_its_connection_and_says_nothing():
    async def silence(_reader, writer):
        await asyncio.Event().wait()
        writer.close()

    mute = await asyncio.start_server(silence, '127.0.0.1', 0)
    async with Running(mute.sockets[0].getsockname()[1], '--log-level', 'debug') as sender:
        await sender.wait_for_line('encoders-chosen')
        sender.process.send_signal(signal.SIGTERM)
        assert await sender.process.wait() == 0
    mute.close()


@asynchronous
async def test_a_server_that_does_not_answer_the_goodbye_is_not_waited_for():
    fake = FakeServer()
    await fake.start()

    async def silence(_sid, _message):
        await asyncio.Event().wait()

    fake.sio.on('unpublish', silence)
    async with Running(fake.port) as sender:
        await fake.wait_for('publish')
        sender.process.send_signal(signal.SIGTERM)
        assert await sender.process.wait() == 0
    await fake.stop()


@asynchronous
async def test_stopped_with_viewers_it_says_goodbye_in_time():
    if not studio._glib_started:
        start_glib_loop()
        studio._glib_started = True
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port, '--width', '320', '--height', '180') as sender:
        await fake.wait_for('publish')
        receivers = [Receiver(fake, f's{number}') for number in range(6)]
        assert all(answer['ok'] for answer in await asyncio.gather(*(receiver.join() for receiver in receivers)))
        await asyncio.gather(*(receiver.wait_for_frames(1) for receiver in receivers))
        sender.process.send_signal(signal.SIGTERM)
        assert await sender.process.wait() == 0
        assert not any('stopped-the-hard-way' in line for line in sender.lines)
        assert sum('event=viewer-closed' in line for line in sender.lines) == 6
        await asyncio.gather(*(receiver.close() for receiver in receivers))
    await fake.stop()


CLOSE_HANGS = """
async def close(self):
    print('hangs', file=sys.stderr, flush=True)
    await asyncio.Event().wait()
App.close = close
"""
LOOP_HANGS = """
async def run(self):
    print('hangs', file=sys.stderr, flush=True)
    time.sleep(1e6)
App.run = run
"""


@pytest.mark.parametrize('times', [1, 2])
@asynchronous
async def test_an_end_that_hangs_is_ended_the_hard_way_and_at_once_by_a_second_signal(times):
    async with Running(1, wrapper=HANGS.format(script=str(SCRIPT), part=CLOSE_HANGS)) as sender:
        await sender.wait_for_line('server-unreachable')
        sender.process.send_signal(signal.SIGTERM)
        await sender.wait_for_line('hangs')
        if times == 2:
            sender.process.send_signal(signal.SIGTERM)
        assert await sender.process.wait() == 0
        assert any('stopped-the-hard-way' in line for line in sender.lines) == (times == 1)


@asynchronous
async def test_a_loop_that_hangs_is_ended_too():
    async with Running(1, wrapper=HANGS.format(script=str(SCRIPT), part=LOOP_HANGS)) as sender:
        await sender.wait_for_line('hangs')
        sender.process.send_signal(signal.SIGTERM)
        assert await sender.process.wait() == 0


@asynchronous
async def test_a_reload_changes_what_is_live_and_refuses_what_is_wrong(tmp_path):
    fake = FakeServer()
    await fake.start()
    file = tmp_path / 'door.env'
    file.write_text('WEBRTC_PREVIEW_FPS=30\n')
    async with Running(fake.port, '--config', str(file)) as sender:
        await fake.wait_for('publish')
        file.write_text('WEBRTC_PREVIEW_FPS=15\nWEBRTC_PREVIEW_STREAM=gate\n')
        sender.process.send_signal(signal.SIGHUP)
        await sender.wait_for_line('event=reloaded changed=fps')
        await sender.wait_for_line('event=restart-needed options=stream')
        await fake.wait_for('update-camera', lambda message: message['camera']['mode']['fps'] == 15)
        file.write_text('WEBRTC_PREVIEW_FPS=fast\n')
        sender.process.send_signal(signal.SIGHUP)
        assert 'line 1: WEBRTC_PREVIEW_FPS must be' in await sender.wait_for_line('event=reload-refused')
        assert sender.process.returncode is None
    await fake.stop()


@asynchronous
async def test_a_hangup_without_a_file_is_the_terminals_and_stops_it():
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port) as sender:
        await fake.wait_for('publish')
        sender.process.send_signal(signal.SIGHUP)
        assert await sender.process.wait() == 0
        await fake.wait_for('unpublish')
    await fake.stop()


@asynchronous
async def test_metrics_and_health_of_the_running_script():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port, '--metrics', str(port)):
        await fake.wait_for('publish')
        async with aiohttp.ClientSession(f'http://127.0.0.1:{port}') as session:
            async with session.get('/metrics') as response:
                assert 'webrtc_preview_sender_server_connected 1\n' in await response.text()
            async with session.get('/health') as response:
                assert (response.status, await response.text()) == (200, 'ok\n')
    await fake.stop()


def test_a_port_for_metrics_that_is_taken():
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        result = run('--test-pattern', '--metrics', str(other.getsockname()[1]))
    assert result.returncode == 2
    assert 'cannot be used: Address already in use.' in result.stderr


@asynchronous
async def test_every_line_is_json_if_wanted():
    fake = FakeServer()
    await fake.start()
    async with Running(fake.port, '--log-format', 'json') as sender:
        await sender.wait_for_line('"published"')
    events = [json.loads(line)['event'] for line in sender.lines]
    assert events[:1] == ['encoders-chosen']
    assert 'published' in events
    await fake.stop()


def test_the_doctor_needs_nothing_installed():
    pytest.importorskip('webrtc_sender.program.doctor')
    result = run('--doctor', python=('/usr/bin/python3', '-S'))
    assert result.returncode != 0
    assert 'apt-get install' in result.stdout
    assert 'Traceback' not in result.stderr


@asynchronous
async def test_it_waits_for_a_server_that_comes_later_and_comes_back_after_a_restart():
    probe = FakeServer()
    await probe.start()
    port = probe.port
    await probe.stop()
    async with Running(port) as sender:
        await sender.wait_for_line('server-unreachable')
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
        # Told once, not with every try.
        assert sum('event=publish-refused' in line and 'stream_taken' in line for line in sender.lines) == 1
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
