"""What the trials of encoders have found, for a sender that is started again: that saves it a process and 250 ms.

Good until the machine starts again, or GStreamer's plugins or the driver change. Each start takes the note away, and
only one that has run well for a while leaves it again: where an encoder that passed has brought the sender down, the
next start tries them all.
"""

import contextlib
import json
import os
from pathlib import Path

from .. import __version__
from ..gst import Gst

NAME = 'encoders.json'
# Changes with each start of the machine, and with what is installed.
BOOT_ID = '/proc/sys/kernel/random/boot_id'
NVIDIA = '/proc/driver/nvidia/version'
# Where GStreamer looks for plugins, and what it leaves out of them.
VARIABLES = ('GST_PLUGIN_PATH', 'GST_PLUGIN_PATH_1_0', 'GST_PLUGIN_SYSTEM_PATH_1_0', 'GST_PLUGIN_FEATURE_RANK')


def take() -> list[str]:
    """The names of encoders that passed their trials when this ran last. Empty where nothing is known for sure."""
    try:
        path = _path()
        note = json.loads(path.read_text())
        path.unlink()
        return [str(name) for name in note['passed']] if note['of'] == _machine() else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def leave(passed: list[str]) -> None:
    """For the next start. Where nothing can be written, that one tries them all."""
    with contextlib.suppress(OSError, ValueError):
        path = _path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        former = path.with_suffix(f'.{os.getpid()}')
        former.write_text(json.dumps({'of': _machine(), 'passed': passed}))
        former.replace(path)


def forget() -> None:
    with contextlib.suppress(OSError):
        _path().unlink()


def _path() -> Path:
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(cache) / 'webrtc-preview' / NAME


def _machine() -> list:
    """Differs where another trial might have another result."""
    registry = os.environ.get('GST_REGISTRY') or os.environ.get('GST_REGISTRY_1_0')
    found = [registry] if registry else sorted(Path(_path().parent.parent, 'gstreamer-1.0').glob('registry.*.bin'))
    plugins = [[str(path), os.stat(path).st_mtime_ns, os.stat(path).st_size] for path in found]
    if not plugins:
        raise ValueError('what is installed is not known')
    variables = [os.environ.get(name) for name in VARIABLES]
    return [__version__, Gst.version_string(), _text(BOOT_ID), _text(NVIDIA), variables, plugins]


def _text(path: str) -> str | None:
    with contextlib.suppress(OSError):
        return Path(path).read_text()
    return None
