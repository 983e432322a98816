"""A limit that is told in no known form is learnt; a server in trouble is not taken for one."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    Kind,
    LimitedError,
    MalformedAnswerError,
    NotFoundError,
    PacedError,
    Pacer,
    RefusedError,
    TemporaryError,
)
from custom_components.atess.enerclo.unannounced import UnannouncedLimits

from .cloud import Cloud, Reply, Request, Time, data, failure, reply

LATEST, SN = "hps/data-last-small", "SIMHPS0001"
HOUR = 3600.0
FAILURES: dict[str, EnercloError] = {
    "code 500": TemporaryError("x", http_status=200, code=500),
    "HTTP 500": TemporaryError("x", http_status=500),
    "code 10012": TemporaryError("x", http_status=200, code=10012),
    "firewall": TemporaryError("x", http_status=403),
    "page": MalformedAnswerError("x", http_status=200),
    "code 403": AuthenticationError("x", http_status=200, code=403),
    "code 400": NotFoundError("x", http_status=200, code=400),
}


class Limit:
    """A cloud that answers each device once in some seconds, else with a failure; polled as soon as permitted."""

    def __init__(self, pacer: Pacer, time: Time, seconds: float, error: EnercloError) -> None:
        self.pacer, self.time, self.seconds, self.error = pacer, time, seconds, error
        self.accepted: dict[str, float] = {}
        self.asked: dict[str, float] = {}
        self.violations = 0
        self.raised: list[EnercloError] = []
        self.chance: Callable[[], bool] = lambda: False

    async def poll(self, device: str = SN) -> None:
        """Ask once."""
        self.asked[device] = self.time.now
        try:
            async with self.pacer.turn(LATEST, device):
                now = self.time.now
                if self.chance():
                    raise self.error.again()
                if now - self.accepted.get(device, 0.0) < self.seconds:
                    self.violations += 1
                    raise self.error.again()
                self.accepted[device] = now
        except EnercloError as error:
            self.raised.append(error)

    async def live(self, hours: float, *devices: str, jitter: Callable[[], float] = lambda: 0.0) -> None:
        """Poll for some hours."""
        end = self.time.now + hours * HOUR
        while self.time.now < end:
            for device in devices or (SN,):
                permitted = self.pacer.permitted_at(LATEST, device)
                # A refusal of the token starts no interval: who is refused asks again after the usual one.
                permitted = max(permitted, self.asked.get(device, 0.0) + 300)
                if permitted <= self.time.now + 5:
                    self.time.now = max(permitted, self.time.now) + jitter()
                    await self.poll(device)
            self.time.now += 5


@pytest.mark.parametrize("seconds", [420, 600, 900, 1200, 1500, 1800])
@pytest.mark.parametrize("name", FAILURES)
async def test_learnt_within_eight_violations(pacer: Pacer, time: Time, name: str, seconds: float) -> None:
    cloud = Limit(pacer, time, seconds, FAILURES[name])
    await cloud.live(12)
    assert 6 <= cloud.violations <= 8
    learnt = cloud.violations
    assert pacer.interval(LATEST, SN) >= seconds
    await cloud.live(10)
    assert cloud.violations == learnt
    assert [type(error) for error in cloud.raised[:5]] == [type(FAILURES[name])] * 5
    assert type(cloud.raised[-1]) is LimitedError


async def test_a_day_later_a_shorter_interval_is_tried_once(pacer: Pacer, time: Time) -> None:
    cloud = Limit(pacer, time, 900, FAILURES["code 500"])
    await cloud.live(20)
    learnt = cloud.violations
    await cloud.live(5 * 24)
    assert cloud.violations - learnt <= 6
    assert pacer.interval(LATEST, SN) >= 600


async def test_a_limit_that_grows_is_learnt_anew(pacer: Pacer, time: Time) -> None:
    cloud = Limit(pacer, time, 600, FAILURES["code 500"])
    await cloud.live(12)
    learnt = cloud.violations
    cloud.seconds = 1200
    await cloud.live(24)
    assert pacer.interval(LATEST, SN) >= 1200
    assert cloud.violations - learnt <= 12


async def test_an_outage_does_not_cost_what_was_learnt(pacer: Pacer, time: Time) -> None:
    cloud = Limit(pacer, time, 600, FAILURES["code 500"])
    await cloud.live(12)
    learnt = cloud.violations
    end = time.now + HOUR
    cloud.chance = lambda: time.now < end
    await cloud.live(12)
    assert pacer.interval(LATEST, SN) >= 600
    assert cloud.violations <= learnt + 1


@pytest.mark.parametrize("seed", range(5))
async def test_polls_at_irregular_times(pacer: Pacer, time: Time, seed: int) -> None:
    chance = random.Random(seed)
    cloud = Limit(pacer, time, 700, FAILURES["code 10012"])
    await cloud.live(20, jitter=lambda: chance.uniform(0, 40))
    assert cloud.violations <= 8
    assert pacer.interval(LATEST, SN) >= 700


async def test_devices_of_a_path_learn_together(pacer: Pacer, time: Time) -> None:
    cloud = Limit(pacer, time, 600, FAILURES["HTTP 500"])
    await cloud.live(12, "A", "B", "C")
    assert cloud.violations <= 10
    assert {pacer.interval(LATEST, device) >= 600 for device in "ABC"} == {True}


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("name", ["HTTP 500", "code 10012"])
async def test_random_trouble_is_no_limit(pacer: Pacer, time: Time, share: float, seed: int, name: str) -> None:
    chance = random.Random(seed)
    cloud = Limit(pacer, time, 0, FAILURES[name])
    cloud.chance = lambda: chance.random() < share
    await cloud.live(48)
    assert not any(isinstance(error, LimitedError) for error in cloud.raised)
    assert pacer.interval(LATEST, SN) == 300


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("hours", [0.5, 3, 24])
async def test_outages_are_no_limit(pacer: Pacer, time: Time, name: str, hours: float) -> None:
    cloud = Limit(pacer, time, 0, FAILURES[name])
    for _ in range(6):
        end = time.now + hours * HOUR
        cloud.chance = lambda end=end: time.now < end  # type: ignore[misc]
        await cloud.live(hours + 2)
    assert pacer.interval(LATEST, SN) == 300
    assert not any(isinstance(error, LimitedError) for error in cloud.raised)


async def test_recovery_is_seen_at_once_after_a_first_outage(pacer: Pacer, time: Time) -> None:
    cloud = Limit(pacer, time, 0, FAILURES["HTTP 500"])
    await cloud.live(1)
    end = time.now + HOUR
    cloud.chance = lambda: time.now < end
    await cloud.live(1.5)
    assert cloud.accepted[SN] >= time.now - 310


async def test_learnt_knowledge_survives_a_restart(time: Time) -> None:
    pacers: list[Pacer] = []

    def restarted() -> Pacer:
        new = Pacer(clock=time.clock, sleep=time.sleep, chance=lambda: 0.0)
        if pacers:
            new.load(json.loads(json.dumps(pacers[-1].dump())))
        pacers.append(new)
        return new

    cloud = Limit(restarted(), time, 600, FAILURES["code 500"])
    await cloud.live(0.5)
    cloud.pacer = restarted()
    await cloud.live(12)
    assert cloud.violations <= 8
    cloud.pacer = restarted()
    await cloud.live(10)
    assert cloud.violations <= 8


async def test_writes_and_lost_answers_teach_nothing() -> None:
    limits = UnannouncedLimits()
    time = Time()
    pacer = Pacer(clock=time.clock, sleep=time.sleep)
    for error in (RefusedError("x", http_status=200, code=500), TemporaryError("x")):
        with pytest.raises(type(error)):
            async with pacer.turn(type(error).__name__, "1"):
                raise error
    assert pacer.dump()["unannounced"] == limits.dump() == []


def test_what_is_remembered_is_bounded() -> None:
    """However many devices and forms of failures there are, each at its own path."""
    limits = UnannouncedLimits()
    for index in range(500):
        key = (f"path {index}", SN)
        limits.succeeded(key, 1000.0 * index)
        limits.failed(key, 1000.0 * index + 300, TemporaryError("x", http_status=500))
    assert len(limits.dump()) == 200
    # The devices that answered last are known still, the first ones not.
    assert limits.failed(("path 499", SN), 500_000, error := TemporaryError("x", http_status=500)) is not None
    assert error.repeated
    limits.failed(("path 0", SN), 500_000, error := TemporaryError("x", http_status=500))
    assert not error.repeated


async def test_through_the_client(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    """The failures of a series are marked, and end as "asked too often"."""
    accepted = [0.0]

    def answer(request: Request) -> Reply:
        if request.at - accepted[0] < 600:
            return reply(b"<html>", 403)
        accepted[0] = request.at
        return data({"soc": 5})

    cloud.on(LATEST, answer)
    errors: list[EnercloError] = []
    for _ in range(14):
        time.now = max(time.now, client.permitted_at(Kind.HPS_STRING, SN))
        try:
            await client.latest(Kind.HPS_STRING, SN)
        except EnercloError as error:
            errors.append(error)
    assert [type(error) for error in errors] == [TemporaryError] * 5 + [LimitedError]
    assert [error.repeated for error in errors[:5]] == [False, True, True, True, True]
    assert (errors[-1].http_status, errors[-1].code) == (403, None)
    assert SN not in str(errors[-1])
    assert client.interval(Kind.HPS_STRING, SN) == 600


async def test_a_failure_in_between_of_another_kind_changes_nothing(
    client: EnercloClient, cloud: Cloud, time: Time
) -> None:
    cloud.on(LATEST, data({"soc": 5}), failure(500), data({"soc": 5}), failure(503), failure(10012))
    for _ in range(5):
        time.now = max(time.now, client.permitted_at(Kind.HPS_STRING, SN))
        with suppress(TemporaryError):
            await client.latest(Kind.HPS_STRING, SN)
    assert client.pacer.refusals_today() == 0
    assert client.interval(Kind.HPS_STRING, SN) == 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=8) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=20,
)
STATE = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.floats()
        for name in ("count", "cycles", "run", "longest", "fits", "learnt", "misfits", "doubts", "at")
    },
)
ROW = st.tuples(st.just("a") | JSON, JSON | st.just("TemporaryError"), JSON, JSON, STATE).map(list)


@settings(max_examples=200)
@given(JSON | st.lists(ROW | JSON), st.lists(st.tuples(st.booleans(), st.floats(-1e7, 1e7)), max_size=20))
async def test_any_stored_state_and_any_clock(state: Any, steps: list[tuple[bool, float]]) -> None:
    """Whatever was stored and however the clock jumps, the next call is at most an hour off."""
    time = Time()
    pacer = Pacer(clock=time.clock, sleep=time.sleep, chance=lambda: 0.0)
    pacer.load({"unannounced": state})
    for good, seconds in steps:
        time.now += seconds
        try:
            async with pacer.turn("a", "1", max_wait=10_000):
                if not good:
                    raise TemporaryError("x", http_status=500)
        except PacedError:
            raise AssertionError("paced for too long") from None
        except EnercloError:
            pass
        assert pacer.permitted_at("a", "1") - time.now <= 3600
        json.dumps(pacer.dump(), allow_nan=False)
