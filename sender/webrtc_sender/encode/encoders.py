"""Every encoder the sender can use, as data. A new one is one more entry in ENCODERS.

Names, units and defaults are those of the elements' published sources: GStreamer 1.22, 1.24 and 1.26, and NVIDIA's
gst-nvvideo4linux2. They differ between versions and machines, so each setting is set only if the element has it
(encoding.py). Low latency means the same everywhere: no B-frames, no lookahead, constant bitrate, a keyframe only when
asked for.
"""

import os
from dataclasses import dataclass, field

# Chromium has trouble with more than four slices a frame, and with sliced threads each thread makes one.
X264_THREADS = min(4, os.cpu_count() or 1)
# Converting 720p from BGR takes 1.2 ms with two threads; what fits already is not touched by any.
CONVERT_THREADS = 2


@dataclass(frozen=True)
class Encoder:
    """One way to make H.264 or VP8.

    In the values `{kbps}`, `{bps}`, `{gop}` (frames) and the sizes of half a second, of one and a half frames and the
    like are filled in from a Rate. `a|b` is the first of both that this version of the element knows.
    """

    factory: str
    #: Where it comes from, for people who do not have it: a Debian package, or a sentence.
    source: str
    codec: str = 'H264'
    #: The one raw format that it is given.
    raw_format: str = 'NV12'
    #: What brings a picture into `memory` and scales it, the first that is installed. Empty: it takes system memory.
    uploads: tuple[str, ...] = ()
    memory: str = ''
    settings: dict[str, str] = field(default_factory=dict, hash=False)
    #: What carries the rate, and may be changed while it plays.
    live: dict[str, str] = field(default_factory=dict, hash=False)
    #: Caps fields asked of it. Every browser decodes constrained baseline; some elements only know its elder sister.
    profile: str = 'profile=(string){constrained-baseline,baseline}'
    #: Whether this element answers each change of rate with a keyframe: change it seldom.
    rate_change_costs_keyframe: bool = False


@dataclass(frozen=True)
class Rate:
    """How much an encoder may make: kbit/s, frames a second, and the most frames between two keyframes."""

    kbps: int
    fps: float
    keyframe_interval: int


NVCODEC = {
    'rate-control': 'cbr',
    # Until 1.22 there is no p2, and no tune.
    'preset': 'p2|low-latency-hp',
    'tune': 'ultra-low-latency',
    'zero-reorder-delay': 'true',
    'b-frames': '0',
    'rc-lookahead': '0',
    'gop-size': '{gop}',
    'strict-gop': 'true',
    'repeat-sequence-header': 'true',
    'aud': 'false',
    # Not live: a change of this opens a new session, one of the bitrate does not (…_encoder_check_reconfigure).
    'vbv-buffer-size': '{frames_kbit}',
}
NVIDIA_DRIVER = 'gstreamer1.0-plugins-bad, with an NVIDIA driver'

VA = {
    'rate-control': 'cbr',
    'key-int-max': '{gop_1024}',
    'b-frames': '0',
    'ref-frames': '1',
    'target-usage': '6',
    'mbbrc': 'disabled',
    'aud': 'false',
}
# The buffer first: setting the bitrate is what makes the element read both. Less than half a second of buffer is taken
# for a mistake and becomes two seconds (_calculate_bitrate_hrd).
VA_LIVE = {'cpb-size': '{half_second_kbit}', 'bitrate': '{kbps}'}
VA_UPLOAD = ('vapostproc add-borders=true',)
VA_DRIVER = 'gstreamer1.0-plugins-bad, with a driver for Intel or AMD graphics'

# The order of preference (DESIGN.md, decision 11).
ENCODERS = (
    Encoder(
        'nvv4l2h264enc',
        "NVIDIA's DeepStream, or a Jetson's own software",
        # A Jetson without DeepStream has only the second.
        uploads=('nvvideoconvert', 'nvvidconv'),
        memory='memory:NVMM',
        settings={
            # Both flavours, the names of each: cuvid (DGX Spark, discrete) and Tegra (Jetson).
            'control-rate': 'constant_bitrate',
            'profile': 'Baseline',
            'idrinterval': '{gop}',
            'iframeinterval': '{gop}',
            'preset-id': '1',
            'tuning-info-id': 'UltraLowLatencyPreset',
            'preset-level': 'UltraFastPreset',
            'maxperf-enable': 'true',
            'insert-sps-pps': 'true',
            'insert-vui': 'true',
            'poc-type': '2',
            'num-B-Frames': '0',
            'vbv-size': '{frames_bits}',
        },
        live={'bitrate': '{bps}'},
        profile='',
    ),
    Encoder('nvautogpuh264enc', NVIDIA_DRIVER, settings=NVCODEC, live={'bitrate': '{kbps}'}),
    Encoder('nvcudah264enc', NVIDIA_DRIVER, settings=NVCODEC, live={'bitrate': '{kbps}'}),
    Encoder(
        'nvh264enc',
        NVIDIA_DRIVER,
        settings={
            # Up to 1.24 this is an old element of its own; from 1.26 it is nvcudah264enc with the old one's names.
            **NVCODEC,
            'preset': 'p2|low-latency-hq',
            'rc-mode': 'cbr-ld-hq',
            'zerolatency': 'true',
            'bframes': '0',
        },
        live={'bitrate': '{kbps}'},
        # The old one does (gst_nv_base_enc_set_format: forceIDR); the new one does not.
        rate_change_costs_keyframe=True,
    ),
    Encoder(
        'vah264enc',
        VA_DRIVER,
        uploads=VA_UPLOAD,
        memory='memory:VAMemory',
        settings=VA,
        live=VA_LIVE,
        rate_change_costs_keyframe=True,
    ),
    # Newer Intel graphics have only this one.
    Encoder(
        'vah264lpenc',
        VA_DRIVER,
        uploads=VA_UPLOAD,
        memory='memory:VAMemory',
        settings=VA,
        live=VA_LIVE,
        rate_change_costs_keyframe=True,
    ),
    Encoder(
        'v4l2h264enc',
        'a Raspberry Pi 4, or other hardware whose encoder Linux knows',
        settings={
            'extra-controls': 'c,video_bitrate={bps},video_gop_size={gop},'
            'h264_i_frame_period={gop},repeat_sequence_header=1',
        },
        # The others may not change while it streams.
        live={'extra-controls': 'c,video_bitrate={bps}'},
        # Without a level many drivers choose one that is too low.
        profile='profile=(string){{constrained-baseline,baseline}},level=(string){{{levels}}}',
    ),
    Encoder(
        'x264enc',
        'gstreamer1.0-plugins-ugly',
        # NV12 would spare cameras that deliver it 0.3 ms a frame at 720p; it costs those with YUYV 0.8 ms.
        raw_format='I420',
        settings={
            'tune': 'zerolatency',
            'speed-preset': 'ultrafast',
            'bframes': '0',
            'key-int-max': '{gop}',
            # Milliseconds: it follows the rate.
            'vbv-buf-capacity': '120',
            'sliced-threads': 'true',
            'threads': str(X264_THREADS),
            'aud': 'false',
            'byte-stream': 'true',
        },
        live={'bitrate': '{kbps}'},
        profile='profile=constrained-baseline',
    ),
    Encoder(
        'openh264enc',
        'gstreamer1.0-plugins-bad',
        raw_format='I420',
        settings={
            'usage-type': 'camera',
            'rate-control': 'bitrate',
            'complexity': 'low',
            'gop-size': '{gop}',
            'scene-change-detection': 'false',
            'background-detection': 'false',
            'enable-frame-skip': 'true',
        },
        live={'bitrate': '{bps}'},
        rate_change_costs_keyframe=True,
    ),
    Encoder(
        'vp8enc',
        'gstreamer1.0-plugins-good',
        codec='VP8',
        raw_format='I420',
        settings={
            'deadline': '1',
            'cpu-used': '-16',
            'end-usage': 'cbr',
            'keyframe-max-dist': '{gop}',
            'lag-in-frames': '0',
            'buffer-initial-size': '100',
            'buffer-optimal-size': '120',
            'buffer-size': '150',
            'max-intra-bitrate': '250',
            # 720p took 4.7 ms a frame and 4.3 ms of processor; with two threads, which wait for each other by spinning,
            # 5.9 and 7 (two cores).
            'threads': '1',
        },
        live={'target-bitrate': '{bps}'},
        profile='',
    ),
)

# Level, macroblocks a second, macroblocks a frame (H.264, table A-1), from the lowest that every browser expects.
LEVELS = (
    ('3.1', 108_000, 3_600),
    ('3.2', 216_000, 5_120),
    ('4', 245_760, 8_192),
    ('4.2', 522_240, 8_704),
    ('5', 589_824, 22_080),
    ('5.1', 983_040, 36_864),
)


def by_name(factory: str) -> Encoder:
    return next(encoder for encoder in ENCODERS if encoder.factory == factory)


def settings_for(encoder: Encoder, rate: Rate) -> dict[str, str]:
    """Everything that is set before it plays, with this rate filled in."""
    return _filled_in({**encoder.live, **encoder.settings}, rate)


def live_settings_for(encoder: Encoder, rate: Rate) -> dict[str, str]:
    """What is set again when the rate changes, in this order."""
    return _filled_in(encoder.live, rate)


def levels_for(width: int, height: int, fps: float) -> list[str]:
    """The H.264 levels that carry this picture, the lowest first."""
    blocks = -(-width // 16) * -(-height // 16)
    return [level for level, a_second, a_frame in LEVELS if blocks <= a_frame and blocks * fps <= a_second]


def describe(encoder: Encoder, width: int, height: int, fps: float = 30.0) -> str:
    """The encoder's part of a pipeline, as text: raw video in system memory in, one access unit a buffer out.

    All that arrives is brought to one size and one format, so that the source may change under a running encoder; what
    has both already passes through untouched. The frame rate is the source's: a change of it reaches the encoder.
    """
    size = f'format={encoder.raw_format},width={width},height={height},pixel-aspect-ratio=1/1'
    if encoder.uploads:
        # What the graphics hardware cannot read (BGR, say) is converted before, the rest by the hardware itself.
        parts = [f'videoconvert n-threads={CONVERT_THREADS}', _installed(encoder.uploads)]
        parts.append(f'video/x-raw({encoder.memory}),{size}')
    else:
        parts = [f'videoconvertscale n-threads={CONVERT_THREADS}', f'video/x-raw,{size}']
    parts.append(f'{encoder.factory} name=encoder')
    if encoder.codec == 'VP8':
        return ' ! '.join([*parts, 'video/x-vp8'])
    profile = encoder.profile
    if '{levels}' in profile:
        profile = profile.format(levels=','.join(levels_for(width, height, fps)))
    parts += [
        f'video/x-h264,{profile}'.rstrip(','),
        'h264parse config-interval=-1',
        'video/x-h264,stream-format=byte-stream,alignment=au',
    ]
    return ' ! '.join(parts)


def applicable(settings: dict[str, str], has) -> tuple[dict[str, str], list[str]]:
    """Splits settings into those that the element has, by `has(name)`, and the names of the rest."""
    present = {name: value for name, value in settings.items() if has(name)}
    return present, [name for name in settings if name not in present]


def _filled_in(settings: dict[str, str], rate: Rate) -> dict[str, str]:
    # A keyframe may be larger than a frame, but not by much.
    frames_bits = max(1_000, round(rate.kbps * 1000 / rate.fps * 1.5))
    values = {
        'kbps': rate.kbps,
        'bps': rate.kbps * 1000,
        'gop': rate.keyframe_interval,
        'gop_1024': min(rate.keyframe_interval, 1024),
        'frames_bits': frames_bits,
        'frames_kbit': round(frames_bits / 1000),
        'half_second_kbit': -(-rate.kbps // 2),
    }
    return {name: text.format(**values) for name, text in settings.items()}


def _installed(uploads: tuple[str, ...]) -> str:
    from ..gst import Gst  # not above: this module's data is read before it is known whether GStreamer is there

    for upload in uploads:
        if Gst.ElementFactory.find(upload.split()[0]):
            return upload
    return uploads[0]
