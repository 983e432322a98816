"""When the cloud may be asked."""

import asyncio
import json
import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    NotFoundError,
    PacedError,
    Pacer,
    Priority,
    TemporaryError,
    UnreachableError,
)

from .cloud import START, Time, settle

DAY = 86400.0


async def call(pacer: Pacer, path: str = "a", device: str = "1", error: Exception | None = None, **kwargs: Any) -> None:
    """Make a call that takes no time, and ends in an error if one is given."""
    try:
        async with pacer.turn(path, device, **kwargs):
            if error is not None:
                raise error
    except EnercloError as caught:
        if caught is not error:
            raise


async def paced(pacer: Pacer, path: str = "a", device: str = "1", **kwargs: Any) -> float:
    """Return for how long a call is refused."""
    with pytest.raises(PacedError) as caught:
        await call(pacer, path, device, **kwargs)
    return caught.value.retry_after


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
    assert served == ["03", "06", "late", "11", "14", "22", "27", "30", "35"]


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


async def test_refusals_widen_the_interval_of_that_endpoint(pacer: Pacer, time: Time) -> None:
    await call(pacer, error=LimitedError("x"))
    assert pacer.interval("a", "1") == 450
    assert pacer.interval("b", "1") == pacer.interval("a", "2") == 300
    assert await paced(pacer) == 450
    for expected in (675, 1012.5, 1518.75, 2278.125, 3417.1875, 3600, 3600):
        time.now = pacer.permitted_at("a", "1")
        await call(pacer, error=LimitedError("x"))
        assert pacer.interval("a", "1") == expected
    assert pacer.refusals_today() == pacer.requests_today() == 8


async def test_refusals_are_forgotten_step_by_step(pacer: Pacer, time: Time) -> None:
    for _ in range(3):
        await call(pacer, error=LimitedError("x"))
        time.now = pacer.permitted_at("a", "1")
    refused = time.now - 1012.5
    for days, expected in ((0.99, 1012.5), (1, 675), (1.5, 675), (2, 450), (3, 300), (9, 300)):
        time.now = refused + days * DAY
        assert pacer.interval("a", "1") == expected
    pacer.minimum_interval = 60
    assert pacer.interval("a", "1") == 60


async def test_never_below_what_the_user_set(pacer: Pacer, time: Time) -> None:
    await call(pacer, error=LimitedError("x"))
    pacer.minimum_interval = 1800
    assert pacer.interval("a", "1") == 1800
    time.now += 1800
    await call(pacer, error=LimitedError("x"))
    assert pacer.interval("a", "1") == 2700
    time.now += 30 * DAY
    assert pacer.interval("a", "1") == 1800


@pytest.mark.parametrize(("retry_after", "wait"), [(None, 450), (10, 450), (1200, 1200), (1e9, DAY)])
async def test_retry_after_is_honoured_once(pacer: Pacer, time: Time, retry_after: float | None, wait: float) -> None:
    await call(pacer, error=LimitedError("x", retry_after=retry_after))
    assert await paced(pacer) == wait
    time.now += wait
    await call(pacer)
    assert await paced(pacer) == (450 if wait < DAY else 300)


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


async def test_state_survives(pacer: Pacer, time: Time) -> None:
    await call(pacer, error=LimitedError("x", retry_after=1000))
    await call(pacer, "b")
    state = json.loads(json.dumps(pacer.dump()))
    later = Pacer(clock=time.clock, sleep=time.sleep)
    later.load(state)
    assert later.dump() == state
    assert later.permitted_at("a", "1") == START + 1000
    assert later.permitted_at("b", "1") == START + 301
    assert later.interval("a", "1") == 450
    assert (later.requests_today(), later.refusals_today()) == (2, 1)
    await call(later, "c")
    assert time.now == START + 2


async def test_loading_does_not_undo_what_is_known(pacer: Pacer, time: Time) -> None:
    state = pacer.dump()
    await call(pacer)
    newer = pacer.dump()
    pacer.load(state)
    assert pacer.dump() == newer
    time.now += DAY
    pacer.load(newer)
    assert pacer.requests_today() == 0


async def test_a_call_in_flight_is_stored_with_the_latest_moment_of_its_arrival(time: Time) -> None:
    stored: list[Any] = []

    async def persist() -> None:
        stored.append(pacer.dump())

    pacer = Pacer(clock=time.clock, sleep=time.sleep, persist=persist)
    async with pacer.turn("a", "1"):
        assert len(stored) == 1
    after_kill = Pacer(clock=time.clock, sleep=time.sleep)
    after_kill.load(stored[0])
    time.now += 60
    assert after_kill.permitted_at("a", "1") == START + 330
    assert pacer.permitted_at("a", "1") == START + 300
    await call(pacer, "b", error=LimitedError("x"))
    assert len(stored) == 3
    assert stored[2]["refusals"] == 1


async def test_a_failing_store_does_not_block_the_lane(time: Time) -> None:
    async def persist() -> None:
        raise OSError

    pacer = Pacer(clock=time.clock, sleep=time.sleep, persist=persist)
    for path in "ab":
        with pytest.raises(OSError):  # noqa: PT011
            await call(pacer, path)


async def test_a_failing_sleep_is_not_swallowed(time: Time) -> None:
    async def sleep(seconds: float) -> None:
        raise RuntimeError

    pacer = Pacer(clock=time.clock, sleep=sleep)
    await call(pacer)
    with pytest.raises(RuntimeError):
        await call(pacer, "b")
    time.now += 1
    await call(pacer, "b")


async def test_the_dump_stays_small(pacer: Pacer, time: Time) -> None:
    for number in range(50):
        await call(pacer, "a", str(number))
    await call(pacer, "refused", error=LimitedError("x"))
    await call(pacer, "denied", error=AuthenticationError("x"))
    assert len(str(pacer.dump()["calls"])) < 60 * 51
    time.now += DAY + 60
    calls = pacer.dump()["calls"]
    assert isinstance(calls, list)
    assert [row[0] for row in calls if isinstance(row, list)] == ["refused"]
    time.now += 30 * DAY
    assert pacer.dump()["calls"] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=6) | st.dictionaries(st.text(max_size=5), children, max_size=5),
    max_leaves=20,
)
ROW = st.lists(st.just("a") | st.just("1") | JSON, min_size=6, max_size=6)
STATE = st.fixed_dictionaries(
    {},
    optional={
        "calls": st.lists(ROW | JSON, max_size=5) | JSON,
        "ended": JSON,
        "day": JSON,
        "requests": JSON,
        "refusals": JSON,
    },
)


@given(STATE | JSON)
async def test_damaged_state_never_raises_nor_blocks_for_long(state: Any) -> None:
    time = Time()
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    pacer.load(state)
    assert pacer.permitted_at("a", "1") <= time.now + DAY
    await call(pacer, max_wait=DAY)
    assert pacer.requests_today() >= 1
    assert pacer.refusals_today() >= 0
    json.dumps(pacer.dump(), allow_nan=False)


def test_good_rows_beside_damaged_ones_are_taken(pacer: Pacer) -> None:
    rows = [
        "x",
        ["a"],
        [1, 2, 3, 4, 5, 6],
        ["a", "1", START - 10, 0, None, 0],
        ["b", "1", START - 10, "x", 5, None],
        ["c", "1", 10**400, 0, None, 0],
    ]
    pacer.load({"calls": rows, "ended": "never", "day": None})
    assert pacer.permitted_at("a", "1") == START + 290
    assert pacer.permitted_at("b", "1") == START + 290


@dataclass
class Call:
    """One request as the cloud would see it, with what the pacer's clock did in between."""

    key: tuple[str, str]
    start: float
    end: float


CALLS = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from("12"),
    st.sampled_from(Priority),
    st.sampled_from([0.0, 5.0, 400.0]),
    st.sampled_from([0.0, 0.5, 25.0]),
    st.sampled_from(["", "", "", "unreachable", "denied", "limited", "failed"]),
)
STEPS = st.one_of(
    st.tuples(st.just("call"), CALLS),
    st.tuples(st.just("pass"), st.sampled_from([0.0, 0.3, 1.0, 50.0, 299.0, 700.0])),
    st.tuples(st.just("jump"), st.sampled_from([-100_000.0, -200.0, -0.5, 0.5, 200.0, 100_000.0])),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("restart"), st.none()),
)
ERRORS: dict[str, EnercloError] = {
    "unreachable": UnreachableError("x"),
    "denied": AuthenticationError("x"),
    "limited": LimitedError("x", retry_after=20),
    "failed": TemporaryError("x"),
}


class World:
    """Runs random steps against a pacer and records what the cloud would see."""

    def __init__(self) -> None:
        self.time = Time(automatic=False)
        self.pacer = Pacer(clock=self.time.clock, sleep=self.time.sleep)
        self.jumped = 0.0
        self.refused: list[float] = []
        self.in_flight = 0
        self.counted: list[Call] = []
        self.last_end: tuple[float, float] | None = None
        self.tasks: list[asyncio.Task[None]] = []

    def moment(self) -> float:
        """Time passed plus all jumps forward: what the pacer may take for time passed."""
        return self.time.monotonic + self.jumped

    async def call(
        self, path: str, device: str, priority: Priority, max_wait: float, duration: float, result: str
    ) -> None:
        """Make a call that takes some time, and check that it may be made now."""
        pacer = self.pacer
        try:
            async with pacer.turn(path, device, priority=priority, max_wait=max_wait):
                start = self.moment()
                assert self.in_flight == 0
                if self.last_end is not None:
                    assert start - self.last_end[0] > 1 - 1e-3
                previous = [call for call in self.counted if call.key == (path, device)]
                if previous:
                    assert start - previous[-1].end > 300 - 1e-3
                self.in_flight += 1
                try:
                    await self.time.sleep(duration)
                    if result:
                        raise ERRORS[result].again()
                finally:
                    self.in_flight -= 1
                    self.last_end = self.moment(), start
                    if result not in {"unreachable", "denied"}:
                        self.counted.append(Call((path, device), start, self.moment()))
        except EnercloError as error:
            self.refused += [error.retry_after] if isinstance(error, PacedError) else []

    async def step(self, name: str, value: Any) -> None:
        """Do one thing."""
        if name == "call":
            self.tasks.append(asyncio.create_task(self.call(*value)))
        elif name == "pass":
            await self.time.run(value)
        elif name == "jump":
            self.time.now += value
            self.jumped += max(value, 0.0)
        elif name == "cancel" and self.tasks:
            self.tasks[value % len(self.tasks)].cancel()
        elif name == "restart":
            await self.stop()
            state = json.loads(json.dumps(self.pacer.dump()))
            self.pacer = Pacer(clock=self.time.clock, sleep=self.time.sleep)
            self.pacer.load(state)
        await settle()

    async def stop(self) -> None:
        """End all calls."""
        for task in self.tasks:
            task.cancel()
        for result in await asyncio.gather(*self.tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError), result
        self.tasks.clear()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25))
async def test_the_limits_hold_whatever_happens(steps: list[tuple[str, Any]]) -> None:
    world = World()
    before = asyncio.all_tasks()
    for name, value in steps:
        await world.step(name, value)
    await world.time.run(20_000)
    assert all(task.done() for task in world.tasks)
    assert all(wait > 0 for wait in world.refused)
    await world.stop()
    await settle()
    assert asyncio.all_tasks() == before


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Priority), st.floats(0, 5)), max_size=15))
async def test_the_served_one_is_always_the_most_urgent(callers: list[tuple[Priority, float]]) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    waiting: list[tuple[Priority, int]] = []

    async def ask(order: int, priority: Priority) -> None:
        waiting.append((priority, order))
        async with pacer.turn(f"path{order}", "1", priority=priority):
            assert min(waiting) == (priority, order)
            waiting.remove((priority, order))

    tasks = []
    for order, (priority, delay) in enumerate(callers):
        await time.run(delay)
        tasks.append(asyncio.create_task(ask(order, priority)))
        await settle()
    await time.run(100)
    assert all(task.done() for task in tasks)
    await asyncio.gather(*tasks)
