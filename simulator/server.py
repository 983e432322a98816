"""The wire: an aiohttp server in front of the cloud, and the control endpoints under /_sim/."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .cloud import Call
from .replies import Reply
from .settings import Json

if TYPE_CHECKING:
    from .simulator import Simulator

BASE_PATH = "/api/v1/"
CONTROL_PATH = "/_sim/"


class Server:
    """Serves one simulator on one address."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()
        self.in_flight = 0
        self.most_in_flight = 0

    async def start(self, host: str, port: int) -> int:
        """Start to listen and return the port.

        Raises:
            OSError: The address is in use or not of this machine.
        """
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", CONTROL_PATH + "{name}", self._control)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        bound: int = runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Stop to listen and let go of all connections."""
        self.release()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def release(self) -> None:
        """Let go of the requests that a time-out fault holds."""
        self._released.set()
        self._released = asyncio.Event()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if not request.path.startswith(BASE_PATH):
                return web.Response(status=404)
            call = Call(
                method=request.method,
                path=request.path.removeprefix(BASE_PATH).strip("/"),
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=_parse(await request.read()),
            )
            return await self._send(request, self._simulator.cloud.answer(call))
        finally:
            self.in_flight -= 1

    async def _send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        if reply.action == "hang":
            try:
                await asyncio.wait_for(self._released.wait(), reply.hold)
            except TimeoutError:
                return web.Response(status=504)
            return web.Response(status=503)
        if reply.action == "answer":
            return web.Response(
                body=reply.body, status=reply.status, content_type=reply.content_type, headers=reply.headers
            )
        response = web.StreamResponse()
        if reply.action == "cut":
            response.content_length = len(reply.body)
            response.content_type = reply.content_type
            await response.prepare(request)
            await response.write(reply.body[: len(reply.body) // 2])
        if request.transport is not None:
            request.transport.close()
        return response

    # control

    async def _control(self, request: web.Request) -> web.Response:
        simulator, name = self._simulator, request.match_info["name"]
        if request.method == "GET":
            match name:
                case "truth":
                    return _json(simulator.truth())
                case "requests":
                    return _json(self._requests())
                case "writes":
                    return _json([asdict(write) for write in simulator.writes])
        if request.method == "POST":
            body = _parse(await request.read())
            try:
                return _json(self._order(name, body if isinstance(body, dict) else {}))
            except (KeyError, TypeError, ValueError) as error:
                return _json({"error": str(error)}, status=400)
        return _json({"error": "not found"}, status=404)

    def _order(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        simulator = self._simulator
        match name:
            case "jump":
                simulator.jump(float(body["seconds"]))
            case "reset":
                simulator.reset()
            case "faults":
                simulator.inject(**body)
            case "clear":
                simulator.clear()
            case "configure":
                simulator.configure(**body)
            case "settings":
                simulator.change_settings(**body)
            case _:
                raise ValueError(f"no order {name}")
        return {"time": simulator.time}

    def _requests(self) -> dict[str, Any]:
        requests = self._simulator.requests
        counts: dict[str, dict[str, int]] = {}
        for record in requests:
            row = counts.setdefault(f"{record.method} {record.path} {record.device_sn or ''}".strip(), {})
            row["requests"] = row.get("requests", 0) + 1
            row["violations"] = row.get("violations", 0) + record.violation
        return {
            "count": len(requests),
            "violations": self._simulator.violations,
            "most_in_flight": self.most_in_flight,
            "counts": counts,
            "requests": [asdict(record) for record in requests],
        }


def _parse(body: bytes) -> Json:
    """Return a JSON body, or None."""
    try:
        data: Json = json.loads(body) if body else None
    except ValueError:
        return None
    return data


def _json(data: object, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(data).encode(), content_type="application/json", status=status)
