"""Changes of settings that failed: an event, a repair issue and an exception that name what was asked and what came."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN, LOGGER
from .enerclo import EnercloError, Json
from .issues import settings_issue

if TYPE_CHECKING:
    from .settings_coordinator import SettingsCoordinator

EVENT_FAILED = f"{DOMAIN}_settings_change_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A change that failed; `reason` is not_read, not_sent, refused, not_taken, moved or unconfirmed."""

    reason: str
    asked: dict[str, Json]
    found: dict[str, Json]
    wishes: str
    differences: str
    error: str


def cause(error: Exception | None) -> str:
    """Return what is told of an error: the cloud's own words, if it had any, and its code."""
    if not isinstance(error, EnercloError) or error.http_status is None:
        return "" if error is None else str(error)
    answer = f"HTTP {error.http_status}" if error.code is None else f"code {error.code}"
    return f"{error.vendor_message} ({answer})" if error.vendor_message else answer


@callback
def async_report_failure(coordinator: SettingsCoordinator, failure: Failure) -> HomeAssistantError:
    """Fire the event, raise the repair issue, and return the exception for whoever still waits."""
    hass, device = coordinator.hass, coordinator.device
    placeholders = {
        "device": device.name,
        "wishes": failure.wishes,
        "differences": failure.differences,
        "error": failure.error or "-",
        "time": dt_util.now().strftime("%Y-%m-%d %H:%M:%S"),
    }
    LOGGER.warning("%s: a change failed (%s): %s %s", coordinator.name, failure.reason, failure.wishes, failure.error)
    entry = coordinator.config_entry
    registered = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, device.device_sn), entry.entry_id)
    hass.bus.async_fire(
        EVENT_FAILED,
        {
            "device_id": None if registered is None else registered.id,
            "device": device.name,
            "reason": failure.reason,
            "asked": failure.asked,
            "found": failure.found,
            "error": failure.error,
        },
    )
    ir.async_create_issue(
        hass,
        DOMAIN,
        settings_issue(coordinator.subentry_id or ""),
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=f"settings_{failure.reason}",
        translation_placeholders=placeholders,
    )
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=f"settings_{failure.reason}",
        translation_placeholders={key: text for key, text in placeholders.items() if key != "time"},
    )


@callback
def async_clear_failure(coordinator: SettingsCoordinator) -> None:
    """Take the repair issue back."""
    ir.async_delete_issue(coordinator.hass, DOMAIN, settings_issue(coordinator.subentry_id or ""))
