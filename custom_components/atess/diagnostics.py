"""Diagnostics: all that helps to find a fault, and nothing that opens a door."""

from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant

from .catalogue import find_field
from .const import CONF_BASE_URL, CONF_DATA_LOG_SN
from .coordinator import AtessCoordinator
from .enerclo import DEFAULT_BASE_URL
from .enerclo.token import token_secrets
from .redaction import redacted, scrubbed
from .runtime import AtessConfigEntry


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: AtessConfigEntry) -> dict[str, Any]:
    """Return what the account is set up with, what the cloud sent last and what was made of it."""
    data = entry.runtime_data
    report = {
        "entry": {
            "data": {
                **dict.fromkeys(entry.data, REDACTED),
                CONF_BASE_URL: "default" if entry.data.get(CONF_BASE_URL) == DEFAULT_BASE_URL else REDACTED,
            },
            "options": dict(entry.options),
        },
        "cloud": data.client.diagnostics(),
        "devices": [_device(coordinator) for coordinator in data.coordinators.values()],
        "plant": dict(data.plant.values),
        "settings": [settings.diagnostics() for settings in data.settings.values()],
    }
    return {key: scrubbed(value, secrets_of(entry)) for key, value in report.items()}


def secrets_of(entry: AtessConfigEntry) -> set[str]:
    """Return what must not leave the house: the token, the account, the serial numbers of devices and data loggers."""
    serials = {str(item.unique_id) for item in entry.subentries.values() if item.unique_id}
    loggers = {str(item.data[CONF_DATA_LOG_SN]) for item in entry.subentries.values() if CONF_DATA_LOG_SN in item.data}
    loggers |= {item.data_log_sn for item in entry.runtime_data.coordinators.values() if item.data_log_sn}
    return {*serials, *loggers, *token_secrets(entry.data[CONF_TOKEN])}


def _device(coordinator: AtessCoordinator) -> dict[str, Any]:
    reading = coordinator.data

    def known(member: str) -> bool:
        return find_field(coordinator.kind, member) is not None

    return {
        "kind": coordinator.kind,
        "online": coordinator.online,
        "last_poll_succeeded": coordinator.last_update_success,
        "trust": coordinator.interpreter.diagnostics(),
        "base_info": redacted(coordinator.base_info),
        "reading": reading
        and {
            "sampled_at": reading.sampled_at,
            "received": reading.received,
            "fresh": reading.fresh,
            "values": dict(reading.values),
            "members": redacted(reading.members, known),
            "unknown": redacted(reading.unknown),
            "codes": redacted(reading.codes),
            "corrections": dict(reading.corrections),
            "faults": [fault.code for fault in reading.faults],
        },
    }
