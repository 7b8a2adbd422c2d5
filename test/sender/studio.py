"""A sender with its test pattern and a fake server around it, in this process."""

import asyncio
import contextlib
import inspect

from fake_server import FakeServer
from receiver import Receiver
from webrtc_sender.app import App
from webrtc_sender.encode.encoders import by_name
from webrtc_sender.encode.encoding import Encoders
from webrtc_sender.gst import start_glib_loop
from webrtc_sender.program.options import parse

_glib_started = False


def asynchronous(test):
    """Runs a coroutine as a test, with a deadline."""

    def run(*arguments, **keywords):
        asyncio.run(asyncio.wait_for(test(*arguments, **keywords), 40))

    run.__name__, run.__doc__, run.__signature__ = test.__name__, test.__doc__, inspect.signature(test)
    return run


class Studio:
    def __init__(self, fake: FakeServer, app: App) -> None:
        self.fake = fake
        self.app = app
        self.receivers: list[Receiver] = []
        self._log: list = []

    async def watch(self, session: str = 's1', **keywords) -> Receiver:
        """A receiver that has joined and seen its first frame."""
        receiver = self.receiver(session, **keywords)
        answer = await receiver.join()
        assert answer['ok'], answer
        await receiver.wait_for_frames(1)
        return receiver

    def receiver(self, session: str = 's1', **keywords) -> Receiver:
        receiver = Receiver(self.fake, session, **keywords)
        self.receivers.append(receiver)
        return receiver

    async def until(self, condition, timeout: float = 10) -> None:
        """For what only shows in the sender's own state, where there is no event to wait for."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, 'it never came about'
            await asyncio.sleep(0.01)

    @property
    def viewers(self) -> dict:
        return self.app._viewers

    @property
    def stage(self):
        return self.app._stage


@contextlib.asynccontextmanager
async def studio(*arguments: str, camera=None):
    global _glib_started
    if not _glib_started:
        start_glib_loop()
        _glib_started = True
    fake = FakeServer()
    await fake.start()
    small = ['--width', '320', '--height', '180', '--fps', '30', '--test-pattern']
    options = parse([*small, '--server', f'http://127.0.0.1:{fake.port}', *arguments], {})
    app = App(options, camera, Encoders(by_name('x264enc'), by_name('vp8enc')))
    running = asyncio.create_task(app.run())
    place = Studio(fake, app)
    try:
        await fake.wait_for('publish')
        yield place
    finally:
        await asyncio.gather(*(receiver.close() for receiver in place.receivers))
        await app.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await fake.stop()
