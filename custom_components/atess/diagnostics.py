"""Diagnostics: all that helps to find a fault, and nothing that opens a door."""

from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant

from .const import CONF_DATA_LOG_SN, CONF_DEVICE_SN
from .coordinator import AtessCoordinator
from .runtime import AtessConfigEntry

TO_REDACT = {
    CONF_TOKEN,
    CONF_DATA_LOG_SN,
    CONF_DEVICE_SN,
    "alias",
    "dataLogSn",
    "deviceSn",
    "serialNum",
    "unique_id",
}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: AtessConfigEntry) -> dict[str, Any]:
    """Return what the account is set up with, what the cloud sent last and what was made of it."""
    data = entry.runtime_data
    serials = {
        serial
        for coordinator in data.coordinators.values()
        for serial in (coordinator.device_sn, coordinator.data_log_sn)
        if serial
    }
    report = {
        "entry": {
            "data": async_redact_data(entry.data, TO_REDACT),
            "options": dict(entry.options),
        },
        "cloud": data.client.diagnostics(),
        "devices": [_device(coordinator) for coordinator in data.coordinators.values()],
        "plant": dict(data.plant.values),
        "settings": [async_redact_data(settings.diagnostics(), TO_REDACT) for settings in data.settings.values()],
    }
    return {key: _without_serials(value, serials) for key, value in report.items()}


def _device(coordinator: AtessCoordinator) -> dict[str, Any]:
    reading = coordinator.data
    return {
        "kind": coordinator.kind,
        "online": coordinator.online,
        "polling": {
            "last_poll": coordinator.polled_at,
            "last_poll_succeeded": coordinator.last_update_success,
            "next_poll": coordinator.next_poll_at,
            "interval": coordinator.schedule.interval,
            "waiting_for": coordinator.waiting_for,
            "restarts_by_watchdog": coordinator.timer.restarts,
        },
        "trust": coordinator.interpreter.diagnostics(),
        "base_info": async_redact_data(coordinator.base_info, TO_REDACT),
        "reading": reading
        and {
            "sampled_at": reading.sampled_at,
            "received": reading.received,
            "fresh": reading.fresh,
            "values": dict(reading.values),
            "members": async_redact_data(dict(reading.members), TO_REDACT),
            "unknown": dict(reading.unknown),
            "codes": dict(reading.codes),
            "corrections": dict(reading.corrections),
            "faults": [fault.code for fault in reading.faults],
        },
    }


def _without_serials(value: object, serials: set[str]) -> object:
    """Return the value with known serial numbers redacted wherever they stand, also as part of a text or as a key."""
    if isinstance(value, dict):
        return {_without_serials(key, serials): _without_serials(item, serials) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_serials(item, serials) for item in value]
    if isinstance(value, str):
        for serial in serials:
            value = value.replace(serial, REDACTED)
    return value
