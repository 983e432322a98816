"""From members as sent to numbers, states and texts by entity key, without judging whether they can be true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from ..catalogue import FIELDS, IGNORED_MEMBERS, Field, Quantity, find_field
from ..enerclo.model import Json, Kind
from .numbers import (
    LARGEST,
    has_decimal_commas,
    number_in,
    parse_code,
    parse_flag,
    parse_number,
    parse_quantity,
    plain,
)
from .reading import Value

UNKNOWN_LIMIT = 200
TEXT_LIMIT = 255

_IGNORED = frozenset(name.lower() for name in IGNORED_MEMBERS)
_NOTHING = frozenset({"", "--", "null"})
# Numbers with one of these texts are not there now, which is no fault.
_ABSENT = _NOTHING | {"-", "---", "n/a", "nan", "none"}
_PLAIN = frozenset({"number", "duration"})
_WHOLE = frozenset({"number", "count", "fault_word"})
# No value of these reaches 1000, cell voltages in mV aside, which mean the same.
_BELOW_1000 = frozenset(
    {
        *("cell_temperature", "cell_voltage", "cell_voltage_average", "frequency", "percentage", "power_factor"),
        *("state_of_charge", "state_of_health", "temperature", "temperature_spread"),
    }
)
# Formatted texts stand in for the numbers that they spell out.
_SPELT_OUT: Mapping[str, str] = {
    "battery_temperature_maximum_text": "battery_temperature_maximum",
    "battery_temperature_minimum_text": "battery_temperature_minimum",
    "cell_voltage_maximum_text": "cell_voltage_maximum",
    "cell_voltage_minimum_text": "cell_voltage_minimum",
}


@dataclass(slots=True)
class Parsed:
    """Values of a sample by entity key: quantities in `numbers`, the rest in `values`.

    `sent` counts the entities for which the sample has a value, `unreadable` names by key the members among them whose
    value has no meaning here.
    """

    numbers: dict[str, float | None] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    quantities: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    unknown: dict[str, str | float | int | bool] = field(default_factory=dict)
    codes: dict[str, Json] = field(default_factory=dict)
    sent: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    comma_decimal: bool = False
    any_number: bool = False


@cache
def _own(kind: Kind) -> Mapping[str, tuple[int, Field]]:
    """Return a kind's own fields by member (rank 0) and by alias (rank 1)."""
    table = {alias: (1, each) for each in FIELDS[kind] for alias in each.aliases}
    table.update({each.member: (0, each) for each in FIELDS[kind]})
    return table


@cache
def _own_members(kind: Kind) -> frozenset[str]:
    return frozenset(each.member for each in FIELDS[kind])


def _match(kind: Kind, member: str) -> tuple[int, Field] | None:
    """Return the field of a member and how good the match is: 0 exact, 1 alias, 2 other case, 3 another kind's."""
    if found := _own(kind).get(member):
        return found
    other = find_field(kind, member)
    if other is None:
        return None
    return (2 if other.member in _own_members(kind) else 3), other


@cache
def is_counter(kind: Kind, member: str) -> bool:
    """Return whether a member counts energy or time."""
    match = _match(kind, member)
    return match is not None and match[1].quantity.state_class == "total_increasing"


def parse(kind: Kind, members: Mapping[str, Json]) -> Parsed:
    """Return what the members of a sample say; of two members for one entity the better match counts."""
    parsed = Parsed()
    best: dict[str, tuple[int, Field, Json, str]] = {}
    unknown: list[str] = []
    own = _own(kind)
    for member, value in members.items():
        match = own.get(member) or _match(kind, member)
        if match is None:
            if not isinstance(value, dict | list) and value is not None and member.lower() not in _IGNORED:
                unknown.append(member)
            continue
        rank, known = match
        if known.has_entity and ((held := best.get(known.key)) is None or rank < held[0]):
            best[known.key] = (rank, known, value, member)
    parsed.comma_decimal = has_decimal_commas(value for _, known, value, _ in best.values() if known.quantity.unit)
    for key, (_, known, value, member) in best.items():
        readable = _take(parsed, key, known, value)
        if _is_value(value) and known.quantity.device_class != "timestamp":
            parsed.sent += 1
            if not readable:
                parsed.unreadable[key] = member
    for text, key in _SPELT_OUT.items():
        if text in best and key not in best:
            quantity = "cell_voltage" if key.startswith("cell_voltage") else "cell_temperature"
            spelt_out = number_in(best[text][2], comma_decimal=parsed.comma_decimal, below_1000=True)
            _number(parsed, key, quantity, spelt_out)
    _take_unknown(parsed, unknown, members)
    return parsed


def _take(parsed: Parsed, key: str, known: Field, value: Json) -> bool:
    """Enter the value of a field; return whether it could be read."""
    parsed.fields[key] = known
    quantity = known.quantity
    if known.enumeration is not None:
        number = parse_number(value)
        parsed.any_number |= bool(number)
        parsed.values[key] = _state(parsed, key, known, value)
        return parsed.values[key] is not None or key in parsed.codes
    if quantity.binary:
        flag = parse_flag(value)
        parsed.values[key] = flag if flag is None else flag is not known.inverted
    elif quantity.device_class == "timestamp":
        parsed.values[key] = None
    elif quantity.name == "text":
        parsed.values[key] = _text(value)
    elif quantity.name in _PLAIN:
        number = _read(parsed, quantity, value)
        parsed.any_number |= bool(number)
        parsed.values[key] = _text(value) if number is None else plain(number)
        if quantity.unit is not None and number is None:
            parsed.values[key] = None
    else:
        number = _read(parsed, quantity, value)
        _number(parsed, key, quantity.name, number)
        return number is not None
    return parsed.values[key] is not None


def _read(parsed: Parsed, quantity: Quantity, value: Json) -> float | None:
    if not isinstance(value, str) or quantity.name in _WHOLE:
        return parse_number(value)
    below_1000 = quantity.name in _BELOW_1000
    return parse_quantity(value, quantity.unit, comma_decimal=parsed.comma_decimal, below_1000=below_1000)


def _is_value(value: Json) -> bool:
    """Return whether a member stands for more than the absence of a value."""
    return value is not None and not (isinstance(value, str) and value.strip().lower() in _ABSENT)


def _number(parsed: Parsed, key: str, quantity: str, number: float | None) -> None:
    parsed.any_number |= bool(number)
    parsed.numbers[key] = number
    parsed.quantities[key] = quantity


def _state(parsed: Parsed, key: str, known: Field, value: Json) -> str | None:
    """Return the state of an enumeration; a code or text outside its table goes to `codes`."""
    enumeration = known.enumeration
    assert enumeration is not None  # noqa: S101
    code = parse_code(value)
    if code is not None:
        state = enumeration.key(code)
    else:
        text = _text(value)
        word = text.lower() if isinstance(text, str) else None
        state = next((each.key for each in enumeration.choices if word in {each.key, each.label.lower()}), None)
    if state is None and (raw := _scalar(value)) is not None:
        parsed.codes[key] = raw
    return state


def _text(value: Json) -> str | None:
    """Return a text worth showing, cut; numbers as text; None for nothing, flags and nested values."""
    if isinstance(value, str):
        text = value.strip()
        return None if text.lower() in _NOTHING else text[:TEXT_LIMIT]
    number = parse_number(value)
    return None if number is None else str(plain(number))


def _scalar(value: Json) -> str | float | int | bool | None:
    """Return a value that can be shown and stored as it is, texts cut; None for everything else."""
    if isinstance(value, str):
        text = value.strip()
        return None if text.lower() in _NOTHING else text[:TEXT_LIMIT]
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= LARGEST):
        return value
    return None


def _take_unknown(parsed: Parsed, unknown: list[str], members: Mapping[str, Json]) -> None:
    for member in sorted(unknown):
        value = _scalar(members[member])
        if value is None or not member or len(member) > TEXT_LIMIT:
            continue
        parsed.any_number |= bool(parse_number(value))
        if len(parsed.unknown) < UNKNOWN_LIMIT:
            parsed.unknown[member] = value
