"""The catalogue says of every field what the specification says."""

import pytest

from custom_components.atess.catalogue import ACCOUNT, DERIVED, FIELDS, PLANT, Field, definitions, find_field
from custom_components.atess.enerclo.model import Kind

from .tables import DATA, Row, table

ROWS = table("fields")
NUMBER_OF_FIELDS = {
    Kind.HPS_STRING: 97,
    Kind.HPS_CENTRAL: 155,
    Kind.PCS: 122,
    Kind.PBD: 90,
    Kind.BCU: 41,
    Kind.MBMS: 41,
}
SECTIONS = {
    "5.1": "operating_state",
    "5.1a": "pbd_state",
    "5.2": "operating_mode",
    "5.3": "pbd_mode",
    "5.4": "battery_status",
    "5.7 batFlag": "battery_flow",
    "5.7 gridFlag": "grid_flow",
}


def as_row(kind: Kind, field: Field) -> Row:
    """Return a field of the catalogue in the form of the specification's table."""
    quantity = field.quantity
    sections = {name: section for section, name in SECTIONS.items()}
    return {
        "kind": kind.value,
        "member": field.member,
        "name": field.name,
        "platform": field.platform if field.has_entity else "none",
        "unit": quantity.unit or "",
        "device_class": quantity.device_class or "",
        "state_class": quantity.state_class or "",
        "category": field.category or "",
        "enabled": "yes" if field.enabled else "no",
        "precision": "" if field.precision is None else str(field.precision),
        "presence": field.presence.value,
        "meaning": field.meaning.value,
        "enumeration": sections[field.enumeration.name] if field.enumeration else "",
    }


@pytest.mark.parametrize("kind", Kind)
def test_every_field_is_as_specified(kind: Kind) -> None:
    expected = {row["member"]: row for row in ROWS if row["kind"] == kind}
    actual = {field.member: as_row(kind, field) for field in FIELDS[kind]}
    assert len(expected) == NUMBER_OF_FIELDS[kind]
    assert len(FIELDS[kind]) == NUMBER_OF_FIELDS[kind]
    assert actual == expected


@pytest.mark.parametrize("kind", Kind)
def test_one_entity_per_key_unless_meant(kind: Kind) -> None:
    members: dict[str, list[str]] = {}
    for field in FIELDS[kind]:
        members.setdefault(field.key, []).append(field.member)
    shared = {key: names for key, names in members.items() if len(names) > 1}
    assert shared == ({"last_data": ["updateTime", "time"]} if kind in {Kind.BCU, Kind.MBMS} else {})


@pytest.mark.parametrize("kind", Kind)
def test_keys_are_slugs_that_mean_one_thing(kind: Kind) -> None:
    for key, definition in definitions(kind).items():
        assert definition.key == key
        assert key.replace("_", "").isalnum()
        assert key == key.lower()
        for other in Kind:
            twin = definitions(other).get(key)
            assert twin is None or (twin.name, twin.platform) == (definition.name, definition.platform)
            assert twin is None or twin.quantity.unit == definition.quantity.unit


def test_members_without_an_entity() -> None:
    for kind in Kind:
        silent = {field.member for field in FIELDS[kind] if not field.has_entity}
        batteries = {"deviceSn", "dataLogSn", "firmwareVersion"}
        assert silent == (batteries if kind in {Kind.BCU, Kind.MBMS} else {"deviceSn"})
        assert not {"serial_number", "data_logger_serial_number", "firmware_version"} & set(definitions(kind))


@pytest.mark.parametrize(
    ("kind", "member", "found"),
    [
        (Kind.HPS_STRING, "epvToday", "epvToday"),
        (Kind.BCU, "cBat", "cbat"),
        (Kind.BCU, "vBat", "vbat"),
        (Kind.HPS_CENTRAL, "EPVTODAY", "epvToday"),
        (Kind.PCS, "powerGrid", "powerGird"),
        (Kind.PCS, "toPowerGrid", "toPowerGird"),
        (Kind.PBD, "pbdOutPower", "pbdOutPowe"),
        (Kind.PCS, "pbdOutPower", "pbdOutPower"),
    ],
)
def test_spellings(kind: Kind, member: str, found: str) -> None:
    field = find_field(kind, member)
    assert field in FIELDS[kind]
    assert field is not None
    assert field.member == found


def test_a_member_of_another_kind_means_the_same() -> None:
    capacity = find_field(Kind.HPS_STRING, "capacity")
    assert capacity is not None
    assert capacity.key == "battery_state_of_charge"
    word = find_field(Kind.HPS_STRING, "sysFaultWord5")
    assert word is not None
    assert definitions(Kind.HPS_STRING)[word.key] is word


@pytest.mark.parametrize("kind", Kind)
def test_own_fields_come_before_those_of_others(kind: Kind) -> None:
    for field in FIELDS[kind]:
        assert find_field(kind, field.member) is field


def test_a_member_that_nobody_knows() -> None:
    assert find_field(Kind.PCS, "somethingNew") is None


@pytest.mark.parametrize(
    ("kind", "member", "phase"),
    [
        (Kind.HPS_STRING, "gvpvu", 1),
        (Kind.HPS_STRING, "loadIw", 3),
        (Kind.HPS_CENTRAL, "gvpvuv", 1),
        (Kind.HPS_CENTRAL, "gvpvwu", 3),
        (Kind.HPS_STRING, "bypassFreq", None),
        (Kind.HPS_STRING, "ipva", None),
    ],
)
def test_phase(kind: Kind, member: str, phase: int | None) -> None:
    field = find_field(kind, member)
    assert field is not None
    assert field.phase == phase


def test_lost_is_the_inverse_of_online() -> None:
    inverted = {(kind, field.member) for kind in Kind for field in FIELDS[kind] if field.inverted}
    assert inverted == {(kind, "lost") for kind in Kind if kind is not Kind.HPS_STRING}


def test_released_keys_stay() -> None:
    """A key is part of unique ids: add new ones to tests/data/keys.txt, and never remove one that was released."""
    released = {tuple(line.split("\t")) for line in (DATA / "keys.txt").read_text("utf-8").splitlines()}
    assert released == current_keys()


def current_keys() -> set[tuple[str, str]]:
    """Return every kind and key that the catalogue itself gives to a kind, the plant or the account."""
    keys = {("plant", item.key) for item in PLANT} | {("account", item.key) for item in ACCOUNT}
    for kind in Kind:
        keys |= {(kind.value, item.key) for item in DERIVED[kind]}
        keys |= {(kind.value, field.key) for field in FIELDS[kind] if field.has_entity}
    return keys
