"""What can be asked of the cloud, over real HTTP."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    ForeignAnswerError,
    Kind,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    Operation,
    PacedError,
    Priority,
    RefusedError,
    TemporaryError,
    Terms,
    Token,
)

from .cloud import NO_DATA, NOT_FOUND, START, TOKEN_PAIR, Cloud, Reply, Time, data, failure, pages_of, reply

SN = "SIMHPS0001"
LATEST, SETTING = "hps/data-last-small", "hps/small-setting"


async def test_latest(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, data({"deviceSn": SN, "soc": 55, "new": None, "time": " 2026-10-01 10:00:00 "}))
    sample = await client.latest(Kind.HPS_STRING, SN)
    assert sample.kind is Kind.HPS_STRING
    assert sample.device_sn == SN
    assert sample.members == {"deviceSn": SN, "soc": 55, "new": None, "time": " 2026-10-01 10:00:00 "}
    assert sample.time == "2026-10-01 10:00:00"
    assert sample.received == datetime.fromtimestamp(START, UTC)
    assert client.last_sample(Kind.HPS_STRING, SN) == sample
    assert client.last_sample(Kind.HPS_CENTRAL, SN) is None
    (request,) = cloud.requests
    assert (request.method, request.path, request.query) == ("GET", LATEST, {"deviceSn": SN})
    assert request.headers["Authorization"] == Token(TOKEN_PAIR).header
    assert request.headers["Accept-Language"] == "en"
    assert request.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"updateTime": "2026-10-01 10:00:00"}, "2026-10-01 10:00:00"),
        ({"time": "", "updateTime": "u"}, "u"),
        ({"time": "t", "updateTime": "u"}, "t"),
        ({"time": 1790000000000}, "1790000000000"),
        ({"time": None}, None),
        ({"time": ["x"]}, None),
    ],
)
async def test_time_of_a_sample(client: EnercloClient, cloud: Cloud, members: Any, expected: str | None) -> None:
    cloud.on(LATEST, data({"soc": 1, **members}))
    assert (await client.latest(Kind.HPS_STRING, SN)).time == expected


@pytest.mark.parametrize("name", ["SIMHPS0002", 4711])
async def test_data_of_another_device_are_refused(client: EnercloClient, cloud: Cloud, name: Any) -> None:
    cloud.on(LATEST, data({"deviceSn": name, "soc": 55}))
    with pytest.raises(ForeignAnswerError) as caught:
        await client.latest(Kind.HPS_STRING, SN)
    assert isinstance(caught.value, MalformedAnswerError)
    assert client.last_sample(Kind.HPS_STRING, SN) is None


@pytest.mark.parametrize("name", [SN.lower(), f" {SN} ", "", None])
async def test_the_same_device_in_other_words(client: EnercloClient, cloud: Cloud, name: Any) -> None:
    cloud.on(LATEST, data({"deviceSn": name, "soc": 55}))
    await client.latest(Kind.HPS_STRING, SN)


async def test_success_is_not_repeated_from_memory(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LATEST, data({"soc": 55}))
    await client.latest(Kind.HPS_STRING, SN)
    with pytest.raises(PacedError) as caught:
        await client.latest(Kind.HPS_STRING, SN)
    assert caught.value.retry_after == 300
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(("answer", "kind"), [(NOT_FOUND, NotFoundError), (NO_DATA, NoDataError)])
async def test_absence_is_repeated_from_memory(
    client: EnercloClient, cloud: Cloud, time: Time, answer: Reply, kind: type[Exception]
) -> None:
    cloud.on(LATEST, answer, failure(500))
    for _ in range(3):
        with pytest.raises(kind):
            await client.latest(Kind.HPS_STRING, SN)
    assert len(cloud.requests) == 1
    time.now += 300
    with pytest.raises(TemporaryError):
        await client.latest(Kind.HPS_STRING, SN)
    with pytest.raises(PacedError):
        await client.latest(Kind.HPS_STRING, SN)


async def test_wait_for_the_interval(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, data({"soc": 55}))
    await client.latest(Kind.HPS_STRING, SN)
    assert client.permitted_at(Kind.HPS_STRING, SN) == START + 300
    await client.latest(Kind.HPS_STRING, SN, Terms(priority=Priority.LIVE, max_wait=300))
    assert time.now == START + 300
    assert client.interval(Kind.HPS_STRING, SN) == 300


async def test_permission_of_a_path_not_resolved(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on("bms/bcu-data-last", failure(500))
    assert client.permitted_at(Kind.BCU, "BCU1") == START
    with pytest.raises(TemporaryError):
        await client.latest(Kind.BCU, "BCU1")
    assert client.permitted_at(Kind.BCU, "BCU1") == START + 300
    with pytest.raises(NotFoundError):
        await client.settings(Kind.PCS, "PCS1")
    assert client.permitted_at(Kind.PCS, "PCS1", Operation.SETTINGS) > time.now


async def test_limited(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LATEST, reply(b"", 429, Retry_After="1000"))
    with pytest.raises(LimitedError) as caught:
        await client.latest(Kind.HPS_STRING, SN)
    assert caught.value.retry_after == 1000
    assert client.permitted_at(Kind.HPS_STRING, SN) == START + 1000
    assert client.interval(Kind.HPS_STRING, SN) == 450
    assert client.pacer.refusals_today() == 1


async def test_wrong_token_can_be_corrected_at_once(
    new_client: Callable[..., EnercloClient], cloud: Cloud, time: Time
) -> None:
    cloud.on(LATEST, failure(403), data({"soc": 55}))
    with pytest.raises(AuthenticationError):
        await new_client(token="wrong").latest(Kind.HPS_STRING, SN)
    await new_client().latest(Kind.HPS_STRING, SN)
    assert time.now == START + 1
    assert [request.headers["Authorization"] for request in cloud.requests] == ["wrong", Token(TOKEN_PAIR).header]


# Identifying


@pytest.mark.parametrize(
    ("kind", "path", "asked"),
    [
        (Kind.HPS_STRING, LATEST, 1),
        (Kind.HPS_CENTRAL, "hps/data-last", 2),
        (Kind.PCS, "pcs/data-last", 3),
        (Kind.PBD, "pbd/data-last", 4),
        (Kind.BCU, "bms/buc-data-last", 6),
        (Kind.MBMS, "bms/mbms-data-last", 7),
    ],
)
async def test_identify(client: EnercloClient, cloud: Cloud, kind: Kind, path: str, asked: int) -> None:
    cloud.on(path, data({"soc": 5}))
    found, sample = await client.identify(SN)
    assert found is kind
    assert sample == client.last_sample(kind, SN)
    again, same = await client.identify(SN)
    assert (again, same) == (found, sample)
    assert len(cloud.requests) == asked


async def test_identify_prefers_data_to_none(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LATEST, NO_DATA)
    cloud.on("pbd/data-last", data({"soc": 5}))
    assert (await client.identify(SN))[0] is Kind.PBD


async def test_identify_without_data(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("hps/data-last", NO_DATA)
    cloud.on("pbd/data-last", NO_DATA)
    assert await client.identify(SN) == (Kind.HPS_CENTRAL, None)
    asked = len(cloud.requests)
    assert await client.identify(SN) == (Kind.HPS_CENTRAL, None)
    assert len(cloud.requests) == asked


async def test_identify_unknown(client: EnercloClient, cloud: Cloud) -> None:
    for _ in range(2):
        with pytest.raises(NotFoundError):
            await client.identify(SN)
    assert cloud.paths == [
        LATEST,
        "hps/data-last",
        "pcs/data-last",
        "pbd/data-last",
        "bms/bcu-data-last",
        "bms/buc-data-last",
        "bms/mbms-data-last",
    ]


# Settings


async def test_settings(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(SETTING, data({"batCapacity": 100, "x": None}))
    cloud.on(SETTING, data(None), method="PUT")
    assert await client.settings(Kind.HPS_STRING, SN) == {"batCapacity": 100, "x": None}
    await client.write_settings(Kind.HPS_STRING, SN, {"batCapacity": 120, "x": None, "ü": "é"})
    put = cloud.requests[1]
    assert (put.method, put.path, put.query) == ("PUT", SETTING, {})
    assert json.loads(put.body) == {"batCapacity": 120, "x": None, "ü": "é", "deviceSn": SN}
    assert put.headers["Content-Type"] == "application/json"
    with pytest.raises(PacedError):
        await client.write_settings(Kind.HPS_STRING, SN, {"batCapacity": 130})


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        (400, "", RefusedError),
        (404, "", RefusedError),
        (500, "failed", RefusedError),
        (1234, "", RefusedError),
        ("E_RANGE", "value exceeds limit", RefusedError),
        (500, "value exceeds limit", RefusedError),
        (500, "grid frequency out of range", RefusedError),
        (500, "operation too frequent", LimitedError),
        (500, "The access frequency is too high, please try again later", LimitedError),
        (429, "", LimitedError),
        (401, "", AuthenticationError),
        (403, "", AuthenticationError),
    ],
)
async def test_refused_write(
    client: EnercloClient, cloud: Cloud, code: int | str, message: str, error: type[EnercloError]
) -> None:
    """A code is a refusal, whatever it says; a limit is one of the value unless it speaks of asking too often."""
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, failure(code, message), method="PUT")
    await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises(EnercloError) as caught:
        await client.write_settings(Kind.HPS_STRING, SN, {"a": 1})
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.vendor_message) == (code, message)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, RefusedError), (404, RefusedError), (422, RefusedError), (408, TemporaryError), (502, TemporaryError)],
)
async def test_write_refused_by_http(
    client: EnercloClient, cloud: Cloud, status: int, error: type[EnercloError]
) -> None:
    """Without a code only HTTP 4xx is surely a refusal: after anything else nobody knows whether it was taken."""
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, reply(b"<html>", status), method="PUT")
    await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises(EnercloError) as caught:
        await client.write_settings(Kind.HPS_STRING, SN, {"a": 1})
    assert type(caught.value) is error
    assert caught.value.http_status == status


async def test_success_of_a_write_that_speaks_of_a_limit(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, failure(0, "limit set"), method="PUT")
    await client.settings(Kind.HPS_STRING, SN)
    await client.write_settings(Kind.HPS_STRING, SN, {"a": 2})
    assert len(cloud.requests) == 2


async def test_settings_of_another_device(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(SETTING, data({"a": 1, "deviceSn": "SIMHPS0002"}))
    with pytest.raises(ForeignAnswerError):
        await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises(NotFoundError):
        await client.write_settings(Kind.HPS_STRING, SN, {"a": 1})


async def test_a_value_that_json_does_not_know_is_not_sent(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(SETTING, data({"a": 1}))
    await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises(ValueError, match="JSON"):
        await client.write_settings(Kind.HPS_STRING, SN, {"a": math.nan})
    assert len(cloud.requests) == 1


# Master data


async def test_base_info(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("hps/small-base-info", data({"model": "HPS30"}))
    assert await client.base_info(Kind.HPS_STRING, SN) == {"model": "HPS30"}
    assert cloud.paths == ["hps/base-info-small", "hps/small-base-info"]


async def test_base_info_list(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("bms/buc-base-info/list", data([{"deviceSn": "SIMBCU0001"}, "x", None, {"deviceSn": "SIMBCU0002"}]))
    entries = await client.base_info_list(Kind.BCU, "SIMLOG0001")
    assert entries == [{"deviceSn": "SIMBCU0001"}, {"deviceSn": "SIMBCU0002"}]
    assert cloud.requests[0].query == {"dataLogSn": "SIMLOG0001"}


async def test_empty_list(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("bms/buc-base-info/list", NO_DATA)
    cloud.on("pcs/base-info/list", data([]))
    assert await client.base_info_list(Kind.BCU, "SIMLOG0001") == []
    assert await client.base_info_list(Kind.PCS, "SIMLOG0001") == []


async def test_list_in_pages(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    first = {"datas": [{"n": 1}, {"n": 2}], "total": 3, "pageSize": 2}
    cloud.on("bms/buc-base-info/list", data(first), data({"datas": [{"n": 3}], "total": 3, "pageSize": 2}))
    assert await client.base_info_list(Kind.BCU, "SIMLOG0001") == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [request.query for request in cloud.requests] == [
        {"dataLogSn": "SIMLOG0001"},
        {"dataLogSn": "SIMLOG0001", "pageNo": "2", "pageSize": "2"},
    ]
    assert time.now == START + 300


async def test_list_that_never_ends(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("plant/list", pages_of(10_000, cap=3))
    assert len(await client.plants()) == 60
    assert len(cloud.requests) == 20


async def test_data_loggers_and_plants(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("data-log", data({"dataLogSn": "SIMLOG0001"}))
    cloud.on("datalog/list", data([{"dataLogSn": "SIMLOG0001"}]))
    cloud.on("plant", data({"datas": [{"plantId": 7}], "total": 1}))
    assert await client.data_log("SIMLOG0001") == {"dataLogSn": "SIMLOG0001"}
    assert await client.data_logs(7) == [{"dataLogSn": "SIMLOG0001"}]
    assert await client.plants() == [{"plantId": 7}]
    assert [(request.path, request.query) for request in cloud.requests] == [
        ("datalog", {"dataLogSn": "SIMLOG0001"}),
        ("data-log", {"dataLogSn": "SIMLOG0001"}),
        ("datalog/list", {"plantId": "7"}),
        ("plant/list", {"pageNo": "1", "pageSize": "100"}),
        ("plant", {"pageNo": "1", "pageSize": "100"}),
    ]
