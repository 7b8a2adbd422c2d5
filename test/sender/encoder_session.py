"""Drives one encoder as the sender does and prints, as JSON, what came of it: `encoder_session.py FACTORY [FLAVOUR]`.

With a flavour of stand_in_encoders.py, that stand-in takes the factory's name first.
"""

import json
import sys

import conftest  # noqa: F401
import stand_in_encoders
from stand_in_parts import StandIn, fields_of
from webrtc_sender.encode import encoders, encoding
from webrtc_sender.encode.encoders import Rate
from webrtc_sender.gst import Gst

FULL, LOW = Rate(kbps=2000, fps=30.0, keyframe_interval=2560), Rate(kbps=700, fps=30.0, keyframe_interval=2560)
# Half noise: as many bits as the encoder is allowed.
SOURCE = (
    'videotestsrc pattern=smpte horizontal-speed=7 ! video/x-raw,format=I420,width=640,height=360,framerate=30/1'
    ' ! videoconvert'
)
SINK = 'appsink name=out sync=false max-buffers=1 enable-last-sample=false'
FRAMES = 60


def main(factory: str, flavour: str | None) -> dict:
    if flavour:
        assert stand_in_encoders.register(flavour) == factory
    encoder = encoders.by_name(factory)
    text = encoders.describe(encoder, 480, 270)
    pipeline = Gst.parse_launch(f'{SOURCE} ! {text} ! {SINK}')
    element, sink = pipeline.get_by_name('encoder'), pipeline.get_by_name('out')
    stand_in = StandIn.MADE[0] if flavour else None
    encoding.configure(element, encoder, FULL)
    before = dict(stand_in.values) if stand_in else {}
    pipeline.set_state(Gst.State.PLAYING)
    full = [frame(sink) for _ in range(FRAMES)]
    encoding.set_bitrate(element, encoder, LOW)
    low = [frame(sink) for _ in range(FRAMES)]
    encoding.force_keyframe(element, encoder)
    forced = [frame(sink) for _ in range(FRAMES)]
    caps = sink.get_static_pad('sink').get_current_caps().to_string()
    pipeline.set_state(Gst.State.NULL)
    return {
        'before': before,
        'live': stand_in.live if stand_in else [],
        'complaints': stand_in.complaints if stand_in else [],
        'keyframesAsked': stand_in.keyframes_asked if stand_in else [],
        'caps': {name: value for name, value in fields_of(caps).items() if name in ('width', 'height', 'profile')},
        'kbps': [kbps(full), kbps(low)],
        'keyframes': [places(full), places(low), places(forced)],
    }


def frame(sink) -> tuple[int, bool]:
    """Size in bytes, and whether it is a keyframe."""
    buffer = sink.emit('try-pull-sample', 10 * Gst.SECOND).get_buffer()
    return buffer.get_size(), not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)


def kbps(frames) -> float:
    """Of the second half: the encoder has settled."""
    settled = frames[len(frames) // 2 :]
    return sum(size for size, _ in settled) * 8 / 1000 / (len(settled) / 30)


def places(frames) -> list[int]:
    return [place for place, (_, is_keyframe) in enumerate(frames) if is_keyframe]


if __name__ == '__main__':
    print(json.dumps(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)))
