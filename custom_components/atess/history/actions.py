"""Actions: read history, import it into statistics, pause or cancel that, and undo it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..access import (
    DEVICES,
    POLICY_CONTROL,
    POLICY_READ,
    async_require_admin,
    async_targets,
    together,
    validation_error,
)
from ..const import DOMAIN
from ..coordinator import AtessCoordinator, error_key
from ..enerclo import EnercloError, NotFoundError, Priority, Terms
from ..enerclo.endpoints import Operation
from ..readings import Reading
from ..runtime import AtessConfigEntry
from .answer import HOURLY, MINUTES, RAW, rows_of
from .entities import targets_of
from .importer import HistoryImport
from .job import DAY, YEAR, new_device_job, span_of
from .reader import async_read, zone_of
from .task import async_read as async_read_rows
from .task import require_recorder
from .writer import missing

LONGEST: Final = {RAW: timedelta(days=31), MINUTES: timedelta(days=31), HOURLY: timedelta(days=366)}
DEFAULT_WAIT, MAX_WAIT = 900, 14_400
PATIENT: Final = Terms(priority=Priority.PERSON, max_wait=math.inf)
OLDEST: Final = timedelta(days=3660)

_FIELDS: Final[dict[vol.Marker, Any]] = {
    **DEVICES,
    vol.Optional("end"): cv.datetime,
    vol.Optional("fields", default=[]): vol.All(cv.ensure_list, [cv.string]),
}
GET_SCHEMA = vol.Schema(
    {
        **_FIELDS,
        vol.Required("start"): cv.datetime,
        vol.Optional("resolution", default=MINUTES): vol.In(LONGEST),
        vol.Optional("wait", default=DEFAULT_WAIT): vol.All(vol.Coerce(int), vol.Range(min=0, max=MAX_WAIT)),
    }
)
IMPORT_SCHEMA = vol.Schema(
    {
        **_FIELDS,
        vol.Optional("start"): cv.datetime,
        vol.Optional("dry_run", default=False): cv.boolean,
    }
)
DEVICES_SCHEMA = vol.Schema(DEVICES)


@callback
def async_setup_history(hass: HomeAssistant) -> None:
    """Register the actions."""

    def of_import(
        require: Callable[[HistoryImport], object], act: Callable[[HistoryImport], Awaitable[None]]
    ) -> Callable[[ServiceCall], Coroutine[Any, Any, None]]:
        async def handle(call: ServiceCall) -> None:
            imports = _by_import(await _async_admin_targets(hass, call))
            for history in imports:
                require(history)
            for history in imports:
                await act(history)

        return handle

    async def get_history(call: ServiceCall) -> ServiceResponse:
        targets = await async_targets(hass, call, POLICY_READ, lambda data: data.coordinators.values())
        return {"devices": await _async_get(targets, call.data)}

    async def import_history(call: ServiceCall) -> ServiceResponse:
        response = await _async_import(hass, await _async_admin_targets(hass, call), call.data)
        return response if call.return_response else None

    async def undo_import(call: ServiceCall) -> ServiceResponse:
        response = await _async_undo(hass, await _async_admin_targets(hass, call))
        return response if call.return_response else None

    pause_import = of_import(HistoryImport.require_running, HistoryImport.async_pause)
    resume_import = of_import(HistoryImport.require_paused, HistoryImport.async_resume)
    cancel_import = of_import(HistoryImport.require_some, HistoryImport.async_cancel)
    for name, handler, schema, response in (
        ("get_history", get_history, GET_SCHEMA, SupportsResponse.ONLY),
        ("import_history", import_history, IMPORT_SCHEMA, SupportsResponse.OPTIONAL),
        ("pause_import", pause_import, DEVICES_SCHEMA, SupportsResponse.NONE),
        ("resume_import", resume_import, DEVICES_SCHEMA, SupportsResponse.NONE),
        ("cancel_import", cancel_import, DEVICES_SCHEMA, SupportsResponse.NONE),
        ("undo_import", undo_import, DEVICES_SCHEMA, SupportsResponse.OPTIONAL),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema=schema, supports_response=response)


async def _async_admin_targets(hass: HomeAssistant, call: ServiceCall) -> Mapping[str, AtessCoordinator]:
    """Return the devices of an action that changes statistics, as only administrators may."""
    await async_require_admin(hass, call)
    return await async_targets(hass, call, POLICY_CONTROL, lambda data: data.coordinators.values())


def _by_import(targets: Mapping[str, AtessCoordinator]) -> dict[HistoryImport, list[AtessCoordinator]]:
    """Return the devices by the import of their account."""
    found: dict[HistoryImport, list[AtessCoordinator]] = {}
    for item in targets.values():
        entry: AtessConfigEntry = item.config_entry
        found.setdefault(entry.runtime_data.history, []).append(item)
    return found


def _range(
    data: Mapping[str, Any], *, default: timedelta | None = None, longest: timedelta
) -> tuple[datetime, datetime]:
    """Return start and end of an action in UTC; times without zone are Home Assistant's, what is to come is cut off."""
    now = dt_util.utcnow()
    end = min(now, dt_util.as_utc(data["end"])) if "end" in data else now
    start = end - default if default is not None and "start" not in data else dt_util.as_utc(data["start"])
    if start >= end:
        raise validation_error("history_range_empty")
    if end - start > longest:
        raise validation_error("history_range_long", days=str(longest.days))
    return start, end


async def _async_get(targets: Mapping[str, AtessCoordinator], data: Mapping[str, Any]) -> dict[str, Any]:
    start, end = _range(data, longest=LONGEST[data["resolution"]])
    fields = _known_fields(targets, data)
    for item in targets.values():
        if (seconds := _seconds(item, start, end)) > data["wait"]:
            raise validation_error("history_takes_long", device=item.name, minutes=str(math.ceil(seconds / 60)))
    results = await asyncio.gather(
        *(_async_until_unload(item, start, end) for item in targets.values()), return_exceptions=True
    )
    errors: list[HomeAssistantError] = []
    devices: dict[str, Any] = {}
    for (device_id, item), readings in zip(targets.items(), results, strict=True):
        if isinstance(readings, HomeAssistantError):
            errors.append(readings)
        elif isinstance(readings, BaseException):
            raise readings
        else:
            zone = dt_util.get_default_time_zone()
            rows = await item.hass.async_add_executor_job(
                rows_of, readings, item.definitions, fields, data["resolution"], zone
            )
            keys = dict.fromkeys(key for row in rows for key in row if key != "time")
            units = {key: known.quantity.unit for key in keys if (known := item.definitions.get(key)) is not None}
            devices[device_id] = {"name": item.name, "units": units, "rows": rows}
    if errors:
        raise together(errors)
    return devices


def _known_fields(targets: Mapping[str, AtessCoordinator], data: Mapping[str, Any]) -> list[str]:
    """Return the fields that an action names, each once; raises ServiceValidationError if a device has one not."""
    fields = list(dict.fromkeys(data["fields"]))
    for item in targets.values():
        if unknown := [key for key in fields if key not in item.definitions]:
            raise validation_error("history_unknown_field", device=item.name, field=unknown[0])
    return fields


def _seconds(item: AtessCoordinator, start: datetime, end: datetime) -> float:
    """Return how long reading takes: a request per day, each waiting for the one before."""
    days = new_device_job(start, end, zone_of(item)).days
    permitted = item.client.permitted_at(item.kind, item.device_sn, Operation.HISTORY, priority=Priority.PERSON)
    begin = max(0.0, permitted - dt_util.utcnow().timestamp())
    return begin + (days - 1) * item.client.interval(item.kind, item.device_sn, Operation.HISTORY)


async def _async_until_unload(item: AtessCoordinator, start: datetime, end: datetime) -> list[Reading]:
    """Return the readings of a range, oldest first; HomeAssistantError if they cannot be read, or the entry unloads."""
    task = item.config_entry.async_create_background_task(
        item.hass, _async_days(item, start, end), f"{DOMAIN} history of a device"
    )
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise _failed(item, "unloaded") from None
    except NotFoundError as err:
        raise _failed(item, "no_history") from err
    except EnercloError as err:
        raise _failed(item, error_key(err), str(err)) from err


def _failed(item: AtessCoordinator, key: str, text: str = "") -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"device": item.name, "error": text},
    )


async def _async_days(item: AtessCoordinator, start: datetime, end: datetime) -> list[Reading]:
    zone = zone_of(item)
    days = new_device_job(start, end, zone)
    found: list[Reading] = []
    day = days.first_day
    while day <= days.last_day:
        begin, until = (moment.astimezone(UTC) for moment in span_of(day, zone))
        begin, until = max(begin, start), min(until, end)
        readings = await async_read(item, begin, until, terms=PATIENT)
        found += [reading for reading in readings if begin <= reading.sampled_at < until]
        day += DAY
    return found


async def _async_import(
    hass: HomeAssistant, targets: Mapping[str, AtessCoordinator], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Begin an import unless it is only tried; return what it will do."""
    start, end = _range(data, default=YEAR, longest=OLDEST)
    fields = _known_fields(targets, data)
    require_recorder(hass)
    for item in targets.values():
        if fields and not any(True for _ in targets_of(hass, item, fields)):
            raise validation_error("history_nothing_to_import", device=item.name, fields=", ".join(fields))
    by_import = _by_import(targets)
    for history in by_import:
        history.require_idle()
    with _recorder_errors():
        response = {"devices": await _async_plan(hass, targets, start, end, fields)}
    if not data["dry_run"]:
        for history, coordinators in by_import.items():
            await history.async_begin(coordinators, start, end, fields)
    return response


async def _async_plan(
    hass: HomeAssistant,
    targets: Mapping[str, AtessCoordinator],
    start: datetime,
    end: datetime,
    fields: Collection[str],
) -> dict[str, Any]:
    """Return what an import of devices would do."""
    devices: dict[str, Any] = {}
    for device_id, item in targets.items():
        days = new_device_job(start, end, zone_of(item)).days
        entities: dict[str, int] = {}
        left: list[str] = []
        for target in targets_of(hass, item, fields):
            work = missing(target, int(start.timestamp()), int(end.timestamp()))
            hours = await async_read_rows(hass, work)
            if hours is None:
                left.append(target.entity_id)
            else:
                entities[target.entity_id] = hours
        seconds = days * item.client.interval(item.kind, item.device_sn, Operation.HISTORY)
        devices[device_id] = {
            "name": item.name,
            "days": days,
            "missing_hours": entities,
            "without_statistics": left,
            "expected_end": (dt_util.utcnow() + timedelta(seconds=seconds)).isoformat(),
        }
    return devices


async def _async_undo(hass: HomeAssistant, targets: Mapping[str, AtessCoordinator]) -> dict[str, Any]:
    """Undo all imports of devices; return how many entities and rows that were."""
    require_recorder(hass)
    by_import = _by_import(targets)
    for history, coordinators in by_import.items():
        await history.async_require_imported(coordinators)
    done: dict[str, dict[str, int]] = {}
    with _recorder_errors():
        for history, coordinators in by_import.items():
            done |= await history.async_undo(coordinators)
    return {"devices": {device_id: done[item.subentry_id] for device_id, item in targets.items()}}


@contextmanager
def _recorder_errors() -> Iterator[None]:
    """Raise an error of the recorder's database as a translated one: what it interrupts can be done again."""
    try:
        yield
    except SQLAlchemyError as err:
        # The text of the error itself holds the statement and its values.
        error = err.orig if isinstance(err, DBAPIError) else type(err).__name__
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="recorder_failed",
            translation_placeholders={"error": str(error)},
        ) from err
