"""How a control ends: by a person, by another verb, by failures, and over restarts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import Advance, entity_id, restart, set_up, state
from ..control.common import CENTRAL, act, assert_puts, device_id, issues_of, operate, puts, shown
from .common import (
    CHARGE_CUT_OFF,
    DISCHARGE,
    ECONOMY,
    FORCED,
    GRID_CUT_OFF,
    HOUR,
    MINUTE,
    MODE,
    OUTPUT,
    Told,
    call,
    control_of,
    shows,
    until,
)


def stuck(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the issue about a control that cannot go back."""
    found = [item for (_, name), item in ir.async_get(hass).issues.items() if name.startswith("battery_control_")]
    return found[0] if found else None


async def charge(hass: HomeAssistant, entry: MockConfigEntry, advance: Advance, **data: Any) -> None:
    """Charge, and wait for the confirmation."""
    await call(hass, entry, "force_charge", **{"duration": {"minutes": 40}, **data})
    await until(advance, lambda: shows(hass) == "charging active")


@contextmanager
def unread(cloud: Simulator, entry: MockConfigEntry) -> Iterator[None]:
    """Let no settings be read any more once some were written."""
    client = control_of(entry).settings.client
    original = client.write_settings

    async def write(*args: Any, **kwargs: Any) -> None:
        await original(*args, **kwargs)
        cloud.inject(kind="http_status", status=503, operation="settings")

    with patch.object(client, "write_settings", write):
        yield


async def test_the_button_ends_it(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """It is there only while there is something to end."""
    before, told = shown(cloud, CENTRAL), Told(hass)
    button = f"{CENTRAL}_resume_battery_control"
    assert state(hass, button, "button").state == "unavailable"
    await charge(hass, pair, advance)
    assert state(hass, button, "button").state != "unavailable"
    await operate(hass, "button", "press", button)
    assert shows(hass) == "charging ending"
    await until(advance, lambda: shows(hass) == "none None")
    assert shown(cloud, CENTRAL) == before
    assert told.items == [("started", None, "Selected mode"), ("ended", "resumed", None)]
    assert state(hass, button, "button").state == "unavailable"


async def test_another_verb_takes_its_place_and_keeps_what_was_before(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """What only the first one needed goes back with the write of the second."""
    before = shown(cloud, CENTRAL)
    await charge(hass, pair, advance, soc=80)
    await call(hass, pair, "force_discharge", power=20, power_unit="kW", duration={"minutes": 30})
    await until(advance, lambda: shows(hass) == "discharging active")
    body = {**before, "deviceSn": CENTRAL}
    first = {**body, MODE: FORCED, CHARGE_CUT_OFF: 80, GRID_CUT_OFF: 80}
    second = {**body, MODE: DISCHARGE, OUTPUT: 20}
    assert_puts(cloud, first, second)
    await advance(40 * MINUTE, step=60)
    assert_puts(cloud, first, second, body)
    assert shows(hass) == "none None"


async def test_the_same_again_only_lasts_longer(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """Nothing is written for that, and a hold keeps what it held first."""
    told = Told(hass)
    await call(hass, pair, "hold", duration={"minutes": 10})
    await until(advance, lambda: shows(hass) == "holding active")
    await advance(4 * MINUTE, step=60)
    await call(hass, pair, "hold", duration={"minutes": 30})
    end = dt_util.utcnow() + timedelta(minutes=30)
    assert state(hass, f"{CENTRAL}_battery_control").attributes["until"] == end
    await advance(25 * MINUTE, step=60)
    assert len(puts(cloud)) == 1
    await advance(10 * MINUTE, step=60)
    assert len(puts(cloud)) == 2
    assert told.types == ["started", "ended"]


@pytest.mark.parametrize("where", ["here", "display"])
async def test_a_person_who_changes_a_setting_ends_it(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance, where: str
) -> None:
    """That setting stays as the person set it, the others go back, and it is told."""
    before, told = shown(cloud, CENTRAL), Told(hass)
    await charge(hass, pair, advance, soc=80, duration={"hours": 5})
    if where == "here":
        await call(hass, pair, "set_settings", settings={"mode": "peak_shaving"})
    else:
        cloud.change_settings(CENTRAL, mode=3)
        await control_of(pair).settings.async_refresh()
    await until(advance, lambda: shows(hass) == "none None", seconds=2 * HOUR)
    assert shown(cloud, CENTRAL) == {**before, MODE: 3}
    [_, (event, reason, settings)] = told.items
    assert (event, reason) == ("ended_by_change", "changed")
    assert settings is not None
    assert settings.startswith("Selected mode: ")
    await advance(6 * HOUR, step=600)
    assert shown(cloud, CENTRAL) == {**before, MODE: 3}


async def test_a_person_who_changed_a_setting_unseen_until_the_end(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """Before it goes back, the settings are read: what is not as it was written is left alone."""
    before, told = shown(cloud, CENTRAL), Told(hass)
    await charge(hass, pair, advance, soc=80, duration={"minutes": 20})
    cloud.change_settings(CENTRAL, mode=3)
    await advance(30 * MINUTE, step=60)
    assert shown(cloud, CENTRAL) == {**before, MODE: 3}
    assert told.items[1:] == [("ended_by_change", "changed", "Selected mode: Peak shaving"), ("ended", "time", None)]
    assert puts(cloud)[-1].json[MODE] == 3


async def test_what_was_set_on_the_display_shortly_before_comes_back(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """The state before is the one at the moment of sending."""
    cloud.change_settings(CENTRAL, mode=3)
    await charge(hass, pair, advance)
    await advance(45 * MINUTE, step=60)
    assert shown(cloud, CENTRAL)[MODE] == 3


@pytest.mark.parametrize("times", range(1, 7))
async def test_over_restarts(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance, times: int
) -> None:
    """Whenever Home Assistant restarts, nothing stays forced; what was confirmed goes on until its end."""
    before = shown(cloud, CENTRAL)
    await call(hass, pair, "force_charge", duration={"minutes": 15}, soc=80)
    for moment in range(times):
        await advance((1, 5, 40, 7 * MINUTE, 8 * MINUTE, 20)[moment], step=5)
        await restart(hass, pair)
    await advance(40 * MINUTE, step=30)
    assert shows(hass) == "none None"
    assert shown(cloud, CENTRAL) == before


async def test_the_end_while_home_assistant_is_off(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """It goes back at the start."""
    before = shown(cloud, CENTRAL)
    await charge(hass, pair, advance)
    assert await hass.config_entries.async_unload(pair.entry_id)
    hass.data.pop(f"{DOMAIN}_accounts")
    await advance(3 * HOUR, step=HOUR)
    assert shown(cloud, CENTRAL)[MODE] == FORCED
    await set_up(hass, pair)
    await advance(10 * MINUTE, step=30)
    assert shown(cloud, CENTRAL) == before


async def test_a_start_that_is_refused_leaves_nothing(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """The action says why, and so does an issue, which does not offer to try it again without an end."""
    before, told = shown(cloud, CENTRAL), Told(hass)
    cloud.configure(write="refuse")
    with pytest.raises(HomeAssistantError, match="The cloud rejected"):
        await act(
            hass, advance, "force_charge", seconds=400, device_id=device_id(hass, pair, CENTRAL), soc=80, wait=300
        )
    await advance(5 * MINUTE, step=30)
    assert shows(hass) == "none None"
    assert shown(cloud, CENTRAL) == before
    assert told.items == [("failed", "start", "Selected mode, Charge cut-off SOC, Grid charge cut-off SOC")]
    [issue] = issues_of(hass)
    assert issue.data is not None
    assert issue.data["retryable"] is False
    assert len(puts(cloud)) == 1


async def test_a_start_that_is_taken_late_is_undone(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """It was told to have failed, so it must not hold."""
    before, told = shown(cloud, CENTRAL), Told(hass)
    cloud.configure(write="late", write_delay=1500)
    await call(hass, pair, "force_charge", soc=80)
    await until(advance, lambda: told.types == ["failed"])
    cloud.configure(write="replace")
    await advance(25 * MINUTE, step=60)
    assert shown(cloud, CENTRAL)[MODE] == FORCED
    await advance(30 * MINUTE, step=60)
    assert shown(cloud, CENTRAL) == before
    assert told.items[1:] == [("ended", "late", None)]


async def test_a_way_back_that_fails_is_tried_again(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """After three times an issue says what is still set; it goes on all the same, and the issue goes with the end."""
    before, told = shown(cloud, CENTRAL), Told(hass)
    await charge(hass, pair, advance, soc=80)
    cloud.configure(write="refuse")
    await advance(HOUR, step=30)
    assert shows(hass) == "charging ending"
    issue = stuck(hass)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["settings"] == (
        "Selected mode: Economy; Charge cut-off SOC: 100 %; Grid charge cut-off SOC: 60 %"
    )
    assert ("failed", "end") in [item[:2] for item in told.items]
    assert issues_of(hass) == []
    await restart(hass, pair)
    assert stuck(hass) is not None
    cloud.configure(write="replace")
    await advance(65 * MINUTE, step=30)
    assert shown(cloud, CENTRAL) == before
    assert stuck(hass) is None
    assert told.items[-1][:2] == ("ended", "time")


async def test_a_start_of_which_nobody_knows_is_told(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """If the settings cannot be read after the write, an issue says what may have to be set again."""
    with unread(cloud, pair):
        await call(hass, pair, "force_charge", soc=80)
        await until(advance, lambda: puts(cloud) != [], step=1)
    await advance(2 * HOUR, step=30)
    issue = stuck(hass)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["settings"] == (
        "Selected mode: Economy; Charge cut-off SOC: 100 %; Grid charge cut-off SOC: 60 %"
    )
    cloud.clear()
    await advance(2 * HOUR, step=30)
    assert stuck(hass) is None
    assert shown(cloud, CENTRAL)[MODE] == ECONOMY


@pytest.mark.parametrize("reason", ["resumed", "time"])
async def test_a_start_that_still_waits_is_not_sent_any_more(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance, reason: str
) -> None:
    """Once it is over nothing is written that would have to be taken back."""
    cloud.configure(limit=300)
    hass.config_entries.async_update_entry(pair, options={**pair.options, "scan_interval": 5})
    await hass.async_block_till_done(wait_background_tasks=True)
    before, told = shown(cloud, CENTRAL), Told(hass)
    await charge(hass, pair, advance)
    await call(hass, pair, "resume")
    await until(advance, lambda: shows(hass) == "none None")
    written = len(puts(cloud))
    data = {"device_id": device_id(hass, pair, CENTRAL), "duration": {"minutes": 2}, "wait": 900}
    action = asyncio.create_task(
        hass.services.async_call(DOMAIN, "force_charge", data, blocking=True, return_response=True)
    )
    await until(advance, lambda: shows(hass) == "charging starting", step=1)
    if reason == "resumed":
        await call(hass, pair, "resume")
    await until(advance, lambda: shows(hass) == "none None")
    answer: Any = await action
    assert set(answer["devices"][data["device_id"]]["status"].values()) == {"superseded"}
    assert len(puts(cloud)) == written
    assert shown(cloud, CENTRAL) == before
    assert told.items[-1] == ("ended", reason, None)


async def test_a_resume_that_a_reload_overtakes_is_pending(
    hass: HomeAssistant, pair: MockConfigEntry, advance: Advance
) -> None:
    await charge(hass, pair, advance)
    data = {"device_id": device_id(hass, pair, CENTRAL), "wait": 300}
    action = asyncio.create_task(hass.services.async_call(DOMAIN, "resume", data, blocking=True, return_response=True))
    await until(advance, lambda: shows(hass) == "charging ending", step=1)
    assert await hass.config_entries.async_unload(pair.entry_id)
    answer: Any = await action
    assert answer["devices"][data["device_id"]]["status"] == {"mode": "pending"}


async def fix(hass: HomeAssistant, hass_client: Any, choice: str) -> None:
    """Open the issue as a user does, and choose."""
    assert await async_setup_component(hass, REPAIRS, {})
    issue = stuck(hass)
    assert issue is not None
    # The token of the test client is too old by now.
    user = await hass.auth.async_create_user("Test", group_ids=["system-admin"])
    token = await hass.auth.async_create_refresh_token(user, "https://example.com/")
    client = await hass_client(hass.auth.async_create_access_token(token))
    response = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id})
    flow = await response.json()
    assert flow["menu_options"] == ["try_again", "leave"]
    response = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": choice})
    assert (await response.json())["type"] == "create_entry"


@pytest.mark.parametrize("choice", ["try_again", "leave"])
async def test_the_issue_is_fixed(
    hass: HomeAssistant,
    cloud: Simulator,
    pair: MockConfigEntry,
    advance: Advance,
    hass_client: Any,
    choice: str,
) -> None:
    """A person tries it at once, or leaves everything as it is."""
    before = shown(cloud, CENTRAL)
    await charge(hass, pair, advance)
    cloud.configure(write="refuse")
    await advance(HOUR, step=30)
    cloud.configure(write="replace")
    await fix(hass, hass_client, choice)
    await advance(4 * MINUTE, step=10)
    assert stuck(hass) is None
    assert shows(hass) == "none None"
    assert shown(cloud, CENTRAL)[MODE] == (before[MODE] if choice == "try_again" else FORCED)


async def test_changes_that_are_not_allowed_any_more(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """Nothing is written then; an issue says so until they are allowed again."""
    before = shown(cloud, CENTRAL)
    await charge(hass, pair, advance)
    hass.config_entries.async_update_entry(pair, options={**pair.options, "allow_changes": False})
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(HOUR, step=30)
    assert shown(cloud, CENTRAL)[MODE] == FORCED
    assert stuck(hass) is not None
    hass.config_entries.async_update_entry(pair, options={**pair.options, "allow_changes": True})
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(10 * MINUTE, step=30)
    assert shown(cloud, CENTRAL) == before
    assert stuck(hass) is None


async def test_a_device_that_is_removed_meanwhile(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """There is no time to go back: a notification says what to set on the display."""
    await charge(hass, pair, advance, soc=80)
    subentry_id = control_of(pair).settings.subentry_id
    assert subentry_id is not None
    hass.config_entries.async_remove_subentry(pair, subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    [notice] = hass.data["persistent_notification"].values()
    assert "Selected mode: Economy; Charge cut-off SOC: 100 %; Grid charge cut-off SOC: 60 %" in notice["message"]


@pytest.mark.parametrize("sent", [True, False])
async def test_a_device_that_is_removed_before_its_start_is_confirmed(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance, sent: bool
) -> None:
    """What was sent may have been taken; what was not is nothing to set back."""
    with unread(cloud, pair):
        await call(hass, pair, "force_charge", soc=80)
        if sent:
            await until(advance, lambda: puts(cloud) != [], step=1)
    subentry_id = control_of(pair).settings.subentry_id
    assert subentry_id is not None
    hass.config_entries.async_remove_subentry(pair, subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    told = [notice["message"] for notice in hass.data.get("persistent_notification", {}).values()]
    assert ["Selected mode: Economy; Charge cut-off SOC: 100 %" in message for message in told] == [True] * sent
    assert issues_of(hass) == []


@pytest.mark.parametrize("loaded", [True, False])
async def test_an_account_that_is_removed_meanwhile(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance, loaded: bool
) -> None:
    """The same, whether or not the account is loaded."""
    await charge(hass, pair, advance)
    if not loaded:
        assert await hass.config_entries.async_unload(pair.entry_id)
    assert await hass.config_entries.async_remove(pair.entry_id)
    [notice] = hass.data["persistent_notification"].values()
    assert "Selected mode: Economy" in notice["message"]


async def test_a_damaged_state_is_set_aside(
    hass: HomeAssistant,
    cloud: Simulator,
    pair: MockConfigEntry,
    advance: Advance,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The entry starts all the same, and the log says that something is lost."""
    await charge(hass, pair, advance)
    assert await hass.config_entries.async_unload(pair.entry_id)
    hass.data.pop(f"{DOMAIN}_accounts")
    [stored] = [item["data"] for item in hass_storage.values() if (item["data"] or {}).get("battery_control")]
    stored["battery_control"].pop("originals")
    await set_up(hass, pair)
    assert shows(hass) == "none None"
    assert "the battery control cannot be read (KeyError)" in caplog.text


async def test_entities_are_for_those_who_may_change_settings(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry
) -> None:
    """They go when changes are not allowed any more."""
    for domain, key in (
        ("sensor", "battery_control"),
        ("event", "battery_control"),
        ("button", "resume_battery_control"),
    ):
        assert hass.states.get(entity_id(hass, f"{CENTRAL}_{key}", domain))
    hass.config_entries.async_update_entry(pair, options={**pair.options, "allow_changes": False})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [item.entity_id for item in hass.states.async_all() if "battery_control" in item.entity_id] == []
