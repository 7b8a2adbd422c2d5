"""A trial of one encoder, in a process of its own: `python3 -m webrtc_sender.trial x264enc`.

Prints why it failed and ends with 1, or prints nothing and ends with 0.
"""

import sys

from . import encoders
from .encoders import Rate
from .encoding import configure
from .gst import Gst

FRAMES = 5
# Above the smallest size that hardware encoders take (NVENC: 145x49), small enough to cost nothing.
SOURCE = f'videotestsrc num-buffers={FRAMES} ! video/x-raw,format=I420,width=320,height=240,framerate=30/1'


def problem(factory: str) -> str | None:
    """Encodes a few frames; why that did not work, or None."""
    encoder = encoders.by_name(factory)
    try:
        pipeline = Gst.parse_launch(
            f'{SOURCE} ! {encoders.describe(encoder)} ! appsink name=out sync=false wait-on-eos=false'
        )
    except Exception as reason:  # GLib.Error: an element or a caps field is missing
        return str(getattr(reason, 'message', reason))
    configure(pipeline.get_by_name('encoder'), encoder, Rate(kbps=1000, fps=30, keyframe_interval=60))
    pipeline.set_state(Gst.State.PLAYING)
    wanted = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(5 * Gst.SECOND, wanted)
    # The sink keeps its last frames: something must really have come out.
    sample = pipeline.get_by_name('out').emit('try-pull-sample', 0)
    pipeline.set_state(Gst.State.NULL)
    if message and message.type == Gst.MessageType.ERROR:
        return message.parse_error()[0].message
    return None if sample else 'ran, but no picture came out'


if __name__ == '__main__':
    reason = problem(sys.argv[1])
    if reason:
        print(reason)
    sys.exit(1 if reason else 0)
