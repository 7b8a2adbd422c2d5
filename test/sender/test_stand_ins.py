"""Encoders in hardware that is not here, driven through stand-ins (stand_in_encoders.py), one process each."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from stand_in_encoders import FAULTY, FLAVOURS
from webrtc_sender.encode import encoding
from webrtc_sender.encode.encoders import by_name

HERE = Path(__file__).parent
NVCODEC = {
    'rate-control': 'cbr',
    'zero-reorder-delay': True,
    'b-frames': 0,
    'rc-lookahead': 0,
    'gop-size': 2560,
    'strict-gop': True,
    'repeat-sequence-header': True,
    'aud': False,
    'vbv-buffer-size': 100,
    'bitrate': 2000,
}
NVH264 = {'rc-mode': 'cbr-ld-hq', 'zerolatency': True, 'bframes': 0}
NVV4L2 = {'control-rate': 'constant_bitrate', 'bitrate': 2_000_000, 'profile': 'Baseline', 'idrinterval': 2560,
          'iframeinterval': 2560}  # fmt: skip
VA = {
    'rate-control': 'cbr',
    'bitrate': 2000,
    'cpb-size': 1000,
    'key-int-max': 1024,
    'b-frames': 0,
    'ref-frames': 1,
    'target-usage': 6,
    'mbbrc': 'disabled',
    'aud': False,
}
V4L2 = {'video_bitrate': 2_000_000, 'video_gop_size': 2560, 'h264_i_frame_period': 2560, 'repeat_sequence_header': 1}
OLD_NVCODEC = {**NVCODEC, 'preset': 'low-latency-hp'}
NEW_NVCODEC = {**NVCODEC, 'preset': 'p2', 'tune': 'ultra-low-latency'}


def without(settings: dict, *names: str) -> dict:
    return {name: value for name, value in settings.items() if name not in names}


#: Everything that is set before it plays, for 2000 kbit/s at 30 frames a second.
LOW_LATENCY = {
    'nvv4l2h264enc Tegra': {
        **NVV4L2,
        'preset-level': 'UltraFastPreset',
        'maxperf-enable': True,
        'insert-sps-pps': True,
        'insert-vui': True,
        'poc-type': 2,
        'num-B-Frames': 0,
        'vbv-size': 100_000,
    },
    'nvv4l2h264enc cuvid': {**NVV4L2, 'preset-id': 1, 'tuning-info-id': 'UltraLowLatencyPreset'},
    'nvautogpuh264enc 1.22': OLD_NVCODEC,
    'nvautogpuh264enc 1.24': NEW_NVCODEC,
    'nvcudah264enc 1.22': OLD_NVCODEC,
    'nvcudah264enc 1.24': NEW_NVCODEC,
    'nvh264enc 1.24': {
        **without(NVCODEC, 'rate-control', 'zero-reorder-delay', 'b-frames', 'repeat-sequence-header'),
        **NVH264,
        'preset': 'low-latency-hq',
    },
    'nvh264enc 1.26': {**without(NEW_NVCODEC, 'rate-control', 'zero-reorder-delay', 'b-frames'), **NVH264},
    'vah264enc': VA,
    'vah264lpenc': VA,
    'v4l2h264enc 1.22': V4L2,
    'v4l2h264enc 1.24': V4L2,
}
KEYFRAME_BY = {
    'nvv4l2h264enc Tegra': 'signal',
    'nvv4l2h264enc cuvid': 'property',
    'v4l2h264enc 1.22': 'control',
    'v4l2h264enc 1.24': 'control',
}
LIVE = {'vah264enc': ['cpb-size', 'bitrate'], 'vah264lpenc': ['cpb-size', 'bitrate'],
        'nvv4l2h264enc cuvid': ['bitrate', 'force-idr'], 'v4l2h264enc 1.22': ['video_bitrate'],
        'v4l2h264enc 1.24': ['video_bitrate']}  # fmt: skip
# Those that begin anew for a new rate.
REOPENS = ('nvh264enc 1.24', 'vah264enc', 'vah264lpenc')


def test_every_encoder_that_is_not_software_has_a_stand_in():
    hardware = {'nvv4l2h264enc', 'nvautogpuh264enc', 'nvcudah264enc', 'nvh264enc', 'vah264enc', 'vah264lpenc'}
    assert {factory for factory, _, _ in FLAVOURS.values()} == hardware | {'v4l2h264enc'}


@pytest.mark.parametrize('flavour', FLAVOURS)
def test_the_sender_drives_it_rightly(flavour):
    result = drive(flavour)
    assert result['before'] == LOW_LATENCY[flavour]
    assert result['complaints'] == []
    assert result['caps'] == {'width': 480, 'height': 270, 'profile': 'constrained-baseline'}
    assert result['live'] == LIVE.get(flavour, ['bitrate'])
    full, low = result['kbps']
    assert 1500 < full < 2500
    assert 500 < low < 900
    assert result['keyframesAsked'] == [KEYFRAME_BY.get(flavour, 'event')]
    at_first, after_the_new_rate, after_asking = result['keyframes']
    assert at_first == [0]
    assert bool(after_the_new_rate) == (flavour in REOPENS)
    assert by_name(flavour.split()[0]).rate_change_costs_keyframe or flavour not in REOPENS
    assert len(after_asking) == 1
    assert after_asking[0] <= 3


@pytest.mark.parametrize('flavour', FLAVOURS)
def test_its_trial_accepts_it(flavour, monkeypatch):
    assert try_out(flavour, FLAVOURS[flavour][0], monkeypatch) is None


@pytest.mark.parametrize('fault,reason', [
    ('crashes', 'crashed with signal 6'),
    ('hangs', 'made no picture within 2 s'),
    ('no output', 'no picture came out'),
    ('no sessions', 'the NVIDIA driver opens no encoding session: '
                    'too many programs encode video already, or this GPU cannot'),
    ('High profile', 'it makes High profile, which not every browser plays'),
    ('no keyframes', 'it makes no keyframe when asked, so nobody could join'),
])  # fmt: skip
def test_a_faulty_one_is_passed_over_with_its_reason(fault, reason, monkeypatch):
    monkeypatch.setattr(encoding, 'TRIAL_S', 2.0 if fault == 'hangs' else 20.0)
    assert try_out(fault, 'nvcudah264enc', monkeypatch) == reason


def test_every_fault_is_tried():
    assert set(FAULTY) == {'crashes', 'hangs', 'no output', 'no sessions', 'High profile', 'no keyframes'}


@pytest.mark.parametrize('flavour,setting,complaint', [
    ('nvv4l2h264enc cuvid', 'bitrate=2500', 'a bitrate of 2500 bit/s'),
    ('vah264enc', 'cpb-size=100 bitrate=2000', 'cpb-size 100 is ignored at 2000 kbit/s'),
    ('v4l2h264enc 1.22', 'extra-controls=c,bitrate=5', 'the driver has no control bitrate'),
])  # fmt: skip
def test_a_stand_in_notices_what_the_real_one_would_not_bear(flavour, setting, complaint):
    code = f"""
import sys; sys.path.insert(0, {str(HERE)!r})
import conftest, stand_in_encoders
from webrtc_sender.gst import Gst
element = Gst.ElementFactory.make(stand_in_encoders.register({flavour!r}))
for pair in {setting!r}.split():
    Gst.util_set_object_arg(element, *pair.split('=', 1))
print(element.complaints)
"""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=30)
    assert result.stdout.strip() == str([complaint]), result.stderr


def drive(flavour: str) -> dict:
    command = [sys.executable, str(HERE / 'encoder_session.py'), FLAVOURS[flavour][0], flavour]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def try_out(flavour: str, factory: str, monkeypatch) -> str | None:
    monkeypatch.setattr(encoding, 'TRIAL_COMMAND', (sys.executable, str(HERE / 'stand_in_trial.py'), flavour))
    monkeypatch.setattr(encoding, 'is_installed', lambda _encoder: True)
    encoder = by_name(factory)
    return asyncio.run(encoding.try_out([encoder]))[encoder]
