"""G1: what counts as a number, a flag or a code."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json
from custom_components.atess.readings.numbers import number_in, parse_code, parse_flag, parse_number, plain


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (1.899999976158142, 1.9),
        (49.97999954223633, 49.98),
        ("12.5", 12.5),
        (" 12.5 ", 12.5),
        ("-3", -3.0),
        ("+.5", 0.5),
        ("1e3", 1000.0),
        (7, 7.0),
        ("--", None),
        ("", None),
        ("  ", None),
        (None, None),
        (True, None),
        (False, None),
        ("nan", None),
        ("inf", None),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        ("1_000", None),
        ("١٢", None),
        ("12,5", None),
        ("0x10", None),
        ("1" * 400, None),
        (10**400, None),
        ("9e999", None),
        ([1], None),
        ({"value": 1}, None),
    ],
)
def test_numbers(sent: Json, expected: float | None) -> None:
    assert parse_number(sent) == expected


def test_no_negative_zero() -> None:
    assert math.copysign(1, parse_number(-0.0001) or 0.0) == 1


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_anything_is_a_finite_number_or_none(sent: Json) -> None:
    number = parse_number(sent)
    assert number is None or math.isfinite(number)
    parse_flag(sent)
    parse_code(sent)
    number_in(sent)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (0, False),
        (1, True),
        ("0", False),
        (" 1 ", True),
        ("True", True),
        ("false", False),
        (True, True),
        (False, False),
        (1.0, True),
        (2, None),
        ("yes", None),
        (None, None),
    ],
)
def test_flags(sent: Json, expected: bool | None) -> None:
    assert parse_flag(sent) is expected


@pytest.mark.parametrize(("sent", "expected"), [(4, 4), ("4", 4), (4.0, 4), (4.5, None), ("x", None), (-1, -1)])
def test_codes(sent: Json, expected: int | None) -> None:
    assert parse_code(sent) == expected


@pytest.mark.parametrize(("sent", "expected"), [("32.5 °C", 32.5), ("max: 3.436V", 3.436), ("none", None), (31, 31.0)])
def test_numbers_in_formatted_texts(sent: Json, expected: float | None) -> None:
    assert number_in(sent) == expected


def test_plain_numbers_keep_whole() -> None:
    assert isinstance(plain(3.0), int)
    assert plain(3.5) == 3.5
