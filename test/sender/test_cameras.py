"""What cameras offer, which mode is taken, and what is said when one cannot be used."""

from pathlib import Path

import fake_camera_provider as fake
import pytest
from webrtc_sender.camera.cameras import Camera, CameraMode, choose_camera_mode, read_modes, unusable_formats
from webrtc_sender.camera.modes import Mode
from webrtc_sender.camera.probing import list_cameras, open_camera
from webrtc_sender.gst import Gst
from webrtc_sender.server.protocol import MAX_MODES, PreviewError

# Written after the cameras' documented modes, as GStreamer 1.22 prints them; nothing was captured from a device.
FIXTURES = Path(__file__).parent / 'fixtures'


def caps(name: str) -> str:
    return (FIXTURES / f'{name}.caps').read_text().strip()


USB = read_modes(caps('usb-camera'))
C920 = read_modes(caps('c920'))


@pytest.mark.parametrize('name', ['c920', 'vivid', 'realsense-color', 'realsense-depth'])
def test_the_fixtures_are_spelt_as_gstreamer_does(name):
    assert Gst.Caps.from_string(caps(name)).to_string() == caps(name)


# ---- modes ----------------------------------------------------------------------------------------------------------


def test_modes_of_a_usb_camera():
    assert CameraMode(640, 480, 15.0, 'YUY2') in USB
    assert CameraMode(1280, 720, 30.0, 'JPEG') in USB
    assert {mode.format for mode in USB} == {'YUY2', 'JPEG', 'H264'}  # no Bayer, nothing interlaced
    assert (720, 576) not in {(mode.width, mode.height) for mode in USB}
    assert all(mode.fps >= 1 for mode in USB)


def test_modes_of_a_camera_with_h264():
    assert {mode.format for mode in C920} == {'YUY2', 'JPEG', 'H264'}
    assert CameraMode(2304, 1296, 2.0, 'YUY2') in C920
    assert CameraMode(1920, 1080, 7.5, 'H264') in C920
    assert len(C920) == len(set(C920))


def test_modes_of_the_kernels_test_driver():
    modes = read_modes(caps('vivid'))
    assert {mode.format for mode in modes} == {'YUY2', 'UYVY', 'NV12', 'I420', 'RGB', 'BGR'}
    assert choose_camera_mode(modes, Mode(640, 360, 15.0)).camera_mode == CameraMode(640, 360, 15.0, 'I420')


def test_ranges_offer_the_common_sizes():
    modes = read_modes(caps('any-size'))
    assert CameraMode(1280, 720, 60.0, 'NV12') in modes
    assert max(mode.width for mode in modes) == 1280
    odd = 'video/x-raw, format=NV12, width=[ 48, 160, 16 ], height=[ 32, 120, 8 ], framerate=[ 1/1, 9/1 ]'
    assert read_modes(odd) == [CameraMode(160, 120, 9.0, 'NV12')]


def test_how_newer_versions_of_gstreamer_spell_it():
    modes = read_modes(caps('gstreamer-1.26'))
    assert CameraMode(1280, 720, 15.0, 'YUY2') in modes  # once in plain memory; DMABuf is not asked for
    assert CameraMode(640, 240, 15.0, 'NV12') in modes  # lists of formats, sizes and rates
    assert CameraMode(1920, 1080, 30.0, 'JPEG') in modes
    assert {mode.width for mode in modes} == {1920, 1280, 640, 320}  # the interlaced 720 are left out


@pytest.mark.parametrize(
    'text',
    [
        '',
        'EMPTY',
        'ANY',
        'video/x-raw',
        'video/x-raw, format=YUY2',
        'video/x-raw, format={ }, width=1, height=1',
        ';;,=(',
    ],
)
def test_caps_that_say_nothing_have_no_modes(text):
    assert read_modes(text) == []


def test_formats_without_types_and_with_types_in_lists():
    bare = 'video/x-raw, format=YUY2, width=640, height=480, framerate=30/1'
    typed = bare.replace('=YUY2', '=(string){ (string)YUY2 }').replace('=30/1', '=(fraction){ (fraction)30/1 }')
    assert read_modes(bare) == read_modes(typed) == [CameraMode(640, 480, 30.0, 'YUY2')]


def test_what_a_camera_has_instead_is_named():
    assert unusable_formats(caps('realsense-depth')) == ['GRAY16_LE']
    assert unusable_formats(caps('usb-camera')) == ['interlaced YUY2', 'video/x-bayer']


def test_each_mode_is_offered_once_and_never_too_many():
    camera = Camera('/dev/video0', 'x', tuple(USB) * 2)
    assert len(camera.offered()) == len(set(camera.offered()))
    many = tuple(CameraMode(16 + 2 * n, 16, 30.0, 'I420') for n in range(MAX_MODES + 9))
    assert len(Camera('/dev/video0', 'x', many).offered()) == MAX_MODES


def test_what_exists_only_as_h264_is_offered_only_where_that_can_be_sent():
    camera = Camera('/dev/video0', 'x', tuple(USB))
    only_h264 = Mode(1920, 1080, 30.0)
    assert only_h264 not in camera.offered()
    assert only_h264 in camera.offered(own_h264=True)


# ---- choice ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'wish,own_h264,expected',
    [
        (Mode(640, 480, 30.0), False, CameraMode(640, 480, 30.0, 'YUY2')),  # raw where the rate holds
        (Mode(1280, 720, 30.0), False, CameraMode(1280, 720, 30.0, 'JPEG')),  # JPEG where only it is fast enough
        (Mode(1280, 720, 10.0), False, CameraMode(1280, 720, 10.0, 'YUY2')),
        (Mode(1920, 1080, 30.0), False, CameraMode(1920, 1080, 30.0, 'JPEG')),
        (Mode(1920, 1080, 30.0), True, CameraMode(1920, 1080, 30.0, 'H264')),
        (Mode(640, 480, 30.0), True, CameraMode(640, 480, 30.0, 'H264')),
        (Mode(800, 600, 30.0), True, CameraMode(800, 600, 30.0, 'JPEG')),  # H.264 has another size: the size decides
        (Mode(160, 120, 30.0), True, CameraMode(160, 120, 30.0, 'YUY2')),
    ],
)
def test_the_format_follows_from_size_and_rate(wish, own_h264, expected):
    choice = choose_camera_mode(C920, wish, own_h264)
    assert choice.camera_mode == expected
    assert choice.notice is None


def test_the_notice_says_what_was_taken_instead():
    choice = choose_camera_mode(C920, Mode(1920, 1080, 60.0))
    assert choice.camera_mode == CameraMode(1920, 1080, 30.0, 'JPEG')
    assert choice.notice == (
        'The camera has no 1920x1080 at 60; the nearest is 1920x1080 at 30 (its highest rate is 30).'
    )


def test_the_notice_says_when_only_h264_would_have_done():
    choice = choose_camera_mode(USB, Mode(1920, 1080, 30.0))
    assert choice.camera_mode.format != 'H264'
    assert choice.notice == (
        'The camera has 1920x1080 at 30 only as H.264 of its own, which cannot be used here; '
        'the nearest is 1280x720 at 30.'
    )


def test_every_offered_mode_can_be_had():
    for own_h264 in (False, True):
        for mode in Camera('/dev/video0', 'x', tuple(C920)).offered(own_h264):
            choice = choose_camera_mode(C920, mode, own_h264)
            assert (choice.camera_mode.mode, choice.notice) == (mode, None)
            assert own_h264 or choice.camera_mode.format != 'H264'


def test_a_camera_without_any_usable_mode():
    with pytest.raises(PreviewError) as refusal:
        choose_camera_mode([CameraMode(640, 480, 30.0, 'H264')], Mode(640, 480, 30.0))
    assert refusal.value.code == 'no_such_mode'


# ---- asking GStreamer -----------------------------------------------------------------------------------------------


@pytest.fixture
def plugged():
    yield fake.plug
    fake.unplug_all()


def test_the_monitors_cameras_are_listed_with_their_modes(plugged):
    plugged('/dev/fake0', 'A camera', caps('c920'))
    plugged('/dev/fake1', 'Another', caps('vivid'), field='api.v4l2.path')  # as PipeWire's provider calls it
    cameras = {camera.device: camera for camera in list_cameras([])}
    assert set(cameras) == {'/dev/fake0', '/dev/fake1'}
    assert cameras['/dev/fake0'].label == 'A camera'
    assert cameras['/dev/fake0'].modes == tuple(C920)
    assert cameras['/dev/fake1'].error is None


def test_a_camera_without_usable_format_is_listed_and_says_so(plugged):
    plugged('/dev/fake0', 'Depth', caps('realsense-depth'))
    (camera,) = list_cameras([])
    assert camera.offered() == []
    assert str(camera.error) == '/dev/fake0 delivers GRAY16_LE: no format that this sender can use.'


def test_what_the_monitor_does_not_show_is_opened_or_says_why_not(tmp_path):
    (tmp_path / 'video0').write_text('')
    (camera,) = list_cameras([str(tmp_path / 'video0')])
    assert camera.modes == ()
    assert camera.error.code == 'camera_missing'
    assert 'is a file, not a camera' in str(camera.error)


def test_opening_what_is_not_there():
    with pytest.raises(PreviewError) as refusal:
        open_camera('/dev/video-that-is-not-there')
    assert refusal.value.code == 'camera_missing'
    # Viewers are told the same, and have no options: the log adds the one that lists the cameras.
    assert str(refusal.value) == 'There is no camera at /dev/video-that-is-not-there.'
