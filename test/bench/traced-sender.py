#!/usr/bin/python3
"""The project's sender, which notes when each frame was where. Everything else is the sender as it is.

SIGUSR2 writes what was noted since the last time to the file that BENCH_TRACE names, one JSON object for each frame:
its number in the burned-in clock, its RTP timestamp, and the moments (Unix ms). The notes are taken by pad probes in
Python, which cost each frame some tenths of a millisecond: the total is larger than that of the sender alone.
"""

import json
import os
import runpy
import signal
import sys
import time
from collections import deque
from pathlib import Path

SENDER = Path(__file__).resolve().parents[2] / 'sender'
sys.path.insert(0, str(SENDER))

from webrtc_sender.encode.rung import Rung  # noqa: E402
from webrtc_sender.gst import Gst  # noqa: E402
from webrtc_sender.peer import rest  # noqa: E402
from webrtc_sender.peer.connection import Connection  # noqa: E402
from webrtc_sender.picture.test_pattern import TestPattern  # noqa: E402

BUFFERS = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
KEPT = 4096

frames: dict[int, dict] = {}
base = 0


def note(pts: int, what: str) -> None:
    """The first time that this happens to the frame."""
    now = time.monotonic_ns() - base
    frame = frames.get(pts)
    if frame is not None:
        frame.setdefault(what, now)


def first_pts(info) -> int:
    buffers = info.get_buffer_list() if info.type & Gst.PadProbeType.BUFFER_LIST else None
    buffer = buffers.get(0) if buffers else info.get_buffer()
    return buffer.pts if buffer else Gst.CLOCK_TIME_NONE


def watch(pad, what: str) -> None:
    def probe(_pad, info):
        note(first_pts(info), what)
        return Gst.PadProbeReturn.OK

    pad.add_probe(BUFFERS, probe)


def traced(kind, method: str):
    """Replaces a method by `around(original, self, *arguments)`."""

    def replace(around):
        original = getattr(kind, method)
        setattr(kind, method, lambda self, *arguments: around(original, self, *arguments))
        return around

    return replace


@traced(TestPattern, 'paint')
def paint(original, self, number):
    global base
    base = self._clockwork.base
    buffer = original(self, number)
    frames[buffer.pts] = {'sequence': number & 0xFFFF}
    while len(frames) > KEPT:
        del frames[next(iter(frames))]
    return buffer


@traced(Rung, 'push_raw')
def push_raw(original, self, buffer):
    note(buffer.pts, 'made')
    original(self, buffer)


@traced(Rung, 'start')
def start(original, self):
    # The encoder's own times begin elsewhere, and one picture comes out for each that goes in.
    inside: deque = deque()

    def entered(_pad, info):
        pts = info.get_buffer().pts
        inside.append(pts)
        note(pts, 'converted')
        return Gst.PadProbeReturn.OK

    def left(_pad, _info):
        if inside:
            note(inside.popleft(), 'encoded')
        return Gst.PadProbeReturn.OK

    self._element.get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, entered)
    self._element.get_static_pad('src').add_probe(Gst.PadProbeType.BUFFER, left)
    original(self)


@traced(Connection, 'push')
def push(original, self, buffer, is_keyframe):
    note(buffer.pts, 'handedOver')
    if buffer.pts in frames:
        frames[buffer.pts]['rtp'] = (self.rtp_offset + buffer.pts * 90_000 // Gst.SECOND) % 2**32
    original(self, buffer, is_keyframe)


@traced(Connection, '_on_connected')
def on_connected(original, self):
    original(self)
    watch(self._payloader.get_static_pad('src'), 'packetised')
    for sink in rest.elements_of(self._webrtc, 'nicesink'):
        watch(sink.get_static_pad('sink'), 'encrypted')


def write(*_) -> None:
    offset = time.time_ns() - (time.monotonic_ns() - base)
    lines = []
    for pts, frame in list(frames.items()):
        moments = {name: (offset + at) / 1e6 for name, at in frame.items() if name not in ('sequence', 'rtp')}
        identity = {'sequence': frame['sequence'], 'rtp': frame.get('rtp')}
        lines.append(json.dumps({**identity, 'born': (offset + pts) / 1e6, **moments}))
    path = Path(os.environ['BENCH_TRACE'])
    path.with_suffix('.part').write_text('\n'.join(lines) + '\n')
    path.with_suffix('.part').replace(path)
    frames.clear()


signal.signal(signal.SIGUSR2, write)
sys.argv[0] = str(SENDER / 'gstreamer-webrtc-sender.py')
runpy.run_path(sys.argv[0], run_name='__main__')
