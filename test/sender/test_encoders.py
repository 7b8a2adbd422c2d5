"""Encoders as data, the real ones of this machine at work, and which is chosen. Others: test_stand_ins.py."""

import asyncio
import sys

import pytest
from encoder_session import main as drive
from stand_in_parts import fields_of
from webrtc_sender.encode import encoder_reasons, encoders, encoding, trial
from webrtc_sender.encode.encoders import (
    ENCODERS,
    Rate,
    applicable,
    by_name,
    levels_for,
    live_settings_for,
    settings_for,
)
from webrtc_sender.encode.encoding import Encoders
from webrtc_sender.gst import Gst
from webrtc_sender.server.protocol import PreviewError

RATE = Rate(kbps=2500, fps=30.0, keyframe_interval=2560)
HERE = ['x264enc', 'openh264enc', 'vp8enc']


def test_the_order_of_preference():
    assert [encoder.factory for encoder in ENCODERS] == [
        'nvv4l2h264enc',
        'nvautogpuh264enc',
        'nvcudah264enc',
        'nvh264enc',
        'vah264enc',
        'vah264lpenc',
        'v4l2h264enc',
        'x264enc',
        'openh264enc',
        'vp8enc',
    ]


@pytest.mark.parametrize('factory,name,value', [
    ('nvv4l2h264enc', 'bitrate', '2500000'),
    ('nvv4l2h264enc', 'vbv-size', '125000'),
    ('nvautogpuh264enc', 'bitrate', '2500'),
    ('nvcudah264enc', 'vbv-buffer-size', '125'),
    ('vah264enc', 'cpb-size', '1250'),
    ('vah264enc', 'key-int-max', '1024'),
    ('x264enc', 'bitrate', '2500'),
    ('x264enc', 'key-int-max', '2560'),
    ('openh264enc', 'bitrate', '2500000'),
    ('vp8enc', 'target-bitrate', '2500000'),
])  # fmt: skip
def test_each_counts_in_its_own_unit(factory, name, value):
    assert settings_for(by_name(factory), RATE)[name] == value


def test_every_encoder_has_something_that_carries_the_rate():
    other = Rate(kbps=600, fps=30.0, keyframe_interval=2560)
    for encoder in ENCODERS:
        assert live_settings_for(encoder, RATE) != live_settings_for(encoder, other), encoder.factory


def test_no_encoder_makes_frames_wait():
    for encoder in ENCODERS:
        settings = {name.lower(): value for name, value in encoder.settings.items()}
        for name in ('bframes', 'b-frames', 'num-b-frames', 'rc-lookahead', 'lag-in-frames'):
            assert settings.get(name, '0') == '0', (encoder.factory, name)


@pytest.mark.parametrize('width,height,fps,lowest', [
    (320, 180, 30, '3.1'),
    (1280, 720, 30, '3.1'),
    (1280, 720, 60, '3.2'),
    (1920, 1080, 30, '4'),
    (1920, 1080, 60, '4.2'),
    (3840, 2160, 30, '5.1'),
])  # fmt: skip
def test_the_level_fits_size_and_rate(width, height, fps, lowest):
    assert levels_for(width, height, fps)[0] == lowest


def test_only_the_element_that_would_choose_one_too_low_is_told_a_level():
    assert 'level=(string){4.2,5,5.1}' in encoders.describe(by_name('v4l2h264enc'), 1920, 1080, 60)
    assert not any('level' in encoders.describe(by_name(factory), 1920, 1080, 60) for factory in HERE)


@pytest.mark.parametrize('factory', HERE)
def test_every_setting_of_the_software_encoders_exists_and_is_taken(factory):
    element = Gst.ElementFactory.make(factory)
    encoding.configure(element, by_name(factory), RATE)
    _, missing = applicable(settings_for(by_name(factory), RATE), lambda name: element.find_property(name) is not None)
    assert missing == []
    if factory == 'x264enc':
        assert element.get_property('bitrate') == 2500
        assert int(element.get_property('tune')) == 4  # zerolatency


@pytest.mark.parametrize('factory', HERE)
def test_a_new_rate_is_obeyed_while_it_plays_and_a_keyframe_comes_when_asked_for(factory):
    result = drive(factory, None)
    full, low = result['kbps']
    assert 1500 < full < 2500
    assert 500 < low < 900
    at_first, after_the_new_rate, after_asking = result['keyframes']
    assert at_first == [0]
    assert bool(after_the_new_rate) == by_name(factory).rate_change_costs_keyframe
    assert len(after_asking) == 1
    assert after_asking[0] <= 3


def test_what_fits_already_reaches_the_encoder_untouched():
    assert buffers_before_and_after('I420', 640, 360, by_name('x264enc'))[0]


@pytest.mark.parametrize('raw_format,width,height', [('NV12', 640, 360), ('YUY2', 640, 360), ('BGR', 640, 360),
                                                     ('I420', 1280, 720), ('I420', 320, 240)])  # fmt: skip
def test_anything_else_becomes_the_one_size_and_format(raw_format, width, height):
    untouched, caps = buffers_before_and_after(raw_format, width, height, by_name('x264enc'))
    assert not untouched
    assert (caps['format'], caps['width'], caps['height']) == ('I420', 640, 360)


YUYV_CAMERA = ('YUY2', 640, 360, 640 * 360 * 2)
CAMERA_LOST = ('I420', 320, 180, 320 * 180 * 3 // 2)


def test_the_encoder_does_not_see_that_the_source_changed():
    """Camera, "camera lost" picture, camera again: three formats and sizes, one stream without a restart."""
    pipeline = Gst.parse_launch(
        f'appsrc name=in format=time ! {encoders.describe(by_name("x264enc"), 640, 360)} ! appsink name=out sync=false'
    )
    source, sink, element = (pipeline.get_by_name(name) for name in ('in', 'out', 'encoder'))
    encoding.configure(element, by_name('x264enc'), RATE)
    seen = set()
    pad = element.get_static_pad('sink')
    pad.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, lambda _pad, info: remember_caps(seen, info.get_event()))
    pipeline.set_state(Gst.State.PLAYING)
    keyframes = []
    for number, (raw_format, width, height, bytes_) in enumerate([YUYV_CAMERA, CAMERA_LOST, YUYV_CAMERA]):
        caps = f'video/x-raw,format={raw_format},width={width},height={height},framerate=30/1,colorimetry=bt601'
        source.set_property('caps', Gst.Caps.from_string(caps))
        buffer = Gst.Buffer.new_wrapped(bytes(bytes_))
        buffer.pts = number * Gst.SECOND // 30
        source.emit('push-buffer', buffer)
        encoded = sink.emit('try-pull-sample', 5 * Gst.SECOND).get_buffer()
        keyframes.append(not encoded.has_flags(Gst.BufferFlags.DELTA_UNIT))
    pipeline.set_state(Gst.State.NULL)
    assert len(seen) == 1
    assert keyframes == [True, False, False]


def remember_caps(seen: set, event):
    if event.type == Gst.EventType.CAPS:
        seen.add(event.parse_caps().to_string())
    return Gst.PadProbeReturn.OK


def buffers_before_and_after(raw_format: str, width: int, height: int, encoder):
    """Whether the encoder got the very memory that the source gave, and the caps in front of it."""
    pipeline = Gst.parse_launch(
        f'videotestsrc num-buffers=1 name=in ! video/x-raw,format={raw_format},width={width},height={height} ! '
        f'{encoders.describe(encoder, 640, 360)} ! fakesink'
    )
    memories = []

    def probe(_pad, info):
        memories.append(hash(info.get_buffer().peek_memory(0)))  # PyGObject's hash of a structure is its address
        return Gst.PadProbeReturn.OK

    pad = pipeline.get_by_name('encoder').get_static_pad('sink')
    for each in (pipeline.get_by_name('in').get_static_pad('src'), pad):
        each.add_probe(Gst.PadProbeType.BUFFER, probe)
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_bus().timed_pop_filtered(5 * Gst.SECOND, Gst.MessageType.EOS)
    caps = pad.get_current_caps().to_string()
    pipeline.set_state(Gst.State.NULL)
    return memories[0] == memories[1], fields_of(caps)


def test_h264_and_vp8_are_found_here():
    found = asyncio.run(encoding.choose_encoders())
    assert found.h264.factory == 'x264enc'
    assert found.vp8.factory == 'vp8enc'
    assert [factory for factory, _ in found.rejected] == [encoder.factory for encoder in ENCODERS[:7]]


def test_a_forced_encoder_is_the_only_one():
    found = asyncio.run(encoding.choose_encoders('openh264enc'))
    assert (found.h264.factory, found.vp8) == ('openh264enc', None)
    found = asyncio.run(encoding.choose_encoders('vp8enc'))
    assert (found.h264, found.vp8.factory) == (None, 'vp8enc')
    with pytest.raises(PreviewError) as refusal:
        asyncio.run(encoding.choose_encoders('nvv4l2h264enc'))
    assert refusal.value.code == 'no_encoder'
    assert 'nvv4l2h264enc: not installed' in str(refusal.value)


def test_without_any_every_reason_is_told(monkeypatch):
    async def broken(batch):
        return {encoder: f'{encoder.factory} is broken' for encoder in batch}

    monkeypatch.setattr(encoding, 'try_out', broken)
    with pytest.raises(PreviewError) as refusal:
        asyncio.run(encoding.choose_encoders())
    assert refusal.value.code == 'no_encoder'
    assert all(f'{encoder.factory}: ' in str(refusal.value) for encoder in ENCODERS)
    assert all(f'{factory} is broken' in str(refusal.value) for factory in HERE)


BOTH = Encoders(by_name('x264enc'), by_name('vp8enc'))


@pytest.mark.parametrize('made,plays,chosen', [
    (BOTH, {'H264', 'VP8'}, 'x264enc'),
    (BOTH, {'VP8', 'VP9'}, 'vp8enc'),
    (Encoders(vp8=by_name('vp8enc')), {'H264', 'VP8'}, 'vp8enc'),
])  # fmt: skip
def test_h264_for_whoever_has_it_and_vp8_for_the_others(made, plays, chosen):
    assert made.for_codecs(plays).factory == chosen


def test_a_browser_with_nothing_in_common_is_told_so():
    with pytest.raises(PreviewError) as refusal:
        Encoders(h264=by_name('x264enc')).for_codecs({'VP8'})
    assert refusal.value.code == 'codec_mismatch'
    assert str(refusal.value) == 'This browser plays VP8, but the sender makes H264 only.'


@pytest.mark.parametrize('body,reason', [
    ('import os; os.abort()', 'crashed with signal 6'),
    ('import time; time.sleep(60)', 'made no picture within 0.3 s'),
    ('print("no GPU")', 'no GPU'),
    ('raise SystemExit(3)', 'ended with status 3'),
])  # fmt: skip
def test_what_ends_a_trial_is_its_reason(monkeypatch, body, reason):
    monkeypatch.setattr(encoding, 'TRIAL_COMMAND', (sys.executable, '-c', body))
    monkeypatch.setattr(encoding, 'TRIAL_S', 0.3 if 'sleep' in body else 5.0)
    x264enc = by_name('x264enc')
    assert asyncio.run(encoding.try_out([x264enc])) == {x264enc: reason}


def test_what_comes_after_a_crash_is_tried_again_without_it(monkeypatch):
    crashes_at_x264 = """
import os, sys
for factory in sys.argv[1:]:
    if factory == 'x264enc':
        os.abort()
    print(flush=True)
"""
    monkeypatch.setattr(encoding, 'TRIAL_COMMAND', (sys.executable, '-c', crashes_at_x264))
    openh264enc, x264enc, vp8enc = (by_name(factory) for factory in ('openh264enc', 'x264enc', 'vp8enc'))
    reasons = asyncio.run(encoding.try_out([openh264enc, x264enc, vp8enc]))
    assert reasons == {openh264enc: None, x264enc: 'crashed with signal 6', vp8enc: None}


def test_the_best_of_each_codec_is_tried_first_and_nothing_once_both_are_found():
    first, second, vp8 = (by_name(factory) for factory in ('x264enc', 'openh264enc', 'vp8enc'))
    candidates = [first, second, vp8]
    assert encoding.next_batch(candidates, {}) == [first, vp8]
    assert encoding.next_batch(candidates, {first: 'broken', vp8: None}) == [second]
    assert encoding.next_batch(candidates, {first: None, vp8: None}) == []
    assert encoding.next_batch(candidates, {first: 'broken', second: 'broken', vp8: 'broken'}) == []


def unit(kind: int, *content: int) -> bytes:
    return bytes([0, 0, 0, 1, kind, *content])


@pytest.mark.parametrize('access_unit,wrong', [
    (unit(0x67, 66, 0xC0, 31) + unit(0x68, 1) + unit(0x65, 1), None),
    (unit(0x67, 77, 0x80, 31) + unit(0x68, 1) + unit(0x65, 1), None),
    (unit(0x67, 77, 0x00, 31) + unit(0x68, 1) + unit(0x65, 1), 'it makes Main profile, which not every browser plays'),
    (unit(0x67, 100, 0x00, 31) + unit(0x68, 1) + unit(0x65, 1), 'it makes High profile, which not every browser plays'),
    (unit(0x65, 1), 'its keyframes lack what a browser needs to begin with (SPS, PPS and an IDR picture)'),
])  # fmt: skip
def test_what_browsers_need_of_a_keyframe(access_unit, wrong):
    assert trial.wrong_with_h264(access_unit) == wrong


@pytest.mark.parametrize('message,details,words', [
    ('Could not encode stream.', 'gstnvencoder.cpp: Failed to open session', 'the NVIDIA driver opens no'),
    ('no element "nvvidconv"', None, "NVIDIA's nvvideoconvert, which brings pictures to it, is missing"),
    ('no element "h264parse"', None, 'it needs h264parse, which is not installed'),
    ('Something new.', 'anything', 'GStreamer says "Something new."'),
])  # fmt: skip
def test_errors_in_words(message, details, words):
    assert encoder_reasons.in_words(message, details).startswith(words)


def test_why_an_encoder_is_absent(tmp_path):
    def why(factory: str, gstreamer=(1, 22)) -> str:
        return encoder_reasons.why_absent(by_name(factory), gstreamer, str(tmp_path))

    assert why('nvv4l2h264enc') == "not installed: it comes with NVIDIA's DeepStream, or a Jetson's own software"
    assert 'no NVIDIA driver found' in why('nvautogpuh264enc')
    assert 'since GStreamer 1.26' in why('nvcudah264enc', (1, 26))
    assert 'no Intel or AMD graphics found' in why('vah264enc')
    assert why('x264enc') == 'not installed: it comes with gstreamer1.0-plugins-ugly'
    library = tmp_path / 'usr/lib/aarch64-linux-gnu' / encoder_reasons.NVENC_LIBRARY
    library.parent.mkdir(parents=True)
    library.touch()
    assert 'found no GPU' in why('nvautogpuh264enc')
    node = tmp_path / 'dev/dri/renderD128'
    node.parent.mkdir(parents=True)
    node.touch()
    assert 'no driver that encodes H.264' in why('vah264enc')
