"""Asking about a device on demand: now if the cloud's limit permits, else as soon as it does."""

from datetime import datetime
from typing import Any

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import AtessCoordinator
from .enerclo import Priority

SERVICE_REFRESH = "refresh"
_SCHEMA = vol.Schema({vol.Required(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string])})


async def async_refresh_device(coordinator: AtessCoordinator) -> datetime | None:
    """Ask about a device; return None, or the moment at which that will be done because it is not permitted before.

    Raises what the poll failed with, translated.
    """
    permitted = coordinator.client.permitted_at(coordinator.kind, coordinator.device_sn, priority=Priority.PERSON)
    if permitted > dt_util.utcnow().timestamp():
        return _refresh_later(coordinator, dt_util.utc_from_timestamp(permitted))
    await _ask(coordinator)
    if isinstance(coordinator.last_exception, HomeAssistantError) and not coordinator.last_update_success:
        raise coordinator.last_exception
    return None


async def _ask(coordinator: AtessCoordinator) -> None:
    coordinator.poll_priority = Priority.PERSON
    await coordinator.async_refresh()


@callback
def _refresh_later(coordinator: AtessCoordinator, moment: datetime) -> datetime:
    """Ask at a moment, once, however often that is wished for before."""
    if coordinator.refresh_at is not None:
        return coordinator.refresh_at

    async def refresh(_now: datetime) -> None:
        coordinator.refresh_at = None
        await _ask(coordinator)

    coordinator.refresh_at = moment
    coordinator.config_entry.async_on_unload(async_track_point_in_utc_time(coordinator.hass, refresh, moment))
    return moment


def later_text(devices: dict[AtessCoordinator, datetime]) -> dict[str, str]:
    """Return the placeholders of the message that says when devices will be asked about."""
    return {
        "device": ", ".join(coordinator.title for coordinator in devices),
        "time": dt_util.as_local(max(devices.values())).strftime("%H:%M:%S"),
    }


@callback
def async_setup_refresh(hass: HomeAssistant) -> None:
    """Register the action that asks about devices."""

    async def refresh(call: ServiceCall) -> ServiceResponse:
        answers: dict[str, Any] = {}
        later: dict[AtessCoordinator, datetime] = {}
        for device_id in call.data[ATTR_DEVICE_ID]:
            coordinator = _coordinator_of(hass, device_id)
            if (moment := await async_refresh_device(coordinator)) is not None:
                later[coordinator] = moment
            answers[device_id] = {
                "asked": moment is None,
                "at": (dt_util.utcnow() if moment is None else moment).isoformat(),
            }
        if later and not call.return_response:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="refresh_later", translation_placeholders=later_text(later)
            )
        return {"devices": answers} if call.return_response else None

    hass.services.async_register(
        DOMAIN, SERVICE_REFRESH, refresh, schema=_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )


@callback
def _coordinator_of(hass: HomeAssistant, device_id: str) -> AtessCoordinator:
    """Return the coordinator of a device in the registry; ServiceValidationError if it has none."""
    device = dr.async_get(hass).async_get(device_id)
    identifiers = set() if device is None else device.identifiers
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for coordinator in entry.runtime_data.coordinators.values():
            if (DOMAIN, coordinator.identifier) in identifiers:
                found: AtessCoordinator = coordinator
                return found
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="no_such_device", translation_placeholders={"device": device_id}
    )
