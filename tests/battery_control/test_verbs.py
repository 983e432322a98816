"""The verbs: what each of them writes, that it ends by itself, and what it refuses."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.battery_control.actions import end_of
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from ..common import Advance, set_up, state
from ..control.common import CENTRAL, STRING, act, add_settings_entry, assert_puts, device_id, puts, shown
from .common import (
    CHARGE_CUT_OFF,
    CUT_OFF,
    DISCHARGE,
    ECONOMY,
    FORCED,
    GRID_CUT_OFF,
    GRID_POWER,
    HOUR,
    LOAD_FIRST,
    MINUTE,
    MODE,
    OUTPUT,
    RECOVER,
    Told,
    call,
    set_up_pair,
    shows,
    until,
    without,
)


@pytest.mark.parametrize(
    ("serial", "name", "data", "changes"),
    [
        pytest.param(
            CENTRAL,
            "force_charge",
            {"power": 30120, "soc": 80},
            {MODE: FORCED, GRID_POWER: 30.1, CHARGE_CUT_OFF: 80, GRID_CUT_OFF: 80},
            id="charge",
        ),
        pytest.param(CENTRAL, "force_charge", {}, {MODE: FORCED}, id="charge as the device is set"),
        pytest.param(STRING, "force_charge", {"soc": 90}, {MODE: FORCED, "bmsSocUpperLimit": 90}, id="charge string"),
        pytest.param(
            CENTRAL,
            "force_discharge",
            {"power": 25, "power_unit": "kW", "soc": 30},
            {MODE: DISCHARGE, OUTPUT: 25, CUT_OFF: 30, RECOVER: 31},
            id="discharge",
        ),
        pytest.param(
            STRING, "force_discharge", {"power": 2500}, {MODE: DISCHARGE, OUTPUT: 2}, id="discharge string, whole kW"
        ),
        pytest.param(CENTRAL, "hold", {}, {MODE: LOAD_FIRST, CUT_OFF: 64, RECOVER: 65, GRID_POWER: 0}, id="hold"),
    ],
)
async def test_a_verb_writes_what_it_needs_and_goes_back(
    hass: HomeAssistant,
    cloud: Simulator,
    pair: MockConfigEntry,
    advance: Advance,
    serial: str,
    name: str,
    data: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    """The whole object with its settings, and at the end the whole object as it was."""
    before, told = shown(cloud, serial), Told(hass, serial)
    if name == "hold":
        # The charge cut-off, at 100, has to stay above both.
        soc = min(98, int(float(state(hass, f"{serial}_battery_state_of_charge").state)))
        changes = {**changes, CUT_OFF: soc, RECOVER: soc + 1}
    assert shows(hass, serial) == "none None"
    answer = await call(hass, pair, name, serial, duration={"minutes": 30}, **data)
    assert set(answer["status"].values()) == {"pending"}
    await until(advance, lambda: "active" in shows(hass, serial))
    assert_puts(cloud, {**before, **changes, "deviceSn": serial})
    await advance(26 * MINUTE, step=60)
    assert len(puts(cloud)) == 1
    await until(advance, lambda: shows(hass, serial) == "none None")
    assert_puts(cloud, {**before, **changes, "deviceSn": serial}, {**before, "deviceSn": serial})
    assert [(event, reason) for event, reason, _ in told.items] == [("started", None), ("ended", "time")]
    await advance(2 * HOUR, step=300)
    assert len(puts(cloud)) == 2


async def test_the_answer_says_what_was_set_and_until_when(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """What a caller waits for is confirmed."""
    device = device_id(hass, pair, CENTRAL)
    data = {"device_id": device, "power": 30, "power_unit": "kW", "soc": 80, "until": "18:30", "wait": 300}
    answer = await act(hass, advance, "force_charge", seconds=400, **data)
    assert answer["devices"][device] == {
        "name": "hps_central 2",
        "status": dict.fromkeys(
            ("mode", "grid_charging_power", "charge_cut_off_soc", "grid_charge_cut_off_soc"), "confirmed"
        ),
        "before": {
            "mode": "economy",
            "grid_charging_power": 20.0,
            "charge_cut_off_soc": 100.0,
            "grid_charge_cut_off_soc": 60.0,
        },
        "after": {
            "mode": "forced_charging",
            "grid_charging_power": 30.0,
            "charge_cut_off_soc": 80.0,
            "grid_charge_cut_off_soc": 80.0,
        },
        "control": "charging",
        "stage": "active",
        "until": "2026-07-15T16:30:00+00:00",
        "power": 30.0,
        "soc": 80.0,
        "by": "automation",
    }
    answer = await act(hass, advance, "resume", seconds=400, device_id=device, wait=300)
    assert answer["devices"][device]["control"] == "none"
    assert answer["devices"][device]["status"] == dict.fromkeys(
        ("mode", "grid_charging_power", "charge_cut_off_soc", "grid_charge_cut_off_soc"), "confirmed"
    )
    answer = await act(hass, advance, "resume", device_id=device, wait=300)
    assert (answer["devices"][device]["control"], answer["devices"][device]["status"]) == ("none", {})
    assert len(puts(cloud)) == 2


@pytest.mark.parametrize("data", [{"soc": 10}, {"until": "2026-07-15 11:00"}, {"until": "2026-07-17 11:00"}])
async def test_what_cannot_be_is_refused(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance, data: dict[str, Any]
) -> None:
    """A target below what must be lower, an end in the past or too far away."""
    with pytest.raises(ServiceValidationError):
        await call(hass, pair, "force_charge", **data)
    await advance(5 * MINUTE)
    assert puts(cloud) == []
    assert shows(hass) == "none None"


async def test_the_target_is_watched_where_the_device_cannot(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """Without a confirmed cut-off it ends when the readings show that the target is reached."""
    entry = await set_up_pair(hass, cloud, without("discharge_cut_off_soc"))
    soc = float(state(hass, f"{CENTRAL}_battery_state_of_charge").state)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=False)
    # Which reloads the account.
    await hass.async_block_till_done()
    before, told = shown(cloud, CENTRAL), Told(hass)
    await call(hass, entry, "force_discharge", power=60, power_unit="kW", soc=soc - 5, duration={"hours": 5})
    await until(advance, lambda: shows(hass) == "discharging active")
    assert_puts(cloud, {**before, MODE: DISCHARGE, OUTPUT: 60, "deviceSn": CENTRAL})
    await until(advance, lambda: shows(hass) == "none None", seconds=HOUR, step=30)
    assert told.items[-1] == ("ended", "target", None)
    assert shown(cloud, CENTRAL) == before


@pytest.mark.parametrize(
    ("missing", "name", "data", "words"),
    [
        (("mode", "forced_charge"), "force_charge", {}, "confirmed or are not reported: Selected mode. On the"),
        (
            ("mode", "output_power_setting"),
            "force_discharge",
            {"power": 9000},
            ": Selected mode, Output power setting. On",
        ),
        (("output_power_setting",), "force_discharge", {"power": 9000}, ": Output power setting. On the"),
        (("discharge_cut_off_soc",), "hold", {}, ": Discharge cut-off SOC. On the"),
        (("grid_charging_power",), "force_charge", {"power": 9000}, ": Grid charging power. On the"),
    ],
)
async def test_what_is_missing_is_named(
    hass: HomeAssistant,
    cloud: Simulator,
    advance: Advance,
    missing: tuple[str, ...],
    name: str,
    data: dict[str, Any],
    words: str,
) -> None:
    """Settings that the user has not confirmed are never used, however well they are guessed."""
    entry = await set_up_pair(hass, cloud, without(*missing))
    with pytest.raises(ServiceValidationError, match=words):
        await call(hass, entry, name, **data)
    await advance(5 * MINUTE)
    assert puts(cloud) == []


@pytest.mark.parametrize(
    ("serial", "name", "data", "words"),
    [
        (STRING, "force_charge", {"power": 5000}, "hps_string 1 has no setting for the charging power"),
        (STRING, "hold", {}, "The state of charge of hps_string 1 is not known"),
        (CENTRAL, "force_discharge", {}, "Specify a power for `atess.force_discharge`: Output power setting"),
        (CENTRAL, "force_discharge", {"power": 300}, r"The power 0\.3 kW is too low"),
        (CENTRAL, "force_discharge", {"power": 300, "power_unit": "kW"}, "outside the range of 0 to 100 kW"),
    ],
)
async def test_numbers_that_do_not_fit(
    hass: HomeAssistant, pair: MockConfigEntry, serial: str, name: str, data: dict[str, Any], words: str
) -> None:
    """They are refused with what would fit."""
    with pytest.raises(ServiceValidationError, match=words):
        await call(hass, pair, name, serial, **data)


@pytest.mark.parametrize("plant", ["farm"])
async def test_devices_without_a_battery_of_their_own(hass: HomeAssistant, cloud: Simulator) -> None:
    """A solar controller has a mode too, but is no target."""
    entry = add_settings_entry(hass, cloud, devices=len(cloud.devices))
    await set_up(hass, entry)
    [serial, *_] = [device.sn for device in cloud.devices if device.kind == "pbd"]
    with pytest.raises(ServiceValidationError, match="not available for"):
        await call(hass, entry, "hold", serial)


@pytest.mark.parametrize(
    ("data", "end"),
    [
        ({}, "2026-07-15T16:00"),
        ({"duration": 90 * 60}, "2026-07-15T13:30"),
        ({"duration": "01:30:00"}, "2026-07-15T13:30"),
        ({"until": "06:00:00"}, "2026-07-16T04:00"),
        ({"until": "15:00"}, "2026-07-15T13:00"),
        ({"until": "2026-07-15 20:00:00"}, "2026-07-15T18:00"),
        ({"until": "2026-07-15T20:00:00+00:00"}, "2026-07-15T20:00"),
    ],
)
async def test_ends(hass: HomeAssistant, pair: MockConfigEntry, data: dict[str, Any], end: str) -> None:
    """By a duration, a time of day, or a moment, in local time; four hours otherwise."""
    answer = await call(hass, pair, "force_charge", **data)
    assert answer["until"].startswith(end)


@pytest.mark.parametrize(
    ("now", "until", "minutes"),
    [
        ("2026-10-25T00:40+00:00", time(2, 30), 50),
        ("2026-10-25T01:10+00:00", time(2, 30), 20),
        ("2026-10-25T01:10+00:00", datetime.fromisoformat("2026-10-25T02:30"), 20),
        ("2026-03-29T00:30+00:00", time(2, 30), 60),
        ("2026-03-29T01:40+00:00", time(2, 30), 23 * 60 - 10),
    ],
)
async def test_the_hour_that_comes_twice_or_not_at_all(
    hass: HomeAssistant, now: str, until: time | datetime, minutes: int
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    moment = datetime.fromisoformat(now)
    assert end_of({"until": until}, moment) - moment == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "data",
    [
        {"duration": 60, "until": "06:00"},
        {"duration": 0},
        {"power": 0},
        {"power": "inf"},
        {"power": 5, "power_unit": "MW"},
        {"soc": 101},
        {"until": "soon"},
    ],
)
async def test_what_makes_no_sense(hass: HomeAssistant, pair: MockConfigEntry, data: dict[str, Any]) -> None:
    """The action's schema refuses it."""
    with pytest.raises(vol.Invalid):
        await call(hass, pair, "force_charge", **data)


async def test_diagnostics(hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance) -> None:
    """What is under way, by the names of the settings, and nothing of a person."""
    await call(hass, pair, "force_charge", power=30, power_unit="kW")
    await until(advance, lambda: shows(hass) == "charging active")
    report = await async_get_config_entry_diagnostics(hass, pair)
    [_, found] = report["battery_control"]
    assert found["written"] == {"mode": FORCED, "grid_charging_power": 30}
    assert found["originals"] == {"mode": ECONOMY, "grid_charging_power": 20}
    assert (found["verb"], found["stage"], found["by"]) == ("charging", "active", "automation")
