"""Guards on a device's first samples: truncated cell voltages (G3), unfitted sensors (G9), single phase (G10)."""

import re
from collections.abc import Iterable, Mapping

from ..enerclo.model import Json
from .guards import Numbers
from .store import a_count, a_dict, a_list

ENOUGH = 12
LIVE_PHASE = 50.0
DEAD_PHASE = 5.0

# The phases that tell: of the grid, else of the output while the grid is away.
_PHASES = (
    ("grid_voltage_l1", "grid_voltage_l2", "grid_voltage_l3"),
    ("grid_voltage_l1_l2", "grid_voltage_l2_l3", "grid_voltage_l3_l1"),
    ("output_voltage_l1", "output_voltage_l2", "output_voltage_l3"),
    ("output_voltage_l1_l2", "output_voltage_l2_l3", "output_voltage_l3_l1"),
)
_OTHER_PHASE = re.compile(r".*_(?:voltage|current)_(?:l2_l3|l3_l1|l[23])")


class FirstSamples:
    """Decide from the first fresh samples which values a device has."""

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._whole = a_count(stored.get("whole"))
        self._fitted = {key for key in a_list(stored.get("fitted")) if isinstance(key, str)}
        self._single = a_count(stored.get("single"))
        self._three = stored.get("three") is True

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {
            "whole": self._whole,
            "fitted": list[Json](sorted(self._fitted)),
            "single": self._single,
            "three": self._three,
        }

    def truncated_cells(self, numbers: Numbers, *, learn: bool) -> list[str]:
        """G3: whole volts in 12 fresh samples beside an average that is not whole; returns the keys changed."""
        keys = ("cell_voltage_maximum", "cell_voltage_minimum")
        highest, lowest = (numbers.get(key) for key in keys)
        average = numbers.get("cell_voltage_average")
        if highest is None or lowest is None:
            return []
        whole = highest.is_integer() and lowest.is_integer()
        if learn:
            if not whole:
                self._whole = 0
            elif average is not None and not average.is_integer():
                self._whole = min(ENOUGH, self._whole + 1)
        if not whole or self._whole < ENOUGH:
            return []
        numbers.update(dict.fromkeys(keys))
        return list(keys)

    def unfitted_sensors(self, numbers: Numbers, keys: Iterable[str], *, learn: bool) -> list[str]:
        """G9: a device temperature of exactly 0.0 from the first sample on is not fitted, until it changes."""
        changed: list[str] = []
        for key in keys:
            value = numbers.get(key)
            if value is None or key in self._fitted:
                continue
            if value != 0:
                if learn:
                    self._fitted.add(key)
            else:
                numbers[key] = None
                changed.append(key)
        return changed

    def single_phase(self, numbers: Mapping[str, float | None], *, learn: bool) -> bool:
        """G10: whether L2 and L3 are dead while L1 lives, in all of the first 12 samples that tell."""
        if self._three:
            return False
        dead = _other_phases_dead(numbers)
        if dead is None:
            return self._single > 0
        if learn:
            self._single = min(ENOUGH, self._single + 1) if dead else self._single
            self._three = not dead
        return dead


def other_phase(key: str) -> bool:
    """Return whether a key is a voltage or current of L2 or L3."""
    return _OTHER_PHASE.fullmatch(key) is not None


def _other_phases_dead(numbers: Mapping[str, float | None]) -> bool | None:
    for first, second, third in _PHASES:
        one, two, three = numbers.get(first), numbers.get(second), numbers.get(third)
        if one is None or two is None or three is None:
            continue
        if max(two, three) >= DEAD_PHASE:
            return False
        if one > LIVE_PHASE:
            return True
    return None
