"""Guards on single values and pairs (G2 to G11, G18, G21), and the table that says which quantity takes which.

Every guard takes a number and returns it, a corrected one, or None if it is not usable.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache

from ..enerclo.model import Kind
from .numbers import rounded

DEFAULT_NOMINAL: Mapping[Kind, float] = {Kind.HPS_STRING: 50.0}
OTHER_NOMINAL = 650.0
SMALLEST_NOMINAL = 1.0  # below it, a unit was mistaken
WRAP = 6553.6
WRAP_END = 6553.5
OPEN_SENSOR = -30.0
NO_BATTERY_BELOW = 10.0

type Guard = Callable[[float], float | None]
type Numbers = MutableMapping[str, float | None]


def nominal_or_default(kind: Kind, nominal_power: float | None) -> float:
    """Return the nominal power in kW, or what is assumed if it is not known (N)."""
    if nominal_power is not None and SMALLEST_NOMINAL <= nominal_power <= 10_000:
        return float(nominal_power)
    return DEFAULT_NOMINAL.get(kind, OTHER_NOMINAL)


def signed_tenths(value: float) -> float:
    """G2: a signed 16-bit register of 0.1, read as unsigned."""
    return rounded(value - WRAP) if 3276.7 < value <= WRAP_END else value


def signed_thousandths(value: float) -> float:
    """G2: a signed 16-bit register of 0.001, read as unsigned."""
    return rounded(value - 65.536) if 32.767 < value <= 65.535 else value


def cell_voltage(value: float) -> float | None:
    """G3: highest or lowest cell voltage in V; sent in mV by some."""
    volts = rounded(value / 1000) if value > 100 else value
    return volts if 0.5 <= volts <= 5.0 else None


def average_cell_voltage(value: float) -> float | None:
    """G4: average cell voltage in V."""
    return value if 0.5 <= value <= 10 else None


def average_cell_voltage_pbd(value: float) -> float | None:
    """G4 on a PBD, where the sibling sends ten times the value."""
    if value > 10:
        volts = rounded(value / 10)
        return volts if 0.5 <= volts <= 5.0 else None
    return average_cell_voltage(value)


def cell_temperature(value: float) -> float | None:
    """G5: a signed byte, read as unsigned by some; -40 to 100 °C."""
    degrees = value - 256 if 128 <= value <= 255 else value
    return degrees if -40 <= degrees <= 100 else None


def percentage(value: float) -> float | None:
    """G5a: state of charge or health, 0 to 100 %."""
    return value if 0 <= value <= 100 else None


def power_factor(value: float) -> float | None:
    """G6: power factor, sent in percent by some."""
    factor = rounded(value / 100) if abs(value) > 1 else value
    return factor if -1 <= factor <= 1 else None


def frequency(value: float) -> float | None:
    """G7: 40 to 70 Hz, sent in hundredths by some; 0 without a grid."""
    hertz = rounded(value / 100) if 4000 <= value <= 7000 else value
    return hertz if hertz == 0 or 40 <= hertz <= 70 else None


def device_temperature(value: float) -> float | None:
    """G9: -40 to 150 °C."""
    return value if -40 <= value <= 150 else None


def pv_power(value: float) -> float | None:
    """G11: PV power in kW is not negative."""
    if value < -0.5:
        return None
    return max(0.0, value)


def pv_voltage(value: float) -> float:
    """G11: PV voltage is not negative."""
    return max(0.0, value)


def fault_word(value: float) -> float | None:
    """G18: a fault word as an unsigned 16-bit number; -1 means not reported."""
    if value == -1 or not value.is_integer():
        return None
    word = value + 65536 if value < 0 else value
    return word if 0 <= word <= 65535 else None


def volt_amperes(value: float, nominal: float) -> float:
    """G15, quick rule for apparent and reactive power: beyond three times the nominal power it is in VA or var."""
    return rounded(value / 1000, 6) if abs(value) > 3 * nominal else value


@dataclass(frozen=True, slots=True)
class Step:
    """One guard of a chain, with the name that diagnostics count it under."""

    name: str
    guard: Guard


_BY_QUANTITY: Mapping[str, tuple[Step, ...]] = {
    "voltage": (Step("G2", signed_tenths),),
    "pv_voltage": (Step("G2", signed_tenths), Step("G11", pv_voltage)),
    "battery_voltage": (Step("G2", signed_tenths),),
    "current": (Step("G2", signed_tenths),),
    "temperature": (Step("G2", signed_tenths), Step("G9", device_temperature)),
    "cell_voltage": (Step("G3", cell_voltage),),
    "cell_voltage_average": (Step("G2", signed_thousandths), Step("G4", average_cell_voltage)),
    "cell_temperature": (Step("G5", cell_temperature),),
    "state_of_charge": (Step("G5a", percentage),),
    "state_of_health": (Step("G5a", percentage),),
    "power_factor": (Step("G6", power_factor),),
    "frequency": (Step("G7", frequency),),
    "pv_power": (Step("G11", pv_power),),
    "fault_word": (Step("G18", fault_word),),
}


@cache
def guards_of(kind: Kind, nominal: float) -> Mapping[str, tuple[Step, ...]]:
    """Return the guards of every quantity by its name, in their order; active powers pass G15 before these."""
    quick = Step("G15", lambda value: volt_amperes(value, nominal))
    table = {
        **_BY_QUANTITY,
        "apparent_power": (quick,),
        "reactive_power": (Step("G2", signed_tenths), quick),
    }
    if kind is Kind.PBD:
        table["cell_voltage_average"] = (Step("G4", average_cell_voltage_pbd),)
    return table


CELL_KEYS = (
    "battery_state_of_charge",
    "reported_state_of_charge",
    "battery_state_of_health",
    "cell_voltage_maximum",
    "cell_voltage_minimum",
    "cell_voltage_average",
    "battery_temperature_maximum",
    "battery_temperature_minimum",
)
PAIRS = (
    ("cell_voltage_maximum", "cell_voltage_minimum"),
    ("battery_temperature_maximum", "battery_temperature_minimum"),
)


def battery_presence(numbers: Numbers) -> list[str]:
    """G8: below 10 V there is no battery, and nothing to say of its cells; returns the keys changed."""
    voltage = numbers.get("battery_voltage")
    if voltage is None or voltage >= NO_BATTERY_BELOW:
        return []
    changed = [key for key in CELL_KEYS if numbers.get(key) is not None]
    numbers.update(dict.fromkeys(changed))
    if voltage < 0:
        numbers["battery_voltage"] = 0.0
        changed.append("battery_voltage")
    return changed


def pairs(numbers: Numbers) -> list[str]:
    """G21: a maximum below its minimum makes both unusable; returns the keys changed."""
    changed: list[str] = []
    for upper, lower in PAIRS:
        highest, lowest = numbers.get(upper), numbers.get(lower)
        if highest is not None and lowest is not None and highest < lowest:
            numbers[upper] = numbers[lower] = None
            changed += [upper, lower]
    return changed


def open_sensors(numbers: Numbers, keys: list[str]) -> list[str]:
    """G9: two or more device temperatures at exactly -30.0 at once are open sensors; returns the keys changed."""
    open_keys = [key for key in keys if numbers.get(key) == OPEN_SENSOR]
    if len(open_keys) < 2:
        return []
    numbers.update(dict.fromkeys(open_keys))
    return open_keys
