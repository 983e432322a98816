"""Outages leave no hole in the statistics, on a real recorder, over real HTTP."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.atess.coordinator import AtessCoordinator
from custom_components.atess.history.reader import async_read
from simulator import Simulator

from ..common import NOON, Advance, add_entry, entity_id, set_up
from .common import SERIAL, assert_others_keep, assert_same, call, compile_until, dump, set_up_sensors, sums_of, total

COUNTERS = {
    "pv_energy_total": "pv",
    "load_energy_total": "load",
    "grid_import_energy_total": "grid_import",
    "grid_export_energy_total": "grid_export",
}
BEGIN = NOON + timedelta(hours=2, minutes=11)
type Outage = Callable[[float], Awaitable[None]]


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
async def home(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance
) -> MockConfigEntry:
    """Return a home that was polled for some hours, until BEGIN."""
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    await set_up(hass, entry)
    await advance((BEGIN - NOON).total_seconds(), 300)
    return entry


@pytest.fixture
def outage(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    advance: Advance,
    home: MockConfigEntry,
    kind: str,
) -> Outage:
    """Return a function that has the home without data for so many hours."""

    async def off(hours: float) -> None:
        assert await hass.config_entries.async_unload(home.entry_id)
        clock.tick(3600 * hours)
        await set_up(hass, home)

    async def down(hours: float) -> None:
        cloud.inject(**{"cloud": {"kind": "http_status", "status": 503}, "internet": {"kind": "disconnect"}}[kind])
        await advance(3600 * hours, 900)
        cloud.clear()

    return off if kind == "off" else down


@pytest.mark.parametrize(
    ("kind", "hours"),
    [
        ("off", 6),
        ("cloud", 6),
        pytest.param("internet", 6, marks=pytest.mark.campaign),
        *(pytest.param(kind, 72, marks=pytest.mark.campaign) for kind in ("off", "cloud", "internet")),
    ],
)
async def test_an_outage_heals(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    advance: Advance,
    outage: Outage,
    hours: int,
    kind: str,
) -> None:
    """Each hour is what flowed, hours that were recorded stay, and an undo brings everything back."""
    await outage(hours)
    back = BEGIN + timedelta(hours=hours)
    end = (back + timedelta(hours=1)).replace(minute=0)
    await advance((end - back).total_seconds() - 60, 300)
    if kind == "off":
        await compile_until(hass, NOON, BEGIN)
        await compile_until(hass, back.replace(minute=10), end)
    else:
        await compile_until(hass, NOON, end)
    before = await dump(hass)
    await advance(1200, 60)
    after = await dump(hass)
    assert cloud.violations == 0
    spoiled = range(int(BEGIN.replace(minute=0).timestamp()), int(end.timestamp()), 3600)
    assert {place: values for place, values in after.items() if place[1] not in spoiled} == {
        place: values for place, values in before.items() if place[1] not in spoiled
    }
    for key, name in COUNTERS.items():
        sums = sums_of(after, entity_id(hass, f"{SERIAL}_{key}"))[1:]
        assert len(sums) == (end - NOON) / timedelta(hours=1)
        for (begin, earlier), (until, later) in pairwise(sums):
            # A recorded row ends with the last sample that had come, and the rest belongs to the next hour.
            recorded = begin <= BEGIN.timestamp() or until == end.timestamp()
            flowed = total(cloud, name, until) - total(cloud, name, begin)
            assert later - earlier >= -1e-6
            assert later - earlier == pytest.approx(flowed, abs=0.8 if recorded else 0.12)
        healed = [each for each in sums if BEGIN.timestamp() < each[0] < back.timestamp()]
        flowed = total(cloud, name, healed[-1][0]) - total(cloud, name, healed[0][0])
        assert healed[-1][1] - healed[0][1] == pytest.approx(flowed, rel=0.005, abs=0.12)
    power = entity_id(hass, f"{SERIAL}_load_power")
    means = {start: values for (name, start), values in after.items() if name == power}
    assert len(means) == (end - NOON) / timedelta(hours=1)
    await call(hass, "undo_import")
    assert await dump(hass) == before
    await assert_others_keep(hass, end)


@pytest.mark.parametrize("kind", ["off"])
async def test_a_counter_that_has_lost_energy_before(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, home: MockConfigEntry, outage: Outage
) -> None:
    """What is shown goes on with an offset, and so do the hours that are filled."""
    load = entity_id(hass, f"{SERIAL}_load_energy_total")
    shown = hass.states.get(load)
    assert shown is not None
    cloud.inject(kind="variant", name="replaced", start=float(shown.state) - 8, device=SERIAL)
    await advance(3 * 3600, 300)
    await outage(3)
    lost, back, end = (
        BEGIN.replace(minute=minute) + timedelta(hours=hours) for hours, minute in ((3, 11), (6, 10), (7, 0))
    )
    await advance(48 * 60, 300)
    await compile_until(hass, NOON, lost)
    await compile_until(hass, back, end)
    await advance(1200, 60)
    sums = sums_of(await dump(hass), load)[1:]
    assert len(sums) == (end - NOON) / timedelta(hours=1)
    for (begin, earlier), (until, later) in list(pairwise(sums))[4:]:
        flowed = total(cloud, "load", until) - total(cloud, "load", begin)
        assert later - earlier == pytest.approx(flowed, abs=0.2)


async def test_polls_that_are_far_apart_leave_no_gap(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance
) -> None:
    """Only an outage does, one of its length, and no history is asked for before."""
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud, devices=cloud.devices[:1], scan_interval=60)
    await set_up(hass, entry)
    [coordinator] = entry.runtime_data.coordinators.values()
    await advance(12 * 3600, 300)
    await compile_until(hass, NOON + timedelta(hours=11), NOON + timedelta(hours=12))
    await advance(1200, 300)
    assert sum(record.operation == "latest" for record in cloud.requests) > 10
    assert not [record for record in cloud.requests if record.operation == "history"]
    assert not list(coordinator.holes)
    cloud.inject(kind="http_status", status=503)
    await advance(4 * 3600, 900)
    cloud.clear()
    await advance(2 * 3600, 300)
    [hole] = coordinator.holes
    assert 4 * 3600 <= hole.end - hole.start <= 6.5 * 3600


@pytest.fixture
async def returned(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, young_home: MockConfigEntry
) -> AtessCoordinator:
    """Return a device that was polled at 13:01 and then not before 18:20; it is 19:01, and all hours are compiled."""
    [coordinator] = young_home.runtime_data.coordinators.values()
    coordinator.holes.clear()
    for minute in (20, 50):
        clock.move_to(NOON + timedelta(hours=6, minutes=minute))
        await coordinator.async_refresh()
    clock.move_to(NOON + timedelta(hours=7, minutes=1))
    await compile_until(hass, NOON + timedelta(hours=6), NOON + timedelta(hours=7))
    assert len(list(coordinator.holes)) == 1
    return coordinator


async def look(hass: HomeAssistant, clock: FrozenDateTimeFactory, hour: float) -> int:
    """Let the minutes after a full hour pass, so many hours after noon; return how many hours the load's energy has."""
    start = NOON + timedelta(hours=hour)
    for minute in range(2, 13):
        clock.move_to(max(dt_util.utcnow(), start + timedelta(minutes=minute, seconds=59)))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
    load = entity_id(hass, f"{SERIAL}_load_energy_total")
    return sum(name == load for name, _ in await dump(hass))


async def test_who_does_not_want_it_keeps_the_gap(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    returned: AtessCoordinator,
    hass_storage: dict[str, Any],
) -> None:
    """What was replaced when it healed is stored as long as the device is there."""
    entry = returned.config_entry
    healed = f"atess.history_healed.{returned.subentry_id}"
    hass.config_entries.async_update_entry(entry, options={**entry.options, "heal_gaps": False})
    await hass.async_block_till_done()
    assert await look(hass, clock, 7) == 2
    hass.config_entries.async_update_entry(entry, options={**entry.options, "heal_gaps": True})
    await hass.async_block_till_done()
    assert healed not in hass_storage
    assert await look(hass, clock, 8) == 7
    assert healed in hass_storage
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert healed not in hass_storage


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ({"kind": "http_status"}, [0, 0]),
        ({"kind": "unauthorized"}, [0, 0]),
        ({"kind": "code", "code": 404}, []),
        ({"kind": "html"}, [1]),
        ({"kind": "no_data"}, [1]),
    ],
)
async def test_a_gap_that_cannot_be_filled_yet_is_looked_at_again(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    returned: AtessCoordinator,
    fault: dict[str, Any],
    left: list[int],
) -> None:
    """Each hour while the cloud cannot be asked, after hours if it lacks the samples, never if it has no history."""
    [gap] = returned.holes
    cloud.inject(operation="history", **fault)
    assert await look(hass, clock, 7) == 2
    assert [hole.tries for hole in returned.holes] == left[:1]
    cloud.clear()
    assert await look(hass, clock, 8) == (7 if left == [0, 0] else 2)
    assert await look(hass, clock, 12.4) == (7 if left else 2)
    assert gap.start not in {hole.start for hole in returned.holes}


type Return = Callable[[float], Awaitable[AtessCoordinator]]


@pytest.fixture
def return_after(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, young_home: MockConfigEntry
) -> Return:
    """Return a function that has a device polled not before so many full hours after noon, and that hour compiled."""

    async def return_after(hours: float) -> AtessCoordinator:
        [coordinator] = young_home.runtime_data.coordinators.values()
        coordinator.holes.clear()
        back = NOON + timedelta(hours=hours)
        for minute in (20, 50):
            clock.move_to(back + timedelta(minutes=minute))
            await coordinator.async_refresh()
        clock.move_to(back + timedelta(minutes=61))
        await compile_until(hass, back, back + timedelta(hours=1))
        return coordinator

    return return_after


def asked(cloud: Simulator) -> list[dict[str, str]]:
    """Return what history the cloud was asked for."""
    return [dict(record.query) for record in cloud.requests if record.operation == "history"]


@pytest.mark.parametrize(
    ("fault", "later"), [({"kind": "http_status", "status": 503}, 52), ({"kind": "code", "code": 500}, 57)]
)
async def test_what_is_filled_is_not_read_again(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    return_after: Return,
    fault: dict[str, Any],
    later: int,
) -> None:
    """The day before the newest cannot be read once: it is filled later, and an undo brings all back."""
    await return_after(50)
    before = await dump(hass)

    async def fail_after_the_first(*args: Any, **kwargs: Any) -> Any:
        if asked(cloud):
            cloud.inject(operation="history", **fault)
        return await async_read(*args, **kwargs)

    with patch("custom_components.atess.history.healer.async_read", fail_after_the_first):
        assert 20 < await look(hass, clock, 51) < 30
    cloud.clear()
    newest, *others = asked(cloud)
    assert others
    await look(hass, clock, later - 1)
    assert await look(hass, clock, later) == 51
    assert newest not in asked(cloud)[1:]
    await call(hass, "undo_import")
    assert await dump(hass) == before


async def test_what_cannot_be_read_for_a_day_is_tried_once_a_day(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, return_after: Return
) -> None:
    """What ended at 4:20 after noon is healed later than that, but costs no request each hour of a month."""
    await return_after(4)
    cloud.inject(operation="history", kind="http_status", status=500)
    tried = []
    for hour in (5, 6, 27, 29, 30, 41, 52, 53, 54):
        before = len(asked(cloud))
        await look(hass, clock, hour)
        tried += [hour] * (len(asked(cloud)) > before)
    assert tried == [5, 6, 27, 29, 53]
    cloud.clear()
    compiled = await look(hass, clock, 65)
    assert await look(hass, clock, 77) > compiled


async def test_a_look_that_finds_nothing_new_leaves_the_undo_as_it_is(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    return_after: Return,
    hass_storage: dict[str, Any],
) -> None:
    """A data logger was off for a while, and delivers nothing of that."""
    clock.move_to(NOON + timedelta(hours=3))
    cloud.inject(kind="offline", device=SERIAL, lost=True)
    clock.move_to(NOON + timedelta(hours=5))
    cloud.clear()
    coordinator = await return_after(8)
    before = await dump(hass)
    await look(hass, clock, 9)
    stored = hass_storage[f"atess.history_healed.{coordinator.subentry_id}"]
    healed = await dump(hass)
    assert len(healed) > len(before)
    assert [hole.tries for hole in coordinator.holes] == [1]
    await look(hass, clock, 15)
    assert [hole.tries for hole in coordinator.holes][:1] == [2]
    assert len(asked(cloud)) == 2
    assert hass_storage[f"atess.history_healed.{coordinator.subentry_id}"] == stored
    assert await dump(hass) == healed
    await call(hass, "undo_import")
    assert await dump(hass) == before


async def test_wrong_rows_are_rolled_back(
    hass: HomeAssistant,
    clock: FrozenDateTimeFactory,
    returned: AtessCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("custom_components.atess.history.healing.faults", lambda _rows, _plan: ["a sum falls"])
    assert await look(hass, clock, 7) == 2
    assert "a gap of load_energy_total was not healed: a sum falls" in caplog.text
    assert SERIAL not in caplog.text


async def test_an_import_and_an_undo_leave_what_was_recorded(
    hass: HomeAssistant, clock: FrozenDateTimeFactory, returned: AtessCoordinator
) -> None:
    """Sums that an import has moved since are those of the rows that come back; what was undone is not healed again."""
    before = await dump(hass)
    assert await look(hass, clock, 7) == 7
    healed = await dump(hass)
    assert healed.keys() > before.keys()
    await call(hass, "import_history", start=(NOON - timedelta(hours=6)).isoformat())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(await dump(hass)) > len(healed)
    er.async_get(hass).async_remove(entity_id(hass, f"{SERIAL}_pv_power"))
    answer = await call(hass, "undo_import")
    [done] = answer["devices"].values()
    assert done["healed_rows"] > 0
    after = await dump(hass)
    assert_same(
        {place: values for place, values in after.items() if "pv_power" not in place[0]},
        {place: values for place, values in before.items() if "pv_power" not in place[0]},
    )
    assert await look(hass, clock, 9) == 2
    with pytest.raises(ServiceValidationError, match="Nothing has been imported"):
        await call(hass, "undo_import")
