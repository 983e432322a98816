"""Put the rows of a device's history in order, each with the moment in UTC at which it was sampled."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise

from ..enerclo import Json, Sample
from ..readings.clock import parse_time

USUAL_SPACING = 300.0


def device_zone(learnt: Json, home: tzinfo) -> tzinfo:
    """Return the zone of a device's clock: so many minutes ahead of UTC if that was learned, else Home Assistant's."""
    if isinstance(learnt, int | float) and not isinstance(learnt, bool):
        return timezone(timedelta(minutes=learnt))
    return home


def in_order(
    samples: Iterable[Sample], zone: tzinfo, home: tzinfo, rank: Callable[[Sample], float]
) -> tuple[list[Sample], bool]:
    """Return samples sorted, `received` when they were taken, each moment once; and whether one came twice.

    Samples without a time are left out. `rank` returns a number that rises with time: it tells apart the two passes of
    an hour that the clock shows twice, whose rows come mixed.
    """
    rows: dict[tuple[datetime, int], Sample] = {}
    repeated = False
    for sample in samples:
        if (local := parse_time(sample.time, home)) is None:
            continue
        place = local, hash(repr(sorted(sample.members.items())))
        repeated |= place in rows
        rows.setdefault(place, sample)
    taken: dict[datetime, Sample] = {}
    twice: list[tuple[datetime, Sample]] = []
    for (local, _), sample in rows.items():
        if _comes_twice(local, zone):
            twice.append((local, sample))
        else:
            taken.setdefault(_utc(local, zone, 0), sample)
    spacings = [(later - before).total_seconds() for before, later in pairwise(sorted(taken))]
    spacing = statistics.median(spacings) if spacings else USUAL_SPACING
    twice.sort(key=lambda row: (rank(row[1]), -row[0].timestamp()))
    second = _second_pass([local for local, _ in twice], spacing)
    for number, (local, sample) in enumerate(twice):
        taken.setdefault(_utc(local, zone, int(number >= second)), sample)
    return [replace(taken[moment], received=moment) for moment in sorted(taken)], repeated


def _utc(local: datetime, zone: tzinfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _comes_twice(local: datetime, zone: tzinfo) -> bool:
    """Return whether a clock shows a time twice, as at the end of summer time."""
    return _utc(local, zone, 0) < _utc(local, zone, 1)


def _second_pass(times: Sequence[datetime], spacing: float) -> int:
    """Return how many of these times belong to the first pass of an hour that comes twice.

    The best split leaves the fewest neighbors that are too close to each other; equally good ones, the most even.
    """

    def crowded(part: Sequence[datetime]) -> int:
        ordered = sorted(part)
        return sum((later - before).total_seconds() < spacing / 2 for before, later in pairwise(ordered))

    count = len(times)
    if crowded(times) == 0:
        return count
    return min(range(count + 1), key=lambda at: (crowded(times[:at]) + crowded(times[at:]), abs(2 * at - count)))
