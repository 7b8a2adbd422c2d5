"""Options: where they come from, which of them wins, what cannot be used, what a reload changes."""

import json
import os
import re
from pathlib import Path

import pytest
import webrtc_sender
from webrtc_sender.program import option_help
from webrtc_sender.program.option_table import GROUPS, OPTIONS
from webrtc_sender.program.options import BadOption, parse, reread, unknown_variables

TOP = Path(__file__).parents[2]
# A text that the option takes and that is not its default.
OTHER = {
    'device': '/dev/video7', 'label': 'Door', 'test-pattern': 'on', 'camera-h264': 'off', 'width': '640',
    'height': '480', 'fps': '29.97', 'bitrate': '500', 'encoder': 'vp8enc', 'keyframe-interval': '60',
    'max-viewers': '3', 'adaptation': 'off', 'loss-protection': 'off', 'playout-delay': 'default',
    'ice-policy': 'relay', 'server': 'https://example.org/sub', 'path': '/x', 'stream': 'door', 'token': 'hunter2',
    'whip': 'https://example.org/w', 'whip-token': 'swordfish', 'log-level': 'error', 'log-format': 'json',
    'metrics': '0.0.0.0:9401',
}  # fmt: skip
FILES = ('token-file', 'whip-token-file', 'ca')


@pytest.fixture
def file(tmp_path):
    """Writes a file for --config."""

    def write(content: str) -> str:
        path = tmp_path / 'door.env'
        path.write_text(content)
        return str(path)

    return write


def test_defaults():
    options = parse([], {})
    assert (options.server, options.path, options.stream) == ('http://127.0.0.1:8080', '/webrtc-signaling', 'camera')
    assert (options.width, options.height, options.fps, options.bitrate) == (1280, 720, 30.0, 2500)
    assert options.playout_delay == '0'
    assert not options.test_pattern


def test_the_command_line_wins_over_the_environment_and_that_over_the_defaults():
    environment = {'WEBRTC_PREVIEW_SERVER': 'https://example.org', 'WEBRTC_PREVIEW_MAX_VIEWERS': '3'}
    options = parse(['--max-viewers', '5'], environment)
    assert options.server == 'https://example.org'
    assert options.max_viewers == 5


def needed_with(option) -> dict[str, str]:
    return {'WEBRTC_PREVIEW_WHIP': 'https://example.org/w'} if option.name == 'whip-token' else {}


@pytest.mark.parametrize('option', [option for option in OPTIONS if option.name not in FILES], ids=lambda o: o.name)
def test_every_option_can_come_from_each_place(option, file):
    text = OTHER[option.name]
    line = [f'--{option.name}'] if option.flag else [f'--{option.name}', text]
    wanted = option.read(text)
    assert wanted != option.default
    others = needed_with(option)
    assert getattr(parse(line, others), option.key) == wanted
    assert getattr(parse([], {**others, option.variable: text}), option.key) == wanted
    assert getattr(parse(['--config', file(f'{option.variable}={text}')], others), option.key) == wanted


@pytest.mark.parametrize('option', OPTIONS, ids=lambda o: o.name)
def test_a_bad_value_is_told_with_the_place_it_comes_from(option, file):
    bad = 'x' * 10_000 if option.key in ('label', 'device', 'token', 'whip_token') else '/no such file'
    with pytest.raises(BadOption, match=f'^{option.variable}[ :]'):
        parse([], {option.variable: bad})
    path = file(f'# first\n\n{option.variable}={bad}\n')
    with pytest.raises(BadOption, match=f'^{path}, line 3: {option.variable}[ :]'):
        parse(['--config', path], {})


def test_the_file_comes_after_the_environment_and_before_the_defaults(file):
    path = file('WEBRTC_PREVIEW_FPS=10\nWEBRTC_PREVIEW_WIDTH=640\nWEBRTC_PREVIEW_BITRATE=100\n')
    options = parse(['--config', path, '--fps', '20'], {'WEBRTC_PREVIEW_WIDTH': '320'})
    assert (options.fps, options.width, options.bitrate, options.height) == (20, 320, 100, 720)
    assert parse([], {'WEBRTC_PREVIEW_CONFIG': path}).fps == 10


def test_what_a_file_may_look_like(file):
    options = parse(
        [
            '--config',
            file(
                '\ufeff# a comment\r\n; another\r\n\r\n'
                '  WEBRTC_PREVIEW_LABEL = "Front \\"door\\" # 1"\r\n'
                "WEBRTC_PREVIEW_DEVICE='/dev/video2'\n"
                'WEBRTC_PREVIEW_TOKEN=a=b#c\n'
                'WEBRTC_PREVIEW_STREAM=\n'
            ),
        ],
        {},
    )
    assert (options.label, options.device, options.token) == ('Front "door" # 1', '/dev/video2', 'a=b#c')
    assert options.stream == 'camera', 'a name without a value is not given'


@pytest.mark.parametrize(
    'line,reason',
    [
        ('WEBRTC_PREVIEW_BITRAT=1', 'line 1: there is no option WEBRTC_PREVIEW_BITRAT. '
         'Did you mean WEBRTC_PREVIEW_BITRATE?'),
        ('MAX_VIEWERS=1', 'there is no option MAX_VIEWERS. Did you mean WEBRTC_PREVIEW_MAX_VIEWERS?'),
        ('PATH=/bin', 'there is no option PATH.'),
        ('WEBRTC_PREVIEW_CONFIG=x', 'line 1: --config cannot stand in a file.'),
        ('max-viewers 3', 'must be NAME=value'),
        ('export WEBRTC_PREVIEW_FPS=3', 'must be NAME=value'),
        ('WEBRTC_PREVIEW_LABEL="Door', 'the quote is not closed'),
        ('WEBRTC_PREVIEW_LABEL="Door" # x', 'something follows it. A comment needs a line of its own.'),
        ('WEBRTC_PREVIEW_FPS=30 # thirty', 'not "30 # thirty"; fractions such as 29.97 are fine. '
         'A comment needs a line of its own.'),
        ('WEBRTC_PREVIEW_LABEL=Front \\', 'a value ends with its line'),
        ('\nWEBRTC_PREVIEW_FPS=1\nWEBRTC_PREVIEW_FPS=2', 'line 3: WEBRTC_PREVIEW_FPS is already given in line 2.'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_line(file, line, reason):
    with pytest.raises(BadOption) as failure:
        parse(['--config', file(line)], {})
    assert reason in str(failure.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(BadOption, match='cannot be read: No such file or directory'):
        parse(['--config', str(tmp_path / 'none')], {})
    (tmp_path / 'picture').write_bytes(b'\xff\xd8\xff')
    with pytest.raises(BadOption, match='not UTF-8'):
        parse(['--config', str(tmp_path / 'picture')], {})
    with pytest.raises(BadOption, match='Is a directory'):
        parse(['--config', str(tmp_path)], {})


def test_a_secret_can_be_in_a_file_of_its_own(tmp_path):
    (tmp_path / 'token').write_text('hunter2\n')
    (tmp_path / 'whip').write_text('swordfish')
    options = parse(['--token-file', str(tmp_path / 'token'), '--whip', 'https://example.org/w'],
                    {'WEBRTC_PREVIEW_WHIP_TOKEN_FILE': str(tmp_path / 'whip')})  # fmt: skip
    assert (options.token, options.whip_token) == ('hunter2', 'swordfish')
    assert (options.token_file, options.whip_token_file) == (str(tmp_path / 'token'), str(tmp_path / 'whip'))
    other = parse(['--token', 'other'], {'WEBRTC_PREVIEW_TOKEN_FILE': str(tmp_path / 'token')})
    assert (other.token, other.token_file) == ('other', None)
    with pytest.raises(BadOption, match='--token and --token-file are both given'):
        parse(['--token', 'x', '--token-file', str(tmp_path / 'token')], {})
    (tmp_path / 'token').write_text('hunter 2')
    with pytest.raises(BadOption) as failure:
        parse(['--token-file', str(tmp_path / 'token')], {})
    assert f'the content of {tmp_path / "token"} must have' in str(failure.value)
    assert 'hunter' not in str(failure.value)


def test_an_authority_must_be_a_certificate(tmp_path):
    (tmp_path / 'ca').write_text('no certificate')
    with pytest.raises(BadOption, match='--ca must be a PEM file'):
        parse(['--ca', str(tmp_path / 'ca')], {})


def test_a_reload_takes_what_is_live_and_names_what_is_not(file):
    path = file('WEBRTC_PREVIEW_FPS=10\nWEBRTC_PREVIEW_STREAM=door\n')
    arguments = ['--config', path, '--bitrate', '500']
    running = parse(arguments, {})
    file(
        'WEBRTC_PREVIEW_FPS=20\nWEBRTC_PREVIEW_BITRATE=900\nWEBRTC_PREVIEW_STREAM=gate\nWEBRTC_PREVIEW_TOKEN=x\nWEBRTC_PREVIEW_ICE_POLICY=relay\n'
    )
    options, changed, need_restart = reread(running, arguments, {})
    assert (options.fps, options.bitrate) == (20, 500), 'the command line still wins'
    assert options.token == 'x'
    assert (options.stream, options.ice_policy) == ('door', 'all'), 'and these keep their values'
    assert (changed, need_restart) == (['fps', 'token'], ['ice-policy', 'stream'])


def test_a_reload_of_a_bad_file_is_refused(file):
    arguments = ['--config', file('WEBRTC_PREVIEW_FPS=10')]
    running = parse(arguments, {})
    file('WEBRTC_PREVIEW_FPS=fast')
    with pytest.raises(BadOption, match='line 1'):
        reread(running, arguments, {})
    assert running.fps == 10


def test_a_misspelt_variable_is_noticed():
    environment = {'WEBRTC_PREVIEW_BITRAT': '1', 'WEBRTC_PREVIEW_FPS': '2', 'WEBRTC_PREVIEW_CONFIG': 'x', 'HOME': '/'}
    assert unknown_variables(environment) == ['WEBRTC_PREVIEW_BITRAT. Did you mean WEBRTC_PREVIEW_BITRATE?']


@pytest.mark.parametrize('rate', ['29.3', '59.1', '29.97', '60'])
def test_fractional_rates(rate):
    assert parse(['--fps', rate], {}).fps == float(rate)


def test_no_adaptation_is_adaptation_off():
    assert parse([], {}).adaptation is True
    assert parse(['--no-adaptation'], {}).adaptation is False
    assert parse(['--adaptation', 'off'], {}).adaptation is False


@pytest.mark.parametrize(
    'text,address',
    [
        ('9401', ('127.0.0.1', 9401)),
        ('0.0.0.0:9401', ('0.0.0.0', 9401)),
        ('[::1]:9401', ('::1', 9401)),
        ('localhost:1', ('localhost', 1)),
    ],
)
def test_metrics_are_for_this_machine_unless_a_host_is_given(text, address):
    assert parse(['--metrics', text], {}).metrics == address


def test_publishing_by_whip_only():
    assert parse(['--server', 'none', '--whip', 'https://example.org/w'], {}).server is None


def test_no_playout_delay_is_playout_delay_default():
    assert parse(['--no-playout-delay'], {}).playout_delay == 'default'
    assert parse(['--playout-delay', 'default'], {}).playout_delay == 'default'


@pytest.mark.parametrize('value,expected', [('1', True), ('true', True), ('', False), ('0', False)])
def test_flags_from_the_environment(value, expected):
    assert parse([], {'WEBRTC_PREVIEW_TEST_PATTERN': value}).test_pattern is expected


@pytest.mark.parametrize(
    'arguments',
    [
        ['--fps', 'fast'],
        ['--fps', '0'],
        ['--fps', 'nan'],
        ['--fps', 'inf'],
        ['--width', '1281'],
        ['--width', '-2'],
        ['--height', '9999'],
        ['--bitrate', '2.5'],
        ['--server', 'example.org'],
        ['--stream', 'a/b'],
        ['--stream', 'käse'],
        ['--path', 'webrtc'],
        ['--encoder', 'h265'],
        ['--playout-delay', '5'],
        ['--max-viewers', '0'],
        ['--no-such-option'],
        ['--serv', 'http://x'],
        ['--server', 'none'],
        ['--whip', 'ftp://example.org'],
        ['--whip-token', 'x'],
        ['--metrics', '0'],
        ['--metrics', '70000'],
        ['--metrics', ':9401'],
        ['--metrics', '::1:9401'],
        ['--adaptation', 'perhaps'],
        ['--label', 'two\nlines'],
        ['--width', '٦٤٠'],
        ['--test-pattern', '--width', '128'],
    ],
)
def test_what_cannot_be_used_is_named(arguments):
    with pytest.raises(BadOption) as failure:
        parse(arguments, {})
    assert next(part for part in arguments[::-1] if part.startswith('--')) in str(failure.value)


@pytest.mark.parametrize(
    'arguments',
    [
        ['--token', 'secret' * 2_000],
        ['--token', 'secret with spaces'],
        ['--tokn', 'secret'],
        ['--tokn=secret'],
        ['--token', 'very', 'secret'],
        ['--no-adaptation=secret'],
        ['--server', 'htp://me:secret@example.org'],
    ],
)
def test_a_secret_is_shown_in_no_error(arguments):
    with pytest.raises(BadOption) as failure:
        parse(arguments, {})
    assert 'secret' not in str(failure.value)


@pytest.mark.parametrize(
    'arguments,sentence',
    [
        (['--fps', '0'], '--fps must be a number from 1 to 240, not "0"; fractions such as 29.97 are fine.'),
        (['--width', '1281'], '--width must be even, not "1281": H.264 stores colour at half the size.'),
        (['--stream', 'a/b'], '--stream must be 1 to 64 letters, digits, "-" or "_", not "a/b".'),
        (['--adaptation', 'perhaps'], '--adaptation must be on or off, not "perhaps".'),
        (['--log-level', 'loud'], '--log-level must be debug, info, warning or error, not "loud".'),
        (['--path', 'x'], '--path must begin with "/", not "x"; the usual one is /webrtc-signaling.'),
        (['--token-file', '/nonexistent'], '--token-file: /nonexistent cannot be read: No such file or directory.'),
        (['--ca', '/nonexistent'], '--ca: /nonexistent cannot be read: No such file or directory.'),
        (['--device'], 'Argument --device needs a value. --help lists all options.'),
        (['--doctor=yes'], 'Argument --doctor takes no value. --help lists all options.'),
        (['--test-pattern', 'perhaps'], '--test-pattern must be on or off, not "perhaps".'),
        (['--fps', '30', 'foo'],
         'There is no place for "foo": every argument must belong to an option. --help lists all options.'),
        (['--stream', 'x' * 1_000], f'not "{"x" * 100}…".'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence(arguments, sentence):
    with pytest.raises(BadOption) as failure:
        parse(arguments, {})
    assert str(failure.value).endswith(sentence)


@pytest.mark.parametrize('text,on', [(('on',), True), (('off',), False), ((), True)])
def test_the_test_pattern_takes_a_value_or_none(text, on):
    assert parse(['--test-pattern', *text, '--fps', '10'], {}).test_pattern is on


def test_the_last_slash_of_an_address_is_kept_where_a_server_may_care():
    options = parse(['--server', 'http://example.org/', '--whip', 'https://example.org/whip/'], {})
    assert (options.server, options.whip) == ('http://example.org', 'https://example.org/whip/')


def test_the_option_that_was_meant_is_named():
    with pytest.raises(BadOption, match='There is no option --max-viewer. Did you mean --max-viewers?'):
        parse(['--max-viewer', '3'], {})


def help_text(capsys) -> str:
    with pytest.raises(SystemExit) as end:
        parse(['--help'], {})
    assert end.value.code == 0
    return capsys.readouterr().out


def test_help_names_options_defaults_environment_and_exit_codes(capsys):
    text = help_text(capsys)
    words = ' '.join(text.split())
    for option in OPTIONS:
        assert f'--{option.name}' in text
        if option.default_text:
            assert f'(default: {option.default_text})' in words
    for group in GROUPS:
        assert f'\n{group}:\n' in text
    for code in option_help.EXIT_CODES:
        assert f'\n  {code}  ' in text
    assert 'WEBRTC_PREVIEW_MAX_VIEWERS' in text
    assert 'examples' in text


@pytest.mark.parametrize('columns,widest', [(20, 60), (60, 60), (80, 80), (300, 100)])
def test_help_fits_the_terminal(capsys, monkeypatch, columns, widest):
    monkeypatch.setenv('COLUMNS', str(columns))
    text = help_text(capsys)
    assert max(map(len, text.splitlines())) <= widest


def test_the_version_is_the_packages(capsys):
    version = json.loads((TOP / 'package.json').read_text())['version']
    assert webrtc_sender.__version__ == version
    with pytest.raises(SystemExit) as end:
        parse(['--version'], {})
    assert (end.value.code, capsys.readouterr().out) == (0, f'gstreamer-webrtc-sender.py {version}\n')


def test_the_readme_has_the_table_and_the_exit_codes():
    readme = (TOP / 'sender' / 'README.md').read_text()
    between = re.search(r'<!-- options -->\n(.*)\n<!-- /options -->', readme, re.DOTALL)
    assert between and between[1].strip() == option_help.readme_table(), (
        'put this into sender/README.md between its markers:\n' + option_help.readme_table()
    )
    for code, meaning in option_help.EXIT_CODES.items():
        assert f'| {code} ' in readme and meaning in readme


def test_the_example_file_can_be_used_as_it_is(file):
    text = option_help.example_file({'stream': 'door', 'server': 'https://example.org'})
    options = parse(['--config', file(text)], {})
    assert (options.stream, options.server) == ('door', 'https://example.org')
    # And so can every line that it only suggests.
    suggested = re.sub(r'(?m)^#(WEBRTC_PREVIEW_\w+=)', r'\1', text)
    assert vars(parse(['--config', file(suggested)], {})) == vars(options)
    assert all(option.variable in text for option in OPTIONS)
    assert '\n# Frames a second; fractions such as 29.97 are fine. RATE ↻\n' in text
    assert "\n# auto: a camera's own H.264" in text


def test_a_pipe_is_no_file_of_options(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(BadOption) as refusal:
        parse(['--config', str(tmp_path / 'pipe')], {})
    assert str(refusal.value).endswith('is no regular file.')
