"""Active faults as people and automations see them."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .readings import ActiveFault

_TEXT = f"component.{DOMAIN}.entity.event.fault.state_attributes.fault.state."


def fault_attributes(hass: HomeAssistant, fault: ActiveFault) -> dict[str, Any]:
    """Return a fault's key, its text in the language of this Home Assistant, severity and the cloud's code."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    return {
        "fault": fault.key,
        "text": texts.get(_TEXT + fault.key, fault.label),
        "severity": fault.severity.value,
        "code": fault.code,
    }
