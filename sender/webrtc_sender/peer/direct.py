"""The few calls that are made for each frame or each report of every viewer, past the binding.

PyGObject lets go of the interpreter's lock around each call, while other threads wait for it: reading reports field by
field took 1 % of a core for each viewer, most of it threads waking each other. ctypes.PyDLL keeps the lock, and none of
these functions waits for anything. Their signatures and the two layouts are part of the ABI of GStreamer 1 and GLib 2.
Objects are given by their address, which is the hash of PyGObject's wrapper; who calls holds that wrapper.
"""

import ctypes

from ..gst import GObject, Gst

_gst = ctypes.PyDLL('libgstreamer-1.0.so.0')
_app = ctypes.PyDLL('libgstapp-1.0.so.0')
NEVER = Gst.CLOCK_TIME_NONE
_pointer, _name, _type = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t


def _function(library, name: str, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


_ref = _function(_gst, 'gst_mini_object_ref', _pointer, _pointer)
_unref = _function(_gst, 'gst_mini_object_unref', None, _pointer)
_structure_of = _function(_gst, 'gst_event_get_structure', _pointer, _pointer)
_name_of = _function(_gst, 'gst_structure_get_name', _name, _pointer)
_value_of = _function(_gst, 'gst_structure_get_value', _pointer, _pointer, _name)
_time_of = _function(_gst, 'gst_structure_get_uint64', ctypes.c_int, _pointer, _name, _pointer)
_number_of = _function(_gst, 'gst_structure_get_uint', ctypes.c_int, _pointer, _name, _pointer)
_push = _function(_app, 'gst_app_src_push_buffer', ctypes.c_int, _pointer, _pointer)
_queued = _function(_app, 'gst_app_src_get_current_level_buffers', ctypes.c_uint64, _pointer)

_VALUE_ARRAY = hash(GObject.type_from_name('GValueArray'))


class _Value(ctypes.Structure):
    """GValue: its type, and two words of data."""

    _fields_ = (('type', _type), ('pointer', _pointer), ('rest', ctypes.c_uint64))


class _ValueArray(ctypes.Structure):
    """GValueArray."""

    _fields_ = (('count', ctypes.c_uint), ('values', _pointer), ('room', ctypes.c_uint))


def push(source: int, buffer: int) -> None:
    """Hands a frame to an appsrc, which takes a reference of its own."""
    _push(source, _ref(buffer))


def queued(source: int) -> int:
    """How many frames wait in an appsrc."""
    return _queued(source)


def event_of(info) -> int:
    """What a pad probe is called for."""
    return info.data if isinstance(info.data, int) else hash(info.get_event())


def event_name(event: int) -> bytes | None:
    """The name of its structure, where it has one."""
    structure = _structure_of(event)
    return _name_of(structure) if structure else None


class Report:
    """One `RTPTWCCPackets` event, as GStreamer made it until somebody asks what is in it. Empty where it is not
    built as in GStreamer 1.22 to 1.26."""

    __slots__ = ('_entries', '_event')

    def __init__(self, event: int) -> None:
        self._event = _ref(event)
        self._entries = _entries_of(event)

    def __del__(self) -> None:
        _unref(self._event)

    def __len__(self) -> int:
        """How many packets it speaks of."""
        return len(self._entries)

    def ends(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """The first packet and the last, as in `packets`."""
        first, last = _read((self._entries[0], self._entries[-1]))
        return first, last

    def is_whole(self) -> bool:
        """Whether every packet has arrived."""
        arrived = ctypes.c_uint64(NEVER)
        into = ctypes.byref(arrived)
        return all(_time_of(entry, b'remote-ts', into) and arrived.value != NEVER for entry in self._entries)

    def missing(self) -> int:
        """How many of what was sent have not arrived."""
        return sum(sent != NEVER and arrived == NEVER for sent, arrived, _ in self.packets())

    def packets(self) -> list[tuple[int, int, int]]:
        """(sent, arrived, size) of each: nanoseconds, NEVER where it was not, and bytes."""
        return _read(self._entries)


def _read(entries) -> list[tuple[int, int, int]]:
    sent, arrived, size = ctypes.c_uint64(), ctypes.c_uint64(), ctypes.c_uint()
    into_sent, into_arrived, into_size = ctypes.byref(sent), ctypes.byref(arrived), ctypes.byref(size)
    packets = []
    for entry in entries:
        sent.value = arrived.value = NEVER
        size.value = 0
        _time_of(entry, b'local-ts', into_sent)
        _time_of(entry, b'remote-ts', into_arrived)
        _number_of(entry, b'size', into_size)
        packets.append((sent.value, arrived.value, size.value))
    return packets


def _entries_of(event: int) -> list[int]:
    """The address of each packet's structure."""
    value = _value_of(_structure_of(event), b'packets')
    if not value or _Value.from_address(value).type != _VALUE_ARRAY:
        return []
    array = _ValueArray.from_address(_Value.from_address(value).pointer)
    return (ctypes.c_uint64 * (3 * array.count)).from_address(array.values)[1::3] if array.count else []
