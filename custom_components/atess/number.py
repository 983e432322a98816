"""Numbers: limits, thresholds, currents and powers that may be changed."""

from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control.coordinator import SettingsCoordinator
from .control.entity import SettingEntity, async_add_settings, setting_description
from .runtime import AtessConfigEntry
from .settings import Match

# Changes are gathered and sent by the writer of the device, and each action waits for its result.
PARALLEL_UPDATES = 0

_CLASSES = {
    "A": NumberDeviceClass.CURRENT,
    "V": NumberDeviceClass.VOLTAGE,
    "kW": NumberDeviceClass.POWER,
}


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the numbers of every device, now and as settings are read."""
    async_add_settings(entry, Platform.NUMBER, async_add_entities, SettingNumber)


class SettingNumber(SettingEntity, NumberEntity):
    """A number among the settings of a device."""

    def __init__(self, coordinator: SettingsCoordinator, found: Match, key: str) -> None:
        """Describe the number as the catalogue does, within the range of this device."""
        setting = found.setting
        super().__init__(
            coordinator,
            found,
            NumberEntityDescription(
                **setting_description(setting, key, Platform.NUMBER),
                device_class=_CLASSES.get(setting.unit or ""),
                native_unit_of_measurement=setting.unit,
                native_step=setting.step,
                # A slider leaves no room for the name on a phone.
                mode=NumberMode.BOX,
            ),
        )

    @property
    @override
    def native_min_value(self) -> float:
        """The least value that the device takes."""
        return self._limit(lowest=True)

    @property
    @override
    def native_max_value(self) -> float:
        """The greatest value that the device takes: of a power, not more than its nominal one."""
        return self._limit(lowest=False)

    def _limit(self, *, lowest: bool) -> float:
        data = self.coordinator.data
        if data is None or self.setting.key not in data.matches:
            return (self.setting.low if lowest else self.setting.high) or 0.0
        limits = data.limits(self.setting.key)
        limit = (limits.low if lowest else limits.high) or 0.0
        # A value beyond the limits that the device has, or had before a change from here, may be set again.
        values = [limit, *self.coordinator.writer.restorable(self.setting.key)]
        return min(values) if lowest else max(values)

    @property
    @override
    def native_value(self) -> float | None:
        """The value last read."""
        return value if isinstance(value := self.current, float) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Queue a change of the value."""
        await self.async_change(value)
