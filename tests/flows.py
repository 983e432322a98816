"""A person at a flow's dialog: what the frontend sends for the forms, and how it follows a progress step."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType
from homeassistant.helpers.data_entry_flow import FlowManagerResourceView
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from script._demo.forms import fill
from simulator import Simulator

type Manager = FlowManager[Any, Any, Any]


def fields(manager: Manager, result: Any) -> list[dict[str, Any]]:
    """Return the fields of a form as the frontend gets them."""
    assert result["type"] is FlowResultType.FORM
    return FlowManagerResourceView(manager)._prepare_result_json(result)["data_schema"]


async def submit(manager: Manager, flow_id: str, entered: Mapping[str, Any]) -> Any:
    """Send this to a flow, and wait until a look-up that takes long has ended."""
    return await follow(manager, await manager.async_configure(flow_id, dict(entered)))


async def follow(manager: Manager, result: Any) -> Any:
    """Wait for the end of a progress step, and return the step that follows."""
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await manager.hass.async_block_till_done()
        result = await manager.async_configure(result["flow_id"])
    return result


async def submit_form(manager: Manager, result: Any, typed: Mapping[str, Any] | None = None) -> Any:
    """Send a form as the frontend does after a person has typed into some of its fields; None empties one."""
    return await submit(manager, result["flow_id"], fill(fields(manager, result), typed))


async def start(hass: HomeAssistant) -> str:
    """Begin to set up an account and return the flow's id."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {}
    return result["flow_id"]


async def start_device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Begin to add a device to an account and return the flow's id."""
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "device"), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.FORM
    return result["flow_id"]


def user_input(cloud: Simulator, serials: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """Return what a user enters to set up the cloud's devices."""
    return {
        "token": cloud.token,
        "device_sn": [device.sn for device in cloud.devices] if serials is None else serials,
        "allow_changes": False,
        "advanced": {"base_url": cloud.base_url},
        **changes,
    }


async def change_device(hass: HomeAssistant, entry: MockConfigEntry, serial: str, **entered: Any) -> None:
    """Submit the form "Change device"; what is not entered is left empty."""
    subentry = next(item for item in entry.subentries.values() if item.unique_id == serial)
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    form = {"name": subentry.title, "kind": subentry.data["kind"], **entered}
    result = await submit(hass.config_entries.subentries, flow["flow_id"], form)
    assert result["type"] is FlowResultType.ABORT
    await hass.async_block_till_done(wait_background_tasks=True)
