"""The order of rows of history, and the moments they were taken at."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from custom_components.atess.enerclo import Kind, Sample
from custom_components.atess.history.rows import device_zone, in_order

BERLIN = ZoneInfo("Europe/Berlin")
# Summer time ends at 01:00 UTC: the hour from 2 to 3 comes twice.
NIGHT = datetime(2026, 10, 25, tzinfo=UTC)


def sample(text: str | None, number: float = 0.0) -> Sample:
    return Sample(kind=Kind.HPS_STRING, device_sn="SIMHPS0001", members={"n": number}, time=text, received=NIGHT)


def rank(item: Sample) -> float:
    number = item.members["n"]
    assert isinstance(number, float)
    return number


def taken(start: datetime, minutes: int, step: int = 5) -> list[Sample]:
    """Return samples of a clock in Berlin, each with a counter that rises."""
    moments = [start + timedelta(minutes=each) for each in range(0, minutes, step)]
    return [
        sample(moment.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S"), float(number))
        for number, moment in enumerate(moments)
    ]


def test_rows_in_any_order_with_duplicates_are_sorted() -> None:
    rows = taken(NIGHT - timedelta(days=30), 300)
    mixed = [*rows, *rows[10:20], sample(None), sample("never")]
    Random(1).shuffle(mixed)
    ordered, repeated = in_order(mixed, BERLIN, BERLIN, rank)
    assert repeated
    assert [item.time for item in ordered] == [item.time for item in rows]
    assert ordered[0].received == NIGHT - timedelta(days=30)
    assert not in_order(rows, BERLIN, BERLIN, rank)[1]


def test_nothing_is_in_order() -> None:
    assert in_order([], BERLIN, BERLIN, rank) == ([], False)


@pytest.mark.parametrize("start", [-90, -88.5])
def test_the_hour_that_comes_twice_keeps_both_passes(start: float) -> None:
    rows = taken(NIGHT + timedelta(minutes=start), 300)
    mixed = rows[:]
    Random(2).shuffle(mixed)
    ordered, repeated = in_order(mixed, BERLIN, BERLIN, rank)
    assert not repeated
    assert [rank(item) for item in ordered] == [rank(item) for item in rows]
    spacings = {later.received - before.received for before, later in pairwise(ordered)}
    assert spacings == {timedelta(minutes=5)}


def test_a_pass_that_was_not_uploaded_is_not_missed() -> None:
    rows = [row for row in taken(NIGHT - timedelta(hours=2), 300) if not 36 <= rank(row) < 48]
    ordered, _ = in_order(rows, BERLIN, BERLIN, rank)
    assert [rank(item) for item in ordered] == [rank(item) for item in rows]


def test_the_hour_that_does_not_come_leaves_no_gap() -> None:
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    ordered, _ = in_order(taken(start, 180), BERLIN, BERLIN, rank)
    assert [item.received for item in ordered] == [start + timedelta(minutes=each) for each in range(0, 180, 5)]


@pytest.mark.parametrize(("learnt", "offset"), [(480, 480), (0, 0), ("home", 120), (None, 120), (True, 120)])
def test_the_zone_of_a_device(learnt: object, offset: int) -> None:
    zone = device_zone(learnt, BERLIN)  # type: ignore[arg-type]
    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta(minutes=offset)


def test_a_clock_in_another_zone() -> None:
    ordered, _ = in_order([sample("2026-10-25 02:30:00")], device_zone(480, BERLIN), BERLIN, rank)
    assert ordered[0].received == datetime(2026, 10, 24, 18, 30, tzinfo=UTC)
