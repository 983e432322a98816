"""What goes over the wire: the envelope, and the forms of objects, lists and refusals that the cloud may choose."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .options import Options

PAGE = b"<!DOCTYPE html><html><head><title>Blocked</title></head><body>Your request was blocked.</body></html>"
UNKNOWN_CODE = 10012


@dataclass(slots=True, kw_only=True)
class Reply:
    """What to send: a body with status and headers, or something worse."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    action: str = "answer"
    """answer, hang, disconnect or cut (half of the body, then the connection ends)."""
    hold: float | None = None


def html(status: int = 200, body: bytes = PAGE) -> Reply:
    """Return a page, as something before the cloud sends it."""
    return Reply(body=body, status=status, content_type="text/html")


class Replies:
    """Builds the replies of one cloud in the forms that its options choose."""

    def __init__(self, options: Options) -> None:
        """Take the options, which may change at any time."""
        self._options = options

    def success(self, data: object) -> Reply:
        """Return a success with data."""
        code = self._options.success_code
        return self.envelope(code, data, "operate successfully" if code in {0, "0"} else "")

    def envelope(self, code: int | str, data: object, msg: str, status: int = 200) -> Reply:
        """Return an answer in the envelope."""
        good = code in {0, 200, "0", "200"}
        body: dict[str, object] = {"code": code, "data": data, "msg": msg}
        match self._options.envelope:
            case "no_code" if good:
                del body["code"]
            case "success":
                body = {"success": good, "data": data, "msg": msg}
            case "capitals":
                body = {name.capitalize(): value for name, value in body.items()}
            case "json_text" if isinstance(data, dict | list):
                body["data"] = json.dumps(data, ensure_ascii=False)
        return Reply(body=json.dumps(body, ensure_ascii=False).encode(), status=status)

    def error(self, status: int, code: int, msg: str) -> Reply:
        """Return an error as HTTP status or as code, whatever is chosen."""
        return self.envelope(code, None, msg, status if self._options.error_form == "http" else 200)

    def unknown_serial(self) -> Reply:
        """Return the answer to a serial number that the cloud does not know."""
        match self._options.unknown_serial:
            case "no_data":
                return self.success(None)
            case "http_404":
                return self.envelope(400, None, "not found", 404)
            case "code_400":
                return self.envelope(400, None, "not found")
        return self.error(404, 400, "not found")

    def foreign(self, members: Mapping[str, object]) -> Reply:
        """Return the answer to a serial number of another kind of device; `members` are those of one of this kind."""
        choice = self._options.foreign
        if choice == "zeros":
            zeros = {name: 0 if isinstance(value, int | float) else value for name, value in members.items()}
            return self.success({**zeros, "deviceSn": "SIMOTHER01"})
        return self.error(404, 400, "not found") if choice == "not_found" else self._failure(choice)

    def limited(self, wait: float) -> Reply:
        """Return a refusal for frequency; `wait` is for how many seconds it lasts."""
        reply = self._failure(self._options.limit_answer)
        if self._options.limit_answer == "http_429_retry_after":
            reply.headers["Retry-After"] = str(int(wait) + 1)
        return reply

    def _failure(self, name: str) -> Reply:
        too_often = "The access frequency is too high, please try again later"
        failures: dict[str, Callable[[], Reply]] = {
            "http_429": lambda: self.envelope(429, None, "Too Many Requests", 429),
            "http_429_retry_after": lambda: self.envelope(429, None, "Too Many Requests", 429),
            "code_429": lambda: self.envelope(429, None, "refused"),
            "msg": lambda: self.envelope(500, None, too_often),
            "code_500": lambda: self.envelope(500, None, "system error"),
            "http_500": lambda: Reply(status=500, content_type="text/plain"),
            "http_503": lambda: Reply(status=503, content_type="text/plain"),
            "other_code": lambda: self.envelope(UNKNOWN_CODE, None, ""),
            "http_204": lambda: Reply(status=204),
            "empty": Reply,
            "forbidden": lambda: self.envelope(403, None, "no access"),
            "forbidden_page": lambda: html(403),
            "page": html,
            "no_data": lambda: self.success(None),
        }
        return failures[name]()

    def device(self, data: object) -> object:
        """Return the data of one device in the chosen form."""
        data = self._spelled(data)
        match self._options.object_form:
            case "listed":
                return [data]
            case "paged":
                return {"datas": [data], "offset": 0, "pageNo": 1, "pageSize": 10, "total": 1}
            case "wrapped":
                return {"data": data}
        return data

    def rows(self, data: object) -> object:
        """Return a list or a page of one in the chosen form."""
        rows = data["datas"] if isinstance(data, dict) else data
        if not isinstance(rows, list):
            return data
        rows = [self._named(self._spelled(row)) for row in rows]
        counts = {"pageNo": 1, "pageSize": 10, "total": len(rows)}
        usual = {**data, "datas": rows} if isinstance(data, dict) else rows
        forms: dict[str, object] = {
            "array": rows,
            **{name: {name: rows, **counts} for name in ("datas", "list", "rows", "records")},
            "object": rows[0] if len(rows) == 1 else usual,
            "wrapped": {"data": {"datas": rows, **counts}},
            "page": {"page": {"records": rows, "current": 1, "size": 10, "total": len(rows), "pages": 1}},
            "null": rows or None,
        }
        return forms.get(self._options.list_form, usual)

    def _spelled(self, data: object) -> object:
        if self._options.serial_case == "lower" and isinstance(data, dict) and isinstance(data.get("deviceSn"), str):
            return {**data, "deviceSn": data["deviceSn"].lower()}
        return data

    def _named(self, row: object) -> object:
        """Return a row with its serial number under the chosen name."""
        name = self._options.serial_member
        if name == "deviceSn" or not isinstance(row, dict):
            return row
        return {name if own == "deviceSn" else own: value for own, value in row.items()}


def changed(row: dict[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a row with members set, added and removed."""
    for change in changes:
        row = row | change.get("set", {}) | change.get("add", {})
        row = {name: value for name, value in row.items() if name not in change.get("remove", ())}
    return row
