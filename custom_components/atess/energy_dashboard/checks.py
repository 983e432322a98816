"""Look at a sensor before it goes into the Energy dashboard: at more than Home Assistant's own check does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.components.recorder import is_entity_recorded
from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.core import HomeAssistant, callback


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """What a sensor has to be, and the range that its values lie in."""

    device_class: SensorDeviceClass
    units: frozenset[str]
    state_classes: frozenset[str]
    low: float | None = None
    high: float | None = None


_ENERGY = _Expected(
    device_class=SensorDeviceClass.ENERGY,
    units=frozenset(UnitOfEnergy),
    state_classes=frozenset({SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING}),
    low=0,
)
_MEASURED: Final = frozenset({SensorStateClass.MEASUREMENT})
# By the name that the preferences give to it.
_EXPECTED: Mapping[str, _Expected] = {
    "stat_energy_from": _ENERGY,
    "stat_energy_to": _ENERGY,
    "stat_rate": _Expected(device_class=SensorDeviceClass.POWER, units=frozenset(UnitOfPower), state_classes=_MEASURED),
    "stat_soc": _Expected(
        device_class=SensorDeviceClass.BATTERY,
        units=frozenset({PERCENTAGE}),
        state_classes=_MEASURED,
        low=0,
        high=100,
    ),
}


@callback
def problem_of(hass: HomeAssistant, entity_id: str, role: str) -> str | None:
    """Return the key of what keeps a sensor from its role in a source, None if it fits."""
    expected = _EXPECTED[role]
    if (state := hass.states.get(entity_id)) is None:
        return "no_state"
    if not is_entity_recorded(hass, entity_id):
        return "not_recorded"
    for key, attribute, fitting in (
        ("wrong_device_class", ATTR_DEVICE_CLASS, {expected.device_class}),
        ("wrong_unit", ATTR_UNIT_OF_MEASUREMENT, expected.units),
        ("wrong_state_class", ATTR_STATE_CLASS, expected.state_classes),
    ):
        if state.attributes.get(attribute) not in fitting:
            return key
    try:
        value = float(state.state)
    except ValueError:
        return None  # it has no value now
    too_low = expected.low is not None and value < expected.low
    too_high = expected.high is not None and value > expected.high
    return "implausible" if too_low or too_high else None
