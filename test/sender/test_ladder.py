"""Levels, and who gets which. Whole links are simulated_link.py's; the rest is single decisions."""

import random

import pytest
from simulated_link import FREE_KBPS, SimulatedLink, Simulation, ages_s, longest_gap_s, steps
from webrtc_sender.camera.modes import Mode
from webrtc_sender.quality.ladder import MEDIA_SHARE, Assignment, Link, Move, ceiling_kbps, levels_for

HD = Mode(1280, 720, 30.0)
KBPS = 2500
LEVELS = levels_for(HD, KBPS)
FREE = Link(ceiling_kbps(KBPS))
TICK_S = 0.1


def link(kbps: float, **more) -> Link:
    """A link that carries so much of media."""
    return Link(kbps / MEDIA_SHARE, **more)


def settle(assignment: Assignment, links: dict, since_s: float = 0.0, seconds: float = 40.0) -> list[Move]:
    """The moves while these links stay as they are."""
    ticks = range(round(seconds / TICK_S))
    return [move for tick in ticks for move in assignment.decide(links, since_s + tick * TICK_S)]


# ---- levels ----------------------------------------------------------------------------------------------------------


def test_levels_of_720p():
    sizes = [(level.width, level.height, level.fps, level.every) for level in LEVELS]
    assert sizes == [(1280, 720, 30, 1), (640, 360, 30, 1), (320, 180, 15, 2)]
    assert [(level.max_kbps, level.min_kbps) for level in LEVELS] == [(2500, 1125), (1125, 400), (400, 100)]


@pytest.mark.parametrize(
    'mode,kbps,count',
    [
        (Mode(1920, 1080, 60.0), 6000, 3),
        (Mode(640, 360, 30.0), 1000, 3),
        (Mode(320, 180, 30.0), 400, 2),
        (Mode(160, 120, 15.0), 400, 1),  # nothing under 160 wide
        (Mode(1280, 720, 30.0), 100, 1),  # nor where there is no rate to go down to
    ],
)
def test_small_modes_have_fewer_levels(mode, kbps, count):
    assert len(levels_for(mode, kbps)) == count


def test_sixty_frames_a_second_are_for_level_0_alone():
    assert [level.fps for level in levels_for(Mode(1920, 1080, 60.0), 6000)] == [60, 30, 15]


@pytest.mark.parametrize('kbps', [50, 100, 300, 1000, 2500, 8000, 50_000])
@pytest.mark.parametrize('mode', [HD, Mode(1920, 1080, 59.94), Mode(1366, 768, 25.0), Mode(642, 362, 7.5)])
def test_levels_leave_no_rate_out_and_have_even_sizes(mode, kbps):
    levels = levels_for(mode, kbps)
    assert (levels[0].max_kbps, [level.number for level in levels]) == (kbps, list(range(len(levels))))
    for upper, lower in zip(levels, levels[1:], strict=False):
        assert lower.max_kbps >= upper.min_kbps > lower.min_kbps
    for level in levels:
        assert level.width % 2 == level.height % 2 == 0
        assert 0 < level.min_kbps <= level.max_kbps
        assert level.width / level.height == pytest.approx(mode.width / mode.height, rel=0.02)
    assert levels[-1].min_kbps <= 120


# ---- one viewer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'kbps,level,target',
    [(2500, 0, 2500), (2000, 0, 2000), (1125, 0, 1125), (1000, 1, 1000), (400, 1, 400), (300, 2, 300), (50, 2, 100)],
)
def test_a_viewer_alone_gets_what_its_link_carries(kbps, level, target):
    assignment = Assignment(LEVELS)
    links = {'v': link(kbps)}
    settle(assignment, links)
    assert assignment.level_of('v') == level
    assert assignment.targets(links) == {level: target}


def test_down_at_once_and_nothing_is_sent_until_the_queue_is_gone():
    assignment = Assignment(LEVELS)
    squeezed = {'v': link(300, is_congested=True, clear_at_s=10.5)}
    assert assignment.decide(squeezed, 10.0) == [Move('v', 2, pauses=True)]
    assert assignment.decide(squeezed, 10.1) == []
    assert assignment.decide(squeezed, 10.41) == [Move('v', 2)]
    assert assignment.decide(squeezed, 10.5) == []


def test_a_pause_can_go_further_down_and_ends_even_if_the_queue_does_not():
    assignment = Assignment(LEVELS)
    assert assignment.decide({'v': link(800, clear_at_s=99)}, 10.0) == [Move('v', 1, pauses=True)]
    assert assignment.decide({'v': link(300, clear_at_s=99)}, 10.2) == [Move('v', 2, pauses=True)]
    assert settle(assignment, {'v': link(300, clear_at_s=99)}, 10.3, 0.7) == [Move('v', 2)]


def test_a_long_queue_is_waited_for_on_the_same_level():
    assignment = Assignment(LEVELS)
    assert assignment.decide({'v': link(2000, clear_at_s=10.4)}, 10.0) == [Move('v', 0, pauses=True)]
    assert assignment.decide({'v': link(2000, clear_at_s=10.4)}, 10.35) == [Move('v', 0)]


def test_up_only_when_it_lasts_and_without_a_pause():
    assignment = Assignment(LEVELS)
    settle(assignment, {'v': link(300)})
    assert assignment.decide({'v': FREE}, 50.0) == []
    assert assignment.decide({'v': link(300)}, 50.6) == []
    assert settle(assignment, {'v': FREE}, 51.0, 0.9) == []
    assert settle(assignment, {'v': FREE}, 51.9, 0.5) == [Move('v', 0)]


def test_not_up_while_congested():
    assignment = Assignment(LEVELS)
    settle(assignment, {'v': link(300)})
    assert settle(assignment, {'v': FREE._replace(is_congested=True)}, 50.0, 10.0) == []


def test_what_goes_wrong_is_tried_less_and_less():
    """A link that always looks better than it is: each climb ends in a fall two seconds later."""
    assignment = Assignment(LEVELS)
    rises, now = [], 0.0
    settle(assignment, {'v': link(300)}, now)
    now += 40
    while now < 340:
        moves = assignment.decide({'v': FREE}, now)
        if moves:
            rises.append(now)
            settle(assignment, {'v': link(300)}, now + 2, 2)
            now += 4
        now += TICK_S
    waits = [later - earlier for earlier, later in zip(rises, rises[1:], strict=False)]
    assert all(later > 0.95 * earlier for earlier, later in zip(waits, waits[1:], strict=False))
    assert len([rise for rise in rises if rise > 100]) <= 10


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('kbps', [380, 440, 1100, 1240, 2450])
def test_a_constant_link_known_to_a_tenth_settles(kbps, seed):
    """At most six changes a minute for an estimate that wanders by 10 %, next to a boundary."""
    assignment, rng, changes = Assignment(LEVELS), random.Random(seed), 0
    for tick in range(1200):
        before = assignment.level_of('v')
        assignment.decide({'v': link(kbps * rng.uniform(0.9, 1.1))}, tick * TICK_S)
        changes += assignment.level_of('v') != before
    assert changes <= 12


# ---- several viewers -------------------------------------------------------------------------------------------------


def test_a_slow_viewer_moves_down_and_slows_no_one():
    assignment = Assignment(LEVELS)
    links = {'fast': FREE, 'slow': link(2000)}
    settle(assignment, links)
    assert (assignment.level_of('fast'), assignment.level_of('slow')) == (0, 1)
    assert assignment.targets(links) == {0: 2500, 1: 1125}


def test_nearly_as_fast_may_stay():
    assignment = Assignment(LEVELS)
    settle(assignment, {'fast': FREE, 'nearly': link(2350)})
    assert assignment.level_of('nearly') == 0


def test_only_on_the_lowest_level_the_slowest_sets_the_rate():
    assignment = Assignment(LEVELS)
    links = {'a': link(350), 'b': link(150), 'c': link(250), 'd': link(300)}
    settle(assignment, links)
    assert assignment.targets(links) == {2: 150}


def test_who_has_left_counts_no_more():
    assignment = Assignment(LEVELS)
    settle(assignment, {'fast': FREE, 'slow': link(2000)})
    alone = {'slow': link(2000)}
    settle(assignment, alone, 50.0)
    assert assignment.level_of('slow') == 0
    assert assignment.targets(alone) == {0: 2000}


def test_a_level_that_no_one_needs_has_no_target():
    assignment = Assignment(LEVELS)
    assert assignment.decide({}, 0.0) == []
    assert assignment.targets({}) == {}


@pytest.mark.parametrize('seed', range(20))
def test_no_estimate_of_one_viewer_changes_what_another_gets_above_it(seed):
    """Whatever the slow one's estimate does, the others are sent what they would be sent without it."""
    rng = random.Random(seed)
    others = {n: Link(rng.uniform(0.93, 1.0) * FREE.kbps) for n in range(3)}
    with_it, without = Assignment(LEVELS), Assignment(LEVELS)
    settle(without, others, seconds=5)
    for tick in range(300):
        links = {**others, 'slow': Link(rng.uniform(50, 2000))}
        moves = with_it.decide(links, tick * TICK_S)
        assert all(move.viewer == 'slow' for move in moves)
        assert with_it.targets(links)[0] == without.targets(others)[0]


@pytest.mark.parametrize('seed', range(20))
def test_every_pause_ends_within_a_second(seed):
    rng, assignment, paused = random.Random(seed), Assignment(LEVELS), {}
    for tick in range(600):
        now = tick * TICK_S
        links = {n: Link(rng.uniform(50, 3000), rng.random() < 0.3, now + rng.uniform(-1, 1)) for n in range(4)}
        for move in assignment.decide(links, now):
            if move.pauses:
                paused.setdefault(move.viewer, now)
            else:
                paused.pop(move.viewer, None)
        assert all(now - since <= 1.0 for since in paused.values())


def test_two_viewers_one_squeezed_on_simulated_links():
    squeezed = SimulatedLink(steps((0, FREE_KBPS), (5, 800), (20, 300), (35, FREE_KBPS)))
    both = Simulation({'squeezed': squeezed, 'free': SimulatedLink(steps((0, FREE_KBPS)))}, KBPS).run(50)
    free = both.viewers['free']
    assert free.levels == []
    assert {level for _, _, level in free.shown} == {0}
    assert len(free.shown) == 50 * 30
    assert longest_gap_s(free, 0.1, 49.9) < 0.05
    assert max(ages_s(free, 0, 50)) < 0.05
    assert longest_gap_s(both.viewers['squeezed'], 0, 50) < 1


@pytest.mark.parametrize('kbps', [2000, 1500, 1000, 600, 300])
@pytest.mark.parametrize('more', [{}, {'bucket': 16_000}, {'jitter_s': 0.02}], ids=['plain', 'bursts', 'jitter'])
def test_a_constant_simulated_link_sees_few_changes(kbps, more):
    simulation = Simulation({'v': SimulatedLink(steps((0, FREE_KBPS), (5, kbps)), **more)}, KBPS).run(65)
    assert len([at for at, _ in simulation.viewers['v'].levels if at > 8]) <= 6
