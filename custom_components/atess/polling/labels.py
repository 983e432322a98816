"""The times that samples carry: which upload period they keep and where its grid lies."""

import math
import statistics
from dataclasses import dataclass

from ..enerclo import Json
from ..readings.store import a_count, a_dict, a_list, a_number, within

GAPS, RESIDUALS = 12, 5
LEAST_GAPS = 5
SHORTEST_PERIOD, LONGEST_GAP = 30.0, 6 * 3600.0
_FREQUENT = 900.0  # s; polls that come more rarely see their own interval in whatever period
_LONGEST_REST = 36 * 3600.0  # s; no logger is silent for so long: its clock was set
_SET = 8.0  # s; labels that lie so far and two deviations off the grid, all of them, lie on a new one


@dataclass(frozen=True, slots=True)
class Step:
    """Result of one label: whether it is new, starts a new grid, and by how many seconds the grid advanced."""

    fresh: bool = False
    begun: bool = False
    shift: float = 0.0
    """Seconds by which the labels left their grid: the clock was set, or the logger started anew."""


class Labels:
    """The grid of one device's labels, in seconds of its own clock, of which only distances matter.

    Follows the grid as a Kalman filter of its place and its period does; residuals beyond three deviations count as
    three.
    """

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learned."""
        stored = a_dict(state)
        self.period: float | None = within(stored.get("period"), SHORTEST_PERIOD, LONGEST_GAP)
        self.base = a_number(stored.get("base")) or 0.0
        """Where on the grid the last label belongs."""
        self.number = a_count(stored.get("number"))
        """Number of periods since the first label."""
        self._last = a_number(stored.get("label"))
        if self._last is None:
            self.period = None
        gaps = [a_number(item) for item in a_list(stored.get("gaps"))[-GAPS:]]
        self._gaps = [gap for gap in gaps if gap is not None]
        self._residuals: list[float] = []
        self._variance = within(stored.get("variance"), 0.0, 1e4) or 25.0
        self._place, self._both, self._pace = 1.0, 0.0, 1e-4

    def dump(self) -> dict[str, Json]:
        """Return what was learned as JSON for storage."""
        return {
            "period": self.period,
            "base": self.base,
            "number": self.number,
            "label": self._last,
            "gaps": list[Json](self._gaps),
            "variance": round(self._variance, 1),
        }

    def forget(self) -> None:
        """Begin anew with the next label."""
        self.period = self._last = None
        self._gaps = []

    def take(self, label: float, interval: float) -> Step:
        """Learn from the label of the newest sample, polled every `interval` seconds at most."""
        before, self._last = self._last, label
        if label == before:
            return Step()
        if before is not None and not 0.0 < label - before <= _LONGEST_REST and self.period is not None:
            self.number += round((label - self.base) / self.period)
            self.base, self._residuals, self._place, self._both = label, [], self._variance, 0.0
            return Step(fresh=True)
        if before is not None and 0.0 < label - before <= LONGEST_GAP:
            self._gaps = [*self._gaps, label - before][-GAPS:]
            if (period := self._changed(interval)) is not None:
                self._begin(period, label)
                return Step(fresh=True, begun=True)
            if self.period is not None and len(self._gaps) == GAPS and self._fitting(self.period) < GAPS // 2:
                self.period = None
        return Step(fresh=True) if self.period is None else self._follow(label, self.period)

    def _changed(self, interval: float) -> float | None:
        """Return the period that the last distances show, if it is not the one known."""
        period = _common_period(self._gaps)
        if period is not None and period > 0.9 * interval and interval > _FREQUENT:
            return None
        if period is None or self.period is None:
            return period
        if abs(period / self.period - 1.0) <= 0.08:
            return None
        if period < 0.75 * self.period and _halves(self._gaps, self.period):
            return period
        recent = self._gaps[-LEAST_GAPS:]
        # Always twice the period, though the polls came often enough to see shorter ones.
        often = period > 1.5 * max(self.period, interval)
        longer = often and len(self._gaps) == GAPS == self._fitting(period)
        return period if longer or sum(_fits(gap, self.period) for gap in recent) <= LEAST_GAPS // 2 else None

    def _fitting(self, period: float) -> int:
        return sum(_fits(gap, period) for gap in self._gaps)

    def _begin(self, period: float, label: float) -> None:
        self.period, self.base = period, label
        self._gaps, self._residuals = self._gaps[-LEAST_GAPS:], []
        fitting = [gap for gap in self._gaps if _fits(gap, period)] or self._gaps
        periods = max(sum(round(gap / period) for gap in fitting), 1)
        self._variance = max(_jitter(fitting, period), 1.0)
        self._place, self._both = self._variance, self._variance / periods
        self._pace = 2.0 * self._variance / periods**2

    def _follow(self, label: float, period: float) -> Step:
        """Move the grid on to the label, and a little towards it."""
        periods = round((label - self.base) / period)
        residual = label - self.base - periods * period
        self.number += periods
        self._residuals = [*self._residuals, residual][-RESIDUALS:]
        middle = statistics.median(self._residuals)
        spread = max(abs(item - middle) for item in self._residuals)
        off = abs(middle) > _SET + 2.0 * math.sqrt(self._variance) and spread < abs(middle) / 2.0 + 3.0
        if off and len(self._residuals) == RESIDUALS:
            self.base += periods * period + middle
            # Or the period was wrong: it is learnt anew.
            self._residuals = []
            self._place, self._both, self._pace = self._variance, 0.0, 1.0
            return Step(fresh=True, shift=middle)
        most = 3.0 * math.sqrt(self._variance + self._place) + 1.0
        residual = min(max(residual, -most), most)
        self._variance += 0.05 * (min(residual * residual, 900.0) - self._variance)
        passed = min(abs(periods), 1000)
        self._place += 2.0 * passed * self._both + passed * passed * self._pace + 1e-4 * passed
        self._both += passed * self._pace
        self._pace += 1e-9 * passed
        total = self._place + self._variance + 0.5
        gain, pace_gain = self._place / total, self._both / total
        self.base += periods * period + gain * residual
        self.period = min(max(period + pace_gain * residual, 0.9 * period), 1.1 * period)
        self._pace -= pace_gain * self._both
        self._both -= gain * self._both
        self._place -= gain * self._place
        return Step(fresh=True)


def _common_period(gaps: list[float]) -> float | None:
    """Return the longest period of which the distances of samples are multiples, None if there is none."""
    if len(gaps) < LEAST_GAPS:
        return None
    candidates = sorted({gap / number for gap in gaps for number in (1, 2, 3, 4)}, reverse=True)
    for candidate in candidates:
        if candidate < SHORTEST_PERIOD:
            break
        fitting = [gap for gap in gaps if _fits(gap, candidate)]
        if len(fitting) >= 0.8 * len(gaps) and not _halves(gaps, candidate):
            # Jitter adds up in no sum of distances that follow each other.
            period = sum(fitting) / sum(round(gap / candidate) for gap in fitting)
            usual = round(period / 30.0) * 30.0
            unsure = math.sqrt(8.0 * _jitter(fitting, period)) / sum(round(gap / period) for gap in fitting)
            return usual if abs(period - usual) <= max(0.01 * period, unsure) else period
    return None


def _jitter(gaps: list[float], period: float) -> float:
    """Return the variance of labels about their grid, by that of their distances."""
    return statistics.fmean((gap - round(gap / period) * period) ** 2 for gap in gaps) / 2.0


def _halves(gaps: list[float], period: float) -> bool:
    """Return whether the distances that do not fit, at least two, are multiples of half the period."""
    other = [gap for gap in gaps if not _fits(gap, period)]
    return len(other) >= 2 and all(_fits(gap, period / 2.0) for gap in other)


def _fits(gap: float, period: float) -> bool:
    times = round(gap / period)
    return times >= 1 and abs(gap - times * period) <= max(3.0, 0.12 * period)
