"""Set the Energy dashboard up for new devices if their owner asked for it, once they have their first reading."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN, LOGGER
from ..runtime import AtessConfigEntry
from .configure import async_configure
from .preferences import async_get_preferences
from .sources import async_offer

# Entities come a moment after the first reading, and are there with the next one.
_NOT_THERE_YET = frozenset({"no_entity", "no_state"})


async def async_fulfil_requests(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Add the sources of those devices of an account for which this was asked, now and as they get readings."""
    preferences = await async_get_preferences(hass)
    waiting = [item for item in entry.runtime_data.coordinators.values() if item.device_sn in preferences.requested]
    if not waiting:
        return

    async def act() -> None:
        ready = {item.device_sn for item in waiting if item.data is not None} & preferences.requested
        if not ready or any(item["reason"] in _NOT_THERE_YET for item in async_offer(hass, ready).skipped):
            return
        await preferences.async_request(ready, wanted=False)
        try:
            done = await async_configure(hass, preferences, ready)
        except ServiceValidationError as err:
            LOGGER.warning("The Energy dashboard was not set up: %s", err)
        else:
            LOGGER.info("Added %d sources to the Energy dashboard", len(done["added"]))

    @callback
    def look() -> None:
        if not any(item.device_sn in preferences.requested for item in waiting):
            return
        entry.async_create_background_task(hass, act(), f"{DOMAIN} Energy dashboard")

    for item in waiting:
        entry.async_on_unload(item.async_add_listener(look))
    await act()
