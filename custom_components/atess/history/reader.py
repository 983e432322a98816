"""Read a device's history from the cloud, and interpret it as live samples are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from homeassistant.util import dt as dt_util

from ..coordinator import AtessCoordinator
from ..enerclo import Json, NoDataError, Sample, Terms
from ..enerclo.caller import HISTORY
from ..readings import Interpreter, Reading
from ..readings.members import parse
from .rows import device_zone, in_order

# A day of samples every five minutes, with what is read before and after it, in one page where the cloud allows it.
PAGE_SIZE = 500
# So long before the time of interest the guards begin, so that they know the counters when it comes.
WARM_UP = timedelta(hours=2)
# So long after it is read on, for the value at its end.
AFTER = timedelta(minutes=75)
# What a live interpreter has learned of its device that holds for the past too; its counters do not.
_LASTING = ("checks", "first", "usual")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Knowledge:
    """All that the samples of a device are interpreted with."""

    coordinator: AtessCoordinator
    home: tzinfo
    zone: tzinfo
    state: Mapping[str, Json]
    corrections: Mapping[str, str]


def zone_of(coordinator: AtessCoordinator) -> tzinfo:
    """Return the zone of a device's clock."""
    return _knowledge(coordinator).zone


async def async_read(
    coordinator: AtessCoordinator, start: datetime, end: datetime, *, terms: Terms = HISTORY
) -> list[Reading]:
    """Return the readings of a device from `start` to before `end` and for AFTER beyond it, oldest first.

    Waits as long as pacing wants. Raises EnercloError; no data is no error here. If rows came twice, the list has
    moved while it was paged, and may have skipped others: then it is read once more.
    """
    known = _knowledge(coordinator)
    samples = await _async_pages(coordinator, known, start, end, terms)
    readings, repeated = await coordinator.hass.async_add_executor_job(_interpret, known, samples, start)
    if repeated:
        samples += await _async_pages(coordinator, known, start, end, terms)
        readings, _ = await coordinator.hass.async_add_executor_job(_interpret, known, samples, start)
    return readings


async def _async_pages(
    coordinator: AtessCoordinator, known: _Knowledge, start: datetime, end: datetime, terms: Terms
) -> list[Sample]:
    begin, until = (
        moment.astimezone(known.zone).replace(tzinfo=None, fold=0) for moment in (start - WARM_UP, end + AFTER)
    )
    samples: list[Sample] = []
    try:
        async for page in coordinator.client.history(
            coordinator.kind, coordinator.device_sn, begin, until, page_size=PAGE_SIZE, terms=terms
        ):
            samples += page
    except NoDataError:
        return []
    return samples


def _knowledge(coordinator: AtessCoordinator) -> _Knowledge:
    dump = coordinator.interpreter.dump()
    clock = dump.get("clock")
    learned = clock.get("zone") if isinstance(clock, dict) else None
    corrections = dict(coordinator.corrections)
    if isinstance(learned, int):
        corrections["clock"] = str(learned)
    home = dt_util.get_default_time_zone()
    return _Knowledge(
        coordinator=coordinator,
        home=home,
        zone=device_zone(learned, home),
        state={**{name: dump.get(name) for name in _LASTING}, "clock": {"zone": learned}},
        corrections=corrections,
    )


def _interpret(known: _Knowledge, samples: list[Sample], start: datetime) -> tuple[list[Reading], bool]:
    """Return the readings from a moment on, and whether a row came twice."""
    device = known.coordinator

    def rank(sample: Sample) -> float:
        numbers = parse(device.kind, sample.members).numbers
        return sum(value for key, value in numbers.items() if value is not None and key.endswith("_total"))

    ordered, repeated = in_order(samples, known.zone, known.home, rank)
    interpreter = Interpreter(
        device.kind,
        zone=known.home,
        model=device.model,
        nominal_power=device.nominal_power,
        state=known.state,
        corrections=known.corrections,
    )
    interpreter.fed = device.interpreter.fed
    readings = []
    for sample in ordered:
        reading = interpreter.read(sample)
        if reading is not None and reading.fresh and sample.received >= start - AFTER:
            readings.append(reading)
    return readings, repeated
