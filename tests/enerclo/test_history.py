"""History in pages, over real HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.atess.enerclo import (
    EnercloClient,
    ForeignAnswerError,
    Kind,
    MalformedAnswerError,
    PacedError,
    Priority,
    Terms,
)

from .cloud import NO_DATA, START, Cloud, Time, data, pages_of

SN = "SIMHPS0001"
LIST, SETTING = "hps/data-list-small", "hps/small-setting"
DAY_START, DAY_END = datetime(2026, 10, 1), datetime(2026, 10, 1, 23, 59, 59)  # noqa: DTZ001  # device-local


async def history(client: EnercloClient, **kwargs: Any) -> list[list[Any]]:
    pages = client.history(Kind.HPS_STRING, SN, DAY_START, DAY_END, **kwargs)
    return [[sample.members.get("n", sample.time) for sample in page] async for page in pages]


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
        await history(client, terms=Terms(priority=Priority.PERSON))


async def test_history_may_be_left_at_any_page(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(LIST, pages_of(450))
    pages = client.history(Kind.HPS_STRING, SN, DAY_START, DAY_END)
    assert len(await anext(pages)) == 200
    await pages.aclose()  # type: ignore[attr-defined]
    cloud.on(SETTING, data({"a": 1}))
    await client.settings(Kind.HPS_STRING, SN)
