"""What can be asked of the cloud, over real HTTP."""

import asyncio
import gzip
import json
import math
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, override

import aiohttp
import pytest

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloClient,
    ForeignAnswerError,
    Kind,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    Operation,
    PacedError,
    Pacer,
    Priority,
    TemporaryError,
    UnreachableError,
    normalize_token,
    transport,
)

from .cloud import NO_DATA, NOT_FOUND, START, TOKEN_PAIR, Cloud, Reply, Request, Time, data, failure, reply

SN = "SIMHPS0001"
LATEST, LIST, SETTING = "hps/data-last-small", "hps/data-list-small", "hps/small-setting"
DAY_START, DAY_END = datetime(2026, 10, 1), datetime(2026, 10, 1, 23, 59, 59)  # noqa: DTZ001  # device-local


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
    assert request.headers["Authorization"] == normalize_token(TOKEN_PAIR)
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
    await client.latest(Kind.HPS_STRING, SN, max_wait=300)
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
    assert [request.headers["Authorization"] for request in cloud.requests] == ["wrong", normalize_token(TOKEN_PAIR)]


# What can go wrong on the way


async def test_unreachable(new_client: Callable[..., EnercloClient], pacer: Pacer, cloud: Cloud) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        client = new_client(base_url=f"http://127.0.0.1:{port}/api/v1/")
        with pytest.raises(UnreachableError, match="ClientConnectorError") as caught:
            await client.latest(Kind.HPS_STRING, SN)
    assert caught.value.http_status is None
    assert pacer.permitted_at(LATEST, SN) == START
    assert pacer.requests_today() == 0


async def test_tls_failure_is_unreachable(new_client: Callable[..., EnercloClient], cloud: Cloud) -> None:
    client = new_client(base_url=cloud.base_url.replace("http://", "https://"))
    with pytest.raises(UnreachableError, match="SSL"):
        await client.latest(Kind.HPS_STRING, SN)
    assert cloud.requests == []


class SlowConnector(aiohttp.TCPConnector):
    """Never connects in time."""

    @override
    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Time out."""
        raise TimeoutError


class DeniedConnector(aiohttp.TCPConnector):
    """Does not accept the certificate."""

    @override
    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Fail."""
        key: Any = None
        raise aiohttp.ClientConnectorCertificateError(key, Exception("certificate"))


@pytest.mark.parametrize(
    ("connector", "says"),
    [(SlowConnector, "ConnectionTimeoutError"), (DeniedConnector, "ClientConnectorCertificateError")],
)
async def test_not_connected(pacer: Pacer, socket_enabled: None, connector: Any, says: str) -> None:
    async with aiohttp.ClientSession(connector=connector()) as session:
        client = EnercloClient(session, TOKEN_PAIR, pacer=pacer)
        with pytest.raises(UnreachableError, match=says):
            await client.latest(Kind.HPS_STRING, SN)


async def test_time_out(client: EnercloClient, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (transport.TIMEOUT.total, transport.TIMEOUT.connect) == (30, 10)
    monkeypatch.setattr(transport, "TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    cloud.on(LATEST, Reply(hang=True))
    with pytest.raises(TemporaryError, match="no answer within 30 s") as caught:
        await client.latest(Kind.HPS_STRING, SN)
    assert type(caught.value) is TemporaryError
    assert client.permitted_at(Kind.HPS_STRING, SN) == START + 300


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_lost_connection_is_not_followed_by_a_second_request(
    client: EnercloClient, cloud: Cloud, method: str
) -> None:
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, Reply(drop=True), method="PUT")
    cloud.on(LATEST, Reply(drop=True))
    await client.settings(Kind.HPS_STRING, SN)
    writing = client.write_settings(Kind.HPS_STRING, SN, {"a": 2})
    reading = client.latest(Kind.HPS_STRING, SN)
    lost, other = (writing, reading) if method == "PUT" else (reading, writing)
    other.close()
    with pytest.raises(TemporaryError, match="connection failed"):
        await lost
    assert len(cloud.requests) == 2


async def test_cut_off_answer(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LATEST, Reply(body=b'{"code": 0, "data"', cut=True))
    with pytest.raises(MalformedAnswerError, match=r"cut off.*18 bytes"):
        await client.latest(Kind.HPS_STRING, SN)


async def test_redirects_are_not_followed(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LATEST, Reply(status=302, headers={"Location": f"{cloud.base_url}hps/data-last"}))
    with pytest.raises(TemporaryError, match="redirect"):
        await client.latest(Kind.HPS_STRING, SN)
    assert cloud.paths == [LATEST]


MIB = 1024 * 1024
PADDED = json.dumps({"code": 0, "msg": "", "data": {"soc": 5, "datas": [{"soc": 5}], "total": 1}}).encode()


def padded(size: int) -> Reply:
    return reply(PADDED + b" " * (size - len(PADDED)))


async def test_body_cap(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, padded(4 * MIB), padded(4 * MIB + 1))
    await client.latest(Kind.HPS_STRING, SN)
    time.now += 300
    with pytest.raises(MalformedAnswerError, match=r"larger than 4194304 bytes \(application/json"):
        await client.latest(Kind.HPS_STRING, SN)


async def test_compressed_body_is_measured_unpacked(client: EnercloClient, cloud: Cloud) -> None:
    bomb = gzip.compress(PADDED + b" " * (64 * MIB))
    cloud.on(LATEST, reply(bomb, Content_Encoding="gzip"))
    with pytest.raises(MalformedAnswerError, match="larger than"):
        await client.latest(Kind.HPS_STRING, SN)


async def test_body_cap_of_history(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LIST, padded(5 * MIB), padded(32 * MIB + 1))
    assert len(await history(client)) == 1
    time.now += 300
    with pytest.raises(MalformedAnswerError, match="larger than 33554432"):
        await history(client)


async def test_cancelled_call_counts_and_leaves_the_lane(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    entered = asyncio.Event()

    def hang(request: Request) -> Reply:
        entered.set()
        return Reply(hang=True)

    cloud.on(LATEST, hang)
    task = asyncio.create_task(client.latest(Kind.HPS_STRING, SN))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(PacedError):
        await client.latest(Kind.HPS_STRING, SN)
    cloud.on(SETTING, data({"a": 1}))
    await client.settings(Kind.HPS_STRING, SN)


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


@pytest.mark.parametrize("code", [401, 429, 500])
async def test_identify_ends_at_other_errors(client: EnercloClient, cloud: Cloud, code: int) -> None:
    cloud.on("hps/data-last", failure(code))
    with pytest.raises((AuthenticationError, LimitedError, TemporaryError)):
        await client.identify(SN)
    assert cloud.paths == [LATEST, "hps/data-last"]


async def test_identify_goes_on_where_it_was_interrupted(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on("hps/data-last", failure(500), data({"soc": 5}))
    with pytest.raises(TemporaryError):
        await client.identify(SN)
    with pytest.raises(PacedError):
        await client.identify(SN)
    found, _ = await client.identify(SN, max_wait=300)
    assert found is Kind.HPS_CENTRAL
    assert cloud.paths[:2] == [LATEST, "hps/data-last"]


# History


async def history(client: EnercloClient, **kwargs: Any) -> list[list[Any]]:
    pages = client.history(Kind.HPS_STRING, SN, DAY_START, DAY_END, **kwargs)
    return [[sample.members.get("n", sample.time) for sample in page] async for page in pages]


def pages_of(count: int, *, cap: int = 10_000, total: bool = True, size: bool = True) -> Callable[[Request], Reply]:
    """Answer like a cloud that has a number of rows and serves at most `cap` of them at once."""

    def answer(request: Request) -> Reply:
        number, wanted = int(request.query["pageNo"]), min(int(request.query["pageSize"]), cap)
        rows = [{"n": n} for n in range(count)][(number - 1) * wanted : number * wanted]
        page: dict[str, Any] = {"datas": rows, "pageNo": number, "offset": (number - 1) * wanted}
        return data(page | ({"total": count} if total else {}) | ({"pageSize": wanted} if size else {}))

    return answer


async def test_history_asks_as_documented(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LIST, pages_of(450))
    pages = await history(client)
    assert [len(page) for page in pages] == [200, 200, 50]
    assert [n for page in pages for n in page] == list(range(450))
    assert cloud.requests[0].query == {
        "deviceSn": SN,
        "startDate": "2026-10-01 00:00:00",
        "endDate": "2026-10-01 23:59:59",
        "pageNo": "1",
        "pageSize": "200",
    }
    assert [request.query["pageNo"] for request in cloud.requests] == ["1", "2", "3"]
    assert [request.at - START for request in cloud.requests] == [0, 300, 600]


async def test_history_takes_the_page_size_of_the_answer(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LIST, pages_of(25, cap=10))
    assert [n for page in await history(client, page_size=50) for n in page] == list(range(25))
    assert [request.query["pageSize"] for request in cloud.requests] == ["50", "10", "10"]


@pytest.mark.parametrize(
    ("script", "rows", "requests"),
    [
        (pages_of(25, cap=10, total=False), 25, 3),
        (pages_of(20, cap=10, total=False), 20, 3),
        (pages_of(25, cap=10, total=False, size=False), 25, 4),
        (pages_of(0), 0, 1),
        (data({"datas": None, "total": 0}), 0, 1),
        (data({"datas": [{"n": 1}, "x", None], "total": 3}), 1, 1),
        (data({"datas": [{"n": 1}], "total": 99}), 1, 2),
        (data([{"n": 1}, {"n": 2}]), 2, 1),
        (data([{"n": 1}] * 10), 10, 2),
        (NO_DATA, 0, 1),
    ],
)
async def test_end_of_history(client: EnercloClient, cloud: Cloud, script: Any, rows: int, requests: int) -> None:
    cloud.on(LIST, script)
    pages = await history(client, page_size=10)
    assert sum(len(page) for page in pages) == rows
    assert len(cloud.requests) == requests


async def test_history_is_sorted_within_a_page(client: EnercloClient, cloud: Cloud) -> None:
    times = ["2026-10-01 10:05:00", None, "2026-10-01 09:55:00", "2026-10-01 10:00:00"]
    cloud.on(LIST, data({"datas": [{"time": time} for time in times], "total": 4}))
    assert await history(client) == [[None, *sorted(filter(None, times))]]


async def test_history_is_bounded(client: EnercloClient, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.atess.enerclo.caller._HISTORY_PAGES", 5)
    cloud.on(LIST, pages_of(10_000))
    with pytest.raises(MalformedAnswerError, match="more than 5 pages"):
        await history(client, page_size=10)
    assert len(cloud.requests) == 5


async def test_history_of_another_device(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LIST, data({"datas": [{"n": 1, "deviceSn": SN}, {"n": 2, "deviceSn": "SIMHPS0002"}], "total": 2}))
    with pytest.raises(ForeignAnswerError):
        await history(client)


async def test_history_wants_local_time(client: EnercloClient, cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="without zone"):
        await anext(client.history(Kind.HPS_STRING, SN, DAY_START.replace(tzinfo=UTC), DAY_END))


async def test_history_need_not_wait(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LIST, pages_of(5))
    await history(client)
    with pytest.raises(PacedError):
        await history(client, max_wait=0, priority=Priority.PERSON)


async def test_history_may_be_left_at_any_page(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LIST, pages_of(450))
    pages = client.history(Kind.HPS_STRING, SN, DAY_START, DAY_END)
    assert len(await anext(pages)) == 200
    await pages.aclose()  # type: ignore[attr-defined]
    cloud.on(SETTING, data({"a": 1}))
    await client.settings(Kind.HPS_STRING, SN)


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


@pytest.mark.parametrize("code", [404, 500, 429, 403])
async def test_refused_write(client: EnercloClient, cloud: Cloud, code: int) -> None:
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, failure(code), method="PUT")
    await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises((NotFoundError, TemporaryError, LimitedError, AuthenticationError)) as caught:
        await client.write_settings(Kind.HPS_STRING, SN, {"a": 1})
    assert caught.value.code == code


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


# What is told


async def test_diagnostics(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, data({"soc": 5}))
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, failure(500, "no"), method="PUT")
    cloud.on("bms/buc-data-last", NO_DATA)
    await client.latest(Kind.HPS_STRING, SN)
    await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises(TemporaryError):
        await client.write_settings(Kind.HPS_STRING, SN, {"a": 1})
    with pytest.raises(NoDataError):
        await client.latest(Kind.BCU, "SIMBCU0001")
    report: Any = client.diagnostics()
    assert report["hps_string.latest"]["path"] == LATEST
    assert report["hps_string.latest"]["grade"] == "documented"
    assert report["hps_string.latest"]["last"] == {
        "outcome": "success",
        "at": datetime.fromtimestamp(START, UTC).isoformat(),
    }
    put = report["hps_string.modify_settings"]
    assert (put["last"]["outcome"], put["last"]["http_status"], put["last"]["code"]) == ("TemporaryError", 200, 500)
    bcu = report["bcu.latest"]
    assert (bcu["path"], bcu["grade"], bcu["last"]["outcome"]) == ("bms/buc-data-last", "candidate", "NoDataError")
    assert report["pcs.latest"] == {"path": None, "grade": None, "last": None}
    assert SN not in json.dumps(report)


def test_wrong_address(pacer: Pacer) -> None:
    session: Any = None
    with pytest.raises(ValueError, match="https"):
        EnercloClient(session, TOKEN_PAIR, base_url="http://cloud.example/api/v1/", pacer=pacer)


def test_clock_of_its_own(pacer: Pacer) -> None:
    session: Any = None
    client = EnercloClient(session, TOKEN_PAIR, pacer=pacer)
    assert client.paths_state() == {"answered": {}, "absent": {}, "readable": {}}
