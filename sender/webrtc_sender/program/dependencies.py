"""What must be installed, and the one apt-get line that mends what is not. Imports nothing but the standard library."""

import glob
import importlib
import importlib.util
import os

from ..gst_environment import prepare

# What apt knows to be there. A container's image comes without: "Unable to locate package".
PACKAGE_LISTS = '/var/lib/apt/lists/*_Packages*'

# Python module or typelib: Debian package. Debian 12 and 13 and Ubuntu 24.04 carry the same names.
BINDINGS = {'gi': 'python3-gi'}
MODULES = {
    'socketio': 'python3-socketio',
    'aiohttp': 'python3-aiohttp',
}
TYPELIBS = {
    'Gst': 'gir1.2-gstreamer-1.0',
    'GstVideo': 'gir1.2-gst-plugins-base-1.0',
    'GstRtp': 'gir1.2-gst-plugins-base-1.0',
    'GstSdp': 'gir1.2-gst-plugins-base-1.0',
    'GstWebRTC': 'gir1.2-gst-plugins-bad-1.0',
}
# Not a module of its own: it gives Gst.Buffer.map() and friends their Python form.
OVERRIDES = 'python3-gst-1.0'
ELEMENTS = {
    'appsrc': 'gstreamer1.0-plugins-base',
    'videoconvert': 'gstreamer1.0-plugins-base',
    'videoconvertscale': 'gstreamer1.0-plugins-base',
    'v4l2src': 'gstreamer1.0-plugins-good',
    'jpegdec': 'gstreamer1.0-plugins-good',
    'rtph264pay': 'gstreamer1.0-plugins-good',
    'rtpvp8pay': 'gstreamer1.0-plugins-good',
    'rtpbin': 'gstreamer1.0-plugins-good',
    'webrtcbin': 'gstreamer1.0-plugins-bad',
    'dtlsenc': 'gstreamer1.0-plugins-bad',
    'srtpenc': 'gstreamer1.0-plugins-bad',
    'sctpenc': 'gstreamer1.0-plugins-bad',
    'h264parse': 'gstreamer1.0-plugins-bad',
    # For lower quality levels of a camera that delivers H.264 itself.
    'openh264dec': 'gstreamer1.0-plugins-bad',
    'rsvgdec': 'gstreamer1.0-plugins-bad',
    'nicesrc': 'gstreamer1.0-nice',
}
# Debian 12 has it, Ubuntu 22.04 does not.
OLDEST_GSTREAMER = (1, 22)
# Any of the encoders will do; this is the package that is named when there is none.
ENCODER_PACKAGE = 'gstreamer1.0-plugins-ugly'


def everything() -> list[str]:
    return sorted(
        {*BINDINGS.values(), *MODULES.values(), *TYPELIBS.values(), OVERRIDES, *ELEMENTS.values(), ENCODER_PACKAGE}
    )


def missing() -> dict[str, str]:
    """{what: package} of all that is not there."""
    return missing_modules() | missing_of_gstreamer()


def missing_modules() -> dict[str, str]:
    return {name: package for name, package in MODULES.items() if not _importable(name)}


def missing_of_gstreamer() -> dict[str, str]:
    absent = {name: package for name, package in BINDINGS.items() if not _importable(name)}
    if 'gi' not in absent:
        absent |= {name: package for name, package in TYPELIBS.items() if not _has_typelib(name)}
    if 'gi' in absent or 'Gst' in absent:
        # Without GStreamer nothing more can be asked, so everything is named: installing a package twice does no harm.
        return absent | {package: package for package in everything() if package not in absent.values()}
    if importlib.util.find_spec('gi.overrides.Gst') is None:
        absent['gi.overrides.Gst'] = OVERRIDES
    return absent | _missing_elements()


def _missing_elements() -> dict[str, str]:
    from gi.repository import Gst

    from ..encode.encoders import ENCODERS

    prepare()
    Gst.init(None)
    absent = {name: package for name, package in ELEMENTS.items() if not Gst.ElementFactory.find(name)}
    if not any(Gst.ElementFactory.find(encoder.factory) for encoder in ENCODERS):
        absent['a video encoder (x264enc)'] = ENCODER_PACKAGE
    return absent


def too_old() -> str | None:
    """Says so when GStreamer is there but older than the sender can use; None otherwise."""
    if not _importable('gi') or not _has_typelib('Gst'):
        return None
    from gi.repository import Gst

    prepare()
    Gst.init(None)
    if Gst.version()[:2] >= OLDEST_GSTREAMER:
        return None
    installed, wanted = ('.'.join(str(part) for part in version[:2]) for version in (Gst.version(), OLDEST_GSTREAMER))
    return f'GStreamer {installed} is too old: {wanted} or newer is needed, as in Debian 12 and Ubuntu 24.04.'


def apt_command(packages, lists: str = PACKAGE_LISTS) -> str:
    """The line that installs them, for whoever runs this, on this machine."""
    sudo = '' if os.geteuid() == 0 else 'sudo '
    update = '' if glob.glob(lists) else f'{sudo}apt-get update && '
    return f'{update}{sudo}apt-get install -y {" ".join(packages)}'


def explain(absent: dict[str, str], executable: str) -> str:
    """What to print when something is missing."""
    packages = sorted(set(absent.values()))
    lines = [f'Not installed: {", ".join(packages)}.', 'This mends it:', '', f'    {apt_command(packages)}', '']
    if reason := too_old():
        lines.append(reason)
    if not executable.startswith('/usr/bin/'):
        lines.append(f'These packages belong to /usr/bin/python3; this ran with {executable}.')
    return '\n'.join(lines)


def _importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, ValueError):
        return False
    return True


def _has_typelib(name: str) -> bool:
    import gi

    try:
        gi.require_version(name, '1.0')
    except ValueError:
        return False
    return True
