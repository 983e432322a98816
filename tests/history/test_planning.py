"""Plans of what an import writes: pure, with plain data."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.history.hours import HOUR, Measured, boundaries, hour_of, measured
from custom_components.atess.history.job import DeviceJob, Job
from custom_components.atess.history.planning import CounterPlan, CounterPlanner, Row, faults
from custom_components.atess.history.saved import Saved, plan_undo, saved
from custom_components.atess.history.summary import message_of

T = 1_790_000_000 // HOUR * HOUR


def limit(hours: float) -> float:
    return 15.0 * hours + 1.0


def at(*values: float | None, start: int = 0) -> dict[int, float]:
    """Return what a counter shows at full hours, from one on."""
    return {T + (start + number) * HOUR: value for number, value in enumerate(values) if value is not None}


def row(hour: int, state: float | None, total: float | None) -> Row:
    return Row(float(T + hour * HOUR), state, total)


def carried_out(recorded: Sequence[Row], plan: CounterPlan) -> list[Row]:
    """Return the rows after a plan was carried out."""
    moved = [
        each._replace(sum=each.sum + plan.shift) if each.sum is not None and each.start >= plan.first else each
        for each in recorded
    ]
    return sorted([*moved, *plan.rows])


def run(known: dict[int, float], recorded: Sequence[Row], begin: int = 0, end: int = 1000) -> list[Row]:
    """Plan and carry out, find no fault, and find nothing to do in a second run."""
    plan = CounterPlanner(known, T + begin * HOUR, T + end * HOUR, limit).plan(recorded[0], recorded)
    after = carried_out(recorded, plan)
    assert faults(after, plan) == []
    again = CounterPlanner(known, T + begin * HOUR, T + end * HOUR, limit).plan(after[0], after)
    assert (again.rows, again.shift) == ((), 0.0)
    return after


def changes(rows: Sequence[Row]) -> list[float]:
    sums = [each.sum or 0.0 for each in rows]
    return [round(later - before, 6) for before, later in pairwise([0.0, *sums])]


def test_points_become_values_of_hours() -> None:
    points = [(T - 60.0, 1.0), (T + 60.0, 2.0), (T + HOUR * 1.0, 3.0), (T + 4.0 * HOUR, 9.0), (T + 4.1 * HOUR, 10.0)]
    assert boundaries(points, T, T + 9 * HOUR) == {T: 1.5, T + HOUR: 3.0, T + 4 * HOUR: 9.0}
    assert measured(points) == {
        T - HOUR: Measured(1.0, 1.0, 1.0),
        T: Measured(2.0, 2.0, 2.0),
        T + HOUR: Measured(3.0, 3.0, 3.0),
        T + 4 * HOUR: Measured(9.5, 9.0, 10.0),
    }
    assert boundaries([], T, T + HOUR) == {}
    assert hour_of(T + 59.0) == T


def test_sums_begin_at_0_and_recorded_rows_move_up() -> None:
    after = run(at(100, 101, 103, 103.5, 104), [row(3, 104, 0.5), row(4, 106, 2.5)])
    assert after == [row(0, 101, 1), row(1, 103, 3), row(2, 103.5, 3.5), row(3, 104, 4), row(4, 106, 6)]


def test_a_range_that_begins_earlier_later() -> None:
    after = run(at(100, 101, 103, 103.5), [row(3, 104, 0.5)])
    earlier = run(at(90, 95, 99, 100, start=-3), after, begin=-3)
    assert changes(earlier) == [5, 4, 1, 1, 2, 0.5, 0.5]


def test_hours_before_the_range_and_those_not_compiled_are_left() -> None:
    known = at(100, 101, 102, 103, 104)
    assert [each.start for each in run(known, [row(8, 104, 0)], begin=1, end=3)] == [
        T + hour * HOUR for hour in (1, 2, 8)
    ]


def test_what_is_missing_between_recorded_rows() -> None:
    """The rows of a time in which Home Assistant was off: no change of what was recorded, no row passes it."""
    recorded = [row(0, 100, 7), row(5, 104, 11), row(6, 105, 12)]
    after = run(at(99, 100.2, 101, None, 103, 104.5, 104.6), recorded)
    assert [each for each in after if each in recorded] == recorded
    assert changes(after)[1:] == [1.0, 2.0, 1.0, 0.0, 1.0]


def test_before_and_between_at_once() -> None:
    after = run(at(10, 11, 12, 13, 14, 15), [row(2, 13, 0), row(4, 15, 2)])
    assert changes(after) == [1, 1, 1, 1, 1]


def test_a_recorded_step_is_left_as_it_is() -> None:
    recorded = [row(0, 100, 7), row(4, 104, 1)]
    known = at(99, 100, 101, 102, 103, 104)
    plan = CounterPlanner(known, T, T + 9 * HOUR, limit).plan(recorded[0], recorded)
    assert (plan.rows, plan.shift, plan.skipped) == ((), 0.0, 3)


@pytest.mark.parametrize("missing", [row(3, None, 1), row(3, 104, None)])
def test_rows_without_sum_are_left_as_they_are(missing: Row) -> None:
    known = at(100, 101, 102, 103, 104)
    plan = CounterPlanner(known, T, T + 9 * HOUR, limit).plan(missing, [missing])
    assert (plan.rows, plan.shift, plan.skipped) == ((), 0.0, 3)
    recorded = [row(0, 101, 1), missing]
    assert CounterPlanner(known, T, T + 9 * HOUR, limit).plan(recorded[0], recorded).skipped == 2


def test_another_meter_continues_the_sum() -> None:
    after = run(at(500, 501, 2, 3, 300, 301), [row(4, 301, 0.5)])
    assert changes(after) == [1, 0, 1, 0, 1]


def test_a_small_dip_is_no_other_meter() -> None:
    after = run(at(500, 501, 500.7, 501.5, 502), [row(3, 502, 0)])
    assert changes(after) == [1, 0, 0.5, 0.5]


def test_history_a_little_ahead_of_the_recorded_state() -> None:
    after = run(at(500, 501, 502.2, 502.2), [row(2, 502, 0)])
    assert changes(after) == [1, 1, 0]


@pytest.mark.parametrize("offset", [300, 5])
def test_recorded_states_with_an_offset(offset: float) -> None:
    """What was recorded went on from another meter: the history alone tells what flowed."""
    after = run(at(500, 501, 502, 503, 504), [row(2, 503 + offset, 0.2), row(3, 504 + offset, 1.2)])
    assert changes(after) == [1, 1, 1, 1]


@pytest.mark.parametrize(("offset", "last"), [(300, 3), (300, 4), (5, 3), (5, 4), (-5, 3), (-300, 4)])
def test_hours_between_recorded_states_with_an_offset(offset: float, last: int) -> None:
    """Also if the last sample of an hour came some minutes before its end."""
    known = at(500, 501, 502, 503, 504)
    after = run(known, [row(0, 500.8 + offset, 0), row(last, 500.8 + last + offset, last)])
    assert changes(after) == pytest.approx([0, *[1] * last], abs=0.25)


def test_an_hour_of_which_most_is_missing_has_no_offset() -> None:
    """What flowed in the rest of it belongs to the next hour, for it is closest."""
    assert changes(run(at(500, 504, 505, 506, 507), [row(0, 500, 0), row(2, 506, 6)])) == [0, 5, 1]
    assert changes(run(at(500, 504, 505, 506), [row(0, 500, 0), row(6, 510, 10)])) == [0, 5, 1, 4]


def test_an_hour_of_which_only_the_end_is_known() -> None:
    assert changes(run(at(None, 101, 102), [row(2, 103, 0)])) == [0, 1, 1]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([row(0, 1, -1)], "begin below 0"),
        ([row(0, 2, 2), row(1, 1, 1)], "a sum falls"),
        ([row(0, 1, 1), row(1, 2, 3)], "do not follow"),
        ([row(0, 1, 1), row(1, 2, None)], "a sum falls"),
    ],
)
def test_faults_are_seen(rows: list[Row], fault: str) -> None:
    assert fault in " ".join(faults(rows, CounterPlan(first=0.0, rows=(rows[0],))))
    assert faults(rows, CounterPlan(first=0.0)) == []


rises = st.lists(st.floats(0, 14), min_size=2, max_size=60)


@st.composite
def homes(draw: st.DrawFn) -> tuple[list[float], list[bool], list[bool], float]:
    """Return a counter at full hours, which hours were recorded, which the cloud knows, and the sum's first value."""
    steps = draw(rises)
    counter = [draw(st.floats(0, 50_000))]
    for step in steps:
        counter.append(counter[-1] + step)
    hours = len(steps)
    recorded = draw(st.lists(st.booleans(), min_size=hours, max_size=hours).filter(any))
    known = draw(st.lists(st.booleans(), min_size=hours + 1, max_size=hours + 1))
    return counter, recorded, known, draw(st.floats(0, 14))


@given(homes())
def test_whatever_is_missing_no_hour_is_negative_and_the_whole_is_right(
    home: tuple[list[float], list[bool], list[bool], float],
) -> None:
    counter, recorded, known, first_sum = home
    hours = [hour for hour, there in enumerate(recorded) if there]
    rows = [row(hour, counter[hour + 1], first_sum + counter[hour + 1] - counter[hours[0] + 1]) for hour in hours]
    values = {T + hour * HOUR: value for hour, value in enumerate(counter) if known[hour]}
    after = run(values, rows)
    assert min(changes(after)) >= -1e-6
    for before, later in pairwise(after):
        assert (later.sum or 0) - (before.sum or 0) == pytest.approx(
            (later.state or 0) - (before.state or 0), rel=1e-6, abs=2e-3
        )
    recorded_now = [each for each in after if each.start in {item.start for item in rows}]
    for old, new in zip(rows, recorded_now, strict=True):
        assert new.state == old.state


@given(homes(), st.integers(0, 60))
def test_undo_brings_every_row_back(home: tuple[list[float], list[bool], list[bool], float], count: int) -> None:
    """Also after a second import, and with rows that were recorded in between."""
    counter, recorded, known, first_sum = home
    hours = [hour for hour, there in enumerate(recorded) if there]
    every = [row(hour, counter[hour + 1], first_sum + counter[hour + 1] - counter[hours[0] + 1]) for hour in hours]
    place = 1 + count % len(every)
    rows, later = every[:place], every[place:]
    until = rows[-1].start + HOUR
    values = {T + hour * HOUR: value for hour, value in enumerate(counter) if known[hour]}
    half = {moment: value for moment, value in values.items() if moment > T + len(known) // 2 * HOUR}
    first = Saved.from_dict(saved(rows, rows[-1], until, None, counter=True).as_dict())
    plan = CounterPlanner(half, T, until, limit).plan(rows[0], rows)
    now = carried_out(rows, plan)
    # Home Assistant goes on from the newest sum.
    now += [each._replace(sum=(each.sum or 0.0) + plan.shift) for each in later]
    second = saved(now, now[-1], every[-1].start + HOUR, first, counter=True)
    plan = CounterPlanner(values, T, second.until, limit).plan(now[0], now)
    now = carried_out(now, plan)
    undo = plan_undo(second, now, now[-1])
    left = [each._replace(sum=(each.sum or 0.0) - undo.shift) for each in now if each.start not in undo.delete]
    exact = {each.start: each for each in undo.rows}
    left = [exact.get(each.start, each) for each in left]
    assert [each.start for each in left] == [each.start for each in every]
    for old, new in zip(every, left, strict=True):
        assert new.sum == pytest.approx(old.sum, abs=1e-6)
    for old, new in zip(rows, left[:place], strict=True):
        assert new == old


def test_undo_where_only_minutes_were_recorded() -> None:
    """Nothing but five minutes was there: the difference of sum and counter tells by how much rows have moved."""
    latest = row(5, 100, 0.25)
    before = saved([], latest, T + 5 * HOUR, None, counter=True)
    assert (before.spans, before.rows, before.offset) == ((), (), -99.75)
    now = [row(4, 99, 9), row(5, 101, 11.25)]
    undo = plan_undo(before, now, row(6, 101, 11.25))
    assert (undo.delete, undo.shift, undo.rows) == ((now[0].start,), 10.0, ())
    assert plan_undo(before, [now[0]], row(6, 101, 11.25)).shift == 10.0
    assert plan_undo(before, [], None).shift == 0.0


def test_of_means_only_the_hours_are_remembered() -> None:
    rows = [row(hour, None, None) for hour in (0, 1, 2, 5, 9)]
    before = saved(rows, None, T + 7 * HOUR, None, counter=False)
    assert before.rows == ()
    assert before.spans == ((T, T + 2 * HOUR), (T + 5 * HOUR, T + 5 * HOUR))
    now = [row(hour, None, None) for hour in range(10)]
    assert plan_undo(before, now, None).delete == tuple(T + hour * HOUR for hour in (3, 4, 6))


def test_a_summary_tells_what_was_left_out() -> None:
    device = DeviceJob(first_day=date(2026, 7, 1), next_day=date(2026, 6, 30), last_day=date(2026, 7, 3))
    device.skipped, device.failed = 2, 1
    said = message_of(Job(start=0, end=1, devices={"one": device}, cancelled=True), {"one": "Barn"})
    assert "The import was canceled." in said
    assert "Barn: 0 rows from 3 of 3 days; 1 day could not be read; 2 missing hours left out because" in said
