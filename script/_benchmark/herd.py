"""Many homes that are all restarted in the same minute: the integration's own schedule decides when each asks first."""

import random
from collections import Counter
from datetime import UTC
from typing import Any
from unittest.mock import patch

from custom_components.atess.enerclo import Kind
from custom_components.atess.polling import Rhythm
from custom_components.atess.schedule import Schedule

_PERIOD = 300.0
_WATCHED = 300


class _Client:
    """What Schedule needs of a client: when pacing permits a poll, and its interval."""

    def __init__(self, last: float) -> None:
        self.last = last

    def permitted_at(self, _kind: Kind, _device: str) -> float:
        """Return when the interval after the last poll is over, not before now."""
        return max(_clock[0], self.last + _PERIOD)

    def interval(self, _kind: Kind, _device: str) -> float:
        """Return the interval."""
        return _PERIOD


_clock = [0.0]


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
    with (
        patch("custom_components.atess.schedule._now", lambda: _clock[0]),
        patch("custom_components.atess.schedule.random.random", chance.random),
    ):
        for _ in range(homes):
            back = start + chance.random() * 60.0
            phase = start - 86_400.0 + chance.random() * _PERIOD
            last = phase + age + ((start - down - phase - age) // _PERIOD) * _PERIOD
            known = chance.random() < 0.9
            state = learnt | {"base": last - age, "label": last - age}
            _clock[0] = back
            client: Any = _Client(last)
            schedule = Schedule(client, Kind.HPS_STRING, "", UTC, state if known else None)
            schedule.plan_first()
            while (at := schedule.next_poll) is not None and at < start + 60.0 + _WATCHED:
                asked[int(at - start)] += 1
                _clock[0] = client.last = at
                if known:
                    label = phase + ((at - 8.0 - phase) // _PERIOD) * _PERIOD
                    schedule.rhythm.take(label, at)
                schedule.plan()
    window = [asked[second] for second in range(60, 60 + _WATCHED)]
    return max(asked.values()), sum(window) / _WATCHED
