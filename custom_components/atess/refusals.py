"""A cloud that keeps refusing for an hour calls for the user."""

from typing import TYPE_CHECKING

from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DEFAULT_SCAN_INTERVAL, DOMAIN, REFUSED_FOR
from .issues import refused_issue

if TYPE_CHECKING:
    from .coordinator import AtessCoordinator


@callback
def async_note_outcome(coordinator: AtessCoordinator, *, limited: bool) -> None:
    """Raise a repair issue once a device was refused for an hour; take it back when none is any more."""
    hass, entry = coordinator.hass, coordinator.config_entry
    since = coordinator.account.refused_since
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
