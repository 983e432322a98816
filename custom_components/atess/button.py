"""Buttons that refresh a device, and that end the control of a battery."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .battery_control.entities import RESUME_KEY, ResumeButton, async_add_battery_control
from .coordinator import AtessCoordinator
from .entity import AtessEntity
from .refresh import async_refresh_device
from .runtime import AtessConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons of every device."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        async_add_entities([RefreshButton(coordinator)], config_subentry_id=subentry_id)
    async_add_battery_control(entry, Platform.BUTTON, async_add_entities, ResumeButton, RESUME_KEY)


class RefreshButton(AtessEntity, ButtonEntity):
    """Polls the device if the cloud's limit permits, else as soon as it does."""

    coordinator: AtessCoordinator

    def __init__(self, coordinator: AtessCoordinator) -> None:
        """Describe the button."""
        description = ButtonEntityDescription(
            key="refresh", translation_key="refresh", entity_category=EntityCategory.DIAGNOSTIC
        )
        super().__init__(coordinator, description)

    @property
    @override
    def available(self) -> bool:
        """Return True: a refresh is always possible."""
        return True

    @override
    async def async_press(self) -> None:
        """Poll, or schedule the poll. Raise the error of the poll."""
        await async_refresh_device(self.coordinator)
