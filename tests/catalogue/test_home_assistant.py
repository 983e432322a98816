"""Home Assistant accepts every combination of device class, unit and state class."""

import pytest
from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.components.sensor.const import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    NON_NUMERIC_DEVICE_CLASSES,
)

from custom_components.atess.catalogue import ACCOUNT, DERIVED, FIELDS, PLANT, Definition, Quantity
from custom_components.atess.enerclo.model import Kind

ALL: list[Definition] = [
    *(field for kind in Kind for field in FIELDS[kind] if field.has_entity),
    *(item for kind in Kind for item in DERIVED[kind]),
    *PLANT,
    *ACCOUNT,
]
SENSORS = {(item.key, item.quantity, item.precision, item.options) for item in ALL if item.platform == "sensor"}
BINARY_SENSORS = {(item.key, item.quantity) for item in ALL if item.platform == "binary_sensor"}


@pytest.mark.parametrize(("key", "quantity", "precision", "options"), sorted(SENSORS, key=str))
def test_sensor_is_valid(key: str, quantity: Quantity, precision: int | None, options: tuple[str, ...] | None) -> None:
    state_class = SensorStateClass(quantity.state_class) if quantity.state_class else None
    if quantity.device_class is None:
        assert options is None
        assert precision is None or state_class is not None, key
        return
    device_class = SensorDeviceClass(quantity.device_class)
    assert (options is not None) == (device_class is SensorDeviceClass.ENUM)
    if device_class in NON_NUMERIC_DEVICE_CLASSES:
        assert (quantity.unit, state_class, precision) == (None, None, None)
        return
    assert quantity.unit in DEVICE_CLASS_UNITS[device_class]
    assert state_class is None or state_class in DEVICE_CLASS_STATE_CLASSES[device_class]
    assert precision is not None


@pytest.mark.parametrize(("key", "quantity"), sorted(BINARY_SENSORS, key=str))
def test_binary_sensor_is_valid(key: str, quantity: Quantity) -> None:
    assert quantity.binary
    assert (quantity.unit, quantity.state_class, quantity.precision) == (None, None, None), key
    assert quantity.device_class is None or BinarySensorDeviceClass(quantity.device_class)


def test_all_is_not_empty() -> None:
    assert len(SENSORS) > 200
    assert len(BINARY_SENSORS) > 8
