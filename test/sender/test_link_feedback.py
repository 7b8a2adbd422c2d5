"""What is read of a browser's reports, and that nobody can keep the sender busy with them."""

from webrtc_sender.gst import Gst
from webrtc_sender.peer import link_feedback
from webrtc_sender.peer.link_feedback import LinkFeedback

MS = 1_000_000


class Entry(dict):
    """Stands for one entry of GStreamer's event."""

    def get_value(self, name):
        return self[name]


class Report:
    """Stands for the event's structure."""

    def __init__(self, *entries, on_read=lambda: None) -> None:
        self.entries, self.on_read = list(entries), on_read

    def get_value(self, _name):
        self.on_read()
        return self.entries


def packet(sent_ms: float, delay_ms: float | None, size: int = 1000) -> Entry:
    arrived = Gst.CLOCK_TIME_NONE if delay_ms is None else int((sent_ms + delay_ms) * MS)
    return Entry({'local-ts': int(sent_ms * MS), 'remote-ts': arrived, 'size': size})


class Clock:
    """Injected time."""

    def __init__(self, monkeypatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(link_feedback.time, 'monotonic', lambda: self.now)


def reader(monkeypatch):
    told: list = []
    clock = Clock(monkeypatch)
    feedback = LinkFeedback(lambda function, *arguments: function(*arguments), told.append)
    feedback.eager = False
    return clock, feedback, told


def test_calm_reports_are_kept_and_told_with_the_first_that_is_not(monkeypatch):
    clock, feedback, told = reader(monkeypatch)
    for number in range(5):
        clock.now += 0.05
        feedback.read(Report(packet(number * 50, 20)))
    assert told == []
    assert feedback.heard_at == clock.now
    clock.now += 0.05
    feedback.read(Report(packet(250, 60)))
    assert [len(packets) for packets in told] == [6]


def test_a_lost_packet_is_not_calm(monkeypatch):
    clock, feedback, told = reader(monkeypatch)
    feedback.read(Report(packet(0, 20), packet(1, None)))
    assert [entry.arrived_s for entry in told[0]] == [0.02, None]


def test_what_this_session_did_not_send_is_left_out(monkeypatch):
    _, feedback, told = reader(monkeypatch)
    feedback.eager = True
    feedback.read(Report(Entry({'local-ts': Gst.CLOCK_TIME_NONE, 'remote-ts': 5, 'size': 1}), packet(0, 20)))
    assert [len(packets) for packets in told] == [1]


def test_reports_that_take_long_are_paid_for_by_not_listening(monkeypatch):
    clock, feedback, told = reader(monkeypatch)
    feedback.eager = True

    def takes_20_ms() -> None:
        clock.now += 0.02

    for number in range(100):
        feedback.read(Report(packet(number * 20, 20), on_read=takes_20_ms))
        clock.now += 0.02
    assert len(told) <= 5, 'of a hundred'


def test_a_storm_of_short_reports_is_thinned_out(monkeypatch):
    clock, feedback, told = reader(monkeypatch)
    feedback.eager = True
    for number in range(1000):
        feedback.read(Report(packet(number, 20)))
        clock.now += 0.001
    assert len(told) <= 101
