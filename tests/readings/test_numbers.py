"""G1: what counts as a number, a flag or a code."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json
from custom_components.atess.readings.numbers import (
    has_decimal_commas,
    number_in,
    parse_code,
    parse_flag,
    parse_number,
    parse_quantity,
    plain,
)


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
    ("sent", "unit", "expected"),
    [
        ("2.5kW", "kW", 2.5),
        ("2.5 kW", "kW", 2.5),
        ("2.5 KW ", "kW", 2.5),
        ("-0,8 kW", "kW", -0.8),
        ("\u22120,8", "kW", -0.8),
        ("12,3 %", "%", 12.3),
        ("1 234,5 kWh", "kWh", 1234.5),
        ("1\u202f234\u202f567", "kWh", 1234567.0),
        ("1.234,5", "kWh", 1234.5),
        ("1,234.5 kWh", "kWh", 1234.5),
        ("1,234,567", "kWh", 1234567.0),
        ("25,4\u2103", "°C", 25.4),
        ("0,125", "kW", 0.125),
        ("1234,567", "kWh", 1234.567),
        ("12.5", None, 12.5),
        ("1e3", "kW", 1000.0),
        ("1.", "kW", 1.0),
        (7, "kW", 7.0),
        ("4.054", "kW", 4.054),
        # thousands or decimals?
        ("4,054", "kW", None),
        ("4,054 kW", "kW", None),
        ("2500W", "kW", None),
        ("2.5kWh", "kW", None),
        ("2.5kW", None, None),
        ("2.5kW 3", "kW", None),
        ("2.5.1", "kW", None),
        ("12 3", "kW", None),
        ("1,2,3", "kW", None),
        ("0 123", "kW", None),
        ("12.34,5", "kW", None),
        ("1e3 kW", "kW", None),
        ("5\u00b2", "kW", None),
        ("kW", "kW", None),
        ("about 2.5", "kW", None),
        ("-", "kW", None),
        (",", "kW", None),
        (True, "kW", None),
        ("9" * 41, "kW", None),
        ([2.5], "kW", None),
    ],
)
def test_formatted_numbers(sent: Json, unit: str | None, expected: float | None) -> None:
    assert parse_quantity(sent, unit) == expected


@pytest.mark.parametrize(
    ("sent", "comma_decimal", "below_1000", "expected"),
    [
        ("4,054", True, False, 4.054),
        ("4,054", False, True, 4.054),
        ("4.054", True, False, None),
        ("4.054", True, True, 4.054),
        ("4.05", True, False, 4.05),
        (4.054, True, False, 4.054),
    ],
)
def test_three_digits_after_a_separator(
    sent: Json, comma_decimal: bool, below_1000: bool, expected: float | None
) -> None:
    assert parse_quantity(sent, "V", comma_decimal=comma_decimal, below_1000=below_1000) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["4,054", "12,5"], True),
        (["1 234,5"], True),
        (["1.234,5"], True),
        (["4,054"], False),
        (["4,054", "1,234.5", "12,5"], False),
        (["1,2,3", "a,5", "12.5", 3.5, None], False),
    ],
)
def test_decimal_commas(values: list[Json], expected: bool) -> None:
    assert has_decimal_commas(values) is expected


@given(
    st.integers(-(10**9), 10**9),
    st.integers(0, 3),
    st.sampled_from([(",", ".", False), (".", ",", True), (" ", ",", True), ("", ",", True), ("", ".", False)]),
    st.sampled_from(["", "kW", " kW"]),
)
def test_a_formatted_number_is_read_as_it_was_meant_or_not(
    thousandths: int, digits: int, style: tuple[str, str, bool], unit: str
) -> None:
    value = round(thousandths / 1000, digits)
    group, point, comma_decimal = style
    text = f"{value:,.{digits}f}".translate({ord(","): group, ord("."): point}) + unit
    for evidence in {comma_decimal, False} if point == "," and group != "." else {comma_decimal}:
        assert parse_quantity(text, "kW", comma_decimal=evidence) in {value, None}


@given(st.text() | st.from_regex(r"[-+]?[\d., ]{1,12}( ?kW)?", fullmatch=True), st.booleans(), st.booleans())
def test_any_text_is_a_finite_number_or_none(sent: str, comma_decimal: bool, below_1000: bool) -> None:
    number = parse_quantity(sent, "kW", comma_decimal=comma_decimal, below_1000=below_1000)
    assert number is None or math.isfinite(number)
    has_decimal_commas([sent])


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


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("32.5 °C", 32.5),
        ("max: 3.436V", 3.436),
        ("none", None),
        (31, 31.0),
        ("32,5 °C", 32.5),
        (".5 V", 0.5),
        ("3,436V", None),
    ],
)
def test_numbers_in_formatted_texts(sent: Json, expected: float | None) -> None:
    assert number_in(sent) == expected


def test_plain_numbers_keep_whole() -> None:
    assert isinstance(plain(3.0), int)
    assert plain(3.5) == 3.5
