"""What can go wrong on the way, over real HTTP."""

import asyncio
import gzip
import json
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any, override

import aiohttp
import pytest

from custom_components.atess.enerclo import (
    EnercloClient,
    Kind,
    MalformedAnswerError,
    PacedError,
    Pacer,
    TemporaryError,
    Token,
    UnreachableError,
    transport,
)

from .cloud import START, TOKEN_PAIR, Cloud, Reply, Request, Time, data, reply

SN = "SIMHPS0001"
LATEST, LIST, SETTING = "hps/data-last-small", "hps/data-list-small", "hps/small-setting"
DAY_START, DAY_END = datetime(2026, 10, 1), datetime(2026, 10, 1, 23, 59, 59)  # noqa: DTZ001  # device-local


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
        client = EnercloClient(session, Token(TOKEN_PAIR), pacer=pacer)
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
    pages = client.history(Kind.HPS_STRING, SN, DAY_START, DAY_END)
    assert len(await anext(pages)) == 1
    time.now += 300
    pages = client.history(Kind.HPS_STRING, SN, DAY_START, DAY_END)
    with pytest.raises(MalformedAnswerError, match="larger than 33554432"):
        await anext(pages)


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
