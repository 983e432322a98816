"""A device of which too little can be read says so."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import ExtendedJSONEncoder
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from .common import Advance, add_entry, entity_id, restart, set_up, state

POWERS = ("ppv", "ppv1", "ppv2", "ppv3", "pac", "gactivePower", "loadActivePower")


def issue_of(hass: HomeAssistant, entry: MockConfigEntry, serial: str) -> ir.IssueEntry | None:
    """Return the repair issue about the values of a device, if there is one now."""
    subentry = next(item for item in entry.subentries.values() if item.unique_id == serial)
    return ir.async_get(hass).async_get_issue(DOMAIN, f"unreadable_{subentry.subentry_id}")


async def test_formatted_values_are_read(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A unit or a decimal comma is no reason to show nothing."""
    serial = cloud.devices[0].sn
    values: dict[str, Any] = {"pac": "-2,4 kW", "ppv": "3,012kW", "ppv1": "3,012 kW", "ppv2": "0", "ppv3": "0,0"}
    cloud.inject(kind="members", device=serial, set={**values, "loadActivePower": "2.5kW"})
    await advance(301)
    assert state(hass, f"{serial}_pv_power").state == "3.012"
    assert state(hass, f"{serial}_battery_power").state == "-2.4"
    assert state(hass, f"{serial}_load_power").state == "2.5"
    assert issue_of(hass, entry, serial) is None


async def test_unreadable_values(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """More than a quarter that cannot be read is an issue, which goes with its cause."""
    serial, other = (device.sn for device in cloud.devices)
    sample = entry.runtime_data.client.last_sample("hps_string", serial)
    assert sample is not None
    numbers = [name for name, value in sample.members.items() if isinstance(value, float) and name != "withTime"]
    few: dict[str, Any] = dict.fromkeys(numbers[: len(numbers) // 8], "4 apples")
    cloud.inject(kind="members", device=serial, set=few)
    await advance(301)
    assert issue_of(hass, entry, serial) is None

    cloud.clear()
    cloud.inject(kind="members", device=serial, set=dict.fromkeys(numbers, "4 apples"))
    await advance(301)
    issue = issue_of(hass, entry, serial)
    assert issue is not None
    assert (issue.translation_key, issue.is_fixable) == ("unreadable", False)
    placeholders = issue.translation_placeholders or {}
    assert placeholders["device"] == "hps_string 1"
    assert len(numbers) - 5 <= int(placeholders["unreadable"]) <= int(placeholders["sent"])
    assert issue_of(hass, entry, other) is None
    report = json.loads(json.dumps(await async_get_config_entry_diagnostics(hass, entry), cls=ExtendedJSONEncoder))
    assert "ppv" in report["devices"][0]["reading"]["unreadable"]
    assert report["devices"][1]["reading"]["unreadable"] == []
    assert "unreadable" in report["issues"]

    cloud.clear()
    await advance(301)
    assert issue_of(hass, entry, serial) is None


async def test_absent_values_are_no_issue(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """What stands for "no value now" is no fault of the format."""
    serial = cloud.devices[0].sn
    absent: dict[str, Any] = dict.fromkeys(POWERS, "N/A") | dict.fromkeys(("vbat", "ibat"), "--")
    cloud.inject(kind="members", device=serial, set=absent)
    await advance(301)
    assert issue_of(hass, entry, serial) is None


async def test_device_without_values(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A device that never sends a value is an issue after three polls, until it sends one."""
    serial, other = (device.sn for device in cloud.devices)
    cloud.inject(kind="no_data", device=serial)
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(301)
    assert issue_of(hass, entry, serial) is None
    await advance(900)
    issue = issue_of(hass, entry, serial)
    assert issue is not None
    assert issue.translation_key == "nothing_readable"
    assert issue_of(hass, entry, other) is None
    cloud.clear()
    await advance(900)
    assert issue_of(hass, entry, serial) is None
    assert float(state(hass, f"{serial}_pv_energy_total").state) > 0


async def test_only_unknown_members(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A device of which no member is known has entities that say nothing; the cloud's names are in the diagnostics."""
    serial = cloud.devices[0].sn
    sample_members: dict[str, Any] = {"unheardOf": 3.5, "time": "2026-07-15 14:00:00"}
    cloud.inject(kind="not_object", device=serial, body={"code": 0, "data": sample_members})
    entry = add_entry(hass, cloud, cloud.devices[:1])
    await set_up(hass, entry)
    await advance(1200)
    issue = issue_of(hass, entry, serial)
    assert issue is not None
    assert issue.translation_key == "nothing_readable"
    assert entity_id(hass, f"{serial}_raw_unheardOf")
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["devices"][0]["reading"]["unknown"] == {"unheardOf": 3.5}


async def test_silence_after_values_is_no_issue(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A device that rests for the night has values, also after a restart; its issue goes with the device."""
    serial = cloud.devices[0].sn
    cloud.inject(kind="no_data", device=serial)
    await advance(1800)
    await restart(hass, entry)
    await advance(1800)
    assert issue_of(hass, entry, serial) is None

    cloud.clear()
    cloud.inject(kind="members", device=serial, set={name: [1] for name in cloud_members(entry, serial)})
    await advance(600)
    assert issue_of(hass, entry, serial) is not None
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not [item for item in ir.async_get(hass).issues.values() if item.domain == DOMAIN]


def cloud_members(entry: MockConfigEntry, serial: str) -> list[str]:
    """Return the names of a device's members, but for those that identify and date a sample."""
    coordinator = next(item for item in entry.runtime_data.coordinators.values() if item.device_sn == serial)
    return [name for name in coordinator.data.members if name not in {"deviceSn", "dataLogSn", "time", "calendar"}]
