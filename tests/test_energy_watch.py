"""Repair issues of the Energy dashboard: renamed sensors, and energy that is counted twice."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.repairs import async_create_fix_flow

from .common import entity_id, restart
from .energy_dashboard import (
    BALCONY,
    LEGACY,
    METER,
    WASHER,
    battery,
    configure,
    grid,
    manager_of,
    prefer,
    solar,
    sources,
)

STRING = "SIMHPS0101"
RENAMED, DOUBLE = "energy_renamed", "energy_double_counting"

pytestmark = pytest.mark.usefixtures("energy")


@pytest.fixture
def plant(request: pytest.FixtureRequest) -> str:
    """Return a home, or the plant that a test asks for."""
    return getattr(request, "param", "home")


def issue(hass: HomeAssistant, name: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, name)


def told(hass: HomeAssistant, name: str) -> dict[str, str]:
    """Return what an issue names."""
    found = issue(hass, name)
    assert found is not None
    assert found.translation_placeholders is not None
    return found.translation_placeholders


async def rename(hass: HomeAssistant, unique_id: str, new: str) -> None:
    er.async_get(hass).async_update_entity(entity_id(hass, unique_id), new_entity_id=new)
    await hass.async_block_till_done()


async def fix(hass: HomeAssistant, name: str, choice: str = "") -> dict[str, Any]:
    """Go through the flow of an issue as a person does, and return how it ends."""
    found = issue(hass, name)
    assert found is not None
    flow = await async_create_fix_flow(hass, name, found.data)
    flow.hass, flow.issue_id = hass, name
    shown: Any = await flow.async_step_init({"issue_id": name})
    assert shown["description_placeholders"] == found.translation_placeholders
    if choice:
        assert choice in shown["menu_options"]
        result: Any = await getattr(flow, f"async_step_{choice}")()
    else:
        assert shown["step_id"] == "confirm"
        result = await flow.async_step_confirm({})
    await hass.async_block_till_done()
    return dict(result)


async def test_renamed_sensors_get_their_new_names(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Sources, powers and individual devices follow; all else stays, and the change can be taken back."""
    await configure(hass)
    washer = {**WASHER, "name": entity_id(hass, f"{STRING}_pv_energy_total")}
    load = {"stat_consumption": entity_id(hass, f"{STRING}_load_energy_total"), "included_in_stat": "sensor.washer"}
    await prefer(hass, *(await sources(hass)), METER, device_consumption=[washer, load])
    before = await sources(hass)
    assert issue(hass, RENAMED) is None

    await rename(hass, f"{STRING}_pv_energy_total", "sensor.roof")
    await rename(hass, f"{STRING}_battery_state_of_charge", "sensor.filled")
    await rename(hass, f"{STRING}_load_energy_total", "sensor.house")
    assert "→ `sensor.roof`" in told(hass, RENAMED)["sensors"]
    await restart(hass, entry)
    ended = await fix(hass, RENAMED)
    assert ended["type"] is FlowResultType.CREATE_ENTRY
    assert issue(hass, RENAMED) is None
    assert await sources(hass) == [solar(hass, STRING), battery(hass, STRING), grid(hass, STRING), METER]
    data = (await manager_of(hass)).data
    assert data is not None
    assert data["device_consumption"] == [washer, {**load, "stat_consumption": "sensor.house"}]

    await configure(hass, undo=True)
    assert await sources(hass) == before
    assert issue(hass, RENAMED) is not None


async def test_a_sensor_that_is_renamed_again_or_removed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The issue names what the sensor is called now, as long as there is one."""
    await configure(hass)
    await rename(hass, f"{STRING}_pv_energy_total", "sensor.roof")
    await rename(hass, f"{STRING}_pv_energy_total", "sensor.barn")
    assert "→ `sensor.barn`" in told(hass, RENAMED)["sensors"]
    er.async_get(hass).async_remove("sensor.barn")
    await hass.async_block_till_done()
    assert issue(hass, RENAMED) is None


@pytest.mark.parametrize("plant", ["farm"], indirect=True)
async def test_with_the_last_account_the_issues_go(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    total = f"plant_{entry.entry_id}"
    await prefer(hass, battery(hass, total), battery(hass, "SIMPCS0201"), solar(hass, total))
    await rename(hass, f"{total}_pv_energy_total", "sensor.roof")
    assert issue(hass, DOUBLE) is not None
    assert issue(hass, RENAMED) is not None
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass, DOUBLE) is None
    assert issue(hass, RENAMED) is None


async def test_a_new_name_that_is_there_already_is_not_entered_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await configure(hass)
    await rename(hass, f"{STRING}_pv_energy_total", "sensor.roof")
    assert issue(hass, RENAMED) is not None
    await prefer(hass, *(await sources(hass)), solar(hass, STRING))
    assert issue(hass, RENAMED) is None
    # A sensor that is gone has no new name.
    er.async_get(hass).async_remove("sensor.roof")
    await hass.async_block_till_done()
    assert issue(hass, RENAMED) is None


async def test_a_flow_ends_where_the_preferences_cannot_be_written(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await configure(hass)
    await prefer(hass, *(await sources(hass)), LEGACY)
    await rename(hass, f"{STRING}_pv_power", "sensor.roof")
    before = await sources(hass)
    ended = await fix(hass, RENAMED)
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "not_possible")
    assert "Home Assistant does not accept" in ended["description_placeholders"]["error"]
    assert await sources(hass) == before


@pytest.mark.parametrize(("choice", "kept"), [("keep_parts", False), ("keep_wholes", True)])
@pytest.mark.parametrize("plant", ["farm"], indirect=True)
async def test_what_is_counted_twice_is_removed_once(
    hass: HomeAssistant, entry: MockConfigEntry, choice: str, kept: bool
) -> None:
    """The plant holds its members, a PCS its PBDs; sources of others stay where they are."""
    total = f"plant_{entry.entry_id}"
    wholes, parts = [solar(hass, total), battery(hass, total)], [solar(hass, "SIMPBD0201"), battery(hass, "SIMPCS0201")]
    await prefer(hass, BALCONY, *parts)
    assert issue(hass, DOUBLE) is None
    await prefer(hass, BALCONY, *wholes, METER, *parts)
    assert "Plant PV energy total" in told(hass, DOUBLE)["wholes"]
    ended = await fix(hass, DOUBLE, choice)
    assert ended["type"] is FlowResultType.CREATE_ENTRY
    assert await sources(hass) == ([BALCONY, *wholes, METER] if kept else [BALCONY, METER, *parts])
    assert issue(hass, DOUBLE) is None


@pytest.mark.parametrize("plant", ["farm"], indirect=True)
async def test_pv_of_a_pbd_beside_its_pcs_is_counted_twice(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    registry = er.async_get(hass)
    made = registry.async_get_or_create(
        "sensor", DOMAIN, "SIMPCS0201_pv_energy_total", config_entry=entry, suggested_object_id="pcs_pv"
    )
    await prefer(hass, {**BALCONY, "stat_energy_from": made.entity_id}, solar(hass, "SIMPBD0202"))
    assert issue(hass, DOUBLE) is not None
    await fix(hass, DOUBLE, "keep_parts")
    assert await sources(hass) == [solar(hass, "SIMPBD0202")]
