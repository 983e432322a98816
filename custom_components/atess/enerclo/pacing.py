"""When the cloud may be asked: one pacer per account, whatever the number of clients, entries and flows."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from .errors import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    NoDataError,
    PacedError,
    RefusedError,
    UnreachableError,
)
from .intervals import DAY, DEFAULT_INTERVAL, MAXIMUM_INTERVAL, MINIMUM_INTERVAL, Flight, Intervals, Key, member, number
from .model import Json
from .unannounced import Finding, UnannouncedLimits

_LOGGER = logging.getLogger(__name__)

SPACING = 1.0
# While the cloud cannot be reached the account waits up to the first, doubled with each attempt, up to the last.
FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 900.0
_SHORTEST_SLEEP = 0.001
# After so many requests of people in a row, whoever else waits goes first.
_PEOPLE_IN_A_ROW = 2


class Priority(IntEnum):
    """Who is served first when several wait."""

    PERSON = 0
    LIVE = 1
    SETTINGS = 2
    HISTORY = 3


@dataclass(slots=True, eq=False)
class _Waiter:
    key: Key
    priority: Priority
    order: int
    following: bool
    wake: asyncio.Future[None] | None = None


class Pacer:
    """The turns of one account's requests, in the order of priority and, within one, of arrival.

    After two requests of people in a row, the most urgent of all others that wait goes first.
    One request is in flight at a time; one second passes between the end of a request and the start of the next; a
    call on the same endpoint and device waits its interval (see Intervals). One that must still wait for its
    interval blocks nobody else. `clock` is the wall clock in unix seconds.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        persist: Callable[[], Awaitable[None]] | None = None,
        minimum_interval: float = DEFAULT_INTERVAL,
        page_interval: float | None = None,
        daily_budget: int | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take the clock, the user's interval (60 to 3600 s), that of following pages (None: the same), the budget.

        `persist` stores what dump() returns. It is awaited before each request leaves, so that a process that is
        killed then does not forget the call, and after each refusal. `chance` returns a number from 0 to below 1.
        """
        self._clock = clock
        self._sleep = sleep
        self._persist = persist
        self._intervals = Intervals()
        self._unannounced = UnannouncedLimits()
        self._people_served = 0
        self._waiting: list[_Waiter] = []
        self._order = 0
        self._busy = False
        self._ended: float | None = None
        self._day = 0
        self._requests = 0
        self._refusals = 0
        self._chance = chance
        self._unreached = 0
        self._again_at = 0.0
        self.minimum_interval = minimum_interval
        self.page_interval = page_interval
        self.daily_budget = daily_budget

    @property
    def minimum_interval(self) -> float:
        """Least seconds between two calls on the same endpoint and device, as the user set it (60 to 3600)."""
        return self._intervals.user

    @minimum_interval.setter
    def minimum_interval(self, seconds: float) -> None:
        if not MINIMUM_INTERVAL <= seconds <= MAXIMUM_INTERVAL:
            raise ValueError(f"the interval must be {MINIMUM_INTERVAL:.0f} to {MAXIMUM_INTERVAL:.0f} s")
        self._intervals.user = float(seconds)
        self._wake_all()

    @property
    def page_interval(self) -> float | None:
        """Seconds between two pages of the same list or history; None: the same as between calls."""
        return self._intervals.page

    @page_interval.setter
    def page_interval(self, seconds: float | None) -> None:
        self._intervals.page = seconds
        self._wake_all()

    @property
    def daily_budget(self) -> int | None:
        """Requests per UTC day after which only a person is still served; None: no budget."""
        return self._daily_budget

    @daily_budget.setter
    def daily_budget(self, requests: int | None) -> None:
        self._daily_budget = requests
        self._wake_all()

    def permitted_at(self, path: str, device: str, *, method: str = "GET", priority: Priority = Priority.LIVE) -> float:
        """Return the earliest moment (unix seconds, never past) for the next call, whatever else is waiting.

        All but people respect the budget and wait while the cloud is out of reach.
        """
        now = self._clock()
        permitted = self._intervals.permitted_at(_key(method, path, device), now)
        return max(now, permitted, now if priority is Priority.PERSON else self._held_until(now))

    def interval(self, path: str, device: str, *, method: str = "GET") -> float:
        """Return the present interval in seconds: the user's, or a wider one after refusals."""
        return self._intervals.present(_key(method, path, device), self._clock())

    def rests_for(self) -> float:
        """Return the seconds after which no call has to wait for one that was made."""
        return self._intervals.rests_for(self._clock())

    def held_by(self) -> Literal["daily_budget", "unreachable"] | None:
        """Return what keeps all calls but those of people waiting, None if nothing does."""
        now = self._clock()
        if self._held_until(now) <= now:
            return None
        return "daily_budget" if self._out_of_budget() else "unreachable"

    def requests_today(self) -> int:
        """Return how many requests reached the cloud on this UTC day."""
        self._turn_day(self._clock())
        return self._requests

    def refusals_today(self) -> int:
        """Return how many of them the cloud refused for frequency."""
        self._turn_day(self._clock())
        return self._refusals

    @asynccontextmanager
    async def turn(
        self,
        path: str,
        device: str,
        *,
        method: str = "GET",
        priority: Priority = Priority.LIVE,
        max_wait: float = 0.0,
        following: bool = False,
        check: Callable[[], None] | None = None,
    ) -> AsyncIterator[None]:
        """Wait until a request is permitted, then count it according to the exception raised inside.

        UnreachableError: no request was made; all but people then wait for a random time up to a limit that doubles, at
        most 15 minutes. AuthenticationError: it starts no interval, since the token may be
        corrected at once. LimitedError: the interval is widened. Anything else, cancellation included: a call. What
        turns out to be a limit in an unknown form (see UnannouncedLimits) is raised as LimitedError.

        Raises PacedError if the interval or the daily budget forbids the call for more than `max_wait` seconds; the
        wait for other requests does not count. `following` marks pages after the first. `check` is called when the
        turn has come; if it raises, there was no request.
        """
        self._order += 1
        waiter = _Waiter(_key(method, path, device), priority, self._order, following)
        await self._take_lane(waiter, max_wait)
        if check is not None:
            try:
                check()
            except EnercloError:
                self._busy = False
                self._wake_all()
                raise
        now = self._clock()
        self._turn_day(now)
        self._requests += 1
        flight = self._intervals.begin(waiter.key, now, following=following)
        counts = True
        finding = Finding()
        try:
            await self._store()
            yield
            self._unannounced.succeeded(flight.key, now)
        except UnreachableError:
            counts = False
            self._requests = max(0, self._requests - 1)
            self._back_off()
            raise
        except LimitedError as error:
            self._refusals += 1
            self._intervals.refuse(flight, self._clock(), error.retry_after or 0.0)
            await self._store()
            raise
        except EnercloError as error:
            finding = self._judge(flight, now, error)
            if finding.refused:
                await self._store()
                raise _limited(path, error, finding.fits) from None
            counts = not isinstance(error, AuthenticationError)
            raise
        finally:
            self._ended = self._clock()
            self._unreached = 0 if counts else self._unreached
            self._intervals.finish(flight, self._ended, counts=counts)
            self._intervals.hold(flight.key, self._ended, finding.wait)
            self._busy = False
            self._wake_all()

    def dump(self) -> dict[str, Json]:
        """Return the state as JSON for storage; what has no meaning any more is left out."""
        now = self._clock()
        self._turn_day(now)
        return {
            "calls": self._intervals.dump(now),
            "ended": self._ended,
            "day": self._day,
            "requests": self._requests,
            "refusals": self._refusals,
            "unannounced": self._unannounced.dump(),
        }

    def load(self, state: object, *, clean: bool = True) -> None:
        """Take over what dump returned; each damaged piece is passed over, and what is known already stays.

        Unless `clean`, calls may have been made after that: all endpoints then count as called just now.
        """
        self._intervals.load(member(state, "calls"), self._clock(), clean=clean)
        self._unannounced.load(member(state, "unannounced"))
        if self._ended is None:
            self._ended = number(member(state, "ended"))
        day, requests, refusals = (number(member(state, name), 0.0, 1e6) for name in ("day", "requests", "refusals"))
        self._turn_day(self._clock())
        if day == self._day:
            self._requests = max(self._requests, int(requests or 0))
            self._refusals = max(self._refusals, int(refusals or 0))

    def _judge(self, flight: Flight, started: float, error: EnercloError) -> Finding:
        """Say whether the failure of a call counts as a refusal, and widen its interval if it does."""
        if isinstance(error, NoDataError):
            self._unannounced.succeeded(flight.key, started)
            return Finding()
        if not error.answered or isinstance(error, RefusedError):
            return Finding()
        finding = self._unannounced.failed(flight.key, started, error)
        if finding.refused:
            self._refusals += 1
            self._intervals.refuse(flight, self._clock(), 0.0)
            self._intervals.widen(flight.key[0], self._clock(), finding.fits)
        return finding

    async def _store(self) -> None:
        if self._persist is not None:
            await self._persist()

    async def _take_lane(self, waiter: _Waiter, max_wait: float) -> None:
        """Acquire the lock, and return when the waiter may start."""
        deadline = self._clock() + max_wait
        self._waiting.append(waiter)
        try:
            while True:
                now = self._clock()
                permitted = self._permitted_at(waiter, now)
                if permitted > max(now, deadline):
                    raise PacedError(permitted - now)
                if (pause := max(permitted, self._lane_free_at(now)) - now) > 0:
                    await self._pause(waiter, pause)
                elif self._busy:
                    await self._pause(waiter, None)
                elif (first := self._first(now)) is not waiter:
                    # It is about to start; the limit is there in case it is cancelled or the clock changes meanwhile.
                    _wake(first)
                    await self._pause(waiter, SPACING)
                else:
                    self._busy = True
                    self._people_served = self._people_served + 1 if waiter.priority is Priority.PERSON else 0
                    return
        finally:
            self._waiting.remove(waiter)

    async def _pause(self, waiter: _Waiter, seconds: float | None) -> None:
        """Wait until something changes, at most some seconds (None: no limit)."""
        waiter.wake = asyncio.get_running_loop().create_future()
        sleeper = None if seconds is None else asyncio.ensure_future(self._sleep(max(seconds, _SHORTEST_SLEEP)))
        changes = {waiter.wake} if sleeper is None else {waiter.wake, sleeper}
        try:
            done, _ = await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
            for change in done:
                change.result()
        finally:
            waiter.wake = None
            if sleeper is not None:
                sleeper.cancel()

    def _first(self, now: float) -> _Waiter:
        """Return who is served next of those who may start now; the caller is one of them."""
        ready = [waiter for waiter in self._waiting if self._permitted_at(waiter, now) <= now]
        others = [waiter for waiter in ready if waiter.priority is not Priority.PERSON]
        if others and self._people_served >= _PEOPLE_IN_A_ROW:
            ready = others
        return min(ready, key=lambda waiter: (waiter.priority, waiter.order))

    def _permitted_at(self, waiter: _Waiter, now: float) -> float:
        permitted = self._intervals.permitted_at(waiter.key, now, following=waiter.following)
        return permitted if waiter.priority is Priority.PERSON else max(permitted, self._held_until(now))

    def _held_until(self, now: float) -> float:
        """Return until when all calls wait but those of people; a moment that is past if they need not."""
        self._turn_day(now)
        self._again_at = min(self._again_at, now + LONGEST_BACKOFF)
        held = self._again_at if self._unreached else 0.0
        if self._out_of_budget():
            held = max(held, (self._day + 1) * DAY)
        return held

    def _out_of_budget(self) -> bool:
        return self._daily_budget is not None and self._requests >= self._daily_budget

    def _back_off(self) -> None:
        """Wait after an attempt that did not reach the cloud: full jitter, so that homes do not come back as one."""
        longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(self._unreached, 20))
        self._unreached += 1
        self._again_at = self._clock() + self._chance() * longest

    def _lane_free_at(self, now: float) -> float:
        if self._ended is None:
            return now
        self._ended = min(self._ended, now)
        return self._ended + SPACING

    def _turn_day(self, now: float) -> None:
        if (day := int(now // DAY)) != self._day:
            self._day, self._requests, self._refusals = day, 0, 0

    def _wake_all(self) -> None:
        for waiter in self._waiting:
            _wake(waiter)


def _wake(waiter: _Waiter) -> None:
    if waiter.wake is not None and not waiter.wake.done():
        waiter.wake.set_result(None)


def _key(method: str, path: str, device: str) -> Key:
    """Return the key of an endpoint and device: a write is an endpoint of its own beside the read on its path."""
    return (path if method == "GET" else f"{method} {path}"), device.upper()


def _limited(path: str, error: EnercloError, interval: float) -> LimitedError:
    """Return the refusal that a failure has turned out to be."""
    _LOGGER.info("%s failed as whenever it is asked again within %.0f s: taken for a limit", path, interval)
    return LimitedError(
        f"asked too often, as is known from earlier failures ({error})",
        http_status=error.http_status,
        code=error.code,
        vendor_message=error.vendor_message,
    )
