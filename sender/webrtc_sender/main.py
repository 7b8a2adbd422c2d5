"""From options to a running sender, and to an exit code."""

import asyncio
import os
import resource
import signal
import sys

from . import log
from .app import App
from .cameras import Camera
from .encoding import choose_encoder
from .gst import start_glib_loop
from .probing import list_cameras, open_camera
from .protocol import PreviewError
from .warm_up import warm_up

OK, NO_ENCODER = 0, 5  # options.py lists them all
# Goodbye to the server and a clean end for every viewer, or the end all the same.
GOODBYE_S = 1.2
MANY_FILES = 16_384


def run(options) -> int:
    """Runs until SIGINT or SIGTERM; the exit code."""
    if options.list_cameras:
        return print_cameras()
    try:
        return asyncio.run(_run(options))
    except PreviewError as error:
        info = error.info()
        print(f'{info["message"]}\n{info["next"]}', file=sys.stderr)
        return NO_ENCODER


def allow_many_files() -> None:
    """A viewer holds about 20 files while it is there; the usual limit of 1024 would be met by a storm of viewers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _run(options) -> int:
    allow_many_files()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    start_glib_loop()
    camera = None if options.test_pattern else find_camera(options)
    blocking = asyncio.get_running_loop().run_in_executor
    encoder, _ = await asyncio.gather(choose_encoder(options.encoder), blocking(None, warm_up))
    app = App(options, camera, encoder)
    await app.prepare()
    running = asyncio.create_task(app.run())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    log.info('stopping')
    try:
        await asyncio.wait_for(app.close(), GOODBYE_S)
    except asyncio.TimeoutError:
        log.warning('stopped-the-hard-way', after_s=GOODBYE_S)
    # Not through the interpreter's own end: it would wait for any GStreamer thread that hangs.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(OK)


def print_cameras() -> int:
    cameras = list_cameras()
    for camera in cameras:
        print(f'{camera.device}  {camera.label}')
        for mode in camera.offered():
            formats = ', '.join(entry.format for entry in camera.modes if entry.mode == mode)
            print(f'    {mode}  {formats}')
    if not cameras:
        print('No camera found. --test-pattern shows a picture without one.')
    return OK


def find_camera(options) -> Camera:
    """The camera, or one without modes that says what is wrong: every viewer is told, and makes it looked for again.

    Ending here would tell only the one who started the sender, and a camera plugged in later would not be seen.
    """
    try:
        return open_camera(options.device, options.label)
    except PreviewError as error:
        hint = '--list-cameras shows what there is; --test-pattern shows a picture without a camera.'
        log.error('camera-error', code=error.code, message=error, next=f'{error.info()["next"]} {hint}')
        return Camera(options.device, options.label or options.device, (), error)
