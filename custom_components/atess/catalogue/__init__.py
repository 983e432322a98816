"""List the fields of each kind of device as data: one line per field."""

from collections.abc import Mapping

from ..enerclo.model import Kind
from .definition import Definition, Derived, Enumeration, Field, Meaning, Option, Platform, Presence, Show, slug
from .derived import ACCOUNT, DERIVED, PLANT
from .enumerations import ENUMERATIONS
from .faults import FAULTS, Fault, Severity, fault_by_code, faults_in
from .kinds import bcu, hps_central, hps_string, mbms, pbd, pcs
from .models import MODELS, MODELS_BY_CODE, Model, model_in, nominal_power, nominal_power_in
from .quantities import Quantity

__all__ = [
    "ACCOUNT",
    "DERIVED",
    "ENUMERATIONS",
    "FAULTS",
    "FIELDS",
    "IGNORED_MEMBERS",
    "MODELS",
    "MODELS_BY_CODE",
    "PLANT",
    "Definition",
    "Derived",
    "Enumeration",
    "Fault",
    "Field",
    "Meaning",
    "Model",
    "Option",
    "Platform",
    "Presence",
    "Quantity",
    "Severity",
    "Show",
    "definitions",
    "fault_by_code",
    "faults_in",
    "find_field",
    "model_in",
    "nominal_power",
    "nominal_power_in",
    "slug",
]

FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.HPS_STRING: hps_string.FIELDS,
    Kind.HPS_CENTRAL: hps_central.FIELDS,
    Kind.PCS: pcs.FIELDS,
    Kind.PBD: pbd.FIELDS,
    Kind.BCU: bcu.FIELDS,
    Kind.MBMS: mbms.FIELDS,
}

IGNORED_MEMBERS = frozenset(
    {
        "again",
        "alias",
        "calendar",
        "day",
        "hpsBean",
        "id",
        "pbdBean",
        "pcsBean",
        "serialNum",
        "statusLang",
        "statusText",
        "withTime",
    }
)

_KIN: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.HPS_STRING: (Kind.HPS_CENTRAL, Kind.PCS, Kind.PBD, Kind.MBMS, Kind.BCU),
    Kind.HPS_CENTRAL: (Kind.HPS_STRING, Kind.PCS, Kind.PBD, Kind.MBMS, Kind.BCU),
    Kind.PCS: (Kind.HPS_CENTRAL, Kind.HPS_STRING, Kind.PBD, Kind.MBMS, Kind.BCU),
    Kind.PBD: (Kind.PCS, Kind.HPS_CENTRAL, Kind.HPS_STRING, Kind.MBMS, Kind.BCU),
    Kind.BCU: (Kind.MBMS, Kind.HPS_CENTRAL, Kind.HPS_STRING, Kind.PCS, Kind.PBD),
    Kind.MBMS: (Kind.BCU, Kind.HPS_CENTRAL, Kind.HPS_STRING, Kind.PCS, Kind.PBD),
}


def _by_member(kind: Kind) -> Mapping[str, Field]:
    """Return every field by member, alias and their lower-case forms; a kind's own come before those of its kin."""
    found: dict[str, Field] = {}
    for fields in (FIELDS[kind], *(FIELDS[kin] for kin in _KIN[kind])):
        for field in fields:
            found.setdefault(field.member, field)
        for field in fields:
            for alias in field.aliases:
                found.setdefault(alias, field)
        for field in fields:
            for name in (field.member, *field.aliases):
                found.setdefault(name.lower(), field)
    return found


def _by_key(kind: Kind) -> Mapping[str, Definition]:
    """Return every entity by key: derived values over fields, a kind's own over those of its kin."""
    found: dict[str, Definition] = {derived.key: derived for derived in DERIVED[kind]}
    for fields in (FIELDS[kind], *(FIELDS[kin] for kin in _KIN[kind])):
        for field in fields:
            if field.has_entity:
                found.setdefault(field.key, field)
    return found


_BY_MEMBER: Mapping[Kind, Mapping[str, Field]] = {kind: _by_member(kind) for kind in Kind}
_BY_KEY: Mapping[Kind, Mapping[str, Definition]] = {kind: _by_key(kind) for kind in Kind}


def definitions(kind: Kind) -> Mapping[str, Definition]:
    """Return every entity that a device of this kind can have, by key.

    A member of another kind means the same here, so the fields of its kin follow its own; like candidates they become
    entities only once the cloud has sent them.
    """
    return _BY_KEY[kind]


def find_field(kind: Kind, member: str) -> Field | None:
    """Return the field of a member as sent: exact, by an accepted spelling, then without regard to case.

    The kind's own fields come first, then those of its kin. None: the catalogue does not know the member.
    """
    fields = _BY_MEMBER[kind]
    return fields.get(member) or fields.get(member.lower())
