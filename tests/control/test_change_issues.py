"""The issues of changes that failed: one for each, fixed by trying again or by reading it, and never lost."""

from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import Advance, restart, state
from .common import CHANGE, CUT_OFF, UPPER, fail, issue, issues_of, puts, set_number, told

FIX_URL = "/api/repairs/issues/fix"


async def repairs_client(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> TestClient:
    """Return a client of Home Assistant's repairs."""
    assert await async_setup_component(hass, REPAIRS, {})
    return await hass_client()


async def open_fix(client: TestClient, issue_id: str) -> dict[str, Any]:
    """Open the fix flow of an issue as the frontend does, and return its menu."""
    response = await client.post(FIX_URL, json={"handler": DOMAIN, "issue_id": issue_id})
    flow: dict[str, Any] = await response.json()
    assert flow["type"] == "menu", flow
    return flow


async def choose(client: TestClient, flow: dict[str, Any], choice: str) -> dict[str, Any]:
    """Choose from the menu of an open fix flow, and return how it ends."""
    assert choice in flow["menu_options"]
    response = await client.post(f"{FIX_URL}/{flow['flow_id']}", json={"next_step_id": choice})
    result: dict[str, Any] = await response.json()
    return result


async def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator, issue_id: str, choice: str) -> dict[str, Any]:
    """Open the fix flow of an issue, and choose from its menu."""
    client = await repairs_client(hass, hass_client)
    return await choose(client, await open_fix(client, issue_id), choice)


async def test_each_failure_has_an_issue_of_its_own(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
    hass_client: ClientSessionGenerator,
) -> None:
    """One that was ignored hides no other; "Understood" settles one, "Try again" asks for the same."""
    events = told(hass)
    first = await fail(hass, cloud, advance)
    ir.async_ignore_issue(hass, DOMAIN, first.issue_id, ignore=True)
    await set_number(hass, 90, UPPER)
    await advance(400, step=5)
    second = next(item for item in issues_of(hass) if item.issue_id != first.issue_id)
    assert second.is_fixable
    assert second.dismissed_version is None
    # The same once more replaces the one that was ignored.
    await set_number(hass, 40)
    await advance(400, step=5)
    assert first.issue_id not in {item.issue_id for item in issues_of(hass)}
    assert len(issues_of(hass)) == 2
    assert all(item.dismissed_version is None for item in issues_of(hass))
    assert [item["event_type"] for item in events] == ["failed"] * 3
    assert events[0]["reason"] == "not_taken"

    result = await fix(hass, hass_client, second.issue_id, "understood")
    assert result["type"] == "create_entry"
    third = issue(hass)
    assert third is not None
    assert state(hass, CHANGE).state == "failed"
    cloud.configure(write="obey")
    result = await fix(hass, hass_client, third.issue_id, "try_again")
    assert result["type"] == "create_entry"
    assert issue(hass) is None
    assert state(hass, CHANGE).state == "waiting"
    await advance(400, step=5)
    assert state(hass, CHANGE).state == "confirmed"
    assert state(hass, CUT_OFF, "number").state == "40.0"
    assert events[-1]["event_type"] == "confirmed"
    assert len(puts(cloud)) == 4


async def test_what_cannot_be_tried_again_says_so(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    hass_client: ClientSessionGenerator,
) -> None:
    """The issue stays while the change is not possible, or the entry not loaded."""
    found = await fail(hass, cloud, advance)
    hass.config_entries.async_update_entry(settings_entry, options={**settings_entry.options, "allow_changes": False})
    await hass.async_block_till_done(wait_background_tasks=True)
    result = await fix(hass, hass_client, found.issue_id, "try_again")
    assert (result["type"], result["reason"]) == ("abort", "not_possible")
    assert "Allow changing settings" in result["description_placeholders"]["error"]
    assert await hass.config_entries.async_unload(settings_entry.entry_id)
    for choice in ("try_again", "understood"):
        result = await fix(hass, hass_client, found.issue_id, choice)
        assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert issue(hass) is not None


async def test_an_issue_that_is_open_twice_is_settled_once(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    hass_client: ClientSessionGenerator,
) -> None:
    """What a second browser still shows, and the first has answered, asks for nothing more."""
    found = await fail(hass, cloud, advance)
    client = await repairs_client(hass, hass_client)
    first, second, third = [await open_fix(client, found.issue_id) for _ in range(3)]
    cloud.configure(write="obey")
    for flow, choice in ((first, "try_again"), (second, "try_again"), (third, "understood")):
        result = await choose(client, flow, choice)
        assert result["type"] == "create_entry"
    await advance(400, step=5)
    assert state(hass, CHANGE).state == "confirmed"
    assert issue(hass) is None
    assert len(puts(cloud)) == 2


async def test_an_issue_that_was_lost_comes_back(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """The registry of issues is stored late: a failure is kept with the settings too."""
    found = await fail(hass, cloud, advance)
    ir.async_delete_issue(hass, DOMAIN, found.issue_id)
    await restart(hass, settings_entry)
    again = issue(hass)
    assert again is not None
    assert again.issue_id == found.issue_id
    assert state(hass, CHANGE).state == "failed"
