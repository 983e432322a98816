"""The age from which on all samples are there, followed sample by sample once it is known how delays are spread."""

import binascii
import math
import struct
from array import array
from collections.abc import Iterable
from enum import Enum, auto
from operator import mul, truediv

from ..enerclo import Json
from ..readings.store import a_dict, a_number, a_text, within

_DAY = 86400.0
_CELLS, _STEP = 20, 0.3  # places of the edge that are weighed, and their distance in spreads
_DRIFTS = (-4.5, -2.0, -0.9, -0.4, 0.0, 0.4, 0.9, 2.0, 4.5)  # s a day that the edge may drift, as quartz clocks do
_ALL, _UPWARD = _CELLS * len(_DRIFTS), _CELLS * (len(_DRIFTS) // 2 + 1)
_STEADY = 0.9  # chance at first that it does not drift
_WANDER, _UNEVEN = 0.004, 0.006  # spreads that it moves besides with a sample (standard deviation); more per s a day
_CHANGE = 1e-5  # chance with a sample that it drifts otherwise, or that uploads begin to be lost, or cease to be
_ODD = 3e-5  # chance that a sample is late, or is not, wherever the edge is
_NONE_LOST, _LEAST_LOST, _MOST_LOST = 8e-4, 4e-3, 0.9  # share of lost samples where none are, and where some are
_FIRST, _MOST = 75.0, 4500.0  # samples for which what is believed of that share counts
# Per spread of doubt: by how much less a miss counts if it teaches, more so with the share lost; how much more if not.
_BOLD, _BOLDER, _TIMID = 8.0, 20.0, 2.0
_RISING = 0.3  # share of the boldness that is needless if the edge rises: it shows itself then
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
    """Weighs by Bayes where the edge is, how fast it drifts, and whether uploads are lost.

    A sample that was not there was late or lost. If late, asking later helps; if lost, it does not: only what follows
    tells. Before the edge delays end as a triangular distribution does. Beliefs are kept for each drift and each place
    (a cell, of which each drift has its row): one that no uploads are lost, one that some are, and the share that is
    lost then. A row goes on with its drift. Its lowest cell stands for all places below, its highest for all above.
    """

    def __init__(self, spread: float, origin: float) -> None:
        """Begin with nothing believed; `spread`: standard deviation of the delay, `origin`: age of the first cell."""
        self.spread = spread
        self._step = _STEP * spread
        self._origin = origin
        self._whole, self._lossy = array("f", [_LEAST] * _ALL), array("f", [_LEAST] * _ALL)
        self._losses = array("f", [_LEAST_LOST] * _ALL)
        self._count, self._days, self._quiet = _FIRST, 0.0, 0.0

    @classmethod
    def learnt(cls, spread: float, guesses: Iterable[tuple[float, float, float, float]]) -> Edge:
        """Return what follows from guesses: their weight, edge, its standard deviation, and share of lost samples."""
        rows = list(guesses)
        total = sum(row[0] for row in rows)
        middle = sum(weight * place for weight, place, _, _ in rows) / total
        edge = cls(spread, middle - _CELLS / 2 * _STEP * spread)
        edge._losses = array("f", [max(sum(row[0] * row[3] for row in rows) / total, 0.01)] * _ALL)
        drifting = (1.0 - _STEADY) / (len(_DRIFTS) - 1)
        for weight, place, deviation, loss in rows:
            wide = math.hypot(deviation, 0.5 * spread)
            beliefs = edge._whole if loss < _LEAST_LOST else edge._lossy
            for number in range(_ALL):
                off = min(abs(edge._origin + number % _CELLS * edge._step - place) / wide, 30.0)
                share = drifting if _DRIFTS[number // _CELLS] else _STEADY
                beliefs[number] += share * weight * math.exp(-0.5 * off * off) / wide
        edge._normalize()
        return edge

    @classmethod
    def restored(cls, state: Json) -> Edge | None:
        """Return what dump returned, None if it is damaged."""
        stored = a_dict(state)
        spread, origin = within(stored.get("spread"), 0.01, 1000.0), a_number(stored.get("origin"))
        count, days = within(stored.get("count"), _FIRST, _MOST), within(stored.get("days"), 0.0, 1e6)
        beliefs = _unpacked(a_text(stored.get("beliefs")))
        if spread is None or origin is None or count is None or days is None or beliefs is None:
            return None
        edge = cls(spread, origin)
        edge._whole, edge._lossy, edge._losses = (beliefs[_ALL * part : _ALL * (part + 1)] for part in range(3))
        edge._count, edge._days = count, days
        edge._quiet = within(stored.get("quiet"), 0.0, 1e9) or 0.0
        edge._normalize()
        return edge

    def dump(self) -> dict[str, Json]:
        """Return what is believed as JSON for storage."""
        return {
            "spread": self.spread,
            "origin": round(self._origin, 3),
            "beliefs": _packed(self._whole + self._lossy + self._losses),
            "count": self._count,
            "days": round(self._days, 4),
            "quiet": round(self._quiet, 1),
        }

    @property
    def place(self) -> float:
        """The age at which the edge is believed to be."""
        return self._origin + self._step * _mean(self._believed())

    @property
    def loss(self) -> float:
        """The share of samples that is believed to be lost."""
        return math.sumprod(self._lossy, self._losses)

    @property
    def probing(self) -> bool:
        """Whether none was late for so long that the edge may have moved down unnoticed, until one is."""
        return self._quiet >= _QUIET

    def move(self, seconds: float) -> None:
        """Take all ages for so much more, because the grid was moved."""
        self._origin += seconds

    def see(self, age: float, outcome: Outcome, period: float) -> float:
        """Learn from a poll at an age, a period after the last; return the chance that its outcome had."""
        self._drift(period)
        self._wander()
        chance = self._weigh(age, outcome)
        losing = sum(self._lossy)
        if outcome is Outcome.FOUND:
            self._quiet += 1.0 - losing + self.loss
        else:
            self._quiet *= 0.0 if outcome is Outcome.LATE else losing
        self._center()
        return chance

    def _drift(self, period: float) -> None:
        before, self._days = self._days, self._days + period / _DAY
        for row, drift in enumerate(_DRIFTS):
            pace = drift / self._step
            cells = round(pace * self._days) - round(pace * before)
            for _ in range(abs(cells)):
                self._shift(row, up=cells > 0)

    def _wander(self) -> None:
        for row, drift in enumerate(_DRIFTS):
            cells = slice(row * _CELLS, (row + 1) * _CELLS)
            share = 0.5 * ((_WANDER + _UNEVEN * abs(drift)) / _STEP) ** 2
            lossy = self._lossy[cells]
            lost = _diffused(array("f", map(mul, lossy, self._losses[cells], strict=True)), share)
            self._lossy[cells] = lossy = _diffused(lossy, share)
            self._losses[cells] = array("f", map(truediv, lost, lossy, strict=True))
            self._whole[cells] = _diffused(self._whole[cells], share)
        for cell, believed in enumerate(self._believed()):
            mean = believed / (2 * len(_DRIFTS))
            for beliefs in (self._whole, self._lossy):
                for number in range(cell, _ALL, _CELLS):
                    beliefs[number] += _CHANGE * (mean - beliefs[number])

    def _weigh(self, age: float, outcome: Outcome) -> float:
        self._count = min(self._count + 1.0, _MOST)
        gain = 1.0 / self._count
        for row, drift in enumerate(_DRIFTS):
            cells = drift / self._step * self._days
            first = (self._origin - age) / self.spread + _STEP * (cells - round(cells))
            for number in range(row * _CELLS, (row + 1) * _CELLS):
                late = _ODD + (1.0 - 2.0 * _ODD) * _late(first + number % _CELLS * _STEP)
                chance, _ = _chance(outcome, late, _NONE_LOST)
                self._whole[number] *= chance
                loss = self._losses[number]
                chance, lost = _chance(outcome, late, loss)
                self._lossy[number] *= chance
                self._losses[number] = min(max(loss + gain * (lost - loss), _LEAST_LOST), _MOST_LOST)
        return self._normalize()

    def _normalize(self) -> float:
        total = max(sum(self._whole) + sum(self._lossy), 1e-300)
        self._whole = array("f", [max(belief / total, _LEAST) for belief in self._whole])
        self._lossy = array("f", [max(belief / total, _LEAST) for belief in self._lossy])
        return total

    def _center(self) -> None:
        """Keep the edge in the middle third of the cells."""
        while not _CELLS / 3 <= (mean := _mean(self._believed())) <= 2 * _CELLS / 3:
            up = mean < _CELLS / 3
            for row in range(len(_DRIFTS)):
                self._shift(row, up=up)
            self._origin += -self._step if up else self._step

    def _shift(self, row: int, *, up: bool) -> None:
        """Move what is believed for a drift by a cell."""
        cells = slice(row * _CELLS, (row + 1) * _CELLS)
        for beliefs in (self._whole, self._lossy):
            lowest, second, *others, last, highest = beliefs[cells]
            if up:
                moved = [lowest / 2.0, lowest / 2.0, second, *others, last + highest]
            else:
                moved = [lowest + second, *others, last, highest / 2.0, highest / 2.0]
            beliefs[cells] = array("f", moved)
        losses = self._losses[cells]
        self._losses[cells] = losses[:1] + losses[:-1] if up else losses[1:] + losses[-1:]

    def _believed(self) -> list[float]:
        """Return what is believed of each place, whatever the drift and the losses."""
        return [sum(self._whole[cell::_CELLS]) + sum(self._lossy[cell::_CELLS]) for cell in range(_CELLS)]

    def cost(self, age: float, miss: float) -> float:
        """Return the mean seconds from when a sample is there, but for a constant; `miss`: those that a miss costs."""
        return self._cost(self._believed(), age, miss / (1.0 - self.loss))

    def _cost(self, believed: list[float], age: float, miss: float) -> float:
        first = (self._origin - age) / self.spread
        return age + miss * math.sumprod(believed, [_late(first + cell * _STEP) for cell in range(_CELLS)])

    def best(self, miss: float, *, bold: bool = True) -> float:
        """Return the age that costs least, if a sample that is missed costs so many seconds.

        `bold`: where little is certain a miss counts less, for it teaches; the more so where uploads are lost, because
        there only one late sample in some is seen to be late. Otherwise it counts more: nobody would notice the error.
        """
        believed, loss = self._believed(), self.loss
        miss /= 1.0 - loss
        mean = _mean(believed)
        doubt = _STEP * math.sqrt(sum(belief * (cell - mean) ** 2 for cell, belief in enumerate(believed)))
        if bold:
            rises = sum(self._whole[_UPWARD:]) + sum(self._lossy[_UPWARD:])
            miss /= 1.0 + (_BOLD * (1.0 - _RISING * rises) + _BOLDER * loss) * doubt
        else:
            miss *= 1.0 + _TIMID * doubt
        cells = [
            cell * self._step + miss * math.sumprod(believed[cell:], _LATE_BY_CELL[: _CELLS - cell])
            for cell in range(_CELLS)
        ]
        coarse = self._origin + self._step * cells.index(min(cells))
        ages = (coarse + self._step * part / 6.0 for part in range(-5, 6))
        best = min(ages, key=lambda age: self._cost(believed, age, miss))
        return best - _PROBE * self.spread if self.probing else best


def _mean(believed: list[float]) -> float:
    """Return the cell of the edge."""
    return math.sumprod(believed, range(_CELLS))


def _diffused(row: array[float], share: float) -> array[float]:
    """Return a row of which each cell gave so great a share to each of its neighbours."""
    padded = [row[0], *row, row[-1]]
    neighbours = zip(padded[:-2], row, padded[2:], strict=True)
    return array("f", [share * (left + right) + (1.0 - 2.0 * share) * same for left, same, right in neighbours])


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


def _packed(shares: array[float]) -> str:
    """Return shares for storage, with three digits each."""
    return binascii.b2a_base64(struct.pack(f"<{len(shares)}e", *shares), newline=False).decode()


def _unpacked(text: str | None) -> array[float] | None:
    """Return what _packed was given, three shares for each number, None if it is damaged."""
    try:
        shares = array("f", struct.unpack(f"<{3 * _ALL}e", binascii.a2b_base64(text or "")))
    except struct.error, ValueError:
        return None
    return shares if all(0.0 <= share <= 1.0 for share in shares) else None
