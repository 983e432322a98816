"""The actions about settings: what they answer, what they refuse, and that they refuse before anything is sent."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol
import yaml
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.atess.catalogue.enumerations import MODE_SETTING
from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import Advance, set_up, state
from ..repository import INTEGRATION
from .common import CENTRAL, STRING, act, add_settings_entry, assert_puts, device_id, puts, reads, shown

ACTIONS = (
    *("get_settings", "set_settings", "set_tariff_windows", "set_operating_mode", "revert_settings"),
    *("force_charge", "force_discharge", "hold", "resume"),
)


@pytest.fixture
async def pair(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Yield a string and a central inverter whose settings may be changed; the cloud may be asked each minute."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud, devices=2)
    await set_up(hass, entry)
    return entry


async def test_actions_exist_without_an_account(hass: HomeAssistant) -> None:
    """Automations are checked against them before any account is loaded."""
    assert await async_setup_component(hass, DOMAIN, {})
    for name in ACTIONS:
        assert hass.services.has_service(DOMAIN, name)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN, "get_settings", {"device_id": "nobody"}, blocking=True, return_response=True
        )


def test_actions_are_described() -> None:
    """Each action and each of its fields has a selector, a name and a description."""
    described: dict[str, Any] = yaml.safe_load((INTEGRATION / "services.yaml").read_text("utf-8"))
    texts: dict[str, Any] = json.loads(Path(INTEGRATION / "translations" / "en.json").read_text("utf-8"))
    assert set(ACTIONS) <= set(described)
    for name in ACTIONS:
        fields, spoken = described[name]["fields"], texts["services"][name]
        assert set(fields) == set(spoken["fields"])
        assert spoken["name"]
        assert spoken["description"]
        assert all(field["selector"] for field in fields.values())
    modes = texts["selector"]["operating_mode"]["options"]
    assert tuple(modes) == MODE_SETTING.options
    assert modes == {choice.key: choice.label for choice in MODE_SETTING.choices}


def selects(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every choice in a part of the actions' description."""
    if isinstance(part, dict):
        if "select" in part:
            yield part["select"]
        for inner in part.values():
            yield from selects(inner)


def test_choices_of_actions_are_named() -> None:
    """Within an object's fields the frontend shows labels as they are, and translates none."""
    described: dict[str, Any] = yaml.safe_load((INTEGRATION / "services.yaml").read_text("utf-8"))
    texts: dict[str, Any] = json.loads(Path(INTEGRATION / "translations" / "en.json").read_text("utf-8"))
    found = list(selects(described))
    keys = {"operating_mode", "power_unit", "resolution", "setting", "tariff"}
    assert {select["translation_key"] for select in found} == keys
    for select in found:
        labels = {option["value"]: option["label"] for option in select["options"]}
        assert labels == texts["selector"][select["translation_key"]]["options"]


def test_descriptions_of_actions_are_plain_text() -> None:
    """The frontend shows Markdown in them as it is written; it renders that of their fields alone."""
    texts: dict[str, Any] = json.loads(Path(INTEGRATION / "translations" / "en.json").read_text("utf-8"))
    assert not [name for name, text in texts["services"].items() if set("*`[") & set(text["description"])]


async def test_get_settings(hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance) -> None:
    """All that is known of the settings, without a request."""
    device, asked = device_id(hass, pair, STRING), len(cloud.requests)
    response = await act(hass, advance, "get_settings", device_id=device)
    answer = response["devices"][device]
    assert answer["settings"]["discharge_cut_off_soc"] == {
        "name": "Discharge cut-off SOC",
        "value": 10.0,
        "unit": "%",
        "min": 0,
        "max": 100,
        "step": 1,
        "options": None,
        "type": "number",
        "danger": "safe",
        "cloud_key": "dischargeCutoffSoc",
        "known": "confirmed",
        "writable": True,
    }
    assert answer["settings"]["mode"]["options"] == list(MODE_SETTING.options)
    assert answer["settings"]["peak_period_1"]["value"] == "17:00-22:00"
    assert answer["settings"]["check_time"]["writable"] is False
    # The user has said that this is not the station's address.
    assert answer["unknown"] == {"rsAddr": 1}
    assert answer["pending"] == {}
    assert len(cloud.requests) == asked


async def test_set_settings_of_several_devices(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """One request per device, with our keys or the cloud's; what is as asked already is not sent."""
    devices = [device_id(hass, pair, serial) for serial in (STRING, CENTRAL)]
    before = {serial: shown(cloud, serial) for serial in (STRING, CENTRAL)}
    response = await act(
        hass,
        advance,
        "set_settings",
        device_id=devices,
        settings={"discharge_cut_off_soc": 12, "gridPowerUpperLimit": 500},
        wait=300,
    )
    for device in devices:
        answer = response["devices"][device]
        assert answer["status"] == {"discharge_cut_off_soc": "confirmed", "grid_power_upper_limit": "unchanged"}
        assert answer["before"] == {"discharge_cut_off_soc": 10.0, "grid_power_upper_limit": 500.0}
        assert answer["after"] == {"discharge_cut_off_soc": 12.0}
    bodies = [{**before[serial], "dischargeCutoffSoc": 12, "deviceSn": serial} for serial in (STRING, CENTRAL)]
    assert_puts(cloud, *bodies)
    response = await act(
        hass, advance, "set_settings", device_id=devices, settings={"discharge_cut_off_soc": 12}, wait=300
    )
    assert [answer["status"] for answer in response["devices"].values()] == [{"discharge_cut_off_soc": "unchanged"}] * 2
    assert_puts(cloud, *bodies)


async def test_what_was_changed_elsewhere_since_the_last_reading_is_set(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """That the last reading shows what is asked for says nothing, unless it is from a moment ago."""
    device = device_id(hass, pair, STRING)
    cloud.change_settings(STRING, discharge_cutoff_soc=25)
    await advance(400, step=10)

    async def ask(**settings: int) -> Any:
        response = await act(hass, advance, "set_settings", device_id=device, settings=settings, wait=300)
        return response["devices"][device]["status"]

    assert await ask(discharge_cut_off_soc=10) == {"discharge_cut_off_soc": "confirmed"}
    first = shown(cloud, STRING) | {"deviceSn": STRING}
    assert first["dischargeCutoffSoc"] == 10
    cloud.change_settings(STRING, discharge_cutoff_soc=25)
    await advance(400, step=10)
    changed = {"discharge_cut_off_soc": 10, "grid_power_upper_limit": 400}
    assert await ask(**changed) == dict.fromkeys(changed, "confirmed")
    second = first | {"gridPowerUpperLimit": 400}
    await advance(400, step=10)
    asked = len(reads(cloud))
    assert await ask(**changed) == dict.fromkeys(changed, "unchanged")
    assert len(reads(cloud)) == asked + 1
    assert_puts(cloud, first, second)
    cloud.inject(kind="http_status", status=503, operation="settings")
    await advance(400, step=10)
    with pytest.raises(HomeAssistantError, match="could not be read"):
        await ask(**changed)


async def test_who_asked_first_for_what_was_asked_otherwise_since(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """Also if there is nothing to send in the end."""
    device = device_id(hass, pair, STRING)
    data = {"device_id": device, "settings": {"discharge_cut_off_soc": 20}, "wait": 300}
    first = asyncio.create_task(
        hass.services.async_call(DOMAIN, "set_settings", data, blocking=True, return_response=True)
    )
    await asyncio.sleep(0)
    second = await act(
        hass, advance, "set_settings", device_id=device, settings={"discharge_cut_off_soc": 10}, wait=300
    )
    answers: Any = await first, second
    statuses = [answer["devices"][device]["status"]["discharge_cut_off_soc"] for answer in answers]
    assert statuses == ["superseded", "unchanged"]
    assert puts(cloud) == []


async def test_pending(hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance) -> None:
    """An action that does not wait says pending; the check goes on by itself."""
    device, before = device_id(hass, pair, STRING), shown(cloud, STRING)
    call = hass.services.async_call
    response: Any = await call(
        DOMAIN,
        "set_settings",
        {"device_id": device, "settings": {"discharge_cut_off_soc": 12}, "wait": 0},
        blocking=True,
        return_response=True,
    )
    assert response["devices"][device]["status"] == {"discharge_cut_off_soc": "pending"}
    response = await call(DOMAIN, "get_settings", {"device_id": device}, blocking=True, return_response=True)
    assert response["devices"][device]["pending"] == {"discharge_cut_off_soc": 12.0}
    await advance(120, step=3)
    assert state(hass, f"{STRING}_discharge_cut_off_soc", "number").state == "12.0"
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 12, "deviceSn": STRING})


async def test_an_action_waits_half_a_minute(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """Unless told otherwise it then says pending, although the read-back is not due for a long time."""
    device, before = device_id(hass, pair, STRING), shown(cloud, STRING)

    async def sleep(seconds: float) -> None:
        if seconds > 5:
            await asyncio.Event().wait()
        clock.tick(seconds)

    asked = {"device_id": device, "settings": {"discharge_cut_off_soc": 12}}
    clock.tick(100)
    with patch("custom_components.atess.account.sleep", sleep):
        action = asyncio.create_task(
            hass.services.async_call(DOMAIN, "set_settings", asked, blocking=True, return_response=True)
        )
        await asyncio.sleep(0)
        for _ in range(1000):
            if puts(cloud):
                break
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=3))
            await asyncio.sleep(0)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=25))
        await hass.async_block_till_done()
        assert not action.done()
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
        await hass.async_block_till_done()
        assert action.done()
        response: Any = await action
    assert response["devices"][device]["status"] == {"discharge_cut_off_soc": "pending"}
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 12, "deviceSn": STRING})


async def test_all_devices_are_checked_before_any_is_touched(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """What one device cannot take is sent to none."""
    devices = [device_id(hass, pair, serial) for serial in (STRING, CENTRAL)]
    for settings, words in (
        ({"discharge_cut_off_soc": 101}, ("hps_string 1", "hps_central 2", "outside the range of 0 to 100 %")),
        ({"discharge_cut_off_soc": 50}, ("Discharge cut-off SOC of hps_central 2 must be below Discharge recover",)),
        ({"mode": "economy", "grid_charging_power": 5}, ("hps_string 1",)),
        ({"check_time": 1}, ("Check time of hps_string 1 protects", "Check time of hps_central 2 protects")),
        ({"rsAddr": 2}, ("set `allow_unknown`",)),
        ({"nothing": 1}, ("has no setting nothing",)),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, advance, "set_settings", device_id=devices, settings=settings)
        for word in words:
            assert word in str(raised.value)
    await advance(60)
    assert puts(cloud) == []


async def test_unknown_keys(hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance) -> None:
    """A key that nobody knows is written on request only, and with the type it has."""
    device, before = device_id(hass, pair, STRING), shown(cloud, STRING)
    with pytest.raises(ServiceValidationError, match="not of the same type"):
        await act(hass, advance, "set_settings", device_id=device, settings={"rsAddr": "two"}, allow_unknown=True)
    response = await act(
        hass, advance, "set_settings", device_id=device, settings={"rsAddr": 2}, allow_unknown=True, wait=300
    )
    assert response["devices"][device]["status"] == {"rsAddr": "confirmed"}
    assert_puts(cloud, {**before, "rsAddr": 2, "deviceSn": STRING})


async def test_settings_as_rows_of_a_form(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """The form of the action gives rows of a setting and its value, which is a text; a setting may be named once."""
    device, before = device_id(hass, pair, STRING), shown(cloud, STRING)
    row = {"setting": "discharge_cut_off_soc", "value": "12"}
    for rows in ([row, row], [], [{"setting": "mode"}]):
        with pytest.raises(vol.Invalid):
            await act(hass, advance, "set_settings", device_id=device, settings=rows)
    rows = [row, {"setting": "rsAddr", "value": "2"}]
    response = await act(hass, advance, "set_settings", device_id=device, settings=rows, allow_unknown=True, wait=300)
    assert response["devices"][device]["status"] == {"discharge_cut_off_soc": "confirmed", "rsAddr": "confirmed"}
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 12, "rsAddr": 2, "deviceSn": STRING})


async def test_settings_that_were_never_read(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Without a first answer no action pretends to have done something."""
    cloud.inject(kind="http_status", status=503, operation="settings")
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    device = device_id(hass, entry, STRING)
    for action, data in (
        ("get_settings", {}),
        ("set_settings", {"settings": {"discharge_cut_off_soc": 12}}),
        ("set_tariff_windows", {"clear": ["peak"]}),
        ("set_operating_mode", {"mode": "economy", "power": 5}),
        ("revert_settings", {}),
    ):
        with pytest.raises(ServiceValidationError, match="The settings of hps_string 1 have not been read yet"):
            await act(hass, advance, action, device_id=device, **data)
    assert puts(cloud) == []


async def test_errors_of_several_devices(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """What fails at one device is told with its name; the other is changed."""
    devices = [device_id(hass, pair, serial) for serial in (STRING, CENTRAL)]
    before = {serial: shown(cloud, serial) for serial in (STRING, CENTRAL)}
    cloud.inject(kind="code", code=500, msg="busy", operation="modify_settings", device=CENTRAL)
    with pytest.raises(
        HomeAssistantError,
        match=r"rejected a change to hps_central 2 \(Discharge cut-off SOC: 12 %\): busy \(code 500\)",
    ):
        await act(hass, advance, "set_settings", device_id=devices, settings={"discharge_cut_off_soc": 12}, wait=300)
    assert state(hass, f"{STRING}_discharge_cut_off_soc", "number").state == "12.0"
    assert state(hass, f"{CENTRAL}_discharge_cut_off_soc", "number").state == "10.0"
    asked = {"dischargeCutoffSoc": 12}
    assert_puts(cloud, *({**before[serial], **asked, "deviceSn": serial} for serial in (STRING, CENTRAL)))


async def test_set_tariff_windows(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """The windows of a tariff are replaced whole; overlaps and windows that do not fit are refused."""
    device = device_id(hass, pair, STRING)
    before = shown(cloud, STRING)

    async def lay(*windows: tuple[str, str, str], **data: Any) -> Any:
        rows = [{"kind": kind, "start": start, "end": end} for kind, start, end in windows]
        return await act(hass, advance, "set_tariff_windows", device_id=device, windows=rows, wait=300, **data)

    for windows, words in (
        ([("peak", "05:00", "07:00")], "overlaps"),
        ([("peak", "18:00", "20:00"), ("peak", "19:00", "21:00")], "overlaps"),
        ([("peak", "18:00", "19:00"), ("peak", "19:00", "20:00"), ("peak", "20:00", "21:00")], "3 windows were given"),
        ([("peak", "18:00", "18:00")], "has the same start and end"),
        ([("peak", "24:00", "24:00")], "has the same start and end"),
        ([], "at least one window"),
    ):
        with pytest.raises(ServiceValidationError, match=words):
            await lay(*windows)
    assert puts(cloud) == []
    response = await lay(("peak", "17:00", "19:00"), ("peak", "20:00", "22:00"))
    assert response["devices"][device]["status"] == {"peak_period_1": "confirmed", "peak_period_2": "confirmed"}
    first = {**before, "peakPeriodTime1": "17:00-19:00", "peakPeriodTime2": "20:00-22:00", "deviceSn": STRING}
    assert_puts(cloud, first)
    # The second flat window is no longer used; night runs over midnight, written as the device writes it.
    await lay(("flat", "06:00", "17:00"), ("valley", "22:00", "24:00"), ("valley", "00:00", "06:00"), clear=["peak"])
    second = {
        "flatPeriodTime1": "06:00-17:00",
        "flatPeriodTime2": "00:00-00:00",
        "peakPeriodTime1": "00:00-00:00",
        "peakPeriodTime2": "00:00-00:00",
        "valleyPeriodTime1": "22:00-24:00",
        "valleyPeriodTime2": "00:00-06:00",
    }
    assert_puts(cloud, first, {**before, **second, "deviceSn": STRING})


async def test_set_operating_mode(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """A mode goes with the power and the state of charge that it uses, in one request."""
    central, string = device_id(hass, pair, CENTRAL), device_id(hass, pair, STRING)
    before = {serial: shown(cloud, serial) for serial in (STRING, CENTRAL)}
    response = await act(
        hass,
        advance,
        "set_operating_mode",
        device_id=central,
        mode="forced_charging",
        power=12.5,
        soc=90,
        wait=300,
    )
    assert response["devices"][central]["after"] == {
        "mode": "forced_charging",
        "grid_charging_power": 12.5,
        "charge_cut_off_soc": 90.0,
    }
    await act(hass, advance, "set_operating_mode", device_id=string, mode="load_first", soc=20, wait=300)
    forced = {"modeSelection": 9, "gridChargePower": 12.5, "chargeCutoffSoc": 90}
    assert_puts(
        cloud,
        {**before[CENTRAL], **forced, "deviceSn": CENTRAL},
        {**before[STRING], "modeSelection": 0, "dischargeCutoffSoc": 20, "deviceSn": STRING},
    )
    with pytest.raises(ServiceValidationError, match="no power setting for the mode Load first"):
        await act(hass, advance, "set_operating_mode", device_id=string, mode="load_first", power=2)


async def test_revert_settings(hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance) -> None:
    """Changes are taken back one by one, the last first, but not over what somebody else has changed since."""
    device = device_id(hass, pair, STRING)
    first = shown(cloud, STRING)
    for settings in ({"discharge_cut_off_soc": 20}, {"mode": "economy", "peak_period_1": "18:00-20:00"}):
        await act(hass, advance, "set_settings", device_id=device, settings=settings, wait=300)
    await act(hass, advance, "revert_settings", device_id=device, wait=300)
    assert shown(cloud, STRING) == first | {"dischargeCutoffSoc": 20}
    cloud.change_settings(STRING, discharge_cutoff_soc=25)
    await advance(3700, step=100)
    with pytest.raises(ServiceValidationError, match="changed elsewhere since"):
        await act(hass, advance, "revert_settings", device_id=device, wait=300)
    cloud.change_settings(STRING, discharge_cutoff_soc=20)
    await advance(3700, step=100)
    await act(hass, advance, "revert_settings", device_id=device, wait=300)
    assert shown(cloud, STRING) == first
    with pytest.raises(ServiceValidationError, match="no change"):
        await act(hass, advance, "revert_settings", device_id=device, wait=300)
    first["deviceSn"] = STRING
    raised = first | {"dischargeCutoffSoc": 20}
    both = raised | {"modeSelection": 2, "peakPeriodTime1": "18:00-20:00"}
    assert_puts(cloud, raised, both, raised, first)
    assert cloud.violations == 0


async def test_nothing_is_reverted_while_a_change_is_under_way(
    hass: HomeAssistant, cloud: Simulator, pair: MockConfigEntry, advance: Advance
) -> None:
    """The last change is the one under way, of which nobody knows yet whether it took effect."""
    device, before = device_id(hass, pair, STRING), shown(cloud, STRING)
    await act(hass, advance, "set_settings", device_id=device, settings={"mode": "peak_shaving"}, wait=300)
    between = shown(cloud, STRING)
    await act(hass, advance, "set_settings", device_id=device, settings={"discharge_cut_off_soc": 20}, wait=0)
    with pytest.raises(ServiceValidationError, match="under way"):
        await act(hass, advance, "revert_settings", device_id=device)
    await advance(200, step=10)
    await act(hass, advance, "revert_settings", device_id=device, wait=300)
    assert shown(cloud, STRING) == between
    await act(hass, advance, "revert_settings", device_id=device, wait=0)
    await act(hass, advance, "revert_settings", device_id=device, wait=300)
    assert shown(cloud, STRING) == before
