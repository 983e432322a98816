"""Restore learned state from storage; damaged parts count as never learned."""

import math
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import UTC, date, datetime
from types import NoneType
from typing import Any, ClassVar, Protocol, get_args, get_origin

from ..enerclo.model import Json


class Dataclass(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def a_dict(value: Json | Mapping[str, Json]) -> dict[str, Json]:
    """Return a stored object, else an empty one."""
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def a_list(value: Json) -> list[Json]:
    """Return a stored array, else an empty one."""
    return value if isinstance(value, list) else []


def a_number(value: Json) -> float | None:
    """Return a stored finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 and math.isfinite(value) else None


def within(value: Json, least: float, most: float) -> float | None:
    """Return a stored number within bounds, else None."""
    number = a_number(value)
    return number if number is not None and least <= number <= most else None


def a_count(value: Json) -> int:
    """Return a stored count, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else 0


def a_text(value: Json) -> str | None:
    """Return a stored text, else None."""
    return value if isinstance(value, str) else None


def a_moment(value: Json) -> datetime | None:
    """Return a stored aware moment as UTC, else None."""
    found = _a_datetime(value)
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None


def a_local(value: Json) -> datetime | None:
    """Return a stored naive moment, else None."""
    found = _a_datetime(value)
    return found if found is not None and found.tzinfo is None else None


def _a_datetime(value: Json) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and 2000 <= found.year < 2100 else None


def a_date(value: Json) -> date | None:
    """Return a stored date, else None."""
    try:
        return date.fromisoformat(a_text(value) or "")
    except ValueError:
        return None


_READERS: Mapping[Any, Callable[[Json], Any]] = {
    float: a_number,
    int: a_count,
    bool: lambda value: value is True,
    str: a_text,
    datetime: a_moment,
    date: a_date,
}


# What is stored as it is; most values are one of these.
_PLAIN = frozenset({NoneType, bool, int, float, str})


def dumped(state: Dataclass) -> dict[str, Json]:
    """Return a dataclass for storage: of numbers, texts, moments, flags, and lists, dicts, and dataclasses of these."""
    return {name: _plain(getattr(state, name)) for name in state.__dataclass_fields__}


def loaded[T: Dataclass](kind: type[T], stored: Json) -> T | None:
    """Return a dataclass from storage, damaged fields at their defaults; None if one without a default is damaged."""
    values = a_dict(stored)
    found = {field.name: _field(field.type, values.get(field.name)) for field in fields(kind)}
    try:
        return kind(**{name: value for name, value in found.items() if value is not None})
    except TypeError:
        return None


def _field(kind: Any, value: Json) -> Any:  # noqa: ANN401  # as many types as dataclasses have
    """Return a field from storage; None if it is absent or damaged."""
    arguments = get_args(kind)
    if get_origin(kind) is list:
        items = [_field(arguments[0], item) for item in a_list(value)]
        return [item for item in items if item is not None]
    if get_origin(kind) is dict:
        found = ((key, _field(arguments[1], item)) for key, item in a_dict(value).items())
        return {key: item for key, item in found if item is not None}
    if arguments:
        kind = arguments[0]  # the other one is None
    if isinstance(kind, type) and is_dataclass(kind):
        return loaded(kind, value)
    return None if value is None else _READERS[kind](value)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return dumped(value) if is_dataclass(value) and not isinstance(value, type) else value
