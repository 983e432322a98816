"""Make requests: resolve the path, wait for the pacer, send, and interpret. Page through lists."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp

from .denial import Denial
from .endpoints import Endpoint, Operation
from .envelope import read
from .errors import (
    EnercloError,
    ForeignAnswerError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
)
from .model import Json
from .pacing import Pacer, Priority
from .paths import PathBook
from .shapes import Page, find_member, page_of
from .token import Token
from .transport import BODY_CAP, HISTORY_BODY_CAP, send

_LOGGER = logging.getLogger(__name__)
_LIST_PAGES = 20
_HISTORY_PAGES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a call waits for its turn: see Pacer.turn."""

    priority: Priority
    max_wait: float = 0.0
    following: bool = False


LIVE = Terms(priority=Priority.LIVE)
SETTINGS = Terms(priority=Priority.SETTINGS)
PERSON = Terms(priority=Priority.PERSON)
HISTORY = Terms(priority=Priority.HISTORY, max_wait=math.inf)


class Caller:
    """Makes the calls of one account; only EnercloError comes out of it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        token: Token,
        base_url: str,
        *,
        pacer: Pacer,
        paths: PathBook,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._token = token
        self._base_url = base_url
        self._pacer = pacer
        self._paths = paths
        self._now = now
        self._resolving: dict[str, asyncio.Lock] = {}
        self.denial = Denial(lambda: now().timestamp())
        self.outcomes: dict[str, dict[str, Json]] = {}

    async def ask[T](
        self,
        row: Endpoint,
        device: str,
        query: Mapping[str, str],
        decode: Callable[[Json], T],
        terms: Terms,
    ) -> T:
        """Call an endpoint at its path; resolve the path by calling first, one round at a time per operation."""

        async def call(path: str) -> T:
            return await self.call(row, path, device, query, decode, terms)

        if (path := self._paths.settled(row)) is None:
            async with self._resolving.setdefault(row.key, asyncio.Lock()):
                if (path := self._paths.settled(row)) is None:
                    return await self._resolve(row, device, call)
        return await call(path)

    async def call[T](
        self,
        row: Endpoint,
        path: str,
        device: str,
        query: Mapping[str, str],
        decode: Callable[[Json], T],
        terms: Terms,
        *,
        body: bytes | None = None,
    ) -> T:
        """Make one request in its turn and return what `decode` makes of the data of the answer."""
        person, subject = terms.priority is Priority.PERSON, device.upper()
        async with self._pacer.turn(
            path,
            device,
            method=row.method,
            priority=terms.priority,
            max_wait=terms.max_wait,
            following=terms.following,
            check=None if person else lambda: self.denial.check(subject),
        ):
            started = self._now()
            try:
                answer = await send(
                    self._session,
                    row.method,
                    self._base_url + path,
                    token=self._token,
                    params=query,
                    body=body,
                    cap=HISTORY_BODY_CAP if row.operation is Operation.HISTORY else BODY_CAP,
                )
                result = read(
                    answer,
                    decode,
                    secrets=(*self._token.secrets, device),
                    now=self._now(),
                    write=row.operation is Operation.MODIFY_SETTINGS,
                    accepted=lambda: self.denial.accepted(subject),
                )
            except EnercloError as error:
                self.denial.failed(subject, error, person=person)
                self._note(row, started, error)
                raise
            self._note(row, started, None)
            if row.operation is Operation.SETTINGS:
                self._paths.settings_read(row, device, path)
            return result

    async def pages(
        self,
        row: Endpoint,
        device: str,
        query: Mapping[str, str],
        terms: Terms,
        *,
        size: int,
    ) -> AsyncIterator[list[dict[str, Json]]]:
        """Yield the objects of each page; pages after the first wait their interval, however long that is.

        Ends at an empty page, at one that was there before, or when as many rows came as the cloud reports. Where it
        reports no total, a list is one page, and history goes on unless it is a plain list or a page is not full.
        At most 20 pages of a list; MalformedAnswerError when history exceeds 1000 pages, as it would be incomplete.
        """
        history = row.operation is Operation.HISTORY
        seen: set[int] = set()
        count = 0
        for number in range(1, (_HISTORY_PAGES if history else _LIST_PAGES) + 1):
            paged = number > 1 or "pageNo" in row.params
            paging = {"pageNo": str(number), "pageSize": str(size)} if paged else {}
            try:
                page = await self.ask(
                    row,
                    device,
                    {**query, **paging},
                    lambda data: _own_page(data, device if history else None),
                    terms if number == 1 else replace(terms, max_wait=math.inf, following=True),
                )
            except NoDataError:
                return
            fingerprint = hash(repr(page.rows))
            if not page.rows or fingerprint in seen:
                return
            seen.add(fingerprint)
            yield [entry for entry in page.rows if isinstance(entry, dict)]
            count += len(page.rows)
            if page.size is not None and page.size > 0:
                size = page.size
            if _complete(page, count, size, history=history):
                return
        if history:
            raise MalformedAnswerError(f"the history has more than {_HISTORY_PAGES} pages")

    async def _resolve[T](self, row: Endpoint, device: str, call: Callable[[str], Awaitable[T]]) -> T:
        """Try the candidates in turn; data and no data decide for a path, any other error ends the round."""
        missing = NotFoundError("no path of this operation knew the device; not tried again within a day")
        for path in self._paths.candidates(row, device, self._now().timestamp()):
            try:
                result = await call(path)
            except NotFoundError as error:
                missing = error
                self._paths.not_found(row, device, path, self._now().timestamp())
            except NoDataError:
                self._paths.answered(row, path)
                raise
            else:
                self._paths.answered(row, path)
                return result
        raise missing.again()

    def _note(self, row: Endpoint, started: datetime, error: EnercloError | None) -> None:
        """Keep and log what a call came to, without anything of what was said."""
        outcome = "success" if error is None else type(error).__name__
        note: dict[str, Json] = {"outcome": outcome, "at": started.isoformat()}
        if error is not None:
            note |= {"http_status": error.http_status, "code": error.code}
        self.outcomes[row.key] = note
        _LOGGER.debug("%s: %s after %.2f s", row.key, outcome, (self._now() - started).total_seconds())


def own(members: dict[str, Json], device: str) -> dict[str, Json]:
    """Return the members if they name no other device; ForeignAnswerError if they do."""
    name = find_member(members, "deviceSn")
    if isinstance(name, str | int) and str(name).strip().upper() not in {"", device.strip().upper()}:
        raise ForeignAnswerError("the answer is about another device")
    return members


def _own_page(data: Json, device: str | None) -> Page:
    """Return the page in `data`; if a device is given, ForeignAnswerError if a row is about another one."""
    page = page_of(data)
    if device is not None:
        for row in page.rows:
            if isinstance(row, dict):
                own(row, device)
    return page


def _complete(page: Page, count: int, size: int, *, history: bool) -> bool:
    """Whether no page comes after this one, with which `count` rows have come."""
    if page.total is not None:
        return count >= page.total
    if not history:
        return True
    return len(page.rows) != size and (not page.paged or page.size is not None)
