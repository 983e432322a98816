"""Refusals of the token: believed late, tried again, ended by any success."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    Kind,
    NotFoundError,
    PacedError,
    Priority,
    TemporaryError,
    Terms,
    UnreachableError,
)
from custom_components.atess.enerclo.denial import Denial

from .cloud import NO_DATA, NOT_FOUND, START, Cloud, Reply, Request, Time, data, failure, reply

LATEST, SETTING = "hps/data-last-small", "hps/small-setting"
REFUSED, SERVED = failure(403, "no access"), data({"soc": 5})
A, B = "SIMHPS0001", "SIMHPS0002"
MINUTE = 60.0


def by_device(**answers: Reply) -> Callable[[Request], Reply]:
    """Answer by serial number."""
    return lambda request: answers[request.query["deviceSn"]]


async def ask(client: EnercloClient, device: str = A, **kwargs: Any) -> EnercloError | None:
    """Ask for the latest sample and return what went wrong."""
    try:
        await client.latest(Kind.HPS_STRING, device, **kwargs)
    except EnercloError as error:
        return error
    return None


async def deny(client: EnercloClient, time: Time, device: str = A) -> None:
    """Let the cloud refuse until that is believed."""
    for _ in range(3):
        await ask(client, device)
        time.now += 300
    assert client.denied


async def test_believed_after_three_in_a_row_over_ten_minutes(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    for minutes, denied in ((0, False), (5, False), (9.9, False), (10, True)):
        time.now = START + minutes * MINUTE
        assert isinstance(await ask(client), AuthenticationError)
        assert client.denied is denied
    assert client.denied_until == time.now + 15 * MINUTE
    assert client.permitted_at(Kind.HPS_STRING, A) == client.denied_until
    assert client.permitted_at(Kind.HPS_STRING, A, priority=Priority.PERSON) == time.now


async def test_two_refusals_are_not_enough(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    await ask(client)
    time.now += 86400
    await ask(client)
    assert not client.denied
    assert client.denied_until is None


async def test_a_success_of_any_device_between_starts_anew(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, by_device(SIMHPS0001=REFUSED, SIMHPS0002=SERVED))
    for _ in range(20):
        assert isinstance(await ask(client, A), AuthenticationError)
        assert await ask(client, B) is None
        time.now += 300
    assert not client.denied
    assert len(cloud.requests) == 40


@pytest.mark.parametrize("answer", [data(None), data({"deviceSn": "OTHER1", "soc": 5}), data("what?")])
async def test_an_answer_that_the_envelope_calls_a_success_is_one(
    client: EnercloClient, cloud: Cloud, time: Time, answer: Reply
) -> None:
    cloud.on(LATEST, REFUSED, REFUSED, answer, REFUSED)
    for _ in range(4):
        await ask(client)
        time.now += 300
    assert not client.denied


@pytest.mark.parametrize("answer", [NOT_FOUND, failure(500), failure(429), reply(b"<html>", 403), Reply(drop=True)])
async def test_any_other_answer_says_nothing(client: EnercloClient, cloud: Cloud, time: Time, answer: Reply) -> None:
    cloud.on(LATEST, REFUSED, REFUSED, answer, REFUSED)
    for _ in range(4):
        assert not client.denied
        await ask(client)
        time.now += 600
    assert client.denied


@pytest.mark.parametrize("status", [401, 403])
async def test_pages_of_a_firewall_are_never_believed(
    client: EnercloClient, cloud: Cloud, time: Time, status: int
) -> None:
    cloud.on(LATEST, reply(b"<html>Blocked</html>", status))
    for _ in range(10):
        assert type(await ask(client)) is TemporaryError
        time.now += 300
    assert not client.denied
    assert len(cloud.requests) == 10


async def test_refusals_of_people_do_not_count(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    for _ in range(5):
        await ask(client, terms=Terms(priority=Priority.PERSON))
        time.now += 300
    assert not client.denied


async def test_all_operations_count_in_both_directions(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    cloud.on(SETTING, REFUSED, data({"a": 1}))
    cloud.on("bms/buc-base-info/list", REFUSED)
    await ask(client)
    with pytest.raises(AuthenticationError):
        await client.settings(Kind.HPS_STRING, A)
    time.now += 600
    with pytest.raises(AuthenticationError):
        await client.base_info_list(Kind.BCU, "SIMLOG0001")
    assert client.denied
    time.now += 900
    await client.settings(Kind.HPS_STRING, A)
    assert not client.denied


async def test_one_request_per_growing_pause(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    await deny(client, time)
    tries = []
    for _ in range(2 * 24 * 60):
        before = len(cloud.requests)
        for device in (A, B):
            assert isinstance(await ask(client, device), AuthenticationError | PacedError)
        if len(cloud.requests) > before:
            tries.append(time.now)
            assert len(cloud.requests) == before + 1
        time.now += 60
    pauses = [round((after - before) / MINUTE) for before, after in itertools.pairwise(tries)]
    assert pauses[:6] == [30, 60, 120, 240, 360, 360]


@pytest.mark.parametrize("priority", [Priority.PERSON, Priority.LIVE])
async def test_any_success_ends_it(client: EnercloClient, cloud: Cloud, time: Time, priority: Priority) -> None:
    cloud.on(LATEST, REFUSED)
    changes = []
    remove = client.add_access_listener(lambda: changes.append(client.denied))
    await deny(client, time)
    assert changes == [True]
    cloud.on(LATEST, SERVED)
    if priority is Priority.LIVE:
        assert isinstance(await ask(client, B), AuthenticationError)
        time.now += 900
    assert await ask(client, B, terms=Terms(priority=priority)) is None
    assert changes == [True, False]
    assert client.denied_until is None
    assert await ask(client) is None
    remove()
    remove()
    cloud.on(LATEST, REFUSED)
    time.now += 300
    await deny(client, time)
    assert changes == [True, False]


async def test_a_device_refused_for_itself_does_not_keep_others_out(
    client: EnercloClient, cloud: Cloud, time: Time
) -> None:
    """A device asked rarely is tried, although another one, always refused, would be asked first each time."""
    cloud.on(LATEST, by_device(SIMHPS0001=REFUSED, SIMHPS0002=SERVED))
    assert await ask(client, B) is None
    await deny(client, time)
    time.now = client.denied_until or 0.0
    assert client.permitted_at(Kind.HPS_STRING, B) == time.now
    assert client.permitted_at(Kind.HPS_STRING, A) > time.now
    asked = len(cloud.requests)
    assert isinstance(await ask(client, A), PacedError)
    assert len(cloud.requests) == asked
    assert await ask(client, B) is None
    assert not client.denied


async def test_a_failure_of_a_try_waits_for_the_same_pause(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    await deny(client, time)
    cloud.on(LATEST, failure(500), NO_DATA)
    time.now = client.denied_until or 0.0
    assert isinstance(await ask(client), TemporaryError)
    assert client.denied_until == time.now + 900
    time.now += 900
    await ask(client)
    assert not client.denied


async def test_forgiving_permits_one_try_at_once(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, REFUSED)
    await deny(client, time)
    asked = len(cloud.requests)
    client.forgive()
    assert client.denied
    for _ in range(3):
        assert isinstance(await ask(client), AuthenticationError)
    assert len(cloud.requests) == asked + 1
    client.forgive()
    cloud.on(LATEST, SERVED)
    assert await ask(client) is None
    assert not client.denied


async def test_a_token_is_denied_for_itself(new_client: Callable[..., EnercloClient], cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, lambda request: SERVED if "wrong" not in request.headers["Authorization"] else REFUSED)
    await deny(new_client(token="wrong"), time)
    other = new_client()
    assert not other.denied
    assert await ask(other) is None


def test_unreachable_leaves_the_try_open() -> None:
    moment = [START]
    denial = Denial(lambda: moment[0])
    for _ in range(3):
        denial.failed(A, AuthenticationError("x"), person=False)
        moment[0] += 300
    moment[0] = denial.until or 0.0
    denial.failed(A, UnreachableError("x"), person=False)
    assert denial.until == moment[0]


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("rrrnsp"), st.floats(-1e5, 1e5)), max_size=60))
def test_laws(steps: list[tuple[str, str, float]]) -> None:
    """Never believed right after a success; the next try is at most 6 hours and a minute off, and it is permitted."""
    moment = [START]
    denial = Denial(lambda: moment[0])
    changes: list[bool] = []
    denial.add_listener(lambda: changes.append(denial.believed))
    for device, event, seconds in steps:
        moment[0] += seconds
        if event == "s":
            denial.accepted(device)
            assert not denial.believed
        elif event == "p":
            before = denial.believed
            denial.failed(device, AuthenticationError("x"), person=True)
            assert denial.believed is before
        else:
            with suppress(EnercloError):
                denial.check(device)
                error = AuthenticationError("x") if event == "r" else NotFoundError("x")
                denial.failed(device, error, person=False)
        assert denial.believed is (denial.until is not None)
        for other in "ABC":
            wait = denial.permitted_at(other) - moment[0]
            assert wait <= 6 * 3600 + 60
            if wait <= 0:
                denial.check(other)
    assert changes == [place % 2 == 0 for place in range(len(changes))]
