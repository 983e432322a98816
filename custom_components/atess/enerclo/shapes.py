"""The shapes in which the cloud sends an object or a list of them, and values whose types vary."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import MalformedAnswerError, NoDataError
from .model import Json

# Members that hold the rows of a page, members that hold what belongs one level up, members that only count.
_ROWS = ("datas", "list", "rows", "records")
_WRAPPERS = ("data", "page", "result", "content", "items")
_TOTALS = ("total", "totalCount", "totalElements")
_SIZES = ("pageSize", "size")
_COUNTS = frozenset(
    name.lower()
    for name in (
        *(*_TOTALS, *_SIZES, "offset", "limit", "count", "current", "pageNo", "pageNum", "pages", "totalPages"),
        *("totalPage", "hasNext", "hasNextPage", "first", "last", "code", "msg", "message", "success", "timestamp"),
    )
)
# An object with one of these is a row, whatever else it has.
_ROW_MARKS = ("deviceSn", "sn", "serialNum", "dataLogSn", "plantId")
_MAX_WRAPPERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one answer; `total` and `size` as the cloud reports them, `paged` if it answers in pages at all."""

    rows: list[Json]
    total: int | None = None
    size: int | None = None
    paged: bool = False


def members_of(data: Json) -> dict[str, Json]:
    """Return the object that `data` is or wraps; NoDataError if no member but the echoed serial number has a value.

    A list or a page of one object stands for that object.
    """
    for _ in range(_MAX_WRAPPERS):
        if isinstance(data, list) and len(data) == 1:
            [data] = data
        elif isinstance(data, dict) and (inner := _only_content(data)) is not None:
            data = inner
        else:
            break
    if isinstance(data, dict):
        if has_value({name: value for name, value in data.items() if name.lower() != "devicesn"}):
            return data
    elif has_value(data):
        count = f" of {len(data)}" if isinstance(data, list) else ""
        raise MalformedAnswerError(f"data is {type_name(data)}{count}, not an object")
    raise NoDataError("the device has no data on this endpoint")


def page_of(data: Json) -> Page:
    """Return the rows of a list, of a page of one or of a single object; NoDataError if `data` is empty."""
    total: int | None = None
    size: int | None = None
    paged = False
    for _ in range(_MAX_WRAPPERS):
        if isinstance(data, list):
            return Page(rows=data, total=total, size=size, paged=paged)
        if not isinstance(data, dict) or not data:
            break
        inner, found = _content(data)
        if not found:
            break
        counted = whole_number(find_member(data, *_TOTALS)), whole_number(find_member(data, *_SIZES))
        total, size = (new if new is not None else old for new, old in zip(counted, (total, size), strict=True))
        paged, data = True, [] if inner is None else inner
    if isinstance(data, dict) and data and all(name.lower() in _COUNTS for name in data):
        return Page(rows=[], total=whole_number(find_member(data, *_TOTALS)), paged=True)
    if not has_value(data):
        raise NoDataError("the list is empty")
    if isinstance(data, dict) and not _wrong_rows(data):
        return Page(rows=[data])
    raise MalformedAnswerError(f"data is {type_name(data)}, not a list or a page of one")


def _content(page: dict[str, Json]) -> tuple[Json, bool]:
    """Return what an object wraps, and whether it wraps anything instead of being a row itself."""
    if find_member(page, *_ROW_MARKS) is not None:
        return None, False
    names = {name.lower(): name for name in page}
    for name in (*_ROWS, *_WRAPPERS):
        if (own := names.get(name)) is not None and isinstance(page[own], list | dict):
            return page[own], True
    if any(name in names and page[names[name]] is None for name in (*_ROWS, *_WRAPPERS)):
        return None, True
    return (inner, True) if (inner := _only_content(page, names=None)) is not None else (None, False)


def _only_content(page: dict[str, Json], *, names: tuple[str, ...] | None = (*_ROWS, *_WRAPPERS)) -> Json:
    """Return the one object or list beside members that only count (None: it has more), under one of these names."""
    others = [name for name in page if name.lower() not in _COUNTS]
    if len(others) != 1 or not isinstance(page[others[0]], list | dict):
        return None
    return page[others[0]] if names is None or others[0].lower() in names else None


def _wrong_rows(page: dict[str, Json]) -> bool:
    """Return whether an object is a page whose rows are none."""
    return find_member(page, *_ROW_MARKS) is None and any(name.lower() in _ROWS for name in page)


def find_member(members: Mapping[str, Json], *names: str) -> Json:
    """Return the first of the members so named, in any case, that is neither null nor blank; None if there is none."""
    for name in names:
        exact = members.get(name)
        if _says(exact):
            return exact
        for own, value in members.items():
            if own.lower() == name.lower() and _says(value):
                return value
    return None


def serial_of(members: Mapping[str, Json], *names: str) -> str | None:
    """Return the serial number in a member so named (default: those of devices), without blanks around it."""
    for name in names or ("deviceSn", "sn", "serialNum"):
        value = find_member(members, name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value).strip()
    return None


def _says(value: Json) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def has_value(data: Json) -> bool:
    """Whether anything in it, at any depth, is more than null, blank text or an empty container."""
    if isinstance(data, dict):
        return any(has_value(value) for value in data.values())
    if isinstance(data, list):
        return any(has_value(value) for value in data)
    return _says(data)


def whole_number(value: Json) -> int | None:
    """Return an int that came as int, whole float or text of ASCII digits; None for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,15}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def type_name(value: Json) -> str:
    """Return how JSON calls a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
