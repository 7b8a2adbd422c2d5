"""The sender at work: real capture, real encoder, real webrtcbin on both sides. Only the server is fake."""

import asyncio
import gc
import itertools
import os
import threading
import time
import weakref
from collections import Counter

import pytest
from receiver import VP9
from studio import asynchronous, studio
from test_protocol import check
from webrtc_sender import app as app_module
from webrtc_sender import stage as stage_module
from webrtc_sender.camera.cameras import Camera, CameraMode
from webrtc_sender.camera.modes import Mode
from webrtc_sender.encode import rung
from webrtc_sender.gst import GLib, Gst, GstWebRTC
from webrtc_sender.peer import extensions, media, pulse, rest
from webrtc_sender.peer.viewer import State
from webrtc_sender.picture import source as source_module
from webrtc_sender.picture.picture_clock import PERIOD_MICROS
from webrtc_sender.quality import distribution
from webrtc_sender.server.protocol import PreviewError


@asynchronous
async def test_a_viewer_sees_the_picture_and_the_camera_runs_only_meanwhile():
    async with studio() as place:
        assert not place.stage.running
        receiver = await place.watch()
        await receiver.wait_for_frames(10)
        assert place.stage.running
        numbers = [clock[1] for _, _, clock, _ in receiver.frames]
        assert numbers == sorted(numbers), 'every clock can be read, and they go forward'
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.stage.running)
        assert place.viewers == {}


@asynchronous
async def test_what_the_server_hears_is_valid():
    async with studio('--token', 'secret', '--label', 'Bench camera') as place:
        receiver = await place.watch()
        await place.fake.ask(
            'set-mode', {'stream': 'camera', 'session': 's1', 'mode': {'width': 640, 'height': 360, 'fps': 30}}
        )
        await receiver.wait_until(lambda: receiver.frames[-1][0] == 640)
        end = await place.fake.wait_for('candidate', lambda m: m['candidate']['candidate'] == '')
        assert end['session'] == 's1'
        check('Handshake', place.fake.auth[0])
        assert place.fake.auth[0] == {'role': 'sender', 'protocol': 1, 'token': 'secret'}
        names = {'publish': 'Publish', 'candidate': 'SendCandidate', 'update-camera': 'UpdateCamera'}
        for event, message in place.fake.heard:
            check(names[event], message)
        camera = place.fake.all('publish')[0]['camera']
        assert (camera['label'], camera['encoder']) == ('Bench camera', 'x264enc')
        check('Answered', {'ok': True, 'sdp': receiver.answer})


@asynchronous
async def test_the_answer_names_the_ssrc_that_is_sent_and_offers_rtx_and_playout_delay():
    async with studio() as place:
        receiver = await place.watch()
        ssrc = place.viewers['s1']._ssrc
        assert f'a=ssrc:{ssrc} ' in receiver.answer
        assert place.viewers['s1']._payloader.get_property('ssrc') == ssrc
        assert 'apt=102' in receiver.answer
        assert 'nack pli' in receiver.answer
        assert 'a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay' in receiver.answer
        assert 'ulpfec' not in receiver.answer
        assert 'a=candidate' not in receiver.answer, 'candidates follow, the answer does not wait for them'


@asynchronous
async def test_the_viewer_begins_with_dtls_and_checks_are_made_as_often_as_ice_allows():
    # Its keys are then there half a round trip after ours, and the picture is one round trip earlier.
    async with studio() as place:
        receiver = await place.watch()
        assert 'a=setup:actpass' in receiver.sdp
        assert 'a=setup:passive' in receiver.answer
        assert 'a=setup:active' not in receiver.answer
        webrtc = place.viewers['s1']._webrtc
        agents = [source.get_property('agent') for source in rest.elements_of(webrtc, 'nicesrc')]
        assert agents
        assert {agent.get_property('stun-pacing-timer') for agent in agents} == {5}


@asynchronous
async def test_with_a_player_of_somebody_elses_the_sender_begins():
    async with studio() as place:
        receiver = await place.watch(data_channel=False)
        assert 'a=setup:active' in receiver.answer


@asynchronous
async def test_no_frame_is_handed_over_before_dtls_is_through(monkeypatch):
    states = []
    add = distribution.Distribution.add

    def noting(self, viewer, *arguments):
        states.append(viewer._webrtc.get_property('connection-state').value_nick)
        add(self, viewer, *arguments)

    monkeypatch.setattr(distribution.Distribution, 'add', noting)
    async with studio() as place:
        await place.watch()
        assert states == ['connected'], 'on the way to it alone, the first packets would be unreadable'


@pytest.mark.parametrize(
    ('setup_s', 'asked_while'),
    [(0.02, (State.NEW, State.NEGOTIATING)), (1.0, (State.CONNECTING,))],
    ids=['near', 'far'],
)
def test_a_keyframe_is_made_while_a_near_viewer_connects_and_only_one(monkeypatch, setup_s, asked_while):
    asked = []

    @asynchronous
    async def run():
        async with studio() as place:
            await place.watch('s1')
            shown = place.app._distribution.rung_of(place.viewers['s1'])
            await place.until(lambda: shown.out.known_since is None)  # the last one is too old for a newcomer
            before = shown.out.totals.keyframes
            force = rung.Rung.force_keyframe
            monkeypatch.setattr(
                rung.Rung, 'force_keyframe', lambda it: (asked.append(place.viewers['s2'].state), force(it))
            )
            place.app._setup_s = setup_s
            second = await place.watch('s2')
            await second.wait_for_frames(25)  # longer than the next one would have to wait
            assert shown.out.totals.keyframes == before + 1
            assert len(asked) == 1
            assert asked[0] in asked_while

    run()


@asynchronous
async def test_playout_delay_is_on_the_first_frames_and_then_no_more():
    former, extensions.WRITE_S = extensions.WRITE_S, 0.4
    try:
        async with studio() as place:
            receiver = await place.watch()
            assert [extension for _, extension in receiver.packets[:5]] == [b'\0\0\0'] * min(5, len(receiver.packets))
            await receiver.wait_until(lambda: receiver.packets[-1][1] is None)
            count = len(receiver.packets)
            await receiver.wait_until(lambda: len(receiver.packets) > count + 10)
            assert all(extension is None for _, extension in receiver.packets[count:])
    finally:
        extensions.WRITE_S = former


@asynchronous
async def test_without_playout_delay():
    async with studio('--no-playout-delay') as place:
        receiver = await place.watch()
        assert all(extension is None for _, extension in receiver.packets)
        assert 'extmap' not in receiver.answer


@asynchronous
async def test_the_clock_ties_rtp_time_to_the_time_in_the_picture():
    async with studio() as place:
        receiver = await place.watch()
        clock = await receiver.wait_for_message('clock')
        await receiver.wait_for_frames(20)
        assert clock['origin'] == 'drawn'
        for _, _, (micros, _), rtp in receiver.frames[:20]:
            delta = (rtp - clock['rtp'] + 2**31) % 2**32 - 2**31
            captured = clock['captureMs'] + delta / 90
            error = (captured * 1000 - micros + PERIOD_MICROS / 2) % PERIOD_MICROS - PERIOD_MICROS / 2
            # Measured: 12 microseconds. The RTP clock itself ticks every 11.
            assert abs(error) < 1_000, 'microseconds between the clock that is sent and the one that is shown'
        later = len(receiver.messages)
        await receiver.wait_until(
            lambda: any(m['type'] == 'clock' and m.get('encodeMs') for m in receiver.messages[later:])
        )


@asynchronous
async def test_what_holds_frames_up_on_their_way_to_the_socket_is_told_however_long_it_is(monkeypatch):
    late = 'queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! clocksync ts-offset=200000000'
    monkeypatch.setattr(media, 'PIPELINE', media.PIPELINE.replace('! {payloader}', f'! {late} ! {{payloader}}'))
    async with studio() as place:
        receiver = await place.watch()

        def told() -> list[float]:
            return [m['sendMs'] for m in receiver.messages if m['type'] == 'clock' and 'sendMs' in m]

        # The first of all was made before there was a way to the viewer. Each of the others is let go 200 ms after it
        # was drawn, a few ms of which it was in the encoder; the next frames enter long before that.
        await receiver.wait_until(lambda: len(told()) >= 3)
        assert min(told()[1:]) > 150
        assert max(told()[1:]) < 400


@asynchronous
async def test_pings_are_answered():
    async with studio() as place:
        receiver = await place.watch()
        await receiver.wait_for_message('clock')  # the channel is open
        before = time.time() * 1000
        receiver.send({'type': 'ping', 't': 12.5})
        pong = await receiver.wait_for_message('pong')
        assert pong['t'] == 12.5
        assert before <= pong['received'] <= pong['sent'] <= time.time() * 1000


@asynchronous
async def test_a_change_of_mode_goes_on_in_the_same_connection():
    async with studio() as place:
        receiver = await place.watch()
        wish = {'width': 650, 'height': 365, 'fps': 30}
        answer = await place.fake.ask('set-mode', {'stream': 'camera', 'session': 's1', 'mode': wish})
        assert answer['mode'] == {'width': 640, 'height': 360, 'fps': 30}
        assert answer['notice'].startswith('The test pattern has no 650x365')
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (640, 360))
        update = await place.fake.wait_for('update-camera', lambda m: m['camera']['mode']['width'] == 640)
        assert update['camera']['mode'] == answer['mode']
        # The same stream, and RTP time goes on where it was.
        assert len(receiver.decoders) == 1
        steps = [(b[0] - a[0]) % 2**32 for a, b in zip(receiver.packets, receiver.packets[1:], strict=False)]
        assert max(steps) < 90_000 * 3
        clocks = [frame[2] for frame in receiver.frames]
        assert all(clocks), 'no broken picture on the way'
        # A fresh clock mapping, and a right one.
        width, _, (micros, _), rtp = receiver.frames[-1]
        clock = [m for m in receiver.messages if m['type'] == 'clock'][-1]
        captured = clock['captureMs'] + ((rtp - clock['rtp'] + 2**31) % 2**32 - 2**31) / 90
        assert abs((captured * 1000 - micros + PERIOD_MICROS / 2) % PERIOD_MICROS - PERIOD_MICROS / 2) < 1_000


@asynchronous
async def test_a_change_of_mode_while_nobody_watches_is_remembered():
    async with studio() as place:
        answer = await place.fake.ask(
            'set-mode', {'stream': 'camera', 'session': 'x', 'mode': {'width': 640, 'height': 360, 'fps': 15}}
        )
        assert answer['mode'] == {'width': 640, 'height': 360, 'fps': 15}
        assert not place.stage.running
        await place.fake.wait_for('update-camera', lambda m: m['camera']['mode'] == answer['mode'])
        receiver = await place.watch()
        assert receiver.frames[0][:2] == (640, 360)


@asynchronous
async def test_many_joins_and_leaves_leave_nothing_behind():
    async with studio() as place:
        await place.watch('stays')
        gone = []

        async def come_and_go(number):
            receiver = await place.watch(f's{number}')
            viewer = place.viewers[f's{number}']
            gone.append(weakref.ref(viewer))
            viewer.send_copies(3, None)
            del viewer
            place.receivers.remove(receiver)
            await receiver.close()
            await place.fake.tell('session-closed', {'session': f's{number}', 'reason': 'left'})
            await place.until(lambda: f's{number}' not in place.viewers)

        def counts():
            return threading.active_count(), len(os.listdir('/proc/self/fd')), len(os.listdir('/proc/self/task'))

        for number in range(4):
            await come_and_go(number)
        before = counts()
        for number in range(4, 26):
            await come_and_go(number)
        await place.until(lambda: all(now <= then + 3 for now, then in zip(counts(), before, strict=True)), timeout=5)
        gc.collect()
        await place.until(lambda: gc.collect() is not None and sum(r() is not None for r in gone) <= 1)


@asynchronous
async def test_everybody_gets_the_same_encode_and_a_join_costs_the_others_little(monkeypatch):
    async with studio() as place:
        forced = []
        force = rung.Rung.force_keyframe
        monkeypatch.setattr(rung.Rung, 'force_keyframe', lambda self: (forced.append(1), force(self)))
        first = await place.watch('s0')
        receivers = await asyncio.gather(*(place.watch(f's{n}') for n in range(1, 4)))
        assert len(place.viewers) == 4
        assert len(forced) <= 2, 'keyframes for a storm of joins'
        count = len(first.frames)
        await first.wait_for_frames(count + 5)
        pushed = {frame[2] for frame in first.frames}
        assert all(pushed & {frame[2] for frame in receiver.frames} for receiver in receivers)


@asynchronous
async def test_a_viewer_that_hangs_does_not_hold_up_the_others():
    async with studio('--fps', '60') as place:
        stuck, fine = await place.watch('stuck'), await place.watch('fine')
        viewer = place.viewers['stuck']
        released = threading.Event()

        def block(_pad, _info):
            released.wait(10)
            return Gst.PadProbeReturn.REMOVE

        viewer._payloader.get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, block)
        count = len(fine.frames)
        await fine.wait_for_frames(count + 120)
        assert viewer._source.get_property('current-level-buffers') <= media.QUEUED_FRAMES + 60 * media.CROWDED_S + 2
        assert viewer._needs_keyframe, 'frames were dropped, so it waits for a keyframe'
        count = len(stuck.frames)
        released.set()
        await stuck.wait_for_frames(count + 35)
        assert all(frame[2] for frame in stuck.frames), 'no broken picture'


@asynchronous
async def test_a_dead_viewer_is_noticed_by_its_silence():
    former, pulse.SILENCE_S, pulse.PATIENCE_S = (pulse.SILENCE_S, pulse.PATIENCE_S), 0.5, 0.5
    awaited, app_module.AWAIT_STRANGER_S = app_module.AWAIT_STRANGER_S, 0.5
    try:
        async with studio() as place:
            receiver = await place.watch(data_channel=False)
            viewer = place.viewers['s1']
            await place.until(lambda: viewer.pulse._longest_gap is not None, timeout=10)
            await receiver.close()
            message = await place.fake.wait_for('leave')
            assert (message['session'], message['error']['code']) == ('s1', 'connection_lost')
            check('Leave', message)
            await place.until(lambda: not place.stage.running)
    finally:
        pulse.SILENCE_S, pulse.PATIENCE_S = former
        app_module.AWAIT_STRANGER_S = awaited


@asynchronous
async def test_a_viewer_that_never_connects_is_given_up():
    former, app_module.CONNECT_S = app_module.CONNECT_S, 0.3
    try:
        async with studio() as place:
            place.fake.tell = lambda *_: asyncio.sleep(0)  # our candidates never arrive
            receiver = place.receiver()
            place.fake.candidates['s1'] = []
            place.fake.on_candidate['s1'] = lambda _: None
            receiver._add_candidate = lambda _: None
            assert (await receiver.join())['ok']
            message = await place.fake.wait_for('leave')
            assert message['error']['code'] == 'ice_failed'
            await place.until(lambda: not place.stage.running)
    finally:
        app_module.CONNECT_S = former


def elements_of(pipeline):
    iterator = pipeline.iterate_recurse()
    while (step := iterator.next())[0] == Gst.IteratorResult.OK:
        yield step[1]


@asynchronous
async def test_a_page_that_hangs_up_and_does_not_come_back_gives_its_session_back(monkeypatch):
    monkeypatch.setattr('webrtc_sender.app.HUNG_UP_S', 0.1)
    async with studio() as place:
        await place.watch()
        place.app.hung_up(place.viewers['s1'])
        await place.fake.wait_until(lambda: {'session': 's1'} in place.fake.all('leave'))


@asynchronous
async def test_a_page_that_hangs_up_is_let_go_at_once_and_may_offer_again():
    async with studio() as place:
        receiver = await place.watch()
        await receiver.wait_for_message('clock')
        # Chromium aborts SCTP when a page calls pc.close(); GStreamer as a receiver does not: its error is made here.
        pipeline = place.viewers['s1']._pipeline
        sctp = next(element for element in elements_of(pipeline) if element.get_name().startswith('sctpenc'))
        error = GLib.Error.new_literal(
            Gst.ResourceError.quark(), 'Could not write to resource.', Gst.ResourceError.WRITE
        )
        pipeline.get_bus().post(Gst.Message.new_error(sctp, error, 'aborted'))
        await place.until(lambda: not place.viewers, timeout=3)
        again = await place.watch(epoch=2)
        assert place.viewers['s1'].epoch == 2
        await again.wait_for_frames(5)
        assert place.fake.all('leave') == []


@asynchronous
async def test_a_newer_offer_replaces_the_connection_and_an_older_one_is_refused():
    async with studio() as place:
        await place.watch(epoch=2)
        former = place.viewers['s1']
        again = await place.watch(epoch=3)
        await place.until(lambda: former.state == State.CLOSED)
        assert list(place.viewers) == ['s1']
        await again.wait_for_frames(5)
        answer = await place.receiver(epoch=2).join()
        assert answer['error']['code'] == 'stale_epoch'
        check('Refusal', answer)


@asynchronous
async def test_too_many_viewers():
    async with studio('--max-viewers', '1') as place:
        await place.watch('s1')
        answer = await place.receiver('s2').join()
        assert answer['error']['code'] == 'too_many_viewers'
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.viewers)
        await place.watch('s3')


@asynchronous
async def test_no_codec_in_common():
    async with studio() as place:
        answer = await place.receiver(caps=VP9).join()
        assert answer['error']['code'] == 'codec_mismatch'
        await place.until(lambda: not place.viewers and not place.stage.running)


@pytest.mark.parametrize(
    'message',
    [
        {},
        {'session': 's', 'epoch': 1, 'sdp': 'v=0\r\n', 'ice': {'turnServers': []}},
        {'session': 's', 'epoch': 1, 'sdp': 'v=0\r\nm=video 9 x 96\r\na=rtpmap:x\r\n', 'ice': {}},
    ],
)
@asynchronous
async def test_offers_that_make_no_sense_are_refused_and_nothing_stays(message):
    async with studio() as place:
        answer = await place.fake.ask('offer', message)
        assert answer['error']['code'] in ('bad_request', 'invalid_sdp')
        await place.until(lambda: not place.viewers and not place.stage.running)


@asynchronous
async def test_the_picture_goes_on_while_the_server_is_away_and_the_stream_is_published_again():
    async with studio() as place:
        receiver = await place.watch()
        await place.fake.sio.disconnect(place.fake.sender)
        await place.fake.wait_until(lambda: len(place.fake.all('publish')) == 2)
        count = len(receiver.frames)
        await receiver.wait_for_frames(count + 5)
        first, second = place.fake.all('publish')
        assert first['instance'] == second['instance']


@asynchronous
async def test_a_lost_session_that_it_does_not_have_is_given_back():
    async with studio() as place:
        await place.fake.tell('session-closed', {'session': 'unheard-of', 'reason': 'lost'})
        await place.fake.wait_until(lambda: {'session': 'unheard-of'} in place.fake.all('leave'))


@asynchronous
async def test_a_viewer_whose_signalling_is_lost_keeps_its_picture():
    async with studio() as place:
        receiver = await place.watch()
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'lost'})
        count = len(receiver.frames)
        await receiver.wait_for_frames(count + 10)


@pytest.mark.parametrize('reason', ['kicked', 'expired', 'timeout'])
@asynchronous
async def test_a_viewer_who_may_not_watch_any_longer_gets_nothing_more(reason):
    async with studio() as place:
        await place.watch()
        await place.fake.tell('session-closed', {'session': 's1', 'reason': reason})
        await place.until(lambda: not place.viewers and not place.stage.running, timeout=3)


@asynchronous
async def test_the_end_of_the_candidates_is_told():
    async with studio() as place:
        await place.watch()
        last = await place.fake.wait_for('candidate', lambda m: m['candidate']['candidate'] == '')
        check('SendCandidate', last)
        assert place.fake.candidates['s1'][-1] == last


@asynchronous
async def test_servers_that_were_pushed_are_for_offers_that_bring_none():
    async with studio('--ice-policy', 'relay') as place:
        receiver = place.receiver('s1')
        refused = await receiver.join()
        assert refused['error']['code'] == 'ice_failed'
        assert '--ice-policy relay' in refused['error']['message']
        await place.fake.tell('ice-config', {'turnServers': ['turn://u:p@127.0.0.1:9']})
        offer = {'stream': 'camera', 'session': 's2', 'epoch': 1, 'sdp': receiver.sdp}
        assert (await place.fake.ask('offer', offer))['ok']
        webrtc = place.viewers['s2']._webrtc
        assert webrtc.get_property('ice-transport-policy') == GstWebRTC.WebRTCICETransportPolicy.RELAY
        assert not any(m['candidate']['candidate'] for m in place.fake.candidates.get('s2', []))


@asynchronous
async def test_a_camera_that_is_gone_refuses_with_its_reason_and_is_tried_again(tmp_path):
    camera = Camera(str(tmp_path / 'video0'), 'Gone', (CameraMode(640, 480, 30.0, 'YUY2'),))
    async with studio(camera=camera) as place:
        answer = await place.receiver('s1').join()
        assert answer['error']['code'] == 'camera_missing'
        update = await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        check('UpdateCamera', update)
        # Something is there now, but it is no camera: another reason shows that it was looked at again.
        (tmp_path / 'video0').write_text('')
        answer = await place.receiver('s2').join()
        assert answer['error']['code'].startswith('camera_')
        assert answer['error']['message'] != update['camera']['error']['message']
        await place.until(lambda: not place.viewers and not place.stage.running)


@asynchronous
async def test_a_camera_that_was_missing_is_found_by_the_next_viewer(monkeypatch):
    missing = Camera('/dev/video-none', 'Bench', (), PreviewError('camera_missing'))
    async with studio(camera=missing) as place:
        published = place.fake.all('publish')[0]
        check('Publish', published)
        assert published['camera']['error']['code'] == 'camera_missing'
        answer = await place.receiver('s1').join()
        assert answer['error']['code'] == 'camera_missing'
        mode = {'width': 640, 'height': 360, 'fps': 30}
        answer = await place.fake.ask('set-mode', {'stream': 'camera', 'session': 's1', 'mode': mode})
        assert answer['error']['code'] == 'camera_missing'
        # It is plugged in. There is none to plug in here: a videotestsrc stands where v4l2src would.
        found = Camera('/dev/video-none', 'Bench', (CameraMode(640, 480, 30.0, 'YUY2'),))
        monkeypatch.setattr(stage_module, 'open_camera', lambda *_: found)
        monkeypatch.setattr(stage_module, 'check_device', lambda _: None)
        described = source_module.describe
        stand_in = 'videotestsrc is-live=true name=camera'
        monkeypatch.setattr(
            source_module, 'describe', lambda *a: described(*a).replace('v4l2src name=camera', stand_in)
        )
        monkeypatch.setattr(source_module, 'set_device', lambda *_: None)
        receiver = await place.watch('s2')
        assert receiver.frames[0][:2] == (640, 480)
        clock = await receiver.wait_for_message('clock')
        assert clock['origin'] in ('arrival', 'driver')
        update = await place.fake.wait_for('update-camera', lambda m: m['camera']['modes'])
        assert (
            'error' not in (await place.fake.wait_for('update-camera', lambda m: 'error' not in m['camera']))['camera']
        )
        check('UpdateCamera', update)


@asynchronous
async def test_a_mode_in_which_the_camera_fails_brings_the_former_back():
    async with studio() as place:
        receiver = await place.watch()
        build, failures = place.stage._build, []

        def fail_once(sink):
            if not failures:
                failures.append(place.stage.mode)
                raise app_module.PreviewError('camera_failed')
            return build(sink)

        place.stage._build = fail_once
        answer = await place.fake.ask(
            'set-mode', {'stream': 'camera', 'session': 's1', 'mode': {'width': 640, 'height': 360, 'fps': 30}}
        )
        assert answer['error']['code'] == 'camera_failed'
        assert place.stage.mode == Mode(320, 180, 30.0)
        count = len(receiver.frames)
        await receiver.wait_for_frames(count + 5)
        assert receiver.frames[-1][:2] == (320, 180)


@asynchronous
async def test_goodbye():
    async with studio() as place:
        await place.watch()
        viewer = place.viewers['s1']
        await place.app.close()
        assert place.fake.all('unpublish') == [{'stream': 'camera'}]
        assert viewer.state == State.CLOSED
        assert not place.stage.running


@asynchronous
async def test_everything_is_sent_as_often_as_wanted_and_the_picture_knows_nothing_of_it():
    async with studio() as place:
        receiver = await place.watch()
        viewer = place.viewers['s1']
        sent: list[bytes] = []

        def note(_pad, info):
            buffers = info.get_buffer_list() if info.type & Gst.PadProbeType.BUFFER_LIST else None
            buffers = [buffers.get(n) for n in range(buffers.length())] if buffers else [info.get_buffer()]
            sent.extend(buffer.extract_dup(0, buffer.get_size()) for buffer in buffers)
            return Gst.PadProbeReturn.OK

        sink = rest.elements_of(viewer._webrtc, 'nicesink')[0].get_static_pad('sink')
        sink.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, note)

        def times() -> dict[bytes, int]:
            """How often each packet of the video was sent (RFC 5761 §4: its second byte tells it from RTCP)."""
            return Counter(each for each in sent if 0x7F < each[0] < 0xC0 and not 0xC0 <= each[1] < 0xE0)

        await receiver.wait_for_frames(len(receiver.frames) + 15)
        assert set(times().values()) == {1}
        viewer.send_copies(2, 0.005)
        await place.until(lambda: list(times().values()).count(2) > 30)
        assert max(times().values()) == 2
        viewer.send_copies(3, 0.005)
        await place.until(lambda: list(times().values()).count(3) > 30)
        assert max(times().values()) == 3
        await receiver.wait_for_frames(len(receiver.frames) + 15)
        assert all(later[3] != earlier[3] for earlier, later in itertools.pairwise(receiver.frames))

        viewer.send_copies(1, None)
        await receiver.wait_for_frames(len(receiver.frames) + 5)
        sent.clear()
        await receiver.wait_for_frames(len(receiver.frames) + 15)
        assert set(times().values()) == {1}
        # And again, by the branch that is there.
        viewer.send_copies(2, 0.005)
        await place.until(lambda: list(times().values()).count(2) > 30)
