"""What the client tells of itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.atess.enerclo import (
    EnercloClient,
    Kind,
    NoDataError,
    Pacer,
    RefusedError,
    Token,
)

from .cloud import NO_DATA, START, TOKEN_PAIR, Cloud, Time, data, failure

SN = "SIMHPS0001"
LATEST, SETTING = "hps/data-last-small", "hps/small-setting"


async def test_diagnostics(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(LATEST, data({"soc": 5}))
    cloud.on(SETTING, data({"a": 1}))
    cloud.on(SETTING, failure(500, "no"), method="PUT")
    cloud.on("bms/buc-data-last", NO_DATA)
    await client.latest(Kind.HPS_STRING, SN)
    await client.settings(Kind.HPS_STRING, SN)
    with pytest.raises(RefusedError):
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
    assert (put["last"]["outcome"], put["last"]["http_status"], put["last"]["code"]) == ("RefusedError", 200, 500)
    bcu = report["bcu.latest"]
    assert (bcu["path"], bcu["grade"], bcu["last"]["outcome"]) == ("bms/buc-data-last", "candidate", "NoDataError")
    assert report["pcs.latest"] == {"path": None, "grade": None, "last": None}
    assert SN not in json.dumps(report)


def test_wrong_address(pacer: Pacer) -> None:
    session: Any = None
    with pytest.raises(ValueError, match="https"):
        EnercloClient(session, Token(TOKEN_PAIR), base_url="http://cloud.example/api/v1/", pacer=pacer)


def test_clock_of_its_own(pacer: Pacer) -> None:
    session: Any = None
    client = EnercloClient(session, Token(TOKEN_PAIR), pacer=pacer)
    assert client.paths_state() == {"answered": {}, "absent": {}, "readable": {}}
