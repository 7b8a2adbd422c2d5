import itertools
import random
from fractions import Fraction

import pytest
from webrtc_sender.camera.modes import Mode, choose_mode, explain_choice, pattern_modes


@pytest.mark.parametrize(
    'fps,fraction', [(30.0, '30'), (29.97, '30000/1001'), (59.94, '60000/1001'), (29.3, '293/10'), (59.1, '591/10')]
)
def test_rates_as_fractions(fps, fraction):
    assert Mode(640, 360, fps).fraction() == Fraction(fraction)


def test_rates_as_messages():
    assert Mode(640, 360, 30.0).as_message() == {'width': 640, 'height': 360, 'fps': 30}
    assert Mode(640, 360, 30000 / 1001).as_message()['fps'] == 29.97


MODES = [
    Mode(1920, 1080, 30.0),
    Mode(1280, 720, 60.0),
    Mode(1280, 720, 30.0),
    Mode(640, 360, 30.0),
    Mode(640, 360, 15.0),
]


@pytest.mark.parametrize(
    'wish,expected',
    [
        (Mode(1280, 720, 30.0), Mode(1280, 720, 30.0)),
        (Mode(1280, 720, 60.0), Mode(1280, 720, 60.0)),
        (Mode(1280, 720, 25.0), Mode(1280, 720, 30.0)),  # rather too many frames than too few
        (Mode(1280, 720, 29.97), Mode(1280, 720, 30.0)),
        (Mode(1280, 720, 120.0), Mode(1280, 720, 60.0)),
        (Mode(3840, 2160, 60.0), Mode(1920, 1080, 30.0)),  # the size counts first
        (Mode(600, 340, 10.0), Mode(640, 360, 15.0)),
    ],
)
def test_the_nearest_mode(wish, expected):
    assert choose_mode(MODES, wish) == expected


@pytest.mark.parametrize(
    'sizes,wish,expected',
    [
        (['1280x960', '960x540', '800x600'], '1280x720', '960x540'),  # the shape counts
        (['640x480', '1920x1080'], '1280x720', '1920x1080'),
        (['640x480', '1280x720', '320x180'], '640x360', '640x480'),  # but not for everything
        (['320x180', '1280x720'], '640x360', '1280x720'),  # of two equally far, the larger
        (['1080x1920', '1280x960'], '1920x1080', '1280x960'),  # a portrait is no landscape
        (['640x480', '800x600', '1600x1200'], '1024x768', '800x600'),
        (['160x120'], '7680x4320', '160x120'),
    ],
)
def test_the_nearest_size(sizes, wish, expected):
    def mode(text):
        return Mode(*map(int, text.split('x')), 30.0)

    assert choose_mode([mode(size) for size in sizes], mode(wish)) == mode(expected)


def test_a_camera_that_says_29_97_is_good_enough_for_30():
    ntsc = Mode(640, 480, 30000 / 1001)
    assert choose_mode([Mode(640, 480, 60.0), ntsc], Mode(640, 480, 30.0)) == ntsc
    assert choose_mode([Mode(640, 480, 30.0), ntsc], Mode(640, 480, 30.0)).fps == 30.0
    assert explain_choice([ntsc], Mode(640, 480, 30.0), ntsc) is None


def test_no_modes_are_an_error():
    with pytest.raises(ValueError):
        choose_mode([], Mode(640, 480, 30.0))


def test_what_must_hold_for_any_camera():
    dice = random.Random(4)
    sizes = [(w, h) for w, h in itertools.product((160, 320, 640, 800, 1280, 1920), (120, 240, 360, 480, 720, 1080))]
    rates = (5.0, 7.5, 10.0, 15.0, 24.0, 30.0, 60.0)
    for _ in range(300):
        modes = [Mode(*dice.choice(sizes), dice.choice(rates)) for _ in range(dice.randint(1, 12))]
        wish = Mode(*dice.choice(sizes), dice.choice(rates))
        chosen = choose_mode(modes, wish)
        assert chosen in modes
        assert choose_mode(list(reversed(modes)), wish) == chosen  # the order does not matter
        assert choose_mode(modes, chosen) == chosen  # what is offered can be had
        assert (explain_choice(modes, wish, chosen) is None) == (chosen == wish) == (wish in modes)
        of_this_size = [mode.fps for mode in modes if (mode.width, mode.height) == (chosen.width, chosen.height)]
        if (wish.width, wish.height) in {(mode.width, mode.height) for mode in modes}:
            assert (chosen.width, chosen.height) == (wish.width, wish.height)
        enough = [fps for fps in of_this_size if fps >= wish.fps]
        assert chosen.fps == (min(enough) if enough else max(of_this_size))


SLOW_WHEN_LARGE = [Mode(1280, 720, 10.0), Mode(640, 480, 30.0), Mode(320, 240, 30.0)]


@pytest.mark.parametrize(
    'wish,notice',
    [
        (Mode(640, 480, 30.0), None),
        (
            Mode(1280, 720, 30.0),
            'The camera has no 1280x720 at 30; the nearest is 1280x720 at 10 (30 only up to 640x480).',
        ),
        (
            Mode(640, 480, 60.0),
            'The camera has no 640x480 at 60; the nearest is 640x480 at 30 (its highest rate is 30).',
        ),
        (
            Mode(1920, 1080, 30.0),
            'The camera has no 1920x1080; the nearest is 1280x720 at 10 (its largest size is 1280x720).',
        ),
        (Mode(600, 480, 30.0), 'The camera has no 600x480; the nearest is 640x480 at 30.'),
    ],
)
def test_it_is_said_what_was_taken_and_why(wish, notice):
    assert explain_choice(SLOW_WHEN_LARGE, wish, choose_mode(SLOW_WHEN_LARGE, wish)) == notice


def test_the_test_pattern_offers_what_it_was_started_with():
    odd = Mode(1280, 720, 29.3)
    assert pattern_modes(odd)[0] == odd
    assert choose_mode(pattern_modes(odd), odd) == odd
    usual = Mode(1280, 720, 30.0)
    assert pattern_modes(usual).count(usual) == 1
