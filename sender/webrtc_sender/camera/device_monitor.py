"""GStreamer's device monitor: which cameras are there, and which come and go. One for the whole process.

A second GstDeviceMonitor would take the first one's messages away: each sets its own handler on the provider's only
bus, and removes it when it ends (gstdevicemonitor.c, gst_device_monitor_add_filter, 1.22 to 1.28).
"""

import threading

from ..gst import Gst

ADDED, REMOVED = 'message::device-added', 'message::device-removed'


class DeviceMonitor:
    """Runs while anyone listens. All of it may block while cameras are asked: not for asyncio's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handlers: dict = {}
        self._made: Gst.DeviceMonitor | None = None

    @property
    def _monitor(self) -> Gst.DeviceMonitor:
        """Made at its first use, which looks for the providers and loads their plugins. Needs the lock."""
        if not self._made:
            self._made = Gst.DeviceMonitor()
            # PipeWire's provider hides v4l2's, which knows best what v4l2src can do.
            self._made.set_show_all_devices(True)
            self._made.add_filter('Video/Source', None)
        return self._made

    def devices(self) -> list[Gst.Device]:
        """The cameras of all providers; none where there is neither udev nor PipeWire."""
        with self._lock:
            if self._handlers:
                return self._monitor.get_devices() or []
            self._monitor.start()
            try:
                return self._monitor.get_devices() or []
            finally:
                self._monitor.stop()

    def listen(self, listener) -> None:
        """Calls `listener(device, is_added)` on GLib's thread, at the start also for what is there already."""
        with self._lock:
            bus = self._monitor.get_bus()
            bus.add_signal_watch()
            self._handlers[listener] = [
                bus.connect(ADDED, lambda _bus, message: listener(message.parse_device_added(), True)),
                bus.connect(REMOVED, lambda _bus, message: listener(message.parse_device_removed(), False)),
            ]
            if len(self._handlers) == 1:
                self._monitor.start()  # False where there is nothing to hear from

    def ignore(self, listener) -> None:
        """Ends `listen`; a call that has begun may still run."""
        with self._lock:
            handlers = self._handlers.pop(listener, None)
            if handlers is None:
                return
            bus = self._monitor.get_bus()
            for handler in handlers:
                bus.disconnect(handler)
            bus.remove_signal_watch()
            if not self._handlers:
                self._monitor.stop()


MONITOR = DeviceMonitor()


def path_of(device: Gst.Device) -> str | None:
    """The node of a device; PipeWire has a name of its own for it. None when it is no V4L2 device."""
    properties = device.get_properties()
    for name in ('api.v4l2.path', 'device.path'):
        if properties and properties.has_field(name):
            return properties.get_string(name)
    return None
