"""The age from which on all samples are there, followed sample by sample once it is known how delays are spread."""

import math
from array import array
from collections.abc import Iterable
from enum import Enum, auto

from ..enerclo import Json
from ..readings.store import a_dict, a_list, a_number, within

_CELLS, _STEP = 48, 0.15  # places of the edge that are weighed, and their distance in spreads
_CALM, _DRIFTING, _LOSING = range(3)
_WANDER = (0.007, 0.04, 0.007)  # spreads that the edge may move with a sample (standard deviation), by mode
_CHANGE = 1e-5  # chance that the mode changes with a sample
_ODD = 1e-4  # chance that a sample is late, or is not, wherever the edge is
_NONE_LOST, _LEAST_LOST, _MOST_LOST = 3e-4, 5e-3, 0.9  # share of lost samples where none are, and where some are
_FIRST, _MOST = 60, 4000  # samples for which what is believed of that share counts
# How fast the drift follows: unsure at first by a spread of the place and by a 200th of it per sample of the drift,
# as if it had seen so many samples at most; share of itself that it loses with a sample.
_SLOW, _MEMORY, _FADING = 200, 2000, 1.5e-4
_FASTEST = 0.02  # s per sample; 6 s a day
_BOLD, _BOLDER = 0.15, 10.0  # by how much less a miss counts per spread of doubt, and more with the share lost
_QUIET, _PROBE = 3000.0, 2.0  # samples in a row, none of them late, after which to ask so many spreads earlier
_FAR = math.sqrt(6.0)  # standard deviations from the middle of a triangular distribution to its end
_LEAST = 1e-9


class Outcome(Enum):
    """What became of a sample that was asked for."""

    FOUND = auto()
    MISSED = auto()
    """Not there, and a newer one was at the next poll: late or lost."""
    LOST = auto()
    """Not there, nor at the next poll, at which no newer one was."""
    LATE = auto()
    """Not there, but at the next poll."""


class Edge:
    """Weighs by Bayes where the edge is, and in which of three modes: it stays, it drifts, or uploads are lost.

    A sample that was not there was late or lost. If late, asking later helps; if lost, it does not: only what follows
    tells. Before the edge delays end as a triangular distribution does. Between two samples the edge may wander; how
    it went in the long run is its drift. Each place of the edge has its own belief of the share that is lost.
    """

    def __init__(self, spread: float, origin: float) -> None:
        """Begin with nothing believed; `spread`: standard deviation of the delay, `origin`: age of the first cell."""
        self.spread = spread
        self._step = _STEP * spread
        self._origin = origin
        self._beliefs = [array("d", [_LEAST] * _CELLS) for _ in _WANDER]
        self._losses = array("d", [_LEAST_LOST] * _CELLS)
        self._count, self._drift, self._quiet = float(_FIRST), 0.0, 0.0

    @classmethod
    def learnt(cls, spread: float, guesses: Iterable[tuple[float, float, float, float]]) -> Edge:
        """Return what follows from guesses: their weight, edge, its standard deviation, and share of lost samples."""
        rows = list(guesses)
        total = sum(row[0] for row in rows)
        middle = sum(weight * place for weight, place, _, _ in rows) / total
        edge = cls(spread, middle - _CELLS / 2 * _STEP * spread)
        edge._losses = array("d", [max(sum(row[0] * row[3] for row in rows) / total, 0.01)] * _CELLS)
        for weight, place, deviation, loss in rows:
            wide = math.hypot(deviation, 0.3 * spread)
            modes = (_CALM, _DRIFTING) if loss < _LEAST_LOST else (_LOSING,)
            for cell in range(_CELLS):
                off = min(abs(edge._origin + cell * edge._step - place) / wide, 30.0)
                for mode in modes:
                    edge._beliefs[mode][cell] += weight / len(modes) * math.exp(-0.5 * off * off) / wide
        edge._normalize()
        return edge

    @classmethod
    def restored(cls, state: Json) -> Edge | None:
        """Return what dump returned, None if it is damaged."""
        stored = a_dict(state)
        spread, origin = within(stored.get("spread"), 0.01, 1000.0), a_number(stored.get("origin"))
        count, drift = within(stored.get("count"), _FIRST, _MOST), within(stored.get("drift"), -_FASTEST, _FASTEST)
        rows = [_cells(row) for row in [*a_list(stored.get("beliefs")), stored.get("losses")]]
        if spread is None or origin is None or count is None or drift is None or len(rows) != len(_WANDER) + 1:
            return None
        if (found := [row for row in rows if row is not None]) != rows:
            return None
        edge = cls(spread, origin)
        *edge._beliefs, edge._losses = found
        edge._count, edge._drift = count, drift
        edge._quiet = within(stored.get("quiet"), 0.0, 1e9) or 0.0
        edge._normalize()
        return edge

    def dump(self) -> dict[str, Json]:
        """Return what is believed as JSON for storage."""
        return {
            "spread": self.spread,
            "origin": round(self._origin, 3),
            "beliefs": [[round(belief, 5) for belief in row] for row in self._beliefs],
            "losses": [round(loss, 4) for loss in self._losses],
            "count": self._count,
            "drift": round(self._drift, 7),
            "quiet": round(self._quiet, 1),
        }

    @property
    def place(self) -> float:
        """The age at which the edge is believed to be."""
        return self._origin + self._step * self._mean()

    @property
    def loss(self) -> float:
        """The share of samples that is believed to be lost."""
        return sum(belief * loss for belief, loss in zip(self._beliefs[_LOSING], self._losses, strict=True))

    @property
    def probing(self) -> bool:
        """Whether none was late for so long that the edge may have moved down unnoticed, until one is."""
        return self._quiet >= _QUIET

    def move(self, seconds: float) -> None:
        """Take all ages for so much more, because the grid was moved."""
        self._origin += seconds

    def see(self, age: float, outcome: Outcome) -> float:
        """Learn from a poll at an age; return the chance that its outcome had."""
        self._wander()
        before = self._mean()
        chance = self._weigh(age, outcome)
        losing = sum(self._beliefs[_LOSING])
        if outcome is Outcome.FOUND:
            self._quiet += 1.0 - losing + self.loss
        else:
            self._quiet *= 0.0 if outcome is Outcome.LATE else losing
        # The gain of a Kalman filter of place and drift.
        number = min(self._count - _FIRST + 1.0, _MEMORY)
        moved = self._step * (self._mean() - before)
        drift = self._drift * (1.0 - _FADING) + moved * number / (number * number + _SLOW * _SLOW)
        self._drift = min(max(drift, -_FASTEST), _FASTEST)
        self._center()
        return chance

    def _wander(self) -> None:
        """Let a sample's time pass."""
        self._origin += self._drift
        self._count = min(self._count + 1.0, _MOST)
        for mode, row in enumerate(self._beliefs):
            share = 0.5 * (_WANDER[mode] / _STEP) ** 2
            padded = [row[0], *row, row[-1]]
            lower, stays, upper = padded[:-2], padded[1:-1], padded[2:]
            if mode == _LOSING:
                losses = [self._losses[0], *self._losses, self._losses[-1]]
            for cell, (left, same, right) in enumerate(zip(lower, stays, upper, strict=True)):
                row[cell] = total = share * (left + right) + (1.0 - 2.0 * share) * same
                if mode == _LOSING:
                    came = share * (left * losses[cell] + right * losses[cell + 2])
                    self._losses[cell] = (came + (1.0 - 2.0 * share) * same * losses[cell + 1]) / total
        for cell, believed in enumerate(zip(*self._beliefs, strict=True)):
            mean = sum(believed) / len(believed)
            for row in self._beliefs:
                row[cell] += _CHANGE * (mean - row[cell])

    def _weigh(self, age: float, outcome: Outcome) -> float:
        gain = 1.0 / self._count
        calm, drifting, losing = self._beliefs
        first = (self._origin - age) / self.spread
        for cell in range(_CELLS):
            late = _ODD + (1.0 - 2.0 * _ODD) * _late(first + cell * _STEP)
            chance, _ = _chance(outcome, late, _NONE_LOST)
            calm[cell] *= chance
            drifting[cell] *= chance
            loss = self._losses[cell]
            chance, lost = _chance(outcome, late, loss)
            losing[cell] *= chance
            self._losses[cell] = min(max(loss + gain * (lost - loss), _LEAST_LOST), _MOST_LOST)
        return self._normalize()

    def _normalize(self) -> float:
        total = max(sum(map(sum, self._beliefs)), 1e-300)
        for row in self._beliefs:
            for cell, belief in enumerate(row):
                row[cell] = max(belief / total, _LEAST)
        return total

    def _center(self) -> None:
        """Keep the edge in the middle third of the cells."""
        while (mean := self._mean()) < _CELLS / 3 or mean > 2 * _CELLS / 3:
            if mean < _CELLS / 3:
                self._beliefs = [array("d", [0.5 * row[0], *row[:-1]]) for row in self._beliefs]
                self._losses = array("d", [self._losses[0], *self._losses[:-1]])
                self._origin -= self._step
            else:
                self._beliefs = [array("d", [*row[1:], 0.5 * row[-1]]) for row in self._beliefs]
                self._losses = array("d", [*self._losses[1:], self._losses[-1]])
                self._origin += self._step
            self._normalize()

    def _mean(self) -> float:
        """Return the cell of the edge."""
        mean: float = sum(cell * sum(believed) for cell, believed in enumerate(zip(*self._beliefs, strict=True)))
        return mean

    def cost(self, age: float, miss: float) -> float:
        """Return the mean seconds from when a sample is there, but for a constant; `miss`: those that a miss costs."""
        first = (self._origin - age) / self.spread
        late = [_late(first + cell * _STEP) for cell in range(_CELLS)]
        missed: float = sum(math.sumprod(row, late) for row in self._beliefs)
        return age + miss / (1.0 - self.loss) * missed

    def best(self, miss: float, *, bold: bool = True) -> float:
        """Return the age that costs least, if a sample that is missed costs so many seconds.

        `bold`: where little is certain a miss counts less, for it teaches; the more so where uploads are lost, because
        there only one late sample in some is seen to be late.
        """
        believed = [sum(beliefs) for beliefs in zip(*self._beliefs, strict=True)]
        mean = sum(cell * belief for cell, belief in enumerate(believed))
        doubt = _STEP * math.sqrt(sum(belief * (cell - mean) ** 2 for cell, belief in enumerate(believed)))
        if bold:
            miss /= 1.0 + (_BOLD + _BOLDER * self.loss) * doubt
        cells = [
            cell * self._step + miss * math.sumprod(believed[cell:], _LATE_BY_CELL[: _CELLS - cell])
            for cell in range(_CELLS)
        ]
        coarse = self._origin + self._step * cells.index(min(cells))
        ages = (coarse + self._step * part / 6.0 for part in range(-5, 6))
        best = min(ages, key=lambda age: self.cost(age, miss))
        return best - _PROBE * self.spread if self.probing else best


def _late(spreads: float) -> float:
    """Return the chance that a sample is not there so many spreads before the edge."""
    part = spreads / _FAR
    if part <= 0.0:
        return 0.0
    if part >= 2.0:
        return 1.0
    return 0.5 * part * part if part <= 1.0 else 1.0 - 0.5 * (2.0 - part) * (2.0 - part)


_LATE_BY_CELL = tuple(_late(cell * _STEP) for cell in range(_CELLS))


def _chance(outcome: Outcome, late: float, loss: float) -> tuple[float, float]:
    """Return the chance of an outcome, given what the next poll showed, and that the sample was lost then."""
    came = 1.0 - loss
    if outcome is Outcome.FOUND:
        return came * (1.0 - late), 0.0
    if outcome is Outcome.LATE:
        return came * late, 0.0
    if outcome is Outcome.LOST:
        return loss, 1.0
    return loss + came * late, loss / (loss + came * late)


def _cells(row: Json) -> array[float] | None:
    """Return a stored row of shares, one per cell, None if it is damaged."""
    found = [within(item, 0.0, 1.0) for item in a_list(row)]
    shares = [item for item in found if item is not None]
    return array("d", shares) if len(shares) == len(found) == _CELLS else None
