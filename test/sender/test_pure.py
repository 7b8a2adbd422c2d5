"""The small pure parts: backoff, keyframes on demand, capture time, pulse, data channel texts, log lines."""

import json

import pytest
from webrtc_sender import log
from webrtc_sender.camera import capture_time
from webrtc_sender.encode.keyframes import KeyframeLimiter
from webrtc_sender.peer import clock_channel
from webrtc_sender.peer.pulse import Pulse
from webrtc_sender.server import backoff


def test_backoff_waits_for_a_server_that_is_started_again_and_then_doubles_up_to_ten_seconds():
    assert [backoff.delay_s(n, 0.5) for n in range(20)] == [0.25, 0.5, *[1] * 13, 2, 4, 8, 10, 10]
    assert backoff.delay_s(10_000, 0.5) == 10
    assert all(0.1875 <= backoff.delay_s(0) <= 0.3125 for _ in range(50))


class FakeTime:
    def __init__(self):
        self.now = 100.0
        self.scheduled = []

    def call_later(self, seconds, function):
        self.scheduled.append((self.now + seconds, function))

    def advance(self, seconds):
        self.now += seconds
        due = [entry for entry in self.scheduled if entry[0] <= self.now + 1e-9]
        self.scheduled = [entry for entry in self.scheduled if entry not in due]
        for _, function in due:
            function()


def test_keyframes_come_at_once_but_no_more_than_one_in_half_a_second():
    time, forced = FakeTime(), []
    limiter = KeyframeLimiter(lambda: forced.append(time.now), lambda: time.now, time.call_later)
    limiter.request()
    assert forced == [100.0]
    for _ in range(20):
        limiter.request()
        time.advance(0.01)
    assert len(forced) == 1
    time.advance(0.3)
    assert forced == pytest.approx([100.0, 100.5])  # the request was late, not lost
    time.advance(2)
    assert len(forced) == 2  # and twenty of them were one
    limiter.request()
    assert len(forced) == 3


FRAME = 33_333_333


@pytest.mark.parametrize(
    'delays,origin',
    [
        ([FRAME + 200_000] * 10, 'arrival'),  # v4l2src's guess: one frame, each time
        ([4_000_000, 5_000_000, 4_500_000], 'driver'),
        ([FRAME + 100_000, 50_000_000, FRAME], 'driver'),
        ([120_000] * 10, 'driver'),
    ],
)
def test_whose_timestamps_a_camera_gives(delays, origin):
    assert capture_time.judge_origin(delays, FRAME) == origin


def test_rtp_timestamps():
    assert capture_time.rtp_timestamp(0, 7) == 7
    assert capture_time.rtp_timestamp(1_000_000_000, 7) == 90_007
    assert capture_time.rtp_timestamp(1_000_000_000, 2**32 - 1) == 89_999


def test_a_viewer_that_reports_often_is_dead_after_six_silent_seconds():
    pulse = Pulse(0)
    for second in range(1, 10):
        pulse.beat(second)
    assert not pulse.is_dead(14.9)
    assert pulse.is_dead(15.1)


def test_a_viewer_that_reports_seldom_is_given_more_time():
    pulse = Pulse(0)
    pulse.beat(5)
    assert not pulse.is_dead(17)
    assert pulse.is_dead(18)
    assert not Pulse(0).is_dead(11)
    assert Pulse(0).is_dead(13)


def test_a_paused_viewer_is_given_time_whatever_it_did_before():
    pulse = Pulse(0)
    for tenth in range(1, 100):
        pulse.beat(tenth / 10)
    assert pulse.is_dead(16)
    assert not pulse.is_dead(21.5, is_paused=True)
    assert pulse.is_dead(22, is_paused=True)


def test_a_ping_comes_back_with_its_time_untouched():
    ping = clock_channel.read('{"type":"ping","t":1795406007505.7}')
    answer = json.loads(clock_channel.pong(ping, 10.5, 11.25))
    assert answer == {'type': 'pong', 't': 1795406007505.7, 'received': 10.5, 'sent': 11.25}


@pytest.mark.parametrize(
    'text',
    ['', '{', '[]', 'null', '"ping"', '{"type":"ping"}', '{"type":"ping","t":"1"}', '{"type":"ping","t":true}',
     '{"type":"ping","t":NaN}', '{"type":"ping","t":1e999}', '{"type":5,"t":1}', '5', '{"type":"pause","paused":1}',
     '{"type":"pause"}', '{"type":"ping","paused":true}', '{"type":"pause","paused":true,"x":"' + 'x' * 2000 + '"}',
     '{"type":"pang","t":1}', '[' * 1000, '{"type":"ping","t":1,"x":"' + 'x' * 2000 + '"}'],
)  # fmt: skip
def test_anything_else_is_neither_a_ping_nor_a_pause(text):
    message = clock_channel.read(text)
    assert clock_channel.pong(message, 0, 0) is None
    assert clock_channel.wants_pause(message) is None


@pytest.mark.parametrize('wanted', [True, False])
def test_a_pause_is_read_and_answered_in_kind(wanted):
    text = json.dumps({'type': 'pause', 'paused': wanted})
    assert clock_channel.wants_pause(clock_channel.read(text)) is wanted
    assert json.loads(clock_channel.paused(wanted)) == {'type': 'paused', 'paused': wanted}


def test_log_lines():
    assert log.line('viewer-live', {'viewer': 'ab', 'ms': 1.25, 'none': None}) == 'event=viewer-live viewer=ab ms=1.2'
    assert '\n' not in log.line('x', {'message': 'two\nlines'})
