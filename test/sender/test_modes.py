from fractions import Fraction
from pathlib import Path

import pytest
from webrtc_sender.cameras import Camera, CameraMode, check_device, choose_camera_mode, classify, read_modes
from webrtc_sender.modes import Mode, choose_mode, pattern_modes
from webrtc_sender.protocol import MAX_MODES, PreviewError

FIXTURES = Path(__file__).parent / 'fixtures'
USB = read_modes((FIXTURES / 'usb-camera.caps').read_text())


@pytest.mark.parametrize(
    'fps,fraction', [(30.0, '30'), (29.97, '30000/1001'), (59.94, '60000/1001'), (29.3, '293/10'), (59.1, '591/10')]
)
def test_rates_as_fractions(fps, fraction):
    assert Mode(640, 360, fps).fraction() == Fraction(fraction)


def test_rates_as_messages():
    assert Mode(640, 360, 30.0).as_message() == {'width': 640, 'height': 360, 'fps': 30}
    assert Mode(640, 360, 30000 / 1001).as_message()['fps'] == 29.97


MODES = [
    Mode(1920, 1080, 30.0),
    Mode(1280, 720, 60.0),
    Mode(1280, 720, 30.0),
    Mode(640, 360, 30.0),
    Mode(640, 360, 15.0),
]


@pytest.mark.parametrize(
    'wish,expected',
    [
        (Mode(1280, 720, 30.0), Mode(1280, 720, 30.0)),
        (Mode(1280, 720, 60.0), Mode(1280, 720, 60.0)),
        (Mode(1280, 720, 25.0), Mode(1280, 720, 30.0)),  # rather too many frames than too few
        (Mode(1280, 720, 120.0), Mode(1280, 720, 60.0)),
        (Mode(3840, 2160, 60.0), Mode(1920, 1080, 30.0)),  # the size counts first
        (Mode(600, 340, 10.0), Mode(640, 360, 15.0)),
    ],
)
def test_the_nearest_mode(wish, expected):
    assert choose_mode(MODES, wish) == expected


def test_the_test_pattern_offers_what_it_was_started_with():
    odd = Mode(1280, 720, 29.3)
    assert pattern_modes(odd)[0] == odd
    assert choose_mode(pattern_modes(odd), odd) == odd
    usual = Mode(1280, 720, 30.0)
    assert pattern_modes(usual).count(usual) == 1


def test_modes_of_a_usb_camera():
    assert CameraMode(640, 480, 15.0, 'YUY2') in USB
    assert CameraMode(1280, 720, 30.0, 'JPEG') in USB
    assert {mode.format for mode in USB} == {'YUY2', 'JPEG'}  # no Bayer, no H.264, nothing interlaced
    assert (720, 576) not in {(mode.width, mode.height) for mode in USB}
    assert all(mode.fps >= 1 for mode in USB)


@pytest.mark.parametrize(
    'wish,expected',
    [
        (Mode(640, 480, 30.0), CameraMode(640, 480, 30.0, 'YUY2')),  # raw where the rate holds
        (Mode(1280, 720, 30.0), CameraMode(1280, 720, 30.0, 'JPEG')),  # JPEG where only it is fast enough
        (Mode(1280, 720, 10.0), CameraMode(1280, 720, 10.0, 'YUY2')),
    ],
)
def test_the_format_follows_from_size_and_rate(wish, expected):
    assert choose_camera_mode(USB, wish) == expected


def test_ranges_offer_the_common_sizes():
    modes = read_modes((FIXTURES / 'any-size.caps').read_text())
    assert CameraMode(1280, 720, 60.0, 'NV12') in modes
    assert max(mode.width for mode in modes) == 1280


def test_each_mode_is_offered_once_and_never_too_many():
    camera = Camera('/dev/video0', 'x', tuple(USB) * 2)
    assert len(camera.offered()) == len(set(camera.offered()))
    many = tuple(CameraMode(16 + 2 * n, 16, 30.0, 'I420') for n in range(MAX_MODES + 9))
    assert len(Camera('/dev/video0', 'x', many).offered()) == MAX_MODES


@pytest.mark.parametrize(
    'message,code',
    [
        ("Device '/dev/video0' is busy", 'camera_busy'),
        ('Call to S_FMT failed: Device or resource busy', 'camera_busy'),
        ("Could not open device '/dev/video0' for reading and writing. Permission denied", 'camera_denied'),
        ("Cannot identify device '/dev/video7'.", 'camera_missing'),
        ('Could not read from resource. poll error 1: No such device (19)', 'camera_missing'),
        ('Failed to allocate a buffer', 'camera_failed'),
    ],
)
def test_what_gstreamer_says_of_a_camera(message, code):
    assert classify(message) == code


def test_a_device_that_is_not_there(tmp_path):
    with pytest.raises(PreviewError) as refusal:
        check_device(str(tmp_path / 'video0'))
    assert refusal.value.code == 'camera_missing'
