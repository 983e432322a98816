"""G15: whether active powers arrive in kW or in W."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from ...enerclo.model import Json
from ..guards import WRAP, WRAP_END
from ..numbers import clean
from ..store import a_dict
from .verdict import Verdict, Votes
from .window import Window, counted

KW, W = "kW", "W"
LONGEST = 2.0  # hours
LEAST_HOURS, LEAST_SAMPLES, LEAST_RISE = 0.5, 6, 0.5
LEAST_APPARENT = 1.0  # kVA
LEAST_SEEN, LEAST_EXCESS = 0.1, 10.0  # kVA below which currents tell little, and how far beyond is impossible

type Pair = tuple[float, Mapping[str, float]]  # power as sent, and the counters that it feeds


class UnitCheck:
    """The unit of a device's active powers: undecided (taken as kW), kW or W.

    Evidence: the rise of a counter against integrated power (0.4 to 2.5 times, or a thousand times that), or apparent
    power against active power. Two equal votes in a row latch; three opposite ones change the latch.
    """

    def __init__(self, nominal: float, state: Json = None, *, forced: str | None = None) -> None:
        stored = a_dict(state)
        self._nominal = nominal
        self._forced = forced if forced in {KW, W} else None
        self._votes = Votes((KW, W), stored.get("votes"), latch=2, change=3)
        self._in_watts = False
        self._windows = {name: Window(item) for name, item in a_dict(stored.get("windows")).items()}

    def dump(self) -> dict[str, Json]:
        """Return what was learnt, for storage."""
        return {"votes": self._votes.dump(), "windows": {name: each.dump() for name, each in self._windows.items()}}

    @property
    def unit(self) -> str | None:
        """The unit that the user chose, else the one decided."""
        return self._forced or self._votes.verdict

    def verdict(self, name: str) -> Verdict:
        """Return the verdict with its evidence."""
        return self._votes.as_verdict(name, KW)

    def look(self, powers: Iterable[float], known: Iterable[tuple[float, float | None]] = ()) -> None:
        """Take all powers of a sample as sent: one that cannot be in kW shows the unit of all.

        It cannot beyond three times the nominal power, or far beyond its own voltage times current: `known` holds such
        pairs, the latter in kVA (None: not sent).
        """
        beyond = any(abs(raw) > 3 * self._nominal and not self.in_wrap_zone(raw) for raw in powers)
        self._in_watts = beyond or any(
            apparent is not None and abs(raw) > LEAST_EXCESS * max(apparent, LEAST_SEEN) and not self.in_wrap_zone(raw)
            for raw, apparent in known
        )

    def quick_vote(self, at: datetime) -> None:
        """Vote by a sample that cannot be in kW; for a power that nothing else can be held against."""
        if self._in_watts:
            self._votes.vote(W, at)

    def in_wrap_zone(self, raw: float) -> bool:
        """G2: whether a power may be a negative one read as unsigned."""
        return WRAP - 3 * self._nominal <= raw <= WRAP_END

    def scale(self, raw: float) -> tuple[float | None, str | None]:
        """Return a power as sent in kW, and the guard that changed or rejected it."""
        nominal = self._nominal
        if self.unit == W:
            kilowatts = clean(raw / 1000, 6)
            return (kilowatts, "G15") if abs(kilowatts) <= 3 * nominal else (None, "G15")
        if self.in_wrap_zone(raw):
            return (clean(raw - WRAP), "G2") if self.unit == KW else (None, "G2")
        if self.unit == KW:
            return (raw, None) if abs(raw) <= 3 * nominal else (None, "G15")
        if self._in_watts or abs(raw) > 3 * nominal:
            return clean(raw / 1000, 6), "G15"
        return (None, "G15") if abs(raw) > 1.5 * nominal else (raw, None)

    def current_rule(self, power: float, apparent: float, at: datetime) -> None:
        """Vote by a power as sent against voltage times current of the same lines, in kVA."""
        if apparent < LEAST_APPARENT or self.in_wrap_zone(power):
            return
        ratio = abs(power) / apparent
        if (choice := _choice(ratio, 0.2, 1.3)) is not None:
            self._votes.vote(choice, at, ratio=ratio, apparent_power=apparent)

    def energy_rule(self, pairs: Mapping[str, Pair], at: datetime) -> None:
        """Vote by powers as sent against the rise of their counters, in kWh."""
        for name in [name for name in self._windows if name not in pairs]:
            del self._windows[name]
        for name, (power, counters) in pairs.items():
            window = self._windows.setdefault(name, Window())
            if self.in_wrap_zone(power):
                window.clear()
                continue
            window.add(at, {"power": abs(power)}, counters, LONGEST)
            rise = sum(window.rise(counter) for counter in counted(counters))
            if window.hours < LEAST_HOURS - 1e-9 or window.count < LEAST_SAMPLES or rise < LEAST_RISE - 1e-9:
                continue
            ratio = window.integral("power") / rise
            if (choice := _choice(ratio, 0.4, 2.5)) is not None:
                self._votes.vote(choice, at, ratio=ratio, mean_power=window.mean("power"), energy=rise)
            window.restart(at, {"power": abs(power)}, counters)


def _choice(ratio: float, low: float, high: float) -> str | None:
    if low <= ratio <= high:
        return KW
    return W if 1000 * low <= ratio <= 1000 * high else None
