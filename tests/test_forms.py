"""Every form of every flow, filled and sent as the frontend does: untouched, or with what must be typed."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.flows.forms import USER_SCHEMA
from custom_components.atess.repairs import NewDevicesFlow, async_create_fix_flow
from script._demo.forms import NotFilledInError, fill, initial
from simulator import Simulator

from .common import add_entry, other_token, set_up
from .flows import fields, start, start_device, submit_form

PATHS = {"pcs.latest": "pcs/data-last", "hps_string.latest": "hps/data-last-small"}


def test_the_rule_of_the_frontend() -> None:
    """A section's own default hides the defaults in it; what is required and missing keeps the form from being sent."""
    inner = {"name": "base_url", "required": True, "default": "https://vendor", "selector": {"text": {}}}
    closed = {"name": "advanced", "type": "expandable", "schema": [inner]}
    assert fill([{**closed, "optional": True}]) == {"advanced": {"base_url": "https://vendor"}}
    assert fill([{**closed, "required": True}]) == {"advanced": {"base_url": "https://vendor"}}
    with pytest.raises(NotFilledInError, match=r"advanced\.base_url"):
        fill([{**closed, "optional": True, "default": {}}])
    suggested = {**inner, "description": {"suggested_value": "https://typed"}}
    assert fill([{**closed, "schema": [suggested]}]) == {"advanced": {"base_url": "https://typed"}}

    token = {"name": "token", "required": True, "selector": {"text": {"multiple": False}}}
    with pytest.raises(NotFilledInError, match="token"):
        fill([token])
    assert fill([token], {"token": "x"}) == {"token": "x"}
    with pytest.raises(KeyError):
        fill([token], {"other": "x"})
    optional = {"name": "name", "optional": True, "selector": {"text": {}}, "description": {"suggested_value": "Barn"}}
    assert fill([optional]) == {"name": "Barn"}
    assert fill([optional], {"name": None}) == {}
    choice = {"name": "kind", "required": True, "selector": {"select": {"options": ["a", "b"], "multiple": False}}}
    assert initial([choice]) == {"kind": "a"}
    assert initial([{"name": "on", "required": True, "selector": {"boolean": {}}}]) == {"on": False}
    assert initial([{"name": "number", "required": True, "selector": {"number": {"min": 3}}}]) == {"number": 3}
    with pytest.raises(NotImplementedError):
        initial([{"name": "color", "required": True, "selector": {"color_rgb": {}}}])


async def test_the_form_before(hass: HomeAssistant) -> None:
    """The rule refuses the form as it was: a section with an empty default, whose address is not typed."""
    schema = {key: value for key, value in USER_SCHEMA.schema.items() if not isinstance(value, section)}
    [advanced] = (value for value in USER_SCHEMA.schema.values() if isinstance(value, section))
    schema[vol.Optional("advanced", default=dict)] = advanced
    result: Any = {"type": FlowResultType.FORM, "data_schema": vol.Schema(schema)}
    with pytest.raises(NotFilledInError, match=r"advanced\.base_url"):
        fill(fields(hass.config_entries.flow, result), {"token": "x"})


async def test_set_up(hass: HomeAssistant, cloud: Simulator) -> None:
    """What is typed once, in the closed section too, is still there after each error."""
    flow = hass.config_entries.flow
    flow_id = await start(hass)
    result = await flow.async_configure(flow_id)
    with pytest.raises(NotFilledInError, match="token"):
        fill(fields(flow, result))
    typed = {
        "token": other_token(cloud),
        "device_sn": ["ab"],
        "allow_changes": True,
        "advanced": {"base_url": cloud.base_url},
    }
    result = await submit_form(flow, result, typed)
    assert result["errors"] == {"device_sn": "invalid_serial"}
    result = await submit_form(flow, result, {"device_sn": [cloud.devices[0].sn]})
    assert result["errors"] == {"base": "invalid_auth"}
    assert fill(fields(flow, result)) == {**typed, "device_sn": [cloud.devices[0].sn]}
    result = await submit_form(flow, result, {"token": cloud.token})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"token": cloud.token, "base_url": cloud.base_url}
    assert result["options"]["allow_changes"] is True
    await hass.async_block_till_done()


async def test_set_up_from_lists(hass: HomeAssistant, cloud: Simulator) -> None:
    """The list of devices can be sent as it opens, and keeps what was chosen after an error."""
    flow = hass.config_entries.flow
    result = await flow.async_configure(await start(hass))
    result = await submit_form(flow, result, {"token": cloud.token, "advanced": {"base_url": cloud.base_url}})
    assert result["step_id"] == "devices"
    result = await submit_form(flow, result, {"devices": []})
    assert result["errors"] == {"devices": "nothing_chosen"}
    assert fill(fields(flow, result)) == {"devices": []}
    result = await submit_form(flow, result, {"devices": [device.sn for device in cloud.devices]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {item.unique_id for item in result["result"].subentries.values()} == {device.sn for device in cloud.devices}
    await hass.async_block_till_done()


async def test_reauth(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any) -> None:
    """The token alone is typed; a wrong one stays, to be corrected."""
    clock.tick(300)
    flow = hass.config_entries.flow
    result = await entry.start_reauth_flow(hass)
    assert result["description_placeholders"]["account"] == entry.title
    wrong = other_token(cloud)
    result = await submit_form(flow, result, {"token": wrong})
    assert result["errors"] == {"base": "invalid_auth"}
    assert fill(fields(flow, result)) == {"token": wrong}
    result = await submit_form(flow, result, {"token": cloud.token})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_reconfigure(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any) -> None:
    """The token alone is typed, the stored address is kept; one that was typed is kept after an error."""
    clock.tick(300)
    flow = hass.config_entries.flow
    result = await entry.start_reconfigure_flow(hass)
    assert fill(fields(flow, result), {"token": "x"}) == {"token": "x", "advanced": {"base_url": cloud.base_url}}
    other = "http://127.0.0.1:9/api/v1/"
    result = await submit_form(flow, result, {"token": cloud.token, "advanced": {"base_url": other}})
    assert result["errors"] == {"base": "cannot_connect"}
    assert fill(fields(flow, result)) == {"token": cloud.token, "advanced": {"base_url": other}}
    flow.async_abort(result["flow_id"])
    result = await entry.start_reconfigure_flow(hass)
    clock.tick(300)
    result = await submit_form(flow, result, {"token": cloud.token})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {"token": cloud.token, "base_url": cloud.base_url}
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"paths": PATHS},
        {"paths": PATHS, "daily_budget": 500},
        {"daily_budget": 500, "of_another_version": ["kept"]},
        {"paths": PATHS, "scan_interval": 60, "allow_changes": True},
    ],
)
async def test_options_untouched(hass: HomeAssistant, cloud: Simulator, options: dict[str, Any]) -> None:
    """Saving the options as they open changes none, also those that the form does not show."""
    entry = add_entry(hass, cloud, **options)
    before = dict(entry.options)
    flow = hass.config_entries.options
    result = await submit_form(flow, await flow.async_init(entry.entry_id))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == before
    # Neither does a caller that leaves the section out, or sends it empty.
    for left_out in ({}, {"advanced": {}}):
        started = await flow.async_init(entry.entry_id)
        sent = {key: value for key, value in fill(fields(flow, started)).items() if key != "advanced"}
        await flow.async_configure(started["flow_id"], {**sent, **left_out})
        assert entry.options == before


async def test_options_emptied(hass: HomeAssistant, cloud: Simulator) -> None:
    """What a person empties is removed; after an error it stays as typed."""
    entry = add_entry(hass, cloud, paths=PATHS, daily_budget=500)
    flow = hass.config_entries.options
    result = await flow.async_init(entry.entry_id)
    result = await submit_form(flow, result, {"daily_budget": None, "advanced": {"paths": ["nonsense"]}})
    assert result["errors"] == {"base": "invalid_path"}
    assert fill(fields(flow, result))["advanced"] == {"paths": ["nonsense"]}
    result = await submit_form(flow, result, {"daily_budget": None, "advanced": {"paths": []}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"scan_interval": 5, "allow_changes": False}


async def test_add_device(hass: HomeAssistant, cloud: Simulator) -> None:
    """The serial number alone is typed; all that was typed is still there after an error."""
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    await set_up(hass, entry)
    flow = hass.config_entries.subentries
    result = await flow.async_configure(await start_device(hass, entry))
    with pytest.raises(NotFilledInError, match="device_sn"):
        fill(fields(flow, result))
    result = await submit_form(flow, result, {"device_sn": "NOSUCHDEV1", "name": "Barn"})
    assert result["errors"] == {"device_sn": "not_found"}
    result = await submit_form(flow, result, {"device_sn": cloud.devices[1].sn})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Barn"
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize(
    "corrections",
    [{}, {"power_unit": "W", "battery_sign": "inverted", "clock": "480"}, {"clock": "-123", "unknown": "kept"}],
)
async def test_change_device_untouched(hass: HomeAssistant, cloud: Simulator, corrections: dict[str, str]) -> None:
    """Sending the form of a device as it opens changes nothing."""
    entry = add_entry(hass, cloud)
    subentry = next(iter(entry.subentries.values()))
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "corrections": corrections})
    await set_up(hass, entry)
    flow = hass.config_entries.subentries
    result = await submit_form(flow, await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id))
    assert result["reason"] == "reconfigure_successful"
    after = entry.subentries[subentry.subentry_id]
    assert after.title == subentry.title
    known = {name: value for name, value in corrections.items() if name != "unknown"}
    assert {name: after.data["corrections"].get(name) for name in known} == known
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_match_settings_untouched(hass: HomeAssistant, settings_entry: MockConfigEntry) -> None:
    """The form in which settings are matched can be sent as it opens."""
    subentry = next(iter(settings_entry.subentries.values()))
    flow = hass.config_entries.subentries
    result = await settings_entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    result = await submit_form(flow, result, {"match_settings": True})
    assert result["step_id"] == "match_settings"
    result = await submit_form(flow, result)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_repair_of_new_devices(hass: HomeAssistant, cloud: Simulator) -> None:
    """The list of new devices can be sent as it opens."""
    assert await async_setup_component(hass, REPAIRS, {})
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    await set_up(hass, entry)
    new = cloud.devices[1]
    data = {"entry_id": entry.entry_id, "devices": [{"device_sn": new.sn, "kind": new.kind, "online": True}]}
    flow = await async_create_fix_flow(hass, "new_devices", data)
    assert isinstance(flow, NewDevicesFlow)
    flow.hass, flow.flow_id, flow.handler = hass, "flow", DOMAIN
    result = await flow.async_step_init()
    result = await flow.async_step_devices({"devices": []})
    assert result["errors"] == {"devices": "nothing_chosen"}
    assert fill(fields(hass.config_entries.flow, result)) == {"devices": []}
    result = await flow.async_step_init()
    result = await flow.async_step_devices(fill(fields(hass.config_entries.flow, result)))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert new.sn in {item.unique_id for item in entry.subentries.values()}
    await hass.async_block_till_done(wait_background_tasks=True)
