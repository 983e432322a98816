"""Refreshing devices on demand: now if the cloud's limit permits, else as soon as it does."""

import asyncio
from datetime import datetime

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .access import DEVICES, POLICY_CONTROL, async_targets, together
from .const import DOMAIN
from .coordinator import AtessCoordinator
from .enerclo import Priority

SERVICE_REFRESH = "refresh"
_SCHEMA = vol.Schema(DEVICES)


async def async_refresh_device(coordinator: AtessCoordinator) -> datetime | None:
    """Poll a device; return None, or the moment for which the poll is planned because pacing forbids it before.

    Raises what the poll failed with, translated.
    """
    permitted = coordinator.client.permitted_at(coordinator.kind, coordinator.device_sn, priority=Priority.PERSON)
    if permitted > dt_util.utcnow().timestamp():
        return _refresh_later(coordinator, dt_util.utc_from_timestamp(permitted))
    await _poll(coordinator)
    if isinstance(coordinator.last_exception, HomeAssistantError) and not coordinator.last_update_success:
        raise coordinator.last_exception
    return None


async def _poll(coordinator: AtessCoordinator) -> None:
    coordinator.poll_priority = Priority.PERSON
    await coordinator.async_refresh()


@callback
def _refresh_later(coordinator: AtessCoordinator, moment: datetime) -> datetime:
    """Plan one poll, however often a refresh is asked for before."""
    if coordinator.refresh_at is not None and coordinator.refresh_at > dt_util.utcnow():
        return coordinator.refresh_at

    async def refresh(_now: datetime) -> None:
        coordinator.refresh_at = None
        await _poll(coordinator)

    coordinator.refresh_at = moment
    coordinator.config_entry.async_on_unload(async_track_point_in_utc_time(coordinator.hass, refresh, moment))
    return moment


@callback
def async_setup_refresh(hass: HomeAssistant) -> None:
    """Register the action that refreshes devices."""

    async def refresh(call: ServiceCall) -> ServiceResponse:
        targets = await async_targets(hass, call, POLICY_CONTROL, lambda data: data.coordinators.values())
        results = await asyncio.gather(*map(async_refresh_device, targets.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, HomeAssistantError):
                raise result
        if errors := [result for result in results if isinstance(result, HomeAssistantError)]:
            raise together(errors)
        moments = (result if isinstance(result, datetime) else None for result in results)
        return {
            "devices": {
                device_id: {"asked": moment is None, "at": (moment or dt_util.utcnow()).isoformat()}
                for device_id, moment in zip(targets, moments, strict=True)
            }
        }

    hass.services.async_register(
        DOMAIN, SERVICE_REFRESH, refresh, schema=_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )
