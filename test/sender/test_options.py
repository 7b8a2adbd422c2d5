import pytest
from webrtc_sender.options import OPTIONS, BadOption, parse


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


def test_every_option_can_come_from_the_environment():
    for option in OPTIONS:
        with pytest.raises(BadOption, match=option.variable):
            parse([], {option.variable: '\n' if option.key not in ('label', 'device', 'token') else 'x' * 10_000})


@pytest.mark.parametrize('rate', ['29.3', '59.1', '29.97', '60'])
def test_fractional_rates(rate):
    assert parse(['--fps', rate], {}).fps == float(rate)


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
        ['--test-pattern', '--width', '128'],
    ],
)
def test_what_cannot_be_used_is_named(arguments):
    with pytest.raises(BadOption) as failure:
        parse(arguments, {})
    assert next(part for part in arguments[::-1] if part.startswith('--')) in str(failure.value)


def test_a_bad_token_is_not_shown():
    with pytest.raises(BadOption) as failure:
        parse(['--token', 'secret' * 2_000], {})
    assert 'secret' not in str(failure.value)


def test_help_names_options_environment_and_exit_codes(capsys):
    with pytest.raises(SystemExit) as end:
        parse(['--help'], {})
    text = capsys.readouterr().out
    assert end.value.code == 0
    assert all(f'--{option.name}' in text for option in OPTIONS)
    assert 'WEBRTC_PREVIEW_MAX_VIEWERS' in text
    assert 'exit codes' in text
