"""When to ask about a device next.

A sample carries the device's own time (its label) and becomes visible at the cloud some time later. Labels lie on a
grid of one upload period, up to jitter (labels.py); how long after its place on the grid a sample is visible can only
be learnt by asking: a poll finds it or not (delay.py).

The limit makes drift a one-way street: two polls are never closer than the interval, so with a period that is no longer
than the interval what was lost through slow requests cannot be made good, save by leaving out a sample. That costs a
period once, and is worth it as soon as the lateness exceeds the mean cost of the best cycle of creeping and leaving
out. The pacer counts its interval from the end of a request, for the cloud counts arrivals, and a request that took d
seconds may have arrived up to d after its start; any margin below d could break the limit. So such a schedule creeps by
what a request takes, and its mean lateness exceeds that of requests in no time by about sqrt(2 * period * d).
"""

import math

from ..enerclo import Json
from ..readings.store import a_count, a_dict, a_number, within
from .delay import Delay
from .edge import Outcome
from .labels import Labels

SILENT = 4  # more expected samples in a row without one: the logger rests, which says nothing about its delay
_LEAST_CREEP = 1.0 / 600.0  # s per poll; small gains are not worth a sample


class Rhythm:
    """The upload period, grid and delay of one device's samples; moments are unix seconds, labels device seconds."""

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learnt."""
        stored = a_dict(state)
        self._labels = Labels(stored)
        self._delay = Delay(stored.get("delay"))
        self._age = a_number(stored.get("age")) or 0.0
        self._interval = within(stored.get("interval"), 1.0, 1e5) or 300.0
        self._creep = within(stored.get("creep"), 0.0, 60.0) or 0.0
        # Samples are numbered from the newest that was seen.
        self._looked = min(a_count(stored.get("looked")), 1000)
        self._looks = 0
        self._missed: list[tuple[int, float]] = []
        self._resting = stored.get("resting") is True
        self._planned: float | None = None
        if stored.get("age") is None or not self._delay.begun:
            self._labels.forget()

    def dump(self) -> dict[str, Json]:
        """Return what was learnt as JSON for storage."""
        return {
            **self._labels.dump(),
            "delay": self._delay.dump(),
            "age": self._age,
            "interval": self._interval,
            "creep": round(self._creep, 4),
            "looked": self._looked,
            "resting": self._resting,
        }

    @property
    def period(self) -> float | None:
        """Seconds between two samples, by the device's clock; None before it is known."""
        return self._labels.period

    @property
    def learnt(self) -> bool:
        """Return whether there is a rhythm to follow."""
        return self.period is not None

    def take(self, label: float | None, asked: float) -> None:
        """Learn from a poll that was answered at `asked` with a sample of this label (None: it carries no time)."""
        if self._planned is not None and -1.0 < asked - self._planned < 120.0:
            # How much later than planned answers come: nothing of that can be made good where time is short.
            self._creep += 0.1 * (min(max(asked - self._planned, 0.0), 60.0) - self._creep)
        self._planned = None
        if label is None:
            self._labels.forget()
            return
        known, base = self._labels.period is not None, self._labels.base
        step = self._labels.take(label, self._interval)
        period = self._labels.period
        if period is None:
            return
        if step.begun or not known:
            self._see_all()
            self._delay.begin(asked - label, period)
        else:
            number = round((asked - base - self._age) / period)
            if step.shift:
                # Was it the logger, or only its clock? Samples are first looked for where they were before.
                self._delay.move(-step.shift)
                self._delay.widen(abs(step.shift))
                self._see_all()
            else:
                goal = base + number * period + self._age
                self._judge(number, asked - goal + self._age, step.periods if step.fresh else None, period, goal)
        # With a shorter period a later one comes before the next poll, and nobody sees that it was late.
        bold = period > 0.95 * self._interval
        self._age = self._delay.choose(self._cost_of_missing(period), bold=bold)

    def _cost_of_missing(self, period: float) -> float:
        return period if period < 2.0 * self._interval else self._interval

    def _see_all(self) -> None:
        """Count from the sample just seen, whatever was looked for before."""
        self._looked = self._looks = 0
        self._missed, self._resting = [], False

    def _judge(self, number: int, age: float, found: int | None, period: float, goal: float) -> None:
        """Learn from a poll that looked for a sample at an age and found another one, None for no new one.

        `goal`: the moment at which it should have looked.
        """
        if found is None:
            self._miss(number, age)
            return
        if found == number + 1 > 0:
            number, age = found, age - period
        if found > number or found <= 0:
            # The device's clock was set: what is found is taken for what was looked for.
            age = goal - self._labels.base
            self._delay.move(age - self._age)
            self._age = age
            self._see_all()
            return
        for missed, at in self._missed:
            if missed == found:
                self._delay.see(at, Outcome.LATE, period)
            elif missed < found and not self._resting:
                # A late one would have been seen when the next was looked for, had that not been there.
                lost = missed < self._missed[-1][0] or period >= 2.0 * self._interval
                self._delay.see(at, Outcome.LOST if lost else Outcome.MISSED, period)
        if found == number and not self._resting:
            self._delay.see(age, Outcome.FOUND, period)
        self._resting = False
        if found < number > self._looked:
            self._missed.append((number, age))
        self._missed = [(missed - found, at) for missed, at in self._missed if missed > found]
        self._looked = max(self._looked, number) - found
        self._looks = 1 if self._looked == 0 else self._looks + 1

    def _miss(self, number: int, age: float) -> None:
        if number > self._looked:
            self._missed = [*self._missed, (number, age)][-SILENT - 1 :]
            self._resting = self._resting or len(self._missed) > SILENT
            self._looked, self._looks = number, 0
        self._looks += 1

    def next_poll(self, permitted: float, interval: float, *, late: bool = True) -> float:
        """Return when to ask next, from `permitted` on, with at least `interval` seconds between two polls.

        `late`: whether to ask at once for a sample that should have been there before, if that is worth it.
        """
        if interval < 0.9 * self._interval and interval < 0.9 * (self._labels.period or 0.0):
            # Polls that came more rarely may have seen a multiple of the period.
            self._labels.forget()
        period = self._labels.period
        self._planned, self._interval = None, interval
        if period is None:
            return permitted
        goal = self._labels.base + self._age
        due = math.floor((permitted - goal) / period)
        if due > self._looked + 50 or due < -2:
            return permitted
        following = goal + (max(due, 0) + 1) * period
        now = False
        if not late:
            return following
        if due > self._looked:
            now = self._worth_asking(permitted - goal - due * period, period, interval)
        elif due > 0 and len(self._missed) < SILENT:
            now = self._looks <= 2 and permitted + interval <= following
        self._planned = permitted if now else following
        return self._planned

    def _worth_asking(self, late: float, period: float, interval: float) -> bool:
        """Return whether to ask so late for a sample, rather than leave it out and be in time for the next."""
        slack = period - interval
        if late <= max(slack, 0.0):
            return True
        if self._delay.probing:
            return False
        late = self._delay.cost_of_delay(self._age, late, self._cost_of_missing(period))
        if slack > 1.0 + self._creep:
            return late * late / (2.0 * (slack - self._creep)) < period - late
        drift = max(self._creep - slack, _LEAST_CREEP)
        # The mean cost of n samples in time but for the drift, and one left out: best where the next costs more.
        cost, count = period, 1
        while cost / (count + 1) > count * drift:
            cost += count * drift
            count += 1
        return late < cost / (count + 1)
