"""Reading what was learnt back from storage: whatever is damaged counts as never learnt."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from ..enerclo.model import Json


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
