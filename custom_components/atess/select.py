"""Selections: the operating mode and other settings with a list of values."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control.coordinator import SettingsCoordinator
from .control.entity import SettingEntity, async_add_settings, setting_description
from .runtime import AtessConfigEntry
from .settings import Match

# Changes are gathered and sent by the writer of the device, and each action waits for its result.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the selections of every device, now and as settings are read."""
    async_add_settings(entry, Platform.SELECT, async_add_entities, SettingSelect)


class SettingSelect(SettingEntity, SelectEntity):
    """A setting with a list of values."""

    def __init__(self, coordinator: SettingsCoordinator, found: Match, key: str) -> None:
        """Describe the selection as the catalogue does."""
        setting = found.setting
        super().__init__(
            coordinator,
            found,
            SelectEntityDescription(
                **setting_description(setting, key, Platform.SELECT), options=list(setting.options)
            ),
        )

    @property
    @override
    def current_option(self) -> str | None:
        """The value last read."""
        return value if isinstance(value := self.current, str) else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Have the value changed."""
        await self.async_change(option)
