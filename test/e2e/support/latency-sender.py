#!/usr/bin/python3
"""The project's sender, made late on purpose: `latency-sender.py encode|send MS [the sender's own options]`.

`encode`: each frame reaches the encoder MS after it was made. `send`: each encoded one reaches the payloader then. What
is late in the sender must be seen to be late in the sender. Everything else is the sender as it is.
"""

import runpy
import sys
from pathlib import Path

SENDER = Path(__file__).resolve().parents[3] / 'sender'
sys.path.insert(0, str(SENDER))

from webrtc_sender.encode import rung  # noqa: E402
from webrtc_sender.peer import media  # noqa: E402

where, late_ms = sys.argv[1], int(sys.argv[2])
# A queue's own threshold would add up to a frame, as it counts in whole ones: clocksync waits for the very moment.
LATE = (
    f'queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! clocksync name=late ts-offset={late_ms * 1_000_000}'
)

if late_ms and where == 'encode':
    rung.SOURCE += f' ! {LATE}'
elif late_ms and where == 'send':
    media.PIPELINE = media.PIPELINE.replace('! {payloader}', f'! {LATE} ! {{payloader}}')

sys.argv = [str(SENDER / 'gstreamer-webrtc-sender.py'), *sys.argv[3:]]
runpy.run_path(sys.argv[0], run_name='__main__')
