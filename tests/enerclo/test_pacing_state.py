"""What refusals teach the pacer, and what of it survives."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    LimitedError,
    Pacer,
)

from .cloud import START, Time
from .pacer_calls import call, paced

DAY = 86400.0


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
