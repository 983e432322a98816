"""What is stored: rarely written, taken up after a restart, and never in the way of a start."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, set_up, state
from .flows import start, submit, user_input

FILE = f"{DOMAIN}.accounts"
FAR = "9999-12-31T23:59:59+00:00"
FIRST = "0001-01-01T00:00:00+14:00"
NAIVE = "2026-07-15T12:00:00"

type Stored = dict[str, Any]


def polls(cloud: Simulator, since: int) -> dict[str, int]:
    """Return by device how often it was polled since so many requests."""
    rows = [record.device_sn for record in cloud.requests[since:] if record.operation == "latest"]
    return {device.sn: rows.count(device.sn) for device in cloud.devices}


async def stop(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """End as a restart does: what is not in storage is forgotten."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop(f"{DOMAIN}_accounts")


def put(*place: str, value: Any) -> Callable[[Stored], None]:
    """Return what puts a value at a place within the state of each device."""

    def damage(account: Stored) -> None:
        for device in account["devices"].values():
            found = device
            for name in place[:-1]:
                found = found[name]
            found[place[-1]] = value

    return damage


def replace(name: str, value: Any) -> Callable[[Stored], None]:
    """Return what replaces a part of the account's state."""
    return lambda account: account.update({name: value})


def far(account: Stored) -> None:
    """Put every call of the pacing into the far future."""
    account["pacer"]["calls"] = [[path, sn, 1e300, 1e9, 1e9, 1e9] for path, sn, *_ in account["pacer"]["calls"]]
    account["pacer"]["ended"] = 1e18


DAMAGES: dict[str, Callable[[Stored], None]] = {
    "pacer is text": replace("pacer", "x"),
    "pacer is a list": replace("pacer", [1]),
    "pacer rows": replace(
        "pacer",
        {
            "calls": [["hps", "SIM", "x", [], {}, None], 5, None],
            "ended": "x",
            "day": [],
            "requests": -5,
            "unannounced": 3,
        },
    ),
    "pacer counts": replace("pacer", {"calls": 5, "ended": 1e300, "day": 1e300, "requests": 1e300, "refusals": -1e9}),
    "pacer requests huge": lambda account: account["pacer"].update(requests=1e300, refusals=1e300),
    "pacer far": far,
    "paths": replace("paths", {"answered": [], "absent": {"x": {"y": {"z": 1e300}}}, "readable": 3}),
    "paths are text": replace("paths", "x"),
    "clean is text": replace("clean", "x"),
    "devices are a list": replace("devices", [1]),
    "devices are text": replace("devices", {"x": "y"}),
    "watch is a list": replace("watch", [1]),
    "watch far": replace("watch", {"atess_test_entry": {"SIMLOG0001": FAR, "SIMLOG0002": NAIVE, "x": None}}),
    "plant is a list": replace("plant", [1]),
    "plant is text": replace("plant", {"atess_test_entry": "x"}),
    "plant wrong": replace("plant", {"atess_test_entry": {"sums": 3, "batteries": [1], "seen": {"x": None, "y": 5}}}),
    "plant far": replace(
        "plant",
        {
            "atess_test_entry": {
                "sums": {"pv_energy_total": {"sum": {"level": 1e300, "day": FAR}, "last": {"x": "y", "z": -1e300}}},
                "batteries": {"SIMHPS0001": {"votes": {"run": 1e300}, "window": {"rows": [[1e300]]}}},
                "seen": {"SIMHPS0001": FAR},
            }
        },
    ),
    "rhythm is a list": put("rhythm", value=[1]),
    "rhythm wrong": put("rhythm", value={"age": "x", "delay": [], "base": None, "period": -3}),
    "rhythm huge": put("rhythm", value={"age": 1e300, "base": 1e300, "label": -1e300, "period": 1e300}),
    "base info naive": put("base_info_at", value=NAIVE),
    "base info far": put("base_info_at", value=FAR),
    "base info first": put("base_info_at", value=FIRST),
    "base info date": put("base_info_at", value="2026-07-15"),
    "base info types": put("base_info", value={"nominalPower": "100000", "model": 5, "systemNo": [1], "dataLogSn": {}}),
    "base info huge": put("base_info", value={"nominalPower": 10**18, "model": "x" * 5000}),
    "interpreter is text": put("interpreter", value="x"),
    "sample received far": put("interpreter", "sample", "received", value=FAR),
    "sample received first": put("interpreter", "sample", "received", value="0001-01-01T00:00:00+00:00"),
    "sample received ahead": put("interpreter", "sample", "received", value="2027-01-01T00:00:00+00:00"),
    "sample received naive": put("interpreter", "sample", "received", value=NAIVE),
    "sample of another device": put("interpreter", "sample", "device_sn", value="OTHER"),
    "sample members": put("interpreter", "sample", "members", value={"pvPower": [1], "status": {"x": 2}, "time": 5}),
    "clock ahead": put("interpreter", "clock", value={"local": "2099-12-31T23:59:59", "since": "2099-12-31T23:59:59Z"}),
    "clock wrong": put("interpreter", "clock", value={"offsets": [[1], "x", None], "spacings": {}, "zone": 1e300}),
    "zone is a number": put("zone", value=5),
}
FILES: dict[str, Any] = {
    "newer version": {"version": 9, "minor_version": 1, "key": FILE, "data": {"x": 1}},
    "newer minor version": {"version": 1, "minor_version": 9, "key": FILE, "data": {"x": {}}},
    "no version": {"key": FILE},
    "a list": {"version": 1, "minor_version": 1, "key": FILE, "data": [1]},
    "text": {"version": 1, "minor_version": 1, "key": FILE, "data": "x"},
    "numbers": {"version": 1, "minor_version": 1, "key": FILE, "data": {"x": 1, "y": None}},
}


async def assert_lives(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """Set up and assert that each device is polled and has values."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    since = len(cloud.requests)
    await advance(1800, step=60)
    assert all(count >= 2 for count in polls(cloud, since).values())
    for device in cloud.devices:
        assert state(hass, f"{device.sn}_pv_power").state != STATE_UNAVAILABLE


@pytest.mark.parametrize("case", DAMAGES)
async def test_damaged_state(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    """Whatever is wrong with a part of the file, the entry starts and polling goes on."""
    await advance(700)
    await stop(hass, entry)
    [account] = hass_storage[FILE]["data"].values()
    DAMAGES[case](account)
    caplog.clear()
    await assert_lives(hass, cloud, entry, advance)
    assert [record.getMessage() for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


@pytest.mark.parametrize("case", FILES)
async def test_unreadable_file(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    """A file that cannot be read is set aside with one line in the log."""
    entry = add_entry(hass, cloud)
    names = [FILE, *(f"{DOMAIN}.{name}{end}" for name in entry.subentries for end in ("", ".settings"))]
    for name in (*names, f"{DOMAIN}.{entry.entry_id}"):
        hass_storage[name] = json.loads(json.dumps(FILES[case])) | {"key": name}
    await assert_lives(hass, cloud, entry, advance)
    lines = [record.getMessage() for record in caplog.records if "is set aside" in record.getMessage()]
    assert len(lines) == len(set(lines))
    assert len(lines) == (0 if case in {"numbers", "newer minor version"} else len(names) + 1)


async def test_state_of_the_version_before(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A device's own file, as it was before all came into one, is taken up and costs no request."""
    await advance(700)
    await stop(hass, entry)
    [account] = hass_storage[FILE]["data"].values()
    for subentry_id, device in account.pop("devices").items():
        key = f"{DOMAIN}.{subentry_id}"
        hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": device}
    since = len(cloud.requests)
    await set_up(hass, entry)
    assert len(cloud.requests) == since
    assert state(hass, f"{cloud.devices[0].sn}_pv_power").state != STATE_UNAVAILABLE


async def test_after_an_unclean_end_all_counts_as_just_asked(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    clock: FrozenDateTimeFactory,
) -> None:
    """Values show at once; the first poll waits an interval, since another may have been made after the last save."""
    await advance(1000)
    await stop(hass, entry)
    await advance(1000)  # so that nothing of before is due to be written
    [account] = hass_storage[FILE]["data"].values()
    account["clean"] = False
    clock.tick(2600)
    since = len(cloud.requests)
    await set_up(hass, entry)
    assert state(hass, f"{cloud.devices[0].sn}_pv_energy_total").state != STATE_UNAVAILABLE
    await advance(290, step=10)
    assert len(cloud.requests) == since
    await advance(320)
    assert all(polls(cloud, since).values())


async def test_the_mark_of_a_clean_end(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """It is there after an unload, and taken off before the first request that follows."""

    def clean() -> bool:
        [account] = hass_storage[FILE]["data"].values()
        return bool(account["clean"])

    assert not clean()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert clean()
    await set_up(hass, entry)
    assert clean()
    await advance(400)
    assert not clean()
    await hass.async_stop(force=True)
    assert clean()


async def test_a_state_that_cannot_be_stored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That is logged once, and neither polling nor what is stored of other devices suffers."""
    await advance(1300)
    since = len(cloud.requests)
    with patch("custom_components.atess.polling.rhythm.Rhythm.dump", side_effect=RuntimeError("cannot")):
        await advance(2400)
    assert all(count >= 5 for count in polls(cloud, since).values())
    [account] = hass_storage[FILE]["data"].values()
    assert len(account["devices"]) == len(cloud.devices)
    assert sum("cannot be stored" in record.getMessage() for record in caplog.records) == len(cloud.devices)


async def test_another_time_zone_forgets_the_offset_of_the_clock(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """What was learned of a device's clock under one zone of Home Assistant says nothing under another."""
    await advance(1800)
    device = cloud.devices[0].sn
    await hass.config.async_set_time_zone("Asia/Shanghai")
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(2400)
    assert state(hass, f"{device}_online", "binary_sensor").state == "on"
    assert state(hass, f"{device}_pv_power").state != STATE_UNAVAILABLE


async def test_an_account_is_forgotten_when_its_limit_permits(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Its pacing stays as long as the cloud remembers; then neither account id nor serial number is stored."""
    await advance(400)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    await advance(2000)
    assert [key for key, value in hass_storage.items() if key.startswith(DOMAIN) and value["data"]] == []


async def test_adding_again_while_the_account_is_to_be_forgotten(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance
) -> None:
    """What a flow asks meanwhile keeps the account's pacing, as long as that is needed."""
    first, second = cloud.devices
    entry = add_entry(hass, cloud, [first])
    await set_up(hass, entry)
    clock.tick(200)
    assert await hass.config_entries.async_remove(entry.entry_id)
    flow, flow_id = hass.config_entries.flow, await start(hass)
    result = await submit(flow, flow_id, user_input(cloud, [second.sn, "NOSUCHDEV1"]))
    assert result["errors"] == {"device_sn": "not_found"}
    await advance(120, step=120)
    result = await submit(flow, flow_id, user_input(cloud, [second.sn]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert cloud.violations == 0
    assert await hass.config_entries.async_remove(result["result"].entry_id)
    await advance(2000)
    assert hass_storage[FILE]["data"] == {}


async def test_an_account_without_an_entry_is_forgotten_at_the_next_start(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """What a set-up that was given up has left behind does not stay."""
    await stop(hass, entry)
    hass_storage[FILE]["data"]["99@localhost"] = {"pacer": {}, "clean": True}
    await set_up(hass, entry)
    await advance(1300)
    assert "99@localhost" not in hass_storage[FILE]["data"]
