"""G15: whether active powers arrive in kW or in W, each on its own, and whether counters are in kWh."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ...enerclo.model import Json
from ..guards import WRAP, WRAP_END
from ..numbers import rounded
from ..store import a_count, a_dict, a_list
from .stretch import Stretch, counted
from .verdict import Verdict, Votes

KW, W = "kW", "W"
KWH = "1"
UNDECIDED = 1.15  # share of nominal power; while the unit is open, more is no value
LONGEST = 2.0  # hours
LEAST_HOURS, LEAST_SAMPLES, LEAST_RISE = 0.5, 6, 0.5
LEAST_APPARENT, LEAST_SHARE = 0.3, 0.1  # kVA, and share of the nominal power, below which currents tell nothing
LEAST_DIRECT, EXCESS_DIRECT = 0.02, 100.0  # kVA of PV inputs, and how many times that their power cannot be
EXCESS = 10.0  # how many times voltage times current a power cannot be
SAMPLE, STRETCH = 1, 3  # what the evidence of one sample and of half an hour weighs
LATCH, CHANGE, LATCH_ENERGY = 6, 9, 6
# How many times too large a counter reads, by the step of it in kWh.
_STEPS: Mapping[str, float] = {"0.1": 0.1, "0.01": 0.01, "0.001": 0.001}

type Pair = tuple[float, Mapping[str, float]]  # power as sent, and the counters that it feeds
type Evidence = Literal["current", "energy", "quick"]


def tells(apparent: float | None, nominal: float) -> bool:
    """Return whether voltage times current in kVA is enough to hold a power against: near 0 it is not measured."""
    return apparent is not None and apparent >= max(LEAST_APPARENT, LEAST_SHARE * nominal)


class UnitCheck:
    """The unit of one active power: undecided (taken as kW), kW or W.

    Evidence: the rise of a counter against integrated power (0.4 to 2.5 times, or a thousand times that), or apparent
    power against active power. Two kinds of evidence that agree latch, else six samples or two half hours; three half
    hours against it change the latch.
    """

    def __init__(self, nominal: float, state: Json = None, *, forced: str | None = None) -> None:
        stored = a_dict(state)
        self._nominal = nominal
        self._forced = forced if forced in {KW, W} else None
        self._votes = Votes((KW, W), stored.get("votes"), latch=LATCH, change=CHANGE)
        self._kinds = {kind for kind in a_list(stored.get("kinds")) if isinstance(kind, str)}
        self._choice = stored.get("choice")

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {"votes": self._votes.dump(), "kinds": list[Json](sorted(self._kinds)), "choice": self._choice}

    @property
    def forced(self) -> bool:
        """Whether the user chose the unit."""
        return self._forced is not None

    @property
    def unit(self) -> str | None:
        """The unit that the user chose, else the one decided."""
        return self._forced or self._votes.verdict

    def verdict(self, name: str) -> Verdict:
        """Return the verdict with its evidence."""
        return self._votes.as_verdict(name, KW)

    def vote(self, choice: str, kind: Evidence, at: datetime, **evidence: float) -> None:
        """Take a piece of evidence."""
        self._kinds = self._kinds | {kind} if choice == self._choice else {kind}
        self._choice = choice
        weight = STRETCH if kind == "energy" else SAMPLE
        enough = len(self._kinds) > 1 and self._votes.verdict is None
        self._votes.vote(choice, at, LATCH if enough else weight, **evidence)

    def in_wrap_zone(self, raw: float) -> bool:
        """G2: whether a power may be a negative one read as unsigned."""
        return WRAP - 3 * self._nominal <= raw <= WRAP_END

    def current_rule(self, power: float, apparent: float, at: datetime) -> None:
        """Vote by a power as sent against voltage times current of the same lines, in kVA."""
        if not tells(apparent, self._nominal) or self.in_wrap_zone(power):
            return
        ratio = abs(power) / apparent
        if (choice := _choice(ratio, 0.2, 1.3)) is not None:
            self.vote(choice, "current", at, ratio=ratio, apparent_power=apparent)

    def scale(
        self, raw: float, unit: str | None = None, *, watts: bool | None = None
    ) -> tuple[float | None, str | None]:
        """Return a power as sent in kW, and the guard that changed or rejected it.

        `unit` is that of the other powers; it holds while this one's is not decided. `watts` says what the sample as
        a whole shows: None if it shows nothing, False if this power is a glitch in it.
        """
        nominal, unit = self._nominal, self.unit or unit
        if unit == W:
            kilowatts = rounded(raw / 1000, 6)
            return (kilowatts, "G15") if abs(kilowatts) <= 3 * nominal else (None, "G15")
        if self.in_wrap_zone(raw):
            return (rounded(raw - WRAP), "G2") if unit == KW else (None, "G2")
        if unit == KW:
            return (raw, None) if abs(raw) <= 3 * nominal else (None, "G15")
        beyond = abs(raw) > 3 * nominal
        if watts is False:
            return None, "G15"
        if watts or beyond:
            kilowatts = rounded(raw / 1000, 6)
            return (kilowatts, "G15") if abs(kilowatts) <= 3 * nominal else (None, "G15")
        return (None, "G15") if abs(raw) > UNDECIDED * nominal else (raw, None)


class EnergyUnit:
    """Whether energy counters are in kWh, by powers whose unit the same samples show; reported, never applied.

    Evidence: half hours in which counters rise 10, 100 or 1000 times as much as power says. Six in a row latch.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._votes = Votes((KWH, *_STEPS), stored.get("votes"), latch=LATCH_ENERGY, change=LATCH_ENERGY)
        self._count = a_count(stored.get("count"))

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {"votes": self._votes.dump(), "count": self._count}

    def verdict(self) -> Verdict:
        """Return the verdict with its evidence."""
        return self._votes.as_verdict("energy_unit", KWH)

    def learn(self, ratio: float, mean: float, at: datetime) -> None:
        """Vote by integrated power in kW over the rise of counters."""
        for step, factor in {KWH: 1.0, **_STEPS}.items():
            if 0.4 * factor <= ratio <= 2.5 * factor:
                self._votes.vote(step, at, ratio=ratio, times=1 / factor, mean_power=mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRatio:
    """Half an hour of a power and its counters: integrated power as sent over the counters' rise."""

    ratio: float
    mean: float
    rise: float


class EnergyStretches:
    """Stretches of samples, one for each power, over which power as sent is held against its counters."""

    def __init__(self, state: Json = None) -> None:
        self._stretches = {name: Stretch(item) for name, item in a_dict(state).items()}

    def dump(self) -> dict[str, Json]:
        """Return the stretches so far, for storage."""
        return {name: each.dump() for name, each in self._stretches.items()}

    def add(self, pairs: Mapping[str, Pair], at: datetime) -> dict[str, EnergyRatio]:
        """Take a sample and return the stretches that it completes."""
        for name in [name for name in self._stretches if name not in pairs]:
            del self._stretches[name]
        found = {}
        for name, (power, counters) in pairs.items():
            if (stretch := self._stretches.get(name)) is None:
                stretch = self._stretches[name] = Stretch()
            stretch.add(at, {"power": abs(power)}, counters, LONGEST)
            rise = sum(stretch.rise(counter) for counter in counted(counters))
            if stretch.hours < LEAST_HOURS - 1e-9 or stretch.count < LEAST_SAMPLES or rise < LEAST_RISE - 1e-9:
                continue
            found[name] = EnergyRatio(ratio=stretch.integral("power") / rise, mean=stretch.mean("power"), rise=rise)
            stretch.restart(at, {"power": abs(power)}, counters)
        return found

    def clear(self, name: str) -> None:
        """Forget the stretch of a power."""
        self._stretches.pop(name, None)


def power_choice(ratio: float) -> str | None:
    """Return the unit that integrated power over a counter's rise speaks for."""
    return _choice(ratio, 0.4, 2.5)


def sample_in_watts(
    powers: Iterable[tuple[str, float, float | None]],
    nominal: float,
    in_wrap_zone: Iterable[str],
    *,
    direct: bool = False,
) -> dict[str, bool]:
    """Return of each power that cannot be in kW whether all of the sample is in W (else it is a glitch).

    `powers` are names, powers as sent and voltage times current in kVA (None: not known), one for each flow. One
    power alone proves nothing of the others: at least two must be beyond what can be, and no fewer than are not.
    `direct` says that voltages and currents are those of PV inputs, which small currents tell about too.
    """
    wrapped = set(in_wrap_zone)
    live = [(name, abs(raw), apparent) for name, raw, apparent in powers if raw and name not in wrapped]
    beyond = {
        name
        for name, raw, apparent in live
        if raw > 3 * nominal
        or (apparent is not None and tells(apparent, nominal) and raw > EXCESS * apparent)
        or (apparent is not None and direct and apparent >= LEAST_DIRECT and raw > EXCESS_DIRECT * apparent)
    }
    others = len(live) - len(beyond)
    if not beyond:
        return {}
    if not others or (len(beyond) >= 2 and len(beyond) >= others):
        return {name: True for name, _, _ in live}
    return dict.fromkeys(beyond, False)


def _choice(ratio: float, low: float, high: float) -> str | None:
    if low <= ratio <= high:
        return KW
    return W if 1000 * low <= ratio <= 1000 * high else None
