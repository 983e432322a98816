"""Which hours an outage has spoiled."""

from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.history.holes import HOUR, MOST, Hole, Holes

BEGIN = 1_784_030_400.0  # a full hour


def at(hours: float) -> float:
    return BEGIN + HOUR * hours


def hours_of(found: frozenset[int]) -> list[float]:
    return sorted((hour - BEGIN) / HOUR for hour in found)


def test_an_outage_spoils_the_hours_whose_end_it_hides() -> None:
    """From 2:11 to 8:20: no counter is known at the ends of 2 to 7; what lacks in the means of 8 too."""
    hole = Hole(at(2 + 11 / 60), at(8 + 20 / 60))
    assert hours_of(hole.dead_hours) == [2, 3, 4, 5, 6, 7]
    assert hours_of(hole.spoiled_hours) == [2, 3, 4, 5, 6, 7, 8]


def test_an_hour_that_was_really_recorded_is_not_spoiled() -> None:
    """The last sample came two minutes before its end, or the first one eight minutes after its beginning."""
    hole = Hole(at(2 + 58 / 60), at(4 + 8 / 60))
    assert hours_of(hole.dead_hours) == [3]
    assert hours_of(hole.spoiled_hours) == [3]


def test_a_hole_is_what_lasts_more_than_half_an_hour() -> None:
    holes = Holes()
    for minute in (0, 5, 10, 40, 71, 76):
        holes.take(BEGIN + 60 * minute)
    assert list(holes) == [Hole(BEGIN + 2400, BEGIN + 4260)]


def test_where_samples_are_rare_a_hole_is_longer() -> None:
    holes = Holes()
    for hour in (0, 1, 2, 4, 5, 8):
        holes.take(at(hour), expected=HOUR)
    assert list(holes) == [Hole(at(5), at(8))]


def test_holes_survive_a_restart_which_may_be_one() -> None:
    """What was stored last counts, as after a kill; a clock that was set back makes none."""
    holes = Holes()
    holes.take(at(0))
    holes = Holes(holes.dump())
    holes.take(at(3))
    holes.take(at(1))
    holes.take(at(1.1))
    assert list(Holes(holes.dump())) == [Hole(at(0), at(3))]


def test_a_hole_is_looked_at_so_often() -> None:
    holes = Holes()
    holes.take(at(0))
    holes.take(at(1))
    for look in range(3):
        [hole] = holes
        assert hole.tries == look
        holes.replace(hole, hole.looked_at(3))
    assert not list(holes)


def test_the_oldest_holes_are_forgotten() -> None:
    holes = Holes()
    for hour in range(MOST + 3):
        holes.take(at(hour))
    assert [hole.start for hole in holes] == [at(hour) for hour in range(2, MOST + 2)]
    holes.clear()
    assert not list(holes)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["last", "open", "start", "end", "tries"]), inner)
        ),
    )
)
def test_damaged_state_is_no_state(state: object) -> None:
    holes = Holes(state)  # type: ignore[arg-type]
    assert all(hole.start < hole.end for hole in holes)
    holes.take(at(0))


@given(st.floats(0, 100), st.floats(0.51, 100))
def test_law_a_dead_hour_ends_within_the_hole(start: float, length: float) -> None:
    hole = Hole(at(start), at(start + length))
    assert all(hole.start <= hour + HOUR - 600 and hour + HOUR <= hole.end for hour in hole.dead_hours)
    assert hole.dead_hours | hole.spoiled_hours <= frozenset(hole.hours)
