"""Define quantities: Home Assistant's device class, unit, state class and the decimals worth showing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A kind of value; `name` tells apart those that Home Assistant treats alike and the guards do not."""

    name: str
    device_class: str | None = None
    unit: str | None = None
    state_class: str | None = None
    precision: int | None = None
    binary: bool = False


def _measurement(name: str, device_class: str | None, unit: str | None, precision: int) -> Quantity:
    return Quantity(name=name, device_class=device_class, unit=unit, state_class="measurement", precision=precision)


def _counter(name: str, device_class: str, unit: str, precision: int) -> Quantity:
    return Quantity(
        name=name, device_class=device_class, unit=unit, state_class="total_increasing", precision=precision
    )


def _binary(name: str, device_class: str | None = None) -> Quantity:
    return Quantity(name=name, device_class=device_class, binary=True)


POWER = _measurement("power", "power", "kW", 1)
NOMINAL_POWER = Quantity(name="nominal_power", device_class="power", unit="kW", precision=1)
PV_POWER = _measurement("pv_power", "power", "kW", 1)
APPARENT_POWER = _measurement("apparent_power", "apparent_power", "kVA", 1)
REACTIVE_POWER = _measurement("reactive_power", "reactive_power", "kvar", 1)
POWER_FACTOR = _measurement("power_factor", "power_factor", None, 2)
VOLTAGE = _measurement("voltage", "voltage", "V", 1)
PV_VOLTAGE = _measurement("pv_voltage", "voltage", "V", 1)
BATTERY_VOLTAGE = _measurement("battery_voltage", "voltage", "V", 1)
CELL_VOLTAGE = _measurement("cell_voltage", "voltage", "V", 3)
CELL_VOLTAGE_AVERAGE = _measurement("cell_voltage_average", "voltage", "V", 3)
CELL_VOLTAGE_SPREAD = _measurement("cell_voltage_spread", "voltage", "mV", 0)
CURRENT = _measurement("current", "current", "A", 1)
FREQUENCY = _measurement("frequency", "frequency", "Hz", 2)
TEMPERATURE = _measurement("temperature", "temperature", "°C", 1)
CELL_TEMPERATURE = _measurement("cell_temperature", "temperature", "°C", 0)
TEMPERATURE_SPREAD = _measurement("temperature_spread", "temperature_delta", "°C", 0)
STATE_OF_CHARGE = _measurement("state_of_charge", "battery", "%", 0)
STATE_OF_HEALTH = _measurement("state_of_health", None, "%", 0)
PERCENTAGE = _measurement("percentage", None, "%", 0)
RESISTANCE = _measurement("resistance", None, "kΩ", 1)
ENERGY_STORED = _measurement("energy_stored", "energy_storage", "kWh", 1)
CAPACITY = _measurement("capacity", "energy_storage", "kWh", 1)
BACKUP_TIME = _measurement("backup_time", "duration", "h", 1)
CYCLES = _measurement("cycles", None, None, 0)
COUNT = _measurement("count", None, None, 0)

ENERGY_TODAY = _counter("energy_today", "energy", "kWh", 1)
ENERGY_TOTAL = _counter("energy_total", "energy", "kWh", 1)
TIME_TODAY = _counter("time_today", "duration", "min", 0)
TIME_TOTAL = _counter("time_total", "duration", "h", 1)

DURATION = Quantity(name="duration", device_class="duration", unit="s", precision=0)
TIMESTAMP = Quantity(name="timestamp", device_class="timestamp")
STATE = Quantity(name="state", device_class="enum")
NUMBER = Quantity(name="number")
PLACE = Quantity(name="place")
FAULT_WORD = Quantity(name="fault_word")
TEXT = Quantity(name="text")

FLAG = _binary("flag")
CONNECTIVITY = _binary("connectivity", "connectivity")
PROBLEM = _binary("problem", "problem")
SUPPLY = _binary("supply", "power")
RUNNING = _binary("running", "running")
DISCHARGING = _binary("discharging")
CHARGING = _binary("charging", "battery_charging")
