"""What must hold when much happens at once, or very often: nothing leaks, piles up, or ends the process."""

import asyncio
import gc
import os
import random

from studio import asynchronous, studio
from webrtc_sender import app as app_module
from webrtc_sender import gst, log
from webrtc_sender.camera.modes import Mode
from webrtc_sender.gst import GObject, Gst, GstWebRTC
from webrtc_sender.peer import rest
from webrtc_sender.peer import viewer as viewer_module
from webrtc_sender.peer.viewer import CLOSED_EARLY


def descriptors() -> int:
    gc.collect()
    return len(os.listdir('/proc/self/fd'))


async def start_and_stop(place) -> None:
    await place.stage.start()
    await place.until(lambda: place.stage._source.frames > 0)
    await place.stage.stop_unless(lambda: False)


@asynchronous
async def test_a_capture_leaves_nothing_open():
    async with studio() as place:
        for _ in range(3):
            await start_and_stop(place)
        before = descriptors()
        for _ in range(12):
            await start_and_stop(place)
        # Two for each start, when its pipeline stayed.
        assert descriptors() <= before + 3


@asynchronous
async def test_changes_of_mode_leave_nothing_open():
    async with studio() as place:
        modes = [Mode(640, 360, 30.0), Mode(320, 180, 30.0)]
        await place.stage.start()
        for number in range(4):
            await place.stage.set_mode(modes[number % 2])
        before = descriptors()
        for number in range(12):
            await place.stage.set_mode(modes[number % 2])
        assert descriptors() <= before + 3


@asynchronous
async def test_of_a_burst_of_modes_only_the_last_counts():
    async with studio() as place:
        await place.stage.start()
        opened, answered = [], []
        opens = place.stage._open

        async def count():
            opened.append(place.stage.mode)
            await opens()

        place.stage._open = count
        wishes = [Mode(640, 360, 15.0 * (1 + number % 2)) for number in range(299)] + [Mode(960, 540, 30.0)]

        async def wish(number, mode):
            answered.append((number, await place.stage.set_mode(mode)))

        await asyncio.gather(*(wish(number, mode) for number, mode in enumerate(wishes)))
        # The first runs already when the others come; of these only the last is left.
        assert len(opened) <= 2
        assert opened[-1] == place.stage.mode == Mode(960, 540, 30.0)
        assert answered[-1] == (299, Mode(960, 540, 30.0))
        assert len(answered) == 300
        assert all(mode in (*opened, Mode(320, 180, 30.0)) for _, mode in answered), 'a mode in use'
        # The lock is free again, for changes and for newcomers.
        receiver = await place.watch()
        assert receiver.frames[-1][:2] == (960, 540)


@asynchronous
async def test_a_camera_that_does_not_start_is_told_within_the_time_for_an_answer(monkeypatch):
    monkeypatch.setattr(app_module, 'ANSWER_S', 0.5)
    async with studio() as place:
        await place.stage._lock.acquire()
        try:
            answer = await place.receiver().join()
        finally:
            place.stage._lock.release()
        assert answer['error']['code'] == 'sender_failed'
        assert 'camera did not start' in answer['error']['message']
        await place.until(lambda: not place.viewers and not place.stage.running)


@asynchronous
async def test_leaving_at_every_step_of_the_answer_is_a_quiet_refusal(monkeypatch):
    unexpected, steps = [], []
    monkeypatch.setattr(log, 'exception', lambda *a, **k: unexpected.append(k))
    leave_at = None

    async def promised(webrtc, action, *arguments, **keywords):
        result = await gst.promised(webrtc, action, *arguments, **keywords)
        steps.append(action)
        if action == leave_at:
            place.app._retire(next(iter(place.viewers.values())), 'left')
            await place.until(lambda: not place.viewers)
            await asyncio.sleep(0)
        return result

    monkeypatch.setattr(viewer_module, 'promised', promised)
    async with studio() as place:
        for leave_at in ('set-remote-description', 'create-answer', 'set-local-description'):
            answer = await place.receiver(leave_at).join()
            assert answer['error'] | {'code': 'sender_failed', 'message': CLOSED_EARLY} == answer['error'], leave_at
        leave_at = None
        await place.watch('stays')
    assert unexpected == []


@asynchronous
async def test_viewers_that_come_and_go_at_once():
    """GStreamer 1.22 crashes when a connection is freed while its ICE agent works."""
    chance = random.Random(1)
    async with studio('--max-viewers', '50') as place:
        receiver = place.receiver('first')
        await receiver.join()

        async def come_and_go(number):
            session = f's{number}'
            offering = asyncio.ensure_future(place.fake.offer(session, 1, receiver.sdp))
            await asyncio.sleep(chance.random() * 0.1)
            await place.fake.tell('session-closed', {'session': session, 'reason': 'left'})
            await offering

        for first in range(0, 60, 6):
            await asyncio.gather(*(come_and_go(number) for number in range(first, first + 6)))
        await place.until(lambda: len(place.viewers) <= 1)
        await receiver.wait_for_frames(1)
        await place.until(lambda: rest.count() == 0, timeout=20)


def test_an_agent_that_is_silenced_calls_nobody():
    pipeline, webrtc = Gst.Pipeline(), Gst.ElementFactory.make('webrtcbin')
    pipeline.add(webrtc)
    pipeline.set_state(Gst.State.PLAYING)
    caps = Gst.Caps.from_string('application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000')
    webrtc.emit('add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY, caps)
    promise = Gst.Promise.new()
    webrtc.emit('create-offer', None, promise)
    promise.wait()
    reply = promise.get_reply()
    described = Gst.Promise.new()
    offer = reply.get_value('offer')
    webrtc.emit('set-local-description', offer, described)
    described.wait()
    agent = rest.elements_of(webrtc, 'nicesrc')[0].get_property('agent')
    heard = []
    agent.connect('candidate-gathering-done', lambda *_: heard.append(1))
    assert rest.silence(webrtc) > 1, 'what GStreamer connected, and ours'
    assert rest.silence(webrtc) == 0
    agent.emit('candidate-gathering-done', 1)
    assert heard == []
    assert isinstance(agent, GObject.Object)
    rest.lay_to_rest(pipeline, webrtc, False)
    del offer, reply


@asynchronous
async def test_a_change_made_while_publish_is_on_its_way_is_told_after_it():
    async with studio() as place:
        mode = Mode(640, 360, 15.0)
        place.fake.before_published = lambda: place.stage.set_mode(mode)
        await place.fake.sio.disconnect(place.fake.sender)
        update = await place.fake.wait_for('update-camera')
        assert update['camera']['mode'] == mode.as_message()
        assert [event for event, _ in place.fake.heard] == ['publish', 'publish', 'update-camera']


def test_what_starts_after_the_end_is_stopped_too():
    pipeline, webrtc = Gst.Pipeline(), Gst.ElementFactory.make('webrtcbin')
    pipeline.add(webrtc)
    late = Gst.ElementFactory.make('fakesrc')
    webrtc.add(late)
    late.set_locked_state(True)
    late.set_state(Gst.State.READY)
    assert rest.stop_late(webrtc) == 1
    assert late.get_state(0)[1] == Gst.State.NULL
    assert rest.stop_late(webrtc) == 0


@asynchronous
async def test_a_page_that_opens_channel_after_channel_is_hung_up():
    async with studio() as place:
        receiver = await place.watch()
        other = await place.watch('other')
        options = Gst.Structure.from_string('options,ordered=(boolean)false')[0]
        extra = [receiver.webrtc.emit('create-data-channel', f'extra{number}', options) for number in range(20)]
        message = await place.fake.wait_for('leave')
        assert (message['session'], message['error']['code']) == ('s1', 'bad_request')
        count = len(other.frames)
        await other.wait_for_frames(count + 5)
        assert extra
