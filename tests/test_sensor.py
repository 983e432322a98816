"""What entities make of samples: every member, in its unit, with honest availability."""

import csv
from pathlib import Path
from typing import Any

import pytest
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.catalogue import FIELDS
from custom_components.atess.enerclo import Kind
from simulator import Simulator

from .common import Advance, add_entry, complaints, enable_all, entity_id, set_up, state

ROWS = [
    row
    for row in csv.DictReader((Path(__file__).parent / "data" / "fields.tsv").open(), delimiter="\t")
    if row["kind"] == "hps_string"
]
# What the cloud may send for members that a plain number would not suit, and what the entity then shows.
SPECIAL: dict[str, tuple[Any, str]] = {
    "bmsStatus": (5, "discharging"),
    "loadPf": (97.0, "0.97"),
    "maxTemp": (33, "33.0"),
    "maxVolt": (3411, "3.411"),
    "minTemp": (22, "22.0"),
    "minVolt": (3.317, "3.317"),
    "mvpv": (3.362, "3.362"),
    "runModel": (4, "battery_first"),
    "status": (2, "on_grid"),
    "time": ("2026-07-15 13:56:07", "2026-07-15T11:56:07+00:00"),
    "bypassFreq": (50.03, "50.03"),
}
POWERS = {"gactivePower", "loadActivePower", "meterPower", "pac", "ppv", "ppv1", "ppv2", "ppv3"}


def distinct_sample() -> dict[str, tuple[Any, str]]:
    """Return for each documented member a value that no other has, and the state that it should make."""
    sample = dict(SPECIAL)
    for number, row in enumerate(ROWS):
        member = row["member"]
        if member in sample or member == "deviceSn":
            continue
        value = (
            round(1.03 + number / 100, 2)
            if member in POWERS or row["unit"] in {"kVA", "kvar"}
            else round(60.35 + number, 2)
        )
        sample[member] = (value, str(value))
    return sample


async def test_every_documented_member(hass: HomeAssistant, cloud: Simulator) -> None:
    """Each of the 97 documented members of the string HPS is one entity, with its value in its unit."""
    assert len(ROWS) == 97
    serial = cloud.devices[0].sn
    sample = distinct_sample()
    assert len({str(value) for value, _ in sample.values()}) == len(sample) == 96
    cloud.inject(kind="members", device=serial, set={member: value for member, (value, _) in sample.items()})
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    keys = {field.member: field.key for field in FIELDS[Kind.HPS_STRING]}
    shown: dict[str, list[str]] = {}
    for row in ROWS:
        if row["member"] == "deviceSn":
            continue
        found = state(hass, f"{serial}_{keys[row['member']]}")
        assert found.state == sample[row["member"]][1], row["member"]
        assert found.attributes.get("unit_of_measurement", "") == row["unit"], row["member"]
        assert found.attributes.get("device_class", "") == row["device_class"], row["member"]
        assert found.attributes.get("state_class", "") == row["state_class"], row["member"]
        shown.setdefault(found.entity_id, []).append(row["member"])
    assert len(shown) == 96
    assert all(len(members) == 1 for members in shown.values())
    assert not [found for found in hass.states.async_all() if "raw_" in found.entity_id]


async def test_signs(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """Powers have the signs of the Energy dashboard: battery + discharging, grid + importing."""
    serial = cloud.devices[0].sn
    members = {"pac": -2.4, "gactivePower": -1.9, "ppv": 3.0, "ppv1": 3.0, "ppv2": 0.0, "ppv3": 0.0}
    cloud.inject(kind="members", device=serial, set={**members, "loadActivePower": 2.5})
    enable_all(hass, entry)
    await advance(301)
    for key, value in {
        "battery_power": "-2.4",
        "battery_power_reported": "-2.4",
        "grid_power": "1.9",
        "grid_power_reported": "-1.9",
        "pv_power": "3.0",
        "load_power": "2.5",
    }.items():
        registered = entity_id(hass, f"{serial}_{key}")
        if (found := hass.states.get(registered)) is not None:
            assert found.state == value, key


async def test_offline(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """When the cloud calls a device offline its live values end at once; its energies stay."""
    serial = cloud.devices[1].sn
    cloud.inject(kind="offline", device=serial)
    await advance(301)
    assert state(hass, f"{serial}_online", "binary_sensor").state == "off"
    assert state(hass, f"{serial}_pv_power").state == STATE_UNAVAILABLE
    assert float(state(hass, f"{serial}_pv_energy_today").state) > 0
    assert float(state(hass, f"{serial}_pv_energy_total").state) > 0


async def test_unknown_members(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """What the catalogue does not know becomes a disabled diagnostic sensor, without a reload."""
    serial = cloud.devices[0].sn
    cloud.inject(kind="members", device=serial, set={"futureMember": 4.5, "futureText": "abc", "nested": {"a": 1}})
    await advance(301)
    registry = er.async_get(hass)
    for member in ("futureMember", "futureText"):
        item = registry.async_get(entity_id(hass, f"{serial}_raw_{member}"))
        assert item is not None
        assert item.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert item.entity_category == "diagnostic"
    assert registry.async_get_entity_id("sensor", "atess", f"{serial}_raw_nested") is None
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{serial}_raw_futureMember").state == "4.5"
    assert state(hass, f"{serial}_raw_futureText").state == "abc"
    cloud.clear()
    await advance(301)
    assert state(hass, f"{serial}_raw_futureText").state == STATE_UNAVAILABLE


async def test_unknown_state(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """A code outside its table is an unknown state with the code as an attribute."""
    serial = cloud.devices[0].sn
    cloud.inject(kind="members", device=serial, set={"status": 77})
    await advance(301)
    found = state(hass, f"{serial}_operating_state")
    assert found.state == STATE_UNKNOWN
    assert found.attributes["raw_value"] == 77


async def test_availability(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """Without new samples live values end after 20 minutes, energies of today at midnight, lifetime ones never."""
    serial = cloud.devices[0].sn
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await advance(30 * 60)
    cloud.inject(kind="http_status", status=503, device=serial)
    live, today, total = "pv_power", "pv_energy_today", "pv_energy_total"
    taken = dt_util.parse_datetime(state(hass, f"{serial}_last_data").state, raise_on_error=True)
    await advance((taken - dt_util.utcnow()).total_seconds() + 19 * 60)
    assert state(hass, f"{serial}_{live}").state != STATE_UNAVAILABLE
    assert state(hass, f"{serial}_online", "binary_sensor").state == "on"
    await advance(2 * 60)
    assert state(hass, f"{serial}_{live}").state == STATE_UNAVAILABLE
    assert state(hass, f"{serial}_online", "binary_sensor").state == "off"
    assert state(hass, f"{serial}_{today}").state != STATE_UNAVAILABLE
    assert state(hass, f"{serial}_last_data").state != STATE_UNAVAILABLE
    await advance(13 * 3600, step=600)
    assert state(hass, f"{serial}_{today}").state == STATE_UNAVAILABLE
    assert float(state(hass, f"{serial}_{total}").state) > 0
    cloud.clear()
    await advance(1200)
    assert state(hass, f"{serial}_{live}").state != STATE_UNAVAILABLE
    assert state(hass, f"{serial}_online", "binary_sensor").state == "on"


@pytest.mark.parametrize(
    "inject",
    [
        {"kind": "http_status", "status": 503},
        {"kind": "html"},
        {"kind": "truncated"},
        {"kind": "not_object"},
        {"kind": "no_data"},
        {"kind": "disconnect"},
        {"kind": "http_status", "status": 429},
    ],
)
async def test_failed_polls_keep_the_last_reading(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
    inject: dict[str, Any],
) -> None:
    """A poll that fails ends nothing; it is logged once when it begins and once when it ends, without traceback."""
    serial = cloud.devices[0].sn
    before = state(hass, f"{serial}_pv_power").state
    caplog.clear()
    cloud.inject(**inject, device=serial)
    await advance(16 * 60)
    assert state(hass, f"{serial}_pv_power").state == before
    mine = [record for record in caplog.records if record.name.startswith("custom_components.atess")]
    assert len([record for record in mine if record.levelname in {"WARNING", "ERROR"}]) == 1
    assert not [record for record in caplog.records if record.exc_info and record.levelname != "DEBUG"]
    cloud.clear()
    await advance(3600)
    assert state(hass, f"{serial}_pv_power").state != STATE_UNAVAILABLE
    mine = [record for record in caplog.records if record.name.startswith("custom_components.atess")]
    assert len([record for record in mine if "recovered" in record.getMessage()]) == 1
    assert cloud.violations == 0


HOSTILE: list[dict[str, Any]] = [
    {"ppv": None, "ppv1": "2.25", "vbat": " 401.5 ", "pac": "NaN"},
    {"ppv": "Infinity", "ppv1": 2.25, "vbat": 401.5, "pac": True},
    {"ppv": [1], "ppv1": 2.25, "vbat": "401.50", "pac": {"a": 1}},
    {"ppv": "--", "ppv1": 2.25, "vbat": 401.5, "pac": "1e999"},
    {"ppv": 1e300, "ppv1": 2.25, "vbat": 401.5, "pac": "x" * 100000, "unknownMember": "y" * 100000},
    {"ppv": "", "ppv1": "2.250", "vbat": 401.4999999, "pac": "0x10"},
]


@pytest.mark.parametrize("members", HOSTILE)
async def test_hostile_members(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
    members: dict[str, Any],
) -> None:
    """Members that cannot be are left out, the good ones still show, and the log stays clean."""
    serial = cloud.devices[0].sn
    caplog.clear()
    cloud.inject(kind="members", device=serial, set=members, remove=["ppv2"])
    await advance(301)
    assert float(state(hass, f"{serial}_pv1_power").state) == 2.25
    assert float(state(hass, f"{serial}_battery_voltage").state) == 401.5
    assert state(hass, f"{serial}_pv2_power").state == STATE_UNAVAILABLE
    assert not complaints(caplog)


@pytest.mark.parametrize("time", [None, "", "yesterday", "2026-13-45 99:99:99", 17, "12:00"])
async def test_time_that_does_not_parse(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
    time: Any,
) -> None:
    """Without a readable time the values still show, as of the moment received."""
    serial = cloud.devices[0].sn
    caplog.clear()
    cloud.inject(kind="members", device=serial, set={"time": time, "vbat": 402.5})
    await advance(301)
    assert float(state(hass, f"{serial}_battery_voltage").state) == 402.5
    assert not complaints(caplog)
