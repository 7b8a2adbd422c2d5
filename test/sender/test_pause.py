"""A page that is hidden is sent nothing, and everything again when it is looked at: `pause` on the data channel."""

import asyncio
import gc
import os
import threading

import pytest
from stand_in_camera import StandInCamera
from studio import asynchronous, studio
from test_camera_loss import frames_go_on, timestamps_rise
from test_protocol import check
from webrtc_sender import app as application
from webrtc_sender.camera.cameras import CameraMode
from webrtc_sender.camera.modes import Mode
from webrtc_sender.gst import Gst
from webrtc_sender.peer import pulse
from webrtc_sender.peer.viewer import State
from webrtc_sender.picture.picture_clock import PERIOD_MICROS
from webrtc_sender.quality.bandwidth import Controller
from webrtc_sender.quality.feed import Feed
from webrtc_sender.quality.ladder import Assignment, Link, ceiling_kbps, levels_for
from webrtc_sender.quality.link_delay import Packet


def running(place) -> list[tuple[int, str]]:
    return sorted(place.app._distribution._rungs)


def answers(receiver) -> int:
    return sum(message['type'] == 'paused' for message in receiver.messages)


async def pause(receiver, paused: bool = True) -> None:
    """Resolves when the sender has said that it understood."""
    count = answers(receiver)
    receiver.send({'type': 'pause', 'paused': paused})
    await receiver.wait_until(lambda: answers(receiver) > count)
    answer = [m for m in receiver.messages if m['type'] == 'paused'][-1]
    check('Paused', answer)
    assert answer == {'type': 'paused', 'paused': paused}


async def watch(place, session: str = 's1', **keywords):
    """A viewer whose data channel is open, too."""
    receiver = await place.watch(session, **keywords)
    await receiver.wait_for_message('clock')
    return receiver


async def nothing_comes(receiver, seconds: float) -> None:
    """After what was on its way: webrtcbin as a receiver keeps it for 0.2 s."""
    await asyncio.sleep(0.4)
    count = len(receiver.packets)
    await asyncio.sleep(seconds)
    assert len(receiver.packets) == count, 'packets'


def clock_error_us(receiver, frame) -> float:
    """How far the newest `clock` message is from the clock in the picture."""
    _, _, (micros, _), rtp = frame
    clock = [m for m in receiver.messages if m['type'] == 'clock'][-1]
    captured = clock['captureMs'] + ((rtp - clock['rtp'] + 2**31) % 2**32 - 2**31) / 90
    return abs((captured * 1000 - micros + PERIOD_MICROS / 2) % PERIOD_MICROS - PERIOD_MICROS / 2)


@asynchronous
async def test_a_paused_viewer_is_sent_nothing_and_everything_stands_still():
    async with studio() as place:
        receiver = await watch(place)
        await pause(receiver)
        await nothing_comes(receiver, 2)
        assert not place.stage.running
        assert running(place) == []
        facts = place.app.facts()
        assert (facts.viewers, facts.viewers_paused, facts.camera_running) == (1, 1, False)
        assert sum(level.viewers for level in facts.levels.values()) == 0
        # The connection and its clock live on.
        receiver.send({'type': 'ping', 't': 1})
        await receiver.wait_for_message('pong')


@asynchronous
async def test_it_goes_on_with_a_keyframe_on_the_same_connection_and_with_the_right_time():
    async with studio() as place:
        receiver = await watch(place)
        await pause(receiver)
        await place.until(lambda: not place.stage.running and not running(place))
        await nothing_comes(receiver, 0.5)
        count, clocks = len(receiver.frames), sum(m['type'] == 'clock' for m in receiver.messages)
        await pause(receiver, False)
        await frames_go_on(receiver, 20)
        assert all(frame[2] for frame in receiver.frames[count:]), 'a broken picture: it did not begin with a keyframe'
        clocks_shown = [frame[2] for frame in receiver.frames]
        assert len(set(clocks_shown)) == len(clocks_shown), 'nothing old is shown again'
        assert len(receiver.decoders) == 1
        assert timestamps_rise(receiver)
        # A clock message comes with the first frame, not with the next second.
        await receiver.wait_until(lambda: sum(m['type'] == 'clock' for m in receiver.messages) > clocks)
        assert clock_error_us(receiver, receiver.frames[count]) < 1_000
        assert clock_error_us(receiver, receiver.frames[-1]) < 1_000
        assert place.app.facts().viewers_paused == 0


@asynchronous
async def test_of_two_viewers_one_is_paused_and_the_other_notices_nothing():
    async with studio() as place:
        hidden, shown = await watch(place, 'hidden'), await watch(place, 'shown')
        rung = place.app._distribution.rung_of(place.viewers['shown'])
        await pause(hidden)
        begun = len(shown.frames)
        await nothing_comes(hidden, 1)
        assert place.stage.running
        assert running(place) == [(0, 'H264')]
        assert place.app.facts().levels[0].viewers == 1
        count = len(hidden.frames)
        await pause(hidden, False)
        await frames_go_on(hidden, 5)
        await frames_go_on(shown, 10)
        assert all(frame[2] for frame in hidden.frames[count:])
        numbers = [frame[2][1] for frame in shown.frames[begun:]]
        assert numbers == sorted(set(numbers)), 'the same capture goes on'
        assert place.app._distribution.rung_of(place.viewers['shown']) is rung, 'and the same encoder'
        assert timestamps_rise(hidden)
        assert timestamps_rise(shown)


@asynchronous
async def test_paused_while_the_camera_is_still_getting_ready(monkeypatch):
    camera = StandInCamera(monkeypatch)
    camera.is_mute = True
    async with studio('--width', '640', '--height', '480', camera=camera.camera()) as place:
        receiver = place.receiver()
        assert (await receiver.join())['ok']
        await place.until(lambda: 's1' in place.viewers and place.viewers['s1'].channel)
        await pause(receiver)
        await place.until(lambda: not place.stage.running)
        camera.is_mute = False
        await nothing_comes(receiver, 0.5)
        assert receiver.packets == []
        await pause(receiver, False)
        await frames_go_on(receiver, 5)
        assert receiver.packets[0][1] == b'\0\0\0', 'the first frames say that no delay is wanted'


@asynchronous
async def test_paused_before_the_connection_is_known_to_be_there():
    async with studio() as place:
        receiver = place.receiver()
        joining = asyncio.ensure_future(receiver.join())
        await place.until(lambda: 's1' in place.viewers)
        place.app.pause_wanted(place.viewers['s1'], True)
        assert (await joining)['ok']
        await place.until(lambda: place.viewers['s1'].state == State.LIVE)
        await nothing_comes(receiver, 0.5)
        assert receiver.packets == []
        await place.until(lambda: not place.stage.running)
        await pause(receiver, False)
        await frames_go_on(receiver, 5)


@asynchronous
async def test_a_second_pause_is_answered_and_changes_nothing_and_nonsense_is_ignored():
    async with studio() as place:
        receiver = await watch(place)
        for message in ({'type': 'pause'}, {'type': 'pause', 'paused': 1}, {'type': 'paused', 'paused': True}):
            receiver.send(message)
        await pause(receiver, False)
        await frames_go_on(receiver, 5)
        await pause(receiver)
        await pause(receiver)
        await place.until(lambda: not place.stage.running)


@asynchronous
async def test_it_vanishes_while_it_is_paused_by_its_own_word():
    async with studio() as place:
        receiver = await watch(place)
        await pause(receiver)
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.viewers)
        assert not place.stage.running


@asynchronous
async def test_a_paused_viewer_that_lives_is_left_alone_and_one_that_vanishes_is_noticed(monkeypatch):
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        await pause(receiver)
        # Its reports go on, though they have nothing to report.
        beats, beat = [], viewer.pulse.beat
        viewer.pulse.beat = lambda now: (beats.append(now), beat(now))
        await place.until(lambda: len(beats) >= 2, timeout=20)
        assert place.fake.all('leave') == []
        monkeypatch.setattr(pulse, 'SILENCE_S', 0.5)
        monkeypatch.setattr(pulse, 'PATIENCE_S', 0.5)
        monkeypatch.setattr(pulse, 'FIRST_S', 0.5)
        monkeypatch.setattr(application, 'AWAIT_S', 0.5)
        await receiver.close()
        message = await place.fake.wait_for('leave')
        assert (message['session'], message['error']['code']) == ('s1', 'connection_lost')
        await place.until(lambda: not place.viewers)


@asynchronous
async def test_quick_changes_of_mind_leave_nothing_behind_and_the_last_one_counts():
    async with studio() as place:
        receiver = await watch(place)

        def counts():
            gc.collect()
            return threading.active_count(), len(os.listdir('/proc/self/fd')), len(os.listdir('/proc/self/task'))

        async def toggle(times: int) -> None:
            expected = answers(receiver) + 2 * times
            for _ in range(times):
                receiver.send({'type': 'pause', 'paused': True})
                receiver.send({'type': 'pause', 'paused': False})
                await asyncio.sleep(0.03)
            await receiver.wait_until(lambda: answers(receiver) == expected)
            await pause(receiver, False)
            await frames_go_on(receiver, 5)

        await toggle(4)
        before = counts()
        await toggle(20)
        await place.until(lambda: all(now <= then + 3 for now, then in zip(counts(), before, strict=True)), timeout=5)
        assert timestamps_rise(receiver)
        for _ in range(20):
            await pause(receiver)
            await place.until(lambda: not place.stage.running)
            await pause(receiver, False)
            await frames_go_on(receiver, 1)
        await place.until(lambda: all(now <= then + 3 for now, then in zip(counts(), before, strict=True)), timeout=5)
        await pause(receiver)
        await place.until(lambda: not place.stage.running and not running(place))


@asynchronous
async def test_a_camera_that_went_away_meanwhile_is_shown_as_lost_and_comes_back(monkeypatch):
    camera = StandInCamera(monkeypatch)
    async with studio('--width', '640', '--height', '480', camera=camera.camera()) as place:
        receiver = await watch(place)
        await pause(receiver)
        await place.until(lambda: not place.stage.running)
        camera.is_plugged_in = False
        await pause(receiver, False)
        await place.until(lambda: place.stage.running)
        assert place.stage.error.code == 'camera_missing'
        await frames_go_on(receiver, 10)
        assert place.fake.all('leave') == [], 'a lost camera is not a lost connection'
        camera.plug_in()
        await place.until(lambda: place.stage.error is None)
        await frames_go_on(receiver, 5)
        assert timestamps_rise(receiver)


@asynchronous
async def test_a_camera_that_fails_while_it_opens_is_shown_as_lost(monkeypatch):
    camera = StandInCamera(monkeypatch)
    async with studio('--width', '640', '--height', '480', camera=camera.camera()) as place:
        receiver = await watch(place)
        await pause(receiver)
        await place.until(lambda: not place.stage.running)
        started, camera.is_mute = len(camera.sources), True
        task = asyncio.ensure_future(pause(receiver, False))
        # Before that nobody hears what it says.
        await place.until(
            lambda: len(camera.sources) > started and camera.sources[-1].get_state(0)[1] != Gst.State.NULL
        )
        camera.unplug()
        camera.is_mute = False
        await task
        await place.until(lambda: place.stage.error and place.stage.running)
        await frames_go_on(receiver, 10)
        camera.plug_in()
        await place.until(lambda: place.stage.error is None)
        await frames_go_on(receiver, 5)


@pytest.mark.parametrize('quick', [True, False])
@asynchronous
async def test_a_cameras_own_h264(monkeypatch, quick):
    camera = StandInCamera(monkeypatch, (CameraMode(640, 480, 30.0, 'H264'),))
    size = ('--width', '640', '--height', '480', '--camera-h264', 'auto')
    async with studio(*size, camera=camera.camera()) as place:
        hidden = await watch(place, 'hidden')
        other = await watch(place, 'other') if quick else None
        await pause(hidden)
        if not quick:
            await place.until(lambda: not place.stage.running)
        await pause(hidden, False)
        await frames_go_on(hidden, 10)
        assert timestamps_rise(hidden)
        if other:
            await frames_go_on(other, 5)


# ---- pure ------------------------------------------------------------------------------------------------------------


class Out:
    """A Broadcast whose memory is set by hand."""

    def __init__(self) -> None:
        self.subscribers, self.recent = [], []

    @property
    def known_since(self):
        return self.recent[0][0].pts if self.recent else None

    def subscribe(self, push, catch_up: bool) -> bool:
        for frame in self.recent if catch_up else ():
            push(*frame)
        self.subscribers.append(push)
        return bool(catch_up and self.recent)

    def unsubscribe(self, push) -> None:
        self.subscribers.remove(push)


class FakeRung:
    def __init__(self, makes_keyframes: bool = True) -> None:
        self.out = Out()
        self.makes_keyframes = makes_keyframes

    def give(self, pts: int, is_keyframe: bool) -> None:
        frame = FakeBuffer(pts), is_keyframe
        self.out.recent = [frame] if is_keyframe else [*self.out.recent, frame]
        for push in self.out.subscribers:
            push(*frame)


class FakeBuffer:
    def __init__(self, pts: int) -> None:
        self.pts = pts

    def get_size(self) -> int:
        return 1

    def copy_region(self, *_):
        return FakeBuffer(self.pts)


def fed(rung) -> tuple[Feed, list]:
    pushed: list = []
    feed = Feed(lambda buffer, _: pushed.append(buffer.pts), lambda: pushed.append('resumed'), lambda: None)
    feed.begin(rung)
    return feed, pushed


def test_a_keyframe_that_came_meanwhile_is_where_it_goes_on():
    rung = FakeRung()
    feed, pushed = fed(rung)
    rung.give(100, True)
    feed.suspend()
    assert rung.out.subscribers == [], 'nothing need run for it'
    rung.give(200, True)
    rung.give(300, False)
    assert feed.begin(rung)
    assert pushed == [100, 'resumed', 200, 300]


def test_old_pictures_are_not_shown_again_where_a_keyframe_can_be_had():
    rung = FakeRung()
    feed, pushed = fed(rung)
    rung.give(100, True)
    feed.suspend()
    rung.give(200, False)
    assert not feed.begin(rung), 'a keyframe has to be asked for'
    rung.give(300, False)
    rung.give(400, True)
    assert pushed == [100, 'resumed', 400]


def test_they_are_where_it_may_be_long_until_the_next():
    rung = FakeRung(makes_keyframes=False)
    feed, pushed = fed(rung)
    rung.give(100_000, True)
    feed.suspend()
    rung.give(200_000, False)
    assert feed.begin(rung)
    assert pushed[:2] == [100_000, 'resumed']
    assert pushed[2:] == sorted(pushed[2:])
    assert pushed[2] > 100_000, 'time does not go back'
    assert len(pushed) == 4


def controller() -> Controller:
    top = ceiling_kbps(2500)
    return Controller(top, 100, top)


def test_silence_during_a_pause_says_nothing_of_the_link():
    link = controller()
    link.feed([Packet(number / 100, number / 100 + 0.01, 1000) for number in range(100)], 1.0)
    before = link.estimate_kbps
    link.start_over(3600.0)
    link.tick(3600.5, is_sending=True)
    assert link.estimate_kbps == before
    assert not link.is_congested(3600.5)
    # Clocks have drifted by 0.2 s in that hour: not a queue.
    link.feed([Packet(3600 + n / 100, 3600 + n / 100 + 0.21, 1000) for n in range(60)], 3601.0)
    assert link.estimate_kbps == before
    link.tick(3603.0, is_sending=True)
    assert link.estimate_kbps < before, 'but silence afterwards does'


def test_who_comes_back_is_placed_by_what_is_known_of_its_link():
    levels = levels_for(Mode(1280, 720, 30.0), 2500)
    assignment = Assignment(levels)
    narrow, free = Link(300.0), Link(ceiling_kbps(2500))
    links = {'free': free}
    assignment.decide(links, 0.0)
    links['back'] = narrow
    assert assignment.admit('back', links) == 2
    assert assignment.decide(links, 0.1) == [], 'no pause, no fall'
    assert assignment.targets(links)[0] == 2500
    links['fine'] = free
    assert assignment.admit('fine', links) == 0


def test_a_paused_viewer_slows_nobody():
    levels = levels_for(Mode(1280, 720, 30.0), 2500)
    assignment = Assignment(levels)
    slow, slowest = Link(300.0), Link(150.0)
    both = {'slow': slow, 'slowest': slowest}
    for second in range(10):
        assignment.decide(both, float(second))
    assert assignment.targets(both)[2] == round(150 * 0.9)
    assert assignment.targets({'slow': slow})[2] == round(300 * 0.9)
