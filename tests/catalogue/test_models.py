"""Models are as specified, and their names tell their power."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.catalogue import IGNORED_MEMBERS, MODELS, MODELS_BY_CODE, find_field, nominal_power
from custom_components.atess.enerclo.model import Kind

from .tables import table


def test_every_model_is_as_specified() -> None:
    rows = [(int(row["code"]), row["name"], row["kind"], float(row["kw"])) for row in table("models")]
    assert [(model.code, model.name, model.kind.value, model.nominal_power) for model in MODELS] == rows
    assert len(MODELS_BY_CODE) == len(rows) == 45


def test_the_name_of_every_model_tells_its_power() -> None:
    for model in MODELS:
        assert nominal_power(model.name) == model.nominal_power


@pytest.mark.parametrize(
    ("text", "power"),
    [
        ("HPS100HV", 100),
        ("HPS150HV", 150),
        ("ATESS HPS10KTL-S", 10),
        ("hps 7500tl", 7.5),
        ("ATESS-PCS 630", 630),
        ("PBD_250", 250),
        ("PCS1000", 1000),
        ("MBMS", None),
        ("HPS", None),
        ("HPS000", None),
        ("HPS1234567", None),
        ("XHPS30", None),
        ("", None),
    ],
)
def test_names_that_no_table_holds(text: str, power: float | None) -> None:
    assert nominal_power(text) == power


@given(st.one_of(st.text(), st.from_regex(r"(HPS|PCS|PBD)\d{0,6}\w*")))
def test_any_text_gives_a_sensible_power_or_none(text: str) -> None:
    power = nominal_power(text)
    assert power is None or 0 < power < 100_000


def test_ignored_members_are_no_fields() -> None:
    assert {"id", "alias", "serialNum", "hpsBean"} <= IGNORED_MEMBERS
    assert len(IGNORED_MEMBERS) == 12
    assert all(find_field(kind, member) is None for kind in Kind for member in IGNORED_MEMBERS)
