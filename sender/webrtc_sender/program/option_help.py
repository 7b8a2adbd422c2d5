"""What people read about the options, made from the table: --help, the README's table, and an example file."""

import argparse
import re
import sys
import textwrap

from .option_table import ENVIRONMENT_PREFIX, GROUPS, OPTIONS, Option
from .terminal import columns

PROGRAM = 'gstreamer-webrtc-sender.py'
CONFIG_HELP = f'read options from a file of lines such as {ENVIRONMENT_PREFIX}FPS=30; SIGHUP reads it again'
EXIT_CODES = {
    0: 'stopped by SIGINT or SIGTERM; or what was asked for is done',
    1: 'stopped by an error that nobody expected; the log has it',
    2: 'an option cannot be used: not understood, a file that is not there, a port that is taken',
    3: 'something is not installed; the apt-get line that mends it is printed',
    4: 'the signalling server refuses this sender; only --doctor ends so, a running sender asks again',
    5: 'no video encoder works on this machine, or not the one of --encoder; --doctor says why',
}
PARAGRAPHS = (
    f'Every option can also come from the environment or from the file: --max-viewers is '
    f'{ENVIRONMENT_PREFIX}MAX_VIEWERS in both. The command line wins over the environment, and that over the file.',
    'SIGHUP ("systemctl reload") reads the file again; what then changes in a running sender without a restart: '
    f'{", ".join(f"--{option.name}" for option in OPTIONS if option.live)}.',
)
EXAMPLES = (
    '--test-pattern',
    '--list-cameras',
    '--device /dev/video2 --stream door --server https://example.org',
    '--config /etc/webrtc-preview/door.env --metrics 9401',
    '--server none --whip https://media.example.org/door/whip',
)


def build_parser(parser_class, version: str) -> argparse.ArgumentParser:
    """A parser that takes every option as text and leaves out what is not given."""
    parser = parser_class(
        prog=PROGRAM,
        usage=f'{PROGRAM} [option ...]',
        description=_wrapped('Shows a camera live on web pages: one capture, one encode, many viewers.')
        + '\nThe camera is on only while somebody watches.',
        epilog=_epilog(),
        formatter_class=_Formatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    commands = parser.add_argument_group('instead of running')
    commands.add_argument('--help', '-h', action='help', help='show this, then exit')
    commands.add_argument('--version', action='version', version=version, help='show the version, then exit')
    commands.add_argument('--doctor', action='store_true', help='say what works on this machine and what does not')
    commands.add_argument('--list-cameras', action='store_true', help='show the cameras and what they can do')
    for group in GROUPS:
        section = parser.add_argument_group(group)
        for option in (option for option in OPTIONS if option.group == group):
            _add(section, option)
            if option.name == 'adaptation':
                section.add_argument(
                    '--no-adaptation', action='store_const', const='off', dest=option.key, help='--adaptation off'
                )
            if option.name == 'playout-delay':
                section.add_argument(
                    '--no-playout-delay', action='store_const', const='default', dest=option.key,
                    help='--playout-delay default',
                )  # fmt: skip
    section.add_argument('--config', metavar='FILE', help=CONFIG_HELP)
    return parser


def _add(section, option: Option) -> None:
    text = option.help + (f' (default: {option.default_text})' if option.default_text else '')
    text = text.replace('%', '%%')
    if option.flag:
        section.add_argument(f'--{option.name}', nargs='?', const='on', metavar=option.metavar, help=text)
    else:
        section.add_argument(f'--{option.name}', metavar=option.metavar, help=text)


def _epilog() -> str:
    examples = (_wrapped(f'{PROGRAM} {arguments}', '  ', ' ' * 6, ' \\') for arguments in EXAMPLES)
    codes = (_wrapped(f'{code}  {meaning}', '  ', ' ' * 5) for code, meaning in EXIT_CODES.items())
    paragraphs = (_wrapped(paragraph) for paragraph in PARAGRAPHS)
    return '\n\n'.join([*paragraphs, '\n'.join(['examples:', *examples]), '\n'.join(['exit codes:', *codes])])


def _wrapped(text: str, first: str = '', rest: str = '', line_end: str = '') -> str:
    """To the terminal's width. `line_end` goes on every line but the last: a command that can be copied as it is."""
    lines = textwrap.wrap(
        text, columns() - len(line_end), initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
    return f'{line_end}\n'.join(lines)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=31, width=columns())


def readme_table() -> str:
    """The options as a Markdown table; a test keeps README.md the same."""
    rows = [('option', 'default', '')]
    for group in GROUPS:
        rows.append((f'**{group}**', '', ''))
        for option in (option for option in OPTIONS if option.group == group):
            name = f'--{option.name} [{option.metavar}]' if option.flag else f'--{option.name} {option.metavar}'
            default = option.default_text
            if option.shown_default is None and default:
                default = f'`{default}`'
            live = ' ↻' if option.live else ''
            rows.append((f'`{_cell(name)}`{live}', default or '–', _cell(option.help)))
    rows.append(('`--config FILE`', '–', _cell(CONFIG_HELP)))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        '| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + ' |' for row in rows
    ]
    lines.insert(1, '| ' + ' | '.join('-' * width for width in widths) + ' |')
    return '\n'.join(lines)


def _cell(text: str) -> str:
    return text.replace('|', '\\|')


def example_file(given: dict[str, str]) -> str:
    """A file for --config that shows every option, with these {key: text} set and the rest commented out."""
    lines = [
        '# Options of the camera sender. The command line wins over the environment, and that over this file.',
        '# After a change: systemctl reload (for what is marked ↻) or systemctl restart.',
    ]
    for group in GROUPS:
        lines += ['', f'# ---- {group} ' + '-' * (100 - len(group))]
        for option in (option for option in OPTIONS if option.group == group):
            live = ' ↻' if option.live else ''
            lines += ['', f'# {_sentence(option.help)} {option.metavar}{live}']
            if option.key in given:
                lines.append(f'{option.variable}={given[option.key]}')
            else:
                default = '' if option.shown_default is not None else option.default_text
                lines.append(f'#{option.variable}={default}')
    return '\n'.join(lines) + '\n'


def _sentence(text: str) -> str:
    """With a capital, unless it begins with a value that is explained: "auto: …" is written so."""
    return f'{text}.' if re.match(r'\w+:', text) else f'{text[0].upper()}{text[1:]}.'


if __name__ == '__main__':
    # install.sh: `python3 -m webrtc_sender.program.option_help stream=door device=/dev/video2`
    sys.stdout.reconfigure(encoding='utf-8')  # whatever the locale: the sender reads nothing else
    sys.stdout.write(example_file(dict(argument.split('=', 1) for argument in sys.argv[1:])))
