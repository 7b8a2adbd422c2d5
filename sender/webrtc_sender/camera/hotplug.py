"""Tells when one camera goes and when it is back.

Two witnesses: GStreamer's device monitor, which hears of udev at once; and, while the camera is lost, a look at its
path twice a second, since in a container without udev the monitor hears nothing, and a camera whose driver dropped it
but keeps its node is announced by no one.
"""

import asyncio
import math
import os

from ..server.protocol import PreviewError
from .device_monitor import MONITOR, path_of
from .devices import can_be_opened, find_device

LOOK_AGAIN_S = 0.5
# A camera that is there but fails again at once is tried less and less often.
SETTLED_S = 5.0
LONGEST_PAUSE_S = 1.5


def next_pause_s(former_s: float, lasted_s: float, look_again_s: float = LOOK_AGAIN_S) -> float:
    """How long a camera that is there is left alone after it failed, `lasted_s` after its last return. Pure."""
    return min(LONGEST_PAUSE_S, max(look_again_s, former_s * 2)) if lasted_s < SETTLED_S else look_again_s


class CameraWatch:
    """Watches the camera `device`: a path that survives a replug, any other, or a camera's own name.

    `on_loss()` is called when it goes, also after it failed, `on_return()` when it can be opened after it was lost;
    both on the asyncio thread, to which `post` crosses. A camera that returned may fail again at once: `lost()` makes
    it looked for again.
    """

    def __init__(self, device: str, post, on_return, on_loss, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._device = device
        self._post = post
        self._on_return = on_return
        self._on_loss = on_loss
        self._look_again_s = look_again_s
        self._pause_s = 0.0
        self._returned_at = -math.inf
        self._is_gone = False
        self._node = ''
        self._running = False
        self._starting: asyncio.Future | None = None
        self._looking: asyncio.Task | None = None

    async def start(self) -> None:
        """Begins to watch. A camera that is not there yet counts as lost already, and `on_loss` is not called."""
        self._running = True
        self.follow(self._device)
        self._starting = asyncio.get_running_loop().run_in_executor(None, MONITOR.listen, self._hear)
        await self._starting
        if self._running and not await self._is_there():
            self.lost()

    async def stop(self) -> None:
        """Nothing is called any more, not even from a message that is on its way."""
        self._running = False
        self._stop_looking()
        if self._starting:
            await self._starting
        await asyncio.get_running_loop().run_in_executor(None, MONITOR.ignore, self._hear)

    def follow(self, device: str) -> None:
        """Watches under this name from now on: once opened, the camera has a lasting one."""
        self._device = device
        self._node = _node_of(device)

    def lost(self) -> None:
        """The camera failed: it is looked for until it can be opened. Nothing to do when it is lost already."""
        if self._looking or not self._running:
            return
        loop = asyncio.get_running_loop()
        self._pause_s = next_pause_s(self._pause_s, loop.time() - self._returned_at, self._look_again_s)
        self._looking = loop.create_task(self._look(self._pause_s))

    @property
    def is_lost(self) -> bool:
        return self._looking is not None

    async def _look(self, pause_s: float) -> None:
        """Ends when the camera is there: after `pause_s` if it never went, at once if it did."""
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        await asyncio.sleep(self._look_again_s)
        while True:
            if not await self._is_there():
                pause_s = self._pause_s = 0.0
            elif loop.time() - begun_at >= pause_s:
                break
            await asyncio.sleep(self._look_again_s)
        self._came_back()

    async def _is_there(self) -> bool:
        return await asyncio.get_running_loop().run_in_executor(None, lambda: can_be_opened(_node_of(self._device)))

    def _stop_looking(self) -> None:
        looking, self._looking = self._looking, None
        if looking and looking is not asyncio.current_task():
            looking.cancel()

    # ---- on the asyncio thread --------------------------------------------------------------------------------------

    def _came_back(self) -> None:
        if not self._running or not self._looking:
            return
        self._stop_looking()
        self._node = _node_of(self._device)
        self._is_gone = False
        self._returned_at = asyncio.get_running_loop().time()
        self._on_return()

    def _on_added(self, path: str) -> None:
        """Also comes for every camera that is there when the watch starts."""
        if self._looking and os.path.realpath(path) == _node_of(self._device):
            self._came_back()

    def _on_removed(self, path: str) -> None:
        # PipeWire takes all devices away when it ends, and a quick replug may have brought this one back already.
        if not self._running or self._is_gone or path not in (self._node, self._device) or os.path.exists(path):
            return
        self._is_gone = True
        self._returned_at = -math.inf
        self.lost()
        self._on_loss()

    # ---- on GLib's thread -------------------------------------------------------------------------------------------

    def _hear(self, device, is_added: bool) -> None:
        path = path_of(device)
        if path:
            self._post(self._on_added if is_added else self._on_removed, path)


def _node_of(device: str) -> str:
    """Where the camera is at the moment, or '' when a name belongs to no camera."""
    try:
        return os.path.realpath(find_device(device))
    except PreviewError:
        return ''
