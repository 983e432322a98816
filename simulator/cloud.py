"""The cloud without its wire: takes a call, gives a reply. Token, frequency limit, faults, envelope and operations."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .faults import ANSWER, GATEWAY, Fault, Faults
from .noise import stream, unit
from .operations import CloudError, Operations
from .options import Options
from .paths import Route, build_routes
from .replies import Replies, Reply, changed, html
from .settings import Json

SLACK = 1e-3  # s; two clock readings 300 s apart may differ by a rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came; header names in lower case, `path` without the base."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """A request that the cloud received; `at` is simulated unix time, `code` the envelope's or None without one."""

    at: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Json
    status: int | None
    code: int | str | None
    device_sn: str | None
    operation: str | None
    violation: bool


class Cloud:
    """Answers calls; everything that happens is in `requests`."""

    def __init__(self, operations: Operations, clock: Clock, options: Options, *, seed: int) -> None:
        self.options = options
        self.faults = Faults()
        self.requests: list[RequestRecord] = []
        self.token = make_token(seed)
        self._replies = Replies(options)
        self._operations = operations
        self._clock = clock
        self._routes = build_routes(operations.world.plant.paths)
        self._accepted: dict[tuple[str, str, str], float] = {}

    @property
    def violations(self) -> int:
        """Return how many calls came too early."""
        return sum(record.violation for record in self.requests)

    def answer(self, call: Call) -> Reply:
        """Answer a call and record it."""
        route = self._routes.get((call.method, call.path))
        device = _device_of(call, route)
        record = RequestRecord(
            at=self._clock.now(),
            method=call.method,
            path=call.path,
            query=dict(call.query),
            headers=self._headers(call),
            json=call.body,
            status=None,
            code=None,
            device_sn=device,
            operation=route.operation if route is not None else None,
            violation=False,
        )
        self.requests.append(record)
        reply = self._reply(call, route, record)
        if reply.action == "answer":
            record.status = reply.status
            record.code = _code_of(reply)
        return reply

    def _headers(self, call: Call) -> dict[str, str]:
        """Return a call's headers, of the token only whether it is the right one."""
        token = "***" if call.headers.get("authorization") == self.token else "*** (wrong)"
        return {name: token if name == "authorization" else value for name, value in call.headers.items()}

    def _reply(self, call: Call, route: Route | None, record: RequestRecord) -> Reply:
        operation, device = record.operation, record.device_sn
        for fault in self.faults.strike(GATEWAY, call.path, device, operation):
            return self._gateway_fault(fault)
        if call.headers.get("authorization") != self.token:
            return self._replies.error(401, 403, "no access")
        if "accept-language" not in call.headers:
            return self._replies.envelope(500, None, "Accept-Language is required")
        refused = self._limit(call, device, record)
        if refused is not None:
            return refused
        kinds = ANSWER if operation in {"latest", "history"} else ANSWER - {"members"}
        struck = list(self.faults.strike(kinds, call.path, device, operation))
        for fault in struck:
            if fault.kind != "members":
                return self._answer_fault(fault, call, route)
        changes = [fault.parameters for fault in struck]
        return self._operate(call, route, lambda row: changed(row, changes) if changes else row)

    def _operate(self, call: Call, route: Route | None, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Reply:
        if route is None:
            return self._replies.error(404, 400, "not found")
        try:
            data = self._operations.run(route, call.query, call.body, self._clock.now())
        except CloudError as error:
            return self._failure(error, route)
        if route.operation == "latest" and isinstance(data, dict):
            data = change(data)
        elif route.operation == "history" and isinstance(data, dict):
            data["datas"] = [change(row) for row in data["datas"]]
        elif route.operation in {"base_info_list", "data_log_list", "plant_list"}:
            data = self._replies.rows(data)
        if route.operation in {"latest", "base_info", "data_log"} and data is not None:
            data = self._replies.device(data)
        return self._replies.success(data)

    def _failure(self, error: CloudError, route: Route) -> Reply:
        replies, options = self._replies, self.options
        failures: dict[str, Callable[[], Reply]] = {
            "foreign": lambda: replies.foreign(self._operations.example(route.kind, self._clock.now())),
            "no_data": lambda: replies.success(None),
            "unknown_serial": replies.unknown_serial,
            "limited": lambda: replies.limited(options.limit),
            "forbidden": lambda: replies.error(403, 403, "no access"),
        }
        failure = failures.get(error.reason)
        return replies.error(500, 500, str(error)) if failure is None else failure()

    # frequency limit

    def _limit(self, call: Call, device: str | None, record: RequestRecord) -> Reply | None:
        named = device or ""
        key = (call.method, call.path, named if self.options.serial_case == "exact" else named.upper())
        now = self._clock.wall()
        least = self.options.limits.get(call.path, self.options.limit)
        last = self._accepted.get(key)
        if last is not None and now - last < least - SLACK:
            record.violation = True
            return self._replies.limited(least - (now - last))
        self._accepted[key] = now
        return None

    def forget_limits(self) -> None:
        """Forget when calls were accepted."""
        self._accepted.clear()

    # faults

    def _gateway_fault(self, fault: Fault) -> Reply:
        values = fault.parameters
        if fault.kind == "unauthorized":
            form = values.get("form", self.options.error_form)
            return self._replies.envelope(
                403 if form == "code" else 401, None, "no access", 200 if form == "code" else 401
            )
        if fault.kind == "limited":
            return self._replies.limited(self.options.limit)
        if fault.kind == "redirect":
            return Reply(status=302, headers={"Location": values.get("location", "http://127.0.0.2:9/elsewhere")})
        if fault.kind == "html":
            return html(values.get("status", 200))
        if fault.kind == "http_status":
            headers = dict(values.get("headers", {}))
            return Reply(status=values.get("status", 503), headers=headers, content_type="text/plain")
        return Reply(action="hang" if fault.kind == "timeout" else "disconnect", hold=values.get("hold"))

    def _answer_fault(self, fault: Fault, call: Call, route: Route | None) -> Reply:
        values = fault.parameters
        match fault.kind:
            case "code":
                return self._replies.envelope(values.get("code", 500), None, values.get("msg", "system error"))
            case "not_object":
                return Reply(body=json.dumps(values.get("body", ["not", "an", "object"])).encode())
            case "oversize":
                filling = "x" * int(values.get("size", 5 * 1024 * 1024))
                return self._replies.success({"time": "2026-01-01 00:00:00", "filling": filling})
            case "truncated":
                reply = self._operate(call, route, dict)
                if values.get("form", "json") == "transfer":
                    reply.action = "cut"
                else:
                    reply.body = reply.body[: len(reply.body) // 2]
                return reply
        return self._no_data(values.get("form", "null"), call, route)

    def _no_data(self, form: str, call: Call, route: Route | None) -> Reply:
        if form == "nulls":
            return self._operate(call, route, dict.fromkeys)
        if form == "empty":
            return self._replies.success({})
        reply = self._replies.success(None)
        if form == "absent":
            body = json.loads(reply.body)
            body.pop("data", None)
            reply.body = json.dumps(body).encode()
        return reply


def make_token(seed: int) -> str:
    """Return the invented token of a seed: `Basic` and base64 of six digits, a colon and 32 hexadecimal digits."""
    root = stream(seed, "token")
    number = 100000 + int(900000 * unit(root, 0))
    key = f"{stream(root, 1):016x}{stream(root, 2):016x}"
    return "Basic " + b64encode(f"{number}:{key}".encode()).decode()


def _device_of(call: Call, route: Route | None) -> str | None:
    """Return what a call is about: the parameter of its operation, or whatever names a device."""
    names = (route.parameter,) if route is not None and route.parameter else ("deviceSn", "dataLogSn")
    for name in names:
        if name in call.query:
            return call.query[name]
        if isinstance(call.body, dict) and isinstance(value := call.body.get(name), str):
            return value
    return None


def _code_of(reply: Reply) -> int | str | None:
    try:
        body = json.loads(reply.body)
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None
