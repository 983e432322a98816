"""Objects and lists in the forms that a cloud may choose."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import MalformedAnswerError, NoDataError
from custom_components.atess.enerclo.shapes import (
    Page,
    find_member,
    has_value,
    members_of,
    page_of,
    serial_of,
    whole_number,
)

ROWS = [{"deviceSn": "A"}, {"deviceSn": "B"}]


@pytest.mark.parametrize("value", [None, {}, [], "", "  ", {"a": None}, [None, {}], {"a": {"b": ["", None]}}, [[]]])
def test_without_value(value: Any) -> None:
    assert not has_value(value)
    with pytest.raises(NoDataError):
        members_of(value)


@pytest.mark.parametrize("value", [0, False, 0.0, "x", {"a": 0}, [[False]]])
def test_with_value(value: Any) -> None:
    assert has_value(value)


@pytest.mark.parametrize(
    "data",
    [
        {"deviceSn": "A", "soc": 0},
        [{"deviceSn": "A", "soc": 0}],
        {"data": {"deviceSn": "A", "soc": 0}},
        {"datas": [{"deviceSn": "A", "soc": 0}], "total": 1, "pageNo": 1, "pageSize": 10, "offset": 0},
        {"Records": [{"deviceSn": "A", "soc": 0}], "Total": 1},
        {"data": {"page": [{"deviceSn": "A", "soc": 0}]}},
    ],
)
def test_an_object_in_any_form(data: Any) -> None:
    assert members_of(data) == {"deviceSn": "A", "soc": 0}


def test_members_that_hold_lists_stay_members() -> None:
    for data in ({"soc": 5, "list": [{"a": 1}]}, {"cells": [{"a": 1}]}):
        assert members_of(data) == data


@pytest.mark.parametrize("name", ["deviceSn", "DeviceSN"])
def test_an_echoed_serial_number_is_no_data(name: str) -> None:
    with pytest.raises(NoDataError):
        members_of({name: "A", "soc": None})


@pytest.mark.parametrize(
    ("data", "says"), [([{"soc": 1}, {"soc": 2}], "a list of 2"), ("x", "a text"), (5, "a number"), ([5], "a number")]
)
def test_no_object(data: Any, says: str) -> None:
    with pytest.raises(MalformedAnswerError, match=f"data is {says}, not an object"):
        members_of(data)


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        *({name: ROWS} for name in ("datas", "list", "rows", "records", "Records", "LIST")),
        {"data": ROWS},
        {"data": {"rows": ROWS}},
        {"data": {"data": {"list": ROWS}}},
        {"page": {"records": ROWS, "current": 1, "size": 10, "total": 2, "pages": 1}},
        {"result": {"list": ROWS, "total": 2}, "pageNum": 1},
        {"whatever": {"rows": ROWS}},
        {"traceId": "x", "data": ROWS},
    ],
)
def test_a_list_in_any_form(data: Any) -> None:
    assert page_of(data).rows == ROWS


@pytest.mark.parametrize(
    "data", [{"deviceSn": "A"}, {"data": {"deviceSn": "A"}}, {"datas": {"deviceSn": "A"}}, {"plantId": 7, "list": []}]
)
def test_one_object_is_a_list_of_one(data: Any) -> None:
    [row] = page_of(data).rows
    assert row in ({"deviceSn": "A"}, data)


@pytest.mark.parametrize("data", [[], {"datas": None, "total": 0}, {"total": 0}, {"records": []}, {"data": []}])
def test_an_empty_list(data: Any) -> None:
    assert page_of(data).rows == []


def test_counts_of_a_page() -> None:
    plain = page_of([1, 2])
    assert (plain.rows, plain.total, plain.size, plain.paged) == ([1, 2], None, None, False)
    paged = page_of({"datas": [1], "total": "31", "pageSize": 10, "pageNo": 1, "offset": 0})
    assert (paged.rows, paged.total, paged.size, paged.paged) == ([1], 31, 10, True)
    helper = page_of({"list": [1], "total": 31, "pageSize": 10, "size": 1})
    assert (helper.total, helper.size) == (31, 10)
    outer = page_of({"total": 31, "data": {"rows": [1]}})
    assert (outer.rows, outer.total) == ([1], 31)


@pytest.mark.parametrize(("data", "says"), [({"datas": "x"}, "an object"), ("x", "a text"), (True, "a boolean")])
def test_no_list(data: Any, says: str) -> None:
    with pytest.raises(MalformedAnswerError, match=says):
        page_of(data)


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), (" -5 ", -5), (5.0, 5), (5.5, None), (True, None), ("٣", None), ("1_0", None), (None, None)],
)
def test_whole_number(value: Any, number: int | None) -> None:
    assert whole_number(value) == number


def test_members_by_name() -> None:
    assert find_member({"DATA": 1, "data": None}, "data") == 1
    assert find_member({"DATA": 1, "data": 2}, "data") == 2
    assert find_member({"a": " "}, "a", "b") is None


@pytest.mark.parametrize(
    ("row", "serial"),
    [
        ({"deviceSn": " A1 "}, "A1"),
        ({"DeviceSN": "A1", "sn": "B"}, "A1"),
        ({"deviceSn": "", "serialnum": "A1"}, "A1"),
        ({"SN": 4711}, "4711"),
        ({"sn": True}, None),
        ({"deviceSn": ["A"]}, None),
        ({}, None),
    ],
)
def test_serial_number_of_a_row(row: Any, serial: str | None) -> None:
    assert serial_of(row) == serial


NAMES = st.sampled_from(["data", "datas", "list", "page", "total", "deviceSn", "x", "Records"]) | st.text(max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(NAMES, children, max_size=4),
    max_leaves=25,
)


@given(JSON)
def test_anything_gives_rows_and_members_or_an_error_of_ours(data: Any) -> None:
    for decode in (members_of, page_of):
        with suppress(MalformedAnswerError, NoDataError):
            assert isinstance(decode(data), dict | Page)


@given(JSON)
def test_a_wrapped_list_holds_the_same_rows(data: Any) -> None:
    rows = [{"deviceSn": "A", "x": data}, {"deviceSn": "B"}]
    for wrapped in ({"data": rows}, {"data": {"page": {"records": rows, "total": 2}}}, {"list": rows}):
        assert page_of(wrapped).rows == rows
