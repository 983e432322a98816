"""The age from which on samples are there, learned from polls that found them or did not."""

import binascii
import math
import struct
from array import array
from functools import lru_cache
from itertools import batched

from ..enerclo import Json
from ..readings.store import a_dict, a_number, a_text, within

TAILS = (5.0, 20.0, 80.0)  # s before the edge from which on some samples are there
LOSSES = {0.001: 0.6, 0.02: 0.2, 0.1: 0.15, 0.4: 0.05}  # share of samples that never come: chance of that share
_CELLS = 40  # places of the edge
_LEAST_STEP = 1.0  # s between two places
_WANDER = 0.15  # s that the edge moves from one sample to the next (standard deviation)
_CHANGE = 1e-5  # chance with a sample that everything changes
_ODD = 1e-3  # chance that a sample is late, or is not, whatever the edge
_HORIZON = 300  # samples for which a lesson is of use
_COUNT = len(TAILS) * len(LOSSES) * _CELLS
_PRIOR = array("f", [chance / _CELLS / len(TAILS) for _ in TAILS for chance in LOSSES.values() for _ in range(_CELLS)])

_ANEW = [_CHANGE * belief for belief in _PRIOR]


class Edge:
    """Weighs hypotheses by Bayes: where the edge is, how long the tail before it, and what share of samples is lost.

    Places of the edge are `step` seconds apart. The lowest stands for all below, the highest for all above; they are
    laid anew where the edge is, the closer the better it is known.
    """

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged state counts as never learned."""
        stored = a_dict(state)
        origin, step = a_number(stored.get("origin")), within(stored.get("step"), 0.5, 1e4)
        most = within(stored.get("most"), 0.5, 1e4)
        beliefs = _unpacked(a_text(stored.get("beliefs")))
        self.begun = None not in (origin, step, most, beliefs)
        self._origin, self._step, self._most = origin or 0.0, step or 1.0, most or 1.0
        self._beliefs = beliefs or _PRIOR[:]
        self._priced: tuple[float, list[float]] | None = None

    def dump(self) -> dict[str, Json]:
        """Return what is believed as JSON for storage."""
        if not self.begun:
            return {}
        beliefs = binascii.b2a_base64(struct.pack(f"<{_COUNT}e", *self._beliefs), newline=False).decode()
        return {"origin": round(self._origin, 3), "step": self._step, "most": self._most, "beliefs": beliefs}

    def holds(self, age: float) -> bool:
        """Return whether an age is one of the places."""
        return self.begun and self._origin - self._step <= age <= self._origin + _CELLS * self._step

    def begin(self, age: float, span: float) -> None:
        """Know only that a sample was there at an age, and not so many seconds earlier."""
        self.begun = True
        self._beliefs, self._priced = _PRIOR[:], None
        self._step = max(span / (_CELLS - 1), _LEAST_STEP)
        self._most = 2.0 * self._step
        self._origin = age - span

    def move(self, seconds: float) -> None:
        """Take all ages for so much more, because the grid was moved."""
        self._origin += seconds

    def see(self, missed: float | None = None, found: float | None = None) -> None:
        """Learn from a sample that was not there yet at the age `missed`, and was at the age `found`."""
        share = 0.5 * min(_WANDER / self._step, 1.0) ** 2
        rows = batched(self._beliefs, _CELLS, strict=True)
        weighed: list[float] = []
        for tail in TAILS:
            lates = [1.0] * _CELLS if missed is None else self._lates(missed, tail)
            after = [0.0] * _CELLS if found is None else self._lates(found, tail)
            came = [max(late - still, 0.0) for late, still in zip(lates, after, strict=True)]
            for loss in LOSSES:
                row, lost = next(rows), loss if found is None else 0.0
                around = zip(row[:1] + row[:-1], row, row[1:] + row[-1:], came, strict=True)
                weighed += [
                    (belief + share * (lower + higher - 2.0 * belief)) * (lost + (1.0 - loss) * chance + _ODD)
                    for lower, belief, higher, chance in around
                ]
        total = sum(weighed)
        self._beliefs = array("f", [belief / total + anew for belief, anew in zip(weighed, _ANEW, strict=True)])
        self._fit()
        self._priced = None

    def _lates(self, age: float, tail: float) -> list[float]:
        """Return for each place of the edge the chance that a sample is not there at an age."""
        first, width = self._origin - age, max(tail, self._step)
        return [_late(first + cell * self._step, width) for cell in range(_CELLS)]

    def _fit(self) -> None:
        """Lay the places anew where the edge is."""
        places = self._places()
        mean = math.sumprod(places, range(_CELLS))
        deviation = math.sqrt(math.sumprod(places, [(cell - mean) ** 2 for cell in range(_CELLS)]))
        step = self._step
        if deviation < _CELLS / 20.0 and step > _LEAST_STEP:
            step = max(step / 2.0, _LEAST_STEP)
        elif _CELLS / 4.0 <= mean <= _CELLS * 3.0 / 4.0:
            return
        elif deviation > _CELLS / 8.0:
            step = min(2.0 * step, self._most)
        origin = self._origin + mean * self._step - _CELLS / 2.0 * step
        beliefs: list[float] = []
        for row in batched(self._beliefs, _CELLS, strict=True):
            for cell in range(_CELLS):
                place = min(max((origin + cell * step - self._origin) / self._step, 0.0), _CELLS - 1.001)
                low, part = int(place), place % 1.0
                beliefs.append(row[low] + part * (row[low + 1] - row[low]))
        self._beliefs = _normalized(beliefs)
        self._origin, self._step = origin, step

    def _places(self) -> list[float]:
        return [sum(self._beliefs[cell::_CELLS]) for cell in range(_CELLS)]

    def _tails(self) -> list[list[float]]:
        """Return what is believed of each tail and place, whatever share is lost."""
        rows = batched(self._beliefs, _CELLS, strict=True)
        return [list(map(sum, zip(*group, strict=True))) for group in batched(rows, len(LOSSES), strict=True)]

    def best(self, miss: float) -> float:
        """Return the age that costs least, if a sample that is missed costs so many seconds."""
        costs = self._costs(miss)
        return self._origin + self._step * costs.index(min(costs))

    def cost(self, age: float, miss: float) -> float:
        """Return by how many seconds more than at the best age samples are late on average."""
        costs = self._costs(miss)
        place = (age - self._origin) / self._step
        low = min(max(int(place), 0), _CELLS - 2)
        return costs[low] + (place - low) * (costs[low + 1] - costs[low]) - min(costs)

    def _costs(self, miss: float) -> list[float]:
        """Return the mean lateness, but for a constant, of asking at each place until a sample is missed.

        From then on, or after all samples for which the lesson is of use, the place is asked that is best by now.
        """
        if self._priced is None or self._priced[0] != miss:
            self._priced = miss, self._price(miss)
        return self._priced[1]

    def _price(self, miss: float) -> list[float]:
        lates, ended = [0.0] * _CELLS, [0.0] * _CELLS
        for tail, row in zip(TAILS, self._tails(), strict=True):
            late, end = _chances(tail, self._step)
            for cell in range(_CELLS):
                above = row[cell:]
                lates[cell] += math.sumprod(above, late[: _CELLS - cell])
                ended[cell] += math.sumprod(above, end[: _CELLS - cell])
        known = min(cell * self._step + miss * late for cell, late in enumerate(lates))
        return [
            (cell * self._step - known) * (1.0 - share) + miss / _HORIZON * share for cell, share in enumerate(ended)
        ]


def _late(seconds: float, tail: float) -> float:
    """Return the chance that a sample is not there so long before the edge."""
    part = seconds / tail
    return 0.0 if part <= 0.0 else 1.0 if part >= 1.0 else part * part


@lru_cache(maxsize=64)
def _chances(tail: float, step: float) -> tuple[list[float], list[float]]:
    """Return by places before the edge the chances that a sample is not there, and that the waiting ends with it."""
    late = [_late(cell * step, max(tail, step)) for cell in range(_CELLS)]
    return late, [_HORIZON * share / (1.0 + _HORIZON * share) for share in late]


def _normalized(beliefs: list[float]) -> array[float]:
    total = sum(beliefs)
    return array("f", [belief / total for belief in beliefs])


def _unpacked(text: str | None) -> array[float] | None:
    """Return beliefs from storage, None if they are damaged."""
    try:
        beliefs = array("f", struct.unpack(f"<{_COUNT}e", binascii.a2b_base64(text or "")))
    except struct.error, ValueError:
        return None
    return beliefs if all(0.0 <= belief <= 1.0 for belief in beliefs) and sum(beliefs) > 0.0 else None
