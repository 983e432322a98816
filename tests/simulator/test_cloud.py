"""Tokens, paths, the frequency limit, envelopes, history and lists."""

import base64
import copy
import itertools
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator import PlantError, Simulator
from simulator.cloud import Call
from simulator.paths import build_routes, candidates
from simulator.plant import FOLDER

from . import specified
from .conftest import NOON, Desk

STRING, STRING_LATEST = "SIMHPS0001", "hps/data-last-small"
CENTRAL, CENTRAL_LATEST = "SIMHPS0002", "hps/data-last"


def status_of(asked: Desk, path: str, *, token: str | None = None, headers: dict[str, str] | None = None) -> Any:
    sent = {"authorization": token or asked.sim.token, "accept-language": "en"} if headers is None else headers
    call = Call(method="GET", path=path, query={"deviceSn": STRING}, headers=sent, body=None)
    return asked.sim.cloud.answer(call)


def test_token_is_invented_and_follows_the_seed(desk: Callable[..., Desk]) -> None:
    token = desk().sim.token
    pair = base64.b64decode(token.removeprefix("Basic ")).decode()
    assert re.fullmatch(r"\d{6}:[0-9a-f]{32}", pair)
    assert desk(seed=1).sim.token == token != desk(seed=2).sim.token


def test_wrong_token_and_missing_headers(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"error_form": "http"})
    assert status_of(asked, STRING_LATEST, token="Basic d3Jvbmc=").status == 401
    assert status_of(asked, STRING_LATEST, headers={"accept-language": "en"}).status == 401
    incomplete = status_of(asked, STRING_LATEST, headers={"authorization": asked.sim.token})
    assert b'"code": 500' in incomplete.body
    assert status_of(asked, STRING_LATEST).status == 200
    shown = [record.headers.get("authorization") for record in asked.sim.requests]
    assert shown == ["*** (wrong)", None, "***", "***"]
    asked = desk(cloud={"error_form": "code"})
    refused = status_of(asked, STRING_LATEST, token="Basic d3Jvbmc=")
    assert (refused.status, b'"code": 403' in refused.body) == (200, True)


@pytest.mark.parametrize("form", ["http", "code"])
def test_what_is_not_found(desk: Callable[..., Desk], form: str) -> None:
    asked = desk("farm", cloud={"error_form": form})
    cases = [
        ("pcs/data-last", "UNKNOWN001"),
        ("pcs/data-last", "SIMPBD0201"),
        ("bms/buc-data-last", "SIMBCU0201"),
        ("nowhere", "SIMPCS0201"),
    ]
    for path, sn in cases:
        assert asked.ask(path, deviceSn=sn)["code"] == 400
    assert {record.status for record in asked.sim.requests} == ({404} if form == "http" else {200})


@pytest.mark.parametrize(
    ("choice", "status", "code"), [("http_404", 404, 400), ("code_400", 200, 400), ("no_data", 200, 0)]
)
def test_answer_to_an_unknown_serial(desk: Callable[..., Desk], choice: str, status: int, code: int) -> None:
    asked = desk(cloud={"unknown_serial": choice})
    assert asked.ask(STRING_LATEST, deviceSn="UNKNOWN001") == {
        "code": code,
        "data": None,
        "msg": "not found" if code else "operate successfully",
    }
    assert asked.sim.requests[-1].status == status


@pytest.mark.parametrize(
    ("code", "msg"), [(0, "operate successfully"), (200, ""), ("0", "operate successfully"), ("200", "")]
)
def test_success_code(desk: Callable[..., Desk], code: int | str, msg: str) -> None:
    envelope = desk(cloud={"success_code": code}).ask(STRING_LATEST, deviceSn=STRING)
    assert set(envelope) == {"code", "data", "msg"}
    assert (envelope["code"], type(envelope["code"]), envelope["msg"]) == (code, type(code), msg)


ALL_KINDS = [
    ("demo", STRING, "hps_string"),
    ("demo", CENTRAL, "hps_central"),
    ("farm", "SIMPCS0201", "pcs"),
    ("farm", "SIMPBD0202", "pbd"),
    ("farm", "SIMBCU0202", "bcu"),
    ("farm", "SIMMBM0201", "mbms"),
]


@pytest.mark.parametrize(("plant", "sn", "kind"), ALL_KINDS, ids=[case[2] for case in ALL_KINDS])
def test_every_operation_answers_at_each_of_its_candidates(
    desk: Callable[..., Desk], plant: str, sn: str, kind: str
) -> None:
    for operation in ("latest", "history", "settings", "base_info", "base_info_list"):
        for path in candidates(kind, operation):
            asked = desk(plant, paths={f"{kind}.{operation}": path})
            log = next(device.data_log_sn for device in asked.sim.devices if device.sn == sn)
            dates = {"startDate": "2026-06-24 11:00:00", "endDate": "2026-06-24 11:30:00"}
            query = {"dataLogSn": log} if operation == "base_info_list" else {"deviceSn": sn}
            assert asked.data(path, **query, **(dates if operation == "history" else {}))
            for other in set(candidates(kind, operation)) - {path}:
                assert asked.ask(other, **query)["code"] == 400


def test_paths_can_be_closed_and_must_be_known(desk: Callable[..., Desk]) -> None:
    assert desk(paths={"hps_string.latest": None}).ask(STRING_LATEST, deviceSn=STRING)["code"] == 400
    with pytest.raises(ValueError, match="nonsense"):
        build_routes({"nonsense": "x"})


# the frequency limit


def test_limit_counts_from_the_last_accepted_call(desk: Callable[..., Desk]) -> None:
    asked = desk()

    def code(after: float) -> int:
        asked.sim.jump(after)
        answer: int = asked.ask(STRING_LATEST, deviceSn=STRING)["code"]
        return answer

    assert code(0) == 0
    assert code(299.5) == 429
    assert code(0.5) == 0
    assert code(299) == 429
    assert code(0.9) == 429
    assert code(0.1) == 0
    assert asked.sim.violations == 3
    assert [record.violation for record in asked.sim.requests] == [False, True, False, True, True, False]


def test_limit_is_per_path_and_device(desk: Callable[..., Desk]) -> None:
    asked = desk()
    asked.data(STRING_LATEST, deviceSn=STRING)
    asked.data(CENTRAL_LATEST, deviceSn=CENTRAL)
    asked.data("hps/small-setting", deviceSn=STRING)
    assert asked.write("hps/small-setting", STRING, modeSelection=1)["code"] == 0
    assert asked.ask(CENTRAL_LATEST, deviceSn=STRING)["code"] == 400
    assert asked.sim.violations == 0
    assert asked.ask(CENTRAL_LATEST, deviceSn=STRING)["code"] == 429
    assert asked.sim.violations == 1


@pytest.mark.parametrize(
    ("choice", "status", "code"),
    [("http_429", 429, 429), ("http_429_retry_after", 429, 429), ("code_429", 200, 429), ("msg", 200, 500)],
)
def test_forms_of_a_refusal(desk: Callable[..., Desk], choice: str, status: int, code: int) -> None:
    asked = desk(cloud={"limit_answer": choice, "limit": 60})
    status_of(asked, STRING_LATEST)
    asked.sim.jump(20)
    reply = status_of(asked, STRING_LATEST)
    assert (reply.status, asked.sim.requests[-1].code) == (status, code)
    assert reply.headers.get("Retry-After") == ("41" if choice.endswith("after") else None)
    assert (b"frequency" in reply.body) == (choice == "msg")


def test_limit_of_one_path_and_changed_limit(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limits": {STRING_LATEST: 0}})
    for _ in range(3):
        asked.data(STRING_LATEST, deviceSn=STRING)
    asked.sim.inject(kind="limit", seconds=600)
    asked.data(CENTRAL_LATEST, deviceSn=CENTRAL)
    asked.sim.jump(599)
    assert asked.ask(CENTRAL_LATEST, deviceSn=CENTRAL)["code"] == 429
    asked.sim.clear()
    assert asked.ask(CENTRAL_LATEST, deviceSn=CENTRAL)["code"] == 0


def test_speed_moves_the_plant_and_not_the_limit() -> None:
    clock = [NOON]
    sim = Simulator("demo", now=lambda: clock[0], speed=60.0, history_days=1)
    asked = Desk(sim)
    first = asked.data(STRING_LATEST, deviceSn=STRING)["time"]
    clock[0] += 300
    second = asked.data(STRING_LATEST, deviceSn=STRING)["time"]
    passed = datetime.fromisoformat(second) - datetime.fromisoformat(first)
    assert 4.8 * 3600 < passed.total_seconds() < 5.2 * 3600
    assert sim.violations == 0


# samples and history


def test_a_sample_becomes_visible_after_its_delay(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limit": 0})
    seen: dict[str, float] = {}
    for second in range(0, 3600, 5):
        text = asked.data(STRING_LATEST, deviceSn=STRING)["time"]
        seen.setdefault(text, NOON + second)
        asked.sim.jump(5)
    moments = [(asked.sim._world.parse_local(text, fold=0), at) for text, at in seen.items()]
    delays = [at - taken for taken, at in moments[1:]]
    assert all(5.0 <= delay <= 40.0 + 5.0 + 1.0 for delay in delays)
    assert len(set(delays)) > 3
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(moments)]
    assert all(291.0 <= gap <= 309.0 for gap in gaps)
    assert len(moments) in {12, 13}


def history(asked: Desk, **query: str) -> Any:
    span = {"startDate": "2026-06-23 00:00:00", "endDate": "2026-06-23 23:59:59"}
    return asked.data("hps/data-list", deviceSn=CENTRAL, **(span | query))


def test_history_comes_in_pages(desk: Callable[..., Desk]) -> None:
    asked = desk(history_days=3, cloud={"limit": 0})
    pages = [history(asked, pageNo=str(number), pageSize="100") for number in (1, 2, 3, 4)]
    assert [len(page["datas"]) for page in pages] == [100, 100, pages[0]["total"] - 200, 0]
    assert [page["offset"] for page in pages] == [0, 100, 200, 300]
    assert {(page["pageSize"], page["total"]) for page in pages} == {(100, pages[0]["total"])}
    assert 286 <= pages[0]["total"] <= 290
    times = [row["time"] for page in pages for row in page["datas"]]
    assert times == sorted(set(times), reverse=True)
    assert all(time.startswith("2026-06-23") for time in times)
    assert set(pages[0]["datas"][0]) == set(specified.HPS_CENTRAL) - set(specified.HV_ONLY)


def test_history_before_the_start_may_be_coarser(desk: Callable[..., Desk]) -> None:
    """Nothing is lost or comes twice where the interval changes, and the newest sample is as fresh as ever."""
    asked = desk(history_days=3, upload_interval=10, past_interval=1800, cloud={"limit": 0})
    start = asked.sim.time
    asked.sim.jump(3600)
    moments = [taken for taken, _ in asked.sim.uploads(CENTRAL, start - 86_400, start + 3600)]
    gaps = [later - before for before, later in itertools.pairwise(moments)]
    assert gaps[:47] == pytest.approx([1800] * 47, abs=1.1)
    assert gaps[49:] == pytest.approx([10] * len(gaps[49:]), abs=1.1)
    assert len(gaps) in range(48 + 358, 48 + 362)
    assert max(gaps) <= 1801.1
    rows = history(asked, pageSize="500")
    assert rows["total"] in {47, 48, 49}
    newest = asked.data(CENTRAL_LATEST, deviceSn=CENTRAL)["time"]
    assert datetime.fromisoformat(newest).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() > asked.sim.time - 12
    with pytest.raises(PlantError):
        desk(past_interval=0)


def test_history_defaults_and_limits(desk: Callable[..., Desk]) -> None:
    asked = desk(history_days=3, cloud={"limit": 0, "page_max": 50, "history_order": "asc"})
    assert len(history(asked)["datas"]) == 10
    page = history(asked, pageSize="2000")
    assert (page["pageSize"], len(page["datas"])) == (50, 50)
    assert page["datas"][0]["time"] < page["datas"][1]["time"]
    for wrong in ({"startDate": "yesterday"}, {"pageNo": "0"}, {"pageSize": "x"}):
        span = {"startDate": "2026-06-23 00:00:00", "endDate": "2026-06-23 23:59:59"}
        assert asked.ask("hps/data-list", deviceSn=CENTRAL, **(span | wrong))["code"] == 500


def test_history_holds_what_latest_said(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limit": 0, "page_max": 2000})
    seen = []
    for _ in range(12):
        seen.append(asked.data(CENTRAL_LATEST, deviceSn=CENTRAL))
        asked.sim.jump(1800)
    rows = history(asked, startDate="2026-06-24 00:00:00", endDate="2026-06-24 23:59:59", pageSize="2000")["datas"]
    assert all(sample in rows for sample in seen)
    assert max(row["time"] for row in rows) <= "2026-06-24 18:00:00"


# lists


def test_bcu_list_has_exactly_the_documented_members(desk: Callable[..., Desk]) -> None:
    rows = desk("farm").data("bms/buc-base-info/list", dataLogSn="SIMLOG0201")
    assert [row["deviceSn"] for row in rows] == ["SIMBCU0201", "SIMBCU0202", "SIMBCU0203"]
    for row in rows:
        assert sorted(row) == specified.BCU_BASE_INFO
        kinds = {name: type(value) for name, value in row.items()}
        assert kinds["address"] is kinds["deviceNo"] is kinds["systemNo"] is int
        assert kinds["lost"] is bool
        assert kinds["status"] is kinds["updateTime"] is kinds["firmwareVersion"] is kinds["dataLogSn"] is str


def test_base_info_tells_model_and_nominal_power_in_watts(desk: Callable[..., Desk]) -> None:
    asked = desk("farm")
    info = asked.data("pcs/base-info", deviceSn="SIMPCS0201")
    assert (info["treeName"], info["normalPower"], info["dataLogSn"]) == ("PCS250", 250000, "SIMLOG0201")
    assert len(asked.data("pbd/base-info/list", dataLogSn="SIMLOG0201")) == 2
    assert asked.data("hps/base-info/list", dataLogSn="SIMLOG0201") == []
    assert asked.ask("pcs/base-info/list", dataLogSn="UNKNOWN001")["code"] == 400


def test_data_loggers_and_plants(desk: Callable[..., Desk]) -> None:
    asked = desk()
    plants = asked.data("plant/list", pageNo="1", pageSize="10")
    assert plants["total"] == 1
    logs = asked.data("datalog/list", plantId=plants["datas"][0]["plantId"])["datas"]
    assert [log["dataLogSn"] for log in logs] == ["SIMLOG0001", "SIMLOG0002"]
    assert asked.data("datalog", dataLogSn="SIMLOG0001")["lost"] is False
    assert asked.ask("datalog", method="DELETE", dataLogSn="SIMLOG0001")["code"] == 403
    assert asked.ask("datalog", method="POST", body={"dataLogSn": "SIMLOG0009"})["code"] == 403


# plants and options


def test_unusable_plants_and_options(desk: Callable[..., Desk]) -> None:
    with pytest.raises(PlantError, match="examples: commercial, demo, farm, home, minimal"):
        desk("nowhere")
    with pytest.raises(PlantError, match="KeyError"):
        desk({"name": "x"})
    plant = json.loads((FOLDER / "home.json").read_text())
    for device, change in (
        (0, {"settings": {"colour": 1}}),
        (0, {"settings": {"mode": 99}}),
        (0, {"arrays": [2]}),
        (0, {"kind": "toaster"}),
        (0, {"kind": "bcu"}),
        (1, {"sn": "SIMHPS0101"}),
        (1, {"logger": "SIMLOG9999"}),
        (2, {"string": 1}),
    ):
        wrong = copy.deepcopy(plant)
        wrong["systems"][0]["devices"][device] |= change
        with pytest.raises(PlantError, match="unusable plant"):
            desk(wrong)
    with pytest.raises(PlantError, match="time zone"):
        desk(plant | {"zone": "Europe/Nowhere"})
    with pytest.raises(ValueError, match="no option"):
        desk(cloud={"colour": "red"})
    with pytest.raises(ValueError, match="limit_answer"):
        desk(cloud={"limit_answer": "shout"})
    with pytest.raises(ValueError, match="forward"):
        desk().sim.jump(-1)


def test_reset_begins_anew(desk: Callable[..., Desk]) -> None:
    asked = desk()
    asked.sim.inject(kind="code", code=500)
    asked.write("hps/small-setting", STRING, modeSelection=9)
    assert asked.sim.requests
    asked.sim.reset()
    assert asked.sim.requests == []
    assert asked.sim.writes == []
    assert asked.data("hps/small-setting", deviceSn=STRING)["modeSelection"] == 0
