"""A scripted cloud on loopback, and a clock that only moves when told."""

import asyncio
import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from custom_components.atess.enerclo import Json

TOKEN_KEY = "0123456789abcdef0123456789abcdef"
TOKEN_PAIR = f"4711:{TOKEN_KEY}"
START = 1_790_000_000.0


class Time:
    """Virtual time: `sleep` returns when `run` or an automatic advance has reached its end."""

    def __init__(self, now: float = START, *, automatic: bool = True) -> None:
        """Start at a moment in unix seconds; automatic: a sleep advances the clock by itself."""
        self.now = now
        self.slept: list[float] = []
        self._automatic = automatic
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def clock(self) -> float:
        """Return unix seconds."""
        return self.now

    def datetime(self) -> datetime:
        """Return the same moment in UTC."""
        return datetime.fromtimestamp(self.now, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        self.slept.append(seconds)
        if self._automatic:
            self.now += seconds
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, len(self.slept), future))
        await future

    async def run(self, seconds: float) -> None:
        """Let time pass, waking sleepers in order."""
        end = self._monotonic + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            self.now += max(at - self._monotonic, 0.0)
            self._monotonic = max(self._monotonic, at)
            if not future.done():
                future.set_result(None)
            await settle()
        self.now += end - self._monotonic
        self._monotonic = end
        await settle()

    @property
    def monotonic(self) -> float:
        """Seconds passed, whatever was done to the clock."""
        return self._monotonic


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(30):
        await asyncio.sleep(0)


@dataclass
class Reply:
    """One scripted answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False
    cut: bool = False


def envelope(code: Json = 0, data: Json = None, msg: Json = "operate successfully") -> dict[str, Json]:
    return {"code": code, "data": data, "msg": msg}


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """Return an answer with a JSON body, or the bytes given."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=content, headers={"Content-Type": "application/json", **named})


def data(value: Json) -> Reply:
    return reply(envelope(data=value))


def failure(code: Json, msg: str = "", status: int = 200, **headers: str) -> Reply:
    return reply(envelope(code, None, msg), status, **headers)


NOT_FOUND = failure(404, "not found")
NO_DATA = reply(envelope(0, None))


@dataclass
class Request:
    """What the cloud saw."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float


type Script = Reply | Callable[[Request], Reply]


class Cloud:
    """Answers by script, `not found` where there is none; records what it is asked."""

    def __init__(self, time: Time) -> None:
        self.requests: list[Request] = []
        self._time = time
        self._scripts: dict[tuple[str, str], list[Script]] = {}
        self._release = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/api/v1/{path:.*}", self._handle)
        self.server = TestServer(app, host="127.0.0.1")

    @property
    def base_url(self) -> str:
        """Address of the API."""
        return str(self.server.make_url("/api/v1/"))

    @property
    def paths(self) -> list[str]:
        """Paths asked so far, in order."""
        return [request.path for request in self.requests]

    def on(self, path: str, *answers: Script, method: str = "GET") -> None:
        """Script the answers at a path; the last one is repeated."""
        self._scripts[method, path] = list(answers)

    async def start(self) -> None:
        """Begin to listen; the server's own log would hold what the client's must not."""
        await self.server.start_server(access_log=None)

    async def stop(self) -> None:
        """Let go of hanging requests and close."""
        self._release.set()
        await self.server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Request(
            request.method,
            request.match_info["path"],
            dict(request.query),
            dict(request.headers),
            await request.read(),
            self._time.now,
        )
        self.requests.append(seen)
        answers = self._scripts.get((seen.method, seen.path), [NOT_FOUND])
        script = answers.pop(0) if len(answers) > 1 else answers[0]
        answer = script if isinstance(script, Reply) else script(seen)
        if answer.hang:
            await self._release.wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if answer.cut:
            response = web.StreamResponse(headers={"Content-Length": str(len(answer.body) + 10)})
            await response.prepare(request)
            await response.write(answer.body)
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def pages_of(count: int, *, cap: int = 10_000, total: bool = True, size: bool = True) -> Callable[[Request], Reply]:
    """Answer like a cloud that has a number of rows and serves at most `cap` of them at once."""

    def answer(request: Request) -> Reply:
        number, wanted = int(request.query["pageNo"]), min(int(request.query["pageSize"]), cap)
        rows = [{"n": n} for n in range(count)][(number - 1) * wanted : number * wanted]
        page: dict[str, Any] = {"datas": rows, "pageNo": number, "offset": (number - 1) * wanted}
        return data(page | ({"total": count} if total else {}) | ({"pageSize": wanted} if size else {}))

    return answer
