"""Adding, renaming, correcting and removing devices of an account."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, entity_id, state
from .flows import start_device, submit


def form(serial: str, **changes: Any) -> dict[str, Any]:
    """Return what a user enters to add a device."""
    return {"device_sn": serial, "kind": "automatic", **changes}


async def with_first_device(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return an entry that has the cloud's first device only, set up."""
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def test_add_device(hass: HomeAssistant, cloud: Simulator) -> None:
    """A device that is added has its entities at once, at the cost of the requests that find its kind."""
    entry = await with_first_device(hass, cloud)
    second = cloud.devices[1]
    flow_id = await start_device(hass, entry)
    result = await submit(hass.config_entries.subentries, flow_id, form(f" {second.sn} ", name="Barn"))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, second.sn), entry.entry_id)
    assert device is not None
    assert device.name == "Barn"
    assert float(state(hass, f"{second.sn}_pv_power").state) >= 0
    assert cloud.violations == 0


async def test_add_device_errors(hass: HomeAssistant, cloud: Simulator, clock: Any) -> None:
    """Each wrong entry has its message, and the right one works afterwards."""
    entry = await with_first_device(hass, cloud)
    first, second = cloud.devices
    flow_id = await start_device(hass, entry)
    for entered, errors in (
        (form(first.sn), {"device_sn": "device_configured"}),
        (form("   "), {"device_sn": "invalid_serial"}),
        (form("NOSUCHDEV1"), {"device_sn": "not_found"}),
        (form(second.sn, kind="pbd"), {"kind": "wrong_kind"}),
    ):
        result = await submit(hass.config_entries.subentries, flow_id, entered)
        assert result["errors"] == errors
    cloud.inject(kind="http_status", status=503, count=1)
    result = await submit(hass.config_entries.subentries, flow_id, form(second.sn, kind=second.kind))
    assert result["errors"] == {"base": "cannot_connect"}
    result = await submit(hass.config_entries.subentries, flow_id, form(second.sn))
    assert result["errors"] == {"base": "paced"}
    asked = len(cloud.requests)
    result = await submit(hass.config_entries.subentries, flow_id, form(second.sn, kind=second.kind))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(cloud.requests) == asked
    clock.tick(300)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert cloud.violations == 0


async def test_add_device_without_data(hass: HomeAssistant, cloud: Simulator, clock: Any) -> None:
    """A device that has never reported is added at the user's word, with its kind."""
    entry = await with_first_device(hass, cloud)
    second = cloud.devices[1]
    cloud.inject(kind="no_data", device=second.sn)
    flow_id = await start_device(hass, entry)
    result = await submit(hass.config_entries.subentries, flow_id, form(second.sn))
    assert result["errors"] == {"base": "no_data"}
    result = await submit(hass.config_entries.subentries, flow_id, form(second.sn, kind=second.kind))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.violations == 0


async def test_add_devices_of_a_data_logger(hass: HomeAssistant, cloud: Simulator) -> None:
    """A data logger's devices are offered but for those that are there."""
    entry = await with_first_device(hass, cloud)
    logger = cloud.devices[1].data_log_sn
    new = [device.sn for device in cloud.devices[1:] if device.data_log_sn == logger]
    flow_id = await start_device(hass, entry)
    result = await submit(hass.config_entries.subentries, flow_id, form(logger))
    assert result["step_id"] == "devices"
    result = await submit(hass.config_entries.subentries, flow_id, {"devices": []})
    assert result["errors"] == {"devices": "nothing_chosen"}
    result = await submit(hass.config_entries.subentries, flow_id, {"devices": new})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {item.unique_id for item in entry.subentries.values()} == {cloud.devices[0].sn, *new}

    flow_id = await start_device(hass, entry)
    result = await submit(hass.config_entries.subentries, flow_id, form(logger))
    assert result["errors"] == {"device_sn": "nothing_new"} or result["errors"] == {"base": "paced"}


async def test_rename_and_correct_kind(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any
) -> None:
    """A device can be renamed without a request; another kind is taken only if the cloud knows it as such."""
    subentry = next(iter(entry.subentries.values()))
    before = len(cloud.requests)
    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    flow_id = result["flow_id"]
    result = await submit(hass.config_entries.subentries, flow_id, {"name": " ", "kind": subentry.data["kind"]})
    assert result["errors"] == {"name": "no_name"}
    result = await submit(hass.config_entries.subentries, flow_id, {"name": "Cellar", "kind": "pbd"})
    assert result["errors"] == {"kind": "wrong_kind"}
    asked = len(cloud.requests)
    assert asked == before + 1
    result = await submit(hass.config_entries.subentries, flow_id, {"name": "Cellar", "kind": subentry.data["kind"]})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(cloud.requests) == asked
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry.unique_id), entry.entry_id)
    assert device is not None
    assert device.name == "Cellar"


async def test_remove_device(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A device that is dead goes with its entities when the user deletes it; what is in use stays."""
    assert await async_setup_component(hass, "config", {})
    first, second = cloud.devices
    kept = entity_id(hass, f"{second.sn}_pv_power")
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, first.sn), entry.entry_id)
    assert device is not None

    async def remove(device_id: str) -> bool:
        # A connection does not outlast the time that passes between two calls.
        client = await hass_ws_client(hass)
        await client.send_json_auto_id(
            {
                "type": "config/device_registry/remove_config_entry",
                "config_entry_id": entry.entry_id,
                "device_id": device_id,
            }
        )
        success = bool((await client.receive_json())["success"])
        await client.close()
        return success

    old = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "SIMLOG9999")})
    used = [item.id for item in dr.async_entries_for_config_entry(registry, entry.entry_id) if item.id != old.id]
    assert len(used) == 3
    for device_id in used:
        assert not await remove(device_id)
    assert await remove(old.id)
    assert len(entry.subentries) == 2
    cloud.inject(kind="http_status", status=503, device=first.sn)
    await advance(1700, step=60)
    assert await remove(device.id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [item.unique_id for item in entry.subentries.values()] == [second.sn]
    assert registry.async_get_device_by_identifier((DOMAIN, first.sn), entry.entry_id) is None
    assert not [
        item
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.unique_id.startswith(first.sn)
    ]
    assert hass.states.get(kept) is not None
