"""Buttons: ask the cloud about a device now."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import AtessCoordinator
from .entity import AtessEntity
from .refresh import async_refresh_device, later_text
from .runtime import AtessConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up a button for each device."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        async_add_entities([RefreshButton(coordinator)], config_subentry_id=subentry_id)


class RefreshButton(AtessEntity, ButtonEntity):
    """Asks about the device if the cloud's limit permits, else says when it will, and does so then."""

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
        """One may always ask."""
        return True

    @override
    async def async_press(self) -> None:
        """Ask; raises what the poll failed with, or when it will be made."""
        if (moment := await async_refresh_device(self.coordinator)) is not None:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="refresh_later",
                translation_placeholders=later_text({self.coordinator: moment}),
            )
