"""What the samples of one device teach beyond their values: runs its self-checks and says what follows from them."""

import math
from collections.abc import Mapping
from datetime import datetime

from ..enerclo.model import Json, Kind
from .derived import BATTERIES, FLOW_SIGNS, HPS, PV_INPUTS, Facts, Flows, by_voltage, flows, pv_powers
from .reading import Value
from .selfchecks import BatteryMeaning, BatterySign, FlowBalance, GridCheck, PvLayout, UnitCheck, Verdict
from .selfchecks.battery import BATTERY, INVERTED, INVERTER_OUTPUT
from .selfchecks.layout import HV, PPV, PPV1, total_pv
from .selfchecks.unit import Pair, W
from .store import a_dict

type Numbers = Mapping[str, float | None]

_OWN_UNIT = frozenset({Kind.PCS, Kind.PBD})
# What a PBD hands over to the DC side of a PCS.
_HANDED_OVER = ("pv_power_reported", "pbd_output_power")
_PHASES = ("l1", "l2", "l3")
_LINES = ("l1_l2", "l2_l3", "l3_l1")
_HV_VOLTAGES = ("pv1_voltage_hv", "pv2_voltage_hv", "pv3_voltage_hv")
_LAYOUTS = frozenset({HV, PPV, PPV1})


class Learning:
    """The self-checks of one device. Unit, PV layout and meaning of `pac` apply themselves; signs wait for the user."""

    def __init__(
        self, kind: Kind, nominal: float, model: str | None, corrections: Mapping[str, str], state: Json = None
    ) -> None:
        stored = a_dict(state)
        self._kind = kind
        self._corrections = corrections
        self._unit = UnitCheck(nominal, stored.get("unit"), forced=corrections.get("power_unit"))
        self._pv_unit = UnitCheck(nominal, stored.get("pv_unit"), forced=corrections.get("pv_power_unit"))
        self._layout = PvLayout(model, stored.get("layout"))
        self._meaning = BatteryMeaning(stored.get("meaning"))
        self._battery = BatterySign(stored.get("battery"))
        self._grid = GridCheck(assumed=kind is not Kind.PCS, state=stored.get("grid"))
        self._balance = FlowBalance(stored.get("balance"))
        self._raw: dict[str, float] = {}

    def dump(self) -> dict[str, Json]:
        """Return what was learnt, for storage."""
        return {
            "unit": self._unit.dump(),
            "pv_unit": self._pv_unit.dump(),
            "layout": self._layout.dump(),
            "meaning": self._meaning.dump(),
            "battery": self._battery.dump(),
            "grid": self._grid.dump(),
            "balance": self._balance.dump(),
        }

    def facts(self) -> Facts:
        """Return what is known of the device now, the user's corrections first."""
        layout, meaning = self._corrections.get("pv_layout"), self._corrections.get("battery_meaning")
        return Facts(
            kind=self._kind,
            layout=layout if layout in _LAYOUTS else self._layout.layout,
            meaning=meaning if meaning in {BATTERY, INVERTER_OUTPUT} else self._meaning.meaning,
            battery_sign=self._corrections.get("battery_sign"),
            grid_sign=self._corrections.get("grid_sign"),
        )

    @property
    def grid_counters(self) -> str | None:
        """The orientation of the grid counters that votes decided."""
        return self._grid.orientation

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdicts that this kind of device can have."""
        found: list[Verdict] = []
        if self._kind not in BATTERIES:
            found.append(self._unit.verdict("power_unit"))
            found.append(self._battery.verdict())
        if self._kind in _OWN_UNIT:
            found.append(self._pv_unit.verdict("pv_power_unit"))
        if self._kind in HPS:
            found += [self._layout.verdict(), self._meaning.verdict()]
        if self._kind in HPS or self._kind is Kind.PCS:
            found += self._grid.verdicts()
        return tuple(found)

    def unit_of(self, key: str) -> UnitCheck:
        """Return the check that decides the unit of an active power; where all are in W, PV power is too."""
        own = key == "pv_power_reported" and self._kind in _OWN_UNIT
        return self._pv_unit if own and (self._pv_unit.unit is not None or self._unit.unit != W) else self._unit

    def see_powers(self, powers: Mapping[str, float], numbers: Numbers, at: datetime | None) -> None:
        """Take the active powers as sent, all of a sample; vote on their unit if there is a moment to learn at."""
        pairs = _with_apparent(self._kind, powers, numbers)
        for check in {self.unit_of(key) for key in powers}:
            own = {key: power for key, power in powers.items() if self.unit_of(key) is check}
            known = [(power, apparent) for key, (power, apparent) in pairs.items() if key in own]
            check.look(own.values(), known)
            if check is self._pv_unit and self._kind is Kind.PCS and at is not None:
                check.quick_vote(at)
            power, apparent = max(known, key=lambda pair: pair[1] or 0.0, default=(0.0, None))
            if at is not None and apparent is not None:
                check.current_rule(power, apparent, at)
        if at is not None:
            self._raw = dict(powers)

    def learn(self, numbers: Numbers, values: Mapping[str, Value], at: datetime) -> None:
        """Learn from a fresh sample of a device that is not lost: guarded numbers, counters in their assumed order."""
        if self._kind in BATTERIES:
            return
        if self._kind in HPS:
            hv_voltage = max(numbers.get(key) or 0.0 for key in _HV_VOLTAGES)
            self._layout.learn(pv_powers(numbers), hv_voltage, at)
            pv, _ = total_pv(self.facts().layout, pv_powers(numbers))
            pac, grid = numbers.get("battery_power_reported"), numbers.get("grid_power_reported")
            load = numbers.get("load_power")
            if pv is not None and pac is not None and grid is not None and load is not None:
                self._meaning.learn(pv, pac, grid, load, at)
        facts = self.facts()
        flow = flows(facts, numbers, values)
        provable = self._learn_balance(numbers, flow, at)
        battery = _counters(numbers, charge="battery_charge_energy", discharge="battery_discharge_energy")
        flag = values.get("battery_flow_flag")
        self._battery.learn(
            self._own_battery(numbers, flow.measured_battery),
            battery,
            FLOW_SIGNS.get(flag) if isinstance(flag, str) else None,
            at,
        )
        if self._kind is not Kind.PBD:
            counters = _counters(
                numbers,
                **{
                    "import": "grid_import_energy",
                    "export": "grid_export_energy",
                    "discharge": "battery_discharge_energy",
                },
            )
            swapped_sign = self._inverted("grid_sign", self._grid.verdicts()[0])
            proved = self._grid.sign.verdict is not None or "grid_sign" in self._corrections
            self._grid.learn(
                numbers.get("grid_power_reported"),
                flow.pv,
                counters,
                at,
                swapped_sign=swapped_sign,
                sign_known=None if not proved and not provable else proved,
            )
        self._unit.energy_rule(self._pairs(numbers, battery), at)
        if self._kind is Kind.PBD:
            produced = _counters(numbers, pv="pv_energy")
            raw = self._raw.get("pv_power_reported")
            self._pv_unit.energy_rule({} if raw is None or not produced else {"pv": (raw, produced)}, at)

    def _learn_balance(self, numbers: Numbers, flow: Flows, at: datetime) -> bool:
        """Let the balance of powers as sent vote on signs, once the meaning of `pac` is known; return if it can."""
        grid, load = numbers.get("grid_power_reported"), numbers.get("load_power")
        battery, pv = flow.measured_battery, 0.0 if self._kind is Kind.PCS else flow.pv
        if self._kind is Kind.PBD or battery is None or pv is None or grid is None or load is None:
            return False
        powers = {"pv": pv, "battery": battery, "grid": grid, "load": load}
        if self._kind is Kind.PCS or self.facts().meaning is not None:
            self._balance.learn(powers, self._battery.votes, self._grid.sign, at)
        return True

    def _inverted(self, name: str, verdict: Verdict) -> bool:
        """Return whether a sign is inverted by the user's word, else by what was found."""
        return (self._corrections.get(name) or verdict.verdict) == INVERTED

    def _own_battery(self, numbers: Numbers, measured: float | None) -> float | None:
        """Return the battery power that can prove its sign: on a PCS not if PV of a PBD may be in it.

        With PV twice the charging power the DC side delivers as much as the battery takes: equal amounts prove nothing.
        """
        if self._kind is not Kind.PCS or measured is None:
            return measured
        handed_over = [power for key in _HANDED_OVER if (power := numbers.get(key)) is not None]
        if any(power > max(0.05, 0.1 * abs(measured)) for power in handed_over):
            return None
        other = by_voltage(numbers)
        if other is None:
            return measured if handed_over else None
        return measured if abs(abs(measured) - abs(other)) <= max(0.5, 0.15 * abs(other)) else None

    def _pairs(self, numbers: Numbers, battery: Mapping[str, float]) -> dict[str, Pair]:
        """Return the powers as sent with the counters that they feed."""
        raw, pairs = self._raw, dict[str, Pair]()
        load, grid = (
            _counters(numbers, load="load_energy"),
            _counters(numbers, **{"import": "grid_import_energy", "export": "grid_export_energy"}),
        )
        candidates: list[tuple[str, float | None, Mapping[str, float]]] = []
        if self._kind is Kind.PBD:
            inputs = [raw[key] for key in PV_INPUTS if key in raw]
            candidates.append(("pv", sum(inputs) if inputs else None, _counters(numbers, pv="pv_energy")))
        else:
            candidates += [("load", raw.get("load_power"), load), ("grid", raw.get("grid_power_reported"), grid)]
        if self._kind in HPS:
            powers = (
                raw.get("pv_power_reported"),
                raw.get("pv1_power"),
                raw.get("pv2_power"),
                raw.get("pv3_power"),
            )
            total, _ = total_pv(self.facts().layout, powers)
            candidates.append(("pv", total, _counters(numbers, pv="pv_energy")))
        # The DC side of a PCS holds PV too, and so does inverter output: neither can be held against the battery.
        if self._kind is not Kind.PCS and self.facts().meaning != INVERTER_OUTPUT:
            candidates.append(("battery", raw.get("battery_power_reported"), battery))
        for name, power, counters in candidates:
            if power is not None and counters:
                pairs[name] = (power, counters)
        return pairs


def _counters(numbers: Numbers, **keys: str) -> dict[str, float]:
    """Return the totals and today's values of counters, under short names."""
    found: dict[str, float] = {}
    for name, key in keys.items():
        for suffix, period in (("", "total"), ("_today", "today")):
            value = numbers.get(f"{key}_{period}")
            if value is not None:
                found[f"{name}{suffix}"] = value
    return found


def _with_apparent(kind: Kind, powers: Mapping[str, float], numbers: Numbers) -> dict[str, tuple[float, float | None]]:
    """Return the powers as sent whose lines are measured too, with voltage times current of these in kVA."""
    pairs: dict[str, tuple[float, float | None]] = {}
    for key, voltage, current in (
        ("load_power", "output_voltage", "load_current"),
        ("grid_power_reported", "grid_voltage", "grid_current"),
    ):
        if key in powers:
            pairs[key] = powers[key], _apparent(numbers, voltage, current)
    if kind is Kind.PBD:
        inputs = [(numbers.get(f"pv{number}_voltage"), numbers.get(f"pv{number}_current")) for number in range(1, 6)]
        products = [volts * abs(amps) / 1000 for volts, amps in inputs if volts is not None and amps is not None]
        total = sum(products) if products else None
        own = [powers[key] for key in PV_INPUTS if key in powers]
        if "pv_power_reported" in powers:
            pairs["pv_power_reported"] = powers["pv_power_reported"], total
        if own:
            pairs["pv1_power"] = sum(own), total
    return pairs


def _apparent(numbers: Numbers, voltage: str, current: str) -> float | None:
    """Return voltage times current over the phases in kVA; line voltages count by the root of three."""
    for names, factor in ((_PHASES, 1.0), (_LINES, 1 / math.sqrt(3))):
        volts = [numbers.get(f"{voltage}_{name}") for name in names]
        amperes = [numbers.get(f"{current}_{name}") for name in _PHASES]
        if volts[0] is None or amperes[0] is None:
            continue
        one_phase = (volts[1] or 0.0) < 5 and (volts[2] or 0.0) < 5
        total = sum(v * abs(a) for v, a in zip(volts, amperes, strict=True) if v is not None and a is not None)
        return total / 1000 * (1.0 if one_phase else factor)
    return None
