"""Resolving of candidate paths, overrides, and what is remembered of them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    EnercloClient,
    Kind,
    NoDataError,
    NotFoundError,
    Operation,
    PacedError,
    Priority,
    TemporaryError,
    Terms,
    endpoint,
    normalize_overrides,
)
from custom_components.atess.enerclo.paths import PathBook

from .cloud import NO_DATA, NOT_FOUND, Cloud, Reply, Request, Time, data, failure

DAY = 86400
FIRST, SECOND = "bms/bcu-data-last", "bms/buc-data-last"


def knows(*serials: str) -> Callable[[Request], Reply]:
    """Answer with data for some devices, `not found` for others."""

    def answer(request: Request) -> Reply:
        serial = request.query["deviceSn"]
        return data({"deviceSn": serial, "soc": 50}) if serial in serials else NOT_FOUND

    return answer


async def test_candidates_in_order_then_the_one_that_answered(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(SECOND, knows("BCU1", "BCU2"))
    await client.latest(Kind.BCU, "BCU1")
    await client.latest(Kind.BCU, "BCU2")
    time.now += 300
    await client.latest(Kind.BCU, "BCU1")
    assert cloud.paths == [FIRST, SECOND, SECOND, SECOND]


async def test_no_data_decides_too(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(SECOND, NO_DATA)
    for _ in range(2):
        with pytest.raises(NoDataError):
            await client.latest(Kind.BCU, "BCU1")
        time.now += 300
    assert cloud.paths == [FIRST, SECOND, SECOND]


async def test_what_was_learnt_survives(
    client: EnercloClient, new_client: Callable[..., EnercloClient], cloud: Cloud, time: Time
) -> None:
    cloud.on(SECOND, knows("BCU1"))
    await client.latest(Kind.BCU, "BCU1")
    with pytest.raises(NotFoundError):
        await client.latest(Kind.PCS, "BCU1")
    time.now += 300
    later = new_client(paths=json.loads(json.dumps(client.paths_state())))
    await later.latest(Kind.BCU, "BCU1")
    with pytest.raises(NotFoundError):
        await later.latest(Kind.PCS, "BCU1")
    assert cloud.paths == [FIRST, SECOND, "pcs/data-last", SECOND]


async def test_a_remembered_path_that_knows_not_the_device_is_not_doubted(
    client: EnercloClient, cloud: Cloud, time: Time
) -> None:
    cloud.on(SECOND, knows("BCU1"))
    await client.latest(Kind.BCU, "BCU1")
    with pytest.raises(NotFoundError):
        await client.latest(Kind.BCU, "WRONG")
    await client.latest(Kind.BCU, "BCU1", Terms(priority=Priority.LIVE, max_wait=300))
    assert cloud.paths == [FIRST, SECOND, SECOND, SECOND]


async def test_a_round_without_answer_is_not_repeated_within_a_day(
    client: EnercloClient, cloud: Cloud, time: Time
) -> None:
    for hours in (0, 0, 1, 12, 10.9):
        time.now += hours * 3600
        with pytest.raises(NotFoundError):
            await client.latest(Kind.BCU, "BCU1")
    assert cloud.paths == [FIRST, SECOND]
    time.now += 3600
    with pytest.raises(NotFoundError):
        await client.latest(Kind.BCU, "BCU1")
    assert cloud.paths == [FIRST, SECOND] * 2


@pytest.mark.parametrize("answer", [failure(500), failure(401), failure(429), data({"deviceSn": "OTHER1", "soc": 5})])
async def test_any_other_outcome_ends_the_round_without_verdict(
    client: EnercloClient, cloud: Cloud, time: Time, answer: Reply
) -> None:
    cloud.on(FIRST, NOT_FOUND)
    cloud.on(SECOND, answer, knows("BCU1"))
    with pytest.raises(Exception, match=r"temporary|token|often|another"):
        await client.latest(Kind.BCU, "BCU1")
    assert client.paths_state()["answered"] == {}
    time.now += 500
    client.forgive()
    await client.latest(Kind.BCU, "BCU1")
    assert cloud.paths == [FIRST, SECOND, SECOND]


async def test_error_at_the_first_candidate_leaves_the_others_alone(
    client: EnercloClient, cloud: Cloud, time: Time
) -> None:
    cloud.on(FIRST, failure(500), knows("BCU1"))
    with pytest.raises(TemporaryError):
        await client.latest(Kind.BCU, "BCU1")
    with pytest.raises(PacedError):
        await client.latest(Kind.BCU, "BCU1")
    time.now += 300
    await client.latest(Kind.BCU, "BCU1")
    assert cloud.paths == [FIRST, FIRST]


async def test_the_round_rests_from_its_end(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(SECOND, failure(500), NOT_FOUND)
    with pytest.raises(TemporaryError):
        await client.latest(Kind.BCU, "BCU1")
    time.now += DAY - 3600
    with pytest.raises(NotFoundError):
        await client.latest(Kind.BCU, "BCU1")
    time.now += DAY - 3600
    with pytest.raises(NotFoundError):
        await client.latest(Kind.BCU, "BCU1")
    assert cloud.paths == [FIRST, SECOND, SECOND]


async def test_devices_that_start_together_try_each_candidate_once(client: EnercloClient, cloud: Cloud) -> None:
    serials = ("BCU1", "BCU2", "BCU3")
    cloud.on(SECOND, knows(*serials))
    await asyncio.gather(*(client.latest(Kind.BCU, serial) for serial in serials))
    assert cloud.paths == [FIRST, SECOND, SECOND, SECOND]


async def test_one_wrong_serial_does_not_hide_the_others(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(SECOND, knows("BCU1"))
    with pytest.raises(NotFoundError):
        await client.latest(Kind.BCU, "WRONG")
    await client.latest(Kind.BCU, "BCU1")
    with pytest.raises(NotFoundError):
        await client.latest(Kind.BCU, "WRONG", Terms(priority=Priority.LIVE, max_wait=300))
    assert cloud.paths == [FIRST, SECOND, FIRST, SECOND, SECOND]


async def test_candidates_that_nobody_missed_come_first(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(FIRST, NOT_FOUND)
    cloud.on(SECOND, failure(500), knows("BCU2"))
    with pytest.raises(TemporaryError):
        await client.latest(Kind.BCU, "BCU1")
    await client.latest(Kind.BCU, "BCU2")
    assert cloud.paths == [FIRST, SECOND, SECOND]


async def test_not_found_at_a_known_path_is_not_remembered_for_a_day(
    client: EnercloClient, cloud: Cloud, time: Time
) -> None:
    cloud.on("hps/data-last-small", NOT_FOUND, data({"soc": 5}))
    with pytest.raises(NotFoundError):
        await client.latest(Kind.HPS_STRING, "HPS1")
    time.now += 300
    await client.latest(Kind.HPS_STRING, "HPS1")


async def test_override_wins(new_client: Callable[..., EnercloClient], cloud: Cloud, time: Time) -> None:
    client = new_client(overrides={"bcu.latest": "/bms/other/", "hps_string.latest": "x"})
    cloud.on("bms/other", knows("BCU1"))
    await client.latest(Kind.BCU, "BCU1")
    for serial, kind in (("WRONG", Kind.BCU), ("HPS1", Kind.HPS_STRING)):
        with pytest.raises(NotFoundError):
            await client.latest(kind, serial)
    assert cloud.paths == ["bms/other", "bms/other", "x"]
    assert client.paths_state()["answered"] == {}
    report = client.diagnostics()["bcu.latest"]
    assert isinstance(report, dict)
    assert (report["path"], report["grade"]) == ("bms/other", "override")


@pytest.mark.parametrize(
    "overrides",
    [
        {"toaster.latest": "pcs/data-last"},
        {"pcs.modify_settings": "pcs/setting"},
        {"pcs.latest": ""},
        {"pcs.latest": "https://example.org/x"},
        {"pcs.latest": "../other"},
        {"pcs.latest": "a/../b"},
        {"pcs.latest": "a//b"},
        {"pcs.latest": "a?b=c"},
        {"pcs.latest": "a b"},
    ],
)
def test_wrong_overrides(overrides: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no such operation|not a path"):
        normalize_overrides(overrides)


async def test_writes_go_only_where_that_device_was_read(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on("pcs/pcs-setting", knows("PCS1"))
    cloud.on("pcs/pcs-setting", data(None), method="PUT")
    with pytest.raises(NotFoundError, match="nothing was sent"):
        await client.write_settings(Kind.PCS, "PCS1", {"a": 1})
    await client.settings(Kind.PCS, "PCS1")
    with pytest.raises(NotFoundError, match="nothing was sent"):
        await client.write_settings(Kind.PCS, "PCS2", {"a": 1})
    await client.write_settings(Kind.PCS, "PCS1", {"a": 1})
    assert [(request.method, request.path) for request in cloud.requests] == [
        ("GET", "pcs/setting"),
        ("GET", "pcs/pcs-setting"),
        ("PUT", "pcs/pcs-setting"),
    ]


async def test_where_to_write_survives_unless_the_path_changes(
    client: EnercloClient, new_client: Callable[..., EnercloClient], cloud: Cloud, time: Time
) -> None:
    cloud.on("hps/small-setting", knows("HPS1"))
    cloud.on("hps/small-setting", data(None), method="PUT")
    await client.settings(Kind.HPS_STRING, "HPS1")
    state = json.loads(json.dumps(client.paths_state()))
    await new_client(paths=state).write_settings(Kind.HPS_STRING, "HPS1", {})
    other = new_client(paths=state, overrides={"hps_string.settings": "hps/other"})
    with pytest.raises(NotFoundError):
        await other.write_settings(Kind.HPS_STRING, "HPS1", {})
    assert len(cloud.requests) == 2


async def test_settings_without_data_are_no_place_to_write(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("hps/small-setting", data({"deviceSn": "HPS1"}))
    with pytest.raises(NoDataError):
        await client.settings(Kind.HPS_STRING, "HPS1")
    with pytest.raises(NotFoundError):
        await client.write_settings(Kind.HPS_STRING, "HPS1", {})


async def test_clock_set_back_ends_the_rest(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    with pytest.raises(NotFoundError):
        await client.latest(Kind.PCS, "PCS1")
    time.now -= 10 * DAY
    cloud.on("pcs/data-last", knows("PCS1"))
    await client.latest(Kind.PCS, "PCS1", Terms(priority=Priority.LIVE, max_wait=300))


def test_stored_state_forgets_what_is_old() -> None:
    book = PathBook({}, None)
    row = endpoint(Kind.BCU, Operation.LATEST)
    book.not_found(row, "BCU1", FIRST, 1000.0)
    book.not_found(row, "BCU2", FIRST, 5000.0)
    assert book.dump(1000.0 + DAY)["absent"] == {"bcu.latest": {"BCU2": {FIRST: 5000.0}}}
    assert book.dump(5000.0 + DAY)["absent"] == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(["bcu.latest", FIRST, "BCU1", "x"]),
    lambda children: st.lists(children) | st.dictionaries(st.sampled_from(["bcu.latest", "BCU1", FIRST]), children),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional={"answered": JSON, "absent": JSON, "readable": JSON}) | JSON)
def test_damaged_state(state: Any) -> None:
    book = PathBook({}, state)
    row = endpoint(Kind.BCU, Operation.LATEST)
    assert book.settled(row) in {None, FIRST, SECOND}
    assert set(book.candidates(row, "BCU1", 0.0)) <= {FIRST, SECOND}
    assert book.writable(endpoint(Kind.BCU, Operation.SETTINGS), "BCU1") is None
    json.dumps(book.dump(0.0))


def test_good_pieces_beside_damaged_ones_are_taken() -> None:
    book = PathBook(
        {},
        {
            "answered": {"bcu.latest": SECOND, "pcs.latest": "elsewhere", "x": FIRST},
            "absent": {"mbms.latest": {"M1": {"bms/mbms-data-last": 1000.0, "x": "y"}, "M2": 5}, "z": None},
            "readable": {"bcu.settings": {"BCU1": "bms/bcu-setting", "BCU2": "../x"}},
        },
    )
    assert book.settled(endpoint(Kind.BCU, Operation.LATEST)) == SECOND
    assert book.settled(endpoint(Kind.PCS, Operation.LATEST)) is None
    assert book.candidates(endpoint(Kind.MBMS, Operation.LATEST), "M1", 2000.0) == []
    assert book.candidates(endpoint(Kind.MBMS, Operation.LATEST), "M2", 2000.0) == ["bms/mbms-data-last"]
    assert book.writable(endpoint(Kind.BCU, Operation.SETTINGS), "BCU1") == "bms/bcu-setting"
    assert book.writable(endpoint(Kind.BCU, Operation.SETTINGS), "BCU2") is None
