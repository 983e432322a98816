"""Nothing that is said holds the token, a serial number or a URL."""

import logging
import traceback
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from custom_components.atess.enerclo import EnercloClient, EnercloError, Kind, Token, transport

from .cloud import NOT_FOUND, TOKEN_KEY, TOKEN_PAIR, Cloud, Reply, data, failure, reply

SN = "SIMHPS0001"
HEADER = Token(TOKEN_PAIR).header
SECRETS = (SN, SN.lower(), TOKEN_KEY, TOKEN_PAIR, HEADER, HEADER.removeprefix("Basic "), "deviceSn=", "SIMOTHER01")
ECHO = f"{HEADER} {TOKEN_PAIR} {SN} {SN.lower()} /api/v1/hps/data-last-small?x={SN}"

ANSWERS = {
    "not found": NOT_FOUND,
    "no data": data(None),
    "foreign": data({"deviceSn": "SIMOTHER01", "soc": 5}),
    "echo": failure(500, ECHO),
    "echo in code": reply({"code": f"E {SN}", "msg": ECHO, "data": None}),
    "limited": failure(429, f"too many calls for {SN}", Retry_After="100"),
    "denied": failure(401, f"token {HEADER} unknown"),
    "page": reply(f"<html>{ECHO}</html>".encode(), Content_Type=f"text/html; x={SN}"),
    "list": data([SN]),
    "drop": Reply(drop=True),
    "cut": Reply(body=SN.encode(), cut=True),
    "hang": Reply(hang=True),
    "redirect": Reply(status=302, headers={"Location": f"https://example.org/?deviceSn={SN}"}),
}


def assert_silent(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


async def caught(ask: Callable[[], Awaitable[object]]) -> EnercloError | None:
    """Return the error of ours that comes out, if any."""
    try:
        await ask()
    except EnercloError as error:
        return error
    return None


@pytest.mark.parametrize("name", [*ANSWERS, "unreachable"])
async def test_exceptions_and_logs(
    new_client: Callable[..., EnercloClient],
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    if name == "hang":
        monkeypatch.setattr(transport, "TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    caplog.set_level(logging.DEBUG, logger="custom_components.atess")
    client = new_client()
    for path in ("hps/data-last-small", "hps/small-setting"):
        cloud.on(path, ANSWERS.get(name, NOT_FOUND))
    if name == "unreachable":
        client = new_client(base_url="http://127.0.0.1:1/api/v1/")
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: client.latest(Kind.HPS_STRING, SN),
        lambda: client.settings(Kind.HPS_STRING, SN),
        lambda: client.write_settings(Kind.HPS_STRING, SN, {"a": 1}),
        lambda: client.identify(SN),
        lambda: client.data_log(SN),
    ]
    errors = [error for ask in calls if (error := await caught(ask)) is not None]
    assert len(errors) >= 3
    for error in errors:
        for same in (error, error.again()):
            assert_silent(f"{same} {same!r} {same.args} {same.vendor_message} {same.code}")
            assert repr(same) == repr(error)
        assert_silent("".join(traceback.format_exception(error)))
        chained = error.__context__
        assert chained is None or isinstance(chained, EnercloError) or error.__suppress_context__
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components.atess")]
    assert messages
    assert all(record.levelno == logging.DEBUG for record in caplog.records if "atess" in record.name)
    assert any(message.startswith("hps_string.latest: ") for message in messages)
    assert_silent(caplog.text)


async def test_success_is_logged_without_its_content(
    client: EnercloClient, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cloud.on("hps/data-last-small", data({"deviceSn": SN, "epvToday": 98765.5}))
    await client.latest(Kind.HPS_STRING, SN)
    ours = [record.getMessage() for record in caplog.records if "atess" in record.name]
    assert ours == ["hps_string.latest: success after 0.00 s"]
    assert "98765" not in caplog.text
    assert_silent(caplog.text)


async def test_nothing_of_the_client_shows_in_its_repr(client: EnercloClient) -> None:
    assert_silent(repr(client) + repr(client.pacer))
