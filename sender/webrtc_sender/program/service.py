"""What systemd is told (sd_notify(3)): ready, a line of status, reloading, stopping, and that the sender is alive.

Pure Python: one datagram to the socket that systemd names. Without systemd nothing happens.
"""

import asyncio
import os
import socket
import time

from .. import log

STATUS_S = 1.0
# systemd starts it again half a second after its end, for people wait. What would only fail again waits here instead.
LINGER_S = 5.0


class Service:
    """`watchdog_s` is the time within which systemd wants a sign of life, or None."""

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        self._address = address
        self._watchdog_s = watchdog_s
        self._status: str | None = None
        self._unhealthy: str | None = None

    @classmethod
    def of_this_process(cls, environment=os.environ) -> 'Service':
        """Takes the variables away, so that no child speaks for us."""
        address = environment.pop('NOTIFY_SOCKET', None)
        interval, pid = environment.pop('WATCHDOG_USEC', ''), environment.pop('WATCHDOG_PID', '')
        ours = interval.isdecimal() and int(interval) > 0 and pid in ('', str(os.getpid()))
        return cls(address, int(interval) / 1e6 if ours else None)

    def ready(self) -> None:
        """It runs, even without a server: one that is down at boot must not keep the unit from starting."""
        self._send('READY=1')

    def status(self, text: str) -> None:
        if text != self._status:
            self._status = text
            self._send(f'STATUS={" ".join(text.split())}')

    def reloading(self) -> None:
        """`ready()` ends it."""
        self._send(f'RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}')

    async def linger(self) -> None:
        """Before an end that it has chosen itself, because it cannot go on."""
        if self._address:
            await asyncio.sleep(LINGER_S)

    def stopping(self) -> None:
        self._send('STOPPING=1')

    async def run(self, facts, health) -> None:
        """Status and signs of life until cancelled. `facts()` gives Facts; `health()` None, or what is wrong."""
        if not self._address:
            return
        await asyncio.gather(self._keep_status(facts), self._keep_alive(health))

    async def _keep_status(self, facts) -> None:
        while True:
            self.status(status_line(facts()))
            await asyncio.sleep(STATUS_S)

    async def _keep_alive(self, health) -> None:
        """From the loop that does the work: if that hangs, the signs stop. systemd.service(5) advises half the time."""
        while self._watchdog_s:
            problem = health()
            if problem is None:
                self._send('WATCHDOG=1')
            elif problem != self._unhealthy:
                log.error('unhealthy', reason=problem, next='systemd starts the sender again unless it recovers.')
            self._unhealthy = problem
            await asyncio.sleep(self._watchdog_s / 2)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # "@" stands for the zero byte of an abstract address.
        address = f'\0{self._address[1:]}' if self._address[0] == '@' else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode(), address)
        except OSError as reason:
            log.debug('systemd-not-told', reason=reason)


def status_line(facts) -> str:
    """What `systemctl status` shows of a running sender: "2 viewers, 1280x720@30 x264enc"."""
    viewers = 'no viewers' if not facts.viewers else '1 viewer' if facts.viewers == 1 else f'{facts.viewers} viewers'
    if facts.viewers_paused:
        viewers += f' ({facts.viewers_paused} paused)'
    parts = [viewers, f'{facts.mode} {facts.encoder}' if facts.camera_running else 'camera off']
    if facts.camera_error:
        parts.append(f'camera: {facts.camera_error}')
    if facts.server_connected is False:
        parts.append('no connection to the server')
    if facts.whip_connected is False:
        parts.append('no connection to the WHIP server')
    return ', '.join(parts)
