#!/usr/bin/python3
"""The project's sender, with faults that come and go by signal.

SIGUSR1: keyframes are lost from now on, and one frame with them; again: no more. SIGUSR2: the camera is unplugged;
again: it is back. With `--device stand-in` the camera is a stand-in, as the sender's own tests have it
(test/sender/stand_in_camera.py); the real driver is in test/camera. Everything else is the sender as it is, with its
own options.
"""

import runpy
import signal
import sys
import time
import weakref
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'sender'), str(ROOT / 'test/sender')]

from stand_in_camera import StandInCamera  # noqa: E402
from webrtc_sender.camera.cameras import CameraMode  # noqa: E402
from webrtc_sender.gst import Gst  # noqa: E402
from webrtc_sender.peer import connection  # noqa: E402
from webrtc_sender.program import main  # noqa: E402

Peer = connection.Connection


class Patch:
    """What pytest's monkeypatch does, for as long as the process lives."""

    @staticmethod
    def setattr(owner, name: str, value) -> None:
        setattr(owner, name, value)


class Keyframes:
    """Loses them behind the encoder. One frame's packets are lost too, behind the payloader that has numbered them and
    before anything that keeps them to send them again: without a gap a decoder would go on."""

    def __init__(self) -> None:
        self.are_lost = False
        self._peers = weakref.WeakSet()
        self._push = Peer.push
        Peer.push = lambda peer, frame, is_keyframe: self._pass(peer, frame, is_keyframe)

    def toggle(self, *_) -> None:
        self.are_lost = not self.are_lost
        for peer in self._peers if self.are_lost else ():
            pad = peer._payloader.get_static_pad('src')
            until = time.monotonic() + 0.1
            pad.add_probe(
                Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST,
                lambda *_, end=until: Gst.PadProbeReturn.DROP if time.monotonic() < end else Gst.PadProbeReturn.REMOVE,
            )

    def _pass(self, peer, frame, is_keyframe: bool) -> None:
        self._peers.add(peer)
        if not self.are_lost:
            self._push(peer, frame, is_keyframe)
        elif not is_keyframe and peer._source:
            # Also to one that has had no keyframe: packets arrive, and no picture can begin.
            peer._source.emit('push-buffer', frame)


keyframes = Keyframes()
signal.signal(signal.SIGUSR1, keyframes.toggle)
if 'stand-in' in sys.argv:
    camera = StandInCamera(Patch, modes=(CameraMode(640, 360, 30.0, 'YUY2'),))
    sys.argv[sys.argv.index('stand-in')] = '/dev/video-stand-in'
    main.open_camera = camera._open
    signal.signal(signal.SIGUSR2, lambda *_: camera.unplug() if camera.is_plugged_in else camera.plug_in())

sys.argv[0] = str(ROOT / 'sender/gstreamer-webrtc-sender.py')
runpy.run_path(sys.argv[0], run_name='__main__')
