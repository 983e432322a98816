"""Provide system health information."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback
from yarl import URL

from .account import async_get_accounts
from .const import CLOUD_URL, CONF_BASE_URL, DOMAIN


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is shown."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return whether the accounts' clouds can be reached, and how often they were asked and refused on this UTC day."""
    pacers = [account.pacer for account in await async_get_accounts(hass)]
    return {
        "can_reach_cloud": _async_can_reach(hass),
        "requests_today": sum(pacer.requests_today() for pacer in pacers),
        "refusals_today": sum(pacer.refusals_today() for pacer in pacers),
    }


async def _async_can_reach(hass: HomeAssistant) -> str | dict[str, str]:
    """Return "ok" if every account's address can be reached, else the failure and the host.

    The root of the address is asked, without a token: a request below it would be one of the API.
    """
    entries = hass.config_entries.async_entries(DOMAIN)
    addresses = {URL(entry.data[CONF_BASE_URL]).origin() for entry in entries} or {URL(CLOUD_URL)}
    for address in sorted(addresses):
        result = await system_health.async_check_can_reach_url(hass, str(address))
        if isinstance(result, dict):
            return {**result, "error": f"{result['error']}: {address.host}"} if len(addresses) > 1 else result
    return "ok"
