"""Switches: settings that are on or off."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
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
    """Set up the switches of every device, now and as settings are read."""
    async_add_settings(entry, Platform.SWITCH, async_add_entities, SettingSwitch)


class SettingSwitch(SettingEntity, SwitchEntity):
    """A setting that is on or off."""

    def __init__(self, coordinator: SettingsCoordinator, found: Match, key: str) -> None:
        """Describe the switch as the catalogue does."""
        description = SwitchEntityDescription(**setting_description(found.setting, key, Platform.SWITCH))
        super().__init__(coordinator, found, description)

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it was on when it was last read."""
        return value if isinstance(value := self.current, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Have it switched on."""
        await self.async_change(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Have it switched off."""
        await self.async_change(value=False)
