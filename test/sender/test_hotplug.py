"""A camera that goes and comes back, heard from the real GstDeviceMonitor and seen without it."""

import asyncio
import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import fake_camera_provider as fake
import pytest
from studio import asynchronous
from webrtc_sender.camera.hotplug import LONGEST_PAUSE_S, CameraWatch, next_pause_s
from webrtc_sender.gst import Poster, start_glib_loop

# Short, so that no test waits; what is awaited are the watch's own calls.
LOOK_AGAIN_S = 0.01
# No look comes between: only the monitor can have told.
NEVER = 3600.0


@pytest.fixture(scope='module', autouse=True)
def glib():
    start_glib_loop()


class System:
    """A folder that stands for /dev, with the links that udev makes. Files stand for the camera's nodes."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.by_id = folder / 'usb-046d_Webcam-video-index0'
        self.has_udev = True

    def plug(self, node: str = 'video0') -> str:
        path = str(self.folder / node)
        with open(path, 'w'):
            pass
        self.by_id.symlink_to(path)
        if self.has_udev:
            fake.plug(path)
        return path

    def unplug(self, node: str = 'video0') -> None:
        os.unlink(self.folder / node)
        self.by_id.unlink()
        if self.has_udev:
            fake.unplug(str(self.folder / node))


@pytest.fixture
def system(tmp_path):
    yield System(tmp_path)
    fake.unplug_all()


@contextlib.asynccontextmanager
async def watching(device, look_again_s=LOOK_AGAIN_S):
    """(the watch, a queue of what it told: 'loss' and 'return')"""
    told = asyncio.Queue()
    watch = CameraWatch(
        str(device),
        Poster(asyncio.get_running_loop()),
        on_return=lambda: told.put_nowait('return'),
        on_loss=lambda: told.put_nowait('loss'),
        look_again_s=look_again_s,
    )
    await watch.start()
    try:
        yield watch, told
    finally:
        await watch.stop()


@asynchronous
async def test_the_monitor_tells_of_loss_and_return(system):
    system.plug()
    async with watching(system.by_id, NEVER) as (watch, told):
        system.unplug()
        assert await told.get() == 'loss'
        assert watch.is_lost
        system.plug()
        assert await told.get() == 'return'
        assert not watch.is_lost


@asynchronous
async def test_the_camera_comes_back_under_another_number(system):
    system.plug('video0')
    async with watching(system.by_id, NEVER) as (_, told):
        system.unplug('video0')
        assert await told.get() == 'loss'
        system.plug('video1')
        assert await told.get() == 'return'
        system.unplug('video1')
        assert await told.get() == 'loss'


@asynchronous
async def test_another_camera_is_none_of_its_business(system):
    system.plug('video0')
    other = str(system.folder / 'video5')
    async with watching(system.by_id, NEVER) as (_, told):
        fake.plug(other)
        fake.unplug(other)
        system.unplug('video0')
        assert await told.get() == 'loss'
        fake.plug(other)
        system.plug('video1')
        assert await told.get() == 'return'
        assert told.empty()


@asynchronous
async def test_a_device_that_the_monitor_only_forgot_is_not_lost(system):
    path = system.plug()
    async with watching(system.by_id, NEVER) as (_, told):
        fake.unplug(path)  # PipeWire ended
        fake.plug(path)
        system.unplug()
        assert await told.get() == 'loss'
        assert told.empty()


@asynchronous
async def test_a_camera_that_failed_first_is_told_to_be_gone_when_it_goes(system):
    system.plug()
    async with watching(system.by_id, NEVER) as (watch, told):
        watch.lost()  # the capture has failed, as it does when the cable is pulled
        system.unplug()
        assert await told.get() == 'loss'
        system.plug()
        assert await told.get() == 'return'


@asynchronous
async def test_without_udev_the_path_is_looked_at(system):
    system.has_udev = False
    system.plug()
    async with watching(system.by_id) as (watch, told):
        watch.lost()  # the capture has failed
        system.unplug()
        system.plug('video1')
        assert await told.get() == 'return'


@asynchronous
async def test_a_camera_that_is_not_there_at_the_start_is_waited_for(system):
    system.has_udev = False
    async with watching(system.by_id) as (watch, told):
        assert watch.is_lost
        system.plug()
        assert await told.get() == 'return'
        assert told.empty()


@asynchronous
async def test_a_camera_that_failed_but_is_still_there_is_tried_again(system):
    system.plug()
    async with watching(system.by_id) as (watch, told):
        for _ in range(3):
            watch.lost()
            watch.lost()
            assert await told.get() == 'return'
        assert told.empty()


@asynchronous
async def test_it_follows_the_camera_under_its_lasting_name(system):
    first = system.plug('video0')
    async with watching(first, NEVER) as (watch, told):
        watch.follow(str(system.by_id))  # what open_camera found
        system.unplug('video0')
        assert await told.get() == 'loss'
        system.plug('video1')
        assert await told.get() == 'return'


@asynchronous
async def test_two_watches_share_the_monitor(system):
    system.plug()
    async with watching(system.by_id, NEVER) as (_, first):
        async with watching(system.by_id, NEVER) as (_, second):
            system.unplug()
            assert [await first.get(), await second.get()] == ['loss', 'loss']
        system.plug()
        assert await first.get() == 'return'
        assert second.empty()


@asynchronous
async def test_after_stop_nothing_is_told_and_nothing_is_left(system):
    async def once():
        async with watching(system.by_id) as (watch, told):
            system.plug()
            assert await told.get() == 'return'
            watch.lost()
        assert not watch.is_lost
        watch.lost()
        assert not watch.is_lost
        system.unplug()
        assert told.empty()
        assert fake.FakeCameraProvider.running is None

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))  # its threads are none of the watch's
    await once()
    before = held()
    for _ in range(20):
        await once()
    # GLib and udev may have one more of their own at any moment; what each round leaves would be 20.
    assert all(now < then + 5 for now, then in zip(held(), before, strict=True))


def held() -> tuple[int, ...]:
    """Tasks, threads of Python, threads of all kinds, and open files of this process."""
    own = '/proc/self'
    return (
        len(asyncio.all_tasks()),
        threading.active_count(),
        len(os.listdir(f'{own}/task')),
        len(os.listdir(f'{own}/fd')),
    )


@asynchronous
async def test_devices_that_went_are_let_go(system):
    freed = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with watching(system.by_id, NEVER) as (_, told):
        path = system.plug()
        assert await told.get() == 'return'
        fake.FakeCameraProvider.plugged[path].weak_ref(lambda: loop.call_soon_threadsafe(freed.set))
        system.unplug()
        assert await told.get() == 'loss'
        await freed.wait()


@pytest.mark.parametrize(
    'former_s,lasted_s,expected',
    [
        (0.0, 60.0, 0.5),
        (0.5, 0.1, 1.0),
        (0.6, 0.1, 1.2),
        (1.2, 0.1, LONGEST_PAUSE_S),
        (8.0, 60.0, 0.5),
        (0.0, 0.1, 0.5),
    ],
)
def test_a_camera_that_keeps_failing_is_tried_less_often(former_s, lasted_s, expected):
    assert next_pause_s(former_s, lasted_s) == expected
