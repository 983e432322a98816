"""Diagnostics of an entry in each of its states."""

import json
from typing import Any

import pytest
from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.atess.const import CONF_BASE_URL
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from .common import Advance, add_entry, set_up
from .test_secrets import secrets_of


async def report_of(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry) -> dict[str, Any]:
    """Return the diagnostics as they stand in the file; fails if they hold a secret."""
    text = json.dumps(await async_get_config_entry_diagnostics(hass, entry), cls=ExtendedJSONEncoder)
    for secret in secrets_of(cloud):
        assert secret.lower() not in text.lower()
    report: dict[str, Any] = json.loads(text)
    return report


@pytest.mark.parametrize("fault", [{"kind": "http_status", "status": 503}, {"kind": "unauthorized"}])
async def test_entry_that_cannot_be_set_up(hass: HomeAssistant, cloud: Simulator, fault: dict[str, Any]) -> None:
    """An entry that waits or has failed tells why, what it is set up with and how its requests ended."""
    cloud.inject(**fault)
    entry = add_entry(hass, cloud)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    report = await report_of(hass, cloud, entry)
    assert report["entry"]["state"] == entry.state.value != "loaded"
    assert report["entry"]["reason"] == entry.reason
    assert report["entry"]["data"][CONF_TOKEN] == REDACTED
    assert report["entry"]["data"][CONF_BASE_URL] == cloud.base_url
    assert [device["kind"] for device in report["devices"]] == ["hps_string", "hps_central"]
    assert report["cloud"]["hps_string.latest"]["last"]["outcome"] != "success"


async def test_entry_that_was_never_set_up(hass: HomeAssistant, cloud: Simulator) -> None:
    """An entry that is only stored has diagnostics, also with data that no cloud can be asked with; nothing is sent."""
    entry = add_entry(hass, cloud)
    report = await report_of(hass, cloud, entry)
    assert report["entry"]["state"] == "not_loaded"
    assert report["cloud"]["hps_string.latest"]["last"] is None
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_BASE_URL: "not an address"})
    assert (await report_of(hass, cloud, entry))["cloud"] is None
    assert not cloud.requests


async def test_entry_that_is_unloaded(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """After an unload, what the cloud sent last is still there."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    report = await report_of(hass, cloud, entry)
    assert report["entry"]["state"] == "not_loaded"
    assert report["cloud"]["hps_string.latest"]["last"]["outcome"] == "success"
    assert "ppv" in report["devices"][0]["last_sample"]["members"]
    through_http = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert through_http["devices"]


async def test_sample_without_a_reading(hass: HomeAssistant, cloud: Simulator) -> None:
    """A sample in which nothing could be read is there as it came."""
    serial = cloud.devices[0].sn
    body: dict[str, Any] = {"code": 0, "data": {"ppv": "three", "deviceSn": serial, "note": f"of {serial.lower()}"}}
    cloud.inject(kind="not_object", device=serial, body=body)
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    report = await report_of(hass, cloud, entry)
    assert report["devices"][0]["reading"] is None
    members = report["devices"][0]["last_sample"]["members"]
    assert members == {"ppv": "three", "deviceSn": "**REDACTED**", "note": "of **REDACTED**"}
    assert "last_sample" not in report["devices"][1]


async def test_entry_without_devices(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """An account without devices has diagnostics too."""
    entry = add_entry(hass, cloud, [])
    await set_up(hass, entry)
    report = await report_of(hass, cloud, entry)
    assert (report["entry"]["state"], report["devices"], report["settings"]) == ("loaded", [], [])
