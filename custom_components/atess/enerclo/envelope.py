"""From an HTTP answer to its outcome: the one place that knows how the cloud says what."""

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .errors import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    MalformedAnswerError,
    NotFoundError,
    RefusedError,
    TemporaryError,
)
from .model import Json
from .secrets import scrubber
from .shapes import find_member, has_value, members_of, page_of, type_name, whole_number

__all__ = ["Answer", "excerpt", "has_value", "interpret", "members_of", "page_of", "read", "whole_number"]

_SUCCESS = frozenset({0, 200})
_PASSING = frozenset({408, 425})
_DENIED = frozenset({401, 403})
_ABSENT = frozenset({400, 404})
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
    """Result of an HTTP request; `body` is what could be read, `fault` says why that is not all of it.

    `secrets` gave the caller access; what the cloud repeats of them is cut out of all that it sends.
    """

    status: int
    content_type: str
    body: bytes
    fault: str = ""
    retry_after: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """All of an answer that says what became of the call."""

    status: int
    code: int | str | None
    enveloped: bool
    write: bool

    @property
    def signals(self) -> set[int | str]:
        """Return HTTP status and code, without those that mean success."""
        ok = 200 <= self.status < 300
        return {signal for signal in (None if ok else self.status, self.code) if signal is not None} - _SUCCESS

    @property
    def refuses(self) -> bool:
        """Return whether a write was surely not taken."""
        return self.code is not None or (400 <= self.status < 500 and self.status not in _PASSING)


# What a failure is taken as: the first rule that holds.
_FAILURES: tuple[tuple[Callable[[_Signs], bool], type[EnercloError], str], ...] = (
    (lambda signs: bool(signs.signals & _DENIED) and signs.enveloped, AuthenticationError, "token not accepted"),
    # Firewalls and delivery networks answer so to a burst, whatever the token.
    (lambda signs: bool(signs.signals & _DENIED), TemporaryError, "blocked, not by the cloud itself"),
    (lambda signs: signs.write and signs.refuses, RefusedError, "refused"),
    (lambda signs: bool(signs.signals & _ABSENT), NotFoundError, "not found"),
    (lambda signs: True, TemporaryError, "temporary failure"),
)


def read[T](
    answer: Answer,
    decode: Callable[[Json], T],
    *,
    secrets: tuple[str, ...],
    now: datetime,
    write: bool = False,
    accepted: Callable[[], None] = lambda: None,
) -> T:
    """Return what `decode` makes of the data of an answer; see interpret. `accepted` is called if it is a success."""
    data = interpret(answer, secrets=secrets, now=now, write=write)
    accepted()
    try:
        return decode(data)
    except EnercloError as error:
        error.http_status = answer.status
        if isinstance(error, MalformedAnswerError):
            error.args = (f"{error} ({_came(answer, secrets)})",)
        raise


def interpret(answer: Answer, *, secrets: tuple[str, ...], now: datetime, write: bool = False) -> Json:
    """Return `data` of a successful answer (None if it has none), or raise the outcome as an EnercloError.

    HTTP status and `code` count alike (which of them the cloud uses is not known), and the most telling of the two
    wins: limited, authentication, not found, temporary. `secrets` are cut out of the vendor's `msg`. To a write, sent
    to a path that is known, "not found" and all other codes are a refusal, and so is a limit that a value exceeds.
    401 and 403 without the cloud's envelope are a temporary failure.
    """
    if 300 <= answer.status < 400:
        raise TemporaryError("the cloud redirects elsewhere, which is not followed", http_status=answer.status)
    envelope, problem = _parse(answer)
    success, data = _success(envelope), _data(envelope, answer.secrets)
    code = _code(find_member(envelope, "code"), secrets)
    message = find_member(envelope, "msg", "message")
    vendor_message = excerpt(message, secrets, 200) if isinstance(message, str) else ""
    problem = problem or _missing_verdict(envelope, code, success, data)
    if success is False and code in {None, *_SUCCESS}:
        code = "unsuccessful"
    enveloped = isinstance(code, int) or success is not None
    signs = _Signs(status=answer.status, code=code, enveloped=enveloped, write=write)
    where = f"(HTTP {answer.status}{'' if code is None else f', code {code}'})"
    if write:
        asked_too_often = bool(signs.signals and _SPEAKS_OF_ASKING.search(vendor_message))
    else:
        asked_too_often = bool(_SPEAKS_OF_LIMIT.search(vendor_message) and (signs.signals or not has_value(data)))
    if 429 in signs.signals or asked_too_often:
        raise LimitedError(
            f"asked too often {where}",
            http_status=answer.status,
            code=code,
            vendor_message=vendor_message,
            retry_after=_retry_after(answer.retry_after, now),
        )
    if 200 <= answer.status < 300 and problem:
        raise MalformedAnswerError(
            f"{problem} ({_came(answer, secrets)})", http_status=answer.status, vendor_message=vendor_message
        )
    if not signs.signals:
        return data
    error, text = next((error, text) for holds, error, text in _FAILURES if holds(signs))
    if not enveloped:
        text = f"{text} ({_came(answer, secrets)})"
    raise error(f"{text} {where}", http_status=answer.status, code=code, vendor_message=vendor_message)


def excerpt(text: str, secrets: tuple[str, ...], length: int) -> str:
    """Return the text as one line without control characters and secrets, cut to a length in characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    line = scrubber(secrets).text(line)
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _parse(answer: Answer) -> tuple[dict[str, Json], str]:
    """Return the JSON object of the body, empty if there is none, and what is wrong with it."""
    if answer.fault:
        return {}, answer.fault
    if not answer.body.strip():
        return {}, "the answer is empty, not JSON"
    try:
        parsed = _load(answer.body.decode("utf-8-sig", errors="replace"))
    except ValueError, RecursionError:
        return {}, "the answer is not JSON"
    if not isinstance(parsed, dict):
        return {}, f"the answer is {type_name(parsed)}, not an object"
    if _too_deep(parsed):
        return {}, "the answer is nested too deeply"
    return scrubber(answer.secrets).members(parsed), ""


def _load(text: str) -> Json:
    """Return a JSON text's value; ValueError or RecursionError if it is none."""
    # JSON knows neither NaN nor infinity, and storage neither those nor integers beyond 64 bits.
    parsed: Json = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=lambda _: None)
    if "\\ud" in text.lower():
        # Escaped lone surrogates are text that can be neither stored nor logged.
        parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode(errors="replace"))
    return parsed


def _too_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _data(envelope: dict[str, Json], secrets: tuple[str, ...]) -> Json:
    """Return `data`; if it is the JSON text of an object or a list, that."""
    data = find_member(envelope, "data")
    if isinstance(data, str) and data.lstrip()[:1] in {"{", "["}:
        try:
            parsed = _load(data)
        except ValueError, RecursionError:
            return data
        return data if _too_deep(parsed) else scrubber(secrets).value(parsed)
    return data


def _success(envelope: dict[str, Json]) -> bool | None:
    """Return `success` as a boolean, None if it says nothing."""
    value = find_member(envelope, "success")
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _missing_verdict(envelope: dict[str, Json], code: int | str | None, success: bool | None, data: Json) -> str:
    """Return what is missing for taking the answer as a success or a failure: a code, `success`, or data alone."""
    unreadable = any(name.lower() == "code" and value is not None for name, value in envelope.items())
    if code is not None or success is not None or (data is not None and not unreadable):
        return ""
    return "the answer has no code"


def _came(answer: Answer, secrets: tuple[str, ...]) -> str:
    """Return the content type and the size of an answer."""
    return f"{excerpt(answer.content_type, secrets, 60) or 'no content type'}, {len(answer.body)} bytes"


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
    return excerpt(value, secrets, 40) or None if isinstance(value, str) else None


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
