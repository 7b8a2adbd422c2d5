"""What takes long and is GStreamer's work, on a thread of its own while Python still loads the rest.

A sender that was killed is waited for by its viewers. Of the 600 ms that its start took on an idle machine, warming up
(125 ms) and the test pattern's scenery (85 ms) go by beside the modules' loading.
"""

import threading

# Here, and not on the thread: PyGObject makes a class when it is first used, and must not do so twice at once (gst.py).
from ..camera.modes import Mode
from ..peer.warm_up import warm_up
from ..picture.test_pattern import LABEL, prepare_scenery


def begin(chosen) -> None:
    def run() -> None:
        warm_up()
        if chosen.test_pattern:
            prepare_scenery(Mode(chosen.width, chosen.height, chosen.fps), chosen.label or LABEL)

    threading.Thread(target=run, name='early', daemon=True).start()
