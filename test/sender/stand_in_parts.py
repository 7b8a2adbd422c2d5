"""What the stand-ins of stand_in_encoders.py are made of."""

import ctypes
import re

import gi

gi.require_version('GstBase', '1.0')
from gi.repository import GLib, GObject, GstBase  # noqa: E402
from webrtc_sender.gst import Gst, GstVideo  # noqa: E402

# Outside of this a bitrate was given in the wrong unit.
PLAUSIBLE_BPS = range(50_000, 100_000_001)
RAW = 'capsfilter caps="video/x-raw,format={NV12,I420}"'


def number(low: int, high: int, default: int):
    return (
        GObject.TYPE_INT if low < 0 else GObject.TYPE_UINT,
        '',
        '',
        low,
        high,
        default,
        GObject.ParamFlags.READWRITE,
    )


def flag(default: bool = False):
    return (GObject.TYPE_BOOLEAN, '', '', default, GObject.ParamFlags.READWRITE)


def structure():
    return (Gst.Structure.__gtype__, '', '', GObject.ParamFlags.READWRITE)


def fields_of(text: str) -> dict:
    """Of caps or a structure as text: PyGObject wraps them in another way in each version."""
    found = re.findall(r'([\w-]+)=\((\w+)\)([^,;\s]+)', text)
    return {name: int(value) if kind == 'int' else value for name, kind, value in found}


class _EnumValue(ctypes.Structure):
    _fields_ = (('value', ctypes.c_int), ('name', ctypes.c_char_p), ('nick', ctypes.c_char_p))


_tables = []  # GObject reads them for as long as the process lives
_default_nicks: dict[str, str] = {}


def choice(type_name: str, values: dict[str, int], default: int):
    """An enumeration, registered with GObject directly: PyGObject cannot before 3.52."""
    entries = [_EnumValue(value, nick.encode(), nick.encode()) for nick, value in values.items()]
    table = (_EnumValue * (len(entries) + 1))(*entries)
    _tables.append(table)
    register = ctypes.CDLL('libgobject-2.0.so.0').g_enum_register_static
    register.restype, register.argtypes = ctypes.c_size_t, (ctypes.c_char_p, ctypes.c_void_p)
    register(f'StandIn{type_name}'.encode(), table)
    _default_nicks[f'StandIn{type_name}'] = next(nick for nick, value in values.items() if value == default)
    gtype = GObject.type_from_name(f'StandIn{type_name}')
    return (gtype, '', '', default, GObject.ParamFlags.READWRITE)


def _template(name: str, direction, caps: str):
    return Gst.PadTemplate.new(name, direction, Gst.PadPresence.ALWAYS, Gst.Caps.from_string(caps))


class StandIn(Gst.Bin):
    """An encoder around x264enc. Subclasses say what is peculiar to them."""

    __gstmetadata__ = ('Stand-in encoder', 'Codec/Encoder/Video', 'Stands in for hardware in tests', 'webrtc-preview')
    #: The memory it takes, as a caps feature; empty is system memory.
    MEMORY = ''
    #: The one way that makes a keyframe: event, signal, property, control.
    KEYFRAME_BY = 'event'
    OBEYS_EVENT = False
    #: `bitrate` counts in these.
    BITS_IN_UNIT = 1000
    #: These may not be set while it plays.
    NOT_LIVE = ()
    #: These may, but it begins anew, with a keyframe.
    REOPENS_FOR = ()
    ENCODER = 'x264enc name=inner tune=zerolatency speed-preset=ultrafast bframes=0 key-int-max=100000 threads=1'
    OUT = 'capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline'
    MADE: list = []

    def __init__(self):
        super().__init__()
        self.given: dict = {}
        #: The same, as JSON has it.
        self.values: dict = {}
        self.live: list = []
        self.complaints: list[str] = []
        self.keyframes_asked: list[str] = []
        StandIn.MADE.append(self)
        inner = Gst.parse_bin_from_description(f'{RAW} ! {self.ENCODER} ! {self.OUT}', True)
        self._x264 = inner.get_by_name('inner')
        self.add(inner)
        first = inner
        if self.MEMORY:
            first = MemoryTag()
            first.to_system(self.MEMORY)
            self.add(first)
            first.link(inner)
        self.add_pad(Gst.GhostPad.new('sink', first.get_static_pad('sink')))
        source = Gst.GhostPad.new('src', inner.get_static_pad('src'))
        source.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_upstream_event)
        self.add_pad(source)

    def do_set_property(self, specification, value):
        name = specification.name
        self.given[name] = value
        value = getattr(value, 'value_nick', value)
        if specification.value_type == Gst.Structure.__gtype__:
            value = fields_of(value.to_string())
        else:
            self.note(name, value)
        if name == 'bitrate':
            self.obey_rate(value, self.BITS_IN_UNIT)
        if name == 'force-idr' and value:
            self.make_keyframe('property')
        self.on_set(name, value)

    def do_get_property(self, specification):
        name, nick = specification.name, _default_nicks.get(specification.value_type.name)
        if name not in self.given and nick:
            # Only what was set has the form in which Python gives an enumeration back.
            Gst.util_set_object_arg(self, name, nick)
            del self.values[name]
        return self.given.get(name, specification.default_value)

    def on_set(self, name: str, value) -> None:
        """For what only one of them minds."""

    def note(self, name: str, value) -> None:
        if self.current_state == Gst.State.PLAYING:
            self.live.append(name)
            if name in self.NOT_LIVE:
                self.complaints.append(f'{name} was set while it plays')
            if name in self.REOPENS_FOR and value != self.values.get(name):
                self._make_keyframe()
        self.values[name] = value

    def obey_rate(self, value: int, bits_in_unit: int) -> None:
        if value * bits_in_unit not in PLAUSIBLE_BPS:
            self.complaints.append(f'a bitrate of {value * bits_in_unit} bit/s')
            return
        self._x264.set_property('bitrate', value * bits_in_unit // 1000)

    def make_keyframe(self, way: str) -> None:
        self.keyframes_asked.append(way)
        if way == self.KEYFRAME_BY or (way == 'event' and self.OBEYS_EVENT):
            self._make_keyframe()

    def fail(self, message: str, details: str) -> None:
        failure = GLib.Error.new_literal(Gst.StreamError.quark(), message, Gst.StreamError.ENCODE)
        self.post_message(Gst.Message.new_error(self, failure, details))

    def _make_keyframe(self) -> None:
        event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 0)
        self._x264.get_static_pad('src').send_event(event)

    def _on_upstream_event(self, _pad, info):
        if not GstVideo.video_event_is_force_key_unit(info.get_event()):
            return Gst.PadProbeReturn.OK
        self.make_keyframe('event')
        return Gst.PadProbeReturn.DROP


class MemoryTag(GstBase.BaseTransform):
    """Says of system memory that it is another, or the other way round. Touches no picture."""

    __gtype_name__ = 'StandInMemoryTag'
    __gstmetadata__ = ('Stand-in memory', 'Filter', 'Names memory for tests', 'webrtc-preview')
    __gsttemplates__ = (
        _template('sink', Gst.PadDirection.SINK, 'video/x-raw(ANY)'),
        _template('src', Gst.PadDirection.SRC, 'video/x-raw(ANY)'),
    )

    def __init__(self):
        super().__init__()
        self.set_passthrough(True)
        self._features = {}

    def to_system(self, memory: str) -> None:
        self._features = {Gst.PadDirection.SINK: memory, Gst.PadDirection.SRC: 'memory:SystemMemory'}

    def from_system(self, memory: str) -> None:
        self._features = {Gst.PadDirection.SINK: 'memory:SystemMemory', Gst.PadDirection.SRC: memory}

    def do_transform_caps(self, direction, caps, limit):
        here = self._features[direction]
        there = next(feature for side, feature in self._features.items() if side != direction)
        result = Gst.Caps.new_empty()
        for place in range(caps.get_size()):
            if caps.get_features(place).is_equal(Gst.CapsFeatures.from_string(here)):
                other = caps.copy_nth(place)
                other.set_features(0, Gst.CapsFeatures.from_string(there))
                result.append(other)
        return limit.intersect_full(result, Gst.CapsIntersectMode.FIRST) if limit else result


class Converter(Gst.Bin):
    """nvvideoconvert and nvvidconv: scale, convert, and put the picture into their own memory."""

    __gtype_name__ = 'StandInNvConverter'
    __gstmetadata__ = ('Stand-in converter', 'Filter/Converter/Video', 'Uploads for tests', 'webrtc-preview')
    MEMORY = 'memory:NVMM'

    def __init__(self):
        super().__init__()
        scale = Gst.ElementFactory.make('videoconvertscale')
        tag = MemoryTag()
        tag.from_system(self.MEMORY)
        self.add(scale)
        self.add(tag)
        scale.link(tag)
        self.add_pad(Gst.GhostPad.new('sink', scale.get_static_pad('sink')))
        self.add_pad(Gst.GhostPad.new('src', tag.get_static_pad('src')))


class VaPostProc(Converter):
    __gtype_name__ = 'StandInVaPostProc'
    __gproperties__ = {'add-borders': flag()}
    MEMORY = 'memory:VAMemory'

    def do_set_property(self, _specification, _value):
        """Scaling is videoconvertscale's here, which adds borders anyway."""
