"""What becomes of a change of settings: shown by a sensor, told by events, issues and actions, and never lost."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.atess.const import DOMAIN
from custom_components.atess.control import sender, writer
from custom_components.atess.control.coordinator import SettingsCoordinator
from simulator import Simulator

from ..common import Advance, restart, set_up, state
from .common import (
    CHANGE,
    CUT_OFF,
    STRING,
    UPPER,
    act,
    add_settings_entry,
    assert_puts,
    device_id,
    issue,
    puts,
    reads,
    set_number,
    shown,
    told,
)


def settings_of(entry: MockConfigEntry) -> SettingsCoordinator:
    """Return the settings of the only device."""
    found: list[SettingsCoordinator] = list(entry.runtime_data.settings.values())
    return found[0]


async def test_the_sensor_follows_a_change(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    clock: FrozenDateTimeFactory,
) -> None:
    """From idle over waiting and checking to confirmed, with what changes, from what to what, and until when."""
    stages: list[tuple[str, Any, Any, Any, Any]] = []
    sensor = state(hass, CHANGE)
    assert sensor.state == "idle"
    read_at = settings_of(settings_entry).read_at
    assert read_at is not None

    @callback
    def note(event: Event[Any]) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] == sensor.entity_id and new is not None:
            shows = new.attributes
            entry = (new.state, shows["what"], shows["from"], shows["to"], shows["until"])
            if not stages or stages[-1] != entry:
                stages.append(entry)

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    events = told(hass)
    await set_number(hass, 35)
    await advance(200, step=3)
    change = ("Discharge cut-off SOC", "10 %", "35 %")
    assert [stage[0] for stage in stages if stage[4] is not None or stage[0] == "confirmed"] == [
        "waiting",
        "checking",
        "confirmed",
    ]
    assert all(stage[1:4] == change for stage in stages)
    until = next(stage[4] for stage in stages if stage[0] == "waiting" and stage[4] is not None)
    # The settings may be read again a minute after they were read.
    assert timedelta(seconds=59) < datetime.fromisoformat(str(until)) - read_at < timedelta(seconds=62)
    assert [(item["event_type"], item["what"], item["from"], item["to"]) for item in events] == [("confirmed", *change)]
    await restart(hass, settings_entry)
    assert state(hass, CHANGE).state == "confirmed"
    assert state(hass, CHANGE).attributes["to"] == "35 %"


async def test_only_where_changes_are_allowed(hass: HomeAssistant, cloud: Simulator) -> None:
    """Sensor and event come and go with the permission to change settings."""
    entry = add_settings_entry(hass, cloud, allow_changes=False)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    for allowed in (False, True, False):
        hass.config_entries.async_update_entry(entry, options={**entry.options, "allow_changes": allowed})
        await hass.async_block_till_done(wait_background_tasks=True)
        for domain in ("sensor", "event"):
            found = registry.async_get_entity_id(domain, DOMAIN, CHANGE)
            assert (found is not None) is allowed
            assert found is None or registry.entities[found].disabled_by is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "code", "code": 500, "msg": "value exceeds limit"}, "value exceeds limit"),
        ({"kind": "unauthorized"}, "403"),
    ],
)
async def test_a_control_raises_what_is_known_in_time(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    clock: FrozenDateTimeFactory,
    fault: dict[str, Any],
    message: str,
) -> None:
    """A refusal within half a minute is an error of the action that asked for the change."""
    clock.tick(100)
    cloud.inject(**fault, operation="modify_settings", count=1)
    task = await set_number(hass, 35)
    await advance(12, step=3)
    assert task.done()
    with pytest.raises(HomeAssistantError, match=message):
        await task
    assert state(hass, CHANGE).state == "failed"


async def test_a_control_raises_when_the_cloud_is_gone(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    clock: FrozenDateTimeFactory,
) -> None:
    """So is a cloud that cannot be reached."""
    clock.tick(100)
    await cloud.stop()
    task = await set_number(hass, 35)
    await advance(12, step=3)
    with pytest.raises(HomeAssistantError, match="could not be read"):
        await task


async def test_a_control_returns_after_half_a_minute(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry
) -> None:
    """What is not known by then is left to the sensor; other controls do not wait for it."""
    first = await set_number(hass, 35)
    second = await set_number(hass, 90, UPPER)
    await hass.async_block_till_done()
    assert set(settings_of(settings_entry).writer.upcoming.values()) == {35, 90}
    with patch("custom_components.atess.account.sleep", _never):
        for seconds, done in ((3, False), (28, False), (31, True)):
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
            await hass.async_block_till_done()
            await asyncio.sleep(0)
            assert (first.done(), second.done()) == (done, done)
        assert first.exception() is None
        assert state(hass, CHANGE).state == "waiting"


async def _never(seconds: float) -> None:
    await asyncio.Event().wait()


async def test_the_apps_change_is_kept_and_told(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """However new our copy is, the settings are read anew before a write; what else has changed stays, and is told."""
    events = told(hass)
    await advance(120)
    settings = settings_of(settings_entry)
    assert settings.age < timedelta(minutes=5)
    cloud.change_settings(STRING, bms_soc_upper=93)
    now = shown(cloud, STRING)
    asked = len(reads(cloud))
    await set_number(hass, 21)
    await advance(400, step=5)
    assert len(reads(cloud)) == asked + 2
    assert_puts(cloud, {**now, "dischargeCutoffSoc": 21, "deviceSn": STRING})
    assert [(item["event_type"], item["what"], item["from"], item["to"]) for item in events] == [
        ("moved", "BMS SOC upper limit", "100 %", "93 %"),
        ("confirmed", "Discharge cut-off SOC", "10 %", "21 %"),
    ]
    assert issue(hass) is None


async def test_a_write_waits_with_its_reading(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """When the write itself has to wait, the settings are read after that wait, not before."""
    settings = settings_of(settings_entry)
    await advance(120)
    pacer = settings.client.pacer
    for _ in range(2):
        flight = pacer._intervals.begin(
            ("PUT hps/small-setting", STRING), dt_util.utcnow().timestamp(), following=False
        )
        pacer._intervals.refuse(flight, dt_util.utcnow().timestamp(), 900.0)
        pacer._intervals.finish(flight, dt_util.utcnow().timestamp(), counts=True)
    await set_number(hass, 21)
    await advance(60, step=5)
    await advance(2000, step=20)
    order = [record for record in cloud.requests if record.operation in {"settings", "modify_settings"}]
    put = next(number for number, record in enumerate(order) if record.method == "PUT")
    assert order[put].at - order[put - 1].at < 10
    assert issue(hass) is None


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(hours=2), timedelta(days=400)])
async def test_a_clock_that_was_ahead(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    clock: FrozenDateTimeFactory,
    ahead: timedelta,
) -> None:
    """An age below zero is no age: settings are read again, and nobody's change is taken back."""
    assert await hass.config_entries.async_unload(settings_entry.entry_id)
    key = f"{DOMAIN}.{next(iter(settings_entry.subentries))}.settings"
    hass_storage[key]["data"]["read_at"] = (dt_util.utcnow() + ahead).isoformat()
    clock.tick(100)
    asked = [record.operation for record in cloud.requests]
    await set_up(hass, settings_entry)
    await advance(600, step=60)
    news = [record.operation for record in cloud.requests][len(asked) :]
    assert "settings" in news
    assert timedelta(0) <= settings_of(settings_entry).age < timedelta(hours=1)
    cloud.change_settings(STRING, bms_soc_upper=93)
    await set_number(hass, 21)
    await advance(600, step=20)
    assert shown(cloud, STRING)["bmsSocUpperLimit"] == 93


async def test_base_info_from_the_future(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """Base info that a clock that was ahead has dated is read again."""
    device = next(iter(settings_entry.runtime_data.coordinators.values()))
    device._base_info.read_at = dt_util.utcnow() + timedelta(days=30)
    clock.tick(400)
    asked = [record.operation for record in cloud.requests].count("base_info")
    await device.async_update_base_info()
    assert [record.operation for record in cloud.requests].count("base_info") == asked + 1


@pytest.mark.parametrize(
    "where",
    ["client.settings", "client.write_settings", "async_save", "compare", "change_texts", "body_of"],
)
@pytest.mark.parametrize("error", [KeyError("x"), TypeError("Integer exceeds 64-bit range"), RuntimeError(STRING)])
async def test_no_exception_wedges_the_writer(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
    caplog: pytest.LogCaptureFixture,
    where: str,
    error: Exception,
) -> None:
    """Whatever is raised on the way ends the batch with a failure that is told, and the next change is made."""
    settings = settings_of(settings_entry)

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise error

    target: Any = sender if where in {"compare", "body_of"} else writer
    name = where
    if where.startswith("client."):
        target, name = settings.client, where.removeprefix("client.")
    elif where == "async_save":
        target = settings
    await set_number(hass, 21)
    with patch.object(target, name, broken):
        await advance(300, step=10)
    assert settings.writer.upcoming == {}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components.atess")]
    assert STRING not in "".join(ours)
    told_as = [event.data["reason"] for event in failures]
    assert told_as or where == "change_texts"
    before = len(puts(cloud))
    await set_number(hass, 22)
    await advance(400, step=10)
    assert len(puts(cloud)) == before + 1
    assert state(hass, CUT_OFF, "number").state == "22.0"


@pytest.mark.parametrize(
    "value",
    [
        10**30,
        10**5000,
        1e308,
        float("inf"),
        float("-inf"),
        float("nan"),
        10**18,
        -(10**18),
        1.5,
        "x" * 9,
        True,
        [1],
        {},
    ],
    ids=lambda value: str(value)[:12] if not isinstance(value, int) or value < 10**20 else f"{len(hex(value))} digits",
)
async def test_numbers_of_unknown_meaning_have_bounds(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance, value: Any
) -> None:
    """What JSON, storage or the device could not hold is refused before anything is sent."""
    device = device_id(hass, settings_entry, STRING)
    with pytest.raises(HomeAssistantError):
        await act(hass, advance, "set_settings", device_id=device, settings={"rsAddr": value}, allow_unknown=True)
    await advance(120, step=10)
    assert puts(cloud) == []
    assert settings_of(settings_entry).writer.upcoming == {}


async def test_a_value_beyond_the_limits_may_be_restored(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """A device may hold more than we would set: after a change of ours that is exactly what can be set again."""
    settings = settings_of(settings_entry)
    device = device_id(hass, settings_entry, STRING)
    original = settings.client.settings

    async def beyond(*args: Any, **kwargs: Any) -> Any:
        members = await original(*args, **kwargs)
        return members | ({"gridPowerUpperLimit": 650.5} if members["gridPowerUpperLimit"] == 500.0 else {})

    sent: list[Any] = []

    async def write(kind: Any, serial: str, body: dict[str, Any], **kwargs: Any) -> None:
        sent.append(body["gridPowerUpperLimit"])
        cloud.change_settings(STRING, grid_power_limit=min(body["gridPowerUpperLimit"], 500.0))

    with patch.object(settings.client, "settings", beyond), patch.object(settings.client, "write_settings", write):
        await settings.async_read()
        number = state(hass, f"{STRING}_grid_power_upper_limit", "number")
        assert (number.state, number.attributes["max"]) == ("650.5", 650.5)
        # What is there already is no change, and no error.
        answer = await act(
            hass, advance, "set_settings", device_id=device, settings={"grid_power_upper_limit": 650.5}, wait=900
        )
        assert answer["devices"][device]["status"] == {"grid_power_upper_limit": "unchanged"}
        await act(
            hass,
            advance,
            "set_settings",
            seconds=600,
            device_id=device,
            settings={"grid_power_upper_limit": 400},
            wait=900,
        )
        for value in (649, 651):
            with pytest.raises(HomeAssistantError, match="outside"):
                await act(hass, advance, "set_settings", device_id=device, settings={"grid_power_upper_limit": value})
        await act(hass, advance, "revert_settings", seconds=600, device_id=device, wait=900)
        assert sent == [400.0, 650.5]
        assert state(hass, f"{STRING}_grid_power_upper_limit", "number").state == "650.5"


async def test_a_second_read_back(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance, failures: list[Event]
) -> None:
    """A device that is slow has not applied the change at the first look, but at the second."""
    cloud.configure(write="late", write_delay=90)
    asked = len(reads(cloud))
    await set_number(hass, 35)
    await advance(400, step=5)
    assert len(reads(cloud)) == asked + 3
    assert failures == []
    assert state(hass, CHANGE).state == "confirmed"
    assert len(puts(cloud)) == 1


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_read_failures_after_a_write(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    failures: list[Event],
    count: int,
) -> None:
    """Two readings may fail after a write; after the third the change is said to be unconfirmed."""
    original = settings_of(settings_entry).client.write_settings

    async def write(*args: Any, **kwargs: Any) -> None:
        await original(*args, **kwargs)
        cloud.inject(kind="http_status", status=503, operation="settings", count=count)

    with patch.object(settings_of(settings_entry).client, "write_settings", write):
        await set_number(hass, 35)
        await advance(600, step=5)
    assert [event.data["reason"] for event in failures] == (["unconfirmed"] if count == 3 else [])
    assert state(hass, CHANGE).state == ("failed" if count == 3 else "confirmed")
    assert len(puts(cloud)) == 1


async def test_stopping_home_assistant_gives_up_with_notice(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, failures: list[Event]
) -> None:
    """A change that has not been sent when Home Assistant stops is told, and the action that waits for it ends."""
    task = await set_number(hass, 35)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    with pytest.raises(HomeAssistantError, match="was not sent"):
        await task
    assert [event.data["reason"] for event in failures] == ["not_sent"]
    assert puts(cloud) == []
