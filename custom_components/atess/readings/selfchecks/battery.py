"""G16: what `pac` of an HPS means, and which sign battery power has."""

from collections.abc import Mapping
from datetime import datetime

from ...enerclo.model import Json
from ..store import a_count, a_dict, a_list, a_number
from .stretch import NO_RISE, Stretch, counted
from .verdict import Verdict, Votes

BATTERY, INVERTER_OUTPUT = "battery", "inverter_output"
NORMAL, INVERTED = "normal", "inverted"
LEAST_PV = 0.5
BATCH = 6
LEAST_HOURS, LEAST_SAMPLES, LEAST_RISE, LEAST_POWER = 0.25, 3, 0.2, 0.2
LONGEST = 3.0
# What `pac` may be: the share of PV beside it in the balance, and the signs of battery and grid power.
_READINGS = tuple((share, battery, grid) for share in (1, 0) for battery in (1, -1) for grid in (1, -1))


class BatteryMeaning:
    """Whether `pac` is battery power (assumed) or inverter output.

    Evidence: six samples with PV of at least 0.5 kW in which one reading closes the balance PV + battery = load +
    export within a tenth of the PV energy, while the other leaves a quarter open. The signs of battery and grid power
    may be either here, so that an inverted one is not taken for inverter output where PV is twice the output, and
    inverted inverter output is not taken for battery power where PV is twice the charging power.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._votes = Votes((BATTERY, INVERTER_OUTPUT), stored.get("votes"), latch=1, change=3)
        sums = [a_number(item) or 0.0 for item in a_list(stored.get("open"))]
        self._open = sums if len(sums) == len(_READINGS) else [0.0] * len(_READINGS)
        self._pv = a_number(stored.get("pv")) or 0.0
        self._count = a_count(stored.get("count"))

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {"votes": self._votes.dump(), "open": list[Json](self._open), "pv": self._pv, "count": self._count}

    @property
    def meaning(self) -> str | None:
        """The meaning that was decided."""
        return self._votes.verdict

    def verdict(self) -> Verdict:
        """Return the verdict with its evidence."""
        return self._votes.as_verdict("battery_meaning", BATTERY)

    def learn(self, pv: float, pac: float, grid: float, load: float, at: datetime) -> None:
        """Learn from a fresh sample: powers as sent, in kW."""
        if pv < LEAST_PV:
            return
        for place, (share, battery, export) in enumerate(_READINGS):
            self._open[place] += abs(share * pv + battery * pac - export * grid - load)
        self._pv += pv
        self._count += 1
        if self._count < BATCH:
            return
        as_battery = min(left for left, (share, _, _) in zip(self._open, _READINGS, strict=True) if share)
        # The one that is least likely, inverted output, has to close twice as well.
        as_output = min(
            left if battery > 0 else 2 * left
            for left, (share, battery, _) in zip(self._open, _READINGS, strict=True)
            if not share
        )
        if min(as_battery, as_output) <= self._pv / 10 and max(as_battery, as_output) >= self._pv / 4:
            choice = INVERTER_OUTPUT if as_output < as_battery else BATTERY
            self._votes.vote(choice, at, open_as_battery=as_battery, open_as_output=as_output, pv=self._pv)
        self._open, self._pv, self._count = [0.0] * len(_READINGS), 0.0, 0


class BatterySign:
    """Whether battery power is positive while discharging (assumed).

    Evidence: at least 15 minutes and three samples in which one of the battery's counters rises by 0.2 kWh and the
    other not at all, with a mean power of at least 0.2 kW; without counters, `batFlag` at the same value throughout.
    Three equal votes in a row latch, three opposite ones change the latch. The balance of powers votes too, and so do
    six samples in a row in which the battery's status tells the way.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self.votes = Votes((NORMAL, INVERTED), stored.get("votes"), latch=3, change=3)
        self._stretch = Stretch(stored.get("window"))
        self._agrees = a_count(stored.get("agrees"))
        self._contradicts = a_count(stored.get("contradicts"))

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {
            "votes": self.votes.dump(),
            "window": self._stretch.dump(),
            "agrees": self._agrees,
            "contradicts": self._contradicts,
        }

    def verdict(self) -> Verdict:
        """Return the verdict with its evidence."""
        return self.votes.as_verdict("battery_sign", NORMAL)

    def learn_status(self, power: float | None, status: int, at: datetime, *, may_be_inverted: bool = True) -> None:
        """Learn from the status that a battery reports beside its power: -1 charging, 1 discharging, 0 neither."""
        if power is None or abs(power) < LEAST_POWER or not status:
            return
        agrees = (power > 0) is (status > 0)
        self._agrees, self._contradicts = (self._agrees + 1, 0) if agrees else (0, self._contradicts + 1)
        if max(self._agrees, self._contradicts) < BATCH:
            return
        self._agrees = self._contradicts = 0
        if agrees or may_be_inverted:
            self.votes.vote(NORMAL if agrees else INVERTED, at, by_status=BATCH, mean_power=power)

    def learn(
        self,
        power: float | None,
        counters: Mapping[str, float],
        flag: int | None,
        at: datetime,
        *,
        may_be_inverted: bool = True,
    ) -> None:
        """Learn from a fresh sample: battery power in kW as measured (None: not), counters in kWh, `batFlag`.

        Where the power may have no sign at all, `may_be_inverted` False, counters prove nothing against it.
        """
        counts = {"charge", "discharge"} <= counted(counters)
        if power is None or not (counts or flag):
            self._stretch.clear()
            return
        powers = {"power": power} if counts else {"power": power, "flag": float(flag or 0)}
        self._stretch.judge(
            at,
            powers,
            counters,
            longest=LONGEST,
            decides=lambda: self._decides(None if counts else flag or 0, at, may_be_inverted=may_be_inverted),
        )

    def _decides(self, flag: int | None, at: datetime, *, may_be_inverted: bool) -> bool:
        """Vote if the stretch is long enough, by the flow flag where there are no counters; return whether it is."""
        stretch = self._stretch
        if flag is None:
            charged, discharged = stretch.rise("charge"), stretch.rise("discharge")
        else:
            charged, discharged = _by_flag(stretch, flag)
        if charged > NO_RISE and discharged > NO_RISE:
            return True
        mean = stretch.mean("power")
        if (
            stretch.hours < LEAST_HOURS - 1e-9
            or stretch.count < LEAST_SAMPLES
            or max(charged, discharged) < LEAST_RISE - 1e-9
            or abs(mean) < LEAST_POWER
        ):
            return False
        choice = NORMAL if (mean < 0) is (charged > discharged) else INVERTED
        if choice == NORMAL or may_be_inverted or flag is not None:
            self.votes.vote(choice, at, mean_power=mean, charged=charged, discharged=discharged)
        return True


def _by_flag(stretch: Stretch, flag: int) -> tuple[float, float]:
    """Return what the flow flag says was charged and discharged, if it was the same throughout."""
    if abs(stretch.mean("flag") - flag) > 1e-9:
        return 1.0, 1.0
    energy = abs(stretch.integral("power"))
    return (energy, 0.0) if flag < 0 else (0.0, energy)
