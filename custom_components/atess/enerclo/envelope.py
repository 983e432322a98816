"""From an HTTP answer to its outcome: the one place that knows the table of api.md section 2."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .errors import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    RefusedError,
    TemporaryError,
)
from .model import Json
from .secrets import scrubber

_SUCCESS = frozenset({0, 200})
_PASSING = frozenset({408, 425})
# Of a write only what surely means how often is asked: values too have limits, and the grid has a frequency.
_SPEAKS_OF_ASKING = re.compile(
    r"too often|too frequent|frequently|too many requests|(access|request|call) frequency|rate limit|frequency limit"
    r"|limit the frequency|频繁|限流",
    re.IGNORECASE,
)
_SPEAKS_OF_LIMIT = re.compile(r"frequen|limit|too many|too often|频繁|频率|限流", re.IGNORECASE)
_MAX_DEPTH = 32
_MAX_RETRY_AFTER = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came over HTTP; `body` is what could be read, `fault` says why that is not all of it.

    `secrets` gave the caller access; what the cloud repeats of them is cut out of all that it sends.
    """

    status: int
    content_type: str
    body: bytes
    fault: str = ""
    retry_after: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)


def interpret(answer: Answer, *, secrets: tuple[str, ...], now: datetime, write: bool = False) -> Json:
    """Return `data` of a successful answer (None if it has none), or raise the outcome as an EnercloError.

    HTTP status and `code` count alike (which of them the cloud uses is not known), and the most telling of the two
    wins: limited, authentication, not found, temporary. `secrets` are cut out of the vendor's `msg`. To a write, sent
    to a path that is known, "not found" and all other codes are a refusal, and so is a limit that a value exceeds.
    """
    if 300 <= answer.status < 400:
        raise TemporaryError("the cloud redirects elsewhere, which is not followed", http_status=answer.status)
    ok = 200 <= answer.status < 300
    envelope, problem = _parse(answer)
    code = _code(envelope.get("code"), secrets)
    message = envelope.get("msg")
    vendor_message = clean(message, secrets, 200) if isinstance(message, str) else ""
    data = envelope.get("data")
    if ok and not problem and code is None:
        problem = "the answer has no code"
    signals = {signal for signal in (None if ok else answer.status, code) if signal is not None} - _SUCCESS
    where = f"(HTTP {answer.status}{'' if code is None else f', code {code}'})"
    if write:
        asked_too_often = bool(signals and _SPEAKS_OF_ASKING.search(vendor_message))
    else:
        asked_too_often = bool(_SPEAKS_OF_LIMIT.search(vendor_message) and (signals or not has_value(data)))
    if 429 in signals or asked_too_often:
        raise LimitedError(
            f"asked too often {where}",
            http_status=answer.status,
            code=code,
            vendor_message=vendor_message,
            retry_after=_retry_after(answer.retry_after, now),
        )
    if ok and problem:
        content_type = clean(answer.content_type, secrets, 60) or "no content type"
        raise MalformedAnswerError(
            f"{problem} ({content_type}, {len(answer.body)} bytes)",
            http_status=answer.status,
            vendor_message=vendor_message,
        )
    if not signals:
        return data
    error: type[EnercloError] = TemporaryError
    text = "temporary failure"
    if signals & {401, 403}:
        error, text = AuthenticationError, "token not accepted"
    elif write and (code is not None or (400 <= answer.status < 500 and answer.status not in _PASSING)):
        error, text = RefusedError, "refused"
    elif signals & {400, 404}:
        error, text = NotFoundError, "not found"
    raise error(f"{text} {where}", http_status=answer.status, code=code, vendor_message=vendor_message)


def has_value(data: Json) -> bool:
    """Whether anything in it, at any depth, is more than null, blank text or an empty container."""
    if isinstance(data, dict):
        return any(has_value(value) for value in data.values())
    if isinstance(data, list):
        return any(has_value(value) for value in data)
    return data is not None and not (isinstance(data, str) and not data.strip())


def members_of(data: Json) -> dict[str, Json]:
    """Return the object that `data` is; NoDataError if no member but the echoed serial number carries a value."""
    if isinstance(data, dict):
        if has_value({name: value for name, value in data.items() if name != "deviceSn"}):
            return data
    elif has_value(data):
        raise MalformedAnswerError(f"data is {_type_name(data)}, not an object")
    raise NoDataError("the device has no data on this endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one answer; `total` and `size` as the cloud reports them, `paged` if it answers in pages at all."""

    rows: list[Json]
    total: int | None = None
    size: int | None = None
    paged: bool = False


def page_of(data: Json) -> Page:
    """Return the rows of a plain or paged list (`{datas: [...], total, pageSize}`); NoDataError if `data` is empty."""
    if isinstance(data, list):
        return Page(rows=data)
    if isinstance(data, dict) and "datas" in data:
        rows = data["datas"]
        if isinstance(rows, list | None):
            size = whole_number(data.get("pageSize"))
            return Page(rows=rows or [], total=whole_number(data.get("total")), size=size, paged=True)
    if not has_value(data):
        raise NoDataError("the list is empty")
    raise MalformedAnswerError(f"data is {_type_name(data)}, not a list or a page of one")


def whole_number(value: Json) -> int | None:
    """Return an int that came as int, whole float or text of ASCII digits; None for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,15}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def clean(text: str, secrets: tuple[str, ...], length: int) -> str:
    """Return the text as one line without control characters and secrets, cut to a length in characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    line = scrubber(secrets).text(line)
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _parse(answer: Answer) -> tuple[dict[str, Json], str]:
    """Return the JSON object of the body, empty if there is none, and what is wrong with it."""
    if answer.fault:
        return {}, answer.fault
    try:
        # JSON knows neither NaN nor infinity, and storage neither those nor integers beyond 64 bits.
        text = answer.body.decode("utf-8-sig", errors="replace")
        parsed: Json = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=lambda _: None)
        if "\\ud" in text.lower():
            # Escaped lone surrogates are text that can be neither stored nor logged.
            parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode(errors="replace"))
    except ValueError, RecursionError:
        return {}, "the answer is not JSON"
    if not isinstance(parsed, dict):
        return {}, f"the answer is {_type_name(parsed)}, not an object"
    level: list[Json] = [parsed]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
    return ({}, "the answer is nested too deeply") if level else (scrubber(answer.secrets).members(parsed), "")


def _children(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _integer(text: str) -> int | float | None:
    return int(text) if len(text) < 19 else _float(text)


def _float(text: str) -> float | None:
    return value if math.isfinite(value := float(text)) else None


def _code(value: Json, secrets: tuple[str, ...]) -> int | str | None:
    """Return `code` as a number if it is one, as a short text if it is another text, None if it is no code."""
    if (number := whole_number(value)) is not None:
        return number
    return clean(value, secrets, 40) or None if isinstance(value, str) else None


def _retry_after(header: str, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` header (a number or an HTTP date), at most a day; None if unreadable."""
    if re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]*)?\s*", header):
        return min(float(header), _MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(header)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return min(max((moment - now).total_seconds(), 0.0), _MAX_RETRY_AFTER)
    except ValueError, OverflowError:
        return None


def _type_name(value: Json) -> str:
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
