"""The file that --config names: lines of NAME=value with the names of the environment.

    # The door.
    WEBRTC_PREVIEW_STREAM=door
    WEBRTC_PREVIEW_LABEL="Front door"

It is the format of systemd's EnvironmentFile= and Docker's --env-file, so one file serves all three, and there is one
name for each option. systemd itself need not read it: a file that the sender reads can be read again (SIGHUP), its
errors have line numbers, and its secrets are not in the environment of the process.
"""

import difflib
import re
from pathlib import Path

MAX_BYTES = 65_536
COMMENT_HINT = 'A comment needs a line of its own.'


class BadFile(Exception):
    """A file that cannot be used; the text says which line and why."""


def read(file: str, known, own: str = '') -> dict[str, tuple[str, str]]:
    """{variable: (text, 'FILE, line N')} of a file. Raises BadFile.

    `known` are the names that may stand there; `own` is the one that names the file itself and so cannot.
    """
    return parse(_content(file), file, known, own)


def _content(file: str) -> str:
    try:
        # Not a pipe or a device: those would be waited for, or never end, and cannot be read again.
        if Path(file).is_fifo() or Path(file).is_char_device():
            raise BadFile(f'--config {file} is no regular file.')
        with open(file, 'rb') as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as reason:
        raise BadFile(f'--config {file} cannot be read: {reason.strerror}.') from reason
    if len(data) > MAX_BYTES:
        raise BadFile(f'--config {file} is larger than {MAX_BYTES // 1024} KiB: is it the right file?')
    try:
        return data.decode()
    except UnicodeDecodeError as reason:
        raise BadFile(f'--config {file} is not UTF-8 text.') from reason


def parse(content: str, file: str, known, own: str = '') -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    # Not splitlines(): that also breaks at characters which a value may hold.
    for number, line in enumerate(content.removeprefix('\ufeff').split('\n'), 1):
        line = line.strip()
        if not line or line[0] in '#;':
            continue
        place = f'{file}, line {number}'
        name, equals, text = line.partition('=')
        name = name.strip()
        if not equals or not re.fullmatch(r'[A-Za-z_][A-Za-z0-9_]*', name):
            raise BadFile(f'{place}: must be NAME=value, or a comment that begins with "#".')
        if name == own:
            raise BadFile(f'{place}: --config cannot stand in a file.')
        if name not in known:
            raise BadFile(f'{place}: there is no option {name}.{suggestion(name, known)}')
        if name in found:
            raise BadFile(f'{place}: {name} is already given in line {found[name][1].rpartition(" ")[2]}.')
        found[name] = (_unquoted(text.strip(), place), place)
    return found


def suggestion(name: str, known) -> str:
    near = [one for one in known if one.endswith(f'_{name}')] or difflib.get_close_matches(name, list(known), 1, 0.6)
    return f' Did you mean {near[0]}?' if near else ''


def _unquoted(text: str, place: str) -> str:
    """The value without its quotes. Inside double quotes \\" and \\\\ stand for themselves, as for systemd."""
    if text.endswith('\\') and text[:1] not in ('"', "'"):
        raise BadFile(f'{place}: a value ends with its line; it cannot go on after "\\".')
    if text[:1] not in ('"', "'"):
        return text
    if not re.fullmatch(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', text):
        raise BadFile(f'{place}: the quote is not closed, or something follows it. {COMMENT_HINT}')
    inside = text[1:-1]
    return re.sub(r'\\(["\\])', r'\1', inside) if text[0] == '"' else inside
