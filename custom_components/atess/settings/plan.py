"""Build the body of a change, and compare it with the read-back."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose

from ..catalogue.settings import REPORT_ONLY
from ..enerclo.model import Json

# Clouds of this lineage send numbers through 32-bit floats.
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Differences of a read-back, by the cloud's key: requested members with another value, and others that changed."""

    wrong: Mapping[str, Json]
    moved: Mapping[str, Json]
    untouched: bool
    """All members that are wrong still have the value from before: the change may only be late."""

    @property
    def confirmed(self) -> bool:
        """Whether all that was asked for is there, and nothing else has changed."""
        return not self.wrong and not self.moved


def same(one: Json, other: object) -> bool:
    """Return whether two values of a member are the same: numbers up to the rounding of a 32-bit float."""
    if isinstance(one, bool) or isinstance(other, bool):
        return type(one) is type(other) and one == other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=1e-9)
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    return one == other


def body_of(members: Mapping[str, Json], changes: Mapping[str, Json]) -> dict[str, Json]:
    """Return the whole object to send: what was read, with the changes, without members that only report."""
    return {key: value for key, value in {**members, **changes}.items() if key not in REPORT_ONLY}


def compare(before: Mapping[str, Json], asked: Mapping[str, Json], after: Mapping[str, Json]) -> Comparison:
    """Hold a read-back against what was asked and against what was read before."""
    wrong = {key: after.get(key) for key, value in asked.items() if key not in after or not same(value, after[key])}
    keys = (before.keys() | after.keys()) - asked.keys() - REPORT_ONLY
    moved = {
        key: after.get(key)
        for key in sorted(keys)
        if (key in before) != (key in after) or not same(before[key], after[key])
    }
    untouched = all(key in after and same(before.get(key), after[key]) for key in wrong)
    return Comparison(wrong=wrong, moved=moved, untouched=untouched)
