"""Settings at their edges: changes that cannot be sent, values that cannot be written, and how they are told."""

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.atess.catalogue.settings import settings_of
from custom_components.atess.const import DOMAIN
from custom_components.atess.control.texts import differences, member_texts, refusal, value_text, wishes
from custom_components.atess.corrections import corrections_entered, corrections_shown
from custom_components.atess.enerclo import Kind, UnreachableError, caller
from custom_components.atess.settings import Period, SettingError
from custom_components.atess.settings.tariff_windows import TariffWindow, lay_windows
from custom_components.atess.settings.values import Limits, check, encode, limits_of
from simulator import Simulator

from ..common import Advance, set_up
from .common import SMALL, STRING, add_settings_entry, assert_puts, device_id, issue, puts, set_number, shown
from .common import told as told_events

SETTINGS = settings_of(Kind.HPS_CENTRAL)


def told(hass: HomeAssistant) -> str:
    """Return the translation key of the repair issue about a change."""
    found = issue(hass)
    assert found is not None
    assert found.translation_key is not None
    return found.translation_key


async def test_unload_before_a_change_is_sent(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A change that an unload overtakes is not sent, and said not to have been."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    events = told_events(hass)
    await set_number(hass, 35)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(60, step=10)
    assert puts(cloud) == []
    assert told(hass)
    assert [event["event_type"] for event in events if "event_type" in event] == ["failed"]


async def test_a_device_that_is_removed_takes_its_change_with_it(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """Nobody is asked about a change of a device that is gone."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    await set_number(hass, 35)
    [subentry_id] = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(60, step=10)
    assert puts(cloud) == []
    assert issue(hass) is None


async def test_settings_that_cannot_be_read_before_a_change(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """A change on an old copy is not sent when no fresh one is to be had, and said not to have been."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(600, step=60)
    cloud.inject(kind="http_status", status=503, operation="settings")
    await set_number(hass, 35)
    await advance(90, step=5)
    assert puts(cloud) == []
    assert told(hass)


async def test_a_cloud_that_is_gone_before_a_change(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A change for which the settings cannot be read anew is not sent, and said not to have been made."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    await cloud.stop()
    await set_number(hass, 35)
    await advance(90, step=5)
    assert puts(cloud) == []
    assert told(hass) == "settings_not_read"


async def test_a_cloud_that_cannot_be_reached_for_a_change(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """A change for which no connection can be made after the reading is said not to have been sent."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    send = caller.send

    async def send_reads(session: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "PUT":
            raise UnreachableError("the cloud was not reached")
        return await send(session, method, *args, **kwargs)

    with patch.object(caller, "send", send_reads):
        await set_number(hass, 35)
        await advance(200, step=5)
    assert puts(cloud) == []
    assert told(hass) == "settings_not_sent"


async def test_unload_while_a_change_is_under_way(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory
) -> None:
    """An action whose change was sent, but not yet read back, is told that it is pending when the entry is unloaded."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)

    before = shown(cloud, STRING)

    async def never(seconds: float) -> None:
        if seconds > 5:
            await asyncio.Event().wait()
        clock.tick(seconds)

    clock.tick(400)
    with patch("custom_components.atess.account.sleep", never):
        asked = {"device_id": device_id(hass, entry, STRING), "settings": {"discharge_cut_off_soc": 35}}
        action = asyncio.create_task(
            hass.services.async_call(DOMAIN, "set_settings", asked, blocking=True, return_response=True)
        )
        for _ in range(400):
            await asyncio.sleep(0)
            if not puts(cloud):
                clock.tick(0.1)
                async_fire_time_changed(hass)
        assert_puts(cloud, {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING})
        assert await hass.config_entries.async_unload(entry.entry_id)
        response = await action
    assert "pending" in str(response)


async def test_a_path_at_which_nothing_was_read(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, advance: Advance
) -> None:
    """Settings are remembered and their path is not: reading them anew before the change finds it."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop(f"{DOMAIN}_accounts")
    [account] = hass_storage[f"{DOMAIN}.accounts"]["data"].values()
    del account["paths"]
    await set_up(hass, entry)
    before = shown(cloud, STRING)
    await set_number(hass, 35)
    await advance(200, step=5)
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING})
    assert issue(hass) is None


async def test_settings_that_lost_a_key(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A setting that the device no longer reports under its key is not written."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(600, step=60)
    cloud.configure(naming_style="snake")
    await set_number(hass, 35)
    await advance(400, step=20)
    assert puts(cloud) == []
    assert told(hass)


async def test_limits_that_moved_meanwhile(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A change that no longer fits the settings as the device holds them now is not sent."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(600, step=60)
    changed = {**shown(cloud, STRING), "bmsSocUpperLimit": 50, "deviceSn": STRING}
    headers = {"Authorization": cloud.token, "Accept-Language": "en"}
    answer = await async_get_clientsession(hass).put(f"{cloud.base_url}{SMALL}", json=changed, headers=headers)
    assert (await answer.json())["code"] in {0, 200}
    await set_number(hass, 60, f"{STRING}_bms_soc_lower_limit")
    await advance(400, step=20)
    # The only write is the one made here.
    assert_puts(cloud, changed)
    assert told(hass)


async def test_token_refused_for_settings(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Settings that are refused while the device is served say nothing of the token; they are tried again hourly."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    [settings] = entry.runtime_data.settings.values()
    assert settings.values["discharge_cut_off_soc"] == shown(cloud, STRING)["dischargeCutoffSoc"]
    assert settings.values["peak_period_1"] == shown(cloud, STRING)["peakPeriodTime1"]
    cloud.inject(kind="unauthorized", operation="settings")
    asked = len(cloud.requests)
    await advance(3 * 3900, step=300)
    refused = [record for record in cloud.requests[asked:] if record.operation == "settings"]
    assert 2 <= len(refused) <= 4
    assert hass.config_entries.flow.async_progress() == []


async def test_texts(hass: HomeAssistant, cloud: Simulator) -> None:
    """Values, differences and refusals are told in words, a member that no setting fits by its own name."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    [settings] = entry.runtime_data.settings.values()
    model = settings.data
    mode, cut_off = SETTINGS["mode"], SETTINGS["discharge_cut_off_soc"]
    charge = SETTINGS["charge_from_grid_and_pv_together"]
    assert value_text(hass, mode, None) == "?"
    assert value_text(hass, mode, "economy") == "Economy"
    assert value_text(hass, charge, value=True) in {"On", "on"}
    assert value_text(hass, cut_off, 30.0) == "30 %"
    assert member_texts(hass, model, "riddle", 4) == ("riddle", "4")
    assert differences(hass, model, {"dischargeCutoffSoc": 35}, {"dischargeCutoffSoc": 30, "riddle": 4}) == (
        "Discharge cut-off SOC: 35 % → 30 %; riddle: 4"
    )
    assert wishes(hass, model, {"dischargeCutoffSoc": 35}) == "Discharge cut-off SOC: 35 %"
    assert wishes(hass, None, {"dischargeCutoffSoc": 35}) == "dischargeCutoffSoc: 35"
    named = {"component.atess.entity.sensor.discharge_cut_off_soc.name": "Entladeschluss"}
    with patch("custom_components.atess.control.texts.async_get_cached_translations", return_value=named):
        assert wishes(hass, model, {"dischargeCutoffSoc": 35}) == "Entladeschluss: 35 %"
    error = SettingError("relation_below", "discharge_cut_off_soc", other="discharge_recover_soc")
    told_error = refusal(hass, Kind.HPS_CENTRAL, "Barn", error)
    placeholders = told_error.translation_placeholders or {}
    assert placeholders["setting"] == "Discharge cut-off SOC"
    assert placeholders["other"] == "Discharge recover SOC"


def test_windows_of_a_device_without_periods() -> None:
    """A device that shows no period of a tariff cannot have its windows set."""
    present = {"peak_period_1": Period(start=0, end=60)}
    for windows, clear in (([TariffWindow(tariff="flat", start=0, end=60)], []), ([], ["flat"])):
        with pytest.raises(SettingError) as raised:
            lay_windows(present, {}, windows, clear)
        assert (raised.value.reason, raised.value.key) == ("not_reported", "flat_period_1")


@pytest.mark.parametrize(
    ("key", "value", "limits", "reason"),
    [
        ("discharge_cut_off_soc", 30, Limits(low=None, high=None, step=1), "range_unknown"),
        ("forced_charge", 1.5, None, "not_a_switch"),
        ("forced_charge", [], None, "not_a_switch"),
    ],
)
def test_values_that_cannot_be_checked(key: str, value: Any, limits: Limits | None, reason: str) -> None:
    """A value without known limits, or of a wrong type, is refused."""
    with pytest.raises(SettingError) as raised:
        check(SETTINGS[key], limits or limits_of(SETTINGS[key], None), value)
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("key", "value", "present"),
    [
        ("peak_period_1", Period(start=60, end=120), "whenever"),
        ("discharge_cut_off_soc", 30.0, None),
        ("discharge_cut_off_soc", 30.0, [1]),
    ],
)
def test_forms_that_are_not_known(key: str, value: Any, present: Any) -> None:
    """What the device sends now shows the form to write in; without one nothing is written."""
    with pytest.raises(SettingError) as raised:
        encode(SETTINGS[key], value, present)
    assert raised.value.reason == "form_unknown"


def test_corrections_in_the_form() -> None:
    """A clock that was set by hand is shown as the minutes entered."""
    shown = corrections_shown(Kind.HPS_STRING, {"clock": "480", "battery_sign": "inverted"})
    assert shown["clock"] == 480
    assert corrections_entered(shown) == {"clock": "480", "battery_sign": "inverted"}
