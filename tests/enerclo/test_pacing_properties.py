"""The limits hold whatever happens."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    PacedError,
    Pacer,
    Priority,
    TemporaryError,
    UnreachableError,
)

from .cloud import Time, settle


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
async def test_the_served_one_is_the_most_urgent_but_after_two_people(callers: list[tuple[Priority, float]]) -> None:
    time = Time(automatic=False)
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    waiting: list[tuple[Priority, int]] = []
    served: list[Priority] = []

    async def ask(order: int, priority: Priority) -> None:
        waiting.append((priority, order))
        async with pacer.turn(f"path{order}", "1", priority=priority):
            others = [item for item in waiting if item[0] is not Priority.PERSON]
            yields = served[-2:] == [Priority.PERSON] * 2 and bool(others)
            assert min(others if yields else waiting) == (priority, order)
            waiting.remove((priority, order))
            served.append(priority)

    tasks = []
    for order, (priority, delay) in enumerate(callers):
        await time.run(delay)
        tasks.append(asyncio.create_task(ask(order, priority)))
        await settle()
    await time.run(100)
    assert all(task.done() for task in tasks)
    await asyncio.gather(*tasks)
