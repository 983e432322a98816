"""The tick "Import the past year" where a person adds devices, and what comes of it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from custom_components.atess.const import DOMAIN
from custom_components.atess.history import work
from script._demo.forms import fill
from simulator import Simulator
from simulator.plant import FOLDER

from ..common import Advance, add_entry, entity_id, restart, set_up
from ..flows import fields, start, start_device, submit
from .common import SERIAL, barrier, by_entity, dump, set_up_sensors, until

CENTRAL = "SIMHPS0002"


@pytest.fixture
def enable_statistics() -> bool:
    """Have statistics compiled every five minutes."""
    return True


@pytest.fixture(autouse=True)
async def find_integration(
    clock: FrozenDateTimeFactory,
    recorder_mock: Recorder,
    enable_custom_integrations: None,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Record, at noon; the recorder must be there before Home Assistant is.

    An import looks for no older data after a day without.
    """
    monkeypatch.setattr(work, "EMPTY_DAYS", 1)
    await set_up_sensors(hass)


@pytest.fixture
def plant() -> dict[str, Any]:
    """Return the usual plant, with a history of a day."""
    content: dict[str, Any] = json.loads((FOLDER / "demo.json").read_text(encoding="utf-8"))
    return content | {"history_days": 1}


def import_sensor(hass: HomeAssistant) -> Any:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    return hass.states.get(entity_id(hass, f"plant_{entry.entry_id}_history_import"))


def hours(rows: Any, hass: HomeAssistant, serial: str) -> int:
    return len(by_entity(rows)[entity_id(hass, f"{serial}_load_energy_total")])


def imported(cloud: Simulator) -> set[str | None]:
    return {record.device_sn for record in cloud.requests if record.operation == "history"}


async def pass_time(hass: HomeAssistant, advance: Advance, minutes: int) -> None:
    """Let time pass, with statistics compiled every five minutes."""
    for _ in range(minutes // 5):
        await advance(300, 300)
        await barrier(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def offered(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the form that sets an account up suggests, by field."""
    manager = hass.config_entries.flow
    form = fields(manager, await manager.async_configure(await start(hass)))
    return {field["name"]: field.get("default") for field in form}


async def set_up_by_hand(hass: HomeAssistant, cloud: Simulator, serials: list[str], **typed: Any) -> Any:
    """Set an account up as a person does, and return its entry."""
    manager = hass.config_entries.flow
    flow_id = await start(hass)
    form = fields(manager, await manager.async_configure(flow_id))
    entered = {"token": cloud.token, "device_sn": serials, "advanced": {"base_url": cloud.base_url}, **typed}
    result = await submit(manager, flow_id, fill(form, entered))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    return hass.config_entries.async_entries(DOMAIN)[0]


async def add_by_hand(hass: HomeAssistant, entry: Any, serial: str, **typed: Any) -> dict[str, Any]:
    """Add a device as a person does, and return what the form had suggested."""
    manager = hass.config_entries.subentries
    flow_id = await start_device(hass, entry)
    form = fields(manager, await manager.async_configure(flow_id))
    result = await submit(manager, flow_id, fill(form, {"device_sn": serial, **typed}))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    return {field["name"]: field.get("default") for field in form}


async def test_the_first_devices_bring_their_past(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """It is suggested where nothing was recorded; the import begins when there are statistics, once."""
    form = await offered(hass)
    assert list(form) == ["token", "device_sn", "allow_changes", "import_history", "advanced"]
    assert form["import_history"] is True
    await set_up_by_hand(hass, cloud, [SERIAL, CENTRAL])
    assert import_sensor(hass).attributes["status"] == "waiting"
    assert imported(cloud) == set()
    await pass_time(hass, advance, 15)
    assert (import_sensor(hass).state, import_sensor(hass).attributes["status"]) == ("100.0", "complete")
    assert imported(cloud) == {SERIAL, CENTRAL}
    rows = await dump(hass)
    assert hours(rows, hass, SERIAL) == hours(rows, hass, CENTRAL) >= 24
    asked = len([record for record in cloud.requests if record.operation == "history"])
    await pass_time(hass, advance, 10)
    assert len([record for record in cloud.requests if record.operation == "history"]) == asked


async def test_where_something_was_recorded_nothing_is_imported_unasked(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    entry = await set_up_by_hand(hass, cloud, [SERIAL], import_history=False)
    assert (await offered(hass))["import_history"] is False
    form = await add_by_hand(hass, entry, CENTRAL)
    assert form["import_history"] is False
    await pass_time(hass, advance, 15)
    assert imported(cloud) == set()
    assert import_sensor(hass).state == "unknown"
    assert "status" not in import_sensor(hass).attributes
    # What was removed may come back with its statistics.
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await offered(hass))["import_history"] is False


async def test_a_device_without_a_reading_is_waited_for(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """Also over a restart; meanwhile others are imported, and a device that comes soon is imported with them."""
    cloud.inject(kind="no_data", device=CENTRAL, operation="latest")
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    await entry.runtime_data.account.async_request_imports([SERIAL, CENTRAL], wanted=True)
    await restart(hass, entry)
    await pass_time(hass, advance, 15)
    assert imported(cloud) == {SERIAL}
    assert import_sensor(hass).attributes["status"] == "waiting"
    cloud.clear()
    await pass_time(hass, advance, 30)
    assert imported(cloud) == {SERIAL, CENTRAL}
    assert import_sensor(hass).attributes["status"] == "complete"


@pytest.mark.parametrize(("days", "joined"), [(365, True), (2, False)])
async def test_a_device_that_comes_during_an_import(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, days: int, *, joined: bool
) -> None:
    """One of the past year takes it in, others are waited for; a paused one asks for nothing."""
    entry = await set_up_by_hand(hass, cloud, [SERIAL], import_history=False)
    await pass_time(hass, advance, 5)
    begin = dt_util.utcnow() - timedelta(days=days)
    await call_for(hass, entry, "import_history", start=begin.isoformat())
    await until(lambda: bool(imported(cloud)))
    await call_for(hass, entry, "pause_import")
    await add_by_hand(hass, entry, CENTRAL, import_history=True)
    asked = len(cloud.requests)
    await pass_time(hass, advance, 15)
    assert import_sensor(hass).attributes["status"] == "paused"
    assert all(record.operation != "history" for record in cloud.requests[asked:])
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert (entry.runtime_data.account.imports == set()) is joined
    await call_for(hass, entry, "resume_import")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert imported(cloud) == ({SERIAL, CENTRAL} if joined else {SERIAL})
    await pass_time(hass, advance, 5)
    assert import_sensor(hass).attributes["status"] == "complete"
    rows = await dump(hass)
    assert hours(rows, hass, CENTRAL) >= 24
    assert hours(rows, hass, SERIAL) >= 24


async def call_for(hass: HomeAssistant, entry: Any, name: str, **data: Any) -> None:
    """Call an action of imports for the first device of an account."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    [device_id] = [item.id for item in devices if (DOMAIN, SERIAL) in item.identifiers]
    await hass.services.async_call(DOMAIN, name, {"device_id": device_id, **data}, blocking=True)


async def test_requests_can_be_canceled(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    entry = await set_up_by_hand(hass, cloud, [SERIAL])
    await call_for(hass, entry, "cancel_import")
    assert "status" not in import_sensor(hass).attributes
    with pytest.raises(ServiceValidationError, match="No import is running"):
        await call_for(hass, entry, "cancel_import")
    await pass_time(hass, advance, 15)
    assert imported(cloud) == set()
