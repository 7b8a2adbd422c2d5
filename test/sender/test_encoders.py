import asyncio

import pytest
from webrtc_sender import encoders, encoding
from webrtc_sender.encoders import ENCODERS, Rate, applicable, by_name, settings_for
from webrtc_sender.gst import Gst
from webrtc_sender.protocol import PreviewError

RATE = Rate(kbps=2500, fps=30.0, keyframe_interval=2560)


def test_the_order_of_preference():
    assert [encoder.factory for encoder in ENCODERS] == [
        'nvv4l2h264enc',
        'nvautogpuh264enc',
        'nvcudah264enc',
        'nvh264enc',
        'vah264enc',
        'v4l2h264enc',
        'x264enc',
        'openh264enc',
        'vp8enc',
    ]


@pytest.mark.parametrize('factory,name,value', [
    ('nvv4l2h264enc', 'bitrate', '2500000'),
    ('nvautogpuh264enc', 'bitrate', '2500'),
    ('nvcudah264enc', 'vbv-buffer-size', '125'),
    ('x264enc', 'bitrate', '2500'),
    ('x264enc', 'key-int-max', '2560'),
    ('openh264enc', 'bitrate', '2500000'),
    ('vp8enc', 'target-bitrate', '2500000'),
])  # fmt: skip
def test_each_counts_its_bitrate_in_its_own_unit(factory, name, value):
    assert settings_for(by_name(factory), RATE)[name] == value


CUVID = {
    'control-rate',
    'bitrate',
    'profile',
    'idrinterval',
    'iframeinterval',
    'preset-id',
    'tuning-info-id',
    'force-idr',
}
TEGRA = {'control-rate', 'bitrate', 'profile', 'idrinterval', 'iframeinterval', 'preset-level', 'maxperf-enable',
         'insert-sps-pps', 'insert-vui', 'poc-type', 'num-B-Frames'}  # fmt: skip


@pytest.mark.parametrize(
    'has,wanted,unwanted', [(CUVID, 'preset-id', 'insert-sps-pps'), (TEGRA, 'insert-sps-pps', 'preset-id')]
)
def test_both_flavours_of_nvv4l2h264enc_get_only_what_they_have(has, wanted, unwanted):
    present, missing = applicable(settings_for(by_name('nvv4l2h264enc'), RATE), has.__contains__)
    assert set(present) <= has
    assert wanted in present
    assert unwanted in missing


def test_no_encoder_makes_frames_wait():
    for encoder in ENCODERS:
        settings = {name.lower(): value for name, value in encoder.settings.items()}
        for name in ('bframes', 'b-frames', 'num-b-frames', 'rc-lookahead', 'lag-in-frames'):
            assert settings.get(name, '0') == '0', (encoder.factory, name)


@pytest.mark.parametrize('factory', ['x264enc', 'openh264enc', 'vp8enc'])
def test_every_setting_of_the_software_encoders_exists_and_is_taken(factory):
    element = Gst.ElementFactory.make(factory)
    encoding.configure(element, by_name(factory), RATE)
    _, missing = applicable(settings_for(by_name(factory), RATE), lambda name: element.find_property(name) is not None)
    assert missing == []
    if factory == 'x264enc':
        assert element.get_property('bitrate') == 2500
        assert int(element.get_property('tune')) == 4  # zerolatency


def test_a_pipeline_ends_in_whole_access_units():
    assert encoders.describe(by_name('x264enc')).endswith('video/x-h264,stream-format=byte-stream,alignment=au')
    assert 'memory:NVMM' in encoders.describe(by_name('nvv4l2h264enc'))
    assert encoders.describe(by_name('vp8enc')).endswith('video/x-vp8')


def test_x264enc_is_found_here():
    assert asyncio.run(encoding.choose_encoder()).factory == 'x264enc'


def test_a_forced_encoder_is_the_only_one_tried():
    assert asyncio.run(encoding.choose_encoder('openh264enc')).factory == 'openh264enc'
    with pytest.raises(PreviewError) as refusal:
        asyncio.run(encoding.choose_encoder('nvv4l2h264enc'))
    assert refusal.value.code == 'no_encoder'
    assert 'nvv4l2h264enc: not installed' in str(refusal.value)


@pytest.mark.parametrize(
    'body,reason',
    [
        ('import os; os.abort()', 'crashed with signal 6'),
        ('import time; time.sleep(60)', 'made no picture within 0.3 s'),
        ('print("no GPU"); raise SystemExit(1)', 'no GPU'),
    ],
)
def test_an_encoder_that_crashes_hangs_or_fails_is_passed_over_with_its_reason(tmp_path, monkeypatch, body, reason):
    (tmp_path / 'webrtc_sender').mkdir()
    (tmp_path / 'webrtc_sender' / '__init__.py').write_text('')
    (tmp_path / 'webrtc_sender' / 'trial.py').write_text(body)
    monkeypatch.setattr(encoding, 'PACKAGE_PARENT', tmp_path)
    monkeypatch.setattr(encoding, 'TRIAL_S', 0.3 if 'sleep' in body else 5.0)
    assert asyncio.run(encoding.why_not(by_name('x264enc'))) == reason
