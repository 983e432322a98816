"""The offer to set the Energy dashboard up where a person adds devices, and what comes of it."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from script._demo.forms import fill
from simulator import Simulator

from .common import Advance, add_entry, restart, set_up
from .energy_dashboard import BALCONY, LEGACY, battery, grid, prefer, solar, sources
from .flows import fields, start, start_device, submit

STRING, SYSTEM = "SIMHPS0101", "SIMMBM0101"

pytestmark = pytest.mark.usefixtures("energy")


@pytest.fixture
def plant() -> str:
    return "home"


async def opened(hass: HomeAssistant) -> tuple[str, list[dict[str, Any]]]:
    """Open the form that sets an account up, and return the flow and its fields."""
    flow_id = await start(hass)
    manager = hass.config_entries.flow
    return flow_id, fields(manager, await manager.async_configure(flow_id))


async def set_up_by_hand(hass: HomeAssistant, cloud: Simulator, **typed: Any) -> MockConfigEntry:
    """Set an account up with its inverter as a person does, and return its entry."""
    flow_id, form = await opened(hass)
    entered = fill(
        form, {"token": cloud.token, "device_sn": [STRING], "advanced": {"base_url": cloud.base_url}, **typed}
    )
    result = await submit(hass.config_entries.flow, flow_id, entered)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    entry: Any = hass.config_entries.async_entries(DOMAIN)[0]
    return entry


async def test_the_first_device_brings_the_dashboard(hass: HomeAssistant, cloud: Simulator) -> None:
    """It is suggested where the dashboard is empty; the tick stands before the section that is folded up."""
    _, form = await opened(hass)
    assert [field["name"] for field in form] == ["token", "device_sn", "allow_changes", "energy_dashboard", "advanced"]
    assert form[3]["default"] is True
    await set_up_by_hand(hass, cloud)
    # The state of charge is known to the battery system, which is not added here.
    assert await sources(hass) == [solar(hass, STRING), battery(hass, STRING, charge=False), grid(hass, STRING)]
    # Asked for once, it is done once.
    await prefer(hass)
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await sources(hass) == []


async def test_a_dashboard_in_use_is_added_to_only_if_asked(hass: HomeAssistant, cloud: Simulator) -> None:
    await prefer(hass, BALCONY)
    _, form = await opened(hass)
    assert form[3]["default"] is False
    entry = await set_up_by_hand(hass, cloud)
    assert await sources(hass) == [BALCONY]

    flow_id = await start_device(hass, entry)
    manager = hass.config_entries.subentries
    form = fields(manager, await manager.async_configure(flow_id))
    assert [(field["name"], field.get("default")) for field in form][-1] == ("energy_dashboard", False)
    result = await submit(manager, flow_id, fill(form, {"device_sn": SYSTEM, "energy_dashboard": True}))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    # The inverter counts what the battery system does; nothing else was asked for.
    assert await sources(hass) == [BALCONY]


async def test_without_the_energy_dashboard_nothing_is_offered(hass: HomeAssistant, cloud: Simulator) -> None:
    hass.config.components.remove("energy")
    _, form = await opened(hass)
    assert "energy_dashboard" not in [field["name"] for field in form]
    await set_up_by_hand(hass, cloud)
    hass.config.components.add("energy")
    assert await sources(hass) == []


async def test_a_device_that_has_nothing_to_say_yet_is_waited_for(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, hass_storage: dict[str, Any]
) -> None:
    """Also over a restart; refused preferences are left as they are, with a line in the log."""
    hass_storage[f"{DOMAIN}.energy_dashboard"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.energy_dashboard",
        "data": {"requested": [STRING, SYSTEM]},
    }
    cloud.inject(kind="no_data", device=STRING)
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    assert await sources(hass) == []
    assert hass_storage[f"{DOMAIN}.energy_dashboard"]["data"]["requested"] == [STRING]
    hass.data.pop(f"{DOMAIN}_energy_dashboard")
    await restart(hass, entry)
    cloud.clear()
    await advance(1800, 300)
    assert await sources(hass) == [solar(hass, STRING), battery(hass, STRING), grid(hass, STRING)]
    assert hass_storage[f"{DOMAIN}.energy_dashboard"]["data"]["requested"] == []


async def test_refused_preferences_are_reported(
    hass: HomeAssistant, cloud: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    await prefer(hass, LEGACY)
    await set_up_by_hand(hass, cloud, energy_dashboard=True)
    assert await sources(hass) == [LEGACY]
    assert "The Energy dashboard was not set up: Home Assistant does not accept" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components.atess")]
    assert not [message for message in ours if STRING in message]
