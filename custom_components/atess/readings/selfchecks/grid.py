"""G17: the sign of grid power, and which of the two grid counters is import."""

from collections.abc import Mapping
from datetime import datetime

from ...enerclo.model import Json
from ..store import a_dict
from .battery import INVERTED, NORMAL
from .stretch import NO_RISE, Stretch, counted
from .verdict import Verdict, Votes

SWAPPED = "swapped"
LEAST_HOURS, LEAST_RISE, LEAST_POWER, DARK = 0.5, 0.2, 0.2, 0.05
LONGEST = 3.0


class GridCheck:
    """Sign of grid power (as sent: + export) and orientation of the grid counters.

    Evidence: at least 30 minutes in which one grid counter rises by 0.2 kWh and the other not at all. At night without
    discharge a site can only import: such a vote counts for both. By day the sign of power tells the counter; that
    counts once the sign is decided, else only where it confirms the assumed order or nothing can decide the sign.
    The sign latches after three votes, of nights or of the balance of powers, the orientation after two votes on a PCS,
    else after three; three opposite ones change either.
    """

    def __init__(self, *, assumed: bool, state: Json = None) -> None:
        stored = a_dict(state)
        self._assumed = assumed
        self.sign = Votes((NORMAL, INVERTED), stored.get("sign"), latch=3, change=3)
        self._counters = Votes((NORMAL, SWAPPED), stored.get("counters"), latch=3 if assumed else 2, change=3)
        self._stretch = Stretch(stored.get("window"))

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {"sign": self.sign.dump(), "counters": self._counters.dump(), "window": self._stretch.dump()}

    @property
    def orientation(self) -> str | None:
        """Return the verdict on the counters: `normal`, `swapped`, or None."""
        return self._counters.verdict

    def verdicts(self) -> tuple[Verdict, Verdict]:
        """Return the verdicts on sign and counters with their evidence."""
        return self.sign.as_verdict("grid_sign", NORMAL), self._counters.as_verdict("grid_counters", NORMAL)

    def learn(
        self,
        power: float | None,
        pv: float | None,
        counters: Mapping[str, float],
        at: datetime,
        *,
        swapped_sign: bool,
        sign_known: bool | None = None,
        may_be_inverted: bool = True,
    ) -> None:
        """Learn from a fresh sample: grid power as sent and PV power in kW, counters in kWh.

        Counters: `import` and `export` by their assumed meaning, `discharge` of the battery where there is one, each
        perhaps also with `_today`. `swapped_sign` says that positive power is known to be import, `sign_known` whether
        the sign was decided: False while it is about to be, None if it cannot be. Where the power may have no sign at
        all, `may_be_inverted` False, nothing is held against it.
        """
        if power is None or not {"import", "export"} <= counted(counters):
            self._stretch.clear()
            return

        def decides() -> bool:
            """Vote if the stretch is long enough, and return whether it is."""
            stretch = self._stretch
            imported, exported = stretch.rise("import"), stretch.rise("export")
            if imported > NO_RISE and exported > NO_RISE:
                return True
            if stretch.hours < LEAST_HOURS - 1e-9 or max(imported, exported) < LEAST_RISE - 1e-9:
                return False
            dark = pv is not None and stretch.integral("pv") == 0
            night = dark and "discharge" in counted(counters) and stretch.rise("discharge") <= NO_RISE
            self._vote(at, night=night, swapped_sign=swapped_sign, sign_known=sign_known, sign_counts=may_be_inverted)
            return True

        powers = {"power": power} if pv is None else {"power": power, "pv": max(0.0, pv - DARK)}
        self._stretch.judge(at, powers, counters, longest=LONGEST, decides=decides)

    def _vote(
        self, at: datetime, *, night: bool, swapped_sign: bool, sign_known: bool | None, sign_counts: bool
    ) -> None:
        """Vote by a stretch in which one counter rose: by night on sign and counters, by day on the counters."""
        stretch = self._stretch
        imported, exported, mean = stretch.rise("import"), stretch.rise("export"), stretch.mean("power")
        evidence = {"mean_power": mean, "imported": imported, "exported": exported}
        if night:
            self._counters.vote(NORMAL if imported > exported else SWAPPED, at, **evidence)
            if abs(mean) >= LEAST_POWER and (mean < 0 or sign_counts):
                self.sign.vote(NORMAL if mean < 0 else INVERTED, at, **evidence)
        elif abs(mean) >= LEAST_POWER and (mean < 0 or sign_counts):
            importing = (mean < 0) is not swapped_sign
            choice = NORMAL if (imported > exported) is importing else SWAPPED
            confirms = choice == NORMAL if self._assumed else self._counters.verdict in {None, choice}
            if sign_known or (confirms and (self._assumed or sign_known is None)):
                self._counters.vote(choice, at, **evidence)
