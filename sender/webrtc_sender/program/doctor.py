"""--doctor: can the sender run here, and if not, what is to be done next? For people who have never seen GStreamer.

Works where nothing is installed: whatever needs GStreamer is imported only once dependencies.py has found it.
"""

import asyncio
import os
import sys
import textwrap
from dataclasses import dataclass, field

from . import dependencies, machine
from .option_values import without_password
from .server_check import Trouble, check_server, check_whip
from .terminal import columns

READY, NOT_INSTALLED, REFUSED, NO_ENCODER = 0, 3, 4, 5  # exit codes: --help lists them all
GOOD, BAD, NOTE = '✓', '✗', '–'
PLAIN_MARKS = {GOOD: '[ok]', BAD: '[no]', NOTE: '[--]'}
MODES_SHOWN = 4


@dataclass
class Line:
    """One finding. `more` is what follows it, indented; a line of it that begins with a space stays as it is."""

    mark: str
    text: str
    more: list[str] = field(default_factory=list)


@dataclass
class Findings:
    """A section of the report, and what it has to say to the last line."""

    title: str
    lines: list[Line]
    #: What keeps the sender from running, as the thing to do next; and the exit code for that.
    next_step: str | None = None
    code: int = READY
    #: What is not there yet, but does not keep it from running.
    hints: list[str] = field(default_factory=list)


def report(options) -> tuple[str, int]:
    """The whole report and the exit code: 0 could run, 3 something is not installed, 4 the server refuses this sender,
    5 no encoder works. Looks at what the options name: this camera, this encoder, these servers.

    May take seconds: every encoder is tried.
    """
    packages = _packages()
    ready = packages.code == READY
    sections = [
        _this_machine(ready),
        packages,
        _cameras(ready, options),
        _encoders(ready, options.encoder),
        _network(options),
    ]
    verdict, code = _verdict(sections)
    lines = ['Can the webrtc-preview sender run here?', '']
    for section in sections:
        lines += [section.title, *(text for line in section.lines for text in _layout(line)), '']
    return _printable('\n'.join([*lines, *verdict])), code


def _this_machine(gstreamer_is_there: bool) -> Findings:
    python = f'Python {sys.version.split()[0]} ({sys.executable})'
    lines = [Line(NOTE, machine.system()), Line(NOTE, python)]
    if gstreamer_is_there:
        from ..gst import Gst

        lines.append(Line(NOTE, f'GStreamer {".".join(str(part) for part in Gst.version()[:3])}'))
    lines.append(Line(NOTE, machine.nvidia() or 'no NVIDIA driver'))
    if machine.is_container():
        hint = 'Cameras must be passed in (docker run --device /dev/video0), NVIDIA GPUs too (--gpus all).'
        lines.append(Line(NOTE, 'in a container', [hint]))
    return Findings('This machine', lines)


def _packages() -> Findings:
    title = 'What must be installed'
    if reason := dependencies.too_old():
        return Findings(
            title, [Line(BAD, reason)], 'use a newer system, or run the sender in a container.', NOT_INSTALLED
        )
    absent = dependencies.missing()
    if not absent:
        return Findings(title, [Line(GOOD, 'everything is there')])
    packages = sorted(set(absent.values()))
    count = '1 package is' if len(packages) == 1 else f'{len(packages)} packages are'
    lines = [Line(BAD, f'{count} missing. This installs what is needed:', _command(dependencies.apt_command(packages)))]
    if not os.path.realpath(sys.executable).startswith('/usr/bin/'):
        lines.append(Line(NOTE, f'They belong to /usr/bin/python3; this ran with {sys.executable}.'))
    next_step = 'copy the apt-get command above, run it, and then run this again.'
    return Findings(title, lines, next_step, NOT_INSTALLED)


def _cameras(ready: bool, options) -> Findings:
    if not ready:
        return Findings('Cameras', [Line(NOTE, 'looked for once everything is installed')])
    from ..camera.probing import list_cameras

    cameras = list_cameras()
    if options.test_pattern:
        lines = [_camera(camera) for camera in cameras]
        return Findings('Cameras', [*lines, Line(NOTE, 'none is used: --test-pattern is given')])
    wanted = _wanted(options, cameras)
    lines = [_camera(camera, is_used=camera is wanted) for camera in cameras]
    if wanted not in cameras:
        lines.append(_camera(wanted, is_used=True))
    if not cameras:
        lines.append(Line(NOTE, 'no camera found', ['Plug one in. Until then --test-pattern shows a moving picture.']))
    hints = [f'the camera (--device {options.device}) cannot be used yet; see "Cameras" above'] if wanted.error else []
    return Findings('Cameras', lines, hints=hints)


def _wanted(options, cameras):
    """The camera that the sender would use, with its error when it cannot: one of these, or one that is not listed."""
    from ..camera.cameras import Camera
    from ..camera.devices import find_device
    from ..camera.probing import open_camera
    from ..server.protocol import PreviewError

    try:
        # A link of /dev/v4l leads to the same node as the path that is listed.
        node = os.path.realpath(find_device(options.device))
        listed = [camera for camera in cameras if os.path.realpath(camera.device) == node]
        return listed[0] if listed else open_camera(options.device, options.label)
    except PreviewError as error:
        return Camera(options.device, '--device', (), error)


def _camera(camera, is_used: bool = False) -> Line:
    name = f'{camera.label}: {camera.device}' + (': this one is used' if is_used and not camera.error else '')
    if camera.error:
        info = camera.error.info()
        return Line(BAD, name, [info['message'], info['next']])
    modes = camera.offered(own_h264=True)
    shown = ', '.join(f'{mode.width}x{mode.height} at {mode.fps:g}' for mode in modes[:MODES_SHOWN])
    others = f', and {len(modes) - MODES_SHOWN} more (--list-cameras)' if len(modes) > MODES_SHOWN else ''
    return Line(GOOD, name, [shown + others])


def _encoders(ready: bool, forced: str | None) -> Findings:
    title = 'Video encoders, the best first; one is enough'
    if not ready:
        return Findings(title, [Line(NOTE, 'tried once everything is installed')])
    reasons = asyncio.run(_try_encoders(forced))
    from ..encode.encoding import first_that_works

    h264, vp8 = first_that_works(reasons, 'H264'), first_that_works(reasons, 'VP8')
    width = max(len(encoder.factory) for encoder in reasons)
    lines = []
    for encoder, reason in reasons.items():
        name = f'{encoder.factory:{width}}  '
        use = ': this one is used' if encoder is h264 else ''
        if encoder is vp8:
            use = ': for browsers without H.264' if h264 else ': this one is used'
        mark = NOTE if reason and reason.startswith('not installed') else BAD if reason else GOOD
        lines.append(Line(mark, name + (reason or f'works{use}')))
    if h264 or vp8:
        return Findings(title, lines)
    next_step = dependencies.apt_command([dependencies.ENCODER_PACKAGE])
    if forced:
        next_step = 'leave out --encoder: then the first that works is used.'
    return Findings(title, lines, next_step, NO_ENCODER)


async def _try_encoders(forced: str | None) -> dict:
    """{encoder: why it cannot be used, or None}, one after the other: hardware has few sessions."""
    from ..encode.encoders import ENCODERS
    from ..encode.encoding import try_out

    return await try_out([encoder for encoder in ENCODERS if forced in (None, encoder.factory)])


def _network(options) -> Findings:
    found = Findings('Network', [])
    if options.server:
        name = f'signalling server {without_password(options.server)}'
        trouble = check_server(options)
        found.lines.append(_server(name, 'takes this sender', trouble))
        if trouble and trouble.refused:
            found.code, found.next_step = REFUSED, f'the signalling server refuses this sender. {trouble.next_step}'
        elif trouble:
            found.hints.append('the signalling server cannot be used yet; the sender waits for it')
    if options.whip:
        trouble = check_whip(options)
        found.lines.append(_server(f'WHIP server {without_password(options.whip)}', 'can be reached', trouble))
        if trouble:
            found.hints.append('the WHIP server cannot be reached yet; the sender waits for it')
    found.lines.append(
        Line(
            NOTE,
            'Pictures go straight to each viewer, by UDP on ports that change with each.',
            [
                'Within one network nothing has to be set up for that. If viewers elsewhere see no picture, the '
                'server needs a TURN relay (TURN_SERVER_URL).'
            ],
        )
    )
    return found


def _server(name: str, good: str, trouble: Trouble | None) -> Line:
    return Line(BAD, name, [trouble.what, trouble.next_step]) if trouble else Line(GOOD, f'{name} {good}')


def _verdict(sections: list[Findings]) -> tuple[list[str], int]:
    """The last lines: what is to be done first, what may wait; and the exit code of the first."""
    steps = [section.next_step for section in sections if section.next_step]
    hints = [f'{hint}.' for section in sections for hint in section.hints]
    code = next((section.code for section in sections if section.next_step), READY)
    if steps:
        return [*_points('Not ready: do this next:', steps), *(_points('Besides:', hints) if hints else [])], code
    if hints:
        return _points('Ready: it could start now, but', hints), code
    return ['Ready: start it without --doctor.'], code


def _points(title: str, points: list[str]) -> list[str]:
    """One goes on in the title's line, several get one each."""
    if len(points) == 1:
        return textwrap.wrap(f'{title} {points[0]}', columns(), break_on_hyphens=False)
    lines = [title if title.endswith(':') else f'{title}:']
    for point in points:
        lines += textwrap.wrap(
            point, columns(), initial_indent='  - ', subsequent_indent='    ', break_on_hyphens=False
        )
    return lines


def _command(command: str) -> list[str]:
    """A command over several lines that can be copied as it is."""
    lines = textwrap.wrap(command, columns() - 12, break_on_hyphens=False)
    return [f'    {line} \\' for line in lines[:-1]] + [f'    {lines[-1]}']


def _layout(line: Line) -> list[str]:
    first = f'  {line.mark} '
    texts = textwrap.wrap(line.text, columns(), initial_indent=first, subsequent_indent=' ' * 8, break_on_hyphens=False)
    for more in line.more:
        indent = ' ' * 6
        texts += (
            [indent + more]
            if more.startswith(' ')
            else textwrap.wrap(more, columns(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        )
    return texts


def _printable(text: str, encoding: str | None = None) -> str:
    """Plain marks where the terminal cannot show the others."""
    encoding = encoding or sys.stdout.encoding or 'ascii'
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for mark, plain in PLAIN_MARKS.items():
            text = text.replace(f'  {mark} ', f'  {plain} ')
        return text.encode('ascii', 'replace').decode()
    return text
