"""Whether a power has a sign at all: one that is never negative while both of its counters rise has none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...enerclo.model import Json
from ..store import dumped, loaded
from .verdict import Verdict

SIGNED, UNSIGNED = "signed", "unsigned"
NEGATIVE, ENOUGH = -0.1, 3  # kW, and samples of it
LEAST_FLOW, NO_FLOW = 1.0, 0.2  # kWh
LONGEST_STEP = timedelta(minutes=30)  # between two samples
ONE_WAY = timedelta(days=1)


@dataclass(slots=True, kw_only=True)
class Seen:
    """Observations of a power and its two counters, which count while it should be negative and positive."""

    since: datetime | None = None
    at: datetime | None = None
    negatives: int = 0
    below: float | None = None
    above: float | None = None
    below_flow: float = 0.0
    above_flow: float = 0.0
    way: int = 0
    unsigned_since: datetime | None = None


class Direction:
    """Whether battery or grid power is signed, and which way energy flows where it is not.

    A power is signed once it was negative in three samples. It is unsigned if it never was while both counters rose by
    1 kWh; then the counter that rose last tells the way.
    """

    def __init__(self, name: str, state: Json = None) -> None:
        self._name = name
        self._seen = loaded(Seen, state) or Seen()

    def dump(self) -> dict[str, Json]:
        """Return what was seen, for storage."""
        return dumped(self._seen)

    @property
    def unsigned(self) -> bool:
        """Whether the power was found to have no sign."""
        return self._seen.unsigned_since is not None

    @property
    def way(self) -> int:
        """Return which counter rose last: -1 for the one of negative power, 1 for the other, 0 if neither has."""
        return self._seen.way

    def may_be_inverted(self, at: datetime) -> bool:
        """Return whether a sign against the counters proves more than that there is none."""
        seen = self._seen
        if seen.negatives >= ENOUGH:
            return True
        if seen.since is None:
            return False
        return at - seen.since >= ONE_WAY and min(seen.below_flow, seen.above_flow) < NO_FLOW

    def verdict(self) -> Verdict:
        """Return the verdict with its evidence."""
        seen = self._seen
        verdict = UNSIGNED if self.unsigned else SIGNED if seen.negatives >= ENOUGH else None
        return Verdict(
            name=self._name,
            verdict=verdict,
            expected=SIGNED,
            evidence={"below": round(seen.below_flow, 1), "above": round(seen.above_flow, 1)},
            since=seen.unsigned_since,
        )

    def learn(
        self,
        power: float | None,
        counters: Mapping[str, float],
        below: str,
        above: str,
        at: datetime,
        *,
        explained: bool = False,
    ) -> None:
        """Learn from a fresh sample: power as sent in kW, and the counters of negative and positive power in kWh.

        `explained` says that other powers confirm the sign as sent, whatever the counters do.
        """
        seen = self._seen
        low, high = (counters.get(name, counters.get(f"{name}_today")) for name in (below, above))
        if power is not None and power <= NEGATIVE:
            seen.negatives = min(ENOUGH, seen.negatives + 1)
            if seen.negatives >= ENOUGH:
                seen.unsigned_since = None
        if power is None or low is None or high is None:
            seen.at = None
            return
        seen.since = seen.since or at
        if seen.at is not None and seen.below is not None and seen.above is not None and at - seen.at <= LONGEST_STEP:
            rises = low - seen.below, high - seen.above
            if min(rises) >= 0 and max(rises) > 0:
                seen.below_flow += 0.0 if explained else rises[0]
                seen.above_flow += rises[1]
                seen.way = 1 if rises[1] > rises[0] else -1 if rises[0] > rises[1] else seen.way
        seen.at, seen.below, seen.above = at, low, high
        if not seen.negatives and seen.unsigned_since is None and min(seen.below_flow, seen.above_flow) >= LEAST_FLOW:
            seen.unsigned_since = at
