"""Import of a home's history into the statistics of its entities, on a real recorder, over real HTTP."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import NOON, Advance, add_entry, entity_id, set_up, state
from .common import (
    SERIAL,
    assert_others_keep,
    assert_same,
    by_entity,
    call,
    compile_until,
    dump,
    set_up_sensors,
    sums_of,
    total,
)

TRUTH = {
    "pv_energy_total": "pv",
    "load_energy_total": "load",
    "battery_charge_energy_total": "battery_charge",
    "battery_discharge_energy_total": "battery_discharge",
    "grid_import_energy_total": "grid_import",
    "grid_export_energy_total": "grid_export",
}
START = NOON - timedelta(days=2)
# One hour is recorded, and after a gap of three another.
GAP_END, END = NOON + timedelta(hours=4), NOON + timedelta(hours=5)
HOURS = 53


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
async def home(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance
) -> MockConfigEntry:
    """Record a home for an hour, be off for three, and record it for another; nothing heals the gap meanwhile."""
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud, devices=cloud.devices[:1], heal_gaps=False)
    clock.move_to(NOON + timedelta(minutes=4))
    await set_up(hass, entry)
    await advance(3600 - 240, 600)
    assert await hass.config_entries.async_unload(entry.entry_id)
    clock.move_to(GAP_END)
    await set_up(hass, entry)
    await advance(3600, 600)
    await compile_until(hass, NOON, END)
    return entry


async def import_history(hass: HomeAssistant, start: datetime = START) -> None:
    await call(hass, "import_history", start=start.isoformat())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, "plant_atess_test_entry_history_import").state == "100.0"


async def test_a_home_is_imported_before_and_between_what_was_recorded(
    hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry
) -> None:
    """No hour is negative, each is what flowed, the seam is right, and what was recorded only moves up."""
    before = await dump(hass)
    await import_history(hass)
    after = await dump(hass)
    assert before.keys() < after.keys()
    for key, name in TRUTH.items():
        entity = entity_id(hass, f"{SERIAL}_{key}")
        sums = sums_of(after, entity)
        assert sums[0][0] == START.timestamp()
        assert [end for end, _ in sums] == [START.timestamp() + 3600 * hour for hour in range(HOURS + 1)]
        offsets = [(values[1] or 0) - (values[0] or 0) for _, values in by_entity(after)[entity]]
        assert max(offsets) - min(offsets) < 1e-6
        for (begin, earlier), (end, later) in pairwise(sums):
            flowed = total(cloud, name, end) - total(cloud, name, begin)
            assert later - earlier >= -1e-6
            # A recorded row ends with the last sample that had come, and the rest belongs to the next hour.
            if (entity, end - 3600) not in before and (entity, begin - 3600) not in before:
                assert later - earlier == pytest.approx(flowed, abs=0.12)
        shown = by_entity(after)[entity][-1][1][0] or 0.0
        assert sums[-1][1] == pytest.approx(shown - total(cloud, name, sums[0][0]), abs=0.12)
        states = {start: values[0] for (name, start), values in before.items() if name == entity}
        assert {start: values[0] for start, values in by_entity(after)[entity] if start in states} == states
    power = entity_id(hass, f"{SERIAL}_load_power")
    means = {start: values[2:] for (name, start), values in after.items() if name == power}
    assert len(means) == HOURS
    assert all(low <= mean <= high for mean, low, high in means.values())  # type: ignore[operator]
    assert {place: values for place, values in after.items() if place in before and place[0] == power} == {
        place: values for place, values in before.items() if place[0] == power
    }


@pytest.mark.parametrize("minutes", [31, 62])
async def test_the_hour_that_is_not_compiled_is_nobodys_loss(
    hass: HomeAssistant, clock: FrozenDateTimeFactory, home: MockConfigEntry, minutes: int
) -> None:
    """Neither while it is in progress, nor when it has just ended."""
    clock.move_to(END + timedelta(minutes=minutes))
    await import_history(hass)
    await assert_others_keep(hass, END)


async def test_a_second_import_changes_nothing_and_undo_everything(
    hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry, advance: Advance
) -> None:
    """Also what was recorded between the imports and since stays, and an earlier start moves the seam."""
    before = await dump(hass)
    await import_history(hass)
    once = await dump(hass)
    await import_history(hass)
    assert await dump(hass) == once
    await import_history(hass, START - timedelta(days=1))
    earlier = await dump(hass)
    assert len(earlier) > len(once)
    answer = await call(hass, "undo_import")
    [done] = answer["devices"].values()
    assert done["rows"] == len(earlier) - len(before)
    assert_same(await dump(hass), before)
