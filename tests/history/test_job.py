"""The life of an import: restarts, failures, cancellation, and what is left out."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.components.persistent_notification import _async_get_or_create_notifications
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import async_change_statistics_unit
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.exc import OperationalError

from custom_components.atess.const import DOMAIN
from custom_components.atess.history import work
from custom_components.atess.history.planning import CounterPlan
from custom_components.atess.history.tables import Table
from simulator import Simulator

from ..common import NOON, entity_id, restart, state
from .common import SERIAL, Dump, assert_same, call, compile_until, device_of, dump, until

LOAD = f"{SERIAL}_load_energy_total"
SENSOR = "plant_atess_test_entry_history_import"
NOTE = "atess_history_atess_test_entry"


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
def notes(hass: HomeAssistant) -> dict[str, Any]:
    """Return the notifications there are."""
    found: dict[str, Any] = _async_get_or_create_notifications(hass)
    return found


@pytest.fixture
def day_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write each day at once."""
    monkeypatch.setattr(work, "BATCH_DAYS", 1)


def days(count: float) -> str:
    return (NOON - timedelta(days=count)).isoformat()


async def import_history(hass: HomeAssistant, count: float = 0.25, **data: Any) -> Any:
    answer = await call(hass, "import_history", start=days(count), **data)
    await hass.async_block_till_done(wait_background_tasks=True)
    return answer


def reads(cloud: Simulator) -> int:
    return sum(record.operation == "history" for record in cloud.requests)


def rows_of(rows: Dump, entity: str) -> Iterator[tuple[float, tuple[float | None, ...]]]:
    return ((start, values) for (name, start), values in sorted(rows.items()) if name == entity)


def assert_sound(hass: HomeAssistant, rows: Dump, hours: int) -> None:
    """Assert of the load's energy: every hour is there, none is negative, and the sums follow the counter."""
    found = list(rows_of(rows, entity_id(hass, LOAD)))
    assert len(found) == hours
    offsets = [(values[1] or 0) - (values[0] or 0) for _, values in found]
    assert max(offsets) - min(offsets) < 1e-6
    sums = [values[1] or 0 for _, values in found]
    assert all(later >= earlier for earlier, later in pairwise([0.0, *sums]))


async def test_some_fields_over_a_restart(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, day_by_day: None
) -> None:
    """Nothing else is looked at, imported, or undone."""
    before = await dump(hass)
    load, pv = (entity_id(hass, f"{SERIAL}_{key}") for key in ("load_energy_total", "pv_power"))
    fields = ["load_energy_total", "pv_power"]
    [planned] = (await import_history(hass, fields=fields, dry_run=True))["devices"].values()
    assert planned["missing_hours"].keys() == {load, pv}
    await call(hass, "import_history", start=days(3), fields=fields)
    await until(lambda: reads(cloud) == 2)
    await restart(hass, young_home)
    after = await dump(hass)
    assert {name for name, _ in after.keys() - before.keys()} == {load, pv}
    assert_sound(hass, after, 73)
    assert len(list(rows_of(after, pv))) == 73
    [undone] = (await call(hass, "undo_import"))["devices"].values()
    assert undone["entities"] == 2
    assert_same(await dump(hass), before)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("nonsense", "hps_string 1 has no value `nonsense`"),
        ("pv_energy_today", "The history of hps_string 1 has none of these values to import: pv_energy_today"),
    ],
)
async def test_fields_that_cannot_be_imported(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, field: str, text: str
) -> None:
    with pytest.raises(ServiceValidationError, match=text):
        await import_history(hass, fields=[field])
    assert reads(cloud) == 0


async def test_a_dry_run_asks_and_writes_nothing(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry
) -> None:
    before, asked = await dump(hass), len(cloud.requests)
    answer = await import_history(hass, 2, dry_run=True)
    [plan] = answer["devices"].values()
    assert plan["days"] == 3
    assert plan["missing_hours"][entity_id(hass, LOAD)] == 48
    assert plan["without_statistics"] == []
    assert (await dump(hass), len(cloud.requests)) == (before, asked)
    assert state(hass, SENSOR).state == "unknown"


async def test_the_next_hour_goes_on_from_the_import(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, clock: Any, notes: dict[str, Any]
) -> None:
    """What is compiled after the import continues the sums; nothing is written of hours that are not over."""
    await import_history(hass)
    rows = await dump(hass)
    assert_sound(hass, rows, 7)
    assert max(start for _, start in rows) == NOON.timestamp()
    shown = state(hass, SENSOR)
    assert (shown.state, shown.attributes["day"], shown.attributes["expected_end"]) == ("100.0", None, None)
    message = notes[NOTE]["message"]
    assert f"{shown.attributes['rows']} rows from 1 of 1 day" in message
    assert "Costs are not imported" in message
    assert SERIAL not in message
    [coordinator] = young_home.runtime_data.coordinators.values()
    await coordinator.async_refresh()
    clock.move_to(NOON + timedelta(hours=2, minutes=1))
    await compile_until(hass, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert_sound(hass, await dump(hass), 8)
    await call(hass, "undo_import")
    assert_sound(hass, await dump(hass), 2)
    with pytest.raises(ServiceValidationError, match="Nothing has been imported"):
        await call(hass, "undo_import")


async def test_a_restart_goes_on_with_the_import(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, day_by_day: None
) -> None:
    await call(hass, "import_history", start=days(3))
    with pytest.raises(ServiceValidationError, match="import is running"):
        await call(hass, "import_history")
    with pytest.raises(ServiceValidationError, match="import is running"):
        await call(hass, "undo_import")
    await until(lambda: reads(cloud) >= 3)
    shown = state(hass, SENSOR)
    assert 0 < float(shown.state) < 100
    assert shown.attributes["expected_end"] is not None
    await restart(hass, young_home)
    assert state(hass, SENSOR).state == "100.0"
    assert_sound(hass, await dump(hass), 73)
    assert reads(cloud) in {4, 5}


async def test_what_was_read_is_written_when_an_import_is_canceled(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, notes: dict[str, Any]
) -> None:
    await call(hass, "import_history", start=days(5))
    await until(lambda: reads(cloud) >= 3)
    await call(hass, "cancel_import", respond=False)
    rows = len(list(rows_of(await dump(hass), entity_id(hass, LOAD))))
    assert rows in {1 + 14 + 24, 1 + 14 + 48}  # two or three days, the newest from 22:00 UTC on
    assert_sound(hass, await dump(hass), rows)
    assert notes[NOTE]["message"].startswith("The import was canceled.")
    with pytest.raises(ServiceValidationError, match="No import is running"):
        await call(hass, "cancel_import", respond=False)


async def test_an_import_is_paused_and_resumed(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, notes: dict[str, Any]
) -> None:
    """What was read is written, and a restart does not go on; nobody else may begin or undo meanwhile."""
    with pytest.raises(ServiceValidationError, match="No import is running"):
        await call(hass, "pause_import", respond=False)
    await call(hass, "import_history", start=days(5))
    await until(lambda: reads(cloud) >= 3)
    await call(hass, "pause_import", respond=False)
    shown = state(hass, SENSOR)
    assert 0 < float(shown.state) < 100
    assert (shown.attributes["status"], shown.attributes["expected_end"]) == ("paused", None)
    rows = await dump(hass)
    assert len(list(rows_of(rows, entity_id(hass, LOAD)))) in {1 + 14 + 24, 1 + 14 + 48}
    asked = reads(cloud)
    await restart(hass, young_home)
    assert state(hass, SENSOR).attributes["status"] == "paused"
    assert reads(cloud) == asked
    for name in ("import_history", "undo_import"):
        with pytest.raises(ServiceValidationError, match="running or paused"):
            await call(hass, name)
    with pytest.raises(ServiceValidationError, match="No import is running"):
        await call(hass, "pause_import", respond=False)
    await call(hass, "resume_import", respond=False)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (state(hass, SENSOR).state, state(hass, SENSOR).attributes["status"]) == ("100.0", "complete")
    assert reads(cloud) in {6, 7}
    assert_sound(hass, await dump(hass), 5 * 24 + 1)
    with pytest.raises(ServiceValidationError, match="No import is paused"):
        await call(hass, "resume_import", respond=False)


async def test_a_paused_import_can_be_canceled(
    hass: HomeAssistant, cloud: Simulator, young_home: MockConfigEntry, notes: dict[str, Any]
) -> None:
    await call(hass, "import_history", start=days(5))
    await until(lambda: reads(cloud) >= 2)
    await call(hass, "pause_import", respond=False)
    await call(hass, "cancel_import", respond=False)
    assert state(hass, SENSOR).attributes["status"] == "canceled"
    assert notes[NOTE]["message"].startswith("The import was canceled.")
    await call(hass, "undo_import")


async def test_what_was_canceled_is_over_after_a_restart(
    hass: HomeAssistant,
    cloud: Simulator,
    young_home: MockConfigEntry,
    notes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also if what was read could not be written before; meanwhile it cannot be paused any more."""
    tries: list[object] = []

    async def locked(hass: HomeAssistant, work: object) -> None:
        tries.append(work)
        await asyncio.Event().wait()

    await call(hass, "import_history", start=days(5))
    await until(lambda: reads(cloud) >= 2)
    with monkeypatch.context() as locking:
        locking.setattr(work, "async_write", locked)
        locking.setattr("custom_components.atess.history.undo.async_write", locked)
        # The clock stands, so a timer of 0 seconds would never end.
        locking.setattr("custom_components.atess.history.importer.LONGEST_END", -1.0)
        await call(hass, "cancel_import", respond=False)
        await until(lambda: bool(tries))
        with pytest.raises(ServiceValidationError, match="No import is running"):
            await call(hass, "pause_import", respond=False)
    asked = reads(cloud)
    await restart(hass, young_home)
    assert state(hass, SENSOR).attributes["status"] == "canceled"
    assert notes[NOTE]["message"].startswith("The import was canceled.")
    assert reads(cloud) == asked


@pytest.mark.parametrize(
    ("fault", "said", "hours"),
    [
        ({"kind": "http_status", "count": 2}, "rows from 1 of 1 day", 7),
        ({"kind": "http_status"}, "1 day could not be read", 1),
        ({"kind": "code", "code": 404}, "provides no history", 1),
        ({"kind": "no_data"}, "no older data", 1),
        ({"kind": "unauthorized", "count": 1}, "rows from 1 of 1 day", 7),
    ],
)
async def test_the_cloud_fails(
    hass: HomeAssistant,
    cloud: Simulator,
    young_home: MockConfigEntry,
    notes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
    said: str,
    hours: int,
) -> None:
    monkeypatch.setattr(work, "EMPTY_DAYS", 1)
    cloud.inject(operation="history", **fault)
    await import_history(hass)
    assert said in notes[NOTE]["message"]
    assert_sound(hass, await dump(hass), hours)


@pytest.mark.parametrize(
    ("failures", "said", "hours"), [(1, "complete", 7), (9, "the database did not accept the rows", 1)]
)
async def test_the_database_fails(
    hass: HomeAssistant,
    young_home: MockConfigEntry,
    notes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    said: str,
    hours: int,
) -> None:
    """The rows move and come in one transaction: after a failure nothing has changed, and it is tried again."""
    load = entity_id(hass, LOAD)
    registry = er.async_get(hass)
    for item in list(registry.entities.values()):
        if item.domain == "sensor" and item.entity_id not in {load, entity_id(hass, SENSOR)}:
            registry.async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    insert, count = Table.insert_counter, 0

    def failing(self: Table, rows: Any) -> None:
        nonlocal count
        count += 1
        insert(self, rows)
        if count <= failures:
            raise OperationalError("insert", {}, Exception("locked"))

    monkeypatch.setattr(Table, "insert_counter", failing)
    await import_history(hass)
    assert said in notes[NOTE]["message"]
    assert_sound(hass, await dump(hass), hours)


async def test_wrong_rows_are_rolled_back(
    hass: HomeAssistant, young_home: MockConfigEntry, notes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(_rows: Any, _plan: CounterPlan) -> list[str]:
        return ["a sum falls"]

    before = await dump(hass)
    monkeypatch.setattr("custom_components.atess.history.writer.faults", wrong)
    await import_history(hass)
    assert "statistics that do not follow the counter" in notes[NOTE]["message"]
    after = await dump(hass)
    counters = {place for place in after if after[place][1] is not None}
    assert {place: after[place] for place in counters} == {place: before[place] for place in counters}


async def test_what_nobody_expected_ends_the_import(
    hass: HomeAssistant, young_home: MockConfigEntry, notes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(work, "reduced", broken)
    await import_history(hass)
    assert "the log says why" in notes[NOTE]["message"]


async def test_units_of_the_statistics_are_respected(hass: HomeAssistant, young_home: MockConfigEntry) -> None:
    """Of statistics in another unit, only the numbers differ; those of a unit that nobody can convert are left out."""
    load, power = entity_id(hass, LOAD), entity_id(hass, f"{SERIAL}_load_power")
    before = await dump(hass)
    await async_change_statistics_unit(hass, load, new_unit_of_measurement="MWh", old_unit_of_measurement="kWh")
    await async_change_statistics_unit(hass, power, new_unit_of_measurement="W", old_unit_of_measurement="kW")
    await import_history(hass)
    rows = await dump(hass)
    assert_sound(hass, rows, 7)
    assert (rows[load, NOON.timestamp()][0] or 0) * 1000 == pytest.approx(before[load, NOON.timestamp()][0])
    assert all(row[0] is not None and row[0] < 100 for _, row in rows_of(rows, load))
    assert all(row[2] is not None and row[2] > 50 for _, row in rows_of(rows, power))
    await call(hass, "undo_import")
    assert {place for place in await dump(hass) if place[0] == load} == {(load, NOON.timestamp())}


async def test_entities_are_found_by_what_they_are(
    hass: HomeAssistant, young_home: MockConfigEntry, notes: dict[str, Any], recorder_mock: Recorder
) -> None:
    """A renamed one gets its rows under the new name, a disabled one none, and one without statistics is named."""
    registry = er.async_get(hass)
    load, pv = entity_id(hass, LOAD), entity_id(hass, f"{SERIAL}_pv_energy_total")
    recorder_mock.async_clear_statistics([entity_id(hass, f"{SERIAL}_grid_import_energy_total")])
    registry.async_update_entity(pv, disabled_by=er.RegistryEntryDisabler.USER)
    registry.async_update_entity(load, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    await import_history(hass)
    rows = await dump(hass)
    assert_sound(hass, rows, 7)
    assert len(list(rows_of(rows, "sensor.renamed"))) == 7
    assert len(list(rows_of(rows, load))) == 0
    assert len(list(rows_of(rows, pv))) == 1
    assert "1 entity was left out: no statistics yet" in notes[NOTE]["message"]


@pytest.mark.parametrize("recorder_config", [{"exclude": {"entity_globs": ["sensor.*load*"]}, "auto_purge": False}])
async def test_what_the_recorder_excludes_is_left_out(hass: HomeAssistant, young_home: MockConfigEntry) -> None:
    await import_history(hass)
    rows = await dump(hass)
    assert rows
    assert list(rows_of(rows, entity_id(hass, LOAD))) == []


async def test_only_administrators_change_statistics(hass: HomeAssistant, young_home: MockConfigEntry) -> None:
    await hass.auth.async_create_user("owner")
    user = await hass.auth.async_create_user("someone", group_ids=[GROUP_ID_USER])
    for name in ("import_history", "pause_import", "resume_import", "cancel_import", "undo_import"):
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                DOMAIN, name, {"device_id": device_of(hass)}, blocking=True, context=Context(user_id=user.id)
            )


async def test_not_while_the_database_changes(
    hass: HomeAssistant, young_home: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.atess.history.task.async_migration_in_progress", lambda _: True)
    with pytest.raises(HomeAssistantError, match="updating its database"):
        await call(hass, "import_history")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (NOON + timedelta(days=1), None, "has no past"),
        (NOON, NOON, "has no past"),
        (NOON - timedelta(days=4000), None, "maximum is 3660 days"),
    ],
)
async def test_ranges(
    hass: HomeAssistant, young_home: MockConfigEntry, start: datetime, end: datetime | None, said: str
) -> None:
    more = {} if end is None else {"end": end.isoformat()}
    with pytest.raises(ServiceValidationError, match=said):
        await call(hass, "import_history", start=start.isoformat(), **more)


@pytest.mark.parametrize("stored", [{"start": 1}, {"start": 1, "end": 2, "devices": 3, "finished": False}])
async def test_a_damaged_file_is_set_aside(
    hass: HomeAssistant, young_home: MockConfigEntry, caplog: pytest.LogCaptureFixture, stored: dict[str, Any]
) -> None:
    await Store[dict[str, Any]](hass, 1, f"{DOMAIN}.history.{young_home.entry_id}").async_save(stored)
    await restart(hass, young_home)
    assert "history import cannot be read" in caplog.text
    assert state(hass, SENSOR).state == "unknown"


async def test_a_device_that_was_removed_ends_its_part(
    hass: HomeAssistant, young_home: MockConfigEntry, notes: dict[str, Any]
) -> None:
    device = {"first_day": "2026-07-01", "next_day": "2026-07-02", "last_day": "2026-07-03"}
    stored = {"start": 1, "end": 2, "devices": {"gone": device}, "finished": False, "cancelled": False}
    await Store[dict[str, Any]](hass, 1, f"{DOMAIN}.history.{young_home.entry_id}").async_save(stored)
    await restart(hass, young_home)
    assert "Removed device: 0 rows from 1 of 3 days; the device was removed" in notes[NOTE]["message"]
    assert await hass.config_entries.async_remove(young_home.entry_id)
