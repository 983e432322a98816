"""Fault words and the cloud's codes are decoded as specified."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.catalogue import FAULTS, Fault, fault_by_code, faults_in
from custom_components.atess.enerclo.model import Kind

from .tables import Row, table

ROWS = table("faults")
TABLES = {
    Kind.HPS_STRING: "inverter",
    Kind.HPS_CENTRAL: "inverter",
    Kind.PCS: "inverter",
    Kind.PBD: "pbd",
    Kind.BCU: "",
    Kind.MBMS: "",
}
WORDS = {"inverter": 8, "pbd": 6, "": 0}


def as_row(kind: Kind, fault: Fault) -> Row:
    """Return a fault in the form of the specification's table."""
    return {
        "table": TABLES[kind],
        "word": str(fault.word),
        "bit": str(fault.bit),
        "key": fault.key,
        "label": fault.label,
        "severity": fault.severity.value,
        "code": fault.code,
        "mask": str(fault.mask),
    }


@pytest.mark.parametrize("kind", Kind)
def test_every_fault_is_as_specified(kind: Kind) -> None:
    expected = [row for row in ROWS if row["table"] == TABLES[kind]]
    assert [as_row(kind, fault) for fault in FAULTS[kind]] == expected
    assert len({row["key"] for row in expected}) == len(expected)
    assert {int(row["word"]) for row in expected} == set(range(1, WORDS[TABLES[kind]] + 1))


@pytest.mark.parametrize("kind", Kind)
def test_each_bit_gives_its_fault_and_each_code_the_same(kind: Kind) -> None:
    for row in ROWS:
        if row["table"] == TABLES[kind]:
            (fault,) = faults_in(kind, int(row["word"]), int(row["mask"]))
            assert as_row(kind, fault) == row
            assert fault_by_code(kind, row["code"]) is fault
            assert not fault.reserved


def test_a_key_has_one_text() -> None:
    labels: dict[str, set[str]] = {}
    for row in ROWS:
        labels.setdefault(row["key"], set()).add(row["label"])
    assert all(len(texts) == 1 for texts in labels.values())


@pytest.mark.parametrize(
    ("kind", "word", "value", "codes"),
    [
        (Kind.HPS_CENTRAL, 5, 1024, ["5-110-2"]),
        (Kind.HPS_CENTRAL, 6, 32, ["6-113-5"]),
        (Kind.PCS, 2, 10240, ["2-104-3", "2-104-5"]),
        (Kind.PCS, 3, 256, ["3-106-0"]),
        (Kind.PCS, 5, 16, ["5-111-4"]),
        (Kind.PBD, 3, 16 | 32, ["3-107-4", "3-107-5"]),
        (Kind.PBD, 6, 1 | 2 | 4, ["6-113-0", "6-113-1", "6-113-2"]),
        (Kind.PCS, 1, 0, []),
    ],
)
def test_worked_examples(kind: Kind, word: int, value: int, codes: list[str]) -> None:
    assert [fault.code for fault in faults_in(kind, word, value)] == codes


@pytest.mark.parametrize(
    ("kind", "code", "key"),
    [
        (Kind.HPS_STRING, "6-113-5", "battery_undervoltage_fault"),
        (Kind.HPS_CENTRAL, "5-110-2", "lcd_emergency_stop"),
        (Kind.PBD, "6-113-2", "dc5_surge_protector_fault"),
        (Kind.PCS, " 5-111-4 ", "ac_surge_protector_fault"),
    ],
)
def test_codes_of_alarms(kind: Kind, code: str, key: str) -> None:
    fault = fault_by_code(kind, code)
    assert fault is not None
    assert fault.key == key


@pytest.mark.parametrize("code", ["", "35", "5-110", "5-112-2", "5-110-8", "0-100-1", "5-110-2-1", "x-y-z", "٥-110-2"])
def test_texts_that_are_no_code(code: str) -> None:
    assert fault_by_code(Kind.PCS, code) is None


@pytest.mark.parametrize(
    "find", [lambda: faults_in(Kind.HPS_CENTRAL, 1, 2)[0], lambda: fault_by_code(Kind.HPS_CENTRAL, "1-103-1")]
)
def test_a_bit_without_a_row_is_a_reserved_warning(find: Callable[[], Fault]) -> None:
    fault = find()
    assert (fault.key, fault.severity.value, fault.reserved) == ("reserved_1_9", "warning", True)


@given(kind=st.sampled_from(Kind), word=st.integers(1, 9), value=st.integers(0, 0xFFFF))
def test_masks_of_the_faults_add_up_to_the_word(kind: Kind, word: int, value: int) -> None:
    faults = faults_in(kind, word, value)
    assert sum(fault.mask for fault in faults) == value
    assert [fault_by_code(kind, fault.code) for fault in faults] == list(faults)


@given(kind=st.sampled_from(Kind), code=st.text(max_size=20))
def test_any_text_is_a_code_or_none(kind: Kind, code: str) -> None:
    fault = fault_by_code(kind, code)
    assert fault is None or fault.code == code.strip()
