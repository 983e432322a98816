"""Diagnostics: all that helps to find a fault, and nothing that opens a door."""

import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .account import async_get_accounts
from .const import CONF_BASE_URL, CONF_DATA_LOG_SN, CONF_DEVICE_SN, CONF_KIND, DOMAIN, SUBENTRY_DEVICE
from .coordinator import AtessCoordinator
from .enerclo import EnercloClient, Kind
from .raw import NAME_LIMIT
from .readings import Reading
from .runtime import AtessConfigEntry, AtessData

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
    """Return what the account is set up with, what the cloud sent last and what was made of it.

    An entry that is not loaded has less to tell: what it is set up with, why it is not loaded, what is remembered.
    """
    data: AtessData | None = getattr(entry, "runtime_data", None)
    coordinators = {} if data is None else data.coordinators
    client = await _async_client(hass, entry) if data is None else data.client
    devices = [item for item in entry.subentries.values() if item.subentry_type == SUBENTRY_DEVICE]
    report = {
        "entry": {
            "state": entry.state.value,
            "reason": entry.reason,
            "data": async_redact_data(entry.data, TO_REDACT),
            "options": dict(entry.options),
        },
        "cloud": None if client is None else client.diagnostics(),
        "devices": [_device(item, coordinators.get(item.subentry_id), client) for item in devices],
        "plant": {} if data is None else dict(data.plant.values),
        "settings": []
        if data is None
        else [async_redact_data(settings.diagnostics(), TO_REDACT) for settings in data.settings.values()],
        "issues": sorted(
            issue.translation_key or issue.issue_id
            for issue in ir.async_get(hass).issues.values()
            if issue.domain == DOMAIN and issue.active
        ),
    }
    serials = {str(item.data[CONF_DEVICE_SN]) for item in devices} | {
        str(serial)
        for serial in (
            *(item.data.get(CONF_DATA_LOG_SN) for item in devices),
            *(coordinator.data_log_sn for coordinator in coordinators.values()),
        )
        if serial
    }
    return {key: _for_the_file(value, _pattern(serials)) for key, value in report.items()}


async def _async_client(hass: HomeAssistant, entry: AtessConfigEntry) -> EnercloClient | None:
    """Return the client of an account that is not loaded, with what it remembers; None for unusable data."""
    accounts = await async_get_accounts(hass)
    try:
        access = entry.data[CONF_TOKEN], entry.data[CONF_BASE_URL]
        return accounts.account(*access).client(*access)
    except KeyError, ValueError:
        return None


def _device(
    subentry: ConfigSubentry, coordinator: AtessCoordinator | None, client: EnercloClient | None
) -> dict[str, Any]:
    kind, device_sn = subentry.data[CONF_KIND], subentry.data[CONF_DEVICE_SN]
    report: dict[str, Any] = {"kind": kind, "set_up_with": async_redact_data(subentry.data, TO_REDACT)}
    reading = None if coordinator is None else coordinator.data
    if coordinator is not None:
        report |= {
            "online": coordinator.online,
            "polling": _polling(coordinator),
            "trust": coordinator.interpreter.diagnostics(),
            "base_info": async_redact_data(coordinator.base_info, TO_REDACT),
            "reading": reading and _reading(reading),
        }
    sample = None if client is None or kind not in Kind else client.last_sample(Kind(kind), device_sn)
    if sample is not None and (reading is None or reading.members is not sample.members):
        # The cloud has sent it, but it was no news, or nothing in it could be read.
        report["last_sample"] = {
            "received": sample.received,
            "time": sample.time,
            "members": async_redact_data(dict(sample.members), TO_REDACT),
        }
    return report


def _polling(coordinator: AtessCoordinator) -> dict[str, Any]:
    return {
        "last_poll": coordinator.polled_at,
        "last_poll_succeeded": coordinator.last_update_success,
        "next_poll": coordinator.next_poll_at,
        "interval": coordinator.schedule.interval,
        "waiting_for": coordinator.waiting_for,
        "restarts_by_watchdog": coordinator.timer.restarts,
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "sampled_at": reading.sampled_at,
        "received": reading.received,
        "fresh": reading.fresh,
        "values": dict(reading.values),
        "members": async_redact_data(dict(reading.members), TO_REDACT),
        "unknown": dict(reading.unknown),
        "unreadable": list(reading.unreadable),
        "codes": dict(reading.codes),
        "corrections": dict(reading.corrections),
        "faults": [fault.code for fault in reading.faults],
    }


def _pattern(serials: set[str]) -> re.Pattern[str]:
    """Return a pattern that finds serial numbers however they are spelled; without any it finds nothing."""
    return re.compile("|".join(map(re.escape, sorted(serials, key=len, reverse=True))) or r"(?!)", re.IGNORECASE)


def _for_the_file(value: object, serials: re.Pattern[str]) -> object:
    """Return a value with known serial numbers redacted, also inside texts and keys, and with long keys cut."""
    if isinstance(value, dict):
        return {_key(key, serials): _for_the_file(item, serials) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_for_the_file(item, serials) for item in value]
    return serials.sub(REDACTED, value) if isinstance(value, str) else value


def _key(key: object, serials: re.Pattern[str]) -> object:
    if not isinstance(key, str):
        return key
    text = serials.sub(REDACTED, key)
    return text if len(text) <= NAME_LIMIT else f"{text[:NAME_LIMIT]}… ({len(text)} characters)"
