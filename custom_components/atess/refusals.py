"""A cloud that keeps refusing for an hour calls for the user."""

from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DEFAULT_SCAN_INTERVAL, DOMAIN, REFUSED_FOR
from .issues import refused_issue

if TYPE_CHECKING:
    from .coordinator import AtessCoordinator

# By config entry and device: since when every poll was refused.
_SINCE: HassKey[dict[str, dict[str, datetime]]] = HassKey(f"{DOMAIN}_refused")


@callback
def async_note_outcome(coordinator: AtessCoordinator, *, limited: bool) -> None:
    """Raise a repair issue once a device was refused for an hour; take it back when none is any more."""
    hass, entry = coordinator.hass, coordinator.config_entry
    since = hass.data.setdefault(_SINCE, {}).setdefault(entry.entry_id, {})
    now = dt_util.utcnow()
    if not limited:
        if since.pop(coordinator.device_sn, None) is not None and not since:
            ir.async_delete_issue(hass, DOMAIN, refused_issue(entry.entry_id))
        return
    if now - since.setdefault(coordinator.device_sn, now) < REFUSED_FOR:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        refused_issue(entry.entry_id),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="refused",
        translation_placeholders={
            "account": entry.title,
            "interval": str(entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL)),
        },
    )
