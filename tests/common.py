"""Helpers of the tests."""

import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import CONF_BASE_URL, DOMAIN, SUBENTRY_DEVICE
from simulator import Simulator
from simulator.settings import STYLES, SettingsTable

NOON = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)

ZONE = "Europe/Berlin"

# Whether campaigns have their full length, as script/soak wants them; otherwise they are a part of it.
LONG = "ATESS_LONG_CAMPAIGNS" in os.environ

type Advance = Callable[..., Coroutine[Any, Any, None]]


def account_of(cloud: Simulator) -> str:
    """Return the numeric id in the cloud's token."""
    return b64decode(cloud.token.removeprefix("Basic ")).decode().partition(":")[0]


def other_token(cloud: Simulator, account: str | None = None) -> str:
    """Return a token that the cloud does not know, of the same account or another."""
    pair = f"{account or account_of(cloud)}:{'0123456789abcdef' * 2}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def add_entry(
    hass: HomeAssistant,
    cloud: Simulator,
    devices: Sequence[Any] | None = None,
    *,
    entry_id: str = "atess_test_entry",
    unique_id: str | None = None,
    **options: Any,
) -> MockConfigEntry:
    """Add an entry with the devices of a simulated cloud, all unless told otherwise; it is not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id=entry_id,
        title="Enerclo",
        unique_id=unique_id or account_of(cloud),
        data={CONF_TOKEN: cloud.token, CONF_BASE_URL: cloud.base_url},
        options={"scan_interval": 5, "allow_changes": False, **options},
        subentries_data=[
            ConfigSubentryData(
                data={"device_sn": device.sn, "kind": device.kind},
                subentry_type=SUBENTRY_DEVICE,
                title=f"{device.kind} {number}",
                unique_id=device.sn,
            )
            for number, device in enumerate(cloud.devices if devices is None else devices, 1)
        ],
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up and wait for all that this starts."""
    await hass.config.async_set_time_zone(ZONE)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Do to an entry what a restart does: all that is not in storage is forgotten."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop(f"{DOMAIN}_accounts")
    await set_up(hass, entry)


def entity_id(hass: HomeAssistant, unique_id: str, domain: str = "sensor") -> str:
    """Return the entity id of a unique id; fails if there is no such entity."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique_id)
    assert found is not None, unique_id
    return found


def state(hass: HomeAssistant, unique_id: str, domain: str = "sensor") -> State:
    """Return the state of the entity with a unique id; fails if there is none."""
    found = hass.states.get(entity_id(hass, unique_id, domain))
    assert found is not None, unique_id
    return found


def assert_sound_writes(cloud: Simulator) -> None:
    """Assert of every PUT so far: path at which GET had answered for the device, headers, the whole object."""
    answered: set[tuple[str, str | None]] = set()
    for record in cloud.requests:
        if record.method == "GET" and record.status == 200 and record.code in {0, 200, "0", "200"}:
            answered.add((record.path, record.device_sn))
        if record.method != "PUT":
            continue
        assert isinstance(record.json, dict)
        device = next(item for item in cloud.devices if item.sn == record.json["deviceSn"])
        assert (record.path, device.sn) in answered
        assert record.query == {}
        assert record.headers["content-type"] == "application/json"
        assert record.headers["accept-language"] == "en"
        assert record.headers["authorization"] == "***"
        shapes = [{"deviceSn", *SettingsTable(device.kind, hv=device.hv, style=style).by_key} for style in STYLES]
        assert set(record.json) in shapes


def complaints(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the warnings and errors in the log, but for the one about custom integrations as such."""
    return [
        record
        for record in caplog.records
        if record.levelno >= logging.WARNING
        and record.name.startswith(("custom_components", "homeassistant"))
        and record.name != "homeassistant.loader"
    ]


def enable_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Enable the entities of an entry that are disabled; they come with the next set-up."""
    registry = er.async_get(hass)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        if item.disabled_by is not None:
            registry.async_update_entity(item.entity_id, disabled_by=None)


def entity_lines(hass: HomeAssistant, prefix: str) -> list[str]:
    """Return a line for each entity whose unique id begins so: what the registry holds, and what is shown."""
    lines = []
    for item in sorted(er.async_get(hass).entities.values(), key=lambda item: (item.domain, item.unique_id)):
        if item.platform != DOMAIN or not item.unique_id.startswith(f"{prefix}_"):
            continue
        found = hass.states.get(item.entity_id)
        assert found is not None, item.entity_id
        hidden = {"friendly_name", "options"}
        shown = ", ".join(sorted(f"{key}={value}" for key, value in found.attributes.items() if key not in hidden))
        precision = item.options.get("sensor", {}).get("suggested_display_precision")
        category = item.entity_category and item.entity_category.value
        lines.append(
            f"{item.entity_id} | {item.unique_id.removeprefix(prefix)[1:]} | {item.original_name} | {category}"
            f" | {precision} | {found.state} | {shown}"
        )
    return lines
