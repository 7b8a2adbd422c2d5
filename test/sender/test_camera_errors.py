"""What is said of a camera that cannot be used, and what the system tells about devices."""

import os
import stat
import subprocess
import sys

import pytest
from webrtc_sender.camera import devices
from webrtc_sender.camera.camera_errors import NotACamera, camera_error, classify
from webrtc_sender.camera.devices import check_device, find_device, stable_path, users_of, video_nodes
from webrtc_sender.server.protocol import PreviewError

BUSY = 'system error: Device or resource busy'


# ---- GStreamer's words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'message,debug,code,sentence',
    [
        (
            "Device '/dev/x' is busy",
            'Call to S_FMT failed for YUYV @ 640x480: Device or resource busy',
            'camera_busy',
            'Another program is using /dev/x.',
        ),
        ("Could not open device '/dev/x' for reading and writing.", BUSY, 'camera_busy', 'Another program is using'),
        (
            "Could not open device '/dev/x' for reading and writing.",
            'system error: Permission denied',
            'camera_denied',
            'may not open /dev/x.',
        ),
        (
            "Could not open device '/dev/x' for reading and writing.",
            'system error: Operation not permitted',
            'camera_denied',
            'may not open /dev/x.',
        ),
        (
            "Cannot identify device '/dev/x'.",
            'system error: No such file or directory',
            'camera_missing',
            'There is no camera at /dev/x.',
        ),
        (
            'Could not read from resource.',
            'poll error 1: No such device (19)',
            'camera_missing',
            'The camera at /dev/x was unplugged.',
        ),
        (
            "Error getting capabilities for device '/dev/x': It isn't a v4l2 driver. Check if it is a v4l1 driver.",
            'system error: No such device',
            'camera_missing',
            'The camera at /dev/x was unplugged.',
        ),
        (
            "Device '/dev/x' has no supported format",
            'Call to S_FMT failed for YUYV @ 640x480: Invalid argument',
            'no_such_mode',
            'does not deliver the size, rate and format',
        ),
        ("Device '/dev/x' cannot capture at 640x480", None, 'no_such_mode', 'The camera at /dev/x does not deliver'),
        ("Device '/dev/x' does not support progressive interlacing", '', 'no_such_mode', 'does not deliver'),
        (
            'Internal data stream error.',
            'streaming stopped, reason not-negotiated (-4)',
            'no_such_mode',
            'The camera at /dev/x does not deliver',
        ),
        (
            'Failed to allocate required memory.',
            'Buffer pool activation failed',
            'camera_failed',
            'The USB bus has no room for /dev/x at this size and rate',
        ),
        (
            "Device '/dev/x' failed during initialization",
            'No space left on device',
            'camera_failed',
            'The USB bus has no',
        ),
        (
            "Device '/dev/x' failed during initialization",
            'Call to S_FMT failed for YUYV @ 640x480: Input/output error',
            'camera_failed',
            'The camera at /dev/x reports an input/output error',
        ),
        ('Failed to allocate a buffer', None, 'camera_failed', 'There is not enough memory'),
        (
            "Device '/dev/x' failed during initialization",
            'Call to S_FMT failed for YUYV @ 640x480: Protocol error',
            'camera_failed',
            'The camera at /dev/x delivers no pictures. The system says: Protocol error.',
        ),
        (
            'Internal data stream error.',
            'streaming stopped, reason error (-5)',
            'camera_failed',
            'delivers no pictures.',
        ),
    ],
)
def test_what_gstreamer_says_of_a_camera(message, debug, code, sentence):
    error = camera_error(message, debug, '/dev/x')
    assert error.code == code == classify(f'{message} {debug}')
    assert sentence in str(error)
    assert str(error)[0].isupper() or str(error).startswith('/dev/x')
    assert str(error).endswith(('.', 'again.'))
    assert message not in str(error)


def test_what_carries_no_picture_is_no_camera():
    error = camera_error("Device '/dev/x' is not a capture device.", 'Capabilities: 0x4a00000', '/dev/x')
    assert isinstance(error, NotACamera)
    assert error.code == 'camera_missing'
    assert str(error) == '/dev/x carries no picture: it is not a camera, or only the metadata of one.'


@pytest.fixture
def held_open(tmp_path, monkeypatch):
    """A file that another process has open, as it would a camera."""
    monkeypatch.setattr(devices, 'LOOK_S', 30.0)  # however busy this machine is
    device = tmp_path / 'video0'
    device.touch()
    with device.open() as file, subprocess.Popen(['sleep', '60'], stdin=file) as holder:
        yield str(device), holder.pid
        holder.kill()


def test_who_uses_a_busy_camera_is_named(held_open):
    device, pid = held_open
    assert users_of(device) == [f'sleep (pid {pid})']
    assert str(camera_error('is busy', None, device)) == f'sleep (pid {pid}) is using {device}.'


def test_a_camera_that_refuses_to_begin_is_busy_when_someone_has_it(held_open):
    error = camera_error('Failed to allocate required memory.', 'Buffer pool activation failed', held_open[0])
    assert error.code == 'camera_busy'


def test_the_users_of_a_link_are_those_of_its_device(held_open, tmp_path):
    (tmp_path / 'by-id').symlink_to(held_open[0])
    assert users_of(str(tmp_path / 'by-id')) == users_of(held_open[0])


def test_this_process_is_not_named(tmp_path):
    with (tmp_path / 'video0').open('w') as own:
        assert users_of(own.name) == []


# ---- the device itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'path,code,sentence',
    [
        ('missing', 'camera_missing', 'There is no camera at'),
        ('.', 'camera_missing', 'is a folder, not a camera.'),
        ('file', 'camera_missing', 'is a file, not a camera.'),
        ('/dev/null', 'camera_missing', '/dev/null is a device of another kind, not a camera.'),
    ],
)
def test_a_device_that_is_none(tmp_path, path, code, sentence):
    (tmp_path / 'file').touch()
    with pytest.raises(PreviewError) as refusal:
        check_device(str(tmp_path / path))
    assert refusal.value.code == code
    assert sentence in str(refusal.value)


def _denied(monkeypatch, mode: int, user='nemo', members=(), allowed=False) -> str:
    """The sentence for a device root:video with this mode, asked by `user`."""
    state = os.stat_result((stat.S_IFCHR | mode, 0, 0, 1, 0, 44, 0, 0, 0, 0))
    monkeypatch.setattr(devices.os, 'stat', lambda _path: state)
    monkeypatch.setattr(devices.os, 'access', lambda _path, _mode: allowed)
    monkeypatch.setattr(devices.pwd, 'getpwuid', lambda uid: ('root' if uid == 0 else user,))
    monkeypatch.setattr(devices.os, 'geteuid', lambda: 1000)
    monkeypatch.setattr(
        devices.grp, 'getgrgid', lambda _gid: devices.grp.struct_group(('video', '', 44, list(members)))
    )
    return devices.explain_denial('/dev/video0')


def test_a_denial_names_user_and_group(monkeypatch):
    assert _denied(monkeypatch, 0o660) == (
        'The user nemo may not open /dev/video0: it belongs to root and the group video, and nemo is not in it: '
        'sudo usermod -aG video nemo, then log in again.'
    )


def test_a_member_since_this_session_began_must_begin_another(monkeypatch):
    assert 'has joined since: log in again' in _denied(monkeypatch, 0o660, members=['nemo'])


def test_a_device_of_one_user_alone(monkeypatch):
    assert _denied(monkeypatch, 0o600).endswith('it belongs to root, who alone may.')


def test_a_container_that_was_not_given_the_device(monkeypatch):
    assert 'docker run --device' in _denied(monkeypatch, 0o660, allowed=True)


# ---- names ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def system(tmp_path):
    """/dev and /sys of a machine with two cameras; the first, on USB, has a second node for its metadata."""
    nodes, names, links = tmp_path / 'dev', tmp_path / 'sys', tmp_path / 'dev/v4l'
    for folder in (links / 'by-id', links / 'by-path'):
        folder.mkdir(parents=True)
    for number, name, index in ((0, 'HD Pro Webcam', 0), (1, 'HD Pro Webcam', 1), (2, 'Laptop', 0), (10, 'Laptop', 0)):
        (nodes / f'video{number}').touch()
        (names / f'video{number}').mkdir(parents=True)
        (names / f'video{number}' / 'name').write_text(f'{name}\n')
        (names / f'video{number}' / 'index').write_text(f'{index}\n')
    (nodes / 'video-codec').touch()
    for index in (0, 1):
        (links / f'by-id/usb-046d_Webcam-video-index{index}').symlink_to(nodes / f'video{index}')
        (links / f'by-path/pci-1-video-index{index}').symlink_to(nodes / f'video{index}')
    (links / 'by-path/pci-2-video-index0').symlink_to(nodes / 'video2')
    return nodes, names, links


@pytest.mark.parametrize(
    'device,expected',
    [
        ('video0', 'v4l/by-id/usb-046d_Webcam-video-index0'),
        ('video2', 'v4l/by-path/pci-2-video-index0'),
        ('video10', 'video10'),
        ('video99', 'video99'),
        ('v4l/by-path/pci-1-video-index0', 'v4l/by-path/pci-1-video-index0'),
        ('v4l/by-id/unplugged', 'v4l/by-id/unplugged'),
    ],
)
def test_the_name_that_survives_a_replug(system, device, expected):
    nodes, _, links = system
    assert stable_path(str(nodes / device), str(links)) == str(nodes / expected)


def test_the_name_stays_when_the_number_changes(system):
    nodes, _, links = system
    before = stable_path(str(nodes / 'video0'), str(links))
    (nodes / 'video0').rename(nodes / 'video7')
    os.unlink(before)
    os.symlink(nodes / 'video7', before)
    assert stable_path(str(nodes / 'video7'), str(links)) == before


def test_a_camera_is_found_by_its_own_name(system):
    nodes, names, _ = system
    assert find_device('HD Pro Webcam', str(names), str(nodes)) == str(nodes / 'video0')
    assert find_device('/any/path', str(names), str(nodes)) == '/any/path'


@pytest.mark.parametrize('name,sentence', [('Nobody', 'There is no camera called "Nobody".'), ('Laptop', '2 cameras')])
def test_a_name_that_fits_none_or_several(system, name, sentence):
    nodes, names, _ = system
    with pytest.raises(PreviewError) as refusal:
        find_device(name, str(names), str(nodes))
    assert refusal.value.code == 'camera_missing'
    assert sentence in str(refusal.value)


def test_nodes_come_in_the_order_of_their_numbers(system):
    assert [os.path.basename(node) for node in video_nodes(str(system[0]))] == ['video0', 'video1', 'video2', 'video10']


def test_this_module_needs_no_gstreamer():
    modules = 'webrtc_sender.camera.devices, webrtc_sender.camera.camera_errors'
    code = f'import sys, {modules}; assert "gi" not in sys.modules'
    environment = {**os.environ, 'PYTHONPATH': ':'.join(sys.path)}
    subprocess.run([sys.executable, '-c', code], check=True, env=environment)
