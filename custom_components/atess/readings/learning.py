"""Learn from the samples of one device: run its self-checks and apply their verdicts."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ..enerclo.model import Json, Kind
from .derived import BATTERIES, FLOW_SIGNS, HPS, PV_INPUTS, Facts, Flows, flows, pv_powers
from .guards import nominal_or_default
from .reading import Value
from .selfchecks import BatteryMeaning, BatterySign, Direction, FlowBalance, GridCheck, PvLayout, Verdict
from .selfchecks.balance import CLOSED
from .selfchecks.battery import BATTERY, INVERTED, INVERTER_OUTPUT, LEAST_POWER, NORMAL
from .selfchecks.direction import UNSIGNED
from .selfchecks.layout import HV, PPV, PPV1, total_pv
from .selfchecks.unit import Pair
from .store import a_dict
from .units import Units

type Numbers = Mapping[str, float | None]

# What a PBD hands over to the DC side of a PCS.
_HANDED_OVER = ("pv_power_reported", "pbd_output_power")
_NO_PV = 0.05  # kW
_PHASES = ("l1", "l2", "l3")
_LINES = ("l1_l2", "l2_l3", "l3_l1")
_HV_VOLTAGES = ("pv1_voltage_hv", "pv2_voltage_hv", "pv3_voltage_hv")
_LAYOUTS = frozenset({HV, PPV, PPV1})


class Learning:
    """The self-checks of one device. Unit, PV layout and meaning of `pac` apply themselves; signs wait for the user."""

    def __init__(
        self,
        kind: Kind,
        nominal: float | None,
        model: str | None,
        corrections: Mapping[str, str],
        state: Json = None,
    ) -> None:
        """Take the nominal power in kW (None: not known), the model, the user's corrections, and what was learned."""
        stored = a_dict(state)
        self._kind = kind
        self._corrections = corrections
        power = nominal_or_default(kind, nominal)
        self._units = Units(kind, power, corrections, stored, assumed=power != nominal)
        self._layout = PvLayout(model, stored.get("layout"))
        self._meaning = BatteryMeaning(stored.get("meaning"))
        self._battery = BatterySign(stored.get("battery"))
        self._grid = GridCheck(assumed=kind is not Kind.PCS, state=stored.get("grid"))
        self._balance = FlowBalance(stored.get("balance"))
        self._battery_way = Direction("battery_direction", stored.get("battery_way"))
        self._grid_way = Direction("grid_direction", stored.get("grid_way"))
        self._raw: dict[str, float] = {}

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {
            "units": self._units.dump(),
            "layout": self._layout.dump(),
            "meaning": self._meaning.dump(),
            "battery": self._battery.dump(),
            "grid": self._grid.dump(),
            "balance": self._balance.dump(),
            "battery_way": self._battery_way.dump(),
            "grid_way": self._grid_way.dump(),
        }

    def facts(self) -> Facts:
        """Return what is known of the device now, the user's corrections first."""
        return Facts(
            kind=self._kind,
            layout=self._pv_layout,
            meaning=self._battery_meaning,
            battery_sign=self._corrections.get("battery_sign"),
            grid_sign=self._corrections.get("grid_sign"),
            battery_way=self._way("battery_direction", self._battery_way),
            grid_way=self._way("grid_direction", self._grid_way),
        )

    @property
    def _pv_layout(self) -> str | None:
        layout = self._corrections.get("pv_layout")
        return layout if layout in _LAYOUTS else self._layout.layout

    @property
    def _battery_meaning(self) -> str | None:
        meaning = self._corrections.get("battery_meaning")
        return meaning if meaning in {BATTERY, INVERTER_OUTPUT} else self._meaning.meaning

    def _way(self, name: str, check: Direction) -> int | None:
        """Return which way a power without a sign flows (0: not known); None for a power with one."""
        chosen = self._corrections.get(name)
        unsigned = chosen == UNSIGNED or (chosen is None and check.unsigned)
        return check.way if unsigned else None

    @property
    def grid_counters(self) -> str | None:
        """The orientation of the grid counters that votes decided."""
        return self._grid.orientation

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdicts that this kind of device can have."""
        found: list[Verdict] = []
        if self._kind not in BATTERIES:
            found += self._units.verdicts()
            found += [_of_a_sign(self._battery.verdict(), self._battery_way), self._battery_way.verdict()]
        if self._kind in HPS:
            found += [self._layout.verdict(), self._meaning.verdict()]
        if self._kind in HPS or self._kind is Kind.PCS:
            sign, counters = self._grid.verdicts()
            found += [_of_a_sign(sign, self._grid_way), counters, self._grid_way.verdict()]
        return tuple(found)

    def see_powers(self, powers: Mapping[str, float], numbers: Numbers, at: datetime | None) -> None:
        """Take the active powers as sent, all of a sample; vote on their unit if there is a moment to learn at."""
        self._units.see(powers, _with_apparent(self._kind, powers, numbers), at)
        if at is not None:
            self._raw = dict(powers)

    def scale(self, key: str, raw: float) -> tuple[float | None, str | None]:
        """Return a power as sent in kW, and the guard that changed or rejected it."""
        return self._units.scale(key, raw)

    def learn(
        self, numbers: Numbers, values: Mapping[str, Value], sent: Numbers, at: datetime, *, fed: bool = False
    ) -> None:
        """Learn from a fresh sample of a device that is not lost: guarded numbers, counters in their assumed order.

        `sent` are the numbers with counters as they were before their guards. `fed` says that PBDs of the account feed
        the DC side of a PCS.
        """
        if self._kind in BATTERIES:
            return
        if self._kind in HPS:
            hv_voltage = max(numbers.get(key) or 0.0 for key in _HV_VOLTAGES)
            self._layout.learn(pv_powers(numbers), hv_voltage, at)
            pv, _ = total_pv(self._pv_layout, pv_powers(numbers))
            pac, export = numbers.get("battery_power_reported"), numbers.get("grid_power_reported")
            load = numbers.get("load_power")
            if pv is not None and pac is not None and export is not None and load is not None:
                self._meaning.learn(pv, pac, export, load, at)
        facts = self.facts()
        flow = flows(facts, numbers, values)
        battery = _counters(numbers, charge="battery_charge_energy", discharge="battery_discharge_energy")
        grid = _counters(
            numbers,
            **{
                "import": "grid_import_energy",
                "export": "grid_export_energy",
                "discharge": "battery_discharge_energy",
            },
        )
        if self._kind is Kind.PCS:
            self._learn_way_of_dc_side(numbers, battery, at, fed=fed)
        elif facts.meaning != INVERTER_OUTPUT:
            self._battery_way.learn(numbers.get("battery_power_reported"), battery, "charge", "discharge", at)
        self._grid_way.learn(numbers.get("grid_power_reported"), grid, "import", "export", at)
        provable = self._learn_balance(numbers, flow, at, fed=fed)
        self._learn_battery(numbers, values, flow, battery, at, fed=fed)
        if self._kind is not Kind.PBD and facts.grid_way is None:
            swapped_sign = self._inverted("grid_sign", self._grid.verdicts()[0])
            proved = self._grid.sign.verdict is not None or "grid_sign" in self._corrections
            self._grid.learn(
                numbers.get("grid_power_reported"),
                flow.pv,
                grid,
                at,
                swapped_sign=swapped_sign,
                sign_known=None if not proved and not provable else proved,
                may_be_inverted=self._grid_way.may_be_inverted(at),
            )
        self._units.learn(self._pairs(numbers), at)
        self._units.learn_energies(self._pairs(sent), at)

    def _learn_way_of_dc_side(
        self, numbers: Numbers, counters: Mapping[str, float], at: datetime, *, fed: bool
    ) -> None:
        """Learn whether the DC side power of a PCS has a sign; with PV of a PBD in it counters do not tell."""
        power, export = numbers.get("dc_side_power_reported"), numbers.get("grid_power_reported")
        load = numbers.get("load_power")
        known = self._is_alone(numbers, fed=fed) and power is not None and export is not None and load is not None
        gap = abs((power or 0.0) - (export or 0.0) - (load or 0.0))
        explained = gap <= CLOSED * max(LEAST_POWER, abs(power or 0.0), load or 0.0)
        self._battery_way.learn(
            power, counters if known else {}, "charge", "discharge", at, explained=explained and (power or 0.0) > 0
        )

    def _is_alone(self, numbers: Numbers, *, fed: bool) -> bool:
        """Return whether no PBD feeds the DC side of a PCS, as far as it is known."""
        return not fed and all(power <= LEAST_POWER for power in self._handed_over(numbers))

    def _learn_balance(self, numbers: Numbers, flow: Flows, at: datetime, *, fed: bool) -> bool:
        """Let the balance of powers as sent vote on signs, once the meaning of `pac` is known; return if it can."""
        grid, load = numbers.get("grid_power_reported"), numbers.get("load_power")
        battery, pv = flow.measured_battery, 0.0 if self._kind is Kind.PCS else flow.pv
        if self._kind is Kind.PBD or battery is None or pv is None or grid is None or load is None:
            return False
        facts = self.facts()
        powers = {"pv": pv, "battery": battery, "grid": grid, "load": load}
        if facts.meaning == INVERTER_OUTPUT:
            powers |= {"pv": 0.0, "battery": numbers.get("battery_power_reported") or 0.0}
        if facts.battery_way is None and facts.grid_way is None and (self._kind is Kind.PCS or facts.meaning):
            # With PV of a PBD beside it a DC side of the other reading may close the balance the wrong way round.
            alone = self._kind is not Kind.PCS or self._is_alone(numbers, fed=fed)
            may_be_inverted = (
                alone and self._battery_way.may_be_inverted(at),
                self._grid_way.may_be_inverted(at),
            )
            self._balance.learn(powers, self._battery.votes, self._grid.sign, at, may_be_inverted=may_be_inverted)
        return True

    def _learn_battery(
        self,
        numbers: Numbers,
        values: Mapping[str, Value],
        flow: Flows,
        counters: Mapping[str, float],
        at: datetime,
        *,
        fed: bool,
    ) -> None:
        """Let counters, flags and status vote on the sign of battery power, where they can prove it."""
        if self._way("battery_direction", self._battery_way) is not None:
            return
        inverted = self._battery_way.may_be_inverted(at)
        present = INVERTED if self._corrections.get("battery_sign") == INVERTED else NORMAL
        closes = self._kind is Kind.PCS and self._balance.closing == present
        own = None if closes or fed else self._own_battery(numbers, flow)
        flag, status = values.get("battery_flow_flag"), values.get("battery_status")
        sign = FLOW_SIGNS.get(flag) if isinstance(flag, str) else None
        self._battery.learn(own, counters, sign, at, may_be_inverted=inverted)
        told = FLOW_SIGNS.get(status, 0) if isinstance(status, str) else 0
        self._battery.learn_status(own, told, at, may_be_inverted=inverted)

    def _inverted(self, name: str, verdict: Verdict) -> bool:
        """Return whether a sign is inverted by the user's word, else by what was found."""
        return (self._corrections.get(name) or verdict.verdict) == INVERTED

    def _own_battery(self, numbers: Numbers, flow: Flows) -> float | None:
        """Return the battery power that can prove its sign: of inverter output, and on a PCS, only without PV in it.

        Voltage times current of the battery prove nothing: with PV twice the charging power the DC side delivers as
        much as the battery takes.
        """
        measured = flow.measured_battery
        if self._battery_meaning == INVERTER_OUTPUT:
            return measured if flow.pv is not None and flow.pv <= _NO_PV else None
        if self._kind is not Kind.PCS or measured is None:
            return measured
        handed_over = self._handed_over(numbers)
        absent = handed_over and all(power <= max(_NO_PV, 0.1 * abs(measured)) for power in handed_over)
        return measured if absent else None

    @staticmethod
    def _handed_over(numbers: Numbers) -> list[float]:
        return [power for key in _HANDED_OVER if (power := numbers.get(key)) is not None]

    def _pairs(self, numbers: Numbers) -> dict[str, Pair]:
        """Return the powers as sent with the counters that they feed."""
        raw, pairs = self._raw, dict[str, Pair]()
        battery = _counters(numbers, charge="battery_charge_energy", discharge="battery_discharge_energy")
        load, grid = (
            _counters(numbers, load="load_energy"),
            _counters(numbers, **{"import": "grid_import_energy", "export": "grid_export_energy"}),
        )
        candidates: list[tuple[str, float | None, Mapping[str, float]]] = []
        if self._kind is Kind.PBD:
            inputs = [raw[key] for key in PV_INPUTS if key in raw]
            produced = _counters(numbers, pv="pv_energy")
            candidates.append(("inputs", sum(inputs) if inputs else None, produced))
            candidates.append(("pv", raw.get("pv_power_reported"), produced))
        else:
            candidates += [("load", raw.get("load_power"), load), ("grid", raw.get("grid_power_reported"), grid)]
        if self._kind in HPS:
            powers = (
                raw.get("pv_power_reported"),
                raw.get("pv1_power"),
                raw.get("pv2_power"),
                raw.get("pv3_power"),
            )
            total, _ = total_pv(self._pv_layout, powers)
            candidates.append(("pv", total, _counters(numbers, pv="pv_energy")))
        # The DC side of a PCS holds PV too, and so does inverter output: neither can be held against the battery.
        if self._kind is not Kind.PCS and self._battery_meaning != INVERTER_OUTPUT:
            candidates.append(("battery", raw.get("battery_power_reported"), battery))
        for name, power, counters in candidates:
            if power is not None and counters:
                pairs[name] = (power, counters)
        return pairs


def _of_a_sign(verdict: Verdict, check: Direction) -> Verdict:
    """Return the verdict on a sign; a power that turned out to have none decides nothing."""
    return replace(verdict, verdict=None) if check.unsigned else verdict


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
