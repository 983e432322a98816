"""How late samples are shown, by what was done, by a plain timer, and by the best schedule that could be."""

import math
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from .scenarios import DAY, Scenario


@dataclass(slots=True)
class Observed:
    """What came of a simulation: moments in seconds since its start."""

    shown: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    """By serial number: when Home Assistant showed a sample first, and the time that it carries."""
    uploads: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    asked: dict[str, list[float]] = field(default_factory=dict)
    down: list[tuple[float, float]] = field(default_factory=list)
    violations: int = 0
    memory: int = 0
    """Greatest number of bytes in memory for the rhythm of a device."""
    storage: int = 0
    """Greatest number of bytes stored for a device: its rhythm, its last sample, its share of the account's pacing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """Seconds from when the cloud shows a sample to when Home Assistant shows it or a later one."""

    mean: float
    most: float
    """95th percentile."""
    requests: float
    """Per device and day."""


def measured(observed: Observed, days: int, serials: Sequence[str] | None = None) -> Lateness:
    """Return what Home Assistant showed, from the second day on."""
    return _shown(observed, DAY, days * DAY - 1200, list(observed.uploads) if serials is None else serials)


def first_day(observed: Observed) -> Lateness:
    """Return what Home Assistant showed on the first day, while the poller was learning."""
    return _shown(observed, 0.0, DAY, list(observed.uploads))


def _shown(observed: Observed, begin: float, end: float, serials: Sequence[str]) -> Lateness:
    late: list[float] = []
    asked = 0
    for serial in serials:
        uploads = observed.uploads[serial]
        numbers = {text: number for number, (_, text) in enumerate(uploads)}
        shown = [(numbers[text], at) for at, text in observed.shown[serial] if text in numbers]
        places = [number for number, _ in shown]
        for number, (visible, _) in enumerate(uploads):
            if begin <= visible < end and (place := bisect_left(places, number)) < len(shown):
                late.append(max(0.0, shown[place][1] - visible))
        asked += sum(begin <= at < end for at in observed.asked[serial])
    return lateness(late, asked / len(serials) / ((end - begin) / DAY))


def lateness(late: list[float], requests: float) -> Lateness:
    """Return what so many seconds for each sample come to."""
    late.sort()
    return Lateness(mean=statistics.fmean(late), most=late[int(0.95 * len(late))], requests=requests)


def constant(observed: Observed, days: int, serial: str, distance: float, phase: float) -> Lateness:
    """Return what a poll at `phase` + n * `distance` would have shown, that is missed while Home Assistant is down."""
    late: list[float] = []
    for visible, _ in observed.uploads[serial]:
        if not DAY <= visible < days * DAY - 1200:
            continue
        at = phase + math.ceil((visible - phase) / distance) * distance
        while any(begin <= at < end for begin, end in observed.down):
            at += distance
        late.append(at - visible)
    return lateness(late, DAY / distance)


def plain(scenario: Scenario, observed: Observed, days: int, serial: str) -> Lateness:
    """Return what a plain timer at the user's interval would have shown, on average over its phases."""
    each = [constant(observed, days, serial, scenario.limit, scenario.limit * (n + 0.5) / 12) for n in range(12)]
    return Lateness(
        mean=statistics.fmean(item.mean for item in each),
        most=statistics.fmean(item.most for item in each),
        requests=DAY / scenario.limit,
    )


def oracle(scenario: Scenario, observed: Observed, days: int, serial: str) -> Lateness:
    """Return the best that a constant phase can do: every period, or every second or third, as the limit permits.

    It knows all uploads in advance. A distance is permitted if the limit holds although requests take their time.
    """
    best: Lateness | None = None
    for number in range(1, 7):
        distance = number * scenario.period
        if distance + 1e-6 < scenario.limit + scenario.latency[1]:
            continue
        if best is not None and number * scenario.period > 2.1 * scenario.limit:
            break
        phases = [float(phase) for phase in range(0, int(distance), 4)]
        coarse = min(phases, key=lambda phase: constant(observed, days, serial, distance, phase).mean)
        fine = [coarse + step / 4 for step in range(-20, 21)]
        found = min((constant(observed, days, serial, distance, phase) for phase in fine), key=lambda item: item.mean)
        if best is None or found.mean < best.mean:
            best = found
    if best is None:
        raise ValueError("no constant schedule keeps the limit")
    return best
