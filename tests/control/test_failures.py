"""Changes of settings that do not take effect, or that a restart cuts off: always told, never repeated."""

from typing import Any

import pytest
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import Advance, restart, set_up, state
from .common import (
    CUT_OFF,
    STRING,
    act,
    add_settings_entry,
    assert_puts,
    device_id,
    issue,
    puts,
    set_number,
    shown,
)

# What the cloud does with a write, what comes of the discharge cut-off, and the reason that is given.
MATRIX: dict[str, tuple[int, str | None]] = {
    "obey": (90, None),
    "replace": (90, None),
    "ignore": (10, "not_taken"),
    "late": (90, None),
    "clamp": (80, "not_taken"),
    "side_effect": (90, "moved"),
    "refuse": (10, "refused"),
    "vanish": (10, "unconfirmed"),
    "once_a_minute": (90, None),
}


@pytest.mark.parametrize("by_action", [False, True], ids=["entity", "action"])
@pytest.mark.parametrize("write", MATRIX)
async def test_misbehaviour(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
    write: str,
    by_action: bool,
) -> None:
    """Whatever the cloud does, the state is what was read, nothing else is changed, and every failure is told."""
    cloud.configure(write=write, write_delay=30)
    shows, reason = MATRIX[write]
    before = shown(cloud, STRING)
    error = ""
    if by_action:
        try:
            response = await act(
                hass,
                advance,
                "set_settings",
                seconds=600,
                wait=900,
                device_id=device_id(hass, settings_entry, STRING),
                settings={"discharge_cut_off_soc": 90},
            )
        except HomeAssistantError as err:
            error = str(err)
        else:
            assert [item["status"] for item in response["devices"].values()] == [{"discharge_cut_off_soc": "confirmed"}]
        assert bool(error) is (reason is not None)
    else:
        await set_number(hass, 90)
    await advance(240)
    assert state(hass, CUT_OFF, "number").state == f"{shows:.1f}"
    assert "pending" not in state(hass, CUT_OFF, "number").attributes
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 90, "deviceSn": STRING})
    if reason is None:
        assert failures == []
        assert issue(hass) is None
        assert shown(cloud, STRING) == before | {"dischargeCutoffSoc": 90}
    else:
        [event] = failures
        assert event.data["reason"] == reason
        assert event.data["asked"] == {"dischargeCutoffSoc": 90}
        assert event.data["device_id"] == device_id(hass, settings_entry, STRING)
        found = issue(hass)
        assert found is not None
        assert found.translation_key == f"settings_{reason}"
        assert found.translation_placeholders is not None
        assert "Discharge cut-off SOC: 90 %" in found.translation_placeholders["wishes"]
        if reason == "not_taken":
            assert found.translation_placeholders["differences"] == f"Discharge cut-off SOC: 90 % → {shows} %"
        assert found.translation_placeholders["time"].startswith("2026-07-15 14:0")
        assert "Discharge cut-off SOC" in error or not by_action
        cloud.configure(write="obey")
        if write != "side_effect":
            others = {key: value for key, value in shown(cloud, STRING).items() if key != "dischargeCutoffSoc"}
            assert others == {key: value for key, value in before.items() if key != "dischargeCutoffSoc"}
    assert cloud.violations == 0


@pytest.mark.parametrize("by_action", [False, True], ids=["entity", "action"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "code", "code": 400, "msg": ""}, "code 400"),
        ({"kind": "code", "code": 500, "msg": "value exceeds limit"}, "value exceeds limit (code 500)"),
        ({"kind": "code", "code": 1021, "msg": "parameter locked"}, "parameter locked (code 1021)"),
        ({"kind": "http_status", "status": 400}, "HTTP 400"),
        ({"kind": "http_status", "status": 404}, "HTTP 404"),
        ({"kind": "limited"}, "(code 429)"),
        ({"kind": "unauthorized"}, "403"),
    ],
)
async def test_refusals(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
    fault: dict[str, Any],
    told: str,
    by_action: bool,
) -> None:
    """However the cloud refuses a write, it is told with its code and its words, and never tried again."""
    body = {**shown(cloud, STRING), "dischargeCutoffSoc": 35, "deviceSn": STRING}
    cloud.inject(**fault, operation="modify_settings")
    if by_action:
        device = device_id(hass, settings_entry, STRING)
        with pytest.raises(HomeAssistantError, match=r"^The cloud rejected a change to .* cut-off SOC: 35 %") as raised:
            await act(hass, advance, "set_settings", device_id=device, settings={"discharge_cut_off_soc": 35}, wait=300)
        assert told in str(raised.value)
    else:
        await set_number(hass, 35)
    await advance(7200, step=60)
    assert_puts(cloud, body)
    [event] = failures
    assert event.data["reason"] == "refused"
    assert told in event.data["error"]
    found = issue(hass)
    assert found is not None
    assert found.translation_placeholders is not None
    assert told in found.translation_placeholders["error"]
    assert found.translation_placeholders["wishes"] == "Discharge cut-off SOC: 35 %"
    assert state(hass, CUT_OFF, "number").state == "10.0"


async def test_a_late_success_takes_the_issue_back(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance, failures: list[Event]
) -> None:
    """A change that takes effect after it was given up is shown, and the issue goes."""
    cloud.configure(write="late", write_delay=1800)
    before = shown(cloud, STRING)
    await set_number(hass, 35)
    await advance(300)
    assert [event.data["reason"] for event in failures] == ["not_taken"]
    assert issue(hass) is not None
    assert state(hass, CUT_OFF, "number").state == "10.0"
    await advance(5400, step=60)
    assert state(hass, CUT_OFF, "number").state == "35.0"
    assert issue(hass) is None
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING})


async def test_what_else_moved_is_told_until_it_is_put_right(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """The issue about a member that nobody asked to move stays while it is so, whatever is changed elsewhere."""
    before = shown(cloud, STRING)
    cloud.configure(write="side_effect")
    await set_number(hass, 35)
    await advance(120, step=3)
    cloud.configure(write="obey")
    found = issue(hass)
    assert found is not None
    [moved] = [
        key for key, value in shown(cloud, STRING).items() if value != before[key] and key != "dischargeCutoffSoc"
    ]
    there = shown(cloud, STRING)
    await set_number(hass, 90, f"{STRING}_bms_soc_upper_limit")
    await advance(3700, step=60)
    assert issue(hass) is not None
    assert_puts(
        cloud,
        {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING},
        {**there, "bmsSocUpperLimit": 90, "deviceSn": STRING},
    )
    table = cloud.cloud._operations._table(cloud.devices[0])
    right = {table.by_key[moved].name: before[moved]}
    cloud.change_settings(STRING, **right)
    await advance(3700, step=60)
    assert issue(hass) is None


async def test_too_frequent_writes_are_told(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance, failures: list[Event]
) -> None:
    """A cloud that takes one write a minute is not written to more often; a refusal all the same is told."""
    cloud.configure(write="once_a_minute")
    before = {**shown(cloud, STRING), "deviceSn": STRING}
    for value in (20, 30, 40):
        await set_number(hass, value)
        await advance(200, step=5)
    assert [put.status for put in puts(cloud)] == [200, 200, 200]
    assert failures == []
    cloud.inject(kind="limited", operation="modify_settings")
    await set_number(hass, 50)
    await advance(400, step=5)
    assert [event.data["reason"] for event in failures] == ["refused"]
    assert state(hass, CUT_OFF, "number").state == "40.0"
    assert_puts(cloud, *(before | {"dischargeCutoffSoc": value} for value in (20, 30, 40, 50)))


@pytest.mark.parametrize(
    ("fault", "taken"),
    [({"kind": "disconnect"}, False), ({"kind": "http_status", "status": 502}, False), ({"kind": "html"}, False)],
)
async def test_a_lost_answer_is_settled_by_reading(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
    fault: dict[str, Any],
    taken: bool,
) -> None:
    """When nobody knows whether a write arrived, the read-back tells."""
    cloud.inject(**fault, operation="modify_settings", count=1)
    before = shown(cloud, STRING)
    await set_number(hass, 35)
    await advance(400)
    assert [event.data["reason"] for event in failures] == ["not_taken"]
    assert state(hass, CUT_OFF, "number").state == "10.0"
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING})


async def test_a_restart_does_not_lose_a_change(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
) -> None:
    """A write whose read-back a restart has cut off is settled after it; one that was not sent is reported."""
    stored = hass_storage[f"{DOMAIN}.{next(iter(settings_entry.subentries))}.settings"]["data"]
    before = dict(stored["members"])
    assert before == shown(cloud, STRING)
    for sending, reason in ((True, "not_taken"), (False, "not_sent")):
        assert await hass.config_entries.async_unload(settings_entry.entry_id)
        key = f"{DOMAIN}.{next(iter(settings_entry.subentries))}.settings"
        hass_storage[key]["data"]["active"] = {
            "asked": {"dischargeCutoffSoc": 35},
            "before": before,
            "sending": sending,
            "origin": {},
            "reverts": False,
        }
        await set_up(hass, settings_entry)
        await advance(300)
        assert failures[-1].data["reason"] == reason
    assert puts(cloud) == []
    # What had gathered when a process was killed is given up with notice too, once.
    assert await hass.config_entries.async_unload(settings_entry.entry_id)
    hass_storage[key]["data"]["queued"] = {"asked": {"dischargeCutoffSoc": 35}}
    await set_up(hass, settings_entry)
    for _ in range(2):
        assert [event.data["reason"] for event in failures] == ["not_taken", "not_sent", "not_sent"]
        await restart(hass, settings_entry)
    # One that gathers while the entry is unloaded is given up with notice.
    await set_number(hass, 40)
    assert await hass.config_entries.async_unload(settings_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [event.data["reason"] for event in failures] == ["not_taken", "not_sent", "not_sent", "not_sent"]
    assert puts(cloud) == []


async def test_a_confirmed_change_survives_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
) -> None:
    """Settings come back from storage without a request, and so does what can be taken back."""
    before = {**shown(cloud, STRING), "deviceSn": STRING}
    await set_number(hass, 35)
    await advance(120, step=3)
    asked = len(cloud.requests)
    await restart(hass, settings_entry)
    assert len(cloud.requests) == asked
    assert state(hass, CUT_OFF, "number").state == "35.0"
    response = await act(
        hass, advance, "revert_settings", device_id=device_id(hass, settings_entry, STRING), seconds=300, wait=900
    )
    assert [item["after"] for item in response["devices"].values()] == [{"discharge_cut_off_soc": 10.0}]
    assert state(hass, CUT_OFF, "number").state == "10.0"
    assert_puts(cloud, before | {"dischargeCutoffSoc": 35}, before)


@pytest.mark.parametrize("damage", [[], "text", {"members": 1, "active": [], "queued": {"asked": 3}, "history": [1]}])
async def test_damaged_storage(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, damage: Any
) -> None:
    """Damaged storage counts as none."""
    entry = add_settings_entry(hass, cloud)
    key = f"{DOMAIN}.{next(iter(entry.subentries))}.settings"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": damage}
    await set_up(hass, entry)
    assert state(hass, CUT_OFF, "number").state == "10.0"
