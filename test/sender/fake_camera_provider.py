"""A fake device provider: stands in for v4l2's, which needs udev, inside the real GstDeviceMonitor.

Import it before the first use of the device monitor: that asks for its providers once.
"""

from webrtc_sender.gst import GObject, Gst

CAPS = 'video/x-raw, format=(string)YUY2, width=(int)640, height=(int)480, framerate=(fraction)30/1'


class FakeCamera(Gst.Device):
    __gtype_name__ = 'FakeCamera'

    def do_create_element(self, name):
        return Gst.ElementFactory.make('videotestsrc', name)


class FakeCameraProvider(Gst.DeviceProvider):
    __gtype_name__ = 'FakeCameraProvider'

    running: 'FakeCameraProvider | None' = None
    #: Those that are plugged in: {path: device}.
    plugged: dict[str, FakeCamera] = {}

    def do_start(self):
        FakeCameraProvider.running = self
        for camera in self.plugged.values():
            self.device_add(camera)
        return True

    def do_stop(self):
        FakeCameraProvider.running = None


FakeCameraProvider.set_metadata('Fake cameras', 'Source/Video', 'Cameras that are plugged in by a test', 'test')
GObject.type_register(FakeCameraProvider)
Gst.DeviceProvider.register(None, 'fakecameraprovider', Gst.Rank.PRIMARY, FakeCameraProvider)


def plug(path: str, label: str = 'Fake camera', caps: str = CAPS, field: str = 'device.path') -> None:
    """What udev and the provider do when a camera is plugged in and has been asked for its modes."""
    properties = Gst.Structure.new_empty('properties')
    properties.set_value('device.api', 'v4l2')
    properties.set_value(field, path)
    camera = FakeCamera(
        display_name=label, device_class='Video/Source', caps=Gst.Caps.from_string(caps), properties=properties
    )
    FakeCameraProvider.plugged[path] = camera
    if FakeCameraProvider.running:
        FakeCameraProvider.running.device_add(camera)


def unplug(path: str) -> None:
    camera = FakeCameraProvider.plugged.pop(path)
    if FakeCameraProvider.running:
        FakeCameraProvider.running.device_remove(camera)


def unplug_all() -> None:
    for path in list(FakeCameraProvider.plugged):
        unplug(path)
