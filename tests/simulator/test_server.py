"""Over real HTTP: faults, control endpoints, start and stop."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator import Simulator

from .conftest import NOON

SN, PATH = "SIMHPS0001", "hps/data-last-small"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    simulator = Simulator("demo", now=lambda: NOON, history_days=1, cloud={"limit": 0})
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def session(sim: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": sim.token, "Accept-Language": "en"}
    async with aiohttp.ClientSession(sim.base_url, headers=headers) as client:
        yield client


async def get(session: aiohttp.ClientSession, path: str = PATH, sn: str = SN, **options: Any) -> tuple[int, str]:
    async with session.get(path, params={"deviceSn": sn}, **options) as answer:
        return answer.status, await answer.text()


async def test_address_and_devices(sim: Simulator, session: aiohttp.ClientSession) -> None:
    assert sim.base_url.startswith("http://127.0.0.1:")
    assert sim.base_url.endswith("/api/v1/")
    assert [(device.sn, device.kind, device.model) for device in sim.devices] == [
        ("SIMHPS0001", "hps_string", "HPS10KTL"),
        ("SIMHPS0002", "hps_central", "HPS100"),
    ]
    status, text = await get(session)
    assert (status, json.loads(text)["data"]["deviceSn"]) == (200, SN)
    record = sim.requests[-1]
    assert (record.method, record.path, record.query, record.device_sn) == ("GET", PATH, {"deviceSn": SN}, SN)
    assert (record.status, record.code, record.operation, record.violation) == (200, 0, "latest", False)
    assert record.headers["authorization"] == "***"
    assert sim.token not in repr(sim.requests)


async def test_put_over_http(sim: Simulator, session: aiohttp.ClientSession) -> None:
    async with session.put("hps/small-setting", json={"deviceSn": SN, "modeSelection": 1}) as answer:
        assert (await answer.json())["code"] == 0
    assert sim.requests[-1].json == {"deviceSn": SN, "modeSelection": 1}
    assert sim.writes[-1].changes == {"modeSelection": 1}


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"kind": "http_status", "status": 503}, 503, ""),
        ({"kind": "http_status", "status": 429, "headers": {"Retry-After": "7"}}, 429, ""),
        ({"kind": "html"}, 200, "<!DOCTYPE html>"),
        ({"kind": "unauthorized", "form": "http"}, 401, '{"code": 401'),
        ({"kind": "unauthorized"}, 200, '{"code": 403'),
        ({"kind": "limited"}, 429, '{"code": 429'),
        ({"kind": "code", "code": 500, "msg": "broken"}, 200, '{"code": 500, "data": null, "msg": "broken"}'),
        ({"kind": "not_object"}, 200, '["not", "an", "object"]'),
        ({"kind": "no_data"}, 200, '{"code": 0, "data": null'),
        ({"kind": "no_data", "form": "empty"}, 200, '{"code": 0, "data": {}'),
        ({"kind": "no_data", "form": "absent"}, 200, '{"code": 0, "msg"'),
    ],
)
async def test_a_fault_strikes_as_often_as_asked(
    sim: Simulator, session: aiohttp.ClientSession, fault: dict[str, Any], status: int, text: str
) -> None:
    sim.inject(**fault, count=2)
    for _ in range(2):
        answer = await get(session)
        assert answer[0] == status
        assert answer[1].startswith(text)
    assert json.loads((await get(session))[1])["data"]["deviceSn"] == SN
    assert [record.status for record in sim.requests] == [status, status, 200]


async def test_a_fault_can_mean_one_path_or_device(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="http_status", device="SIMHPS0002")
    sim.inject(kind="http_status", status=502, path="hps/small-setting")
    assert (await get(session))[0] == 200
    assert (await get(session, "hps/small-setting"))[0] == 502
    assert (await get(session, "hps/data-last", "SIMHPS0002"))[0] == 503
    sim.clear()
    assert (await get(session, "hps/data-last", "SIMHPS0002"))[0] == 200


async def test_null_members(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="no_data", form="nulls")
    data = json.loads((await get(session))[1])["data"]
    assert len(data) == 97
    assert set(data.values()) == {None}


async def test_timeout_hangs_until_the_client_gives_up(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="timeout", count=1)
    with pytest.raises(TimeoutError):
        await get(session, timeout=aiohttp.ClientTimeout(sock_read=0.2))
    assert (await get(session))[0] == 200
    assert [record.status for record in sim.requests] == [None, 200]


async def test_timeout_can_be_released(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="timeout")
    waiting = asyncio.create_task(get(session))
    async with asyncio.timeout(20):
        while not sim.requests:  # noqa: ASYNC110  # turns of the loop, not time
            await asyncio.sleep(0)
    sim.clear()
    assert (await waiting)[0] == 503
    sim.inject(kind="timeout", hold=0)
    assert (await get(session))[0] == 504


async def test_disconnect(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="disconnect")
    with pytest.raises(aiohttp.ClientConnectionError):
        await get(session)
    assert sim.requests[-1].status is None


async def test_truncated(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="truncated", count=1)
    _, text = await get(session)
    assert text.startswith('{"code": 0, "data"')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(text)
    sim.inject(kind="truncated", form="transfer", count=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await get(session)
    assert (await get(session))[0] == 200


async def test_oversize(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="oversize", count=1)
    assert len((await get(session))[1]) > 4 * 1024 * 1024
    sim.inject(kind="oversize", size=10, count=1)
    assert len((await get(session))[1]) < 200


async def test_redirect(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="redirect", location="http://127.0.0.2:9/other")
    async with session.get(PATH, params={"deviceSn": SN}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "http://127.0.0.2:9/other")


async def test_members_can_be_set_removed_and_added(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(
        kind="members", device=SN, count=1, set={"ppv": float("nan"), "pac": "1.5"}, remove=["vbat"], add={"odd": [1]}
    )
    assert (await get(session, "hps/small-setting"))[0] == 200
    data = json.loads((await get(session))[1])["data"]
    assert data["ppv"] != data["ppv"]
    assert (data["pac"], data["odd"], "vbat" in data) == ("1.5", [1], False)
    assert "odd" not in json.loads((await get(session))[1])["data"]


async def test_fault_word_stops_the_inverter() -> None:
    clock = [NOON]
    sim = Simulator("demo", now=lambda: clock[0], history_days=1, cloud={"limit": 0})
    await sim.start()
    try:
        sim.inject(kind="fault_word", device="SIMHPS0002", word=5, mask=1024)
        sim.jump(600)
        url = f"{sim.base_url}hps/data-last?deviceSn=SIMHPS0002"
        async with aiohttp.ClientSession(headers={"Authorization": sim.token, "Accept-Language": "en"}) as client:
            data = (await (await client.get(url)).json())["data"]
            assert (data["sysFaultWord5"], data["status"], data["ppv"], data["pac"]) == (1024, 3, 0.0, 0.0)
            sim.clear()
            sim.jump(600)
            data = (await (await client.get(url)).json())["data"]
            assert (data["sysFaultWord5"], data["status"]) == (0, 2)
            assert data["ppv"] > 1.0
    finally:
        await sim.stop()


async def test_a_fault_of_a_pbd_takes_its_sun() -> None:
    farm = Simulator("farm", now=lambda: NOON, history_days=0, cloud={"limit": 0})
    farm.inject(kind="fault_word", device="SIMPBD0201", word=3, mask=16)
    farm.inject(kind="fault_word", device="SIMPBD0202", word=1, mask=1, stop=False)
    farm.jump(600)
    await farm.start()
    try:
        headers = {"Authorization": farm.token, "Accept-Language": "en"}
        async with aiohttp.ClientSession(farm.base_url, headers=headers) as client:
            broken = json.loads((await get(client, "pbd/data-last", "SIMPBD0201"))[1])["data"]
            warned = json.loads((await get(client, "pbd/data-last", "SIMPBD0202"))[1])["data"]
            farm.inject(kind="offline", device="SIMPBD0202")
            lost = json.loads((await get(client, "pbd/data-last", "SIMPBD0202"))[1])["data"]
    finally:
        await farm.stop()
    assert (broken["status"], broken["sysFaultWord3"], broken["ppv"]) == (3, 16, 0.0)
    assert (warned["status"], warned["sysFaultWord1"]) == (2, 1)
    assert warned["ppv"] > 5.0
    assert (lost["status"], lost["lost"]) == (-1, True)


async def test_offline_device_stops_uploading(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.inject(kind="offline", device="SIMHPS0002")
    before = json.loads((await get(session, "hps/data-last", "SIMHPS0002"))[1])["data"]
    assert (before["lost"], before["status"]) == (True, -1)
    sim.jump(3600)
    during = json.loads((await get(session, "hps/data-last", "SIMHPS0002"))[1])["data"]
    assert during["time"] == before["time"]
    other = json.loads((await get(session))[1])["data"]
    assert other["time"] > during["time"]
    sim.clear()
    sim.jump(600)
    after = json.loads((await get(session, "hps/data-last", "SIMHPS0002"))[1])["data"]
    assert (after["lost"], after["status"]) == (False, 2)
    dates = "startDate=2026-06-24%2011:00:00&endDate=2026-06-24%2014:00:00"
    async with session.get(f"hps/data-list?deviceSn=SIMHPS0002&pageSize=500&{dates}") as answer:
        times = [row["time"] for row in (await answer.json())["data"]["datas"]]
    assert not [time for time in times if "2026-06-24 12:00:30" < time < "2026-06-24 12:59:30"]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "earthquake"}, {"kind": "html", "colour": 1}, {"kind": "html", "count": 0}, {"kind": "offline"}, {}],
)
def test_unknown_faults_are_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kind|parameter|count|device"):
        Simulator("minimal", now=lambda: NOON, history_days=0).inject(**fault)


async def test_control_endpoints_need_no_token(sim: Simulator, session: aiohttp.ClientSession) -> None:
    root = sim.base_url.removesuffix("api/v1/") + "_sim/"
    async with aiohttp.ClientSession() as client:

        async def post(name: str, body: Any) -> tuple[int, Any]:
            async with client.post(root + name, json=body) as answer:
                return answer.status, await answer.json()

        async def read(name: str) -> Any:
            async with client.get(root + name) as answer:
                return await answer.json()

        truth = await read("truth")
        assert truth["time"] == NOON
        assert set(truth["devices"]) == {"SIMHPS0001", "SIMHPS0002"}
        assert truth["plant"]["today"]["load"] > 1.0

        assert await post("jump", {"seconds": 3600}) == (200, {"time": NOON + 3600})
        assert (await read("truth"))["plant"]["today"]["load"] > truth["plant"]["today"]["load"]
        assert (await post("faults", {"kind": "http_status", "status": 500, "count": 1}))[0] == 200
        assert (await get(session))[0] == 500
        assert (await post("configure", {"success_code": 200, "limit": 300}))[0] == 200
        assert json.loads((await get(session))[1])["code"] == 200
        await get(session)
        requests = await read("requests")
        assert (requests["count"], requests["violations"]) == (3, 1)
        assert requests["counts"][f"GET {PATH} {SN}"] == {"requests": 3, "violations": 1}
        assert (await post("clear", {}))[0] == 200
        assert await read("writes") == []
        assert (await post("reset", {}))[0] == 200
        assert (await read("requests"))["count"] == 0
        for name, body in (
            ("jump", {}),
            ("faults", {"kind": "x"}),
            ("nonsense", {}),
            ("configure", {"limit_answer": 1}),
        ):
            status, answer = await post(name, body)
            assert status == 400
            assert answer["error"]
        async with client.get(root + "nonsense") as answer:
            assert answer.status == 404


async def test_occupied_port(sim: Simulator) -> None:
    port = int(sim.base_url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="address already in use"):
        await Simulator("minimal", history_days=0).start(port=port)
    command = [sys.executable, "-m", "simulator", "--plant", "minimal", "--port", str(port)]
    result = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "address already in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_command_line_prints_what_one_needs_and_stops_on_interrupt() -> None:
    command = [sys.executable, "-m", "simulator", "--plant", "farm", "--port", "0", "--seed", "4"]
    with subprocess.Popen(  # noqa: S603  # our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(10)]
        process.send_signal(2)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert lines[0].startswith("address: http://127.0.0.1:")
    assert lines[0].endswith("/api/v1/")
    assert lines[1] == f"token: {Simulator('minimal', seed=4, history_days=0).token}"
    assert lines[2:4] == ["device: SIMPCS0201 pcs PCS250", "device: SIMPBD0201 pbd PBD250"]
    assert lines[9] == "data logger: SIMLOG0201"


def test_command_line_without_a_plant() -> None:
    command = [sys.executable, "-m", "simulator", "--plant", "nowhere"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    assert result.returncode == 1
    assert result.stderr.startswith("cannot start: no plant 'nowhere'")
