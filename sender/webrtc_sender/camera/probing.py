"""Asks GStreamer for the cameras of this machine. What it answers is read in cameras.py."""

from ..gst import Gst
from ..server.protocol import PreviewError
from .camera_errors import NotACamera, camera_error
from .cameras import Camera, CameraMode, read_modes, unusable_formats
from .device_monitor import MONITOR, path_of
from .devices import check_device, find_device, label_of, stable_path, video_nodes


def open_camera(device: str, label: str | None = None) -> Camera:
    """What the camera `device` can do: a path, a link of /dev/v4l/by-id or by-path, or the camera's own name.

    The Camera's `device` is the path that survives a replug. Raises the reason as a `camera_…` error. May block.
    """
    path = find_device(device)
    check_device(path)
    path = stable_path(path)
    name, caps = _ask(path)
    return Camera(path, label or name or label_of(path), _modes(caps, path))


def list_cameras(nodes: list[str] | None = None) -> list[Camera]:
    """Every camera, also those that cannot be used, with the reason as their `error`. May take seconds.

    Those of GStreamer's device monitor, and those of `nodes` (default: /dev/video*) that it does not show: it hides
    what it cannot open, and without udev it finds nothing.
    """
    nodes = video_nodes() if nodes is None else nodes
    cameras = {path: _try(path, label, caps) for path, (label, caps) in _monitored().items()}
    for node in nodes:
        path = stable_path(node)
        if path not in cameras:
            cameras[path] = _try(path)
    return [camera for _, camera in sorted(cameras.items()) if camera]


def _monitored() -> dict[str, tuple[str, str]]:
    """{stable path: (label, caps)} of the monitor's cameras."""
    found = {}
    for device in MONITOR.devices():
        path, caps = path_of(device), device.get_caps()
        if path and caps:
            is_v4l2 = device.get_properties().get_string('device.api') == 'v4l2'
            entry = (device.get_display_name(), caps.to_string())
            found[stable_path(path)] = entry if is_v4l2 else found.get(stable_path(path), entry)
    return found


def _try(path: str, label: str | None = None, caps: str | None = None) -> Camera | None:
    """None for what is not a camera at all, such as the second device of a USB camera, with its metadata."""
    try:
        if not caps:
            check_device(path)
            label, caps = _ask(path)
        return Camera(path, label or label_of(path), _modes(caps, path))
    except NotACamera:
        return None
    except PreviewError as error:
        return Camera(path, label or label_of(path), (), error)


def _modes(caps: str, device: str) -> tuple[CameraMode, ...]:
    modes = tuple(read_modes(caps))
    if not modes:
        formats = ', '.join(unusable_formats(caps)) or 'no video'
        raise PreviewError('camera_failed', f'{device} delivers {formats}: no format that this sender can use.')
    return modes


def _ask(device: str) -> tuple[str, str]:
    """The camera's name and caps. READY opens it and asks for its formats; it does not stream yet."""
    source = Gst.ElementFactory.make('v4l2src')
    source.set_property('device', device)
    bus = Gst.Bus()
    source.set_bus(bus)
    try:
        if source.set_state(Gst.State.READY) == Gst.StateChangeReturn.FAILURE:
            raise _reason(bus, device)
        return source.get_property('device-name'), source.get_static_pad('src').query_caps().to_string()
    finally:
        source.set_state(Gst.State.NULL)
        source.set_bus(None)


def _reason(bus: Gst.Bus, device: str) -> PreviewError:
    message = bus.pop_filtered(Gst.MessageType.ERROR)
    if not message:
        return PreviewError('camera_failed', f'{device} could not be opened.')
    failure, debug = message.parse_error()
    return camera_error(failure.message, debug, device)
