"""What is read of a browser's reports, and that nobody can keep the sender busy with them."""

import pytest
from webrtc_sender.gst import Gst
from webrtc_sender.peer import link_feedback
from webrtc_sender.peer.link_feedback import LinkFeedback

MS = 1_000_000


class Report:
    """Stands for a direct.Report."""

    def __init__(self, *entries, on_read=lambda: None) -> None:
        self.entries, self.on_read = list(entries), on_read

    def __len__(self) -> int:
        return len(self.entries)

    def ends(self):
        return self.entries[0], self.entries[-1]

    def is_whole(self) -> bool:
        return all(arrived != Gst.CLOCK_TIME_NONE for _, arrived, _ in self.entries)

    def missing(self) -> int:
        return sum(arrived == Gst.CLOCK_TIME_NONE for _, arrived, _ in self.entries)

    def packets(self):
        self.on_read()
        return self.entries


def packet(sent_ms: float, delay_ms: float | None, size: int = 1000) -> tuple[int, int, int]:
    arrived = Gst.CLOCK_TIME_NONE if delay_ms is None else int((sent_ms + delay_ms) * MS)
    return int(sent_ms * MS), arrived, size


class Clock:
    """Injected time."""

    def __init__(self, monkeypatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(link_feedback.time, 'monotonic', lambda: self.now)


def reader(monkeypatch):
    told: list = []
    clock = Clock(monkeypatch)
    feedback = LinkFeedback(lambda function, *arguments: function(*arguments), told.append, lambda: None)
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
    _, feedback, told = reader(monkeypatch)
    feedback.read(Report(packet(0, 20), packet(1, None)))
    assert [entry.arrived_s for entry in told[0]] == [0.02, None]


def test_one_lost_amid_others_is_told_at_once_when_it_was_asked_for_and_soon_otherwise(monkeypatch):
    def holed(number: int) -> Report:
        return Report(packet(number * 50, 20), packet(number * 50 + 1, None), packet(number * 50 + 2, 20))

    clock, feedback, told = reader(monkeypatch)
    for number in range(link_feedback.SEARCHED):
        assert told == []
        feedback.read(holed(number))
        clock.now += 0.05
    assert [len(packets) for packets in told] == [3 * link_feedback.SEARCHED]
    told.clear()
    feedback.read(holed(3))
    assert told == []
    assert not feedback.note_loss()
    clock.now += 0.05
    feedback.read(holed(4))
    assert [len(packets) for packets in told] == [6]


def test_what_this_session_did_not_send_is_left_out(monkeypatch):
    _, feedback, told = reader(monkeypatch)
    feedback.eager = True
    feedback.read(Report((Gst.CLOCK_TIME_NONE, 5, 1), packet(0, 20)))
    feedback.read(Report((Gst.CLOCK_TIME_NONE, 5, 1)))
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


def test_a_report_after_a_silence_in_which_frames_were_sent_means_that_the_link_is_back(monkeypatch):
    clock, feedback, _ = reader(monkeypatch)
    back: list = []
    feedback._on_back = lambda: back.append(clock.now)
    for _ in range(3):
        clock.now += 0.05
        feedback.note_frame()
        feedback.read(Report(packet(clock.now * 1000, 20)))
    for _ in range(20):
        feedback.note_frame()
    clock.now += 1
    assert feedback.note_loss(), 'a request for what was lost'
    feedback.read(Report(packet(clock.now * 1000, 20)))
    assert back == [clock.now], 'told once'


def test_a_report_alone_means_that_too_but_not_where_only_the_way_back_was_held_up(monkeypatch):
    clock, feedback, _ = reader(monkeypatch)
    back: list = []
    feedback._on_back = lambda: back.append(clock.now)

    def after_a_silence(delay_ms: float | None) -> None:
        feedback.read(Report(packet(clock.now * 1000, 20)))
        for _ in range(20):
            feedback.note_frame()
        clock.now += 1
        feedback.read(Report(*(packet(clock.now * 1000 + number, delay_ms) for number in range(20))))
        clock.now += 1

    after_a_silence(20)
    assert back == []
    after_a_silence(None)
    assert len(back) == 1


def test_a_silence_in_which_little_was_sent_says_nothing(monkeypatch):
    clock, feedback, _ = reader(monkeypatch)
    feedback._on_back = lambda: pytest.fail('nothing was lost')
    feedback.read(Report(packet(0, 20)))
    for _ in range(9):  # a camera that makes a frame every two seconds
        clock.now += 2
        feedback.note_frame()
        assert not feedback.note_loss()
    feedback.read(Report(packet(18_000, 20)))


def test_a_storm_of_short_reports_is_thinned_out(monkeypatch):
    clock, feedback, told = reader(monkeypatch)
    feedback.eager = True
    for number in range(1000):
        feedback.read(Report(packet(number, 20)))
        clock.now += 0.001
    assert len(told) <= 101
