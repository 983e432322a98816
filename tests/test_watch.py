"""The daily look at data loggers: new devices are offered, vanished ones reported, nothing is deleted by itself."""

import asyncio
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.atess.const import DOMAIN
from custom_components.atess.repairs import async_create_fix_flow
from simulator import Simulator

from .common import Advance, add_entry, complaints, restart, set_up, state

DAY = 86400


def issues(hass: HomeAssistant) -> dict[str, str | None]:
    """Return the integration's open repair issues: translation keys by id."""
    return {
        issue_id: issue.translation_key
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def lists(cloud: Simulator) -> int:
    """Return how many lists of devices were asked for."""
    return len([request for request in cloud.requests if request.path.endswith(("/list", "-small/list"))])


def loggers_asked(cloud: Simulator) -> set[str | None]:
    """Return the data loggers whose lists were asked for."""
    return {request.query.get("dataLogSn") for request in cloud.requests if request.operation == "base_info_list"}


def store(hass: HomeAssistant, entry: MockConfigEntry, serial: str, **data: Any) -> None:
    """Keep more of a device in its subentry."""
    subentry = next(item for item in entry.subentries.values() if item.unique_id == serial)
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **data})


def base_infos(cloud: Simulator) -> int:
    """Return how often base info was asked for."""
    return len([request for request in cloud.requests if request.operation == "base_info"])


async def farm_without_last(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Set up all devices of the farm but the last cluster, as discovery would."""
    entry = add_entry(hass, cloud, cloud.devices[:-1])
    await set_up(hass, entry)
    return entry


@pytest.mark.parametrize("plant", ["farm"])
async def test_new_device(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    cloud: Simulator,
    advance: Advance,
    hass_storage: dict[str, Any],
) -> None:
    """A device that a known data logger names is offered after a day, and added at the user's word."""
    assert await async_setup_component(hass, "repairs", {})
    entry = await farm_without_last(hass, cloud)
    await advance(DAY - 7200, step=3600)
    assert lists(cloud) == 0
    assert issues(hass) == {}
    # A restart does not begin the day anew.
    await restart(hass, entry)
    await advance(3 * 3600, step=1800)
    assert lists(cloud) == 6
    assert issues(hass) == {f"new_devices_{entry.entry_id}": "new_devices"}
    assert cloud.violations == 0

    client = await hass_client(hass.auth.async_create_access_token(await refresh_token(hass)))
    response = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": f"new_devices_{entry.entry_id}"}
    )
    assert response.status == HTTPStatus.OK
    form = await response.json()
    [field] = form["data_schema"]
    new = cloud.devices[-1].sn
    assert [option["value"] for option in field["selector"]["select"]["options"]] == [new]
    response = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={"devices": []})
    assert (await response.json())["errors"] == {"devices": "nothing_chosen"}
    response = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={"devices": [new]})
    assert (await response.json())["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert new in {subentry.unique_id for subentry in entry.subentries.values()}
    assert state(hass, f"{new}_online", "binary_sensor").state == "on"
    assert issues(hass) == {}


@pytest.mark.parametrize("plant", ["farm"])
async def test_repair_of_what_is_gone(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """The offer of a device that was added by hand meanwhile, or whose account was removed, says so."""
    entry = await farm_without_last(hass, cloud)
    await advance(DAY + 7200, step=3600)
    [issue] = [item for (domain, _), item in ir.async_get(hass).issues.items() if domain == DOMAIN]
    flow = await async_create_fix_flow(hass, issue.issue_id, dict(issue.data or {}))
    flow.hass = hass
    new = cloud.devices[-1].sn
    other = add_entry(hass, cloud, cloud.devices[-1:], entry_id="other_entry", unique_id="other")
    result = await flow.async_step_devices({"devices": [new]})
    assert result["errors"] == {"devices": "device_configured"}
    await hass.config_entries.async_remove(other.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    result = await flow.async_step_init()
    assert result["reason"] == "account_removed"
    assert issues(hass) == {}
    with pytest.raises(ValueError, match="nothing to fix"):
        await async_create_fix_flow(hass, "another", None)


async def refresh_token(hass: HomeAssistant) -> Any:
    """Return a refresh token of an administrator; that of the test client is too old by then."""
    user = await hass.auth.async_create_user("Test", group_ids=["system-admin"])
    return await hass.auth.async_create_refresh_token(user, "https://example.com/")


@pytest.mark.parametrize("plant", ["farm"])
async def test_vanished_device(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A device that its data logger no longer names is reported and kept; when it is back, so is the report taken."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    gone = cloud.devices[-1].sn
    cloud.inject(kind="no_data", path="bms/buc-base-info/list")
    await advance(DAY + 7200, step=3600)
    found = issues(hass)
    assert set(found.values()) == {"vanished"}
    clusters = [subentry for subentry in entry.subentries.values() if subentry.data["kind"] == "bcu"]
    assert set(found) == {f"vanished_{subentry.subentry_id}" for subentry in clusters}
    assert gone in {subentry.unique_id for subentry in entry.subentries.values()}
    cloud.clear()
    await advance(DAY + 3600, step=3600)
    assert issues(hass) == {}


@pytest.mark.parametrize("plant", ["farm"])
async def test_replaced_data_logger(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Once base info names another data logger, that one is read, and devices hang together by it."""
    cloud.configure(unknown_serial="no_data")
    entry = add_entry(hass, cloud, cloud.devices[:-1])
    [pcs] = [device.sn for device in cloud.devices if device.kind == "pcs"]
    [mbms] = [device.sn for device in cloud.devices if device.kind == "mbms"]
    store(hass, entry, mbms, data_log_sn="SIMLOG0299")
    await set_up(hass, entry)
    found = {
        device.serial_number: device for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    }
    assert found[mbms].via_device_id == found[pcs].id
    await advance(DAY + 7200, step=3600)
    assert set(issues(hass).values()) == {"new_devices"}
    assert loggers_asked(cloud) == set(cloud.data_logs)


async def test_report_of_a_replaced_data_logger(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """What the old data logger's list led to is taken back as soon as base info names the new one."""
    cloud.configure(unknown_serial="no_data")
    cloud.inject(kind="no_data", operation="base_info")
    entry = add_entry(hass, cloud)
    store(hass, entry, cloud.devices[0].sn, data_log_sn="SIMLOG0099")
    await set_up(hass, entry)
    await advance(DAY + 7200, step=3600)
    assert set(issues(hass).values()) == {"vanished"}
    assert loggers_asked(cloud) == {"SIMLOG0099"}
    cloud.clear()
    await advance(DAY, step=3600)
    assert issues(hass) == {}
    assert loggers_asked(cloud) == {"SIMLOG0099"}


async def test_serials_in_another_case(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Serial numbers typed in another case than the cloud's are the same ones."""
    cloud.configure(serial_case="any")
    device = cloud.devices[0]
    entry = add_entry(hass, cloud, [replace(device, sn=device.sn.lower())])
    await set_up(hass, entry)
    await advance(DAY + 7200, step=3600)
    assert state(hass, f"{device.sn.lower()}_online", "binary_sensor").state == "on"
    assert lists(cloud) == 6
    assert issues(hass) == {}


@pytest.mark.parametrize("plant", ["home"])
async def test_data_logger_in_another_case(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A data logger is read once for all its devices, in whichever case its number was typed for each."""
    cloud.configure(serial_case="any")
    battery = cloud.devices[1]
    cloud.inject(kind="no_data", operation="base_info", device=battery.sn)
    cloud.inject(kind="no_data", operation="base_info_list")
    entry = add_entry(hass, cloud)
    store(hass, entry, battery.sn, data_log_sn=battery.data_log_sn.lower())
    await set_up(hass, entry)
    await advance(DAY + 7200, step=3600)
    assert lists(cloud) == 6
    assert set(issues(hass)) == {f"vanished_{subentry_id}" for subentry_id in entry.subentries}


async def test_lists_that_do_not_answer(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Where no list answers, nothing is offered and nothing reported."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    cloud.inject(kind="http_status", status=404, path="hps/base-info-small/list")
    cloud.inject(kind="http_status", status=503, path="hps/base-info/list")
    await advance(DAY + 7200, step=3600)
    assert issues(hass) == {}


async def test_device_that_changed_its_kind(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A device that the cloud no longer knows as its kind is told of after the third time, until it is known again."""
    device = cloud.devices[0]
    cloud.inject(kind="http_status", status=404, device=device.sn, path="hps/data-last-small")
    await advance(601)
    assert issues(hass) == {}
    await advance(601)
    assert set(issues(hass).values()) == {"unknown_device"}
    cloud.clear()
    await advance(601)
    assert issues(hass) == {}
    assert cloud.violations == 0


async def test_issues_end_with_the_device(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A device that is deleted takes what is said of it along."""
    device = cloud.devices[0]
    cloud.inject(kind="http_status", status=404, device=device.sn, path="hps/data-last-small")
    await advance(1200)
    assert set(issues(hass).values()) == {"unknown_device"}
    subentry = next(item for item in entry.subentries.values() if item.unique_id == device.sn)
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == {}


async def test_unload_while_looking(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An entry that is unloaded while it waits for the cloud's answer looks no further."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(DAY - 3600, step=3600)
    asked, listed = base_infos(cloud), lists(cloud)
    cloud.inject(kind="timeout", operation="base_info")
    clock.tick(2 * 3600)
    async_fire_time_changed(hass)
    async with asyncio.timeout(20):
        while base_infos(cloud) == asked:  # noqa: ASYNC110  # turns of the loop, not time
            await asyncio.sleep(0)
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.clear()
    await advance(3600, step=600)
    assert lists(cloud) == listed
    assert complaints(caplog) == []
