"""What the system says of a video device: its lasting name, its camera's name, who may open it, and who does.

Reads /dev, /sys and /proc; opens no camera, but for `can_be_opened`. The folders are arguments for the tests' sake.
"""

import contextlib
import grp
import os
import pwd
import re
import stat
import time
from pathlib import Path

from ..server.protocol import PreviewError

VIDEO_MAJOR = 81  # Documentation/admin-guide/devices.txt of Linux
# Reading who holds a camera must not hold up the message that it is busy.
LOOK_S = 0.5


def stable_path(device: str, links: str = '/dev/v4l') -> str:
    """The name under which the same camera will be found after a replug: its link in by-id, else in by-path.

    A link stays what it is: whoever wrote it chose it (two cameras without serial number share one by-id link, and
    only by-path tells them apart). Without any link it is the device itself.
    """
    if os.path.islink(device):
        return device
    node = os.path.realpath(device)
    for kind in ('by-id', 'by-path'):
        for link in sorted(Path(links, kind).glob('*')):
            if os.path.realpath(link) == node:
                return str(link)
    return device


def find_device(wanted: str, names: str = '/sys/class/video4linux', nodes: str = '/dev') -> str:
    """The path of the camera that `wanted` names: a path is taken as it is, anything else is a camera's own name.

    Raises `camera_missing` when no camera has this name, or more than one.
    """
    if '/' in wanted:
        return wanted
    found = [node for node in video_nodes(nodes) if _is_first(node, names) and label_of(node, names) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ' or '.join(stable_path(node) for node in found)
        raise PreviewError('camera_missing', f'{len(found)} cameras are called "{wanted}". Use --device {paths}.')
    raise PreviewError('camera_missing', f'There is no camera called "{wanted}".')


def video_nodes(nodes: str = '/dev') -> list[str]:
    """/dev/video0, /dev/video1 and so on. Not all of them are cameras."""
    found = [entry for entry in Path(nodes).glob('video*') if re.fullmatch(r'video\d+', entry.name)]
    return [str(entry) for entry in sorted(found, key=lambda entry: int(entry.name[5:]))]


def label_of(device: str, names: str = '/sys/class/video4linux') -> str:
    """What the driver calls the camera, without opening it; the path where it says nothing."""
    return _attribute(device, 'name', names) or device


def _is_first(device: str, names: str) -> bool:
    """A USB camera's further nodes bear the same name; the second carries metadata and no picture."""
    return _attribute(device, 'index', names) in ('', '0')


def _attribute(device: str, name: str, names: str) -> str:
    try:
        return Path(names, os.path.basename(os.path.realpath(device)), name).read_text(errors='replace').strip()
    except OSError:
        return ''


def check_device(device: str) -> None:
    """Says at once what opening the device would say later, and better. Raises `camera_missing` or `camera_denied`."""
    try:
        state = os.stat(device)
    except PermissionError as reason:
        raise PreviewError('camera_denied', f'This user may not look into the folder of {device}.') from reason
    except OSError as reason:
        raise PreviewError('camera_missing', f'There is no camera at {device}.') from reason
    what = _what_else(state)
    if what:
        raise PreviewError('camera_missing', f'{device} is {what}, not a camera.')
    if not os.access(device, os.R_OK | os.W_OK):
        raise PreviewError('camera_denied', explain_denial(device))


def _what_else(state: os.stat_result) -> str | None:
    if stat.S_ISDIR(state.st_mode):
        return 'a folder'
    if not stat.S_ISCHR(state.st_mode):
        return 'a file'
    return None if os.major(state.st_rdev) == VIDEO_MAJOR else 'a device of another kind'


def explain_denial(device: str) -> str:
    """Whose the device is and what this user lacks. For a denial that the file's permissions do not explain, too."""
    user = _name(pwd.getpwuid, os.geteuid())
    try:
        state = os.stat(device)
    except OSError:
        return f'The user {user} may not open {device}.'
    if os.access(device, os.R_OK | os.W_OK):
        return (
            f'The system keeps {device} from this program, though its permissions allow the user {user}: a container '
            'must be given it (docker run --device), and so must a systemd service (DeviceAllow=).'
        )
    group = _name(grp.getgrgid, state.st_gid)
    owned = f'The user {user} may not open {device}: it belongs to {_name(pwd.getpwuid, state.st_uid)}'
    if not state.st_mode & stat.S_IRGRP or not state.st_mode & stat.S_IWGRP:
        return f'{owned}, who alone may.'
    if user in _members(state.st_gid):
        return f'{owned} and the group {group}, which {user} has joined since: log in again, or restart the service.'
    remedy = f'sudo usermod -aG {group} {user}, then log in again.'
    return f'{owned} and the group {group}, and {user} is not in it: {remedy}'


def _members(group_id: int) -> list[str]:
    try:
        return grp.getgrgid(group_id).gr_mem
    except KeyError:
        return []


def _name(look_up, number: int) -> str:
    """The user's or group's name; a container may not know it."""
    try:
        return look_up(number)[0]
    except KeyError:
        return str(number)


def users_of(device: str, processes: str = '/proc') -> list[str]:
    """Who else has the device open, as "guvcview (pid 812)"; only processes that this user may look into."""
    node, deadline = os.path.realpath(device), time.monotonic() + LOOK_S
    found = []
    for process in Path(processes).glob('[0-9]*'):
        if time.monotonic() > deadline:
            break
        if int(process.name) != os.getpid() and _holds(process, node):
            found.append(f'{_command(process)} (pid {process.name})')
    return found


def _holds(process: Path, node: str) -> bool:
    try:
        descriptors = os.listdir(process / 'fd')
    except OSError:  # it ended meanwhile, or is another user's
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            if os.readlink(process / 'fd' / descriptor) == node:
                return True
    return False


def _command(process: Path) -> str:
    try:
        return (process / 'comm').read_text(errors='replace').strip()
    except OSError:
        return 'A program'


def can_be_opened(device: str) -> bool:
    """Whether a camera is there and lets itself be opened. May block while a sleeping USB camera wakes up.

    A path that exists is not enough: after a disconnect the driver keeps it as long as somebody has it open, and
    answers every open with ENODEV; after a replug udev hands out the permissions only a little later.
    """
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True
