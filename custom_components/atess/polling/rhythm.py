"""When to ask about a device next.

A sample carries the device's own time (its label) and becomes visible at the cloud some time later. Labels lie on a
grid of one upload period, up to jitter (labels.py); how long after its place on the grid a sample is visible can only
be learned by asking: a poll finds it or not (edge.py).

The limit makes drift a one-way street: two polls are never closer than the interval, so with a period that is no longer
than the interval what was lost through slow requests cannot be made good, save by leaving out a sample. That costs a
period once, and is worth it as soon as the lateness exceeds the mean cost of the best cycle of creeping and leaving
out. The pacer counts its interval from the end of a request, for the cloud counts arrivals, and a request that took d
seconds may have arrived up to d after its start; any margin below d could break the limit. So such a schedule creeps by
what a request takes, and its mean lateness exceeds that of requests in no time by about sqrt(2 * period * d).
"""

import math

from ..enerclo import Json
from ..readings.store import a_dict, a_list, a_number, within
from .edge import Edge
from .labels import Labels

SILENT = 4  # more expected samples in a row without one: the logger rests, which says nothing about its delay
_FAR = 50  # samples that were not looked for, though it was time: what was known of the grid no longer holds
_LEAST_CREEP = 1.0 / 600.0  # s per poll; small gains are not worth a sample


class Rhythm:
    """The upload period, grid and delay of one device's samples; moments are unix seconds, labels device seconds."""

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learned."""
        stored = a_dict(state)
        self._labels = Labels(stored)
        self._edge = Edge(stored.get("edge"))
        self._age = a_number(stored.get("age")) or 0.0
        self._interval = within(stored.get("interval"), 1.0, 1e5) or 300.0
        self._creep = within(stored.get("creep"), 0.0, 60.0) or 0.0
        self._missed: dict[int, float] = {}
        """By number of a sample that was looked for and is not there yet: the age at which it was not."""
        for number, age in zip(a_list(stored.get("missed")), a_list(stored.get("missed_at")), strict=False):
            ahead = number - self._labels.number if isinstance(number, int) else 0
            if 0 < ahead < _FAR and (at := a_number(age)) is not None:
                self._missed[self._labels.number + ahead] = at
        self._planned: float | None = None
        if not self._edge.holds(self._age):
            self._labels.forget()

    def dump(self) -> dict[str, Json]:
        """Return what was learned as JSON for storage."""
        return {
            **self._labels.dump(),
            "edge": self._edge.dump(),
            "age": self._age,
            "interval": self._interval,
            "creep": round(self._creep, 4),
            "missed": list[Json](self._missed),
            "missed_at": [round(age, 3) for age in self._missed.values()],
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
        labels = self._labels
        if label is None:
            labels.forget()
            return
        known, base, before = labels.period, labels.base, labels.number
        step = labels.take(label, self._interval)
        period = labels.period
        if period is None:
            return
        if step.begun or known is None:
            self._missed = {}
            self._edge.begin(asked - label, min(period, self._interval))
        elif step.shift:
            # Was only the clock set? Then samples are there at the same moments, else at the same ages.
            self._missed = {}
            doubt = period / 10.0
            self._edge.begin(self._age + max(-step.shift, 0.0) + doubt, abs(step.shift) + 2.0 * doubt)
        else:
            places = round((asked - base - self._age) / known)
            number = before + places
            if step.fresh and not before < labels.number <= number + 1:
                # The device's clock was set: what is found is taken for what was looked for.
                self._missed = {}
                self._edge.move(base + places * known - labels.base)
            else:
                self._judge(number, asked, period, fresh=step.fresh)
        self._age = self._edge.best(self._cost_of_missing(period))

    def _cost_of_missing(self, period: float) -> float:
        return period if period < 2.0 * self._interval else self._interval

    def _judge(self, number: int, asked: float, period: float, *, fresh: bool) -> None:
        """Learn from a poll that looked for a sample; `fresh`: whether there was a new one."""
        newest = self._labels.number
        first = asked - self._labels.base + newest * period
        if fresh and len(self._missed) <= SILENT:
            for missed, age in self._missed.items():
                if missed < newest:
                    self._edge.see(missed=age)
            self._edge.see(missed=self._missed.get(newest), found=first - newest * period)
        numbers = [missed for missed in self._missed if missed > newest]
        if number > max([newest, *numbers]):
            numbers.append(number)
        self._missed = {missed: first - missed * period for missed in numbers[-SILENT - 1 :]}

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
        number = self._labels.number + due
        looked = max(self._missed, default=self._labels.number)
        if due < -2 or number > looked + _FAR:
            return permitted
        following = min(max(goal + (max(due, 0) + 1) * period, permitted), permitted + interval + period)
        if not late:
            return following
        now = False
        if number > looked:
            now = self._worth_asking(permitted - goal - due * period, period, interval)
        elif due > 0 and len(self._missed) <= SILENT:
            once = self._missed[looked] < self._age + interval
            now = once and permitted + interval <= following
        self._planned = permitted if now else following
        return self._planned

    def _worth_asking(self, late: float, period: float, interval: float) -> bool:
        """Return whether to ask so late for a sample, rather than leave it out and be in time for the next."""
        slack = period - interval
        if late <= max(slack, 0.0):
            return True
        late = self._edge.cost(self._age + late, self._cost_of_missing(period))
        if slack > 1.0 + self._creep:
            return late * late / (2.0 * (slack - self._creep)) < period - late
        drift = max(self._creep - slack, _LEAST_CREEP)
        # The mean cost of n samples in time but for the drift, and one left out: best where the next costs more.
        cost, count = period, 1
        while cost / (count + 1) > count * drift:
            cost += count * drift
            count += 1
        return late < cost / (count + 1)
