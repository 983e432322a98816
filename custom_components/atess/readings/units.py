"""The units of a device's active powers and of its energies: one check for each flow, and what they say together."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ..enerclo.model import Json, Kind
from .derived import HPS, PV_INPUTS
from .selfchecks.unit import (
    KW,
    EnergyStretches,
    EnergyUnit,
    Pair,
    UnitCheck,
    W,
    power_choice,
    sample_in_watts,
)
from .selfchecks.verdict import Verdict
from .store import a_dict, a_list, a_text

OWN_PV = frozenset({Kind.PCS, Kind.PBD})  # where PV power may have a unit of its own
_FLOWS: Mapping[str, str] = {
    "load_power": "load",
    "grid_power_reported": "grid",
    "battery_power_reported": "battery",
    "dc_side_power_reported": "battery",
    "pv_power_reported": "pv",
    **dict.fromkeys(PV_INPUTS, "pv"),
}
DOUBTED_SHARE = 0.1  # of the assumed nominal power
FLOWS = ("load", "grid", "battery", "pv", "inputs")
_NAMED = ("load", "grid", "battery", "pv")


class Units:
    """The unit of each flow's power: its own if that is decided, else that of the others."""

    def __init__(
        self, kind: Kind, nominal: float, corrections: Mapping[str, str], state: Mapping[str, Json], *, assumed: bool
    ) -> None:
        """Take the nominal power in kW, `assumed` if it is not known, the user's corrections, and what was learned."""
        self._kind, self._nominal, self._corrections = kind, nominal, corrections
        self._assumed = assumed
        stored = a_dict(state.get("units"))
        flows = a_dict(stored.get("flows"))
        self._checks = {
            flow: UnitCheck(nominal, flows.get(flow), forced=corrections.get(f"{flow}_power_unit")) for flow in FLOWS
        }
        self._live = {flow for flow in a_list(stored.get("live")) if isinstance(flow, str)}
        self._stretches = EnergyStretches(stored.get("windows"))
        self._raw_stretches = EnergyStretches(stored.get("raw_windows"))
        self._energy = EnergyUnit(stored.get("energy"))
        # The version before knew one unit for all, and one for PV power.
        before = a_text(stored.get("before") or a_dict(a_dict(state.get("unit")).get("votes")).get("verdict"))
        self._before = before if before in {KW, W} else None
        if "units" not in state and "pv_unit" in state and kind in OWN_PV:
            self._checks["pv"] = UnitCheck(nominal, state.get("pv_unit"), forced=corrections.get("pv_power_unit"))
        self._sample: dict[str, bool] = {}
        self._other = UnitCheck(nominal)
        # The flows whose unit is that of all.
        self._shared = [flow for flow in FLOWS if not (flow == "pv" and kind in OWN_PV)]

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {
            "flows": {flow: check.dump() for flow, check in self._checks.items()},
            "live": list[Json](sorted(self._live)),
            "windows": self._stretches.dump(),
            "raw_windows": self._raw_stretches.dump(),
            "energy": self._energy.dump(),
            "before": self._before,
        }

    def flow_of(self, key: str) -> str | None:
        """Return the flow that a power belongs to; None for one that is not checked itself."""
        if key in PV_INPUTS and self._kind not in HPS:
            return "inputs"
        return _FLOWS.get(key)

    @property
    def common(self) -> str | None:
        """The unit of the powers that is decided for all: W only if nothing speaks against it."""
        chosen = self._corrections.get("power_unit")
        if chosen in {KW, W}:
            return chosen
        units = [self._checks[flow].unit for flow in self._shared]
        if KW in units:
            return KW
        alone = len(self._live.intersection(self._shared)) <= 1
        if units.count(W) >= 2 or (W in units and alone):
            return W
        return self._before

    def see(
        self,
        powers: Mapping[str, float],
        known: Mapping[str, tuple[float, float | None]],
        at: datetime | None,
    ) -> None:
        """Take the powers as sent of a sample, those with voltage times current too; vote if there is a moment."""
        greatest: dict[str, tuple[float, float | None]] = {}
        for key, raw in powers.items():
            flow = self.flow_of(key)
            if flow is not None and abs(raw) >= abs(greatest.get(flow, (0.0, None))[0]):
                greatest[flow] = raw, known.get(key, (raw, None))[1]
        own = {"pv"} if self._kind in OWN_PV else set[str]()
        self._sample = {}
        for group in (greatest.keys() - own, greatest.keys() & own):
            wrapped = [flow for flow in group if self._checks[flow].in_wrap_zone(greatest[flow][0])]
            rows = [(flow, *greatest[flow]) for flow in sorted(group)]
            self._sample |= sample_in_watts(rows, self._nominal, wrapped, direct=self._kind is Kind.PBD)
        if at is None:
            return
        self._live |= {flow for flow, (raw, _) in greatest.items() if raw}
        if self._kind is Kind.PCS and self._sample.get("pv"):
            self._checks["pv"].vote(W, "quick", at)  # nothing else can be held against it
        for key, (power, apparent) in known.items():
            flow = self.flow_of(key)
            if flow is not None and apparent is not None:
                self._checks[flow].current_rule(power, apparent, at)

    def scale(self, key: str, raw: float) -> tuple[float | None, str | None]:
        """Return a power as sent in kW, and the guard that changed or rejected it."""
        flow = self.flow_of(key)
        if flow is None:
            return self._other.scale(raw, self.common, watts=any(self._sample.values()) or None)
        common = self.common
        if flow == "pv" and self._kind in OWN_PV and common != W:
            common = None
        check = self._checks[flow]
        if self._may_be_watts(flow, raw, common):
            return None, "G15"
        if "power_unit" in self._corrections and common is not None and not check.forced:
            check = UnitCheck(self._nominal, forced=common)  # the user's word on all powers goes before what was found
        return check.scale(raw, common, watts=self._sample.get(flow))

    def _may_be_watts(self, flow: str, raw: float, common: str | None) -> bool:
        """Return whether a power of unknown unit may be in W, as another one of its sample that cannot be in kW.

        With an assumed nominal power, which is far above that of most devices, hardly any power is too large for kW.
        """
        open_still = common is None and self._checks[flow].unit is None
        return (
            self._assumed
            and open_still
            and bool(self._sample)
            and flow not in self._sample
            and abs(raw) > DOUBTED_SHARE * self._nominal
        )

    def learn(self, pairs: Mapping[str, Pair], at: datetime) -> None:
        """Learn from the powers as sent and the counters that they feed, in kWh."""
        for flow, stretch in self._stretches.add(self._usable(pairs), at).items():
            choice = power_choice(stretch.ratio)
            if choice is not None and not (choice == KW and stretch.mean > 3 * self._nominal):
                self._checks[flow].vote(
                    choice, "energy", at, ratio=stretch.ratio, mean_power=stretch.mean, energy=stretch.rise
                )

    def learn_energies(self, pairs: Mapping[str, Pair], at: datetime) -> None:
        """Learn from the powers as sent and the counters before their guards, which let no other unit pass."""
        for flow, stretch in self._raw_stretches.add(self._usable(pairs), at).items():
            ratio = stretch.ratio / 1000 if self._in_watts(flow, stretch.mean) else stretch.ratio
            self._energy.learn(ratio, stretch.mean, at)

    def _usable(self, pairs: Mapping[str, Pair]) -> dict[str, Pair]:
        return {flow: pair for flow, pair in pairs.items() if not self._checks[flow].in_wrap_zone(pair[0])}

    def _in_watts(self, flow: str, mean: float) -> bool:
        """Return whether a power can only be in W, or is known to be."""
        return mean > 3 * self._nominal or (self._checks[flow].unit or self.common) == W

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdicts: of all powers together, of each flow that differs, and of the energies."""
        checks = {flow: self._checks[flow] for flow in self._shared}
        common = self.common
        votes = [check.verdict("power_unit") for check in checks.values()]
        whole = next((each for each in votes if each.verdict == common), None)
        if common is None or whole is None:
            whole = Verdict(name="power_unit", verdict=common, expected=KW)
        found = [replace(whole, name="power_unit")]
        for flow in _NAMED:
            own = flow == "pv" and self._kind in OWN_PV
            verdict = self._checks[flow].verdict(f"{flow}_power_unit")
            lone = verdict.verdict == W and common != W
            found.append(replace(verdict, expected=KW if own or lone else common or KW))
        return (*found, self._energy.verdict())
