"""G1: from what the cloud sends to numbers, flags and codes. Nothing here raises, whatever comes in."""

import re
import unicodedata
from collections.abc import Iterable

from ..enerclo.model import Json

LONGEST = 40
LARGEST = 1e15

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SPACES = " \u00a0\u202f"
# A numeral with separators and a minus sign of any kind, then perhaps a unit.
_FORMATTED = re.compile(rf"[{_SPACES}]*([+\-\u2212]?)([\d.,](?:[\d.,{_SPACES}]*[\d.])?)(\D*)", re.ASCII)
_IN_TEXT = re.compile(r"[+\-\u2212]?[.,]?(?:\d[\d.,]*)?\d", re.ASCII)
_SPACED = re.compile(rf"[1-9]\d{{0,2}}(?:[{_SPACES}]\d{{3}})+(?:[.,]\d+)?", re.ASCII)
_COMMA_GROUPS = re.compile(r"[1-9]\d{0,2}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})", re.ASCII)
_POINT_GROUPS = re.compile(r"[1-9]\d{0,2}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})", re.ASCII)
_DECIMAL = re.compile(r"\d+[.,]?\d*|[.,]\d+", re.ASCII)
# One separator before exactly three digits: decimals, or thousands.
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


def rounded(value: float, digits: int = 3) -> float:
    """Return a number rounded (float32 noise), without a negative zero."""
    return round(value, digits) + 0.0


def parse_number(value: Json) -> float | None:
    """Return the number that a value holds, to 3 decimals; None for all else, also booleans, NaN and infinity."""
    if isinstance(value, str):
        text = value.strip() if len(value) <= LONGEST else ""
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    elif not isinstance(value, float) and (isinstance(value, bool) or not isinstance(value, int)):
        return None
    return rounded(float(value)) if -LARGEST <= value <= LARGEST else None


def parse_quantity(
    value: Json, unit: str | None, *, comma_decimal: bool = False, below_1000: bool = False
) -> float | None:
    """Return the number that a value holds, also a text formatted for people; None where that is not certain.

    A unit after the number has to be the one given. Spaces may group digits by three, so may commas or points if there
    are several of them or if the other one follows. A single comma or point is a decimal one, with one exception: a
    comma before exactly three digits (`4,054`) may group thousands, and so may a point where the other numbers of the
    sample have decimal commas. Such a comma is read if they have (`comma_decimal`), or if no value of the quantity
    reaches 1000 (`below_1000`); such a point is read if they have not, or if no value reaches 1000.
    """
    if not isinstance(value, str) or (formatted := _split(value)) is None:
        return parse_number(value)
    sign, digits, sent_unit = formatted
    if sent_unit and sent_unit.casefold() != (unit or "").casefold():
        return None
    if _AMBIGUOUS.fullmatch(digits) and not below_1000 and ("," in digits) is not comma_decimal:
        return None
    if _SPACED.fullmatch(digits):
        digits = re.sub(f"[{_SPACES}]", "", digits)
    elif _COMMA_GROUPS.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _POINT_GROUPS.fullmatch(digits):
        digits = digits.replace(".", "")
    elif not _DECIMAL.fullmatch(digits):
        return None
    return parse_number(sign + digits.replace(",", "."))


def has_decimal_commas(values: Iterable[Json]) -> bool:
    """Return whether numbers among the values have commas that can only be decimal, and none groups digits by them."""
    texts = [value for value in values if isinstance(value, str)]
    numerals = [formatted[1] for text in texts if (formatted := _split(text))]
    decimal = (_SPACED, _POINT_GROUPS, _DECIMAL)
    return any(
        "," in text and not _AMBIGUOUS.fullmatch(text) and any(form.fullmatch(text) for form in decimal)
        for text in numerals
    ) and not any(_COMMA_GROUPS.fullmatch(text) for text in numerals)


def _split(text: str) -> tuple[str, str, str] | None:
    """Return sign, digits with separators, and the unit of a formatted number; None for any other text."""
    if len(text) > LONGEST or (found := _FORMATTED.fullmatch(text)) is None:
        return None
    sign, digits, unit = found.groups()
    # One character may stand for a whole unit, such as U+2103 for degrees Celsius.
    return sign.replace("\u2212", "-"), digits, unicodedata.normalize("NFKC", unit).strip()


def number_in(value: Json, *, comma_decimal: bool = False, below_1000: bool = False) -> float | None:
    """Return the first number of a formatted text such as `32.5 °C`, or a plain number."""
    if isinstance(value, str) and (found := _IN_TEXT.search(value[:LONGEST])):
        value = found[0]
    return parse_quantity(value, None, comma_decimal=comma_decimal, below_1000=below_1000)


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
