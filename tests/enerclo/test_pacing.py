"""When the cloud may be asked."""

import asyncio
import math
from typing import Any

import pytest

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    NotFoundError,
    Pacer,
    Priority,
    TemporaryError,
    UnreachableError,
)

from .cloud import START, Time, settle
from .pacer_calls import call, paced

DAY = 86400.0


async def test_interval_per_endpoint_and_device(pacer: Pacer, time: Time) -> None:
    await call(pacer)
    assert await paced(pacer) == 300
    await call(pacer, "b")
    await call(pacer, "a", "2")
    await call(pacer, "a", "1", method="PUT")
    assert time.now == START + 3
    assert pacer.permitted_at("a", "1") == START + 300
    assert pacer.permitted_at("a", "1", method="PUT") == START + 303
    assert pacer.permitted_at("c", "1") == time.now
    time.now = START + 300
    await call(pacer)


async def test_interval_counts_from_the_end_of_the_call(pacer: Pacer, time: Time) -> None:
    async with pacer.turn("a", "1"):
        time.now += 20
    time.now = START + 319
    assert await paced(pacer) == 1
    time.now = START + 320
    await call(pacer)


async def test_waits_if_permitted_within_max_wait(pacer: Pacer, time: Time) -> None:
    await call(pacer)
    assert await paced(pacer, max_wait=299) == 300
    await call(pacer, max_wait=300)
    assert time.now == START + 300


async def test_the_wait_for_the_lane_is_not_refused(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    starts = []

    async def device(number: int) -> None:
        async with pacer.turn("a", str(number)):
            starts.append(time.now - START)

    tasks = [asyncio.create_task(device(number)) for number in range(5)]
    await time.run(10)
    await asyncio.gather(*tasks)
    assert starts == [0, 1, 2, 3, 4]


async def test_second_caller_of_the_call_in_flight_is_paced_at_once(pacer: Pacer) -> None:
    async with pacer.turn("a", "1"):
        assert await paced(pacer) == 300


@pytest.mark.parametrize("error", [TemporaryError("x"), NotFoundError("x"), asyncio.CancelledError(), RuntimeError()])
async def test_what_counts(pacer: Pacer, time: Time, error: BaseException) -> None:
    with pytest.raises(type(error)):
        async with pacer.turn("a", "1"):
            raise error
    assert pacer.permitted_at("a", "1") == START + 300
    assert pacer.requests_today() == 1


@pytest.mark.parametrize(("error", "requests"), [(UnreachableError("x"), 0), (AuthenticationError("x"), 1)])
async def test_what_counts_for_the_spacing_only(pacer: Pacer, time: Time, error: EnercloError, requests: int) -> None:
    await call(pacer, error=error)
    assert pacer.permitted_at("a", "1") == START
    assert pacer.requests_today() == requests
    await call(pacer)
    assert time.now == START + 1
    time.now = START + 301
    await call(pacer, error=error)
    assert pacer.permitted_at("a", "1") == START + 301


async def test_clock_set_far_forward_during_a_call(pacer: Pacer, time: Time) -> None:
    async with pacer.turn("a", "1"):
        time.now += 2 * DAY
        pacer.dump()
    assert pacer.permitted_at("a", "1") == time.now + 300


async def test_priorities_then_order(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    served = []

    async def ask(name: str, priority: Priority) -> None:
        async with pacer.turn(name, "1", priority=priority):
            served.append(name)

    async with asyncio.TaskGroup() as group:
        async with pacer.turn("first", "1"):
            for number, priority in enumerate([3, 1, 2, 0, 1, 3, 0, 2]):
                group.create_task(ask(f"{priority}{number}", Priority(priority)))
            await time.run(5)
        await time.run(0.5)
        group.create_task(ask("late", Priority.PERSON))
        await time.run(20)
    assert served == ["03", "06", "11", "late", "14", "22", "27", "30", "35"]


@pytest.mark.parametrize("priority", [Priority.LIVE, Priority.SETTINGS, Priority.HISTORY])
async def test_people_starve_nobody(time: Time, priority: Priority) -> None:
    """After two requests of people whoever else waits is served, in the order of priority."""
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    served = []

    async def ask(name: str, priority: Priority) -> None:
        async with pacer.turn(name, "1", priority=priority):
            served.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(7):
            group.create_task(ask(f"person {number}", Priority.PERSON))
        for number in range(2):
            group.create_task(ask(f"other {number}", priority))
        await time.run(20)
    assert [name for name in served if name.startswith("person")] == [f"person {number}" for number in range(7)]
    assert [place for place, name in enumerate(served) if name.startswith("other")] == [2, 5]


async def test_a_caller_not_yet_permitted_blocks_nobody(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    served = []

    async def ask(path: str, **kwargs: Any) -> None:
        async with pacer.turn(path, "1", **kwargs):
            served.append((path, time.now - START))

    async with asyncio.TaskGroup() as group:
        await ask("a")
        group.create_task(ask("a", priority=Priority.PERSON, max_wait=600))
        await time.run(10)
        group.create_task(ask("b", priority=Priority.HISTORY))
        await time.run(400)
    assert served == [("a", 0), ("b", 10), ("a", 300)]


async def test_a_cancelled_waiter_leaves_no_trace(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    await call(pacer)
    before = pacer.dump()
    tasks = asyncio.all_tasks()
    waiters = [asyncio.create_task(call(pacer, max_wait=math.inf)), asyncio.create_task(call(pacer, "b"))]
    await settle()
    for waiter in waiters:
        waiter.cancel()
    await settle()
    assert all(waiter.cancelled() for waiter in waiters)
    assert asyncio.all_tasks() == tasks
    assert pacer.dump() == before
    other = asyncio.create_task(call(pacer, "c"))
    await time.run(1)
    assert other.done()


async def test_cancelling_the_first_in_line_lets_the_next_go(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    async with pacer.turn("a", "1"):
        first = asyncio.create_task(call(pacer, "b", priority=Priority.PERSON))
        second = asyncio.create_task(call(pacer, "c"))
        await settle()
    await time.run(0.5)
    first.cancel()
    await time.run(0.5)
    assert second.done()


async def test_interval_of_the_user_at_run_time(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep, minimum_interval=600)
    await call(pacer)
    waiting = asyncio.create_task(call(pacer, max_wait=math.inf))
    await time.run(100)
    assert not waiting.done()
    pacer.minimum_interval = 60
    await time.run(0)
    assert waiting.done()
    assert pacer.minimum_interval == 60
    for wrong in (59, 3601, math.nan):
        with pytest.raises(ValueError, match="60 to 3600"):
            pacer.minimum_interval = wrong


async def test_pages_may_have_an_interval_of_their_own(pacer: Pacer, time: Time) -> None:
    pacer.page_interval = 2
    assert pacer.page_interval == 2
    await call(pacer)
    assert await paced(pacer) == 300
    await call(pacer, following=True, max_wait=10)
    assert time.now == START + 2
    await call(pacer, following=True, max_wait=10, error=LimitedError("x"))
    assert await paced(pacer, following=True) == 90


async def test_clock_set_back_blocks_for_one_interval_at_most(pacer: Pacer, time: Time) -> None:
    await call(pacer)
    time.now -= 1_000_000
    assert pacer.permitted_at("a", "1") == time.now + 300
    assert await paced(pacer) == 300
    time.now += 300
    await call(pacer)
    time.now -= 5
    await call(pacer, "b")
    assert time.now == START - 1_000_000 + 300 + 1 - 5 + 1


async def test_clock_set_forward_while_somebody_sleeps(time: Time) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    await call(pacer)
    sleeper = asyncio.create_task(call(pacer, priority=Priority.PERSON, max_wait=math.inf))
    await time.run(1)
    time.now += 10_000
    other = asyncio.create_task(call(pacer, "b"))
    await time.run(0)
    assert sleeper.done()
    await time.run(1)
    assert other.done()


async def test_counters_of_the_day(pacer: Pacer, time: Time) -> None:
    time.now = 20_000 * DAY - 10
    await call(pacer, error=LimitedError("x"))
    await call(pacer, "b")
    assert (pacer.requests_today(), pacer.refusals_today()) == (2, 1)
    time.now = 20_000 * DAY
    assert (pacer.requests_today(), pacer.refusals_today()) == (0, 0)


async def test_daily_budget(pacer: Pacer, time: Time) -> None:
    time.now = 20_000 * DAY + 100
    pacer.daily_budget = 2
    assert pacer.daily_budget == 2
    await call(pacer, "a")
    await call(pacer, "b")
    assert await paced(pacer, "c") == DAY - 101
    await call(pacer, "c", priority=Priority.PERSON)
    await call(pacer, "d", priority=Priority.HISTORY, max_wait=math.inf)
    assert time.now == 20_001 * DAY
    pacer.daily_budget = None
    await call(pacer, "e")
