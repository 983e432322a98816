"""When to ask next: what the poller learns from samples, and what it makes of it."""

import json
import math
import random
import statistics
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.polling import Rhythm, Schedule
from script._benchmark.poller import live
from script._benchmark.scenarios import SCENARIOS, Scenario

DAY = 86400.0
ZONE = 7200.0


@dataclass
class Logger:
    """A data logger: samples as (moment visible, label), oldest first."""

    period: float = 300.0
    jitter: float = 2.0
    delay: tuple[float, float] = (5.0, 10.0)
    lost: float = 0.0
    drift: float = 0.0
    """Seconds that its clock gains a day."""

    def samples(self, begin: float, end: float, *, clock: float = ZONE, seed: int = 1) -> list[tuple[float, float]]:
        """Return what is uploaded."""
        chance = random.Random(seed)  # a simulation
        found = []
        pace = 1.0 + self.drift / DAY
        for number in range(int((end - begin) / self.period)):
            own = number * self.period + chance.uniform(-self.jitter, self.jitter)
            if chance.random() >= self.lost:
                found.append((begin + own / pace + chance.uniform(*self.delay), math.floor(begin + own) + clock))
        return sorted(found)


def follow(
    rhythm: Rhythm, samples: list[tuple[float, float]], begin: float, end: float, interval: float = 300.0
) -> list[float]:
    """Poll as the rhythm says; return the moments. No two are closer than the interval."""
    visible = [moment for moment, _ in samples]
    polls = [max(begin, visible[0] + 1)]
    while polls[-1] < end:
        now = polls[-1]
        rhythm.take(max(label for _, label in samples[: bisect_right(visible, now)][-3:]), now)
        polls.append(rhythm.next_poll(now + interval, interval))
        assert polls[-1] >= now + interval
        assert polls[-1] <= now + interval + 3 * max(interval, rhythm.period or 0.0)
    return polls


def lateness(samples: list[tuple[float, float]], polls: list[float], begin: float) -> float:
    """Return the mean seconds from when a sample is visible to the next poll."""
    visible = [moment for moment, _ in samples if begin <= moment < polls[-1]]
    return statistics.fmean(polls[bisect_left(polls, moment)] - moment for moment in visible)


def learnt() -> dict[str, Any]:
    """Return what is stored after a day."""
    rhythm = Rhythm()
    follow(rhythm, Logger().samples(0.0, DAY), 0.0, DAY - 1000)
    return rhythm.dump()


LEARNT = learnt()


@pytest.mark.campaign
@pytest.mark.parametrize("each", [item for item in SCENARIOS.values() if item.devices == 1], ids=lambda each: each.name)
def test_data_are_almost_as_fresh_as_can_be(each: Scenario) -> None:
    """As the table of script/benchmark poller, over short runs; live fails if a poll breaks the limit."""
    runs = [live(each, 4, seed) for seed in (1, 2)]
    first, later, best = (statistics.fmean(run[part].mean for run in runs) for part in range(3))
    assert later <= max(2 * best, best + 10)
    assert first <= max(60, best + 20)
    assert all(run[part].requests <= DAY / each.limit for run in runs for part in range(2))


def test_a_wrong_period_is_learnt_anew() -> None:
    """With this jitter the first labels tell a period that is almost 3 s too long."""
    samples = Logger(jitter=20, delay=(5, 60)).samples(0.0, 6 * DAY, seed=57)
    rhythm = Rhythm()
    polls = follow(rhythm, samples, 0.0, 6 * DAY - 1000)
    assert rhythm.period == pytest.approx(300.0, abs=0.05)
    assert lateness(samples, polls, 2 * DAY) < 70


def test_nothing_learnt_is_a_plain_interval() -> None:
    rhythm = Rhythm()
    assert not rhythm.learnt
    assert rhythm.next_poll(1000.0, 300.0) == 1000.0
    for number in range(50):
        rhythm.take(None, 1000.0 + 300 * number)
        assert rhythm.next_poll(1300.0 + 300 * number, 300.0) == 1300.0 + 300 * number


def test_period_with_lost_samples() -> None:
    rhythm = Rhythm()
    samples = Logger(lost=0.4, jitter=5).samples(0.0, DAY / 4)
    follow(rhythm, samples, 0.0, DAY / 5)
    assert rhythm.period == pytest.approx(300.0, abs=0.05)


def test_a_logger_that_changes_its_period() -> None:
    late = []
    for seed in range(1, 5):
        rhythm = Rhythm()
        samples = Logger().samples(0.0, DAY, seed=seed) + Logger(period=600).samples(DAY + 77, 4 * DAY, seed=seed)
        polls = follow(rhythm, samples, 0.0, 4 * DAY - 1000)
        assert rhythm.period == pytest.approx(600.0, abs=0.05)
        late.append(lateness(samples, polls, 2 * DAY))
    # A single miss makes 2 s of the mean of so few samples.
    assert statistics.fmean(late) < 8
    assert max(late) < 12


@pytest.mark.campaign
@pytest.mark.parametrize("jump", [3600.0, -3600.0, 37.0, -137.0, 3637.0, -600.0, 86400.0 * 40])
def test_the_devices_clock_is_set(jump: float) -> None:
    rhythm = Rhythm()
    visible = Logger().samples(0.0, 4 * DAY)
    samples = [(moment, label + (jump if moment > DAY else 0.0)) for moment, label in visible]
    polls = [400.0]
    moments = [moment for moment, _ in samples]
    while polls[-1] < 4 * DAY - 1000:
        rhythm.take(samples[bisect_right(moments, polls[-1]) - 1][1], polls[-1])
        polls.append(rhythm.next_poll(polls[-1] + 300, 300.0))
        assert polls[-1] - polls[-2] <= 1200
    assert lateness(samples, polls, 3 * DAY) < 8


def test_a_night_without_uploads_is_not_learnt_from() -> None:
    rhythm = Rhythm()
    samples = [item for item in Logger().samples(0.0, 6 * DAY) if item[0] % DAY > 7 * 3600]
    polls = follow(rhythm, samples, 8 * 3600.0, 6 * DAY - 1000)
    assert lateness(samples, polls, 2 * DAY) < 15


def test_a_restart_while_the_logger_rests() -> None:
    samples = [item for item in Logger().samples(0.0, 5 * DAY) if item[0] % DAY > 7 * 3600]
    rhythm = Rhythm()
    polls = follow(rhythm, samples, 8 * 3600.0, 3 * DAY + 6.9 * 3600)
    again = Rhythm(json.loads(json.dumps(rhythm.dump())))
    polls = follow(again, samples, polls[-1], 4 * DAY)
    assert lateness(samples, polls, 3 * DAY + 7.5 * 3600) < 10


def test_the_line_is_down_for_an_hour_now_and_then() -> None:
    samples = [item for item in Logger().samples(0.0, 6 * DAY) if item[0] % 40_000 > 3600]
    polls = follow(Rhythm(), samples, 8 * 3600.0, 6 * DAY - 1000)
    assert lateness(samples, polls, 2 * DAY) < 12


def test_the_cloud_becomes_slower() -> None:
    samples = Logger().samples(0.0, 2 * DAY) + Logger(delay=(95, 120)).samples(2 * DAY, 5 * DAY)
    polls = follow(Rhythm(), samples, 0.0, 5 * DAY - 1000)
    assert lateness(samples, polls, 3 * DAY) < 25


@pytest.mark.campaign
def test_the_cloud_becomes_faster() -> None:
    samples = Logger(delay=(95, 120)).samples(0.0, 2 * DAY) + Logger().samples(2 * DAY, 20 * DAY)
    polls = follow(Rhythm(), samples, 0.0, 20 * DAY - 1000)
    assert lateness(samples, polls, 19 * DAY) < 8


@pytest.mark.campaign
def test_the_cloud_becomes_a_minute_faster_where_no_poll_can_be_earlier_without_leaving_out_a_sample() -> None:
    samples = [
        (moment + (60.0 if moment < 3 * DAY else 0.0), label) for moment, label in Logger().samples(0.0, 18 * DAY)
    ]
    polls = follow(Rhythm(), samples, 0.0, 18 * DAY - 1000)
    assert lateness(samples, polls, 16 * DAY) < 12


@pytest.mark.parametrize("seed", range(4))
def test_half_a_period_is_not_taken_for_a_whole_one(seed: int) -> None:
    """Of samples every 3 minutes every second one is asked for in 5: the grid seems twice as wide."""
    samples = Logger(period=180).samples(50.0, 3 * DAY, seed=seed)
    rhythm = Rhythm()
    polls = follow(rhythm, samples, 400.0, 3 * DAY - 1000)
    assert rhythm.period == pytest.approx(180.0, abs=0.05)
    assert lateness(samples, polls, 1.5 * DAY) < 100


@pytest.mark.campaign
@pytest.mark.parametrize("part", ["origin", "step", "most", "beliefs"])
@pytest.mark.parametrize("damage", [None, "x", "ÿ", "////" * 320, "AAAA" * 320, [0.5], -1e9, 1e300], ids=range(8))
def test_a_damaged_edge_is_learnt_anew(part: str, damage: Any) -> None:
    state = json.loads(json.dumps(LEARNT))
    state["edge"][part] = damage
    again = Rhythm(state)
    assert not again.learnt
    samples = Logger().samples(0.0, 3 * DAY)
    polls = follow(again, samples, DAY, 3 * DAY - 1000)
    assert lateness(samples, polls, 2 * DAY) < 15


def test_what_another_version_stored_is_learnt_anew() -> None:
    old = {"period": 300.0, "base": 1e9, "label": 1e9, "gaps": [300.0] * 12, "variance": 3.0, "age": 12.0}
    state: dict[str, Any] = {**old, "delay": {"edge": {"spread": 2.0, "origin": 1.0, "beliefs": ""}}, "looked": 0}
    assert not Rhythm(state).learnt


def test_what_was_learnt_survives() -> None:
    samples = Logger().samples(0.0, 4 * DAY)
    rhythm = Rhythm()
    polls = follow(rhythm, samples, 0.0, 3 * DAY)
    state = json.loads(json.dumps(rhythm.dump()))
    assert len(json.dumps(state)) < 3000
    again = Rhythm(state)
    assert again.learnt
    assert again.next_poll(polls[-2] + 300, 300.0) == pytest.approx(polls[-1], abs=1.0)
    polls = follow(again, samples, 3 * DAY, 4 * DAY - 1000)
    assert lateness(samples, polls, 3 * DAY + 600) < 15


def test_after_a_start_it_waits_for_the_next_sample() -> None:
    samples = Logger().samples(0.0, 2 * DAY)
    rhythm = Rhythm()
    last = follow(rhythm, samples, 0.0, DAY)[-2]
    assert rhythm.next_poll(last + 305, 300.0, late=False) > last + 500


def test_rare_polls_do_not_take_their_own_interval_for_a_period() -> None:
    """Polled every half hour a logger of five minutes seems to have a period of half an hour."""
    rhythm = Rhythm()
    follow(rhythm, Logger(jitter=0.0, delay=(5.0, 5.0)).samples(0.0, DAY), 100.0, DAY - 3600, interval=1800.0)
    assert rhythm.period is None


def test_polls_that_come_more_often_learn_the_period_anew() -> None:
    """What was seen every ten minutes may be every second sample."""
    rhythm = Rhythm()
    last = follow(rhythm, Logger(period=600.0).samples(0.0, DAY), 100.0, DAY - 3600, interval=600.0)[-2]
    assert rhythm.period == pytest.approx(600.0, abs=0.1)
    assert rhythm.next_poll(last + 300.0, 300.0) == last + 300.0


@pytest.mark.parametrize("interval", [300.0, 360.0, 1800.0])
def test_a_first_poll_and_a_retry_come_within_the_interval_and_a_minute(interval: float) -> None:
    """The interval is that of whole periods; a first poll does not wait for the next sample at any price."""
    known = Rhythm()
    last = follow(known, Logger().samples(0.0, DAY), 0.0, DAY / 2, interval=interval)[-2]
    learnt = known.dump()

    @settings(deadline=None)
    @given(
        plan=st.sampled_from(["plan_first", "plan_retry"]), wait=st.floats(0.0, 1800.0), phase=st.floats(0.0, 1800.0)
    )
    def holds(plan: str, wait: float, phase: float) -> None:
        now = last + phase
        permitted = now + min(wait, interval)
        schedule = Schedule(Rhythm(learnt), permitted_at=lambda: permitted, interval=lambda: interval, now=lambda: now)
        getattr(schedule, plan)()
        latest = now + (600.0 if interval == 360.0 else interval) + 61.0
        assert permitted <= (schedule.next_poll or 0.0) <= latest

    holds()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(max_size=5), children, max_size=5),
    max_leaves=15,
)
NAMES = sorted(Rhythm().dump())
NUMBERS = st.floats(-1e16, 1e16) | st.integers(-(10**20), 10**20)
INTERVALS = st.sampled_from([60.0, 300.0, 360.0, 3600.0])


def keeps_to_the_limit(rhythm: Rhythm, now: float, interval: float, *, late: bool = True) -> float:
    """Return the next poll, which is neither earlier than permitted nor later than a sample may take."""
    at = rhythm.next_poll(now + interval, interval, late=late)
    assert now + interval <= at <= now + interval + interval + (rhythm.period or 0.0)
    json.dumps(rhythm.dump(), allow_nan=False)
    return at


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(st.sampled_from(NAMES), JSON | NUMBERS | st.lists(NUMBERS, max_size=20), max_size=len(NAMES)),
    st.booleans(),
    st.lists(st.tuples(st.none() | st.floats(-1e10, 1e10), st.floats(-400, 1e5)), max_size=40),
    INTERVALS,
)
def test_whatever_comes_the_next_poll_is_permitted_and_near(
    state: Any, known: bool, polls: list[tuple[float | None, float]], interval: float
) -> None:
    rhythm = Rhythm({**LEARNT, **state} if known else state)
    now = 1.79e9
    keeps_to_the_limit(rhythm, now, interval)
    for label, passed in polls:
        now += passed
        rhythm.take(label, now)
        keeps_to_the_limit(rhythm, now, interval)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 0.0, 1.0, -200.0, 3600.0, -3600.0, -DAY, 30 * DAY, 400 * DAY]),
            st.sampled_from([0.0, 0.0, 0.0, 1.0, 37.0, -3600.0, 3600.0, -26 * 365 * DAY]),
            st.sampled_from([0.0, 0.0, 20.0, 600.0, 30 * DAY]),
            st.booleans(),
        ),
        max_size=60,
    ),
    INTERVALS,
)
def test_clocks_that_jump_and_a_month_off(steps: list[tuple[float, float, float, bool]], interval: float) -> None:
    """Our clock jumps, the device's does, and Home Assistant is down for a while, with or without a restart."""
    rhythm = Rhythm(json.loads(json.dumps(LEARNT)))
    time, ours, device = DAY, 0.0, ZONE
    for jump, jump_of_device, down, restarted in steps:
        ours, device, time = ours + jump, device + jump_of_device, time + down
        if restarted:
            rhythm = Rhythm(json.loads(json.dumps(rhythm.dump())))
            keeps_to_the_limit(rhythm, time + ours - interval, interval, late=False)
        rhythm.take(math.floor((time - 8.0) / 300.0) * 300.0 + device, time + ours)
        time = keeps_to_the_limit(rhythm, time + ours, interval) - ours


def test_after_a_month_off_what_was_learnt_holds() -> None:
    rhythm = Rhythm(LEARNT)
    samples = Logger().samples(0.0, 32 * DAY)
    polls = follow(rhythm, samples, 31 * DAY, 32 * DAY - 1000)
    assert lateness(samples, polls, 31 * DAY + 1200) < 15
