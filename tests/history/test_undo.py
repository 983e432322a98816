"""An undo trusts what it remembers only as far as the statistics are still those of the import, on a real recorder."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_change_statistics_unit, async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.exc import OperationalError

from custom_components.atess.history.tables import Table
from simulator import Simulator

from ..common import NOON, add_entry, entity_id, set_up
from .common import (
    SERIAL,
    Dump,
    assert_same,
    barrier,
    by_entity,
    call,
    compile_until,
    device_of,
    dump,
    set_up_sensors,
    sums_of,
)

LOAD = f"{SERIAL}_load_energy_total"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
def load(hass: HomeAssistant, young_home: MockConfigEntry) -> str:
    """Return the entity that is looked at."""
    return entity_id(hass, LOAD)


async def import_history(hass: HomeAssistant) -> None:
    await call(hass, "import_history", start=(NOON - 6 * HOUR).isoformat())
    await hass.async_block_till_done(wait_background_tasks=True)


async def record(hass: HomeAssistant, entry: MockConfigEntry, clock: FrozenDateTimeFactory, start: datetime) -> None:
    """Record an hour, at whose beginning a sample comes."""
    [coordinator] = entry.runtime_data.coordinators.values()
    await coordinator.async_refresh()
    clock.move_to(start + HOUR + timedelta(minutes=1))
    await compile_until(hass, start, start + HOUR)


def only(rows: Dump, entity: str) -> Dump:
    return {place: values for place, values in rows.items() if place[0] == entity}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("every", [False, True])
async def test_statistics_that_have_begun_anew_stay(
    hass: HomeAssistant,
    young_home: MockConfigEntry,
    clock: FrozenDateTimeFactory,
    recorder_mock: Recorder,
    load: str,
    *,
    every: bool,
    again: bool,
) -> None:
    """Deleted by a person, or lost with the whole database, whose numbers begin anew; also if imported into since."""
    await import_history(hass)
    await record(hass, young_home, clock, NOON + HOUR)
    recorder_mock.async_clear_statistics(list(by_entity(await dump(hass))) if every else [load])
    await barrier(hass)
    for hours in (2, 3):
        await record(hass, young_home, clock, NOON + hours * HOUR)
    before = only(await dump(hass), load)
    assert len(before) == 2
    if again:
        await import_history(hass)
        assert len(only(await dump(hass), load)) == 10
    await call(hass, "undo_import")
    assert_same(only(await dump(hass), load), before)


async def test_statistics_of_another_entity_stay(hass: HomeAssistant, load: str) -> None:
    """An entity can be given a name under which statistics are already."""
    metadata = StatisticMetaData(
        source="recorder",
        statistic_id="sensor.renamed",
        name=None,
        has_sum=True,
        mean_type=StatisticMeanType.NONE,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    rows = [StatisticData(start=NOON + hour * HOUR, state=50.0 + hour, sum=hour + 4.0) for hour in range(-3, 1)]
    async_import_statistics(hass, metadata, rows)
    await import_history(hass)
    before = only(await dump(hass), "sensor.renamed")
    assert len(before) == 4
    er.async_get(hass).async_update_entity(load, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    await call(hass, "undo_import")
    assert only(await dump(hass), "sensor.renamed") == before


async def test_what_the_database_refuses_is_told_and_can_be_undone_again(
    hass: HomeAssistant, young_home: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of some entities the import is undone by then; nothing of the others is forgotten."""
    before = await dump(hass)
    await import_history(hass)
    delete, count = Table.delete, 0

    def failing(self: Table, starts: list[float]) -> None:
        nonlocal count
        count += 1
        if count > 3:
            raise OperationalError("DELETE of 17.25", {"start": 17.25}, Exception("disk I/O error"))
        delete(self, starts)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "delete", failing)
        with pytest.raises(HomeAssistantError) as refused:
            await call(hass, "undo_import")
    assert str(refused.value) == (
        "The recorder could not read or change the statistics: disk I/O error. Nothing is lost. Try again"
    )
    assert len(before) < len(await dump(hass))
    await call(hass, "undo_import")
    assert_same(await dump(hass), before)


@pytest.mark.parametrize("again", [False, True])
async def test_what_was_adjusted_since_stays(
    hass: HomeAssistant,
    young_home: MockConfigEntry,
    clock: FrozenDateTimeFactory,
    recorder_mock: Recorder,
    load: str,
    *,
    again: bool,
) -> None:
    """A spike that a person takes out after the import neither comes back nor leaves a fall."""
    await record(hass, young_home, clock, NOON + HOUR)
    before = only(await dump(hass), load)
    recorder_mock.async_adjust_statistics(load, NOON + HOUR, 999.0, "kWh")
    await import_history(hass)
    recorder_mock.async_adjust_statistics(load, NOON + HOUR, -999.0, "kWh")
    await record(hass, young_home, clock, NOON + 2 * HOUR)
    if again:
        await import_history(hass)
    await call(hass, "undo_import")
    after = await dump(hass)
    assert_same({place: values for place, values in only(after, load).items() if place in before}, before)
    sums = [value for _, value in sums_of(after, load)]
    assert len(sums) == 4
    assert sums == sorted(sums)


@pytest.mark.parametrize("again", [False, True])
async def test_the_unit_was_changed_since(hass: HomeAssistant, load: str, *, again: bool) -> None:
    before = only(await dump(hass), load)
    await import_history(hass)
    await async_change_statistics_unit(hass, load, new_unit_of_measurement="Wh", old_unit_of_measurement="kWh")
    if again:
        await import_history(hass)
    await call(hass, "undo_import")
    after = only(await dump(hass), load)
    kilo = {place: tuple(value and value / 1000 for value in values) for place, values in after.items()}
    assert_same(kilo, before)


async def test_a_file_that_does_not_say_of_which_statistics_it_is(
    hass: HomeAssistant, young_home: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """The version before stored neither their number nor their unit."""
    before = await dump(hass)
    await import_history(hass)
    [subentry_id] = young_home.subentries
    for item in hass_storage[f"atess.history_undo.{subentry_id}"]["data"]["entities"].values():
        del item["metadata_id"], item["unit"]
    await call(hass, "undo_import")
    assert_same(await dump(hass), before)


async def test_of_several_devices_all_are_undone_or_none(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory
) -> None:
    """What is refused changes nothing, and leaves the gaps that are to be filled."""
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud)
    clock.move_to(NOON + timedelta(minutes=4))
    await set_up(hass, entry)
    clock.move_to(NOON + timedelta(hours=1, minutes=1))
    await compile_until(hass, NOON, NOON + HOUR)
    await import_history(hass)
    before, coordinators = await dump(hass), list(entry.runtime_data.coordinators.values())
    for coordinator in coordinators:
        coordinator.holes.take((NOON + 5 * HOUR).timestamp())
    devices = [device_of(hass, coordinator.device_sn) for coordinator in coordinators]
    with pytest.raises(ServiceValidationError, match="Nothing has been imported"):
        await call(hass, "undo_import", device_id=devices)
    assert_same(await dump(hass), before)
    assert all(list(coordinator.holes) for coordinator in coordinators)
    await call(hass, "undo_import", device_id=devices[0])
    assert len(await dump(hass)) < len(before)
