"""/metrics and /health, as Prometheus and a load balancer see them."""

import asyncio
import contextlib
import re
import socket
from dataclasses import replace

import aiohttp
import pytest
from studio import asynchronous
from webrtc_sender.program.metrics import METRICS, MOST_LABELS, PREFIX, Endpoint, Facts, Level, render
from webrtc_sender.program.options import BadOption

FACTS = Facts(
    stream='door',
    mode='1280x720@30',
    encoder='x264enc',
    viewers=2,
    viewers_paused=1,
    viewers_max=32,
    joins_total=5,
    viewers_closed_total={'left': 2, 'connection_lost': 1},
    camera_up=True,
    camera_running=True,
    camera_error=None,
    camera_losses_total=0,
    frames_captured_total=900,
    levels={0: Level(viewers=1, frames_total=900, keyframes_total=3, bytes_total=9_000_000, encode_s=0.0026)},
    links_bps=[2_000_000, 800_000, 40_000_000],
    server_connected=True,
    server_connects_total=1,
    whip_connected=None,
    errors_total={'ice_failed': 1},
)
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (-?[0-9.e+-]+)')


def parse_text_format(text: str) -> dict[str, float]:
    """The samples of a page, after a check of the format's grammar: HELP and TYPE before each name, once."""
    assert text.endswith('\n')
    samples, described, typed = {}, [], {}
    for line in text.splitlines():
        if line.startswith('# HELP '):
            described.append(line.split()[2])
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split()
            assert described[-1] == name
            typed[name] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert (typed[name] == 'counter') == name.endswith('_total')
            key = f'{name}{{{labels}}}' if labels else name
            assert key not in samples
            samples[key] = float(value)
    assert len(described) == len(set(described)) == len(typed)
    return samples


def test_every_fact_is_there_in_base_units():
    samples = parse_text_format(render(FACTS, None))
    ours = {name.removeprefix(PREFIX): value for name, value in samples.items() if name.startswith(PREFIX)}
    version = next(name for name in ours if name.startswith('info'))
    assert ours.pop(version) == 1
    assert re.fullmatch(r'info\{version="[0-9.]+",stream="door",encoder="x264enc"\}', version)
    assert ours == {
        'viewers': 2,
        'viewers_paused': 1,
        'viewers_max': 32,
        'joins_total': 5,
        'viewers_closed_total{reason="left"}': 2,
        'viewers_closed_total{reason="connection_lost"}': 1,
        'camera_up': 1,
        'camera_running': 1,
        'camera_losses_total': 0,
        'frames_captured_total': 900,
        'level_viewers{level="0"}': 1,
        'frames_encoded_total{level="0"}': 900,
        'keyframes_encoded_total{level="0"}': 3,
        'encoded_bytes_total{level="0"}': 9_000_000,
        'encode_seconds{level="0"}': 0.0026,
        'link_min_bits_per_second': 800_000,
        'link_median_bits_per_second': 2_000_000,
        'server_connected': 1,
        'server_connects_total': 1,
        'errors_total{code="ice_failed"}': 1,
        'healthy': 1,
    }


def test_the_process_is_there_under_the_usual_names():
    samples = parse_text_format(render(FACTS, None))
    assert samples['process_resident_memory_bytes'] > 1_000_000
    assert samples['process_open_fds'] >= 3
    assert samples['process_threads'] >= 1
    assert samples['process_cpu_seconds_total'] >= 0
    assert samples['process_start_time_seconds'] > 1_600_000_000


def test_what_is_not_known_is_left_out_not_zero():
    nothing = replace(FACTS, server_connected=None, links_bps=(), levels={}, viewers_closed_total={})
    samples = parse_text_format(render(nothing, None))
    for name in ('server_connected', 'whip_connected', 'link_min_bits_per_second', 'frames_encoded_total'):
        assert not any(key.startswith(PREFIX + name) for key in samples)


def test_a_server_cannot_make_labels_without_end_nor_break_the_format():
    reasons = {f'reason {number}\n"\\': 1 for number in range(1_000)}
    samples = parse_text_format(render(replace(FACTS, viewers_closed_total=reasons), None))
    closed = {key: value for key, value in samples.items() if key.startswith(f'{PREFIX}viewers_closed_total')}
    assert len(closed) == MOST_LABELS + 1
    assert sum(closed.values()) == 1_000


def test_every_metric_has_a_name_of_its_own_and_a_sentence():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.help.endswith('.') for metric in METRICS)


@contextlib.asynccontextmanager
async def endpoint(problem=None):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    served = Endpoint(('127.0.0.1', port), lambda: FACTS, lambda: problem)
    await served.open()
    try:
        async with aiohttp.ClientSession(f'http://127.0.0.1:{port}') as session:
            yield session, port
    finally:
        await served.close()


@asynchronous
async def test_it_is_served_as_the_format_that_prometheus_reads():
    async with endpoint() as (session, _), session.get('/metrics') as response:
        assert response.status == 200
        assert response.headers['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8'
        assert f'{PREFIX}viewers 2\n' in await response.text()


@pytest.mark.parametrize('problem,status,text', [(None, 200, 'ok\n'), ('GLib hangs', 503, 'GLib hangs\n')])
@asynchronous
async def test_health(problem, status, text):
    async with endpoint(problem) as (session, _), session.get('/health') as response:
        assert (response.status, await response.text()) == (status, text)


@asynchronous
async def test_many_at_once_and_anything_else():
    async with endpoint() as (session, _):

        async def ask(method: str, path: str) -> int:
            async with session.request(method, path) as response:
                return response.status

        assert set(await asyncio.gather(*(ask('GET', '/metrics') for _ in range(20)))) == {200}
        assert await ask('GET', '/') == 404
        assert await ask('POST', '/metrics') == 405


@asynchronous
async def test_a_port_that_is_taken_is_a_bad_option():
    async with endpoint() as (_, port):
        with pytest.raises(BadOption, match=f'--metrics 127.0.0.1:{port} cannot be used: Address already in use'):
            await Endpoint(('127.0.0.1', port), lambda: FACTS, lambda: None).open()
