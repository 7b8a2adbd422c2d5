"""SIGINT, SIGTERM and SIGHUP, from a thread of their own: the sender ends even when its loop, or GStreamer, hangs.

Python runs a signal's handler on the main thread once that is back in Python; asyncio's handler waits for the loop as
well. The wake-up descriptor is written by the C handler itself, at once, and here a thread waits for it.
"""

import contextlib
import os
import signal
import socket
import threading

# All of it, from the signal to the end of the process: goodbye to the server and to every viewer, or the end all the
# same. systemd would wait for TimeoutStopSec, people do not.
PATIENCE_S = 1.6
STOPS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Until `hand_to()` a stop ends the process at once; from then on it has PATIENCE_S. A second one does not wait."""

    def __init__(self, exit_code: int = 0, patience_s: float = PATIENCE_S) -> None:
        self._exit_code = exit_code
        self._patience_s = patience_s
        self._on_stop = None
        self._on_hangup = None
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)

    def watch(self) -> None:
        """Begins; on the main thread."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (*STOPS, signal.SIGHUP):
            signal.signal(number, _left_to_the_thread)
        threading.Thread(target=self._run, name='signals', daemon=True).start()

    def hand_to(self, loop, on_stop, on_hangup=None) -> None:
        """Calls these on the loop. Without `on_hangup` SIGHUP stops too, as when a terminal is closed."""
        self._on_hangup = on_hangup and (lambda: loop.call_soon_threadsafe(on_hangup))
        self._on_stop = lambda: loop.call_soon_threadsafe(on_stop)

    def _run(self) -> None:
        while number := self._next():
            if number == signal.SIGHUP and self._on_hangup:
                self._on_hangup()
            elif number in (*STOPS, signal.SIGHUP):
                break
        if self._on_stop:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
                self._on_stop()
            self._reader.settimeout(self._patience_s)
            with contextlib.suppress(TimeoutError):
                while self._next() not in STOPS:
                    pass
        # Not through the interpreter's own end: it would wait for whatever hangs.
        os._exit(self._exit_code)

    def _next(self) -> int:
        return self._reader.recv(1)[0]


def _left_to_the_thread(_number, _frame) -> None:
    """Only so that the signal's default, the end of the process, does not happen."""
