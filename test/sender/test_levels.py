"""Quality levels and codecs: each encoded once, only while someone needs it, and viewers moved between unharmed."""

import asyncio
import threading

from receiver import VP8
from studio import asynchronous, studio
from test_camera_loss import frames_go_on, timestamps_rise
from webrtc_sender.encode.rung import Rung
from webrtc_sender.gst import Gst
from webrtc_sender.quality import distribution as distribution_module
from webrtc_sender.quality.feed import Feed
from webrtc_sender.server.protocol import PreviewError

SIZE = ('--width', '640', '--height', '360')


def running(place) -> list[tuple[int, str]]:
    return sorted(place.app._distribution._rungs)


@asynchronous
async def test_a_viewer_is_moved_down_and_up_again_on_the_same_connection_and_is_told():
    async with studio(*SIZE) as place:
        receiver = await place.watch()
        viewer, distribution = place.viewers['s1'], place.app._distribution
        first = await receiver.wait_for_message('quality')
        assert (first['level'], first['width'], first['reason']) == (0, 640, 'full')
        distribution.move(viewer, 1)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (320, 180))
        await place.until(lambda: running(place) == [(1, 'H264')])
        await receiver.wait_until(lambda: [m for m in receiver.messages if m['type'] == 'quality'][-1]['width'] == 320)
        distribution.move(viewer, 0)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (640, 360))
        assert running(place) == [(0, 'H264')]
        assert all(frame[2] for frame in receiver.frames if frame[0] == 640), 'no broken picture'
        assert timestamps_rise(receiver)
        assert len(receiver.decoders) == 1


@asynchronous
async def test_one_viewer_on_a_lower_level_costs_the_other_nothing():
    async with studio(*SIZE) as place:
        free, slow = await place.watch('free'), await place.watch('slow')
        keyframes = place.app._distribution.rung_of(place.viewers['free']).out.totals.keyframes
        place.app._distribution.pause(place.viewers['slow'])
        place.app._distribution.move(place.viewers['slow'], 1)
        await slow.wait_until(lambda: slow.frames[-1][:2] == (320, 180))
        await frames_go_on(free, 20)
        assert running(place) == [(0, 'H264'), (1, 'H264')]
        assert free.frames[-1][:2] == (640, 360)
        assert place.app._distribution.rung_of(place.viewers['free']).out.totals.keyframes == keyframes
        numbers = [frame[2][1] for frame in free.frames]
        assert max(b - a for a, b in zip(numbers, numbers[1:], strict=False)) <= 3, 'the free one goes on'


@asynchronous
async def test_a_paused_viewer_gets_nothing_until_the_other_levels_keyframe():
    pushed = []
    feed = Feed(
        lambda buffer, is_keyframe: pushed.append((buffer.pts, is_keyframe)),
        lambda: pushed.append('resumed'),
        lambda: None,
    )
    high, low = FakeRung(), FakeRung()
    feed.begin(high)
    high.give(10, True)
    high.give(20, False)
    feed.pause()
    high.give(30, False)
    high.give(31, True)
    feed.move_to(low)
    high.give(32, True)
    low.give(33, False)
    assert pushed == [(10, True), (20, False)]
    low.give(40, True)
    assert pushed[2:] == ['resumed', (40, True)], 'losses of before are forgotten before the keyframe is sent'
    assert feed.rung is low


@asynchronous
async def test_time_does_not_go_back_when_the_other_level_is_behind():
    pushed = []
    feed = Feed(lambda buffer, is_keyframe: pushed.append(buffer.pts), lambda: None, lambda: None)
    high, low = FakeRung(), FakeRung()
    feed.begin(high)
    high.give(1_000_000, True)
    high.give(34_000_000, False)
    feed.move_to(low)
    low.give(1_000_000, True)
    low.give(67_000_000, False)
    assert pushed == sorted(pushed)
    assert len(set(pushed)) == 4
    assert pushed[-1] == 67_000_000


class FakeRung:
    """Stands where a rung would: the test says when it has a frame."""

    def __init__(self) -> None:
        self.out = self
        self._subscribers: list = []

    def subscribe(self, push, catch_up: bool) -> bool:
        self._subscribers.append(push)
        return False

    def give(self, pts: int, is_keyframe: bool) -> None:
        buffer = Gst.Buffer.new_allocate(None, 4, None)
        buffer.pts = pts
        for push in self._subscribers:
            push(buffer, is_keyframe)


@asynchronous
async def test_a_viewer_without_h264_gets_vp8_and_the_others_keep_h264():
    async with studio(*SIZE) as place:
        await place.watch('h264')
        other = await place.watch('vp8', caps=VP8)
        await frames_go_on(other)
        assert 'VP8/90000' in other.answer
        assert running(place) == [(0, 'H264'), (0, 'VP8')]
        await place.fake.tell('session-closed', {'session': 'vp8', 'reason': 'left'})
        await place.until(lambda: running(place) == [(0, 'H264')])


@asynchronous
async def test_an_encoder_that_fails_is_built_again_under_its_viewers(monkeypatch):
    monkeypatch.setattr(distribution_module, 'REBUILD_S', 0.05)
    async with studio(*SIZE) as place:
        receiver = await place.watch()
        rung = place.app._distribution.rung_of(place.viewers['s1'])
        place.app._distribution._on_error(rung, PreviewError('sender_failed', 'The driver went away.'))
        await place.until(lambda: place.app._distribution.rung_of(place.viewers['s1']) not in (None, rung))
        await frames_go_on(receiver)
        assert timestamps_rise(receiver)


@asynchronous
async def test_an_encoder_that_hangs_is_noticed_and_a_restart_is_asked_for_when_it_does_so_again(monkeypatch):
    monkeypatch.setattr(distribution_module, 'REBUILD_S', 0.01)
    monkeypatch.setattr(distribution_module, 'HUNG_S', 0.2)
    async with studio(*SIZE) as place:
        await place.watch()
        assert place.app.health() is None
        distribution = place.app._distribution
        monkeypatch.setattr(Rung, '_on_sample', lambda self, sink: sink.emit('pull-sample') and Gst.FlowReturn.OK)
        distribution._on_error(distribution.rung_of(place.viewers['s1']), PreviewError('sender_failed', 'A hiccup.'))

        def check() -> bool:
            distribution.check_encoders()
            return place.app.health() is not None

        await place.until(check, timeout=20)


@asynchronous
async def test_another_bitrate_reaches_everybody_without_a_new_encoder():
    async with studio(*SIZE, '--bitrate', '1500') as place:
        receiver = await place.watch()
        rung = place.app._distribution.rung_of(place.viewers['s1'])
        keyframes = rung.out.totals.keyframes
        await place.stage.set_bitrate(300)
        assert rung._element.get_property('bitrate') == 300
        await frames_go_on(receiver, 20)
        assert place.app._distribution.rung_of(place.viewers['s1']) is rung
        assert rung.out.totals.keyframes == keyframes


@asynchronous
async def test_what_was_encoded_is_counted_over_all_captures():
    async with studio(*SIZE) as place:
        receiver = await place.watch()
        await frames_go_on(receiver, 5)
        facts = place.app.facts()
        assert facts.levels[0].viewers == 1
        assert facts.levels[0].keyframes_total >= 1
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.stage.running)
        after = place.app.facts()
        assert after.levels[0].frames_total >= facts.levels[0].frames_total
        assert after.frames_captured_total >= facts.frames_captured_total > 0
        assert (after.viewers, after.joins_total, dict(after.viewers_closed_total)) == (0, 1, {'left': 1})
        await asyncio.sleep(0)


def link_of(place, kbps: float) -> None:
    """As if every viewer's link had been found to carry this much."""
    adaptation = place.app._adaptation
    for viewer in place.viewers.values():
        adaptation.feedback(viewer, [])
        adaptation._links[viewer]._set(kbps)
        adaptation._links[viewer].probe_bytes = lambda _now: 0


@asynchronous
async def test_another_bitrate_moves_everybody_to_where_they_then_belong():
    async with studio(*SIZE, '--bitrate', '2500') as place:
        receiver = await place.watch()
        distribution, viewer = place.app._distribution, place.viewers['s1']
        link_of(place, 800)
        await place.until(lambda: running(place) == [(1, 'H264')])
        # All of it now goes through.
        await place.stage.set_bitrate(600)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (640, 360))
        # And now much less than all.
        await place.stage.set_bitrate(5000)
        link_of(place, 800)
        await place.until(lambda: distribution.level_of(viewer) > 0 and distribution.rung_of(viewer))
        await frames_go_on(receiver)
        # So little that there is one level only.
        await place.stage.set_bitrate(90)
        await place.until(lambda: running(place) == [(0, 'H264')])
        await frames_go_on(receiver)


@asynchronous
async def test_what_changes_while_an_encoder_is_built_reaches_it(monkeypatch):
    async with studio(*SIZE) as place:
        receiver = await place.watch()
        distribution, viewer = place.app._distribution, place.viewers['s1']
        build = distribution._build

        def slow(level, encoder):
            rung = build(level, encoder)
            distribution._targets[level.number] = 222
            return rung

        monkeypatch.setattr(distribution, '_build', slow)
        distribution.move(viewer, 1)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (320, 180))
        assert distribution.rung_of(viewer).kbps == 222


@asynchronous
async def test_an_encoder_that_cannot_be_built_for_whatever_reason_is_tried_again(monkeypatch):
    monkeypatch.setattr(distribution_module, 'REBUILD_S', 0.05)
    async with studio(*SIZE) as place:
        receiver = await place.watch()
        distribution, viewer = place.app._distribution, place.viewers['s1']
        build, failures = distribution._build, iter([RuntimeError('no memory'), TypeError('no such property')])

        def fails(level, encoder):
            for reason in failures:
                raise reason
            return build(level, encoder)

        monkeypatch.setattr(distribution, '_build', fails)
        distribution.move(viewer, 1)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (320, 180))


@asynchronous
async def test_an_encoder_that_does_not_stop_holds_nobody_up_and_three_ask_for_a_restart(monkeypatch):
    monkeypatch.setattr(distribution_module, 'STOP_S', 0.05)
    released = threading.Event()
    stop = Rung.stop
    monkeypatch.setattr(Rung, 'stop', lambda self: (released.wait(10), stop(self)))
    async with studio(*SIZE) as place:
        receiver = await place.watch()
        distribution, viewer = place.app._distribution, place.viewers['s1']
        for level in (1, 0, 1):
            distribution.move(viewer, level)
            await place.until(lambda level=level: running(place) == [(level, 'H264')])
        await place.until(lambda: place.app.health() == 'The video encoder hangs.')
        await frames_go_on(receiver)
        released.set()
