"""A trial of encoders, in a process of its own: `python3 -m webrtc_sender.encode.trial x264enc vp8enc`.

Prints a line for each as soon as it is known: why it cannot be used, or nothing when it can.
"""

import sys
import time

from ..program.orphans import die_with_the_parent

if __name__ == '__main__':
    die_with_the_parent(at_latest_s=10)  # before GStreamer is loaded, which may hang already

from ..gst import Gst
from . import encoders
from .encoder_reasons import in_words
from .encoders import Encoder, Rate
from .encoding import configure, force_keyframe

# Above the smallest size that hardware encoders take (NVENC: 145x49), small enough to cost nothing.
WIDTH, HEIGHT = 320, 240
FRAMES_BEFORE_ASKING = 5
# Encoders in hardware have a few frames in work when the keyframe is asked for.
FRAMES_TO_OBEY = 15
DEADLINE_S = 16.0
ERROR_POLL_NS = 200_000_000
# More than can come out before an answer: the source never runs dry.
SOURCE = f'videotestsrc num-buffers=100 ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate=30/1'
SINK = 'appsink name=out sync=false wait-on-eos=false max-buffers=1 enable-last-sample=false'
RATE = Rate(kbps=1000, fps=30.0, keyframe_interval=2560)

# Profiles by profile_idc (H.264, annex A).
PROFILES = {77: 'Main', 88: 'Extended', 100: 'High', 110: 'High 10', 122: 'High 4:2:2', 244: 'High 4:4:4'}
BASELINE = 66
SLICE_IDR, SEQUENCE_PARAMETERS, PICTURE_PARAMETERS = 5, 7, 8


class Unfit(Exception):
    """This encoder cannot be used; the text says why."""


def problem(factory: str) -> str | None:
    """Encodes a few frames and asks for a keyframe; what is wrong with that, in words, or None."""
    encoder = encoders.by_name(factory)
    try:
        pipeline = Gst.parse_launch(f'{SOURCE} ! {encoders.describe(encoder, WIDTH, HEIGHT)} ! {SINK}')
    except Exception as reason:  # GLib.Error: an element or a caps field is missing
        return in_words(str(getattr(reason, 'message', reason)))
    try:
        _try(pipeline, encoder)
    except Unfit as reason:
        return str(reason)
    finally:
        pipeline.set_state(Gst.State.NULL)
    return None


def _try(pipeline, encoder: Encoder) -> None:
    element = pipeline.get_by_name('encoder')
    configure(element, encoder, RATE)
    if pipeline.set_state(Gst.State.PLAYING) == Gst.StateChangeReturn.FAILURE:
        raise Unfit(_error_of(pipeline) or 'it cannot be started')
    deadline = time.monotonic() + DEADLINE_S
    for number in range(FRAMES_BEFORE_ASKING + FRAMES_TO_OBEY):
        if number == FRAMES_BEFORE_ASKING:
            force_keyframe(element, encoder)
        buffer = _next_frame(pipeline, deadline)
        if not buffer:
            raise Unfit('no picture came out' if number == 0 else 'it stopped after a few pictures')
        is_keyframe = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        if number == 0 and not is_keyframe:
            raise Unfit('it does not begin with a keyframe')
        if is_keyframe and encoder.codec == 'H264':
            wrong = wrong_with_h264(buffer.extract_dup(0, buffer.get_size()))
            if wrong:
                raise Unfit(wrong)
        if is_keyframe and number >= FRAMES_BEFORE_ASKING:
            return
    raise Unfit('it makes no keyframe when asked, so nobody could join')


def _next_frame(pipeline, deadline: float):
    """None at the end and at the deadline."""
    sink = pipeline.get_by_name('out')
    while time.monotonic() < deadline:
        sample = sink.emit('try-pull-sample', ERROR_POLL_NS)
        if sample:
            return sample.get_buffer()
        if error := _error_of(pipeline):
            raise Unfit(error)
        if sink.get_property('eos'):
            break
    return None


def _error_of(pipeline) -> str | None:
    message = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
    if not message:
        return None
    failure, details = message.parse_error()
    return in_words(failure.message, details)


def wrong_with_h264(access_unit: bytes) -> str | None:
    """What keeps browsers from decoding this keyframe (byte-stream), in words; None when nothing does."""
    units = {unit[0] & 31: unit for unit in access_unit.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1') if unit}
    if not {SEQUENCE_PARAMETERS, PICTURE_PARAMETERS, SLICE_IDR} <= units.keys():
        return 'its keyframes lack what a browser needs to begin with (SPS, PPS and an IDR picture)'
    profile, constraints = units[SEQUENCE_PARAMETERS][1:3]
    # A stream of another profile may promise to keep to Baseline by constraint_set0_flag.
    if profile == BASELINE or constraints & 0x80:
        return None
    return f'it makes {PROFILES.get(profile, f"profile {profile}")} profile, which not every browser plays'


def main(factories: list[str]) -> None:
    for factory in factories:
        print(problem(factory) or '', flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
