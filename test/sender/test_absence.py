"""A viewer whose network is gone: it is waited for, knocked at, and goes on with a keyframe when it answers."""

import contextlib
import hashlib
import hmac
import struct
import time
import zlib

import pytest
from studio import asynchronous, studio
from test_pause import nothing_comes, pause, watch
from webrtc_sender import app as application
from webrtc_sender.gst import Gst
from webrtc_sender.peer import knock, link_feedback, pulse
from webrtc_sender.peer.rest import elements_of
from webrtc_sender.quality.bandwidth import Controller
from webrtc_sender.quality.link_delay import Packet

BUFFERS = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST


@pytest.fixture
def impatient(monkeypatch):
    for name in ('SILENCE_S', 'PATIENCE_S', 'FIRST_S'):
        monkeypatch.setattr(pulse, name, 0.5)


@contextlib.contextmanager
def without_a_network(receiver):
    """Nothing that it says reaches the sender."""
    pads = [element.get_static_pad('sink') for element in elements_of(receiver.webrtc, 'nicesink')]
    probes = [(pad, pad.add_probe(BUFFERS, lambda *_: Gst.PadProbeReturn.DROP)) for pad in pads]
    yield
    for pad, probe in probes:
        pad.remove_probe(probe)


def keyframes_pushed(viewer) -> list[bool]:
    """Whether each frame from now on is one."""
    pushed: list[bool] = []

    def note(_pad, info):
        pushed.append(not info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT))
        return Gst.PadProbeReturn.OK

    viewer._source.get_static_pad('src').add_probe(Gst.PadProbeType.BUFFER, note)
    return pushed


@asynchronous
async def test_a_silent_viewer_is_awaited_and_begins_with_a_keyframe_when_it_is_heard(impatient):
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        with without_a_network(receiver):
            viewer._feedback.heard_at = time.monotonic()  # this receiver gives no transport-wide feedback
            await place.until(lambda: viewer.is_awaited)
            await nothing_comes(receiver, 0.5)
            assert place.stage.running, 'its frames are there when it is'
            pushed = keyframes_pushed(viewer)
        await place.until(lambda: len(pushed) > 2)
        assert pushed[0], 'what was sent before is lost'
        assert not viewer._feedback.note_loss(), (
            'it asks for what is lost: that is known, and another pause would be seen'
        )
        assert place.fake.all('leave') == []
        assert place.viewers['s1'] is viewer


@asynchronous
async def test_a_viewer_that_says_nothing_of_its_frames_is_knocked_at_before_they_are_stopped(monkeypatch):
    monkeypatch.setattr(link_feedback, 'MUTE_S', 0.5)
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        with without_a_network(receiver):
            viewer._feedback.heard_at = time.monotonic()  # this receiver gives no transport-wide feedback
            await place.until(lambda: viewer.is_awaited)
            assert not viewer.is_cut_off
            count = len(receiver.packets)
            await receiver.wait_until(lambda: len(receiver.packets) > count + 10)
            pushed = keyframes_pushed(viewer)
        await place.until(lambda: any(pushed))
        assert not viewer.is_awaited


@asynchronous
async def test_an_answer_to_a_knock_is_enough(monkeypatch, impatient):
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        with without_a_network(receiver):
            await place.until(lambda: viewer.is_awaited)
            pushed = keyframes_pushed(viewer)
            mark = viewer._knocker._mark
            pong = struct.pack('>HHI', 0x0300, 8, 0x2112A442) + mark + bytes(12)
            entry = elements_of(viewer._webrtc, 'nicesrc')[0].get_static_pad('src')
            entry.push(Gst.Buffer.new_wrapped(pong))
            await place.until(lambda: len(pushed) > 2)
            assert pushed[0]


@asynchronous
async def test_a_viewer_that_asks_for_what_a_short_blackout_took_gets_a_keyframe_instead():
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        feedback, retransmission = viewer._feedback, viewer._retransmission
        feedback.heard_at = time.monotonic() - 1  # this receiver gives no transport-wide feedback
        frames = len(receiver.frames)
        await receiver.wait_for_frames(frames + 12)
        pushed = keyframes_pushed(viewer)
        assert feedback.note_loss()
        await place.until(lambda: any(pushed))
        assert pushed.index(True) <= 1, 'one may have been on its way'
        assert retransmission._floor is not None, 'what was sent before is not sent again'
        assert not feedback.note_loss()


def test_the_estimate_is_what_it_was_before_a_blackout_and_what_was_sent_into_it_does_not_count():
    link = Controller(3000, 100, 3000)
    for number in range(20):
        link.feed([Packet(number / 20, number / 20 + 0.02, 1200)], number / 20)
    link.tick(3.0, is_sending=True)
    assert link.estimate_kbps == 1500
    link.start_over(4.0)
    assert link.estimate_kbps == 3000
    link.feed([Packet(1 + number / 100, None, 1200) for number in range(300)], 4.1)
    assert link.estimate_kbps == 3000
    assert not link.is_congested(4.2)


@asynchronous
async def test_a_silent_viewer_is_given_up_in_the_end(monkeypatch, impatient):
    monkeypatch.setattr(application, 'AWAIT_S', 2.0)
    async with studio() as place:
        receiver = await watch(place)
        await receiver.close()
        await place.until(lambda: place.viewers['s1'].is_awaited)
        message = await place.fake.wait_for('leave')
        assert (message['session'], message['error']['code']) == ('s1', 'connection_lost')
        await place.until(lambda: not place.viewers and not place.stage.running)


@asynchronous
async def test_a_player_of_somebody_elses_is_given_up_sooner(monkeypatch, impatient):
    monkeypatch.setattr(application, 'AWAIT_STRANGER_S', 2.0)
    async with studio() as place:
        receiver = await place.watch(data_channel=False)
        viewer = place.viewers['s1']
        await place.until(lambda: viewer.pulse._longest_gap is not None, timeout=10)
        await receiver.close()
        await place.until(lambda: viewer.is_awaited)
        await place.fake.wait_for('leave')
        await place.until(lambda: not place.viewers and not place.stage.running)


@asynchronous
async def test_a_browser_that_was_killed_is_not_awaited(monkeypatch, impatient):
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        awaited = []
        monkeypatch.setattr(viewer, 'await_return', lambda: awaited.append(1) or True)
        # The socket of a process that ends is closed by its system.
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'lost'})
        await receiver.close()
        await place.fake.wait_for('leave')
        assert awaited == []


@asynchronous
async def test_a_viewer_whose_heartbeat_the_server_misses_later_is_awaited(monkeypatch, impatient):
    monkeypatch.setattr(application, 'LEFT_S', 0.2)
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        await receiver.close()
        await place.until(lambda: viewer.is_awaited)
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'lost'})
        await place.until(lambda: viewer.signalling_lost_at is not None)
        assert viewer.is_awaited
        assert place.fake.all('leave') == []


@asynchronous
async def test_who_is_awaited_takes_nobodys_place(impatient):
    async with studio('--max-viewers', '1') as place:
        receiver = await watch(place)
        await receiver.close()
        await place.until(lambda: place.viewers['s1'].is_awaited)
        await place.watch('s2')


@asynchronous
async def test_a_hidden_page_that_comes_back_is_still_sent_nothing(impatient):
    async with studio() as place:
        receiver = await watch(place)
        viewer = place.viewers['s1']
        await pause(receiver)
        with without_a_network(receiver):
            await place.until(lambda: viewer.is_awaited)
        await place.until(lambda: not viewer.is_awaited)
        await nothing_comes(receiver, 0.5)


def test_a_check_is_what_ice_expects():
    credentials = knock.Credentials('a=ice-ufrag:evtj\r\na=ice-pwd:secret\r\na=ice-ufrag:other', 'a=ice-ufrag:h6vY\r\n')
    assert (credentials.username, credentials.password) == ('evtj:h6vY', 'secret')
    packet = knock.check(credentials, b'0123456789ab', b'tie-brkr')
    kind, length, cookie = struct.unpack('>HHI', packet[:8])
    assert (kind, length, cookie, packet[8:20]) == (1, len(packet) - 20, 0x2112A442, b'0123456789ab')
    attributes, at = {}, 20
    while at < len(packet):
        name, size = struct.unpack('>HH', packet[at : at + 4])
        attributes[name] = at, packet[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    assert list(attributes) == [0x0006, 0x0024, 0x8029, 0x0008, 0x8028]
    assert attributes[0x0006][1] == b'evtj:h6vY'
    # Each of these covers what comes before it, with the length as if the message ended after it.
    at, digest = attributes[0x0008]
    covered = packet[:2] + struct.pack('>H', at + 24 - 20) + packet[4:at]
    assert digest == hmac.new(b'secret', covered, hashlib.sha1).digest()
    at, sum_ = attributes[0x8028]
    assert sum_ == struct.pack('>I', zlib.crc32(packet[:at]) ^ 0x5354554E)


def test_a_ping_is_the_short_form_of_a_check():
    packet = knock.ping(knock.Credentials('a=ice-pwd:secret', ''), b'0123456789ab')
    header = struct.pack('>HHI', 0x0200, 8, 0x2112A442) + b'0123456789ab'
    assert packet == header + struct.pack('>HH', 0xC060, 4) + hmac.new(b'secret', header, hashlib.sha1).digest()[:4]


def test_only_the_answer_to_a_ping_of_ours_is_one():
    answer = struct.pack('>HHI', 0x0300, 8, 0x2112A442) + b'12345678abcd'
    assert knock.answers(answer, b'12345678')
    assert not knock.answers(answer, b'87654321')
    assert not knock.answers(b'\x03\x10' + answer[2:], b'12345678'), 'an error'
    assert not knock.answers(b'\x80\x60' + answer[2:], b'12345678'), 'RTP'
    assert not knock.answers(b'', b'12345678')
