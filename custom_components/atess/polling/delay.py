"""How long after its place on the grid a sample is visible, learnt from polls that found it or did not."""

import math
from array import array
from collections.abc import Iterator
from itertools import product

from ..enerclo import Json
from ..readings.store import a_dict, a_list, a_number, within
from .edge import Edge, Outcome

SPREADS = tuple(0.35 * math.sqrt(2.0) ** number for number in range(14))  # s, standard deviation of the delay
LOSSES = (0.0001, 0.03, 0.1, 0.3, 0.6)  # share of samples that never come
_GUESSES = tuple(product(SPREADS, LOSSES))
_ENOUGH = 130  # samples to learn from before what was learnt is used
_LEAST_MISSES = 5  # of them that were not there: else the edge was not looked at yet
_SWEEP, _LOW, _HIGH = 16, -1.0, 2.5  # polls from so many spreads below the middle to so many above
_SURPRISE, _EARLY = 40.0, 12.0  # -log of the chance of samples late, or early, in a row that the delay has changed
_NEGLIGIBLE, _LEAST_WEIGHT, _LEAST_CHANCE = 1e-4, 1e-7, 1e-3
_FAR, _NEAR = 2.0, 0.25  # spreads from the middle of a guess to where few samples are late, from there to the edge


class Delay:
    """Weighs guesses of the spread of the delay and of the share of lost samples, each with its own middle.

    A guess holds its middle as a normal distribution, which each poll narrows (assumed density filtering: exact mean
    and variance of what follows by Bayes from a hit or a miss). While little is known the polls sweep over the ages
    that tell most. From then on Edge follows the age behind which no sample is late.
    """

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learnt."""
        stored = a_dict(state)
        self._edge = Edge.restored(stored.get("edge"))
        self._weights, self._middles, self._variances = array("d"), array("d"), array("d")
        if self._edge is None:
            self._guess(0.0, 1.0, weight=_LEAST_WEIGHT)
            self._restore(a_list(stored.get("guesses")))
        self.begun = self._edge is not None or max(self._weights) > _LEAST_WEIGHT
        self._count = int(within(stored.get("count"), 0, 1e9) or 0)
        self._misses, self._row = int(within(stored.get("misses"), 0, 1e9) or 0), 0
        self._swept = int(within(stored.get("swept"), 0, 1e9) or 0)
        self._surprise = self._early = 0.0

    def _restore(self, rows: list[Json]) -> None:
        for row in rows[: len(_GUESSES)]:
            number, weight, middle, variance = ([a_number(item) for item in a_list(row)] + [None] * 4)[:4]
            if number in range(len(_GUESSES)) and weight is not None and middle is not None and variance is not None:
                guess = int(number or 0)
                self._weights[guess] = min(max(weight, _LEAST_WEIGHT), 1.0)
                self._middles[guess] = min(max(middle, -1e11), 1e11)
                self._variances[guess] = min(max(variance, _NEGLIGIBLE), 1e10)
        # The unlikely ones are not stored.
        middle, _ = self._middle()
        for guess, weight in enumerate(self._weights):
            if weight <= _LEAST_WEIGHT:
                self._middles[guess] = middle

    def _guess(self, middle: float, deviation: float, weight: float = 1.0 / len(_GUESSES)) -> None:
        """Believe the same of all guesses."""
        self._weights = array("d", [weight] * len(_GUESSES))
        self._middles = array("d", [middle] * len(_GUESSES))
        self._variances = array("d", [deviation * deviation] * len(_GUESSES))

    @property
    def probing(self) -> bool:
        """Whether the age chosen is a trial of an earlier one."""
        return self._edge is not None and self._edge.probing

    def dump(self) -> dict[str, Json]:
        """Return what was learnt as JSON for storage."""
        if self._edge is not None:
            return {"edge": self._edge.dump()}
        guesses: list[Json] = [
            [number, round(weight, 5), round(self._middles[number], 3), round(self._variances[number], 5)]
            for number, weight in enumerate(self._weights)
            if weight >= _NEGLIGIBLE
        ]
        return {"guesses": guesses, "count": self._count, "misses": self._misses, "swept": self._swept}

    def begin(self, age: float, period: float) -> None:
        """Know only that samples are visible at an age, and were not a period earlier."""
        self.begun = True
        self._guess(age - period / 2.0, period / 3.0)
        self._anew()

    def widen(self, seconds: float) -> None:
        """Be unsure by so much about all that was learnt, and learn anew."""
        if self._edge is not None:
            self._guess(self._edge.place - (_FAR + _NEAR) * self._edge.spread, seconds)
        else:
            for number in range(len(_GUESSES)):
                self._weights[number] = 0.5 * self._weights[number] + 0.5 / len(_GUESSES)
                self._variances[number] += seconds * seconds
        self._anew()

    def _anew(self) -> None:
        self._count, self._misses, self._row, self._edge = 0, 0, 0, None
        self._surprise = self._early = 0.0

    def move(self, seconds: float) -> None:
        """Take all ages for so much more, because the grid was moved."""
        if self._edge is not None:
            self._edge.move(seconds)
        for number in range(len(self._middles)):
            self._middles[number] += seconds

    def see(self, age: float, outcome: Outcome, period: float) -> None:
        """Learn from a poll at an age."""
        if self._edge is None:
            self._count += 1
            self._misses += outcome is not Outcome.FOUND
            self._row = self._row + 1 if outcome is Outcome.FOUND else 0
            chance = self._weigh(age, outcome)
            if self._row == _SWEEP:
                # A whole sweep without a miss: the edge lies lower.
                self._row = 0
                _, spread = self._middle()
                for number in range(len(_GUESSES)):
                    self._variances[number] += 4.0 * spread * spread
        else:
            chance = max(self._edge.see(age, outcome, period), _LEAST_CHANCE)
        if outcome is Outcome.FOUND:
            self._surprise = 0.0
            self._early -= 0.0 if self._edge is None else math.log(min(chance / (1.0 - self._edge.loss), 1.0))
        else:
            self._early = 0.0
            if outcome is Outcome.LATE:
                self._surprise -= math.log(max(chance, 1e-300))
        if self._surprise > _SURPRISE or self._early > _EARLY:
            self.widen(period / 4.0)

    def _weigh(self, age: float, outcome: Outcome) -> float:
        """Update all guesses; return the chance that they gave the outcome."""
        total = 0.0
        for number, (spread, loss) in enumerate(_GUESSES):
            variance = self._variances[number]
            deviation = math.sqrt(variance + spread * spread)
            off = (age - self._middles[number]) / deviation
            slope = (1.0 - loss) * math.exp(-0.5 * min(off * off, 1400.0)) / math.sqrt(2.0 * math.pi) / deviation
            there = 0.5 * math.erfc(-off / math.sqrt(2.0))
            if outcome is Outcome.FOUND:
                chance, sign = (1.0 - loss) * there + 1e-4, -1.0
            elif outcome is Outcome.LOST:
                chance, sign, slope = loss + 1e-3, 1.0, 0.0
            else:
                lost = loss if outcome is Outcome.MISSED else 0.0
                chance, sign = lost + (1.0 - loss) * (1.0 - there) + 1e-3, 1.0
            first = sign * slope / chance
            second = sign * off * slope / deviation / chance - first * first
            self._middles[number] += variance * first
            self._variances[number] = max(variance + variance * variance * second, _NEGLIGIBLE)
            self._weights[number] *= chance
            total += self._weights[number]
        for number in range(len(_GUESSES)):
            self._weights[number] = max(self._weights[number] / total, _LEAST_WEIGHT)
        return total

    def choose(self, miss: float, *, bold: bool = True) -> float:
        """Return the age at which to ask for the next sample, if one that is missed costs `miss` seconds.

        `bold`: whether one that is missed is seen later, if it was but late; asking too early teaches something then.
        """
        if self._edge is None and self._count >= _ENOUGH and self._misses >= _LEAST_MISSES:
            _, spread = self._middle()
            self._edge = Edge.learnt(spread, self._edges(spread))
            self._weights, self._middles, self._variances = array("d"), array("d"), array("d")
        if self._edge is not None:
            return self._edge.best(miss, bold=bold)
        middle, spread = self._middle()
        unsure = sum(weight * variance for weight, variance in zip(self._weights, self._variances, strict=True))
        if math.sqrt(unsure) > max(2.0, 0.7 * spread):
            self._swept = 0
            return middle
        part = self._swept % _SWEEP / _SWEEP
        self._swept += 1
        return middle + spread * (_LOW + (_HIGH - _LOW) * part)

    def cost_of_delay(self, age: float, seconds: float, miss: float) -> float:
        """Return by how many seconds samples are seen later, on average, if they are asked for so much after an age."""
        if self._edge is None:
            return seconds
        return self._edge.cost(age + seconds, miss) - self._edge.cost(age, miss)

    def _edges(self, spread: float) -> Iterator[tuple[float, float, float, float]]:
        """Yield of each guess its weight, where few samples are late by it, how well that is known, and its loss."""
        for number, (wide, loss) in enumerate(_GUESSES):
            edge = self._middles[number] + _FAR * wide + _NEAR * spread
            yield self._weights[number], edge, math.sqrt(self._variances[number]), loss

    def _middle(self) -> tuple[float, float]:
        """Return the mean of the middles and, by orders of magnitude, of the spreads."""
        total = sum(self._weights)
        middle = sum(weight * self._middles[number] for number, weight in enumerate(self._weights)) / total
        spread = sum(weight * math.log(_GUESSES[number][0]) for number, weight in enumerate(self._weights)) / total
        return middle, math.exp(spread)
