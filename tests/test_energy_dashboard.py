"""The action that sets the Energy dashboard up: what it adds, and that nothing of what is there changes."""

import logging
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, entity_id, set_up
from .energy_dashboard import (
    BALCONY,
    LEGACY,
    METER,
    WASHER,
    battery,
    brief,
    configure,
    grid,
    manager_of,
    prefer,
    reasons,
    solar,
    sources,
)

STRING = "SIMHPS0101"

pytestmark = pytest.mark.usefixtures("energy")


@pytest.fixture
def plant(request: pytest.FixtureRequest) -> str:
    """Return a home, or the plant that a test asks for."""
    return getattr(request, "param", "home")


def plant_id(entry: MockConfigEntry) -> str:
    return f"plant_{entry.entry_id}"


def device_id(hass: HomeAssistant, unique_id: str) -> str:
    """Return the device of an entity."""
    registered = er.async_get(hass).async_get(entity_id(hass, unique_id))
    assert registered is not None
    assert registered.device_id is not None
    return registered.device_id


async def refused(hass: HomeAssistant, **data: Any) -> str | None:
    """Return the key of the error with which the action ends; the preferences stay as they are."""
    before = await sources(hass)
    with pytest.raises(ServiceValidationError) as caught:
        await configure(hass, **data)
    assert await sources(hass) == before
    assert str(caught.value) != caught.value.translation_key
    return caught.value.translation_key


async def test_a_home_is_added_once_and_taken_back(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    tried = await configure(hass, dry_run=True)
    assert await sources(hass) == []
    done = await configure(hass, fingerprint=tried["fingerprint"])
    added = [solar(hass, STRING), battery(hass, STRING), grid(hass, STRING)]
    assert await sources(hass) == added
    assert done["added"] == tried["would_add"]
    assert brief(done["added"]) == {(kind, "hps_string 1") for kind in ("solar", "battery", "grid")}
    assert done["added"][1]["sensors"] == [
        "Battery discharged in total",
        "Battery charged in total",
        "Battery power",
        "Battery state of charge",
    ]
    assert done["skipped"] == done["warnings"] == done["already"] == []
    assert "SIM" not in str(done)

    again = await configure(hass)
    assert again["added"] == again["could_complete"] == []
    assert again["already"] == done["added"]
    assert await sources(hass) == added
    assert await refused(hass, fingerprint=tried["fingerprint"]) == "energy_changed"

    assert await configure(hass, undo=True) == {"undone": True}
    assert await sources(hass) == []
    assert await refused(hass, undo=True) == "energy_nothing_to_undo"


@pytest.mark.parametrize("plant", ["farm"], indirect=True)
async def test_a_farm_counts_each_energy_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A PCS has no PV, its PBDs have; the batteries are those of the PCS. Its grid counters are known later."""
    done = await configure(hass)
    assert await sources(hass) == [
        battery(hass, "SIMPCS0201"),
        solar(hass, "SIMPBD0201"),
        solar(hass, "SIMPBD0202"),
    ]
    assert reasons(done["skipped"]) == {("grid", "no_energy_yet")}
    assert done["warnings"] == []

    total = device_id(hass, f"{plant_id(entry)}_pv_power")
    members = [device_id(hass, name) for name in ("SIMPBD0201_pv_power", "SIMBCU0201_battery_state_of_charge")]
    asked = await configure(hass, device_id=[total, *members])
    assert asked["added"] == []
    assert brief(asked["already"]) == {("solar", "pbd 2")}
    assert reasons(asked["skipped"]) >= {("solar", "already_counted"), ("battery", "already_counted")}
    assert {("battery", "counted_by_inverter")} <= reasons(asked["skipped"])

    await prefer(hass)
    await configure(hass, device_id=[total])
    assert await sources(hass) == [solar(hass, plant_id(entry)), battery(hass, plant_id(entry))]
    assert reasons((await configure(hass))["skipped"]) == {
        ("solar", "already_counted"),
        ("battery", "already_counted"),
        ("grid", "no_energy_yet"),
    }


async def test_battery_behind_a_data_logger_in_another_case(hass: HomeAssistant, cloud: Simulator) -> None:
    """The battery of an inverter is that of the battery system behind its data logger, whatever case is typed."""
    cloud.configure(serial_case="any")
    inverter, system = cloud.devices[:2]
    cloud.inject(kind="no_data", operation="base_info", device=system.sn)
    entry = add_entry(hass, cloud, [inverter, system])
    subentry = next(item for item in entry.subentries.values() if item.unique_id == system.sn)
    known = {"data_log_sn": system.data_log_sn.lower()}
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **known})
    await set_up(hass, entry)
    energies = {
        f"stat_energy_{way}": entity_id(hass, f"{system.sn}_battery_{what}_energy_computed")
        for way, what in (("from", "discharge"), ("to", "charge"))
    }
    await prefer(hass, {"type": "battery", **energies})
    assert ("battery", "already_counted") in reasons((await configure(hass))["skipped"])


@pytest.mark.parametrize("plant", ["commercial"], indirect=True)
async def test_what_others_entered_stays_as_it_is(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A meter of another integration keeps its place; other solar stays beside ours, with a warning."""
    water = {"type": "water", "stat_energy_from": "sensor.water", "stat_cost": None}
    await prefer(hass, METER, BALCONY, water, device_consumption=[WASHER])
    before = (await manager_of(hass)).data
    done = await configure(hass)
    assert await sources(hass) == [METER, BALCONY, water, solar(hass, "SIMHPS0301"), battery(hass, "SIMHPS0301")]
    data = (await manager_of(hass)).data
    assert data is not None
    assert data["device_consumption"] == [WASHER]
    assert before is not None
    assert before["energy_sources"] == [METER, BALCONY, water]
    assert reasons(done["skipped"]) == {("grid", "other_grid_meter")}
    assert reasons(done["warnings"]) == {("solar", "other_source")}
    assert await configure(hass, undo=True) == {"undone": True}
    assert await sources(hass) == [METER, BALCONY, water]


async def test_a_change_by_somebody_else_ends_what_was_planned(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    tried = await configure(hass, dry_run=True)
    await prefer(hass, BALCONY)
    assert await refused(hass, fingerprint=tried["fingerprint"]) == "energy_changed"
    await configure(hass)
    await prefer(hass, *(await sources(hass)), METER)
    assert await refused(hass, undo=True) == "energy_changed_since"
    await prefer(hass, *(await sources(hass))[:-1])
    assert await configure(hass, undo=True) == {"undone": True}
    assert await sources(hass) == [BALCONY]


async def test_preferences_that_home_assistant_would_refuse_are_left_alone(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A grid in the form of before 2025 is a grid; a list with it cannot be written again."""
    await prefer(hass, LEGACY)
    tried = await configure(hass, dry_run=True)
    assert reasons(tried["skipped"]) == {("grid", "other_grid_meter")}
    assert await refused(hass) == "energy_refused"
    ours = {**LEGACY, "flow_from": [{"stat_energy_from": entity_id(hass, f"{STRING}_grid_import_energy_total")}]}
    await prefer(hass, ours)
    assert brief((await configure(hass, dry_run=True))["already"]) == {("grid", "hps_string 1")}


async def test_a_source_is_completed_only_if_asked(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    bare = {name: value for name, value in battery(hass, STRING).items() if name not in {"stat_rate", "stat_soc"}}
    own = {**grid(hass, STRING), "stat_energy_to": None, "number_energy_price": 0.3}
    own["power_config"] = {"stat_rate": own.pop("stat_rate")}
    await prefer(hass, bare, own)
    before = await sources(hass)
    done = await configure(hass)
    assert brief(done["could_complete"]) == {("battery", "hps_string 1"), ("grid", "hps_string 1")}
    assert done["could_complete"][1]["sensors"] == ["Grid export energy total"]
    assert await sources(hass) == [*before, solar(hass, STRING)]
    done = await configure(hass, complete=True)
    assert brief(done["completed"]) == {("battery", "hps_string 1"), ("grid", "hps_string 1")}
    export = entity_id(hass, f"{STRING}_grid_export_energy_total")
    assert await sources(hass) == [
        battery(hass, STRING),
        {**before[1], "stat_energy_to": export},
        solar(hass, STRING),
    ]
    # The same export cannot be in two grids.
    await prefer(hass, own, {**METER, "stat_energy_to": export})
    assert ("grid", "hps_string 1") not in brief((await configure(hass, complete=True))["completed"])
    await prefer(hass, {**BALCONY, "stat_energy_from": own["stat_energy_from"]})
    assert ("grid", "used_elsewhere") in reasons((await configure(hass, dry_run=True))["skipped"])


async def test_sensors_are_looked_at_before_they_are_added(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What does not fit is left out with its reason: an energy takes its source with it, a power does not."""
    registry = er.async_get(hass)

    def spoil(key: str, state: str | None = None, **attributes: Any) -> None:
        name = entity_id(hass, f"{STRING}_{key}")
        present = hass.states.get(name)
        assert present is not None
        hass.states.async_set(name, state or present.state, {**present.attributes, **attributes})

    spoil("pv_energy_total", "-1")
    spoil("battery_charge_energy_total", unit_of_measurement="kW")
    spoil("grid_import_energy_total", state_class=None)
    spoil("battery_power", device_class=None)
    spoil("battery_state_of_charge", "101")
    done = await configure(hass, dry_run=True)
    assert done["would_add"] == []
    assert reasons(done["skipped"]) == {
        ("solar", "implausible"),
        ("battery", "wrong_unit"),
        ("grid", "wrong_state_class"),
    }
    # What has no value at the moment may have one again.
    spoil("pv_energy_total", "unavailable")
    assert [added["type"] for added in (await configure(hass, dry_run=True))["would_add"]] == ["solar"]
    spoil("battery_charge_energy_total", unit_of_measurement="MWh")
    hass.states.async_remove(entity_id(hass, f"{STRING}_pv_energy_total"))
    registry.async_update_entity(
        entity_id(hass, f"{STRING}_grid_import_energy_total"), disabled_by=er.RegistryEntryDisabler.USER
    )
    done = await configure(hass)
    assert reasons(done["skipped"]) == {("solar", "no_state"), ("grid", "disabled")}
    assert reasons(done["warnings"]) == {("battery", "wrong_device_class"), ("battery", "implausible")}
    assert await sources(hass) == [
        {name: value for name, value in battery(hass, STRING).items() if name not in {"stat_rate", "stat_soc"}}
    ]
    registry.async_remove(entity_id(hass, f"{STRING}_battery_charge_energy_total"))
    assert ("battery", "no_entity") in reasons((await configure(hass))["skipped"])
    with patch("custom_components.atess.energy_dashboard.checks.is_entity_recorded", return_value=False):
        assert ("battery", "not_recorded") in reasons((await configure(hass))["skipped"])


async def test_who_may_and_what_is_said_without_devices(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unauthorized):
        await configure(hass, Context(user_id=hass_read_only_user.id))
    assert await sources(hass) == []
    with pytest.raises(vol.Invalid):
        await configure(hass, undo=True, dry_run=True)
    forecast = MockConfigEntry(domain="forecast_solar", entry_id="forecast", state=ConfigEntryState.LOADED)
    forecast.add_to_hass(hass)
    await configure(hass)
    assert (await sources(hass))[0]["config_entry_solar_forecast"] == ["forecast"]
    forecast.mock_state(hass, ConfigEntryState.NOT_LOADED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await refused(hass) == "energy_nothing_to_add"
    hass.config.components.remove("energy")
    with pytest.raises(ServiceValidationError) as caught:
        await configure(hass)
    assert caught.value.translation_key == "energy_not_set_up"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_undo_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """What is damaged in storage is as if it were not there."""
    await configure(hass)
    [kept] = hass_storage[f"{DOMAIN}.energy_dashboard"]["data"]["changes"]
    hass.data.pop(f"{DOMAIN}_energy_dashboard")
    assert await configure(hass, undo=True) == {"undone": True}
    assert await sources(hass) == []
    hass.data.pop(f"{DOMAIN}_energy_dashboard")
    hass_storage[f"{DOMAIN}.energy_dashboard"]["data"] = {"changes": [kept["before"], {"before": 3}, "x"]}
    assert await refused(hass, undo=True) == "energy_nothing_to_undo"


async def test_with_the_last_account_all_is_forgotten(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """What was kept for an undo names sensors of devices that are gone."""
    await configure(hass)
    assert f"{DOMAIN}.energy_dashboard" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert f"{DOMAIN}.energy_dashboard" not in hass_storage
    assert await refused(hass, undo=True) == "energy_nothing_to_undo"


async def test_a_device_without_reading_is_named(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    cloud.inject(kind="no_data", device=cloud.devices[0].sn)
    await set_up(hass, add_entry(hass, cloud))
    done = await configure(hass, dry_run=True)
    assert done["skipped"] == [{"device": "hps_string 1", "reason": "no_reading"}]
    assert done["would_add"] == []
