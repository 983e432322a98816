"""Set-up, reload, restart, removal: nothing is asked twice, nothing is left behind."""

from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, entity_id, restart, state


async def test_setup_and_unload(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A loaded entry polls; an unloaded one asks nothing more."""
    assert entry.state is ConfigEntryState.LOADED
    asked = len(cloud.requests)
    await advance(301)
    assert len(cloud.requests) > asked
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.NOT_LOADED
    asked = len(cloud.requests)
    await advance(1200)
    assert len(cloud.requests) == asked
    assert all(found.state == STATE_UNAVAILABLE for found in hass.states.async_all("sensor"))


async def test_reload_costs_no_request(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """After a reload every entity has its value at once, and the cloud is asked when its limit permits, not before."""
    before = {found.entity_id: found.state for found in hass.states.async_all("sensor")}
    asked = len(cloud.requests)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(cloud.requests) == asked
    assert {found.entity_id: found.state for found in hass.states.async_all("sensor")} == before
    await advance(400)
    assert len(cloud.requests) > asked
    assert cloud.violations == 0


async def test_restart_costs_no_request(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """What Home Assistant stores is enough for the same after a restart."""
    before = {found.entity_id: found.state for found in hass.states.async_all("sensor")}
    asked = len(cloud.requests)
    await restart(hass, entry)
    assert len(cloud.requests) == asked
    assert {found.entity_id: found.state for found in hass.states.async_all("sensor")} == before
    await advance(400)
    assert len(cloud.requests) > asked
    assert cloud.violations == 0


@pytest.mark.parametrize("damage", [[], "text", {"sample": 1, "state": [], "base_info": 3}, {"sample": {"kind": "no"}}])
async def test_damaged_storage(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, damage: Any
) -> None:
    """Damaged storage counts as none."""
    entry = add_entry(hass, cloud)
    for name in ("accounts", *entry.subentries):
        key = f"{DOMAIN}.{name}"
        hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": damage}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{cloud.devices[0].sn}_pv_power").state != STATE_UNAVAILABLE


@pytest.mark.parametrize(
    "inject",
    [
        {"kind": "http_status", "status": 503},
        {"kind": "disconnect"},
        {"kind": "html"},
        {"kind": "http_status", "status": 429},
    ],
)
async def test_not_ready(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, inject: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """While the cloud does not answer, set-up is tried again; then all is there."""
    cloud.inject(**inject)
    entry = add_entry(hass, cloud)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason
    cloud.clear()
    await advance(1200)
    assert entry.state is ConfigEntryState.LOADED
    assert state(hass, f"{cloud.devices[0].sn}_pv_power").state != STATE_UNAVAILABLE
    assert cloud.violations == 0


async def test_one_device_silent(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, caplog: pytest.LogCaptureFixture
) -> None:
    """A device without data does not keep the others from being set up, and comes up when it reports."""
    silent, other = cloud.devices
    cloud.inject(kind="no_data", device=silent.sn)
    entry = add_entry(hass, cloud)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert float(state(hass, f"{other.sn}_pv_power").state) >= 0
    assert state(hass, f"{silent.sn}_online", "binary_sensor").state == "off"
    cloud.clear()
    await advance(301)
    assert float(state(hass, f"{silent.sn}_pv_power").state) >= 0
    assert state(hass, f"{silent.sn}_online", "binary_sensor").state == "on"


def reauth_flows(hass: HomeAssistant) -> list[str]:
    """Return the ids of the dialogs that ask for a new token."""
    flows = hass.config_entries.flow.async_progress()
    return [flow["flow_id"] for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def test_token_refused_at_setup(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """One refusal proves nothing: set-up is tried again, rarely, and the token is asked for after three."""
    cloud.inject(kind="unauthorized")
    entry = add_entry(hass, cloud)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert reauth_flows(hass) == []
    await advance(1800)
    assert len(reauth_flows(hass)) == 1
    assert len(cloud.requests) <= 8
    cloud.clear()
    await advance(2 * 3600, step=60)
    assert entry.state is ConfigEntryState.LOADED
    assert reauth_flows(hass) == []
    assert state(hass, f"{cloud.devices[0].sn}_pv_power").state != STATE_UNAVAILABLE


async def test_token_refused_later(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """While the token is refused a request per growing pause tries it again, and a new token starts all at once."""
    cloud.inject(kind="unauthorized")
    await advance(301)
    assert reauth_flows(hass) == []
    await advance(1200)
    [flow_id] = reauth_flows(hass)
    asked = len(cloud.requests)
    await advance(12 * 3600, step=60)
    assert 3 <= len(cloud.requests) - asked <= 8
    cloud.clear()
    result = await hass.config_entries.flow.async_configure(flow_id, {"token": cloud.token})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(700)
    for device in cloud.devices:
        assert state(hass, f"{device.sn}_pv_power").state != STATE_UNAVAILABLE
    assert cloud.violations == 0


@pytest.mark.parametrize("by", ["itself", "button"])
async def test_token_accepted_again(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance, by: str
) -> None:
    """Any success brings all devices back and ends the question for a token, also that of a person's request."""
    await advance(400)
    cloud.inject(kind="unauthorized")
    await advance(1500)
    assert len(reauth_flows(hass)) == 1
    cloud.clear()
    asked = len(cloud.requests)
    if by == "button":
        button = entity_id(hass, f"{cloud.devices[0].sn}_refresh", "button")
        await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
        await advance(320)
    else:
        await advance(2 * 3600, step=60)
    assert reauth_flows(hass) == []
    polled = {record.device_sn for record in cloud.requests[asked:] if record.operation == "latest"}
    assert polled == {device.sn for device in cloud.devices}
    for device in cloud.devices:
        assert state(hass, f"{device.sn}_pv_power").state != STATE_UNAVAILABLE


async def test_one_device_refused(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A refusal for one device while others are served is that device's problem: an issue, and rare tries."""
    refused, served = cloud.devices
    issue = f"refused_device_{next(iter(entry.subentries))}"
    cloud.inject(kind="unauthorized", device=refused.sn)
    await advance(1500)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is not None
    asked = len(cloud.requests)
    await advance(12 * 3600, step=60)
    rows = [record.device_sn for record in cloud.requests[asked:] if record.operation == "latest"]
    assert 2 <= rows.count(refused.sn) <= 8
    assert rows.count(served.sn) >= 120
    assert reauth_flows(hass) == []
    cloud.clear()
    await advance(6.5 * 3600, step=60)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None
    assert state(hass, f"{refused.sn}_pv_power").state != STATE_UNAVAILABLE


async def test_remove_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry
) -> None:
    """A removed entry leaves no data of its devices in storage, only the account's pacing."""
    assert any(key.startswith(f"{DOMAIN}.") and key != f"{DOMAIN}.accounts" for key in hass_storage)
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [key for key in hass_storage if key.startswith(f"{DOMAIN}.")] == [f"{DOMAIN}.accounts"]
    assert not hass.states.async_all("sensor")


async def test_adding_again_obeys_the_limit(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry) -> None:
    """Removing and adding an account again asks nothing that was asked a moment ago."""
    asked = len(cloud.requests)
    await hass.config_entries.async_remove(entry.entry_id)
    again = add_entry(hass, cloud)
    assert await hass.config_entries.async_setup(again.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(cloud.requests) == asked
    assert float(state(hass, f"{cloud.devices[0].sn}_pv_power").state) >= 0
    assert cloud.violations == 0


@pytest.mark.campaign
async def test_a_day_of_requests(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Over a day with two devices, two restarts and a reload no request breaks the limit, and few are made."""
    await advance(6 * 3600 + 17, step=60)
    await restart(hass, entry)
    await advance(3 * 3600 + 121, step=60)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await advance(8 * 3600 + 40, step=60)
    await restart(hass, entry)
    await advance(7 * 3600, step=60)
    assert cloud.violations == 0
    polls = [request for request in cloud.requests if "data-last" in request.path]
    per_device = 24 * 12
    assert 2 * per_device * 0.8 <= len(polls) <= 2 * per_device + 2
    # Beside the polls: base info of two devices, on two days; the lists of six kinds at two data loggers, once a day.
    # And the settings of two devices each hour.
    assert len(cloud.requests) <= len(polls) + 2 * 2 + 2 * 6 + 2 * 25
