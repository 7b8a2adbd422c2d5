"""From options to a running sender, and to an exit code."""

import asyncio
import os
import resource
import sys

from .. import log
from ..app import App
from ..camera.cameras import Camera
from ..camera.probing import list_cameras, open_camera
from ..encode import remembered
from ..encode.encoding import Encoders, choose_encoders
from ..gst import start_glib_loop
from ..server.protocol import PreviewError
from . import memory, options
from .metrics import Endpoint
from .options import BadOption
from .service import Service
from .signals import Signals

OK, FAILED, BAD_OPTION, NO_ENCODER = 0, 1, 2, 5  # option_help.py lists them all
# Goodbye to the server and a clean end for every viewer, or the end all the same. Below signals.PATIENCE_S.
GOODBYE_S = 1.2
MANY_FILES = 16_384
# What has run for so long is no crash at the start.
GOOD_S = 5.0


def run(chosen, arguments: list[str], signals: Signals) -> int:
    """Runs until SIGINT or SIGTERM; the exit code. `arguments` are the command line's, for SIGHUP."""
    if chosen.list_cameras:
        return print_cameras()
    asyncio.run(_run_to_the_end(chosen, arguments, signals))
    return OK


async def _run_to_the_end(chosen, arguments: list[str], signals: Signals) -> None:
    service = Service.of_this_process()
    try:
        await _run(chosen, arguments, signals, service)
        code = OK
    except (PreviewError, BadOption) as error:
        code = BAD_OPTION if isinstance(error, BadOption) else NO_ENCODER if error.code == 'no_encoder' else FAILED
        lines = [str(error)] if isinstance(error, BadOption) else [error.info()['message'], error.info()['next']]
        print(*lines, sep='\n', file=sys.stderr)
        service.status(lines[0])
        if code != BAD_OPTION:
            await service.linger()
    except Exception:
        log.exception('stopped-by-an-unexpected-error')
        code = FAILED
        await service.linger()
    end(code)


def end(code: int) -> None:
    """Not through the interpreter's own end: it would wait for any GStreamer thread that hangs."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _run(chosen, arguments: list[str], signals: Signals, service: Service) -> None:
    for name in options.unknown_variables():
        log.warning('unknown-variable', message=f'There is no option {name}')
    allow_many_files()
    start_glib_loop()
    service.status('looking for a video encoder that works')
    blocking = asyncio.get_running_loop().run_in_executor
    looking = asyncio.gather(*([] if chosen.test_pattern else [blocking(None, find_camera, chosen)]))
    encoders = await choose_encoders(chosen.encoder, remembered.take())
    app = App(chosen, next(iter(await looking), None), encoders)
    memory.settle()
    if chosen.metrics:
        await Endpoint(chosen.metrics, app.facts, app.health).open()
        log.info('metrics-served', address='{}:{}'.format(*chosen.metrics))
    stopped, hung_up = asyncio.Event(), asyncio.Event()
    # Without a file there is nothing to read again, and SIGHUP means that the terminal was closed.
    signals.hand_to(asyncio.get_running_loop(), stopped.set, hung_up.set if chosen.config else None)
    service.ready()
    stopping = asyncio.create_task(stopped.wait())
    works = [
        app.run(),
        service.run(app.facts, app.health),
        _keep_reloading(chosen, arguments, app, service, hung_up),
        _remember(encoders, app),
    ]
    running = asyncio.gather(*works)
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    log.info('stopping')
    service.stopping()
    try:
        await asyncio.wait_for(app.close(), GOODBYE_S)
    except asyncio.TimeoutError:
        log.warning('stopped-the-hard-way', after_s=GOODBYE_S)


async def _remember(encoders: Encoders, app: App) -> None:
    await asyncio.sleep(GOOD_S)
    if names := app.health() is None and encoders.worth_remembering():
        remembered.leave(names)


async def _keep_reloading(running, arguments: list[str], app: App, service: Service, hung_up: asyncio.Event) -> None:
    """Until cancelled: reads the file again at each SIGHUP. One that cannot be used changes nothing."""
    while await hung_up.wait():
        hung_up.clear()
        service.reloading()
        try:
            running, changed, need_restart = options.reread(running, arguments)
        except BadOption as reason:
            log.error('reload-refused', message=reason, next='Mend it and reload again; the former values stay.')
        else:
            log.setup_from(running)
            await app.reload(running)
            log.info('reloaded', changed=','.join(changed) or 'nothing')
            if need_restart:
                log.warning('restart-needed', options=','.join(need_restart), next='They keep their former values.')
        service.ready()


def allow_many_files() -> None:
    """A viewer holds about 20 files while it is there; the usual limit of 1024 would be met by a storm of viewers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def print_cameras() -> int:
    cameras = list_cameras()
    for camera in cameras:
        print(f'{camera.device}  {camera.label}')
        for mode in camera.offered(own_h264=True):
            formats = ', '.join(entry.format for entry in camera.modes if entry.mode == mode)
            print(f'    {mode}  {formats}')
    if not cameras:
        print('No camera found. --test-pattern shows a picture without one.')
    return OK


def find_camera(chosen) -> Camera:
    """The camera, or one without modes that says what is wrong: every viewer is told, and makes it looked for again.

    Ending here would tell only the one who started the sender, and a camera plugged in later would not be seen.
    """
    try:
        return open_camera(chosen.device, chosen.label)
    except PreviewError as error:
        hint = '--list-cameras shows what there is; --test-pattern shows a picture without a camera.'
        log.error('camera-error', code=error.code, message=error, next=f'{error.info()["next"]} {hint}')
        return Camera(chosen.device, chosen.label or chosen.device, (), error)
