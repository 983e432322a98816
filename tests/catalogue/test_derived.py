"""Derived values are as specified, and share an entity with a field where the specification says so."""

import pytest

from custom_components.atess.catalogue import (
    ACCOUNT,
    DERIVED,
    FIELDS,
    PLANT,
    Definition,
    Derived,
    Meaning,
    Presence,
    definitions,
    find_field,
)
from custom_components.atess.enerclo.model import Kind

from .tables import Row, table

ROWS = table("derived")
ADDED = {
    *("grid_present", "generator_running", "battery_charging", "battery_discharging"),
    *("unaccounted_energy_by_counters", "unaccounted_energy_by_powers"),
    *(item.key for items in DERIVED.values() for item in items if item.key.endswith("_energy_computed")),
}


def as_row(definition: Definition) -> Row:
    """Return a definition in the form of the specification's table, without kinds."""
    return {
        "key": definition.key,
        "name": definition.name,
        "platform": definition.platform,
        "unit": definition.quantity.unit or "",
        "device_class": definition.quantity.device_class or "",
        "state_class": definition.quantity.state_class or "",
        "category": definition.category or "",
        "enabled": "yes" if definition.enabled else "no",
        "precision": "" if definition.precision is None else str(definition.precision),
    }


@pytest.mark.parametrize("kind", Kind)
def test_every_derived_value_is_as_specified(kind: Kind) -> None:
    expected = {}
    for row in ROWS:
        if kind not in row["kinds"].split(","):
            continue
        plain = {column: cell for column, cell in row.items() if column not in {"kinds", "enabled_on"}}
        if kind in row["enabled_on"].split(","):
            plain["enabled"] = "yes"
        own = next((field for field in FIELDS[kind] if field.key == row["key"]), None)
        if row["key"] == "battery_current" and own is not None:
            plain["enabled"] = "yes" if own.enabled else "no"
        expected[row["key"]] = plain
    actual = {item.key: as_row(item) for item in DERIVED[kind] if item.key not in ADDED}
    assert actual == expected


@pytest.mark.parametrize("kind", Kind)
def test_a_derived_value_defines_the_entity_that_it_shares_with_a_field(kind: Kind) -> None:
    merged = definitions(kind)
    for item in DERIVED[kind]:
        assert merged[item.key] is item
    for field in FIELDS[kind]:
        if not field.has_entity:
            continue
        definition = merged[field.key]
        assert isinstance(definition, Derived) or definition in FIELDS[kind]
        assert definition.quantity == field.quantity
        if field.key != "last_data":
            assert (definition.show, definition.name) == (field.show, field.name)


def test_shared_entities() -> None:
    shared = {
        kind: {field.member for field in FIELDS[kind]} & {"loadActivePower", "capacity", "soc", "lost", "ibat", "cbat"}
        for kind in Kind
    }
    keys = {
        "loadActivePower": "load_power",
        "lost": "online",
        "ibat": "battery_current",
        "cbat": "battery_current",
    }
    for kind, members in shared.items():
        batteries = kind in {Kind.BCU, Kind.MBMS}
        charge = {"soc": "battery_state_of_charge", "capacity": "reported_state_of_charge"}
        reported = {"capacity": "battery_state_of_charge", "soc": "reported_state_of_charge"}
        for member in members:
            field = find_field(kind, member)
            assert field is not None
            assert field.key == {**keys, **(charge if batteries else reported)}[member]


@pytest.mark.parametrize("kind", [Kind.BCU, Kind.MBMS])
def test_last_data_is_the_documented_row(kind: Kind) -> None:
    last = definitions(kind)["last_data"]
    assert (last.name, last.enabled, last.category) == ("Last data", False, "diagnostic")


def test_a_string_hps_shows_few_entities_by_default() -> None:
    fields = [field for field in FIELDS[Kind.HPS_STRING] if field.enabled]
    assert len(fields) == 25
    shown = {field.key for field in fields} | {item.key for item in DERIVED[Kind.HPS_STRING] if item.enabled}
    assert len(shown - ADDED) == 39
    assert all((field.presence, field.meaning) == (Presence.DOCUMENTED, Meaning.STRONG) for field in fields)


def test_lifetime_and_daily_values() -> None:
    merged = definitions(Kind.HPS_CENTRAL)
    assert merged["pv_energy_total"].lifetime
    assert merged["load_supply_time_total"].lifetime
    assert merged["pv_energy_today"].daily
    assert merged["self_consumption_today"].daily
    assert not merged["pv_energy_total"].daily
    assert not merged["pv_energy_today"].lifetime
    assert not merged["pv_power"].lifetime
    assert not merged["pv_power"].daily


def test_what_the_plant_sums_up_is_what_devices_report() -> None:
    for item in PLANT:
        twin = next(definitions(kind)[item.key] for kind in Kind if item.key in definitions(kind))
        assert (item.name, item.quantity, item.precision, item.show) == (
            twin.name,
            twin.quantity,
            twin.precision,
            twin.show,
        )
    assert len({item.key for item in PLANT}) == len(PLANT)
    assert [item.key for item in ACCOUNT] == ["cloud_reachable"]
