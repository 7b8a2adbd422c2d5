"""The test pattern: the clock in it, its pace, and what it costs."""

import json
import time
from pathlib import Path

import pytest
from webrtc_sender.camera.modes import Mode
from webrtc_sender.gst import Clockwork, Gst
from webrtc_sender.picture import picture_clock
from webrtc_sender.picture.i420 import Layout, Sprite, blit
from webrtc_sender.picture.source import DrawnSource, Sink
from webrtc_sender.picture.test_pattern import Scenery, TestPattern

VECTORS = json.loads((Path(__file__).parent / 'fixtures' / 'picture-clock.json').read_text())


def pattern(width, height, fps=30.0) -> TestPattern:
    return TestPattern(Mode(width, height, fps), Clockwork(), 'Bench camera')


class Frames(Sink):
    """Keeps what comes."""

    def __init__(self) -> None:
        super().__init__(None, lambda function: function(), on_ready=lambda: None, on_error=None)
        self.buffers = []

    def caps(self, caps) -> None:
        assert caps.is_fixed()

    def raw(self, buffer) -> None:
        self.buffers.append(buffer)


def data(buffer) -> bytes:
    return buffer.extract_dup(0, buffer.get_size())


@pytest.mark.parametrize('vector', VECTORS)
def test_the_bits_are_those_of_the_typescript_encoder(vector):
    clock = picture_clock.encode(vector['micros'], vector['sequence'])
    assert f'{int.from_bytes(clock, "big"):064b}' == vector['bits']


def test_a_damaged_clock_is_not_read():
    clock = bytearray(picture_clock.encode(123, 4))
    clock[2] ^= 1
    assert picture_clock.decode(bytes(clock)) is None


@pytest.mark.parametrize('width,height', [(1280, 720), (320, 180), (512, 288), (854, 480), (258, 146)])
def test_each_frame_says_when_it_was_made(width, height):
    made = pattern(width, height)
    for number in (0, 1, 70_000):
        before = time.time_ns() // 1000
        frame = data(made.paint(number))
        after = time.time_ns() // 1000
        layout = Layout(width, height)
        assert len(frame) == layout.size
        micros, sequence = picture_clock.read_luma(frame, layout.planes[0].stride, width)
        assert before % picture_clock.PERIOD_MICROS <= micros <= after % picture_clock.PERIOD_MICROS
        assert sequence == number % 65_536


def test_the_layout_is_gstreamers():
    for width, height in ((1280, 720), (854, 480), (258, 146), (322, 182)):
        pipeline = Gst.parse_launch(
            f'videotestsrc num-buffers=1 ! video/x-raw,format=I420,width={width},height={height} ! appsink name=out'
        )
        pipeline.set_state(Gst.State.PLAYING)
        size = pipeline.get_by_name('out').emit('pull-sample').get_buffer().get_size()
        pipeline.set_state(Gst.State.NULL)
        assert Layout(width, height).size == size


def test_sprites_are_cut_off_at_the_edges():
    layout = Layout(16, 4)
    sprite = Sprite.cut(bytes([9]) * layout.size, layout, 0, 0, 8, 4)
    for x, expected in ((-4, 4), (0, 8), (12, 4), (16, 0), (-8, 0)):
        frame = bytearray(layout.size)
        blit(frame, layout.planes, sprite, x, 0, 16)
        assert frame[:16].count(9) == expected
        assert frame[48:64].count(9) == expected


def test_something_moves_and_the_time_runs():
    made = pattern(640, 360)
    made.paint(0)
    scenery = made._scenery
    now = time.time()
    made._draw_comet(now)
    first = bytes(made._frame)
    made._draw_comet(now + 0.1)
    bar = scenery.bar_y * 640
    assert first[bar : bar + 640 * 8] != made._frame[bar : bar + 640 * 8]
    made._draw_time(now)
    first = bytes(made._frame)
    made._draw_time(now + 0.5)
    assert first != bytes(made._frame)


@pytest.mark.parametrize('fps', [29.3, 59.1])
def test_the_pace_is_exact(fps):
    sink = Frames()
    source = DrawnSource(pattern(320, 180, fps), Mode(320, 180, fps), sink)
    source.start()
    while len(sink.buffers) < 30:
        time.sleep(0.005)
    source.stop()
    # Deadlines are absolute: whatever one frame is late by, the next is not.
    frames = [(picture_clock.read_luma(data(b), 320, 320)[1], b.pts) for b in sink.buffers]
    (first, start), (last, end) = frames[0], frames[-1]
    assert (end - start) / 1e9 == pytest.approx((last - first) / fps, abs=0.010)
    assert last - first >= 25


def test_running_time_is_gstreamers():
    clockwork = Clockwork()
    assert abs(clockwork.clock.get_time() - clockwork.base - clockwork.running_time()) < 50_000_000


def test_a_frame_costs_a_fraction_of_drawing_the_scenery():
    made = pattern(1280, 720)
    made.paint(0)

    def cheapest(work, times: int) -> float:
        costs = []
        for number in range(times):
            started = time.perf_counter()
            work(number)
            costs.append(time.perf_counter() - started)
        return min(costs)

    # Measured: an eightieth. A frame that draws it anew, or changes every pixel in Python, is far above.
    drawing = cheapest(lambda number: Scenery(1280, 720, 'label', str(number)), 3)
    assert cheapest(made.paint, 60) < drawing / 10
