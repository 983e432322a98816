"""One system's flows of energy, integrated in steps of a minute.

All powers are kW. PV and battery are on the DC side, load and grid on the AC side. Vendor signs: grid + export,
battery + discharge.
In every step: pv + battery + import = load + export + losses.
"""

from dataclasses import dataclass, field

from .battery import BatterySpec
from .control import Control, Rule, rule

STEP = 60.0
HOURS = STEP / 3600.0
LAG = 0.08  # share of a change of load that the inverter has not yet followed; the grid covers it
MIN_FLOW = 0.01  # kW from which on a flow counts as time

# places in the lists of energies (kWh)
PV, CHARGE, DISCHARGE, IMPORT, EXPORT, LOAD, PV_LOSS, INVERTER_LOSS, BATTERY_LOSS, STANDBY, OUTPUT = range(11)
ENERGIES = 11
# places in the lists of times (minutes); the first six as above
TIMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The converters of a system: AC nominal power, one-way efficiencies and standby power."""

    nominal_kw: float
    efficiency: float
    pv_efficiency: float
    standby_kw: float


@dataclass(slots=True, kw_only=True)
class State:
    """Everything that one step hands to the next; counters of today and of the life before today."""

    stored: float
    temperature: float
    low: bool = False
    full: bool = False
    flows: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """The last step's PV, PV on the bus, battery, AC output, grid and load."""
    today: list[float] = field(default_factory=lambda: [0.0] * ENERGIES)
    times: list[int] = field(default_factory=lambda: [0] * TIMES)
    arrays: list[float] = field(default_factory=list)
    """PV energy of each array today; empty where arrays are not told apart."""

    def copy(self) -> State:
        """Return a copy that shares nothing."""
        return State(
            stored=self.stored,
            temperature=self.temperature,
            low=self.low,
            full=self.full,
            flows=self.flows,
            today=list(self.today),
            times=list(self.times),
            arrays=list(self.arrays),
        )

    def reset_day(self) -> None:
        """Start the counters of a new day."""
        self.today = [0.0] * ENERGIES
        self.times = [0] * TIMES
        self.arrays = [0.0] * len(self.arrays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """One local day of weather and load, one value per step."""

    start: float
    minutes: list[int]
    arrays: tuple[list[float], ...]
    temperature: list[float]
    load: list[float]


class Physics:
    """Advances a state; holds nothing that changes."""

    def __init__(self, machine: Machine, battery: BatterySpec | None) -> None:
        self._machine = machine
        self._battery = battery

    def advance(self, state: State, inputs: Inputs, control: Control, first: int, last: int) -> None:
        """Advance by the steps `first` to before `last`."""
        want = rule(control)
        arrays, loads, minutes, air = inputs.arrays, inputs.load, inputs.minutes, inputs.temperature
        periods, caps, split = control.periods, control.pv_caps, bool(state.arrays)
        single = arrays[0] if len(arrays) == 1 and caps is None and not split else None
        for index in range(first, last):
            if single is not None:
                pv = single[index]
            else:
                parts = [array[index] for array in arrays]
                if caps is not None:
                    parts = [min(part, cap) for part, cap in zip(parts, caps, strict=True)]
                pv = sum(parts)
            flows = self._flow(state, control, want, pv, loads[index], periods[minutes[index]])
            if split and pv > 0.0:
                share = flows[0] / pv * HOURS
                for number, part in enumerate(parts):
                    state.arrays[number] += part * share
            self._count(state, flows, air[index])

    def _flow(  # one call per step: packing the arguments would cost more than the step
        self, state: State, control: Control, want: Rule, pv: float, load: float, period: int
    ) -> tuple[float, ...]:
        """Return PV, PV on the bus, battery, AC output, grid and load of one step."""
        if not control.running:
            served = 0.0 if control.off_grid else load
            return (0.0, 0.0, 0.0, 0.0, -served, served)
        machine = self._machine
        efficiency = machine.efficiency
        need = load + machine.standby_kw
        bus = pv * machine.pv_efficiency
        low, high = self._battery_range(state, control)
        soc = 100.0 * state.stored / self._battery.kwh if self._battery is not None else 0.0
        follow = need if control.off_grid else need + LAG * (state.flows[5] - load)
        battery = want(control, follow / efficiency - bus, bus, period, soc)
        battery = low if battery < low else min(battery, high)
        direct = bus + battery
        least = 0.0 if control.off_grid else -control.ac_max * efficiency
        if direct < least:
            battery += least - direct
            direct = least
        most = control.ac_max / efficiency
        if (control.zero_export or control.off_grid) and need / efficiency < most:
            most = need / efficiency
        if direct > most:
            battery = max(low, battery - (direct - most))
            direct = bus + battery
            if direct > most + 1e-9:
                kept = max(0.0, most - battery)
                pv *= kept / bus
                bus = kept
                direct = bus + battery
        output = direct * efficiency if direct >= 0.0 else direct / efficiency
        if control.off_grid:
            return (pv, bus, battery, output, 0.0, max(0.0, output - machine.standby_kw))
        return (pv, bus, battery, output, output - need, load)

    def _battery_range(self, state: State, control: Control) -> tuple[float, float]:
        """Return the strongest charging (negative) and discharging that battery, BMS and settings permit."""
        spec = self._battery
        if spec is None:
            return 0.0, 0.0
        soc = 100.0 * state.stored / spec.kwh
        if soc <= control.cutoff + 1e-6:
            state.low = True
        elif soc >= max(control.recover, control.cutoff):
            state.low = False
        if soc >= control.charge_cutoff - 1e-6:
            state.full = True
        elif soc < control.charge_cutoff - 1.0:
            state.full = False
        kilovolts = spec.open_circuit(soc) / 1000.0
        low = high = 0.0
        if not state.full:
            room = (control.charge_cutoff / 100.0 * spec.kwh - state.stored) / (HOURS * spec.charge_efficiency)
            low = -min(min(spec.charge_limit(soc, state.temperature), control.charge_a) * kilovolts, max(0.0, room))
        if not state.low:
            left = (state.stored - control.cutoff / 100.0 * spec.kwh) * spec.discharge_efficiency / HOURS
            limit = min(spec.discharge_limit(soc, state.temperature), control.discharge_a)
            high = min(limit * kilovolts, max(0.0, left))
        return low, high

    def _count(self, state: State, flows: tuple[float, ...], air: float) -> None:
        """Add a step's energies and times and move the battery's state."""
        pv, bus, battery, output, grid, load = flows
        today, times = state.today, state.times
        today[PV] += pv * HOURS
        today[OUTPUT] += bus * HOURS
        today[LOAD] += load * HOURS
        today[PV_LOSS] += (pv - bus) * HOURS
        today[INVERTER_LOSS] += (bus + battery - output) * HOURS
        today[STANDBY] += (output - grid - load) * HOURS
        if pv > MIN_FLOW:
            times[PV] += 1
        if load > 0.0:
            times[LOAD] += 1
        if grid > 0.0:
            today[EXPORT] += grid * HOURS
            if grid > MIN_FLOW:
                times[EXPORT] += 1
        else:
            today[IMPORT] -= grid * HOURS
            if grid < -MIN_FLOW:
                times[IMPORT] += 1
        self._charge(state, battery, air)
        state.flows = flows

    def _charge(self, state: State, battery: float, air: float) -> None:
        """Move the battery's state and count its flows."""
        spec = self._battery
        if spec is None:
            return
        today, times = state.today, state.times
        loss = 0.0
        if battery > 0.0:
            today[DISCHARGE] += battery * HOURS
            loss = battery * (1.0 / spec.discharge_efficiency - 1.0) * HOURS
            state.stored -= battery * HOURS + loss
            if battery > MIN_FLOW:
                times[DISCHARGE] += 1
        elif battery < 0.0:
            today[CHARGE] -= battery * HOURS
            loss = -battery * (1.0 - spec.charge_efficiency) * HOURS
            state.stored -= battery * HOURS + loss
            if battery < -MIN_FLOW:
                times[CHARGE] += 1
        today[BATTERY_LOSS] += loss
        room = 18.0 + 0.3 * (air - 10.0)
        state.temperature += (room - state.temperature) * 0.004 + loss * 40.0 / spec.kwh
