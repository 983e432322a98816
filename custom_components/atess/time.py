"""Times: start and end of each tariff period."""

from dataclasses import replace
from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control.coordinator import SettingsCoordinator
from .control.entity import SettingEntity, async_add_settings, setting_description
from .runtime import AtessConfigEntry
from .settings import Match, Period, SettingValue

# Changes are gathered and sent by the writer of the device, and each action waits for its result.
PARALLEL_UPDATES = 0
DAY = 1440
# The first period of a tariff is enabled in any case, the others if they are used.
FIRST = "_1"


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the times of every device, now and as settings are read."""
    async_add_settings(entry, Platform.TIME, async_add_entities, SettingTime)


def _is_unused(coordinator: SettingsCoordinator, found: Match) -> bool:
    """Return whether a period is not in use."""
    period = None if coordinator.data is None else coordinator.data.value(found.setting.key)
    return isinstance(period, Period) and not period.used


class SettingTime(SettingEntity, TimeEntity):
    """Start or end of a period among the settings of a device; the end of a day is shown as 00:00."""

    def __init__(self, coordinator: SettingsCoordinator, found: Match, key: str) -> None:
        """Describe one of the two times of a period."""
        description = setting_description(found.setting, key, Platform.TIME)
        if not found.setting.key.endswith(FIRST) and _is_unused(coordinator, found):
            description["entity_registry_enabled_default"] = False
        super().__init__(coordinator, found, TimeEntityDescription(**description))
        self._is_start = key.endswith("_start")

    @property
    @override
    def native_value(self) -> time | None:
        """The time last read."""
        return self._time(value) if isinstance(value := self.current, Period) else None

    def _time(self, period: Period) -> time:
        minutes = (period.start if self._is_start else period.end) % DAY
        return time(minutes // 60, minutes % 60)

    @override
    def shown(self, value: SettingValue) -> str | None:
        """Return this entity's time of a period."""
        return self._time(value).isoformat() if isinstance(value, Period) else None

    @override
    async def async_set_value(self, value: time) -> None:
        """Change this end of the period; keep the current or requested value of the other end."""
        minutes = value.hour * 60 + value.minute
        period = self.asked or self.current
        if not isinstance(period, Period):
            period = Period(start=0, end=0)
        if self._is_start:
            period = replace(period, start=minutes)
        else:
            at_24 = minutes == 0 and period.start > 0 and self.coordinator.ends_at_24
            period = replace(period, end=DAY if at_24 else minutes)
        await self.async_change(period)
