"""The actions of the integration."""

from homeassistant.core import HomeAssistant, callback

from .refresh import async_setup_refresh


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions; they are there whether or not an entry is loaded."""
    async_setup_refresh(hass)
