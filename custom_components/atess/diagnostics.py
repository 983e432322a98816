"""Diagnostics: all that helps to find a fault, and nothing that opens a door."""

from collections.abc import Callable, Iterable
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .account import access_of, async_get_accounts
from .catalogue import find_field
from .const import CONF_BASE_URL, CONF_CORRECTIONS, CONF_DATA_LOG_SN, CONF_DEVICE_SN, CONF_KIND, DOMAIN, SUBENTRY_DEVICE
from .coordinator import AtessCoordinator
from .enerclo import DEFAULT_BASE_URL, EnercloClient, Kind, Token
from .raw import NAME_LIMIT
from .readings import Reading
from .redaction import redacted, scrubbed
from .runtime import AtessConfigEntry, AtessData


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
            "data": {
                **dict.fromkeys(entry.data, REDACTED),
                CONF_BASE_URL: "default" if entry.data.get(CONF_BASE_URL) == DEFAULT_BASE_URL else REDACTED,
            },
            "options": dict(entry.options),
        },
        "cloud": None if client is None else client.diagnostics(),
        "devices": [_device(item, coordinators.get(item.subentry_id), client) for item in devices],
        "plant": {} if data is None else dict(data.plant.values),
        "settings": [] if data is None else [settings.diagnostics() for settings in data.settings.values()],
        "battery_control": []
        if data is None
        else [control.diagnostics() for control in data.battery_controls.values()],
        "issues": sorted(
            issue.translation_key or issue.issue_id
            for issue in ir.async_get(hass).issues.values()
            if issue.domain == DOMAIN and issue.active
        ),
    }
    secrets = _secrets_of(entry, coordinators.values())
    return {key: _with_short_keys(scrubbed(value, secrets)) for key, value in report.items()}


def _secrets_of(entry: AtessConfigEntry, coordinators: Iterable[AtessCoordinator]) -> set[str]:
    """Return what must not leave the house: the token, the account, the serial numbers of devices and data loggers."""
    serials = {str(item.unique_id) for item in entry.subentries.values() if item.unique_id}
    loggers = {str(item.data[CONF_DATA_LOG_SN]) for item in entry.subentries.values() if CONF_DATA_LOG_SN in item.data}
    loggers |= {item.data_log_sn for item in coordinators if item.data_log_sn}
    return {*serials, *loggers, *Token(str(entry.data.get(CONF_TOKEN, ""))).secrets}


async def _async_client(hass: HomeAssistant, entry: AtessConfigEntry) -> EnercloClient | None:
    """Return the client of an account that is not loaded, with what it remembers; None for unusable data."""
    accounts = await async_get_accounts(hass)
    try:
        access = access_of(entry.data)
        return accounts.account(*access).client(*access)
    except KeyError, ValueError:
        return None


def _device(
    subentry: ConfigSubentry, coordinator: AtessCoordinator | None, client: EnercloClient | None
) -> dict[str, Any]:
    kind, device_sn = subentry.data[CONF_KIND], subentry.data[CONF_DEVICE_SN]
    report: dict[str, Any] = {
        "kind": kind,
        "set_up_with": redacted(subentry.data, lambda name: name in {CONF_KIND, CONF_CORRECTIONS}),
    }
    reading = None if coordinator is None else coordinator.data
    if coordinator is not None:
        report |= {
            "online": coordinator.online,
            "polling": _polling(coordinator),
            "holes": coordinator.holes.dump(),
            "trust": coordinator.interpreter.diagnostics(),
            "base_info": redacted(coordinator.base_info),
            "reading": reading and _reading(reading, coordinator.kind),
        }
    sample = None if client is None or kind not in Kind else client.last_sample(Kind(kind), device_sn)
    if sample is not None and (reading is None or reading.members is not sample.members):
        # The cloud has sent it, but it was no news, or nothing in it could be read.
        report["last_sample"] = {
            "received": sample.received,
            "time": sample.time,
            "members": redacted(sample.members, _known(sample.kind)),
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


def _reading(reading: Reading, kind: Kind) -> dict[str, Any]:
    return {
        "sampled_at": reading.sampled_at,
        "received": reading.received,
        "fresh": reading.fresh,
        "values": dict(reading.values),
        "members": redacted(reading.members, _known(kind)),
        "unknown": redacted(reading.unknown),
        "unreadable": list(reading.unreadable),
        "codes": redacted(reading.codes),
        "corrections": dict(reading.corrections),
        "faults": [fault.code for fault in reading.faults],
    }


def _known(kind: Kind) -> Callable[[str], bool]:
    """Return what tells whether a member of this kind of device is in the catalogue."""
    return lambda member: find_field(kind, member) is not None


def _with_short_keys(value: object) -> object:
    """Return a value with keys that are too long cut."""
    if isinstance(value, dict):
        return {_key(key): _with_short_keys(item) for key, item in value.items()}
    return [_with_short_keys(item) for item in value] if isinstance(value, list | tuple) else value


def _key(key: object) -> object:
    if not isinstance(key, str) or len(key) <= NAME_LIMIT:
        return key
    return f"{key[:NAME_LIMIT]}… ({len(key)} characters)"
