"""Tariff windows as people give them, laid into the periods that a device has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from . import Period, SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffWindow:
    """A tariff window: peak, flat or valley; start and end in minutes from midnight, the end up to 1440."""

    tariff: str
    start: int
    end: int


def lay_windows(
    present: Mapping[str, Period],
    guessed: Mapping[str, str],
    windows: Iterable[TariffWindow],
    clear: Iterable[str],
) -> dict[str, Period]:
    """Return the periods to write, by key: those of the tariffs that are named, filled in order, the rest unused.

    Tariffs that are neither in `windows` nor in `clear` stay as they are. `guessed` holds the cloud's key of those of
    the present periods that the user has not confirmed.

    Raises:
        SettingError: A period of a tariff that is named is not confirmed; a device has none or too few; two windows
            overlap, or one has no length.
    """
    wanted: dict[str, list[TariffWindow]] = {tariff: [] for tariff in clear}
    for window in windows:
        wanted.setdefault(window.tariff, []).append(window)
    changes: dict[str, Period] = {}
    for tariff, items in wanted.items():
        slots = [key for number in range(1, 6) if (key := f"{tariff}_period_{number}") in present]
        if not slots:
            raise SettingError("not_reported", f"{tariff}_period_1")
        if unsure := [key for key in slots if key in guessed]:
            keys = ", ".join(guessed[key] for key in unsure)
            raise SettingError("windows_not_confirmed", unsure[0], cloud_keys=keys)
        if len(items) > len(slots):
            raise SettingError("too_many_windows", f"{tariff}_period_1", count=str(len(items)), slots=str(len(slots)))
        unused = next((present[key] for key in slots if not present[key].used), None)
        for number, key in enumerate(slots):
            if number < len(items):
                period = Period(start=items[number].start, end=items[number].end)
                if not period.used:
                    raise SettingError("empty_window", key, value=period.text)
                changes[key] = period
            elif present[key].used:
                changes[key] = unused or Period(start=0, end=0)
    _check_overlaps({**present, **changes}, changes)
    return changes


def _check_overlaps(periods: Mapping[str, Period], changes: Mapping[str, Period]) -> None:
    for (key, period), (other_key, other) in combinations(sorted(periods.items()), 2):
        if (key in changes or other_key in changes) and period.overlaps(other):
            raise SettingError("windows_overlap", key, value=period.text, other=other_key, other_value=other.text)
