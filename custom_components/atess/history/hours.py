"""From values at moments to values of full UTC hours, on which the rows of statistics stand."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

HOUR = 3600
# Between samples that are further apart nobody knows what a counter showed.
LONGEST_GAP = 3600.0


class Measured(NamedTuple):
    """Mean, least, and greatest value of an hour."""

    mean: float
    low: float
    high: float


def hour_of(moment: float) -> int:
    """Return the start of the UTC hour of a moment, both in unix seconds."""
    return int(moment // HOUR) * HOUR


def boundaries(points: Sequence[tuple[float, float]], begin: int, end: int) -> dict[int, float]:
    """Return what a counter showed at each full hour from `begin` to `end`, by points sorted by time (unix seconds).

    Interpolated between the samples before and after, unless these are more than an hour apart.
    """
    moments = [moment for moment, _ in points]
    found: dict[int, float] = {}
    for hour in range(begin, end + 1, HOUR):
        place = bisect_left(moments, hour)
        if place == len(points):
            break
        moment, value = points[place]
        if moment == hour:
            found[hour] = value
        elif place and moment - moments[place - 1] <= LONGEST_GAP:
            before, start = points[place - 1]
            found[hour] = start + (value - start) * (hour - before) / (moment - before)
    return found


def measured(points: Iterable[tuple[float, float]]) -> dict[int, Measured]:
    """Return the mean, least, and greatest value of each hour that has any."""
    by_hour: defaultdict[int, list[float]] = defaultdict(list)
    for moment, value in points:
        by_hour[hour_of(moment)].append(value)
    return {hour: Measured(sum(found) / len(found), min(found), max(found)) for hour, found in by_hour.items()}
