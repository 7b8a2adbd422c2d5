"""--doctor: what it says on this machine, where nothing is installed, and where something is wrong."""

import asyncio
import http.server
import importlib.util
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_server import FakeServer
from socketio import exceptions
from webrtc_sender.camera import probing
from webrtc_sender.camera.cameras import Camera, CameraMode
from webrtc_sender.encode import encoding
from webrtc_sender.program import doctor, machine
from webrtc_sender.program.dependencies import everything
from webrtc_sender.program.options import parse
from webrtc_sender.program.server_check import check_server, check_whip
from webrtc_sender.program.terminal import WIDEST
from webrtc_sender.server.protocol import PreviewError

SENDER = Path(__file__).parents[2] / 'sender'
PATH = '/webrtc-signaling'
# Nothing listens on port 1.
NOWHERE = 'http://127.0.0.1:1'
FORBIDDEN = 'This server does not let cameras be published from this address.'
WEBCAM = Camera('/dev/video0', 'Some Webcam', (CameraMode(1280, 720, 30.0, 'JPEG'), CameraMode(640, 480, 30.0, 'YUY2')))


def options(**given) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(parse(['--server', NOWHERE], {})), **given})


def report_of_a_process(*python_options: str, **environment) -> tuple[list[str], int]:
    """The report of a Python started with these options, as lines, and the exit code."""
    code = f"""
import sys
sys.path.insert(0, {str(SENDER)!r})
from webrtc_sender.program import doctor, options
text, code = doctor.report(options.parse(['--server', {NOWHERE!r}]))
print(text)
sys.exit(code)
"""
    result = subprocess.run(
        ['/usr/bin/python3', *python_options, '-c', code], capture_output=True, timeout=60, env=environment
    )
    assert not result.stderr, result.stderr
    return result.stdout.decode().splitlines(), result.returncode


@pytest.mark.parametrize('python_options', [('-S',), ('-I', '-S')])
def test_where_nothing_is_installed_it_says_what_to_install_in_one_command(python_options):
    lines, code = report_of_a_process(*python_options, PYTHONIOENCODING='utf-8')
    assert code == 3
    start = next(number for number, line in enumerate(lines) if 'apt-get install' in line)
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith('\\'))
    command = ' '.join(line.rstrip('\\') for line in lines[start : end + 1])
    assert set(command.split('install -y')[1].split()) == set(everything())
    assert any(line.startswith('Not ready: do this next: copy the apt-get command above') for line in lines)
    assert not any(line.startswith('Ready') for line in lines)
    assert max(map(len, lines)) <= WIDEST


def test_this_machine_could_run_the_sender():
    lines, code = report_of_a_process(PYTHONIOENCODING='utf-8')
    assert code == 0
    assert '  ✓ everything is there' in lines
    assert any(line.startswith('  ✓ x264enc') and line.endswith('works: this one is used') for line in lines)
    assert any(line.startswith('  ✓ vp8enc') and 'for browsers without H.264' in line for line in lines)
    assert any('nvautogpuh264enc' in line and 'no NVIDIA driver found' in line for line in lines)
    assert any('Nothing listens on this port.' in line for line in lines)
    assert ' '.join(lines).count('Ready: ') == 1
    assert max(map(len, lines)) <= WIDEST


@pytest.mark.parametrize('columns', [60, 80])
def test_it_fits_the_terminal(columns):
    lines, _ = report_of_a_process('-S', PYTHONIOENCODING='utf-8', COLUMNS=str(columns))
    assert max(map(len, lines)) <= columns


def test_a_terminal_with_few_letters_gets_plain_marks():
    lines, _ = report_of_a_process('-S', PYTHONIOENCODING='ascii')
    assert any(line.startswith('  [no] 1') for line in lines)
    assert any(line.startswith('  [--] ') for line in lines)


def every_encoder(monkeypatch, reason) -> None:
    async def try_out(candidates):
        return {encoder: reason(encoder.factory) for encoder in candidates}

    monkeypatch.setattr(encoding, 'try_out', try_out)


@pytest.fixture
def quick(monkeypatch):
    """A machine on which every encoder works, without trying any of them, and one camera is plugged in."""

    every_encoder(monkeypatch, lambda _factory: None)
    monkeypatch.setattr(probing, 'list_cameras', lambda: [WEBCAM])
    monkeypatch.setattr(doctor, 'check_server', lambda *_: None)


def test_all_is_well(quick):
    text, code = doctor.report(options())
    assert code == 0
    assert '  ✓ Some Webcam: /dev/video0: this one is used\n      1280x720 at 30, 640x480 at 30\n' in text
    assert text.endswith('Ready: start it without --doctor.')


def test_a_rejected_encoder_is_named_with_its_reason_and_the_next_one_is_used(quick, monkeypatch):
    every_encoder(monkeypatch, lambda factory: None if factory in ('x264enc', 'vp8enc') else 'crashed with signal 11')
    text, code = doctor.report(options())
    assert code == 0
    assert '  ✗ nvv4l2h264enc     crashed with signal 11\n' in text
    assert '  ✓ x264enc           works: this one is used\n' in text


def test_without_any_encoder_it_is_not_ready(quick, monkeypatch):
    every_encoder(monkeypatch, lambda _factory: 'no picture came out')
    text, code = doctor.report(options())
    assert code == 5
    assert text.endswith('apt-get install -y gstreamer1.0-plugins-ugly')
    assert doctor.report(options(encoder='nvh264enc'))[0].endswith(
        'Not ready: do this next: leave out --encoder: then the first that works is used.'
    )


def test_a_camera_that_cannot_be_opened_comes_with_the_next_step(quick, monkeypatch):
    denied = Camera('/dev/video0', 'Some Webcam', (), PreviewError('camera_denied', 'anna may not open /dev/video0.'))
    monkeypatch.setattr(probing, 'list_cameras', lambda: [denied])
    text, code = doctor.report(options())
    assert code == 0
    assert '  ✗ Some Webcam: /dev/video0\n      anna may not open /dev/video0.\n      Add' in text
    assert 'but the camera (--device /dev/video0) cannot be used yet' in ' '.join(text.splitlines()[-2:])


def test_the_test_pattern_needs_no_camera(quick, monkeypatch):
    monkeypatch.setattr(probing, 'list_cameras', list)
    assert 'no camera found' in doctor.report(options(device='/dev/video9'))[0]
    assert doctor.report(options(test_pattern=True))[0].endswith('Ready: start it without --doctor.')


@pytest.fixture
def bare(monkeypatch):
    """A machine without python3-socketio."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == 'socketio' else found(name))


@contextmanager
def server(status: int, body: bytes, waits_for: threading.Event | None = None):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if waits_for:
                waits_for.wait()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f'//127.0.0.1:{listening.server_port}', asked
    finally:
        if waits_for:
            waits_for.set()
        listening.shutdown()
        listening.server_close()


@pytest.mark.parametrize('scheme', ['http', 'ws'])
def test_without_socket_io_a_signalling_server_is_recognised(bare, scheme):
    with server(200, b'0{"sid":"x"}') as (address, asked):
        assert check_server(options(server=f'{scheme}:{address}')) is None
    assert asked == [f'{PATH}/?EIO=4&transport=polling']


@pytest.mark.parametrize('status,body,what', [
    (200, b'<html>', 'Something answers, but not a webrtc-preview server.'),
    (404, b'', 'The server answers, but with HTTP status 404 instead of signalling.'),
])  # fmt: skip
def test_without_socket_io_what_is_wrong_with_another_server(bare, status, body, what):
    with server(status, body) as (address, _):
        assert check_server(options(server=f'http:{address}')).what == what


def test_without_socket_io_a_server_that_says_nothing(bare, monkeypatch):
    monkeypatch.setattr('webrtc_sender.program.server_check.WAIT_S', 0.2)
    with server(200, b'', threading.Event()) as (address, _):
        assert check_server(options(server=f'http:{address}')).what == 'The server does not answer in time.'


def test_a_server_that_says_nothing(monkeypatch):
    monkeypatch.setattr('webrtc_sender.server.greeting.CONNECT_S', 0.2)
    with server(200, b'', threading.Event()) as (address, _):
        assert check_server(options(server=f'http:{address}')).what == 'The server does not answer in time.'


@pytest.mark.parametrize('with_socket_io', [True, False])
@pytest.mark.parametrize('address,what,next_step', [
    ('http://127.0.0.1:1', 'Nothing listens on this port.', '--server'),
    ('https:{plain}', 'The server does not speak TLS on this port.', 'http://'),
    ('http://no-such-host.invalid', 'The name of the server is not known here.', 'DNS'),
])  # fmt: skip
def test_why_a_server_cannot_be_reached_is_a_sentence(request, with_socket_io, address, what, next_step):
    if not with_socket_io:
        request.getfixturevalue('bare')
    with server(200, b'') as (plain, _):
        trouble = check_server(options(server=address.format(plain=plain)))
    assert (trouble.what, trouble.refused) == (what, False)
    assert next_step in trouble.next_step


@contextmanager
def signalling_server(refuses: bool):
    """The fake server, which answers on a thread of its own as check_server has a loop of its own."""
    fake, loop = FakeServer(), asyncio.new_event_loop()

    @fake.sio.on('connect')
    async def on_connect(_sid, _environ, auth):
        fake.auth.append(auth)
        if refuses:
            error = {'code': 'forbidden', 'next': "Run the sender on the server's machine.", 'retryable': False}
            raise exceptions.ConnectionRefusedError(FORBIDDEN, error)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(fake.start(), loop).result(10)
    try:
        yield fake
    finally:
        asyncio.run_coroutine_threadsafe(fake.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def test_it_introduces_itself_as_a_sender_and_publishes_nothing():
    with signalling_server(refuses=False) as fake:
        assert check_server(options(server=f'http://127.0.0.1:{fake.port}', token='hunter2')) is None
        assert fake.auth == [{'role': 'sender', 'protocol': 1, 'token': 'hunter2'}]
        assert fake.heard == []


def test_a_server_that_refuses_this_sender_is_told_in_its_own_words(quick, monkeypatch):
    monkeypatch.setattr(doctor, 'check_server', check_server)
    with signalling_server(refuses=True) as fake:
        text, code = doctor.report(options(server=f'http://me:swordfish@127.0.0.1:{fake.port}'))
    assert code == 4
    assert (
        f'  ✗ signalling server http://***@127.0.0.1:{fake.port}\n'
        f'      forbidden: {FORBIDDEN}\n'
        "      Run the sender on the server's machine. This sender wants to publish"
    ) in text
    verdict = ' '.join(text.splitlines()).partition('Not ready: ')[2]
    assert verdict == (
        "do this next: the signalling server refuses this sender. Run the sender on the server's machine. "
        'This sender wants to publish "camera" and shows no token (see --token-file).'
    )
    assert '\nReady' not in text


def test_the_camera_and_the_servers_that_are_given_are_looked_at(quick, monkeypatch):
    monkeypatch.setattr(doctor, 'check_server', check_server)
    text, code = doctor.report(options(device='/dev/video99', whip='https://127.0.0.1:1/whip'))
    assert code == 0
    assert '  ✗ --device: /dev/video99\n      There is no camera at /dev/video99.' in text
    assert '  ✗ WHIP server https://127.0.0.1:1/whip\n      Nothing listens on this port.' in text
    assert text.endswith(
        'Ready: it could start now, but:\n'
        '  - the camera (--device /dev/video99) cannot be used yet; see "Cameras" above.\n'
        '  - the signalling server cannot be used yet; the sender waits for it.\n'
        '  - the WHIP server cannot be reached yet; the sender waits for it.'
    )


def test_a_whip_server_that_takes_connections(quick):
    with server(404, b'') as (address, _):
        assert f'  ✓ WHIP server http:{address} can be reached' in doctor.report(options(whip=f'http:{address}'))[0]
        assert 'TLS' in check_whip(options(whip=f'https:{address}')).what


@pytest.mark.parametrize('files,told', [
    ({}, None),
    ({'proc/driver/nvidia/version':
      'NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.95.05  Release Build\n',
      'proc/driver/nvidia/gpus/000f:01:00.0/information': 'Model: \t\t NVIDIA GB10\nIRQ: 1\n'},
     'NVIDIA driver 580.95.05: NVIDIA GB10'),
    ({'proc/driver/nvidia/version': 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12\n'},
     'NVIDIA driver 535.183.01: it shows no GPU here'),
    ({'etc/nv_tegra_release': '# R36'}, "a Jetson, with NVIDIA's own driver"),
])  # fmt: skip
def test_the_nvidia_driver_is_told(tmp_path, files, told):
    place(tmp_path, files)
    assert machine.nvidia(str(tmp_path)) == told


@pytest.mark.parametrize('name', ['NVIDIA_DGX_Spark\n', 'NVIDIA DGX Spark\n'])
def test_a_dgx_spark_is_recognised(tmp_path, name):
    place(tmp_path, {'sys/class/dmi/id/product_name': name, 'etc/os-release': 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\n'})
    told = machine.system(str(tmp_path))
    assert told.startswith('Ubuntu 24.04.3 LTS, ')
    assert told.endswith(', NVIDIA DGX Spark')


def test_a_container_is_recognised(tmp_path):
    assert not machine.is_container(str(tmp_path), {})
    assert machine.is_container(str(tmp_path), {'container': 'podman'})
    place(tmp_path, {'.dockerenv': ''})
    assert machine.is_container(str(tmp_path), {})


def place(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
