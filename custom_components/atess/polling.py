"""When to ask about a device next: learns the rhythm of its data logger from its samples. No clock, no I/O.

A sample carries the device's own time (its label) and becomes visible at the cloud some time later. Labels lie on a
grid of one upload period, up to jitter; only their distances matter, so a wrong zone or a clock that is off do no harm.
How long after its place on the grid a sample is visible can only be learnt by asking: a poll finds it or not. So the
poller halves its way down from where samples are certainly there, keeps count of what was found how long after the
grid, and asks at the age where waiting and missing cost least together.

The limit makes drift a one-way street: two polls are never closer than the interval, so with a period that is no longer
than the interval what was lost through slow requests cannot be made good, save by leaving out a sample. That costs a
period once, and is worth it as soon as the lateness exceeds the mean cost of the best cycle of creeping and leaving
out. The pacer counts its interval from the end of a request, for the cloud counts arrivals, and a request that took d
seconds may have arrived up to d after its start; any margin below d could break the limit. So such a schedule creeps by
what a request takes, and its mean lateness exceeds that of requests in no time by about sqrt(2 * period * d).
"""

import math
import statistics
from collections.abc import Mapping

from .enerclo import Json
from .readings.store import a_count, a_dict, a_list, a_number

GAPS, RESIDUALS, COUNTS = 12, 15, 80
LEAST_GAPS = 5
SHORTEST_PERIOD, LONGEST_GAP = 30.0, 6 * 3600.0
SILENT = 4  # so many expected samples in a row without one: the logger rests, which says nothing about its delay
_MEMORY = 0.995  # weight of a count after one more sample
_LEAST_WEIGHT = 0.05
_TAIL = 2.0  # seconds in which chances of missing are taken to halve where nothing is known
_LEAST_CREEP = 0.0005
_FAILURES = 4


class Rhythm:
    """The upload period, grid and delay of one device's samples; moments are unix seconds, labels device seconds."""

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learnt."""
        stored = a_dict(state)
        self.period: float | None = _within(stored.get("period"), SHORTEST_PERIOD, LONGEST_GAP)
        self._base = a_number(stored.get("base")) or 0.0
        self._age = a_number(stored.get("age")) or 0.0
        self._label = a_number(stored.get("label"))
        self._seen: int | None = None
        if self.period is not None and self._label is not None:
            self._seen = self._index(self._label, self.period)
        self._asked = a_number(stored.get("asked"))
        self._gaps = _numbers(stored.get("gaps"), GAPS)
        self._residuals = _numbers(stored.get("residuals"), RESIDUALS)
        self._moved = a_count(stored.get("moved"))
        self._move = a_number(stored.get("move")) or 0.0
        self._counts = _counts(stored.get("counts"))
        self._creep = _within(stored.get("creep"), 0.0, 60.0) or 0.0
        self._step = _within(stored.get("step"), 1.0, LONGEST_GAP) or 1.0
        self._searching = stored.get("searching") is True
        self._waited = a_count(stored.get("waited"))
        self._backoff = min(a_count(stored.get("backoff")), 5)
        self._lost_uploads, self._late_uploads = (
            _within(stored.get(name), 0.0, 1e4) or 0.0 for name in ("lost", "late")
        )
        self._trial: float | None = None
        self._attempts = 0
        self._looked: int | None = self._seen
        self._looks = 0
        self._missed: list[float] = []
        self._late = 0
        self._planned: float | None = None
        self._slack = 0.0

    def dump(self) -> dict[str, Json]:
        """Return what was learnt as JSON for storage."""
        return {
            "period": self.period,
            "base": self._base,
            "age": self._age,
            "label": self._label,
            "asked": self._asked,
            "gaps": list[Json](self._gaps),
            "residuals": [round(item, 1) for item in self._residuals],
            "counts": [[age, round(hits, 2), round(misses, 2)] for age, (hits, misses) in self._counts.items()],
            "moved": self._moved,
            "move": self._move,
            "creep": self._creep,
            "step": self._step,
            "lost": self._lost_uploads,
            "late": self._late_uploads,
            "searching": self._searching,
            "waited": self._waited,
            "backoff": self._backoff,
        }

    @property
    def learnt(self) -> bool:
        """Return whether there is a rhythm to follow."""
        return self.period is not None and self._seen is not None

    # learning

    def take(self, label: float | None, asked: float) -> None:
        """Learn from a poll that was answered at `asked` with a sample of this label (None: it carries no time)."""
        self._measure_creep(asked)
        if label is None:
            self.period = None
            self._label, self._gaps = None, []
            return
        before, self._label, fresh = self._label, label, label != self._label
        if fresh and before is not None:
            self._take_gap(label - before, asked)
        if self.period is None:
            return
        if self._seen is None:
            self._begin(label, asked, self.period)
        else:
            self._judge(label, asked, self.period, fresh=fresh)

    def _measure_creep(self, asked: float) -> None:
        """Learn how much later than planned answers come: nothing of that can be made good where time is short."""
        if self._planned is not None and -1.0 < asked - self._planned < 120.0:
            self._creep += 0.1 * (min(max(asked - self._planned, 0.0), 60.0) - self._creep)
        self._planned = None
        self._asked = asked

    def _take_gap(self, gap: float, asked: float) -> None:
        """Learn the period, anew if it has changed."""
        if not 0.0 < gap <= LONGEST_GAP:
            return
        self._gaps = [*self._gaps, gap][-GAPS:]
        period = _common_period(self._gaps)
        if period is None and len(self._gaps) == GAPS and self.period is not None:
            fitting = [item for item in self._gaps if _fits(item, self.period)]
            if len(fitting) < GAPS // 2:
                self.period = self._seen = None
        if self.period is not None and period is not None and 0.015 < abs(period / self.period - 1.0) <= 0.08:
            if len(self._gaps) == GAPS and self._moved_lately():
                self.period, self._seen = period, None
        elif period is not None and (self.period is None or abs(period / self.period - 1.0) > 0.08):
            recent = self._gaps[-LEAST_GAPS:]
            # Twice the period all the time, though the polls came often enough to see shorter ones.
            often = 1.5 * max(self.period or 0.0, (self.period or 0.0) - self._slack)
            longer = len(self._gaps) == GAPS and period > often
            if self.period is None or longer or not all(_fits(item, self.period) for item in recent):
                self.period, self._seen = period, None
                self._gaps = recent

    def _moved_lately(self) -> bool:
        """Return whether the grid had to be moved in the course of the last labels."""
        return self._move != 0.0 and (self._seen or 0) - self._moved <= GAPS

    def _begin(self, label: float, asked: float, period: float) -> None:
        """Begin to search: a sample that is there is visible after what has passed since its label, at the latest."""
        self._base, self._seen, self._looked = label, 0, 0
        self._residuals, self._counts, self._missed = [], {}, []
        self._moved, self._move = 0, 0.0
        self._age = asked - label
        self._search(period)

    def _search(self, period: float) -> None:
        self._searching, self._step, self._trial, self._attempts = True, period / 2, None, 0
        self._waited = self._backoff = self._late = 0

    def _judge(self, label: float, asked: float, period: float, *, fresh: bool) -> None:
        """Learn from whether the sample that this poll was for had come."""
        seen = self._seen or 0
        index = self._index(label, period)
        tested = math.floor((asked - self._base - self._age) / period + 0.5)
        age = asked - self._base - tested * period
        if fresh and index == tested + 1 > seen:
            tested, age = index, age - period
        if fresh and (index > tested or index <= seen):
            # The device's clock was set: what is found is taken for what was looked for.
            self._base += (index - tested) * period
            self._seen = self._looked = tested
            self._missed = []
            return
        if fresh:
            if self._missed:
                self._classify(index, seen)
            self._seen = index
            self._follow(label - self._base - index * period, index, period)
        if index >= tested:
            if fresh:
                self._hit(age, period, retried=self._looked == tested and bool(self._missed))
        elif tested > (self._looked if self._looked is not None else seen):
            # A sample that was looked for before, and only now is there, is late for certain.
            late = fresh and index <= (self._looked or 0)
            self._late += late
            self._miss(age, period, late=late)
        if tested > (self._looked or seen):
            self._looks = 0
        self._looks += 1
        self._looked = max(tested, self._looked or tested)

    def _classify(self, index: int, seen: int) -> None:
        """Note whether what was missed came late or, as far as can be told, never."""
        missed = range(seen + 1, seen + 1 + len(self._missed))
        if index in missed:
            self._late_uploads += 1.0
        self._lost_uploads += sum(1.0 for number in missed if number < index)

    def _share_late(self) -> float:
        """Return what a missed sample says about its delay: nothing where those that are missed never come.

        Of samples that come late with a chance p, the poll after the miss finds that very sample again with p.
        """
        never = self._lost_uploads
        expected = never * never / (never + sum(hits for hits, _ in self._counts.values()) + 1.0)
        if expected < 1.0:
            return 1.0
        return min(1.0, (self._late_uploads + 0.05) / expected)

    def _index(self, label: float, period: float) -> int:
        return round((label - self._base) / period)

    def _follow(self, residual: float, index: int, period: float) -> None:
        """Move the grid when the median of the last labels says that the logger has."""
        old_period = period
        self._residuals = [*self._residuals, residual][-RESIDUALS:]
        if len(self._residuals) < 5:
            return
        middle = statistics.median(self._residuals)
        spread = statistics.median(abs(item - middle) for item in self._residuals)
        if self._moved == 0 and len(self._residuals) == RESIDUALS:
            # The first label was no better than any other: the grid moves, what was learnt stays where it was.
            self._base += middle
            self._age -= middle
            self._counts = {round(age - middle): counts for age, counts in self._counts.items()}
            self._residuals, self._moved = [], index
        elif abs(middle) > 3.0 + 1.5 * spread:
            # Moved in the same direction again: the period is off by a little.
            count = index - self._moved
            if middle * self._move > 0.0 and 10 <= count < 2000 and abs(middle / count) < 0.02 * period:
                period += 0.5 * middle / count
                self.period = period
            self._base = self._base + middle + index * (old_period - period)
            self._residuals, self._moved, self._move = [], index, middle
            if abs(middle) > 10.0 + 3.0 * spread:
                # Was it the logger, or only its clock? Then samples are still there when they were before.
                self._searching, self._step = True, min(abs(middle) - 4.0, period / 2)
                self._trial, self._attempts, self._waited = None, 0, 0

    def _hit(self, age: float, period: float, *, retried: bool) -> None:
        resting = len(self._missed) >= SILENT
        if not resting:
            for missed in self._missed:
                self._count(missed, hit=False, weight=self._share_late())
        self._missed = []
        if not retried:
            self._late = 0
        if not resting:
            self._count(age, hit=True)
        self._waited += 1
        if self._trial is not None and age <= self._age - self._step / 2:
            self._age, self._trial, self._attempts, self._waited = self._trial, None, 0, 0
            self._searching = self._searching and self._step > 2.0
            self._step = max(2.0, self._step / 2 if self._searching else self._step * 2)
        elif self._trial is None:
            self._settle(period)
            self._consider_trial()
        if age < self._age - period / 2:
            self._age = age

    def _miss(self, age: float, period: float, *, late: bool) -> None:
        if late:
            # Samples come, but late: no reason to wait for what the next poll says.
            for missed in (*self._missed, age):
                self._count(missed, hit=False)
            self._missed = []
        else:
            self._missed = [*self._missed, age][-SILENT:]
        if self._trial is not None and age <= self._age - self._step / 2:
            self._attempts += 1
            if not late and self._attempts < (3 if self._searching or self._share_late() < 0.5 else 1):
                return
            self._trial, self._attempts, self._waited = None, 0, 0
            self._step /= 2
            if self._step < 1.0 or not self._searching:
                self._searching, self._step = False, 2.0
                self._backoff = min(self._backoff + 1, 5)
        elif self._late >= _FAILURES:
            # Nothing comes when it should any more: look for it anew, from where it certainly was there.
            self._counts, self._missed = {}, []
            self._age = age + period
            self._looked = self._seen
            self._search(period)
        elif late and self._trial is None:
            self._settle(period)

    def _consider_trial(self) -> None:
        """After some samples look whether they are there earlier."""
        if self._searching:
            wait = 2
        elif self._share_late() < 0.5:
            wait = 2 if self._step > 2.0 else 50 * 2**self._backoff
        else:
            wait = (40 if self._slack > 1.0 else 150) * 2**self._backoff
        if self._waited >= wait:
            self._trial = self._age - self._step

    def _count(self, age: float, *, hit: bool, weight: float = 1.0) -> None:
        """Remember whether a sample was there at an age; older memories fade."""
        self._lost_uploads *= _MEMORY
        self._late_uploads *= _MEMORY
        faded = {
            key: (hits * _MEMORY, misses * _MEMORY)
            for key, (hits, misses) in self._counts.items()
            if (hits + misses) * _MEMORY >= _LEAST_WEIGHT
        }
        hits, misses = faded.get(round(age), (0.0, 0.0))
        faded[round(age)] = (hits + weight, misses) if hit else (hits, misses + weight)
        nearest = sorted(faded, key=lambda key: abs(key - self._age))[:COUNTS]
        self._counts = {key: faded[key] for key in sorted(nearest)}

    def _lost(self) -> float:
        """Return the share of samples that are missed although there was time enough: uploads that are lost."""
        rows = [(hits, misses) for age, (hits, misses) in self._counts.items() if age >= self._age - 0.5]
        hits, misses = (sum(column) for column in zip(*rows, strict=True)) if rows else (0.0, 0.0)
        return misses / (hits + misses + 1.0)

    def _settle(self, period: float) -> None:
        """Choose the age at which waiting and missing cost least together; a miss costs a period."""
        chances = _chances(self._counts)
        if not chances:
            return
        here = next((rate for age, _, rate in reversed(chances) if age <= self._age + 0.5), chances[0][2])
        # Where samples were found only once or never, only a trial leads.
        lost = self._lost()
        pooled: dict[float, float] = {}
        for _, weight, rate in chances:
            pooled[rate] = pooled.get(rate, 0.0) + weight
        candidates = {
            age: age
            + period * (rate if age <= self._age else (rate * pooled[rate] + 3.0 * lost) / (pooled[rate] + 3.0))
            for age, weight, rate in chances
            if age >= self._age - 0.5 or weight * (1.0 - rate) >= 1.5
        }
        # Later than was ever tried: the misses become fewer, unless other ages have shown that they do not.
        proof = sum(
            weight
            for age, weight, rate in chances
            if abs(age - self._age) > 2.0 and rate >= 0.7 * here and (age > self._age or rate <= 1.3 * here)
        )
        hope = here / (1.0 + proof / 2.0)
        for step in (1, 2, 4, 8, 16):
            later = math.ceil(self._age) + step
            rate = here - hope * (1.0 - 2.0 ** (-step / _TAIL))
            candidates.setdefault(later, later + period * rate)
        best = min(candidates, key=lambda age: (candidates[age], age))
        gain = self._age + period * here - candidates[best]
        if gain <= 0.5:
            return
        if best > self._age:
            self._searching = self._searching and self._step > 4.0
            if not self._searching:
                # It was no good so early: not to be tried again for long.
                self._step, self._backoff = 2.0, min(self._backoff + 1, 5)
            self._age = float(best)
        elif self._slack > 1.0 or gain > 6.0:
            # Where going down costs a sample, small gains are not worth it.
            self._age = float(best)

    # asking

    def next_poll(self, permitted: float, interval: float, *, late: bool = True) -> float:
        """Return when to ask next, from `permitted` on, with at least `interval` seconds between two polls.

        `late`: whether to ask at once for a sample that should have been there before, if that is worth it.
        """
        period, seen = self.period, self._seen
        self._planned = None
        if period is None or seen is None:
            return permitted
        self._slack = period - interval
        goal = self._base + (self._age if self._trial is None else self._trial)
        due = math.floor((permitted - goal) / period)
        looked = max(seen, self._looked if self._looked is not None else seen)
        if due > looked + 50 or due < seen - 2:
            return permitted
        following = goal + (max(due, seen) + 1) * period
        now = False
        if not late:
            return following
        if due > looked:
            now = self._worth_asking(permitted - goal - due * period, period)
        elif due > seen and len(self._missed) < SILENT:
            now = self._looks <= 2 and permitted + interval <= following
        self._planned = permitted if now else following
        return self._planned

    def _worth_asking(self, late: float, period: float) -> bool:
        """Return whether to ask so late for a sample, rather than leave it out and be in time for the next."""
        if late <= max(self._slack, 0.0):
            return True
        if self._slack > 1.0 + self._creep:
            return late * late / (2.0 * (self._slack - self._creep)) < period - late
        drift = max(self._creep - self._slack, _LEAST_CREEP)
        # The mean cost of n samples in time but for the drift, and one left out: best where the next costs more.
        cost, count = period, 1
        while cost / (count + 1) > count * drift:
            cost += count * drift
            count += 1
        return late < cost / (count + 1)


def _common_period(gaps: list[float]) -> float | None:
    """Return the longest period of which the distances of samples are multiples, None if there is none."""
    if len(gaps) < LEAST_GAPS:
        return None
    candidates = sorted({gap / number for gap in gaps for number in (1, 2, 3, 4)}, reverse=True)
    for candidate in candidates:
        if candidate < SHORTEST_PERIOD:
            break
        fitting = [gap for gap in gaps if _fits(gap, candidate)]
        if len(fitting) >= 0.8 * len(gaps):
            # Jitter adds up in no sum of distances that follow each other.
            period = sum(fitting) / sum(round(gap / candidate) for gap in fitting)
            usual = round(period / 30.0) * 30.0
            return usual if abs(period - usual) <= 0.03 * period else period
    return None


def _fits(gap: float, period: float) -> bool:
    times = round(gap / period)
    return times >= 1 and abs(gap - times * period) <= max(3.0, 0.12 * period)


def _chances(counts: Mapping[int, tuple[float, float]]) -> list[tuple[int, float, float]]:
    """Return (age, weight, chance of missing) such that the chance never rises with age."""
    pools: list[tuple[float, float, list[tuple[int, float]]]] = []
    for age, (hits, misses) in counts.items():
        weight = hits + misses
        rate, members = (misses + 0.01) / (weight + 0.2), [(age, weight)]
        while pools and pools[-1][0] <= rate:
            other_rate, other, others = pools.pop()
            rate = (rate * weight + other_rate * other) / (weight + other)
            weight, members = weight + other, others + members
        pools.append((rate, weight, members))
    return [(age, weight, rate) for rate, _, members in pools for age, weight in members]


def _within(value: Json, least: float, most: float) -> float | None:
    number = a_number(value)
    return number if number is not None and least <= number <= most else None


def _numbers(value: Json, count: int) -> list[float]:
    return [number for item in a_list(value)[-count:] if (number := a_number(item)) is not None]


def _counts(value: Json) -> dict[int, tuple[float, float]]:
    found: dict[int, tuple[float, float]] = {}
    for row in a_list(value)[:COUNTS]:
        numbers = _numbers(row, 3)
        if len(numbers) == 3 and min(numbers[1:]) >= 0:
            found[round(numbers[0])] = (numbers[1], numbers[2])
    return dict(sorted(found.items()))
