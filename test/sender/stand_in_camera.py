"""A stand-in for a V4L2 camera where there is none: a videotestsrc where v4l2src would be, and a plug to pull.

The real thing is test/camera (the kernel's vivid driver in a virtual machine).
"""

from webrtc_sender import stage as stage_module
from webrtc_sender.camera.cameras import Camera, CameraMode
from webrtc_sender.gst import GLib, Gst
from webrtc_sender.picture import source as source_module
from webrtc_sender.server.protocol import PreviewError

MODES = (CameraMode(640, 480, 30.0, 'YUY2'), CameraMode(320, 240, 30.0, 'YUY2'), CameraMode(320, 240, 15.0, 'NV12'))
H264_HEAD = (
    'videotestsrc is-live=true name=camera ! video/x-raw,format=I420 ! '
    'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=800'
)


class StandInWatch:
    """Where CameraWatch would listen to the system."""

    def __init__(self, camera: 'StandInCamera', on_return, on_loss) -> None:
        self.camera, self.on_return, self.on_loss = camera, on_return, on_loss
        camera.watch = self
        self.is_lost = False

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def follow(self, device: str) -> None:
        pass

    def lost(self) -> None:
        self.is_lost = True
        if self.camera.is_plugged_in:
            self.on_return()


class StandInCamera:
    """`install` puts it in v4l2src's place; then it can be unplugged, plugged in, stalled, busy."""

    def __init__(self, monkeypatch, modes=MODES) -> None:
        self.modes = modes
        self.is_plugged_in = True
        #: It opens, and then delivers nothing.
        self.is_mute = False
        self.error: PreviewError | None = None
        self.sources: list = []
        self.watch: StandInWatch | None = None
        described = source_module.describe
        monkeypatch.setattr(source_module, 'describe', lambda mode: self._described(described(mode)))
        monkeypatch.setattr(source_module, 'set_device', lambda element, _: self._start(element))
        monkeypatch.setattr(stage_module, 'check_device', self._check)
        monkeypatch.setattr(stage_module, 'open_camera', self._open)
        monkeypatch.setattr(stage_module, 'CameraWatch', lambda _d, _p, back, gone: StandInWatch(self, back, gone))

    def _start(self, source) -> None:
        self.sources.append(source)
        if self.is_mute:
            self.stall()

    @staticmethod
    def _described(text: str) -> str:
        head = H264_HEAD if 'video/x-h264' in text else 'videotestsrc is-live=true name=camera'
        return text.replace('v4l2src name=camera', head)

    def camera(self) -> Camera:
        return Camera('/dev/video-stand-in', 'Bench camera', self.modes)

    def _check(self, _device: str) -> None:
        if not self.is_plugged_in:
            raise PreviewError('camera_missing', 'There is no camera at /dev/video-stand-in.')

    def _open(self, device: str, _label=None) -> Camera:
        self._check(device)
        if self.error:
            raise self.error
        return self.camera()

    def unplug(self) -> None:
        """As v4l2src says it of a camera whose cable is pulled."""
        self.is_plugged_in = False
        source = self.sources[-1]
        error = GLib.Error.new_literal(
            Gst.ResourceError.quark(), "Device '/dev/video0' is gone", Gst.ResourceError.READ
        )
        source.post_message(Gst.Message.new_error(source, error, 'poll error: No such device'))

    def plug_in(self) -> None:
        self.is_plugged_in = True
        if self.watch.is_lost:
            self.watch.is_lost = False
            self.watch.on_return()

    def stall(self) -> None:
        """No frame and no error any more."""
        pad = self.sources[-1].get_static_pad('src')
        pad.add_probe(Gst.PadProbeType.BUFFER, lambda *_: Gst.PadProbeReturn.DROP)
