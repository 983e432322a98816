"""How long after its place on the grid a sample is visible, learnt from polls that found it or did not."""

import math
from array import array
from enum import Enum, auto
from itertools import product

from ..enerclo import Json
from ..readings.store import a_dict, a_list, a_number, within
from .margin import Margin

SPREADS = tuple(0.35 * math.sqrt(2.0) ** number for number in range(14))  # s, standard deviation of the delay
LOSSES = (0.0001, 0.03, 0.1, 0.3, 0.6)  # share of samples that never come
_GUESSES = tuple(product(SPREADS, LOSSES))
_LEAST, _MOST = 60, 200  # samples to learn from before what was learnt is used, and at most
_SURE = 0.6  # of the spread: so well must the edge be known for that
_SWEEP, _LOW, _HIGH = 16, -1.0, 2.5  # polls from so many spreads below the middle to so many above
_SURPRISE, _EARLY = 40.0, 12.0  # -log of the chance of samples late, or early, in a row that the delay has changed
_NEGLIGIBLE, _LEAST_WEIGHT = 1e-4, 1e-7
_AGES = 60
_BEHIND = 1.5  # s; that a sample was there so long after the age chosen says nothing of that age
_TRIANGLE = math.sqrt(6.0)


class Outcome(Enum):
    """What became of a sample that was asked for."""

    FOUND = auto()
    MISSED = auto()
    """Not there, and a newer one was at the next poll: late or lost."""
    LATE = auto()
    """Not there, but at the next poll."""


class Delay:
    """Weighs guesses of the spread of the delay and of the share of lost samples, each with its own middle.

    A guess holds its middle as a normal distribution, which each poll narrows (assumed density filtering: exact mean
    and variance of what follows by Bayes from a hit or a miss). While little is known the polls sweep over the ages
    that tell most. The age to ask at then is where waiting and missing cost least together, with delays that end where
    a triangular distribution does; what is wrong with that shape is left to Margin.
    """

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learnt."""
        stored = a_dict(state)
        self._weights = array("d", [_LEAST_WEIGHT] * len(_GUESSES))
        self._middles = array("d", [0.0] * len(_GUESSES))
        self._variances = array("d", [1.0] * len(_GUESSES))
        for row in a_list(stored.get("guesses"))[: len(_GUESSES)]:
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
        self._count = int(within(stored.get("count"), 0, 1e9) or 0)
        self._swept = int(within(stored.get("swept"), 0, 1e9) or 0)
        self._surprise = self._early = 0.0
        self._margin = Margin(stored.get("margin"))
        self.learning = stored.get("learning") is not False

    def dump(self) -> dict[str, Json]:
        """Return what was learnt as JSON for storage."""
        guesses: list[Json] = [
            [number, round(weight, 5), round(self._middles[number], 3), round(self._variances[number], 5)]
            for number, weight in enumerate(self._weights)
            if weight >= _NEGLIGIBLE
        ]
        return {
            "guesses": guesses,
            "count": self._count,
            "swept": self._swept,
            "learning": self.learning,
            "margin": self._margin.dump(),
        }

    def begin(self, age: float, period: float) -> None:
        """Know only that samples are visible at an age, and were not a period earlier."""
        for number in range(len(_GUESSES)):
            self._weights[number] = 1.0 / len(_GUESSES)
            self._middles[number] = age - period / 2.0
            self._variances[number] = (period / 3.0) ** 2
        self._anew()

    def widen(self, seconds: float) -> None:
        """Be unsure by so much about all that was learnt, and learn anew."""
        for number in range(len(_GUESSES)):
            self._weights[number] = 0.5 * self._weights[number] + 0.5 / len(_GUESSES)
            self._variances[number] += seconds * seconds
        self._anew()

    def _anew(self) -> None:
        self._count, self._margin, self.learning = 0, Margin(), True
        self._surprise = self._early = 0.0

    def move(self, seconds: float) -> None:
        """Take all ages for so much more, because the grid was moved."""
        for number in range(len(_GUESSES)):
            self._middles[number] += seconds

    def see(self, age: float, outcome: Outcome, period: float, *, late: float = 0.0) -> None:
        """Learn from a poll at an age, `late` seconds after the one chosen."""
        loss = sum(weight * _GUESSES[number][1] for number, weight in enumerate(self._weights))
        if not self.learning:
            self._follow(age, outcome, late, loss)
        self._count += 1
        expected = 1.0 - loss
        chance = self._weigh(age, outcome)
        if outcome is Outcome.FOUND:
            self._surprise = 0.0
            self._early -= 0.0 if self.learning else math.log(min(chance / expected, 1.0))
        else:
            self._early = 0.0
            if outcome is Outcome.LATE:
                self._surprise -= math.log(max(chance, 1e-300))
        if self._surprise > _SURPRISE or self._early > _EARLY:
            self.widen(period / 4.0)

    def _follow(self, age: float, outcome: Outcome, behind: float, loss: float) -> None:
        _, spread = self._middle()
        late = sum(
            weight * _beyond((age - self._margin.seconds - self._middles[number]) / self._deviation(number))
            for number, weight in enumerate(self._weights)
        )
        if outcome is Outcome.FOUND:
            if behind <= _BEHIND:
                self._margin.found(late, loss, spread)
        else:
            self._margin.missed(late, loss, spread, came=outcome is Outcome.LATE)

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

    def choose(self, miss: float) -> float:
        """Return the age at which to ask for the next sample, if one that is missed costs `miss` seconds."""
        middle, spread = self._middle()
        self.learning = self.learning and (
            self._count < _LEAST or (self._count < _MOST and self._doubt() > _SURE * spread + 0.1)
        )
        if not self.learning:
            return self._best(miss) + self._margin.seconds
        unsure = sum(weight * variance for weight, variance in zip(self._weights, self._variances, strict=True))
        if math.sqrt(unsure) > max(2.0, 0.7 * spread):
            self._swept = 0
            return middle
        part = self._swept % _SWEEP / _SWEEP
        self._swept += 1
        return middle + spread * (_LOW + (_HIGH - _LOW) * part)

    def cost_of_delay(self, age: float, seconds: float, miss: float) -> float:
        """Return by how many seconds samples are seen later, on average, if they are asked for so much after an age."""
        if self.learning:
            return seconds
        age -= self._margin.seconds
        rows = self._likely()
        return _cost(rows, age + seconds, miss) - _cost(rows, age, miss)

    def _best(self, miss: float) -> float:
        rows = self._likely()
        least = min(middle for _, middle, _ in rows)
        most = max(middle + 3.0 * deviation for _, middle, deviation in rows)
        step = max((most - least) / _AGES, 0.1)
        ages = [least + step * number for number in range(int((most - least) / step) + 2)]
        coarse = min(ages, key=lambda age: _cost(rows, age, miss))
        return min((coarse + step * part / 6.0 for part in range(-5, 6)), key=lambda age: _cost(rows, age, miss))

    def _likely(self) -> list[tuple[float, float, float]]:
        """Return the guesses that count: the chance that one holds and the sample comes, its middle and deviation."""
        most = max(self._weights)
        return [
            (weight * (1.0 - _GUESSES[number][1]), self._middles[number], self._deviation(number))
            for number, weight in enumerate(self._weights)
            if weight > 1e-3 * most
        ]

    def _deviation(self, number: int) -> float:
        return math.sqrt(_GUESSES[number][0] ** 2 + self._variances[number])

    def _middle(self) -> tuple[float, float]:
        """Return the mean of the middles and, by orders of magnitude, of the spreads."""
        total = sum(self._weights)
        middle = sum(weight * self._middles[number] for number, weight in enumerate(self._weights)) / total
        spread = sum(weight * math.log(_GUESSES[number][0]) for number, weight in enumerate(self._weights)) / total
        return middle, math.exp(spread)

    def _doubt(self) -> float:
        """Return the standard deviation of what is believed of the age at which all samples are there."""
        total = sum(self._weights)
        edges = [self._middles[number] + 2.3 * spread for number, (spread, _) in enumerate(_GUESSES)]
        mean = sum(weight * edge for weight, edge in zip(self._weights, edges, strict=True)) / total
        rows = zip(self._weights, edges, self._variances, strict=True)
        return math.sqrt(sum(weight * (variance + (edge - mean) ** 2) for weight, edge, variance in rows) / total)


def _cost(rows: list[tuple[float, float, float]], age: float, miss: float) -> float:
    """Return the mean seconds from when a sample is visible, but for a constant, if it is asked for at an age."""
    costs = chances = 0.0
    for chance, middle, deviation in rows:
        costs += chance * _beyond((age - middle) / deviation)
        chances += chance
    return age + (miss * costs / chances if chances else 0.0)


def _beyond(deviations: float) -> float:
    """Return the chance to be more than so many standard deviations above the middle of a triangular distribution."""
    part = deviations / _TRIANGLE
    if part >= 1.0:
        return 0.0
    if part <= -1.0:
        return 1.0
    return 0.5 * (1.0 - part) * (1.0 - part) if part >= 0.0 else 1.0 - 0.5 * (1.0 + part) * (1.0 + part)
