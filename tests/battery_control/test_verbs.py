"""The verbs: what each of them writes, that it ends by itself, and what it refuses."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, state
from ..control.common import act, assert_puts, device_id, puts, shown
from .common import (
    CENTRAL,
    CHARGE_CUT_OFF,
    CUT_OFF,
    DISCHARGE,
    FORCED,
    GRID_CUT_OFF,
    GRID_POWER,
    HOUR,
    LOAD_FIRST,
    MINUTE,
    MODE,
    OUTPUT,
    RECOVER,
    STRING,
    Told,
    call,
    set_up_pair,
    shows,
    until,
)


@pytest.fixture
async def pair(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return a string and a central inverter whose settings may be changed."""
    return await set_up_pair(hass, cloud)


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
