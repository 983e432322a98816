"""Sensors of settings: those that may not be changed, or not yet, and those that the catalogue does not know."""

from collections.abc import Mapping
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from ..catalogue.settings import SettingType
from ..control.coordinator import SettingsCoordinator
from ..control.entity import SettingEntity, setting_description
from ..entity import async_add_as_reported
from ..raw import RAW_SETTING_PREFIX, RawKeys
from ..runtime import AtessConfigEntry
from ..settings import Match, Period, SettingValue
from .values import RawSensor

SWITCH_STATES = ["off", "on"]

_CLASSES = {
    "A": SensorDeviceClass.CURRENT,
    "Hz": SensorDeviceClass.FREQUENCY,
    "V": SensorDeviceClass.VOLTAGE,
    "h": SensorDeviceClass.DURATION,
    "kW": SensorDeviceClass.POWER,
    "mV": SensorDeviceClass.VOLTAGE,
    "s": SensorDeviceClass.DURATION,
    "°C": SensorDeviceClass.TEMPERATURE,
}


class SettingSensor(SettingEntity, SensorEntity):
    """A setting that is only shown."""

    def __init__(self, coordinator: SettingsCoordinator, found: Match, key: str) -> None:
        """Describe the sensor as the catalogue does."""
        setting = found.setting
        options = {SettingType.SELECT: list(setting.options), SettingType.SWITCH: SWITCH_STATES}.get(setting.type)
        super().__init__(
            coordinator,
            found,
            SensorEntityDescription(
                **setting_description(setting, key, Platform.SENSOR),
                device_class=SensorDeviceClass.ENUM if options else _CLASSES.get(setting.unit or ""),
                native_unit_of_measurement=setting.unit,
                options=options,
            ),
        )

    @property
    @override
    def native_value(self) -> StateType:
        """The value last read, a period as text."""
        return None if (value := self.current) is None else self.shown(value)

    @override
    def shown(self, value: SettingValue) -> StateType:
        """Return a value as a state."""
        if isinstance(value, Period):
            return value.text
        if isinstance(value, bool):
            return "on" if value else "off"
        return int(value) if isinstance(value, float) and value.is_integer() else value


class RawSettingSensor(RawSensor):
    """A setting that the catalogue does not know."""

    prefix = RAW_SETTING_PREFIX
    name_key = "setting_raw"


@callback
def async_add_raw_settings(
    entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback, raw_keys: Mapping[str, RawKeys]
) -> None:
    """Create the sensors of settings that nobody knows, now and as they are first read."""
    for subentry_id, coordinator in entry.runtime_data.settings.items():
        _add_raw_settings(coordinator, async_add_entities, raw_keys[subentry_id])


def _add_raw_settings(
    coordinator: SettingsCoordinator, async_add_entities: AddConfigEntryEntitiesCallback, raw_keys: RawKeys
) -> None:
    def new(key: str) -> RawSettingSensor | None:
        if not key.startswith(RAW_SETTING_PREFIX):
            return None
        return RawSettingSensor(coordinator, key.removeprefix(RAW_SETTING_PREFIX))

    async_add_as_reported(
        coordinator,
        Platform.SENSOR,
        async_add_entities,
        new,
        lambda: raw_keys.of(RAW_SETTING_PREFIX, coordinator.unknown),
    )
