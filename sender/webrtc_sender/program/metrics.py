"""/metrics for Prometheus (text format 0.0.4) and /health, over HTTP. Knows nothing of GStreamer."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .. import __version__
from .options import BadOption

PREFIX = 'webrtc_preview_sender_'
CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
# Reasons come from servers too: what is past this many is counted as "other".
MOST_LABELS = 40


@dataclass(frozen=True)
class Level:
    """One quality level since the start, whether or not it runs now. Level 0 is full quality."""

    viewers: int = 0
    frames_total: int = 0
    keyframes_total: int = 0
    bytes_total: int = 0
    #: Mean time in the encoder during the last second; None when nothing was encoded.
    encode_s: float | None = None


@dataclass(frozen=True)
class Facts:
    """What the sender knows of itself at one moment (App.facts)."""

    stream: str
    #: As a person reads it: 1280x720@30.
    mode: str
    encoder: str
    viewers: int
    #: Those among them whose pages are hidden: nothing is sent to them.
    viewers_paused: int
    viewers_max: int
    joins_total: int
    #: By reason.
    viewers_closed_total: Mapping[str, int]
    #: There, as far as is known, and without an error.
    camera_up: bool
    camera_running: bool
    #: An error's code (protocol.ERRORS), or None.
    camera_error: str | None
    camera_losses_total: int
    frames_captured_total: int
    levels: Mapping[int, Level]
    #: What the viewers' links carry, as estimated: one number for each viewer that has an estimate.
    links_bps: Iterable[float]
    #: None: there is none (--server none).
    server_connected: bool | None
    server_connects_total: int
    #: None: there is none (no --whip).
    whip_connected: bool | None
    #: What viewers were told, by code.
    errors_total: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """One name; `samples(facts)` gives {labels as written between braces: value}, without those that are unknown."""

    name: str
    kind: str
    help: str
    samples: Callable[[Facts], Mapping[str, float]]


def _one(value: Callable[[Facts], float | None]):
    def samples(facts: Facts) -> Mapping[str, float]:
        found = value(facts)
        return {} if found is None else {'': found}

    return samples


def _each_level(value: Callable[[Level], float | None]):
    def samples(facts: Facts) -> Mapping[str, float]:
        found = {f'level="{number}"': value(level) for number, level in sorted(facts.levels.items())}
        return {labels: number for labels, number in found.items() if number is not None}

    return samples


def _by(label: str, counts: Callable[[Facts], Mapping[str, int]]):
    def samples(facts: Facts) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for name, count in counts(facts).items():
            key = f'{label}="{escape(name)}"' if len(found) < MOST_LABELS else f'{label}="other"'
            found[key] = found.get(key, 0) + count
        return found

    return samples


def _link(rank: Callable[[list[float]], float]):
    return _one(lambda facts: rank(links) if (links := sorted(facts.links_bps)) else None)


METRICS = (
    Metric('info', 'gauge', 'Always 1; what runs is in the labels.', lambda f: {
        f'version="{__version__}",stream="{escape(f.stream)}",encoder="{escape(f.encoder)}"': 1}),
    Metric('viewers', 'gauge', 'Viewers now.', _one(lambda f: f.viewers)),
    Metric('viewers_paused', 'gauge', 'Viewers whose pages are hidden, and who are sent nothing.',
           _one(lambda f: f.viewers_paused)),
    Metric('viewers_max', 'gauge', 'Viewers allowed (--max-viewers).', _one(lambda f: f.viewers_max)),
    Metric('joins_total', 'counter', 'Viewers that were answered.', _one(lambda f: f.joins_total)),
    Metric('viewers_closed_total', 'counter', 'Viewers that ended, by reason.',
           _by('reason', lambda f: f.viewers_closed_total)),
    Metric('camera_up', 'gauge', '1 while the camera has no error.', _one(lambda f: f.camera_up)),
    Metric('camera_running', 'gauge', '1 while the camera is on, which it is only while somebody watches.',
           _one(lambda f: f.camera_running)),
    Metric('camera_losses_total', 'counter', 'Times that the running camera was lost.',
           _one(lambda f: f.camera_losses_total)),
    Metric('frames_captured_total', 'counter', 'Frames from the camera.', _one(lambda f: f.frames_captured_total)),
    Metric('level_viewers', 'gauge', 'Viewers of a quality level; 0 is full quality.',
           _each_level(lambda level: level.viewers)),
    Metric('frames_encoded_total', 'counter', 'Frames encoded.', _each_level(lambda level: level.frames_total)),
    Metric('keyframes_encoded_total', 'counter', 'Keyframes among them.',
           _each_level(lambda level: level.keyframes_total)),
    Metric('encoded_bytes_total', 'counter', 'Bytes of encoded video.', _each_level(lambda level: level.bytes_total)),
    Metric('encode_seconds', 'gauge', 'Mean time in the encoder during the last second.',
           _each_level(lambda level: level.encode_s)),
    Metric('link_min_bits_per_second', 'gauge', "What the narrowest viewer's link carries, as estimated.",
           _link(lambda links: links[0])),
    Metric('link_median_bits_per_second', 'gauge', "What the median viewer's link carries, as estimated.",
           _link(lambda links: links[len(links) // 2])),
    Metric('server_connected', 'gauge', '1 while connected to the signalling server.',
           _one(lambda f: f.server_connected)),
    Metric('server_connects_total', 'counter', 'Connections made to the signalling server.',
           _one(lambda f: f.server_connects_total)),
    Metric('whip_connected', 'gauge', '1 while connected to the WHIP server.', _one(lambda f: f.whip_connected)),
    Metric('errors_total', 'counter', 'Errors that viewers were told, by code.', _by('code', lambda f: f.errors_total)),
)  # fmt: skip


def render(facts: Facts, problem: str | None) -> str:
    """The page. `problem` is what App.health() says."""
    lines = []
    for metric in METRICS:
        _append(lines, PREFIX + metric.name, metric.kind, metric.help, metric.samples(facts))
    _append(lines, f'{PREFIX}healthy', 'gauge', '1 while /health answers 200.', {'': problem is None})
    for name, kind, text, value in _of_the_process():
        _append(lines, name, kind, text, {'': value})
    return '\n'.join(lines) + '\n'


def _append(lines: list[str], name: str, kind: str, text: str, samples: Mapping[str, float]) -> None:
    if samples:
        lines += [f'# HELP {name} {text}', f'# TYPE {name} {kind}']
    lines += [
        f'{name}{{{labels}}} {value:.12g}' if labels else f'{name} {value:.12g}' for labels, value in samples.items()
    ]


def escape(text: str) -> str:
    """A label's value (text format: backslash, quote and line feed)."""
    return text[:100].replace('\\', r'\\').replace('"', r'\"').replace('\n', r'\n')


def _of_the_process():
    """The names that every Prometheus client library uses (proc(5))."""
    with open('/proc/self/stat') as file:
        # After the name, which may hold anything but ends with the last bracket: fields 3 and following.
        fields = file.read().rpartition(')')[2].split()
    ticks = os.sysconf('SC_CLK_TCK')
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
    yield 'process_cpu_seconds_total', 'counter', 'User and system time.', (int(fields[11]) + int(fields[12])) / ticks
    yield 'process_threads', 'gauge', 'Threads.', int(fields[17])
    yield 'process_start_time_seconds', 'gauge', 'Since the epoch.', time.time() - uptime + int(fields[19]) / ticks
    resident = int(fields[21]) * os.sysconf('SC_PAGE_SIZE')
    yield 'process_resident_memory_bytes', 'gauge', 'Resident memory.', resident
    yield 'process_open_fds', 'gauge', 'Open file descriptors.', len(os.listdir('/proc/self/fd'))


class Endpoint:
    """Serves until `close()`."""

    def __init__(self, address: tuple[str, int], facts, health) -> None:
        self._address = address
        self._facts, self._health = facts, health
        from aiohttp import web  # 15 ms of each start, for the few who want it

        self._web = web
        app = web.Application()
        app.router.add_get('/metrics', self._metrics)
        app.router.add_get('/health', self._answer_health)
        self._runner = web.AppRunner(app, access_log=None)

    async def open(self) -> None:
        """Raises BadOption when the address cannot be had."""
        host, port = self._address
        await self._runner.setup()
        try:
            await self._web.TCPSite(self._runner, host, port, shutdown_timeout=0.1).start()
        except OSError as reason:
            await self._runner.cleanup()
            why = os.strerror(reason.errno) if (reason.errno or 0) > 0 else reason.strerror
            raise BadOption(f'--metrics {host}:{port} cannot be used: {why}.') from reason

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _metrics(self, _request):
        text = render(self._facts(), self._health())
        return self._web.Response(body=text.encode(), headers={'Content-Type': CONTENT_TYPE})

    async def _answer_health(self, _request):
        problem = self._health()
        return self._web.Response(status=503 if problem else 200, text=f'{problem or "ok"}\n')
