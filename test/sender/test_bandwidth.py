"""What the controller makes of a link: most of it against a simulated bottleneck (see simulated_link.py)."""

import itertools

import pytest
from simulated_link import FREE_KBPS, SimulatedLink, Simulation, ages_s, longest_gap_s, percentile, steps
from webrtc_sender.quality.bandwidth import Controller, GccEstimate
from webrtc_sender.quality.ladder import ceiling_kbps
from webrtc_sender.quality.link_delay import Packet
from webrtc_sender.quality.link_probe import INTERVAL_S

FULL_KBPS = 2500
CEILING_KBPS = ceiling_kbps(FULL_KBPS)
FLOOR_KBPS = 100
SETTLED_S = 3.0


def simulate(rate, until_s: float, **link) -> Simulation:
    return Simulation({'v': SimulatedLink(rate, **link)}, FULL_KBPS).run(until_s)


def estimates(simulation: Simulation, since_s: float, until_s: float) -> list[float]:
    return [at.estimate_kbps for at in simulation.trace if since_s <= at.now_s < until_s]


def first_at_full_quality(simulation: Simulation, since_s: float) -> float:
    """Seconds until level 0 is sent with its whole bitrate."""
    full = (at.now_s for at in simulation.trace if at.level == 0 and at.estimate_kbps >= 0.99 * CEILING_KBPS)
    return next(at for at in full if at >= since_s) - since_s


# ---- squeezed and freed ---------------------------------------------------------------------------------------------

LINKS = {
    'a plain bottleneck': {},
    'a small queue': {'buffer_s': 0.15},
    'a shaper that lets bursts pass': {'bucket': 16_000},
    'jitter': {'jitter_s': 0.01},
    'far away': {'delay_s': 0.05},
}


@pytest.mark.parametrize('link', LINKS.values(), ids=LINKS)
def test_free_to_800_to_300_and_back(link):
    simulation = simulate(steps((0, FREE_KBPS), (10, 800), (30, 300), (50, FREE_KBPS)), 65, **link)
    viewer = simulation.viewers['v']
    assert longest_gap_s(viewer, 0, 65) < 1
    for begin, end in ((0, 10), (10, 30), (30, 50), (50, 65)):
        assert percentile(ages_s(viewer, begin + SETTLED_S, end), 0.95) < 0.3
    assert first_at_full_quality(simulation, 50) < 10


@pytest.mark.parametrize('kbps', [1500, 800, 500, 300, 150])
def test_the_estimate_finds_the_link(kbps):
    """Within what a queue has to be emptied with, and never far above what the link carries."""
    simulation = simulate(steps((0, FREE_KBPS), (5, kbps)), 45)
    settled = estimates(simulation, 5 + SETTLED_S, 45)
    assert percentile(sorted(settled), 0.5) > 0.75 * kbps
    assert percentile(sorted(settled), 0.9) < 1.05 * kbps


def test_eight_to_one():
    simulation = simulate(steps((0, FREE_KBPS), (5, FULL_KBPS / 8)), 25)
    viewer = simulation.viewers['v']
    assert longest_gap_s(viewer, 5, 25) < 1
    assert percentile(ages_s(viewer, 5 + SETTLED_S, 25), 0.95) < 0.3


def test_a_free_link_is_given_everything_and_never_probed():
    simulation = simulate(steps((0, FREE_KBPS)), 20)
    assert set(estimates(simulation, 0, 20)) == {CEILING_KBPS}
    assert simulation.viewers['v'].probe_kbit == 0


def test_probes_stay_a_small_part_of_what_is_sent():
    viewer = simulate(steps((0, FREE_KBPS), (5, 800)), 65).viewers['v']
    assert 0 < viewer.probe_kbit < 0.1 * viewer.sent_kbit


# ---- what is no congestion -------------------------------------------------------------------------------------------


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_little_loss_is_left_to_retransmission(seed):
    simulation = simulate(steps((0, FREE_KBPS)), 40, loss=0.01, seed=seed)
    assert min(estimates(simulation, 0, 40)) == CEILING_KBPS
    assert {at.copies for at in simulation.trace} == {1}


@pytest.mark.parametrize(('loss', 'copies'), [(0.04, 2), (0.1, 3), (0.25, 4)])
@pytest.mark.parametrize('seed', [1, 2, 3])
def test_a_link_that_loses_packets_is_sent_each_more_than_once_and_fewer_of_them(loss, copies, seed):
    simulation = simulate(steps((0, FREE_KBPS)), 180, loss=loss, seed=seed)
    assert next(at.now_s for at in simulation.trace if at.copies > 1) < 1
    # At first it may be taken for a queue that overflows.
    later = [at for at in simulation.trace if at.now_s > 60]
    assert sum(at.copies == copies for at in later) > 0.8 * len(later)
    assert {at.estimate_kbps for at in later if at.copies == copies} == {CEILING_KBPS / copies}


@pytest.mark.parametrize('loss', [0.05, 0.2])
def test_a_link_that_has_stopped_losing_is_sent_everything_once(loss):
    simulation = Simulation({'v': SimulatedLink(steps((0, FREE_KBPS)), loss=loss)}, FULL_KBPS).run(10)
    assert simulation.trace[-1].copies > 1
    simulation.viewers['v'].link.loss = 0
    simulation.run(45)
    assert simulation.trace[-1].copies == 1
    assert simulation.trace[-1].estimate_kbps == CEILING_KBPS


def test_loss_that_comes_back_is_believed_for_longer():
    simulation = Simulation({'v': SimulatedLink(steps((0, FREE_KBPS)), loss=0.05)}, FULL_KBPS).run(300)
    pairs = itertools.pairwise(simulation.trace)
    switches = sum(before.copies != after.copies for before, after in pairs)
    assert switches < 10


def test_a_queue_that_overflows_is_no_reason_to_send_more():
    simulation = simulate(steps((0, FREE_KBPS), (5, 800), (20, 300)), 40, buffer_s=0.15)
    assert {at.copies for at in simulation.trace} == {1}


def test_what_a_report_between_two_copies_calls_lost_is_not_counted():
    """Every tenth packet's first copy is lost, and a report comes after each frame, before its second copies."""
    link, now_s, number = controller(), 0.0, 0
    while now_s < 30:
        packets = frames(now_s, 1, 1200)
        reported = []
        for packet in packets:
            number += 1
            reported.append(packet._replace(arrived_s=None) if number % 10 == 0 else packet)
        link.feed(reported, now_s + 0.02)
        now_s += 1 / 30
    assert link.copies == 2


def test_unless_it_is_not_wanted():
    link = Controller(CEILING_KBPS, FLOOR_KBPS, CEILING_KBPS, protects=False)
    link.feed([p._replace(arrived_s=None) if n % 15 == 0 else p for n, p in enumerate(frames(0, 30, 2400))], 1.0)
    assert link.copies == 1
    assert link.estimate_kbps == CEILING_KBPS


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_random_loss_on_a_narrow_link_does_not_add_up(seed):
    simulation = simulate(steps((0, FREE_KBPS), (5, 800)), 65, loss=0.05, seed=seed)
    assert percentile(sorted(estimates(simulation, 20, 65)), 0.2) > 0.6 * 800 / 2


@pytest.mark.parametrize('jitter_s', [0.01, 0.04])
def test_jitter_is_no_queue(jitter_s):
    simulation = simulate(steps((0, FREE_KBPS)), 40, jitter_s=jitter_s)
    assert min(estimates(simulation, 0, 40)) > 0.8 * CEILING_KBPS


def test_a_longer_route_is_no_queue():
    link = SimulatedLink(steps((0, FREE_KBPS)))
    simulation = Simulation({'v': link}, FULL_KBPS).run(5)
    link.delay_s += 0.2
    simulation.run(40)
    assert estimates(simulation, 25, 40)[-1] == CEILING_KBPS


def test_the_two_clocks_need_not_agree_nor_run_alike():
    link = SimulatedLink(steps((0, FREE_KBPS)), clock_offset_s=-4e5, clock_drift=100e-6)
    assert set(estimates(Simulation({'v': link}, FULL_KBPS).run(60), 0, 60)) == {CEILING_KBPS}


# ---- one feedback at a time ------------------------------------------------------------------------------------------


def controller(start_kbps: float = CEILING_KBPS) -> Controller:
    return Controller(start_kbps, FLOOR_KBPS, CEILING_KBPS)


def frames(since_s: float, count: int, kbps: float, arrives=lambda sent_s: sent_s + 0.01) -> list[Packet]:
    """So many frames at 30 a second, in packets of a kilobyte."""
    packets = max(1, round(kbps * 125 / 30 / 1000))
    sent = [since_s + frame / 30 + n * 1e-4 for frame in range(count) for n in range(packets)]
    return [Packet(at, arrives(at), 1000) for at in sent]


def squeezed(packets: list[Packet], kbps: float) -> list[Packet]:
    """The same through a link of this rate: one packet behind the other."""
    free_s, result = 0.0, []
    for packet in packets:
        free_s = max(free_s, packet.sent_s + 0.01) + packet.size * 8 / 1000 / kbps
        result.append(packet._replace(arrived_s=free_s))
    return result


def test_the_estimate_never_leaves_its_bounds():
    assert controller(1).estimate_kbps == FLOOR_KBPS
    assert controller(1e9).estimate_kbps == CEILING_KBPS
    starved = simulate(steps((0, FREE_KBPS), (2, 20)), 30)
    assert min(estimates(starved, 0, 30)) >= FLOOR_KBPS


def test_backing_off_goes_below_what_arrives_not_below_what_was_meant():
    link = controller()
    link.feed(frames(0, 15, 2400), 0.5)
    link.feed(squeezed(frames(0.5, 6, 2400), 800), 1.2)
    assert 0.7 * 800 < link.estimate_kbps < 800
    assert link.is_congested(1.2)
    assert link.clear_at_s() > 1.2


def test_what_was_sent_before_the_reaction_is_not_held_against_it_again():
    link = controller()
    link.feed(frames(0, 15, 2400), 0.5)
    late = squeezed(frames(0.5, 9, 2400), 800)
    link.feed(late[:30], 0.9)
    first = link.estimate_kbps
    assert first < 800
    link.feed(late[30:], 1.3)
    assert link.estimate_kbps == pytest.approx(first, rel=0.1)


def test_one_frame_held_up_is_no_congestion():
    link = controller()
    link.feed(frames(0, 15, 2400), 0.5)
    link.feed(frames(0.5, 1, 2400, arrives=lambda _: 0.6) + frames(0.54, 2, 2400, arrives=lambda s: max(s, 0.6)), 0.66)
    assert link.estimate_kbps == CEILING_KBPS


def test_a_policer_that_only_drops_is_seen_by_its_loss():
    link = controller()
    for second in range(1, 4):
        packets = frames(second, 30, 2400)
        kept = [Packet(p.sent_s, p.arrived_s if n % 3 == 0 else None, p.size) for n, p in enumerate(packets)]
        link.feed(kept, second + 1.0)
    assert link.estimate_kbps < 0.5 * 2400


def test_missing_feedback_is_congestion_and_is_counted_once():
    link = controller()
    link.feed(frames(0, 15, 2400), 0.5)
    for tenth in range(5, 45):
        link.tick(tenth / 10, is_sending=True)
    assert link.estimate_kbps == CEILING_KBPS / 2
    assert link.is_congested(4.5)
    link.feed(frames(4.5, 15, 2400), 5.0)
    assert not link.is_congested(5.0)


def test_who_sends_nothing_misses_no_feedback():
    link = controller()
    link.feed(frames(0, 15, 2400), 0.5)
    for tenth in range(5, 45):
        link.tick(tenth / 10, is_sending=False)
    link.tick(5.0, is_sending=True)
    assert link.estimate_kbps == CEILING_KBPS


def test_feedback_that_is_only_counted_is_feedback():
    link = controller()
    link.feed(frames(0, 15, 2400), 0.5)
    for tenth in range(5, 45):
        link.heard(tenth / 10)
        link.tick(tenth / 10, is_sending=True)
    assert link.estimate_kbps == CEILING_KBPS


def test_reports_kept_back_for_two_seconds_say_the_same():
    at_once, later = controller(), controller()
    calm, late = frames(0, 45, 2400), squeezed(frames(1.5, 6, 2400), 800)
    at_once.feed(calm, 1.5)
    at_once.feed(late, 2.1)
    later.feed([*calm, *late], 2.1)
    assert later.estimate_kbps == at_once.estimate_kbps < 800


def test_other_levels_have_other_limits():
    full, limited = controller(), controller(500)
    for link in (full, limited):
        link.set_limits(200, 8000)
    assert (full.estimate_kbps, limited.estimate_kbps) == (8000, 500)
    limited.set_limits(600, 8000)
    assert limited.estimate_kbps == 600


def test_no_feedback_ever_changes_nothing():
    """A browser without transport-wide feedback is sent everything, as before there was any of this."""
    link = controller()
    for second in range(60):
        link.tick(second, is_sending=True)
        assert link.probe_bytes(second) == 0
    assert link.estimate_kbps == CEILING_KBPS


def test_an_empty_feedback_and_one_long_overdue_are_survived():
    link = controller()
    link.feed([], 1.0)
    link.feed(frames(0, 15, 2400), 30.0)
    assert link.estimate_kbps == CEILING_KBPS


def test_a_probe_sends_the_difference_and_success_raises_the_estimate():
    link = controller(400)
    now = 0.0
    probe_bytes = 0
    while not probe_bytes:
        now += 0.1
        link.feed(frames(now - 0.1, 3, 400), now)
        probe_bytes = link.probe_bytes(now)
    asked = 0
    while probe_bytes or now == 0:
        asked += probe_bytes
        sent = [Packet(now + n * 1e-4, now + n * 1e-4 + 0.01, 1000) for n in range(round(probe_bytes / 1000))]
        now += INTERVAL_S
        link.feed(sent, now)
        probe_bytes = link.probe_bytes(now)
    assert asked > 0
    link.feed(frames(now, 3, 400), now + 0.1)
    assert link.estimate_kbps <= 1.5 * 400


def test_nothing_is_tried_while_there_is_a_queue_or_no_prompt_feedback():
    link = controller(400)
    link.feed(frames(0, 15, 400), 0.5)
    assert link.probe_bytes(10.0) == 0
    link.feed(frames(10, 3, 400, arrives=lambda sent: sent + 0.06), 10.1)
    assert link.probe_bytes(10.1) == 0


# ---- rtpgccbwe -------------------------------------------------------------------------------------------------------


def test_gcc_is_taken_at_its_word():
    link = GccEstimate(CEILING_KBPS, FLOOR_KBPS, CEILING_KBPS)
    link.estimated(800_000, 1.0)
    assert link.estimate_kbps == 800
    assert link.is_congested(1.1) and not link.is_congested(2.0)
    link.estimated(10, 3.0)
    assert link.estimate_kbps == FLOOR_KBPS
    link.estimated(10**9, 4.0)
    assert link.estimate_kbps == CEILING_KBPS and not link.is_congested(4.0)
    assert link.probe_bytes(4.0) == 0
