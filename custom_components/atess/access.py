"""What happens when the cloud refuses the token of an account, and when it accepts it again."""

from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .enerclo import EnercloClient


@callback
def async_watch_access(hass: HomeAssistant, entry: ConfigEntry[Any], client: EnercloClient) -> None:
    """Ask for a new token while the cloud refuses the account's, from now until the entry is unloaded.

    As soon as the cloud accepts it again, the question goes away and all devices are polled again.
    """

    @callback
    def follow() -> None:
        if client.denied:
            entry.async_start_reauth(hass)
            return
        for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
            hass.config_entries.flow.async_abort(flow["flow_id"])
        data = getattr(entry, "runtime_data", None)
        for coordinator in () if data is None else data.coordinators.values():
            coordinator.async_poll_soon()

    entry.async_on_unload(client.add_access_listener(follow))
