"""One device at one moment, with the small things that the physics does not hold: voltages, temperatures, rounding."""

import struct
from dataclasses import dataclass, field
from math import sqrt
from random import Random

from ..physics import CHARGE, DISCHARGE, EXPORT, IMPORT, LOAD, PV
from ..plant import Device, SystemSpec
from ..system import Moment

type Member = bool | int | float | str | None
COUNTERS = {"pv": PV, "charge": CHARGE, "discharge": DISCHARGE, "import": IMPORT, "export": EXPORT, "load": LOAD}
FAULT = 3
ON_GRID = 2
OFF_GRID = 5
WAITING = 0
NO_BATTERY_VOLTS = -1.5
OPEN_CIRCUIT_KOHM = 1000.0


def float32(value: float) -> float:
    """Return a number as it looks after a detour over 32 bits: 1.9 becomes 1.899999976158142."""
    narrow: float = struct.unpack("f", struct.pack("f", value))[0]
    return narrow


@dataclass(slots=True, kw_only=True)
class View:
    """A device at the moment of a sample; `random` is seeded by device and sample."""

    device: Device
    system: SystemSpec
    moment: Moment
    time: str
    lost: bool
    random: Random
    grid_volts: tuple[float, ...] = field(init=False)
    grid_hertz: float = field(init=False)

    def __post_init__(self) -> None:
        shared = self.random
        base = 231.0 + shared.uniform(-1.5, 1.5)
        volts = tuple(base + shared.uniform(-1.0, 1.0) for _ in range(3))
        self.grid_volts = (volts[0], 0.0, 0.0) if self.device.single_phase else volts
        self.grid_hertz = 50.0 + shared.uniform(-0.04, 0.04)
        if self.moment.control.off_grid:
            self.grid_volts, self.grid_hertz = (0.0, 0.0, 0.0), 0.0

    # powers and energies

    def kw(self, value: float) -> float:
        """Round a power: string models to 10 W, the others to 100 W as their registers do."""
        return _round(value, 2 if self.device.kind == "hps_string" else 1)

    def today(self, counter: str) -> float:
        """Return an energy of today in kWh."""
        return _round(self.moment.today[COUNTERS[counter]], 1)

    def total(self, counter: str) -> float:
        """Return an energy of the whole life in kWh."""
        return _round(self.moment.total[COUNTERS[counter]], 1)

    def minutes(self, counter: str) -> float:
        """Return a time of today in minutes."""
        return float(self.moment.times_today[COUNTERS[counter]])

    def hours(self, counter: str) -> float:
        """Return a time of the whole life in hours."""
        return _round(self.moment.times_total[COUNTERS[counter]] / 60.0, 1)

    # phases

    @property
    def phases(self) -> int:
        """Return the number of phases."""
        return 1 if self.device.single_phase else 3

    def output_volts(self, phase: int) -> float:
        """Return the voltage of a phase on the load side in V."""
        if phase >= self.phases or not (self.moment.control.running or self.grid_volts[0]):
            return 0.0
        return _round((self.grid_volts[phase] or 230.0) + self.random.uniform(-0.3, 0.3), 1)

    def phase_amps(self, kva: float, phase: int) -> float:
        """Return the current of a phase in A, the same in all phases that there are."""
        if phase >= self.phases:
            return 0.0
        return _round(1000.0 * kva / self.phases / (self.grid_volts[phase] or 230.0), 1)

    def line_volts(self, phase: int) -> float:
        """Return a line-to-line voltage of the grid in V; on one phase the phase voltage and zeros."""
        if self.device.single_phase:
            return _round(self.grid_volts[phase], 1)
        return _round((self.grid_volts[phase] + self.grid_volts[(phase + 1) % 3]) / 2.0 * sqrt(3.0), 1)

    @property
    def grid_kvar(self) -> float:
        """Return the grid's reactive power: a few per cent of the inverter's nominal power."""
        return _round(0.01 * self.system.machine.nominal_kw + 0.05 * abs(self.moment.grid), 1)

    @property
    def grid_kva(self) -> float:
        """Return the grid's apparent power."""
        return _round(sqrt(self.moment.grid**2 + self.grid_kvar**2), 1)

    @property
    def load_pf(self) -> float:
        """Return the load's power factor, 0 to 1."""
        return 0.98

    @property
    def load_kva(self) -> float:
        """Return the load's apparent power."""
        return self.moment.load / self.load_pf

    @property
    def load_kvar(self) -> float:
        """Return the load's reactive power."""
        return self.moment.load * 0.2

    # PV

    def pv_kw(self, number: int) -> float:
        """Return the DC power of this device's PV input `number` (from 0); the last input holds what is left."""
        places = self.device.arrays
        return self.moment.arrays[places[number]] if number < len(places) else 0.0

    def pv_volts(self, number: int) -> float:
        """Return the voltage of a PV input in V."""
        if number >= len(self.device.arrays):
            return 0.0
        power = self.pv_kw(number)
        if power <= 0.0:
            return _round(self.random.uniform(0.0, 6.0), 1)
        kwp = self.system.arrays[self.device.arrays[number]].kwp
        return _round(560.0 + 60.0 * min(1.0, power / kwp) ** 0.3 + self.random.uniform(-4.0, 4.0), 1)

    def pv_amps(self, number: int, volts: float) -> float:
        """Return the current of a PV input in A."""
        return _round(1000.0 * self.pv_kw(number) / volts, 1) if volts > 50.0 else 0.0

    # device

    @property
    def bus_volts(self) -> float:
        """Return the voltage of the DC bus in V."""
        return _round(720.0 + self.random.uniform(-3.0, 3.0), 1) if self.moment.control.running else 0.0

    def module_temperature(self, rise: float) -> float:
        """Return the temperature of a part that gets `rise` °C warmer at nominal power."""
        share = abs(self.moment.output) / self.system.machine.nominal_kw
        return _round(self.ambient + 4.0 + rise * share + self.random.uniform(-0.3, 0.3), 1)

    @property
    def ambient(self) -> float:
        """Return the temperature of the room in °C."""
        return _round(16.0 + 0.45 * (self.moment.air - 10.0), 1)

    @property
    def status(self) -> int:
        """Return the operating state of an HPS or PCS; -1 is set by the cloud."""
        if self.lost:
            return -1
        if self.device.sn in self.moment.config.stopped:
            return FAULT
        if not self.moment.control.running:
            return WAITING
        return OFF_GRID if self.moment.control.off_grid else ON_GRID

    @property
    def run_model(self) -> int:
        """Return the operating mode as HPS and PCS report it."""
        return self.moment.control.run_model(self.moment.minute)

    def fault_word(self, number: int) -> int:
        """Return a fault word."""
        return self.moment.config.faults.get(self.device.sn, {}).get(number, 0)


def _round(value: float, digits: int) -> float:
    """Round without a negative zero."""
    return round(value, digits) + 0.0
