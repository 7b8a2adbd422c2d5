"""A camera that goes while people watch: nobody loses the connection, all are told, and it comes back by itself."""

import pytest
from stand_in_camera import StandInCamera
from studio import asynchronous, studio
from test_protocol import check
from webrtc_sender import stage as stage_module
from webrtc_sender.camera.cameras import CameraMode
from webrtc_sender.camera.modes import Mode
from webrtc_sender.encode.rung import OwnH264
from webrtc_sender.gst import Clockwork, Gst
from webrtc_sender.picture import slate as slate_module
from webrtc_sender.picture.i420 import Layout
from webrtc_sender.picture.slate import Slate
from webrtc_sender.server.protocol import PreviewError


async def frames_go_on(receiver, count: int = 5) -> None:
    await receiver.wait_for_frames(len(receiver.frames) + count)


def timestamps_rise(receiver) -> bool:
    steps = [(b[0] - a[0]) % 2**32 for a, b in zip(receiver.packets, receiver.packets[1:], strict=False)]
    return all(step < 2**31 for step in steps)


@asynchronous
async def test_an_unplugged_camera_becomes_a_slate_and_comes_back_on_the_same_connection(monkeypatch):
    stand_in = StandInCamera(monkeypatch)
    async with studio('--width', '640', '--height', '480', camera=stand_in.camera()) as place:
        receiver = await place.watch()
        viewer = place.viewers['s1']
        stand_in.unplug()
        update = await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        check('UpdateCamera', update)
        assert update['camera']['error']['code'] == 'camera_missing'
        await frames_go_on(receiver)
        assert place.stage.losses == 1
        stand_in.plug_in()
        await place.fake.wait_until(lambda: 'error' not in place.fake.all('update-camera')[-1]['camera'])
        await frames_go_on(receiver)
        assert place.viewers == {'s1': viewer}, 'the same connection'
        assert len(receiver.decoders) == 1
        assert timestamps_rise(receiver)
        assert receiver.frames[-1][:2] == (640, 480)
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.stage.running)


@asynchronous
async def test_a_camera_that_only_stops_delivering_is_lost_too(monkeypatch):
    monkeypatch.setattr(stage_module, 'STALL_S', 0.3)
    stand_in = StandInCamera(monkeypatch)
    async with studio('--width', '320', '--height', '240', camera=stand_in.camera()) as place:
        receiver = await place.watch()
        stand_in.stall()
        update = await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        assert update['camera']['error']['code'] == 'camera_failed'
        assert 'no picture' in update['camera']['error']['message']
        # It can be opened, so it is tried again at once; the stand-in's next source delivers.
        await place.until(lambda: place.stage.error is None and len(stand_in.sources) > 1)
        await frames_go_on(receiver)


@asynchronous
async def test_a_camera_that_fails_before_its_first_frame_but_after_the_answer_is_lost_too(monkeypatch):
    monkeypatch.setattr(stage_module, 'REFUSAL_S', 0.0)
    stand_in = StandInCamera(monkeypatch)
    stand_in.is_mute = True
    async with studio('--width', '320', '--height', '240', camera=stand_in.camera()) as place:
        receiver = place.receiver()
        assert (await receiver.join())['ok']
        await place.until(lambda: place.stage.running)
        stand_in.unplug()
        await receiver.wait_for_frames(3)
        assert place.stage.error.code == 'camera_missing'
        stand_in.is_mute = False
        stand_in.plug_in()
        await place.until(lambda: place.stage.error is None)
        await frames_go_on(receiver)


@asynchronous
async def test_who_comes_meanwhile_sees_the_slate_too(monkeypatch):
    stand_in = StandInCamera(monkeypatch)
    async with studio('--width', '320', '--height', '240', camera=stand_in.camera()) as place:
        await place.watch('s1')
        stand_in.unplug()
        await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        await place.until(lambda: place.stage.running)
        second = await place.watch('s2')
        await frames_go_on(second)


@asynchronous
async def test_another_reason_is_told(monkeypatch):
    stand_in = StandInCamera(monkeypatch)
    async with studio('--width', '320', '--height', '240', camera=stand_in.camera()) as place:
        receiver = await place.watch()
        stand_in.unplug()
        await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        stand_in.error = PreviewError('camera_busy', 'python3 (pid 7) is using it.')
        stand_in.plug_in()
        update = await place.fake.wait_for(
            'update-camera', lambda m: m['camera'].get('error', {}).get('code') == 'camera_busy'
        )
        assert 'pid 7' in update['camera']['error']['message']
        await frames_go_on(receiver)
        stand_in.error = None
        stand_in.watch.on_return()
        await place.until(lambda: place.stage.error is None)


@asynchronous
async def test_a_camera_that_comes_back_with_other_modes_goes_on_in_the_nearest(monkeypatch):
    stand_in = StandInCamera(monkeypatch)
    async with studio('--width', '640', '--height', '480', camera=stand_in.camera()) as place:
        receiver = await place.watch()
        stand_in.unplug()
        await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        stand_in.modes = (CameraMode(320, 240, 30.0, 'YUY2'),)
        stand_in.plug_in()
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (320, 240))
        camera = place.fake.all('update-camera')[-1]['camera']
        assert camera['modes'] == [{'width': 320, 'height': 240, 'fps': 30}]
        assert '640x480' in camera['notice']


@asynchronous
async def test_a_mode_wished_for_while_the_camera_is_lost_is_the_one_it_comes_back_in(monkeypatch):
    stand_in = StandInCamera(monkeypatch)
    async with studio('--width', '640', '--height', '480', camera=stand_in.camera()) as place:
        receiver = await place.watch()
        stand_in.unplug()
        await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        await place.until(lambda: place.stage._search)
        await place.stage.set_mode(Mode(320, 240, 30.0))
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (320, 240))
        stand_in.plug_in()
        await place.until(lambda: place.stage.error is None)
        await frames_go_on(receiver)
        assert receiver.frames[-1][:2] == (320, 240)


@asynchronous
async def test_while_nobody_watches_pages_hear_that_it_is_gone_and_that_it_is_back(monkeypatch):
    stand_in = StandInCamera(monkeypatch)
    async with studio(camera=stand_in.camera()) as place:
        stand_in.is_plugged_in = False
        stand_in.watch.is_lost = True
        stand_in.watch.on_loss()
        gone = await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        assert gone['camera']['error']['code'] == 'camera_missing'
        stand_in.plug_in()
        await place.fake.wait_for('update-camera', lambda m: 'error' not in m['camera'] and m['camera']['modes'])
        assert not place.stage.running, 'and the camera was not switched on for that'


@asynchronous
async def test_a_cameras_own_h264_is_passed_through(monkeypatch):
    stand_in = StandInCamera(monkeypatch, (CameraMode(640, 360, 30.0, 'H264'), CameraMode(640, 360, 30.0, 'YUY2')))
    async with studio('--width', '640', '--height', '360', camera=stand_in.camera()) as place:
        receiver = await place.watch()
        assert isinstance(place.app._distribution.rung_of(place.viewers['s1']), OwnH264)
        await frames_go_on(receiver, 40)
        # A lower level is made by decoding it.
        place.app._distribution.move(place.viewers['s1'], 1)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (320, 180))
        await frames_go_on(receiver)
        place.app._distribution.move(place.viewers['s1'], 0)
        await receiver.wait_until(lambda: receiver.frames[-1][:2] == (640, 360))
        assert timestamps_rise(receiver)
        # Lost and back: the slate has to be encoded here.
        stand_in.unplug()
        await place.fake.wait_for('update-camera', lambda m: 'error' in m['camera'])
        await frames_go_on(receiver)
        stand_in.plug_in()
        await place.until(lambda: place.stage.error is None)
        await frames_go_on(receiver, 10)
        assert isinstance(place.app._distribution.rung_of(place.viewers['s1']), OwnH264)


@pytest.mark.parametrize('width,height', [(1280, 720), (640, 480), (176, 144)])
def test_the_slate_is_a_whole_picture_that_moves(width, height):
    slate = Slate(Mode(width, height, 10.0), 'A <camera> & more', PreviewError('camera_missing'), Clockwork())
    pictures = {bytes(slate.paint(number).extract_dup(0, 1 << 30)) for number in range(15)}
    assert len(pictures) == 3
    caps = Gst.Caps.from_string(f'video/x-raw,format=I420,width={width},height={height}')
    assert caps and all(len(picture) >= width * height * 3 // 2 for picture in pictures)


def test_a_slate_that_cannot_be_drawn_is_a_plain_one(monkeypatch):
    def fails(*_):
        raise RuntimeError('rsvgdec made no picture')

    monkeypatch.setattr(slate_module, 'render', fails)
    slate = Slate(Mode(320, 180, 10.0), 'No fonts here', PreviewError('camera_missing'), Clockwork())
    pictures = {bytes(slate.paint(number).extract_dup(0, 1 << 30)) for number in range(15)}
    assert len(pictures) == 3
    assert {len(picture) for picture in pictures} == {Layout(320, 180).size}
