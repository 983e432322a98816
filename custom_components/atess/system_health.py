"""What the page "System information" says of the integration."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .account import async_get_accounts
from .const import CLOUD_URL


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is shown."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return whether the cloud can be reached, and how often it was asked and refused on this UTC day."""
    pacers = [account.pacer for account in await async_get_accounts(hass)]
    return {
        "can_reach_cloud": system_health.async_check_can_reach_url(hass, CLOUD_URL),
        "requests_today": sum(pacer.requests_today() for pacer in pacers),
        "refusals_today": sum(pacer.refusals_today() for pacer in pacers),
    }
