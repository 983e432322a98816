"""Check whether the DC side power of a PCS with PBDs is battery power alone, or includes the output of the PBDs."""

from datetime import datetime

from ...enerclo.model import Json
from ..store import a_dict
from .stretch import Stretch
from .verdict import Verdict, Votes

DC_SIDE, BATTERY = "dc_side", "battery"
LEAST_HOURS, LEAST_RISE, LEAST_OUTPUT = 0.5, 0.5, 0.5
LONGEST = 3.0
CLOSE, FAR, STILL = 0.2, 0.4, 0.1  # shares of what the counters moved


class PcsBattery:
    """Whether the output of its PBDs is in a PCS's DC side power (assumed), or that is battery power already.

    Evidence: at least 30 minutes in which the PBDs deliver 0.5 kWh and the PCS's own charge and discharge counters move
    by 0.5 kWh. One reading is within a fifth of what they moved, and the other off by two fifths; or battery power
    without the PBDs' output stays at 0 while they move. Three equal votes in a row latch, three opposite ones change.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._votes = Votes((DC_SIDE, BATTERY), stored.get("votes"), latch=3, change=3)
        self._stretch = Stretch(stored.get("window"))

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {"votes": self._votes.dump(), "window": self._stretch.dump()}

    @property
    def meaning(self) -> str | None:
        """Return the verdict."""
        return self._votes.verdict

    def verdict(self) -> Verdict:
        """Return the verdict with its evidence."""
        return self._votes.as_verdict("pcs_battery", DC_SIDE)

    def learn(
        self, side: float | None, output: float | None, charged: float | None, discharged: float | None, at: datetime
    ) -> None:
        """Learn from a fresh sample: DC side and PBDs' output in kW, + towards the PCS, and the counters in kWh."""
        if side is None or output is None or charged is None or discharged is None:
            self._stretch.clear()
            return
        powers = {"side": side, "output": output, "rest": abs(side - output)}
        counters = {"charge": charged, "discharge": discharged}
        self._stretch.judge(at, powers, counters, longest=LONGEST, decides=lambda: self._decides(at))

    def _decides(self, at: datetime) -> bool:
        """Vote if the stretch is long enough, and return whether it is."""
        stretch = self._stretch
        moved = stretch.rise("charge") + stretch.rise("discharge")
        delivered = abs(stretch.integral("output"))
        if stretch.hours < LEAST_HOURS - 1e-9 or moved < LEAST_RISE - 1e-9 or delivered < LEAST_OUTPUT:
            return False
        net = stretch.rise("discharge") - stretch.rise("charge")
        alone = abs(stretch.integral("side") - net)
        without = abs(stretch.integral("side") - stretch.integral("output") - net)
        choice = None
        if (alone <= CLOSE * moved and without >= FAR * moved) or stretch.integral("rest") <= STILL * moved:
            choice = BATTERY
        elif without <= CLOSE * moved and alone >= FAR * moved:
            choice = DC_SIDE
        if choice is not None:
            self._votes.vote(choice, at, moved=moved, as_battery=alone, as_dc_side=without)
        return True
