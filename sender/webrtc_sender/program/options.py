"""From the command line, the environment and a file to checked values: the first of them that names an option wins."""

import argparse
import os
import re
from types import SimpleNamespace

from .. import __version__
from ..picture.picture_clock import COLUMNS, block_size
from . import option_file, option_help
from .option_table import ENVIRONMENT_PREFIX, OPTIONS, SECRET_FILES, Option
from .option_values import Unusable, without_password

__all__ = ['BadOption', 'OPTIONS', 'parse', 'reread', 'unknown_variables']

VARIABLES = {option.variable: option for option in OPTIONS}
CONFIG_VARIABLE = f'{ENVIRONMENT_PREFIX}CONFIG'
SEE_HELP = '--help lists all options.'
LONGEST_SHOWN = 100


class BadOption(Exception):
    """An option that cannot be used; the text says which and why."""


def parse(arguments: list[str], environment=os.environ) -> SimpleNamespace:
    """Every option of the table by its key, and `config`, `doctor`, `list_cameras`. `token_file` and `whip_token_file`
    name the file that the secret in use was read from, if any.

    Raises BadOption; --help and --version print and exit.
    """
    given = _command_line(arguments)
    doctor, list_cameras = given.pop('doctor', False), given.pop('list_cameras', False)
    config = given.pop('config', None) or environment.get(CONFIG_VARIABLE) or None
    layers = [
        {key: (text, '--' + key.replace('_', '-')) for key, text in given.items()},
        {option.key: (environment[name], name) for name, option in VARIABLES.items() if environment.get(name)},
        _from_file(config) if config else {},
    ]
    for layer in layers:
        _read_secret_files(layer)
    values = {option.key: _value(option, layers) for option in OPTIONS if option.key not in SECRET_FILES.values()}
    values |= _files_of_secrets(layers)
    options = SimpleNamespace(**values, config=config, doctor=doctor, list_cameras=list_cameras)
    _check_together(options)
    return options


def reread(running: SimpleNamespace, arguments: list[str], environment=os.environ):
    """The options as they are now: (options, names that changed, names that changed but need a restart).

    The last keep their running values. Raises BadOption, and then nothing should change.
    """
    fresh = parse(arguments, environment)
    changed, need_restart = [], []
    for key, value in vars(running).items():
        if getattr(fresh, key) == value:
            continue
        option = next((option for option in OPTIONS if option.key == key), None)
        if option and option.live:
            changed.append(option.name)
        else:
            need_restart.append(key.replace('_', '-'))
            setattr(fresh, key, value)
    return fresh, changed, need_restart


def unknown_variables(environment=os.environ) -> list[str]:
    """Names in the environment that look like options and are none, each with the one that may have been meant.

    Only worth a warning: unlike a file, the environment is not the sender's alone.
    """
    return [
        f'{name}.{option_file.suggestion(name, VARIABLES)}'
        for name in sorted(environment)
        if name.startswith(ENVIRONMENT_PREFIX) and name not in VARIABLES and name != CONFIG_VARIABLE
    ]


def _command_line(arguments: list[str]) -> dict:
    parser = option_help.build_parser(_Parser, f'{option_help.PROGRAM} {__version__}')
    given, unknown = parser.parse_known_args(arguments)
    if not unknown:
        return vars(given)
    # Only its name is shown: what follows may be a token.
    name = unknown[0].partition('=')[0]
    if not name.startswith('-'):
        raise BadOption(f'{_no_place(unknown[0], given)}: every argument must belong to an option. {SEE_HELP}')
    known = [known for action in parser._actions for known in action.option_strings]
    raise BadOption(f'There is no option {name}.{option_file.suggestion(name, known)} {SEE_HELP}')


def _no_place(stray: str, given) -> str:
    """A token with a space in it, and no quotes around it, becomes two arguments: the second is not shown either."""
    if any(getattr(given, option.key, None) for option in OPTIONS if option.secret):
        return 'There is no place for one of the arguments'
    return f'There is no place for "{_shortened(stray)}"'


def _from_file(config: str) -> dict[str, tuple[str, str]]:
    try:
        found = option_file.read(config, VARIABLES, CONFIG_VARIABLE)
    except option_file.BadFile as reason:
        raise BadOption(str(reason)) from reason
    # A name without a value is not given, as in the environment.
    return {VARIABLES[name].key: (text, f'{place}: {name}') for name, (text, place) in found.items() if text}


def _read_secret_files(layer: dict[str, tuple[str, str]]) -> None:
    """Puts what a secret's file holds in the place of its name."""
    for key, file_key in SECRET_FILES.items():
        if file_key not in layer:
            continue
        file, place = layer[file_key]
        if key in layer:
            raise BadOption(f'{layer[key][1]} and {place} are both given: one is enough.')
        option = next(option for option in OPTIONS if option.key == file_key)
        layer[key] = (_read(option, file, place), place)


def _files_of_secrets(layers) -> dict[str, str | None]:
    """Where each secret was read, so that it can be read again; None when it stood where the other options do."""
    winners = {key: next((layer for layer in layers if key in layer), {}) for key in SECRET_FILES}
    return {file_key: winners[key].get(file_key, (None,))[0] for key, file_key in SECRET_FILES.items()}


def _value(option: Option, layers):
    for layer in layers:
        if option.key in layer:
            return _read(option, *layer[option.key])
    return option.default


def _read(option: Option, text: str, place: str):
    try:
        return option.read(text)
    except Unusable as reason:
        raise BadOption(f'{place}: {reason}.') from reason
    except ValueError as reason:
        must, *remark = reason.args
        shown = '' if option.secret else f', not "{_shortened(without_password(text))}"'
        # "FILE, line 3: NAME" is the place of what comes from a file.
        hint = f' {option_file.COMMENT_HINT}' if ': ' in place and ' #' in text else ''
        raise BadOption(f'{place} {must}{shown}{"".join(remark)}.{hint}') from reason


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f'{text[:LONGEST_SHOWN]}…'


def _check_together(options: SimpleNamespace) -> None:
    if options.test_pattern and options.width < COLUMNS * block_size(options.width):
        raise BadOption('--width must be at least 256 with --test-pattern: its clock needs the room.')
    if options.server is None and options.whip is None:
        raise BadOption('--server none needs --whip: without either nobody could watch.')
    if options.whip_token and not options.whip:
        raise BadOption('--whip-token is given without --whip: there is nothing to send it to.')


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        # argparse's own words; what was given beside the name may be a token.
        name = re.match(r'argument (--[\w-]+)', message)
        if name and 'expected one argument' in message:
            raise BadOption(f'Argument {name[1]} needs a value. {SEE_HELP}')
        if name and 'ignored explicit argument' in message:
            raise BadOption(f'Argument {name[1]} takes no value. {SEE_HELP}')
        raise BadOption(f'{message[0].upper()}{message[1:]}. {SEE_HELP}')
