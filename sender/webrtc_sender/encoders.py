"""Every encoder the sender can use, as data. A new one is one more entry in ENCODERS.

Settings come from NVIDIA's published sources, from webrtcsink and from selkies; each is set only if the element has
it, because names differ between platforms and versions. `{kbps}`, `{bps}`, `{vbv_kbit}` and `{gop}` are filled in.
Low latency means the same everywhere: no B-frames, no lookahead, constant bitrate, a keyframe only when asked for.
"""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Encoder:
    """One way to make H.264 or VP8."""

    factory: str
    codec: str = 'H264'
    #: What brings a picture from system memory to the encoder; empty when it takes that.
    upload: str = ''
    settings: dict[str, str] = field(default_factory=dict)
    #: Caps fields asked of it. Every browser decodes constrained baseline; some elements only know its elder sister.
    profile: str = 'profile=(string){constrained-baseline,baseline}'


@dataclass(frozen=True)
class Rate:
    """What the settings are filled in with."""

    kbps: int
    fps: float
    keyframe_interval: int


NVCODEC = {
    'rate-control': 'cbr',
    'preset': 'p2',
    'tune': 'ultra-low-latency',
    'zero-reorder-delay': 'true',
    'b-frames': '0',
    'rc-lookahead': '0',
    'gop-size': '{gop}',
    'strict-gop': 'true',
    'repeat-sequence-header': 'true',
    'aud': 'false',
    'vbv-buffer-size': '{vbv_kbit}',
    'bitrate': '{kbps}',
}

# Chromium has trouble with more than four slices a frame, and with sliced threads each thread makes one.
X264_THREADS = min(4, os.cpu_count() or 1)

# The order of preference (decision 11).
ENCODERS = (
    Encoder(
        'nvv4l2h264enc',
        upload='nvvideoconvert ! video/x-raw(memory:NVMM),format=NV12',
        settings={
            # Both flavours, the names of each: cuvid (DGX Spark, discrete) and Tegra (Jetson).
            'control-rate': '1',
            'bitrate': '{bps}',
            'profile': '0',
            'idrinterval': '{gop}',
            'iframeinterval': '{gop}',
            'preset-id': '1',
            'tuning-info-id': '3',
            'preset-level': '1',
            'maxperf-enable': 'true',
            'insert-sps-pps': 'true',
            'insert-vui': 'true',
            'poc-type': '2',
            'num-B-Frames': '0',
        },
        profile='',
    ),
    Encoder('nvautogpuh264enc', settings=NVCODEC),
    Encoder('nvcudah264enc', settings=NVCODEC),
    Encoder(
        'nvh264enc',
        # Up to 1.24 this is the old element, from 1.26 the new one: the names of both.
        settings={
            **NVCODEC,
            'preset': 'low-latency-hq',
            'rc-mode': 'cbr-ld-hq',
            'zerolatency': 'true',
            'bframes': '0',
        },
    ),
    Encoder(
        'vah264enc',
        upload='vapostproc',
        settings={
            'rate-control': 'cbr',
            'bitrate': '{kbps}',
            'key-int-max': '1024',
            'b-frames': '0',
            'ref-frames': '1',
            'target-usage': '6',
            'mbbrc': 'disabled',
            'aud': 'false',
            'cpb-size': '{vbv_kbit}',
        },
    ),
    Encoder(
        'v4l2h264enc',
        settings={
            'extra-controls': 'c,video_bitrate={bps},video_gop_size={gop},'
            'h264_i_frame_period={gop},repeat_sequence_header=1',
        },
        profile='profile=(string){constrained-baseline,baseline},level=(string)4',
    ),
    Encoder(
        'x264enc',
        settings={
            'tune': 'zerolatency',
            'speed-preset': 'ultrafast',
            'bframes': '0',
            'key-int-max': '{gop}',
            'bitrate': '{kbps}',
            'vbv-buf-capacity': '120',
            'sliced-threads': 'true',
            'threads': str(X264_THREADS),
            'aud': 'false',
            'byte-stream': 'true',
        },
        profile='profile=constrained-baseline',
    ),
    Encoder(
        'openh264enc',
        settings={
            'usage-type': 'camera',
            'rate-control': 'bitrate',
            'complexity': 'low',
            'bitrate': '{bps}',
            'gop-size': '{gop}',
            'scene-change-detection': 'false',
            'background-detection': 'false',
            'enable-frame-skip': 'true',
        },
    ),
    Encoder(
        'vp8enc',
        codec='VP8',
        settings={
            'deadline': '1',
            'cpu-used': '-16',
            'target-bitrate': '{bps}',
            'end-usage': 'cbr',
            'keyframe-max-dist': '{gop}',
            'lag-in-frames': '0',
            'buffer-initial-size': '100',
            'buffer-optimal-size': '120',
            'buffer-size': '150',
            'max-intra-bitrate': '250',
            'threads': str(X264_THREADS),
        },
        profile='',
    ),
)


def by_name(factory: str) -> Encoder:
    return next(encoder for encoder in ENCODERS if encoder.factory == factory)


def settings_for(encoder: Encoder, rate: Rate) -> dict[str, str]:
    """The settings with this rate filled in."""
    values = {
        'kbps': rate.kbps,
        'bps': rate.kbps * 1000,
        'gop': rate.keyframe_interval,
        # One and a half frames' worth: a keyframe may be larger than a frame, but not by much.
        'vbv_kbit': max(1, round(rate.kbps / rate.fps * 1.5)),
    }
    return {name: text.format(**values) for name, text in encoder.settings.items()}


def describe(encoder: Encoder) -> str:
    """The encoder's part of a pipeline, as text: conversion, encoder, one access unit a buffer.

    Conversion costs a millisecond or more at 720p, but nothing where the encoder takes what arrives: videoconvert then
    passes buffers through.
    """
    parts = ['videoconvert n-threads=2']
    if encoder.upload:
        parts.append(encoder.upload)
    parts.append(f'{encoder.factory} name=encoder')
    if encoder.codec == 'VP8':
        parts.append('video/x-vp8')
    else:
        profile = f',{encoder.profile}' if encoder.profile else ''
        parts += [
            f'video/x-h264{profile}',
            'h264parse config-interval=-1',
            'video/x-h264,stream-format=byte-stream,alignment=au',
        ]
    return ' ! '.join(parts)


def applicable(settings: dict[str, str], has) -> tuple[dict[str, str], list[str]]:
    """Splits settings into those that the element has, by `has(name)`, and the names of the rest."""
    present = {name: value for name, value in settings.items() if has(name)}
    return present, [name for name in settings if name not in present]
