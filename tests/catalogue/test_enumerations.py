"""Codes have the meaning of the specification."""

import pytest

from custom_components.atess.catalogue import ENUMERATIONS, FIELDS, Enumeration
from custom_components.atess.catalogue.enumerations import (
    BASE_INFO_STATUS,
    BATTERY_STATUS,
    OPERATING_STATE,
    PBD_STATE,
)
from custom_components.atess.enerclo.model import Kind

from .tables import table

ROWS = table("enumerations")
SECTIONS = {
    "operating_state": "5.1",
    "pbd_state": "5.1a",
    "operating_mode": "5.2",
    "pbd_mode": "5.3",
    "battery_status": "5.4",
    "base_info_status": "5.5",
    "mode_setting": "5.6",
    "battery_flow": "5.7 batFlag",
    "grid_flow": "5.7 gridFlag",
    "ems_direction": "5.7 EMS direction",
    "frequency_shift": "5.7 frequency shift",
}


def test_every_section_has_its_enumeration() -> None:
    assert [SECTIONS[enumeration.name] for enumeration in ENUMERATIONS] == list(dict.fromkeys(SECTIONS.values()))
    assert {row["section"] for row in ROWS} == set(SECTIONS.values())


@pytest.mark.parametrize("enumeration", ENUMERATIONS, ids=lambda item: item.name)
def test_every_code_is_as_specified(enumeration: Enumeration) -> None:
    expected = [
        (row["code"], row["key"], row["label"])
        for row in ROWS
        if row["section"] == SECTIONS[enumeration.name] and row["code"] != "other"
    ]
    assert [(str(choice.code), choice.key, choice.label) for choice in enumeration.choices] == expected
    assert len({choice.code for choice in enumeration.choices}) == len(expected)
    for code, key, _ in expected:
        assert enumeration.key(int(code)) == key
    assert set(enumeration.options) == {key for _, key, _ in expected}
    assert len(enumeration.options) == len(set(enumeration.options))


@pytest.mark.parametrize(
    ("enumeration", "code", "key"),
    [
        (OPERATING_STATE, -1, "lost"),
        (OPERATING_STATE, 9, None),
        (OPERATING_STATE, 512, None),
        (PBD_STATE, 5, None),
        (BATTERY_STATUS, 4, "charging"),
        (BATTERY_STATUS, 1024, "charging"),
        (BATTERY_STATUS, 6, None),
        (BATTERY_STATUS, 254, None),
        (BATTERY_STATUS, 65535, None),
        (BASE_INFO_STATUS, 7, "disconnected"),
        (BASE_INFO_STATUS, 1, "online"),
    ],
)
def test_codes_outside_the_plain_table(enumeration: Enumeration, code: int, key: str | None) -> None:
    assert enumeration.key(code) == key


def test_fields_offer_the_options_of_their_enumeration() -> None:
    for kind in Kind:
        for field in FIELDS[kind]:
            assert field.options == (field.enumeration.options if field.enumeration else None)
