"""Log lines: one for each event, whatever is in it, and no secret in any."""

import io
import json
import logging
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from conftest import SENDER
from webrtc_sender import log
from webrtc_sender.program.options import parse


@pytest.fixture
def lines(monkeypatch):
    """What is logged from here on; `setup` as in log.py."""
    stream, former = io.StringIO(), logging.root.handlers[:]

    def start(*arguments, **keywords):
        monkeypatch.setattr(sys, 'stderr', stream)
        log.setup(*arguments, **keywords)
        return lambda: stream.getvalue().splitlines()

    yield start
    logging.root.handlers[:] = former


def test_a_line_is_time_level_event_and_fields(lines):
    read = lines('info')
    log.info('viewer-live', viewer='ab', ms=1.25, none=None)
    moment, level, *rest = read()[0].split()
    logged = datetime.fromisoformat(moment.replace('Z', '+00:00'))
    assert abs(datetime.now(timezone.utc) - logged) < timedelta(minutes=1)
    assert (len(moment), moment[-1], level, rest) == (24, 'Z', 'INFO', ['event=viewer-live', 'viewer=ab', 'ms=1.2'])


@pytest.mark.parametrize(
    'value,shown',
    [
        ('plain', 'plain'),
        ('two words', '"two words"'),
        ('', '""'),
        ('a=b', '"a=b"'),
        ('say "hi"', r'"say \"hi\""'),
        ('back\\slash', r'"back\\slash"'),
        ('one\nevent=forged', r'"one\nevent=forged"'),
        ('red \x1b[31m', r'"red \u001b[31m"'),
        ('\u2028line', r'"\u2028line"'),
        ('\u202eesrever', r'"\u202eesrever"'),
        ('Küche', 'Küche'),
        (None, None),
        (True, 'True'),
    ],
)
def test_nothing_in_a_value_can_begin_a_line_or_a_field(value, shown):
    assert log.line('x', {'value': value}) == ('event=x' if shown is None else f'event=x value={shown}')


def test_a_long_value_is_cut():
    assert len(log.line('x', {'value': 'a' * 1_000_000})) < log.LONGEST_VALUE + 100


def test_json_is_one_object_per_line(lines):
    read = lines('info', 'json')
    log.warning('viewer-failed', viewer='a"b\n', ms=1.25, ok=True, none=None, level='forged')
    entry = json.loads(read()[0])
    assert entry.pop('time').endswith('Z')
    assert entry == {'level': 'warning', 'event': 'viewer-failed', 'viewer': 'a"b\n', 'ms': 1.25, 'ok': True}


@pytest.mark.parametrize('form', ['text', 'json'])
def test_secrets_are_hidden_wherever_they_turn_up(lines, form):
    options = parse(
        ['--token', 'hunter2', '--whip', 'https://w:swordfish@example.org/x', '--whip-token', 'open"sesame'], {}
    )
    read = lines('info', form)
    log.setup_from(options)
    try:
        raise RuntimeError('with hunter2 and open"sesame')
    except RuntimeError as reason:
        log.exception('failed', reason=reason, address=options.whip)
    logging.getLogger('asyncio').error('hunter2 from a library')
    text = '\n'.join(read())
    assert len(read()) == 2
    assert 'Traceback' in text
    for secret in ('hunter2', 'swordfish', 'sesame'):
        assert secret not in text


def test_the_lines_of_libraries_look_the_same(lines):
    read = lines('info')
    try:
        raise ValueError('two\nlines')
    except ValueError:
        logging.getLogger('asyncio').exception('Task exception was never retrieved')
    assert len(read()) == 1
    assert 'ERROR   event=library logger=asyncio message="Task exception was never retrieved" traceback=' in read()[0]


def test_the_journal_gets_priorities_instead_of_times():
    # systemd names the device and inode of our standard error when that goes to the journal.
    reader, writer = os.pipe()
    about = os.fstat(writer)
    script = "from webrtc_sender import log; log.setup('info'); log.warning('x', y=1)"
    environment = {**os.environ, 'PYTHONPATH': str(SENDER), 'JOURNAL_STREAM': f'{about.st_dev}:{about.st_ino}'}
    subprocess.run([sys.executable, '-c', script], stderr=writer, env=environment, check=True)
    os.close(writer)
    with open(reader) as file:
        assert file.read() == '<4>event=x y=1\n'


def test_the_level_can_change_while_it_runs(lines):
    read = lines('warning')
    log.info('one')
    log.setup('info')
    log.info('two')
    assert [line.split('event=')[1] for line in read()] == ['two']
