"""What makes a viewer cheap, and is easily lost: next to no Python for each of them, and one keyframe for many."""

import ctypes
import os
import re
import time
from collections import Counter
from pathlib import Path

import receiver
from studio import asynchronous, studio
from webrtc_sender.encode import broadcast as broadcast_module
from webrtc_sender.encode.broadcast import Broadcast
from webrtc_sender.gst import GObject, Gst
from webrtc_sender.peer import connection as connection_module
from webrtc_sender.peer import departure, direct, link_feedback, media, pulse, rest, retransmission, short_cut
from webrtc_sender.peer.direct import NEVER
from webrtc_sender.peer.sdp import TRANSPORT_CC_URI

WITH_FEEDBACK = f'{receiver.H264},extmap-3=(string)"{TRANSPORT_CC_URI}",rtcp-fb-transport-cc=(boolean)true'


def feedback_event(*packets: tuple[int, int, int]):
    """As rtpsession makes it (GStreamer 1.22: rtpstats.c)."""
    entries = GObject.ValueArray.new(0)
    for sent, arrived, size in packets:
        text = f'RTPTWCCPacket,seqnum=(uint)7,local-ts=(guint64){sent},remote-ts=(guint64){arrived},size=(uint){size}'
        entries.append(Gst.Structure.from_string(f'{text},lost=(boolean)false;')[0])
    structure = Gst.Structure.new_empty('RTPTWCCPackets')
    structure.set_value('packets', entries)
    return Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, structure)


def references(wrapped) -> int:
    """How many there are of a GstMiniObject."""
    return ctypes.c_int.from_address(hash(wrapped) + ctypes.sizeof(ctypes.c_size_t)).value


def test_a_report_is_read_as_it_was_written():
    packets = [(5_000_000_000, 12_345_678_901, 1200), (2**63, NEVER, 0), (NEVER, 1, 2**32 - 1)]
    event = feedback_event(*packets)
    assert direct.event_name(hash(event)) == link_feedback.EVENT
    report = direct.Report(hash(event))
    assert report.packets() == packets
    assert report.ends() == (packets[0], packets[-1])
    assert len(report) == 3
    assert not report.is_whole()
    assert direct.Report(hash(feedback_event(packets[0], packets[2]))).is_whole()
    assert len(direct.Report(hash(feedback_event()))) == 0


def test_a_report_that_is_kept_keeps_its_event_and_no_longer():
    event = feedback_event((1, 2, 3))
    before = references(event)
    report = direct.Report(hash(event))
    assert references(event) == before + 1
    del report
    assert references(event) == before


def test_what_is_no_report_is_not_read_as_one():
    odd = Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, Gst.Structure.from_string('RTPTWCCPackets,packets=5;')[0])
    assert direct.Report(hash(odd)).packets() == []
    empty = Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, Gst.Structure.new_empty('RTPTWCCPackets'))
    assert direct.Report(hash(empty)).packets() == []
    assert direct.event_name(hash(Gst.Event.new_flush_start())) is None


def test_a_frame_that_is_handed_over_stays_alive_and_is_let_go():
    pipeline = Gst.parse_launch('appsrc name=in caps=video/x-raw ! appsink name=out enable-last-sample=false')
    source, sink = pipeline.get_by_name('in'), pipeline.get_by_name('out')
    pipeline.set_state(Gst.State.PLAYING)
    buffer = Gst.Buffer.new_wrapped(b'frame')
    before = references(buffer)
    for _ in range(9):
        direct.push(hash(source), hash(buffer))
    for _ in range(9):
        assert sink.emit('pull-sample').get_buffer().extract_dup(0, 5) == b'frame'
    assert direct.queued(hash(source)) == 0
    pipeline.set_state(Gst.State.NULL)
    assert references(buffer) <= before + 1, 'the sink keeps its first'


@asynchronous
async def test_python_is_called_once_for_each_feedback_and_unpacks_nothing(monkeypatch):
    """Twice, with the whole structure copied each time, was half of what a viewer cost."""
    calls = Counter()

    def counted(name, function):
        def call(*arguments):
            calls[name] += 1
            return function(*arguments)

        return call

    unpacked, structure_of = [], retransmission.structure_of

    def unpack(event):
        unpacked.append(structure_of(event).get_name())
        return structure_of(event)

    monkeypatch.setattr(retransmission, 'structure_of', unpack)
    upstream = connection_module.Connection._on_upstream_event
    monkeypatch.setattr(connection_module.Connection, '_on_upstream_event', counted('upstream', upstream))
    connection = connection_module.Connection
    monkeypatch.setattr(connection, '_on_rtcp', counted('report', connection._on_rtcp))
    monkeypatch.setattr(link_feedback.LinkFeedback, 'read', counted('feedback', link_feedback.LinkFeedback.read))
    async with studio() as place:
        watching = await place.watch(caps=WITH_FEEDBACK)
        viewer = place.viewers['s1']
        await place.until(lambda: viewer._ignores_reports)
        calls.clear()
        await watching.wait_for_frames(len(watching.frames) + 30)
        assert calls['feedback'] > 5
        assert retransmission.FEEDBACK.decode() not in unpacked
        assert calls['upstream'] < calls['feedback'] / 2, 'it goes no further than where it is read'
        assert calls['report'] <= 1, 'what has come as feedback is not heard a second time'


@asynchronous
async def test_reports_are_heard_again_when_feedback_stops(monkeypatch):
    """A paused viewer is sent nothing, so it has no feedback to give; its receiver reports say that it lives."""
    monkeypatch.setattr(link_feedback, 'FRESH_S', 0.3)
    async with studio() as place:
        watching = await place.watch(caps=WITH_FEEDBACK)
        viewer = place.viewers['s1']
        await place.until(lambda: viewer._ignores_reports)
        beats, beat = [], viewer.pulse.beat
        watching.send({'type': 'pause', 'paused': True})
        await place.until(lambda: viewer.is_paused)
        await place.until(lambda: not viewer._ignores_reports)
        monkeypatch.setattr(viewer.pulse, 'beat', lambda now: (beats.append(now), beat(now)))
        await place.until(lambda: beats, timeout=pulse.PATIENCE_S)
        assert 's1' in place.viewers


@asynchronous
async def test_ice_goes_on_looking_for_checks_only_until_there_is_a_connection():
    async with studio() as place:
        await place.watch()
        webrtc = place.viewers['s1']._webrtc
        agent = rest.elements_of(webrtc, 'nicesrc')[0].get_property('agent')
        assert agent.get_property('idle-timeout') == short_cut.IDLE_MS
        assert agent.get_property('stun-pacing-timer') == short_cut.PACING_MS
        ticking = [task for task in os.listdir('/proc/self/task') if name_of(task) == 'webrtc:ice']
        assert ticking
        wakings = wakings_of(ticking)

        def rests() -> bool:
            nonlocal wakings
            before, wakings = wakings, wakings_of(ticking)
            return wakings == before

        # Its thread was woken 50 times a second for five seconds, and 200 times since joins are faster.
        await place.until(lambda: time.sleep(0.05) or rests(), timeout=3)


def name_of(task: str) -> str:
    return Path(f'/proc/self/task/{task}/comm').read_text().strip()


def wakings_of(tasks: list[str]) -> int:
    status = [Path(f'/proc/self/task/{task}/status').read_text() for task in tasks]
    return sum(int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', text, re.MULTILINE)[1]) for text in status)


@asynchronous
async def test_each_second_three_calls_follow_one_frame_to_the_socket(monkeypatch):
    """No Python may run per packet: a probe that did so for a frame or two a second was dear already."""
    calls = Counter()
    for name in ('_on_entry', '_on_turn', '_on_sent'):
        function = getattr(departure.Departure, name)

        def call(*arguments, name=name, function=function):
            calls[name] += 1
            return function(*arguments)

        monkeypatch.setattr(departure.Departure, name, call)
    async with studio() as place:
        watching = await place.watch()
        await watching.wait_for_frames(45)
        told = [m['sendMs'] for m in watching.messages if m['type'] == 'clock' and 'sendMs' in m]
        assert told
        assert 0 < min(told) < 100
        assert calls['_on_sent'] <= 4
        assert sum(calls.values()) <= 3 * calls['_on_entry'] + 3


# ---- one keyframe for many ------------------------------------------------------------------------------------------


def frames_of(broadcast: Broadcast, count: int, size: int = 1_000) -> None:
    for number in range(count):
        broadcast.publish(Gst.Buffer.new_allocate(None, size, None), number == 0)


def newcomer(broadcast: Broadcast) -> int:
    """How many frames one is given at once; 0: it has to wait for a keyframe."""
    given = []
    broadcast.subscribe(lambda buffer, is_keyframe: given.append(is_keyframe), True)
    assert given == [] or given == [True] + [False] * (len(given) - 1)
    return len(given)


def test_who_comes_late_after_a_keyframe_waits_for_the_next_one():
    broadcast = Broadcast(15, 45)
    frames_of(broadcast, 15)
    assert newcomer(broadcast) == 15
    frames_of(broadcast, 16)
    assert newcomer(broadcast) == 0
    assert broadcast.known_since is None


def test_in_a_storm_one_keyframe_serves_for_longer():
    broadcast = Broadcast(15, 45)
    frames_of(broadcast, 10)
    for _ in range(broadcast_module.STORM):
        assert newcomer(broadcast) == 10
    for count in range(11, 46):
        broadcast.publish(Gst.Buffer.new_allocate(None, 1_000, None), False)
        assert newcomer(broadcast) == count
    broadcast.publish(Gst.Buffer.new_allocate(None, 1_000, None), False)
    assert newcomer(broadcast) == 0
    frames_of(broadcast, 16)
    assert newcomer(broadcast) == 0, 'another keyframe, and no storm since'


def test_a_storm_is_not_given_more_at_once_than_a_socket_holds():
    broadcast = Broadcast(15, 45)
    frames_of(broadcast, 10)
    for _ in range(broadcast_module.STORM):
        newcomer(broadcast)
    for _ in range(20):
        broadcast.publish(Gst.Buffer.new_allocate(None, broadcast_module.STORM_BYTES // 20, None), False)
    assert newcomer(broadcast) == 0


@asynchronous
async def test_a_viewer_whose_pipeline_hangs_is_given_up_and_begins_anew(monkeypatch):
    """And one that is given many frames at once when it joins is not."""
    monkeypatch.setattr(media, 'QUEUED_FRAMES', 5)
    async with studio() as place:
        watching = await place.watch()
        viewer = place.viewers['s1']
        wanted = []
        monkeypatch.setattr(place.app, 'keyframe_wanted', lambda viewer: wanted.append(viewer))
        pad = viewer._payloader.get_static_pad('src')
        block = Gst.PadProbeType.BLOCK | Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
        probe = pad.add_probe(block, lambda *_: Gst.PadProbeReturn.OK)
        await place.until(lambda: viewer._crowded_at is not None)
        assert not viewer._needs_keyframe, 'not at once'
        await place.until(lambda: wanted)
        assert viewer._needs_keyframe
        pad.remove_probe(probe)
        place.app._distribution.request_keyframe(viewer)
        count = len(watching.frames)
        await watching.wait_until(lambda: len(watching.frames) > count + 10)
        assert not viewer._needs_keyframe
