"""Periods are understood in any plausible form, and written in the form they came in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.settings import Period, parse_period
from custom_components.atess.settings.periods import Form


@pytest.mark.parametrize(
    "text",
    [
        "06:00-10:00",
        "6:00-10:00",
        "06:00 - 10:00",
        "06:00~10:00",
        "06:00 ~ 10:00",
        "06:00:00-10:00:00",
        "0600-1000",
        "06.00-10.00",
        "06h00-10h00",
        "06:00,10:00",
        "06:00_10:00",
        "06:00/10:00",
        "06:00 to 10:00",
        "06:00–10:00",
    ],
)
def test_plausible_forms(text: str) -> None:
    period = parse_period(text)
    assert period is not None
    assert (period.start, period.end) == (360, 600)
    assert period.text == text


FORMS = st.builds(
    Form,
    colon=st.sampled_from([":", ".", "h", ""]),
    separator=st.sampled_from(["-", " - ", "~", " ~ ", ",", "_", " to ", "–"]),
    padded=st.just(value=True),
    seconds=st.booleans(),
)


@given(start=st.integers(0, 1440), end=st.integers(0, 1440), form=FORMS)
def test_what_is_written_reads_the_same(start: int, end: int, form: Form) -> None:
    period = Period(start=start, end=end, form=form)
    assert parse_period(period.text) == period


@given(st.text(max_size=60) | st.integers() | st.none() | st.lists(st.integers()))
def test_nothing_raises(value: object) -> None:
    period = parse_period(value)  # type: ignore[arg-type]
    assert period is None or period.text == str(value).strip()


@pytest.mark.parametrize(
    "value", ["", "0", "25:00-26:00", "06:60-07:00", "24:01-25:00", "06:00", "06:00-10:00:00", "06:00:30-10:00:30", 7]
)
def test_what_is_no_period(value: object) -> None:
    assert parse_period(value) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("06:00-10:00", "10:00-12:00", False),
        ("06:00-10:00", "09:59-12:00", True),
        ("22:00-06:00", "05:00-07:00", True),
        ("22:00-06:00", "06:00-22:00", False),
        ("22:00-06:00", "23:00-01:00", True),
        ("00:00-00:00", "00:00-24:00", False),
        ("00:00-24:00", "12:00-12:01", True),
        ("12:00-12:00", "00:00-24:00", False),
        ("18:00-00:00", "00:00-06:00", False),
    ],
)
def test_overlaps(one: str, other: str, overlap: bool) -> None:
    first, second = parse_period(one), parse_period(other)
    assert first is not None
    assert second is not None
    assert first.overlaps(second) is second.overlaps(first) is overlap
