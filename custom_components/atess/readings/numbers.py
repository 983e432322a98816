"""G1: from what the cloud sends to numbers, flags and codes. Nothing here raises, whatever comes in."""

import math
import re

from ..enerclo.model import Json

LONGEST = 40
LARGEST = 1e15

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


def clean(value: float, digits: int = 3) -> float:
    """Return a number rounded (float32 noise), without a negative zero."""
    return round(value, digits) + 0.0


def parse_number(value: Json) -> float | None:
    """Return the number that a value holds, to 3 decimals; None for all else, also booleans, NaN and infinity."""
    if isinstance(value, str):
        text = value.strip() if len(value) <= LONGEST else ""
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -LARGEST <= value <= LARGEST or not math.isfinite(value):
        return None
    return clean(float(value))


def number_in(value: Json) -> float | None:
    """Return the first number of a formatted text such as `32.5 °C`, or a plain number."""
    if isinstance(value, str) and (found := _NUMBER.search(value[:LONGEST])):
        return parse_number(found[0])
    return parse_number(value)


def parse_code(value: Json) -> int | None:
    """Return a whole number that a value holds; None for everything else."""
    number = parse_number(value)
    return int(number) if number is not None and number.is_integer() else None


def parse_flag(value: Json) -> bool | None:
    """Return a flag sent as 0, 1, true or false, also as text; None for everything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= LONGEST:
        return _FLAGS.get(value.strip().lower())
    code = parse_code(value)
    return bool(code) if code in {0, 1} else None


def plain(number: float) -> int | float:
    """Return whole numbers as int, for values without a unit."""
    return int(number) if number.is_integer() else number
