"""Energies of the plant (G24): they rise by what their devices' own counters rise, and by nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ..enerclo.model import Json
from .lifetime import NEW_CYCLE
from .numbers import rounded
from .store import a_dict, a_number, dumped, loaded

type Found = Mapping[str, tuple[float | None, date | None]]  # by device: what its counter shows, and of which day


@dataclass(slots=True, kw_only=True)
class Sum:
    """An energy of the plant: what is shown, and of today the day."""

    level: float
    day: date | None = None


@dataclass(slots=True, kw_only=True)
class _Known:
    """A sum with what each device's counter showed last."""

    sum: Sum
    last: dict[str, float] = field(default_factory=dict)


class Sums:
    """The sums over the plant's devices.

    A sum begins when all devices have a value. From then on a device that joins counts from the value it joins with,
    one that leaves keeps what it has counted, and one without a value holds. A sum of today begins anew when all
    devices are on the new day; until then that of the old day stays.
    """

    def __init__(self, state: Json = None) -> None:
        self._known: dict[str, _Known] = {}
        for key, item in a_dict(state).items():
            stored = a_dict(item)
            known = loaded(Sum, stored.get("sum"))
            values = ((sn, a_number(each)) for sn, each in a_dict(stored.get("last")).items())
            last = {sn: value for sn, value in values if value is not None}
            if known is not None:
                self._known[key] = _Known(sum=known, last=last)

    def dump(self) -> dict[str, Json]:
        """Return the sums, for storage; they hold serial numbers."""
        return {key: {"sum": dumped(each.sum), "last": {**each.last}} for key, each in self._known.items()}

    def take(self, key: str, found: Found, *, complete: bool) -> float | None:
        """Return what a sum shows, from its devices' counters; `complete` if none of them lacks a reading."""
        known = self._known.get(key)
        values = {sn: (value, day) for sn, (value, day) in found.items() if value is not None}
        days = {day for _, day in found.values()}
        begins = complete and len(values) == len(found) and len(days) == 1
        if known is None:
            if not begins:
                return None
            self._begin(key, values, days.pop())
        elif begins and days != {known.sum.day} and _later(days, known.sum.day):
            self._begin(key, values, days.pop())
        else:
            self._count_on(known, found, values)
        return self._known[key].sum.level

    def _begin(self, key: str, values: Mapping[str, tuple[float, date | None]], day: date | None) -> None:
        last = {sn: value for sn, (value, _) in values.items()}
        self._known[key] = _Known(sum=Sum(level=rounded(sum(last.values())), day=day), last=last)

    def _count_on(self, known: _Known, found: Found, values: Mapping[str, tuple[float, date | None]]) -> None:
        for sn in known.last.keys() - found.keys():
            del known.last[sn]
        for sn, (value, day) in values.items():
            before = known.last.get(sn)
            if day != known.sum.day:
                continue
            if before is None:
                known.last[sn] = value
            elif value < NEW_CYCLE * before:
                known.sum.level += value
                known.last[sn] = value
            elif value > before:
                known.sum.level += value - before
                known.last[sn] = value
        known.sum.level = rounded(known.sum.level)


def _later(days: set[date | None], day: date | None) -> bool:
    """Return whether the one day of all devices comes after a day; a clock set back by hours begins no new one."""
    return all(each is not None and (day is None or each > day or (day - each).days > 1) for each in days)
