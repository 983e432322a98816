"""Settings of devices: shown as they were read, changed in one way, and never silently."""

import json
from typing import Any

import pytest
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.atess.const import DOMAIN
from custom_components.atess.settings_failures import EVENT_FAILED
from simulator import Simulator
from simulator.naming import FORMS, KEYS, STYLES

from .common import Advance, entity_id, restart, set_up, state
from .settings_common import (
    CENTRAL,
    PLAIN,
    STRING,
    act,
    add_settings_entry,
    assert_puts,
    device_id,
    puts,
    reads,
    shown,
)

CUT_OFF = f"{STRING}_discharge_cut_off_soc"
CONTROLS = ("number", "select", "switch", "time")


@pytest.fixture
async def settings_entry(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """A string inverter whose settings may be changed; the cloud may be asked each minute."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    return entry


@pytest.fixture
def failures(hass: HomeAssistant) -> list[Event]:
    """The events of failed changes."""
    return async_capture_events(hass, EVENT_FAILED)


async def set_number(hass: HomeAssistant, value: float, unique_id: str = CUT_OFF) -> None:
    """Set a number as a dashboard does."""
    await hass.services.async_call(
        "number", "set_value", {ATTR_ENTITY_ID: entity_id(hass, unique_id, "number"), "value": value}, blocking=True
    )


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair issue about a failed change."""
    found = [item for (domain, name), item in ir.async_get(hass).issues.items() if name.startswith("settings_")]
    assert len(found) <= 1
    return found[0] if found else None


def proposals(result: Any) -> dict[str, dict[str, str]]:
    """Return what the form "Match settings" proposes, by section."""
    return {
        str(name): {
            str(field): field.description["suggested_value"] for field in part.schema.schema if field.description
        }
        for name, part in result["data_schema"].schema.items()
    }


async def submit_proposals(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Go to the form "Match settings" of the first device, and submit it as it is."""
    subentry = next(iter(entry.subentries.values()))
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    configure = hass.config_entries.subentries.async_configure
    first = {"name": subentry.title, "kind": subentry.data["kind"], "match_settings": True}
    result: Any = await configure(flow["flow_id"], first)
    result = await configure(flow["flow_id"], proposals(result))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)


def controls(hass: HomeAssistant) -> list[str]:
    """Return the entities with which settings can be changed."""
    return [found.entity_id for found in hass.states.async_all(CONTROLS)]


async def test_each_kind_of_control(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """Each control sends the whole object with its one change; the state follows when that was read back."""
    before = shown(cloud, STRING)
    bodies = []
    for domain, action, key, data, change, result in (
        ("number", "set_value", "discharge_cut_off_soc", {"value": 35}, {"dischargeCutoffSoc": 35}, "35.0"),
        (
            "select",
            "select_option",
            "mode",
            {"option": "forced_charging"},
            {"modeSelection": 9},
            "forced_charging",
        ),
        ("switch", "turn_off", "charge_from_grid_and_pv_together", {}, {"gridPvChargeEnable": 0}, "off"),
        ("time", "set_value", "peak_period_1_start", {"time": "18:30"}, {"peakPeriodTime1": "18:30-22:00"}, "18:30:00"),
        ("time", "set_value", "peak_period_1_end", {"time": "00:00"}, {"peakPeriodTime1": "18:30-24:00"}, "00:00:00"),
    ):
        unique_id = f"{STRING}_{key}"
        old = state(hass, unique_id, domain)
        await hass.services.async_call(
            domain, action, {ATTR_ENTITY_ID: old.entity_id, **data}, blocking=True, context=None
        )
        await hass.async_block_till_done()
        waiting = state(hass, unique_id, domain)
        assert waiting.state == old.state
        assert str(waiting.attributes["pending"]) == {"35.0": "35.0", "off": "False"}.get(result, result)
        await advance(90, step=3)
        assert state(hass, unique_id, domain).state == result
        assert "pending" not in state(hass, unique_id, domain).attributes
        before |= change
        assert shown(cloud, STRING) == before
        bodies.append({**before, "deviceSn": STRING})
        assert_puts(cloud, *bodies)
    assert issue(hass) is None
    assert cloud.violations == 0


async def test_a_dial_costs_one_request(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """20 values within 2 seconds are one PUT with the last one; setting the present value costs none."""
    body = {**shown(cloud, STRING), "dischargeCutoffSoc": 30, "deviceSn": STRING}
    for value in range(11, 31):
        await set_number(hass, value)
        await advance(0.1, step=0.1)
    assert puts(cloud) == []
    await advance(90, step=3)
    assert_puts(cloud, body)
    asked = len(reads(cloud))
    await set_number(hass, 30)
    await advance(90, step=3)
    assert_puts(cloud, body)
    assert len(reads(cloud)) == asked
    # There and back within the two seconds changes nothing either.
    await set_number(hass, 40)
    await set_number(hass, 30)
    await advance(90, step=3)
    assert_puts(cloud, body)
    assert state(hass, CUT_OFF, "number").state == "30.0"
    assert "pending" not in state(hass, CUT_OFF, "number").attributes


async def test_a_change_waits_for_the_one_before(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """What is asked for while a change is not read back yet is sent after that, and nothing is lost."""
    cloud.configure(limit=300)
    hass.config_entries.async_update_entry(settings_entry, options={**settings_entry.options, "scan_interval": 5})
    await hass.async_block_till_done(wait_background_tasks=True)
    before = {**shown(cloud, STRING), "bmsSocUpperLimit": 80, "deviceSn": STRING}
    await set_number(hass, 20)
    await set_number(hass, 80, f"{STRING}_bms_soc_upper_limit")
    await advance(3, step=3)
    await set_number(hass, 25)
    await advance(1500, step=30)
    assert_puts(cloud, before | {"dischargeCutoffSoc": 20}, before | {"dischargeCutoffSoc": 25})
    assert state(hass, CUT_OFF, "number").state == "25.0"
    assert issue(hass) is None
    assert cloud.violations == 0


async def test_an_old_copy_is_read_anew(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """What somebody has changed on the display meanwhile is not overwritten."""
    cloud.change_settings(STRING, bms_soc_lower=8)
    await advance(400)
    asked = len(reads(cloud))
    await set_number(hass, 20)
    await advance(200, step=3)
    assert_puts(cloud, shown(cloud, STRING) | {"dischargeCutoffSoc": 20, "deviceSn": STRING})
    assert shown(cloud, STRING)["bmsSocLowerLimit"] == 8
    assert len(reads(cloud)) >= asked + 2
    assert state(hass, f"{STRING}_bms_soc_lower_limit", "number").state == "8.0"
    assert issue(hass) is None


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
        with pytest.raises(HomeAssistantError, match=r"^The cloud refused Discharge cut-off SOC: 35 % of") as raised:
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


async def test_while_changes_are_off(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Without the user's permission there is no control, every action is refused, and the cloud gets no PUT."""
    entry = add_settings_entry(hass, cloud, allow_changes=False)
    await set_up(hass, entry)
    assert controls(hass) == []
    assert state(hass, CUT_OFF).state == "10"
    assert state(hass, CUT_OFF).attributes["cloud_key"] == "dischargeCutoffSoc"
    assert state(hass, f"{STRING}_mode").state == "load_first"
    assert state(hass, f"{STRING}_peak_period_1").state == "17:00-22:00"
    device = device_id(hass, entry, STRING)
    for name, data in (
        ("set_settings", {"settings": {"discharge_cut_off_soc": 20}}),
        ("set_settings", {"settings": {"dischargeCutoffSoc": 20}, "allow_unknown": True}),
        ("set_tariff_windows", {"windows": [{"kind": "peak", "start": "18:00", "end": "20:00"}]}),
        ("set_operating_mode", {"mode": "forced_charging"}),
        ("revert_settings", {}),
    ):
        with pytest.raises(ServiceValidationError, match="Allow changing settings"):
            await act(hass, advance, name, device_id=device, **data)
    await advance(120)
    assert puts(cloud) == []
    response = await act(hass, advance, "get_settings", device_id=device)
    settings = response["devices"][device]["settings"]
    assert not any(item["writable"] for item in settings.values())


async def test_turning_changes_on_and_off(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A setting is a sensor or a control, never both."""
    entry = add_settings_entry(hass, cloud, allow_changes=False)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    for allowed in (True, False, True):
        hass.config_entries.async_update_entry(entry, options={**entry.options, "allow_changes": allowed})
        await hass.async_block_till_done(wait_background_tasks=True)
        found = [registry.async_get_entity_id(domain, DOMAIN, CUT_OFF) for domain in ("sensor", "number")]
        assert [item is not None for item in found] == [not allowed, allowed]
        times = registry.async_get_entity_id("time", DOMAIN, f"{STRING}_peak_period_1_end")
        assert (times is not None) is allowed


@pytest.mark.parametrize("style", STYLES)
async def test_a_guess_is_no_control(hass: HomeAssistant, cloud: Simulator, advance: Advance, style: str) -> None:
    """Without the user's word only documented keys are controls; guesses are shown, with their key."""
    cloud.configure(naming_style=style, limit=60)
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    documented = [f"{STRING}_valley_period_2_{edge}" for edge in ("start", "end")]
    assert set(controls(hass)) == {entity_id(hass, unique_id, "time") for unique_id in documented}
    before = shown(cloud, STRING)
    peak = KEYS[style].get("peak_1", "peakPeriodTime1")
    assert state(hass, f"{STRING}_peak_period_1").state == before[peak]
    assert state(hass, f"{STRING}_peak_period_1").attributes["cloud_key"] == peak
    assert state(hass, CUT_OFF).state == "10"
    device = device_id(hass, entry, STRING)
    for settings in ({"discharge_cut_off_soc": 20}, {"peak_period_1": "18:00-20:00"}):
        with pytest.raises(ServiceValidationError, match="Match settings"):
            await act(hass, advance, "set_settings", device_id=device, settings=settings)
    # A documented one is written in the form that the device uses.
    assert state(hass, documented[1], "time").state == "06:00:00"
    await hass.services.async_call(
        "time",
        "set_value",
        {ATTR_ENTITY_ID: entity_id(hass, documented[1], "time"), "time": "05:00"},
        blocking=True,
    )
    await advance(90, step=3)
    assert state(hass, documented[1], "time").state == "05:00:00"
    period = before["valleyPeriodTime2"].replace("06", "05", 1)
    assert_puts(cloud, {**before, "valleyPeriodTime2": period, "deviceSn": STRING})


@pytest.mark.parametrize("style", STYLES)
async def test_all_guesses_are_confirmed_at_once(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, style: str
) -> None:
    """Windows need the user's word; to submit the form as it is proposed gives it for all of them."""
    cloud.configure(naming_style=style, limit=60)
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    device = device_id(hass, entry, STRING)
    windows = [{"kind": "valley", "start": "23:30", "end": "05:30"}]
    for asked in ({"windows": windows}, {"clear": ["peak"]}):
        with pytest.raises(ServiceValidationError, match=r"that (valley|peak).*1.* is only a guess.*Match settings"):
            await act(hass, advance, "set_tariff_windows", device_id=device, **asked)
    assert puts(cloud) == []
    await submit_proposals(hass, entry)
    assert len([name for name in controls(hass) if name.startswith("time.")]) == 12
    assert er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{STRING}_peak_period_1") is None
    before = shown(cloud, STRING)
    await act(hass, advance, "set_tariff_windows", device_id=device, windows=windows, wait=300)
    night, unused = FORMS[style].shown("23:30-05:30"), FORMS[style].shown("00:00-00:00")
    assert_puts(cloud, {**before, "valleyPeriodTime1": night, "valleyPeriodTime2": unused, "deviceSn": STRING})


async def test_a_device_without_settings(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Where the settings endpoint does not answer there are none, nothing is written, and all else goes on."""
    cloud.inject(kind="code", code=400, operation="settings")
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    assert controls(hass) == []
    device = device_id(hass, entry, STRING)
    for name, data in (("set_settings", {"settings": {"mode": "economy"}}), ("get_settings", {})):
        with pytest.raises(ServiceValidationError, match="have not been read yet"):
            await act(hass, advance, name, device_id=device, **data)
    await advance(7200, step=60)
    assert puts(cloud) == []
    assert len(reads(cloud)) <= 2
    assert state(hass, f"{STRING}_pv_power").state != STATE_UNAVAILABLE


async def test_safety_limits_and_unknown_keys_are_sensors(hass: HomeAssistant, cloud: Simulator) -> None:
    """What protects the battery is shown on demand only; a key that nothing fits is a raw sensor."""
    cloud.configure(naming_style="crowded")
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    registry = er.async_get(hass)
    raw = registry.async_get(entity_id(hass, f"{STRING}_setting_raw_modeNumber"))
    assert raw is not None
    assert raw.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(raw.entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{STRING}_setting_raw_modeNumber").state == "1"


async def test_ranges_of_the_model(hass: HomeAssistant, cloud: Simulator) -> None:
    """A string inverter sets its current in tenths; a power goes no further than the nominal one."""
    entry = add_settings_entry(hass, cloud, devices=2)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    for unique_id in (f"{STRING}_battery_charge_current", f"{STRING}_output_power_setting"):
        registry.async_update_entity(entity_id(hass, unique_id, "number"), disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    current = state(hass, f"{STRING}_battery_charge_current", "number").attributes
    assert (current["min"], current["max"], current["step"]) == (0, 80, 0.1)
    assert state(hass, f"{STRING}_output_power_setting", "number").attributes["max"] == 10
    assert state(hass, f"{CENTRAL}_grid_charging_power", "number").attributes["max"] == 100


async def test_diagnostics_hold_no_secret(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """Diagnostics show settings, keys and changes, and neither a token nor a serial number."""
    from custom_components.atess.diagnostics import async_get_config_entry_diagnostics  # noqa: PLC0415

    before = shown(cloud, STRING)
    await set_number(hass, 35)
    await advance(120, step=3)
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING})
    report = await async_get_config_entry_diagnostics(hass, settings_entry)
    [settings] = report["settings"]
    assert settings["matches"]["discharge_cut_off_soc"] == {"cloud_key": "dischargeCutoffSoc", "known": "confirmed"}
    [change] = settings["history"]
    assert (change["before"], change["after"]) == ({"dischargeCutoffSoc": 10}, {"dischargeCutoffSoc": 35})
    text = json.dumps(report, default=str)
    assert STRING not in text
    assert cloud.token.removeprefix("Basic ") not in text


async def test_match_settings(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """The user confirms, corrects and clears guesses in a form; what is confirmed becomes a control."""
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    [subentry] = entry.subentries.values()
    asked = len(cloud.requests)
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    configure = hass.config_entries.subentries.async_configure
    result = await configure(flow["flow_id"], {"name": "Cellar", "kind": "hps_string", "match_settings": True})
    assert result["step_id"] == "match_settings"
    assert result["data_schema"] is not None
    suggested = {key: value for part in proposals(result).values() for key, value in part.items()}
    assert suggested["discharge_cut_off_soc"] == "dischargeCutoffSoc"
    assert suggested["valley_period_1"] == "valleyPeriodTime1"
    assert "valley_period_2" not in suggested
    assert "check_time" not in suggested
    assert "battery_capacity" not in suggested
    for homeowner, error in (
        ({"mode": "modeSelection", "discharge_cut_off_soc": "modeSelection"}, "same_key"),
        ({"mode": "socMin"}, "key_does_not_fit"),
    ):
        result = await configure(flow["flow_id"], {"homeowner": homeowner, "installer": {}})
        assert result["errors"] == {"base": error}
    chosen = {"mode": PLAIN["mode"], "discharge_cut_off_soc": "dischargeCutoffSoc"}
    result = await configure(flow["flow_id"], {"homeowner": chosen, "installer": {}})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    [subentry] = entry.subentries.values()
    assert subentry.title == "Cellar"
    assert {key: value for key, value in subentry.data["settings"].items() if value} == chosen
    assert state(hass, CUT_OFF, "number").state == "10.0"
    assert state(hass, f"{STRING}_mode", "select").state == "load_first"
    # What was cleared is nobody's any more.
    assert er.async_get(hass).async_get_entity_id("number", DOMAIN, f"{STRING}_bms_soc_upper_limit") is None
    assert len(cloud.requests) == asked


async def test_another_kind_forgets_the_matching(hass: HomeAssistant, cloud: Simulator) -> None:
    """The keys of one kind say nothing about those of another."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    [subentry] = entry.subentries.values()
    cloud.inject(kind="no_data", operation="latest", path="hps/data-last", count=1)
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    result = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"name": "Cellar", "kind": "hps_central", "match_settings": True}
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[subentry.subentry_id].data["settings"] == {}


async def test_steering_the_plant(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """In the demo, a cut-off above the present charge stops the discharge, and forced charging charges."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud)
    await advance(9.5 * 3600, step=3600)
    await set_up(hass, entry)
    before = shown(cloud, STRING)
    power = f"{STRING}_battery_power"
    assert float(state(hass, power).state) > 0.1
    charge = cloud.truth()["devices"][STRING]["soc"]
    await set_number(hass, int(charge) + 5)
    await advance(700)
    assert float(state(hass, power).state) == 0.0
    await hass.services.async_call(
        "select",
        "select_option",
        {ATTR_ENTITY_ID: entity_id(hass, f"{STRING}_mode", "select"), "option": "forced_charging"},
        blocking=True,
    )
    await advance(700)
    assert float(state(hass, power).state) < -1
    raised = {**before, "dischargeCutoffSoc": int(charge) + 5, "deviceSn": STRING}
    assert_puts(cloud, raised, raised | {"modeSelection": 9})


async def test_the_path_is_the_one_that_answered(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A central inverter is written to at its own path only."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud, devices=2)
    await set_up(hass, entry)
    before = shown(cloud, CENTRAL)
    await set_number(hass, 14, f"{CENTRAL}_discharge_cut_off_soc")
    await advance(120, step=3)
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 14, "deviceSn": CENTRAL})
