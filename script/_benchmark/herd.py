"""Many homes that are all restarted in the same minute: the integration's own schedule decides when each asks first."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from custom_components.atess.polling import Rhythm, Schedule

_PERIOD = 300.0
_WATCHED = 300


class _Clock:
    """The clock of one home, and when it polled last."""

    def __init__(self, now: float, last: float) -> None:
        self.now = now
        self.last = last

    def schedule(self, rhythm: Rhythm, chance: Callable[[], float]) -> Schedule:
        """Return a schedule that follows the clock, with an interval of one period."""
        return Schedule(
            rhythm,
            permitted_at=lambda: max(self.now, self.last + _PERIOD),
            interval=lambda: _PERIOD,
            now=lambda: self.now,
            chance=chance,
        )


def _learnt() -> dict[str, Any]:
    """Return what a poller knows after two days with a logger whose samples are there after 5 to 10 s."""
    chance = random.Random(1)  # a simulation
    rhythm = Rhythm()
    at, visible = 0.0, -1
    delays = [chance.uniform(5.0, 10.0) for _ in range(600)]
    while at < 2 * 86_400.0:
        while _PERIOD * (visible + 1) + delays[visible + 1] <= at:
            visible += 1
        if visible >= 0:
            rhythm.take(_PERIOD * visible, at)
        at = rhythm.next_poll(at + _PERIOD, _PERIOD)
    return rhythm.dump()


def herd(homes: int, down: float, seed: int) -> tuple[int, float]:
    """Return the requests of the busiest second and the mean per second of the 5 minutes after the restart.

    Every home was polling in rhythm, is down for `down` seconds, and comes back at some time of the same minute. One in
    ten has learnt nothing yet.
    """
    chance = random.Random(seed)  # a simulation
    asked: Counter[int] = Counter()
    start = 1_790_000_000.0
    learnt = _learnt()
    age = float(learnt["age"])
    for _ in range(homes):
        back = start + chance.random() * 60.0
        phase = start - 86_400.0 + chance.random() * _PERIOD
        last = phase + age + ((start - down - phase - age) // _PERIOD) * _PERIOD
        known = chance.random() < 0.9
        clock = _Clock(back, last)
        rhythm = Rhythm(learnt | {"base": last - age, "label": last - age} if known else None)
        schedule = clock.schedule(rhythm, chance.random)
        schedule.plan_first()
        while (at := schedule.next_poll) is not None and at < start + 60.0 + _WATCHED:
            asked[int(at - start)] += 1
            clock.now = clock.last = at
            if known:
                label = phase + ((at - 8.0 - phase) // _PERIOD) * _PERIOD
                schedule.take(label, at)
            schedule.plan()
    window = [asked[second] for second in range(60, 60 + _WATCHED)]
    return max(asked.values()), sum(window) / _WATCHED
