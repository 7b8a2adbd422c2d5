"""Stand-ins for encoders that need hardware which is not here.

Each is registered under the real element's name, has that element's properties (names, types, ranges and defaults of
its published source), takes its kind of memory, obeys its way of asking for a keyframe and no other, and encodes with
x264enc. It writes down what was set, and complains of what the real one would not bear. Properties that it does not
have are refused by GObject itself.

One process has one flavour: two of them share a factory name. encoder_session.py and stand_in_trial.py are such
processes.
"""

from stand_in_parts import Converter, StandIn, VaPostProc, choice, flag, number, structure
from webrtc_sender.gst import GLib, GObject, Gst

MAX_UINT = GLib.MAXUINT
NVENC_MAX_KBPS = 2000 * 1024

# gst-nvvideo4linux2: gstv4l2videoenc.c and gstv4l2h264enc.c. What both flavours have.
NVV4L2 = {
    'bitrate': number(0, MAX_UINT, 4_000_000),
    'iframeinterval': number(0, MAX_UINT, 30),
    'idrinterval': number(0, MAX_UINT, 256),
    'profile': choice('NvV4l2Profile', {'Baseline': 0, 'Main': 2, 'High': 4, 'High444': 7}, 0),
    'extra-controls': structure(),
}


class StandInNvV4l2H264EncTegra(StandIn):
    """On a Jetson: a signal for keyframes, and a switch for nearly everything."""

    MEMORY, KEYFRAME_BY, BITS_IN_UNIT = 'memory:NVMM', 'signal', 1
    __gsignals__ = {'force-IDR': (GObject.SignalFlags.RUN_LAST | GObject.SignalFlags.ACTION, None, ())}
    __gproperties__ = {
        **NVV4L2,
        'control-rate': choice('NvV4l2RateTegra', {'variable_bitrate': 0, 'constant_bitrate': 1}, 1),
        'peak-bitrate': number(0, MAX_UINT, 0),
        'preset-level': choice('NvV4l2Preset', {'DisablePreset': 0, 'UltraFastPreset': 1, 'FastPreset': 2}, 1),
        'vbv-size': number(0, MAX_UINT, 4_000_000),
        'ratecontrol-enable': flag(True),
        'maxperf-enable': flag(),
        'poc-type': number(0, 2, 0),
        'insert-vui': flag(),
        'insert-sps-pps': flag(),
        'insert-aud': flag(),
        'num-B-Frames': number(0, 2, 0),
        'disable-cabac': flag(),
        'num-Ref-Frames': number(0, 8, 1),
    }

    def do_force_IDR(self):
        self.make_keyframe('signal')


class StandInNvV4l2H264EncCuvid(StandIn):
    """On a DGX Spark and on discrete cards: a property for keyframes, tuning by number."""

    MEMORY, KEYFRAME_BY, BITS_IN_UNIT = 'memory:NVMM', 'property', 1
    __gproperties__ = {
        **NVV4L2,
        'control-rate': choice('NvV4l2RateCuvid', {'variable_bitrate': 0, 'constant_bitrate': 1, 'constantQP': 2}, 1),
        'gpu-id': number(0, MAX_UINT, 0),
        'preset-id': number(1, 7, 1),
        'tuning-info-id': choice(
            'NvV4l2Tuning',
            {'HighQualityPreset': 1, 'LowLatencyPreset': 2, 'UltraLowLatencyPreset': 3, 'LosslessPreset': 4},
            2,
        ),
        'force-idr': flag(),
        'force-intra': flag(),
        'copy-meta': flag(),
        'extended-colorformat': flag(),
    }


# gst-plugins-bad/sys/nvcodec: gstnvh264encoder.cpp and gstnvencoder.cpp.
OLD_PRESETS = ('default', 'hp', 'hq', 'low-latency', 'low-latency-hq', 'low-latency-hp', 'lossless', 'lossless-hp')
NEW_PRESETS = (*OLD_PRESETS, 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7')
TUNES = ('default', 'high-quality', 'low-latency', 'ultra-low-latency', 'lossless')
RATE_CONTROLS = ('default', 'constqp', 'cbr', 'vbr', 'vbr-minqp', 'cbr-ld-hq', 'cbr-hq', 'vbr-hq')


def numbered(*nicks: str) -> dict[str, int]:
    return {nick: place for place, nick in enumerate(nicks)}


NVCODEC = {
    'bitrate': number(0, NVENC_MAX_KBPS, 0),
    'max-bitrate': number(0, NVENC_MAX_KBPS, 0),
    'gop-size': number(-1, GLib.MAXINT, 30),
    'vbv-buffer-size': number(0, MAX_UINT, 0),
    'rc-lookahead': number(0, 32, 0),
    'strict-gop': flag(),
    'aud': flag(True),
}


class NvCodec(StandIn):
    """What changes anything but the bitrate opens a new session, which begins with a keyframe."""

    NOT_LIVE = ('vbv-buffer-size', 'gop-size', 'rc-lookahead')


class StandInNvCodecH264Enc122(NvCodec):
    """nvautogpuh264enc and nvcudah264enc of GStreamer 1.22."""

    __gproperties__ = {
        **NVCODEC,
        'preset': choice('NvPreset122', numbered(*OLD_PRESETS), 0),
        'rate-control': choice('NvRate122', numbered('cqp', 'vbr', 'cbr', 'cbr-ld-hq', 'cbr-hq', 'vbr-hq'), 1),
        'b-frames': number(0, 4, 0),
        'zero-reorder-delay': flag(),
        'repeat-sequence-header': flag(),
        'cabac': flag(True),
    }


class StandInNvCodecH264Enc124(NvCodec):
    """nvautogpuh264enc and nvcudah264enc of GStreamer 1.24, as on a DGX Spark."""

    __gproperties__ = {
        **NVCODEC,
        'preset': choice('NvPreset124', numbered(*NEW_PRESETS), 0),
        'tune': choice('NvTune124', numbered(*TUNES), 0),
        'multi-pass': choice('NvPass124', numbered('default', 'disabled', 'two-pass-quarter', 'two-pass'), 0),
        'rate-control': choice('NvRate124', numbered(*RATE_CONTROLS), 0),
        'b-frames': number(0, 4, 0),
        'zero-reorder-delay': flag(),
        'repeat-sequence-header': flag(),
        'cabac': flag(True),
    }


class StandInNvH264EncLegacy(StandIn):
    """nvh264enc up to GStreamer 1.24: gstnvbaseenc.c. Each change begins anew, with a keyframe."""

    REOPENS_FOR = ('bitrate', 'vbv-buffer-size')
    __gproperties__ = {
        **NVCODEC,
        'preset': choice('NvPresetLegacy', numbered(*OLD_PRESETS), 0),
        'rc-mode': choice('NvRateLegacy', numbered(*RATE_CONTROLS), 0),
        'bframes': number(0, 4, 0),
        'zerolatency': flag(),
    }


class StandInNvH264Enc126(NvCodec):
    """nvh264enc from GStreamer 1.26: the newer element with the older names."""

    __gproperties__ = {
        **NVCODEC,
        'preset': choice('NvPreset126', numbered(*NEW_PRESETS), 0),
        'tune': choice('NvTune126', numbered(*TUNES), 0),
        'rc-mode': choice('NvRate126', numbered(*RATE_CONTROLS), 0),
        'bframes': number(0, 4, 0),
        'zerolatency': flag(),
        'repeat-sequence-header': flag(),
        'cabac': flag(True),
    }


class StandInVaH264Enc(StandIn):
    """gst-plugins-bad/sys/va/gstvah264enc.c. A buffer of less than half a second becomes one of two seconds."""

    MEMORY = 'memory:VAMemory'
    REOPENS_FOR = ('bitrate',)
    __gproperties__ = {
        'bitrate': number(0, NVENC_MAX_KBPS, 0),
        'cpb-size': number(0, NVENC_MAX_KBPS, 0),
        'rate-control': choice('VaRate', {'cbr': 2, 'vbr': 4, 'cqp': 16}, 2),
        'key-int-max': number(0, 1024, 0),
        'b-frames': number(0, 31, 0),
        'ref-frames': number(0, 16, 3),
        'target-usage': number(1, 7, 4),
        'mbbrc': choice('VaMbbrc', numbered('auto', 'enabled', 'disabled'), 0),
        'aud': flag(),
    }

    def on_set(self, name: str, value) -> None:
        buffer_kbit = self.values.get('cpb-size')
        if name == 'bitrate' and buffer_kbit is not None and buffer_kbit < value / 2:
            self.complaints.append(f'cpb-size {buffer_kbit} is ignored at {value} kbit/s')


class StandInV4l2H264Enc122(StandIn):
    """gst-plugins-good/sys/v4l2, GStreamer 1.22: everything goes by controls of the driver; the event is ignored."""

    KEYFRAME_BY = 'control'
    CONTROLS = ('video_bitrate', 'video_gop_size', 'h264_i_frame_period', 'repeat_sequence_header', 'force_key_frame')
    # Drivers answer "busy" to these while they stream.
    NOT_LIVE = ('video_gop_size', 'h264_i_frame_period', 'repeat_sequence_header')
    OUT = f'{StandIn.OUT},level=(string)3.1'
    __gproperties__ = {'extra-controls': structure()}

    def on_set(self, name: str, controls) -> None:
        for control, value in controls.items():
            if control not in self.CONTROLS:
                self.complaints.append(f'the driver has no control {control}')
            elif control == 'force_key_frame':
                self.make_keyframe('control')
            else:
                self.note(control, value)
            if control == 'video_bitrate':
                self.obey_rate(value, bits_in_unit=1)


class StandInV4l2H264Enc124(StandInV4l2H264Enc122):
    """From GStreamer 1.24 it obeys the event too."""

    OBEYS_EVENT = True


class Faulty(StandIn):
    __gproperties__ = {'bitrate': number(0, NVENC_MAX_KBPS, 0)}


class StandInThatCrashes(Faulty):
    def do_change_state(self, transition):
        import os

        os.abort()


class StandInThatHangs(Faulty):
    def do_change_state(self, transition):
        import time

        time.sleep(60)


class StandInWithoutOutput(Faulty):
    OUT = f'{StandIn.OUT} ! identity drop-probability=1'


class StandInWithoutSessions(Faulty):
    """What the real ones post when the driver's limit is reached."""

    def do_change_state(self, transition):
        if transition == Gst.StateChange.READY_TO_PAUSED:
            self.fail('Could not encode stream.', 'gstnvencoder.cpp(1157): Failed to open session')
            return Gst.StateChangeReturn.FAILURE
        return Gst.Bin.do_change_state(self, transition)


class StandInThatMakesHighProfile(Faulty):
    """Claims what was asked for, and makes another thing."""

    ENCODER = 'x264enc name=inner tune=zerolatency speed-preset=medium bframes=0 dct8x8=true threads=1'
    OUT = 'video/x-h264,profile=high ! capssetter caps=video/x-h264,profile=constrained-baseline'


class StandInThatIgnoresKeyframeRequests(Faulty):
    KEYFRAME_BY = 'nothing'


NVVIDEOCONVERT = {'nvvideoconvert': Converter}
#: {flavour: (factory, class, what else is registered)}
FLAVOURS = {
    'nvv4l2h264enc Tegra': ('nvv4l2h264enc', StandInNvV4l2H264EncTegra, {'nvvidconv': Converter}),
    'nvv4l2h264enc cuvid': ('nvv4l2h264enc', StandInNvV4l2H264EncCuvid, NVVIDEOCONVERT),
    'nvautogpuh264enc 1.22': ('nvautogpuh264enc', StandInNvCodecH264Enc122, {}),
    'nvautogpuh264enc 1.24': ('nvautogpuh264enc', StandInNvCodecH264Enc124, {}),
    'nvcudah264enc 1.22': ('nvcudah264enc', StandInNvCodecH264Enc122, {}),
    'nvcudah264enc 1.24': ('nvcudah264enc', StandInNvCodecH264Enc124, {}),
    'nvh264enc 1.24': ('nvh264enc', StandInNvH264EncLegacy, {}),
    'nvh264enc 1.26': ('nvh264enc', StandInNvH264Enc126, {}),
    'vah264enc': ('vah264enc', StandInVaH264Enc, {'vapostproc': VaPostProc}),
    'vah264lpenc': ('vah264lpenc', StandInVaH264Enc, {'vapostproc': VaPostProc}),
    'v4l2h264enc 1.22': ('v4l2h264enc', StandInV4l2H264Enc122, {}),
    'v4l2h264enc 1.24': ('v4l2h264enc', StandInV4l2H264Enc124, {}),
}
FAULTY = {
    'crashes': StandInThatCrashes,
    'hangs': StandInThatHangs,
    'no output': StandInWithoutOutput,
    'no sessions': StandInWithoutSessions,
    'High profile': StandInThatMakesHighProfile,
    'no keyframes': StandInThatIgnoresKeyframeRequests,
}


def register(flavour: str) -> str:
    """Makes GStreamer know this flavour in this process; the factory's name."""
    factory, stand_in, others = FLAVOURS.get(flavour) or ('nvcudah264enc', FAULTY[flavour], {})
    for name, cls in {factory: stand_in, **others}.items():
        assert Gst.Element.register(None, name, Gst.Rank.NONE, cls)
    return factory
