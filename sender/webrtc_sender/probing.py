"""Asks GStreamer for the cameras of this machine. What it answers is read in cameras.py."""

from .cameras import Camera, check_device, classify, read_modes
from .gst import Gst
from .protocol import PreviewError


def open_camera(device: str, label: str | None = None) -> Camera:
    """What the camera at `device` can do; raises the reason as a `camera_…` error."""
    check_device(device)
    source = Gst.ElementFactory.make('v4l2src')
    source.set_property('device', device)
    bus = Gst.Bus()
    source.set_bus(bus)
    try:
        # READY opens the device and asks for its formats; the camera does not stream yet.
        if source.set_state(Gst.State.READY) == Gst.StateChangeReturn.FAILURE:
            raise _reason(bus, device)
        name = source.get_property('device-name') or device
        modes = read_modes(source.get_static_pad('src').query_caps().to_string())
    finally:
        source.set_state(Gst.State.NULL)
    if not modes:
        raise PreviewError('camera_failed', f'{device} ({name}) has no video format that this sender can use.')
    return Camera(device, label or name, tuple(modes))


def list_cameras() -> list[Camera]:
    """Every camera that GStreamer's device monitor finds. Behind PipeWire the path has another name."""
    monitor = Gst.DeviceMonitor()
    monitor.add_filter('Video/Source', None)
    monitor.start()
    devices = monitor.get_devices() or []
    monitor.stop()
    cameras = {}
    for device in devices:
        properties = device.get_properties()
        path = _path(properties) if properties else None
        caps = device.get_caps()
        if path and caps:
            camera = Camera(path, device.get_display_name(), tuple(read_modes(caps.to_string())))
            cameras.setdefault(path, camera)
    return list(cameras.values())


def _path(properties) -> str | None:
    for name in ('api.v4l2.path', 'device.path'):
        if properties.has_field(name):
            return properties.get_string(name)
    return None


def _reason(bus, device: str) -> PreviewError:
    message = bus.pop_filtered(Gst.MessageType.ERROR)
    if not message:
        return PreviewError('camera_failed', f'{device} could not be opened.')
    failure, debug = message.parse_error()
    return PreviewError(classify(f'{failure.message} {debug}'), failure.message)
