"""The forms in which the cloud may answer, each as its option says."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from simulator.cloud import Call
from simulator.options import CHOICES
from simulator.replies import Reply

from .conftest import Desk

STRING, STRING_LATEST = "SIMHPS0001", "hps/data-last-small"
CENTRAL, CENTRAL_LATEST = "SIMHPS0002", "hps/data-last"
LOGGER, STRING_LIST, PCS_LIST = "SIMLOG0001", "hps/base-info-small/list", "pcs/base-info/list"


def answer(desk: Desk, path: str, **query: str) -> Reply:
    headers = {"authorization": desk.sim.token, "accept-language": "en"}
    return desk.sim.cloud.answer(Call(method="GET", path=path, query=query, headers=headers, body=None))


@pytest.mark.parametrize(
    ("choice", "status", "code", "content_type"),
    [
        ("not_found", 200, 400, "application/json"),
        ("code_500", 200, 500, "application/json"),
        ("http_500", 500, None, "text/plain"),
        ("other_code", 200, 10012, "application/json"),
        ("http_204", 204, None, "application/json"),
        ("empty", 200, None, "application/json"),
        ("forbidden", 200, 403, "application/json"),
        ("forbidden_page", 403, None, "text/html"),
        ("page", 200, None, "text/html"),
        ("no_data", 200, 0, "application/json"),
        ("zeros", 200, 0, "application/json"),
    ],
)
def test_foreign_serials(
    desk: Callable[..., Desk], choice: str, status: int, code: int | None, content_type: str
) -> None:
    asked = desk(cloud={"foreign": choice})
    reply = answer(asked, CENTRAL_LATEST, deviceSn=STRING)
    assert (reply.status, reply.content_type, asked.sim.requests[-1].code) == (status, content_type, code)
    assert asked.data(STRING_LATEST, deviceSn=STRING)["deviceSn"] == STRING
    if choice == "zeros":
        data = json.loads(reply.body)["data"]
        assert data["deviceSn"] not in {STRING, CENTRAL}
        assert {value for value in data.values() if isinstance(value, int)} <= {0}


@pytest.mark.parametrize("choice", CHOICES["limit_answer"])
def test_limit_answers_count_as_violations(desk: Callable[..., Desk], choice: str) -> None:
    asked = desk(cloud={"limit_answer": choice})
    assert answer(asked, STRING_LATEST, deviceSn=STRING).status == 200
    early = answer(asked, STRING_LATEST, deviceSn=STRING)
    assert asked.sim.violations == 1
    assert early.status != 200 or b'"ppv"' not in early.body


def test_look_ups_of_a_logger(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"logger_numbers": "no_data", "limit": 0})
    assert asked.data(STRING_LATEST, deviceSn=LOGGER) is None
    assert asked.data("datalog", dataLogSn=LOGGER) is None
    assert [row["deviceSn"] for row in asked.data(STRING_LIST, dataLogSn=LOGGER)] == [STRING]
    assert asked.ask(STRING_LATEST, deviceSn="UNKNOWN001")["code"] == 400


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("usual", {"code", "data", "msg"}),
        ("no_code", {"data", "msg"}),
        ("success", {"success", "data", "msg"}),
        ("capitals", {"Code", "Data", "Msg"}),
        ("json_text", {"code", "data", "msg"}),
    ],
)
def test_envelopes(desk: Callable[..., Desk], choice: str, names: set[str]) -> None:
    envelope = desk(cloud={"envelope": choice}).ask(STRING_LATEST, deviceSn=STRING)
    assert set(envelope) == names
    data = envelope.get("data", envelope.get("Data"))
    assert (json.loads(data) if choice == "json_text" else data)["deviceSn"] == STRING


def test_errors_in_other_envelopes(desk: Callable[..., Desk]) -> None:
    assert desk(cloud={"envelope": "success"}).ask(STRING_LATEST, deviceSn="UNKNOWN001")["success"] is False
    assert desk(cloud={"envelope": "no_code"}).ask(STRING_LATEST, deviceSn="UNKNOWN001")["code"] == 400


@pytest.mark.parametrize(
    ("choice", "unwrap"),
    [
        ("listed", lambda data: data[0]),
        ("paged", lambda data: data["datas"][0]),
        ("wrapped", lambda data: data["data"]),
    ],
)
def test_forms_of_an_object(desk: Callable[..., Desk], choice: str, unwrap: Callable[[Any], Any]) -> None:
    asked = desk(cloud={"object_form": choice})
    assert unwrap(asked.data(STRING_LATEST, deviceSn=STRING))["deviceSn"] == STRING


@pytest.mark.parametrize(
    ("choice", "unwrap"),
    [
        ("array", lambda data: data),
        *((name, lambda data, name=name: data[name]) for name in ("datas", "list", "rows", "records")),
        ("object", lambda data: [data]),
        ("wrapped", lambda data: data["data"]["datas"]),
        ("page", lambda data: data["page"]["records"]),
        ("null", lambda data: data),
    ],
)
def test_forms_of_a_list(desk: Callable[..., Desk], choice: str, unwrap: Callable[[Any], Any]) -> None:
    asked = desk(cloud={"list_form": choice, "limit": 0})
    assert [row["deviceSn"] for row in unwrap(asked.data(STRING_LIST, dataLogSn=LOGGER))] == [STRING]
    if choice == "null":
        assert asked.data(PCS_LIST, dataLogSn=LOGGER) is None
    if choice == "array":
        assert isinstance(asked.data("plant/list"), list)


@pytest.mark.parametrize("name", CHOICES["serial_member"])
def test_names_of_the_serial_number(desk: Callable[..., Desk], name: str) -> None:
    [row] = desk(cloud={"serial_member": name}).data(STRING_LIST, dataLogSn=LOGGER)
    assert row[name] == STRING


@pytest.mark.parametrize(("choice", "spelled"), [("any", STRING), ("lower", STRING.lower())])
def test_serial_numbers_in_any_case(desk: Callable[..., Desk], choice: str, spelled: str) -> None:
    asked = desk(cloud={"serial_case": choice})
    assert asked.data(STRING_LATEST, deviceSn=STRING.lower())["deviceSn"] == spelled
    assert asked.data(STRING_LIST, dataLogSn=LOGGER.lower())[0]["deviceSn"] == spelled
    asked.ask(STRING_LATEST, deviceSn=STRING)
    assert asked.sim.violations == 1
    assert desk().ask(STRING_LATEST, deviceSn=STRING.lower())["code"] == 400


@pytest.mark.parametrize(
    ("name", "member", "text"),
    [("units", "ppv", r"\d+\.\d+kW"), ("units", "epvTotal", r"\d+\.\d+kWh"), ("decimal_comma", "ppv", r"\d+,\d\d")],
)
def test_numbers_as_texts(desk: Callable[..., Desk], name: str, member: str, text: str) -> None:
    asked = desk(cloud={"limit": 0})
    asked.sim.inject(kind="variant", name=name)
    asked.sim.jump(900)
    assert re.fullmatch(text, asked.data(STRING_LATEST, deviceSn=STRING)[member])


def test_names_and_values_that_nobody_knows(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limit": 0})
    asked.sim.inject(kind="variant", name="capital_members")
    asked.sim.inject(kind="variant", name="unreadable", share=1.0)
    asked.sim.jump(900)
    data = asked.data(STRING_LATEST, deviceSn=STRING)
    assert data["DeviceSn"] == STRING
    assert data["Ppv"] == "n/a"
