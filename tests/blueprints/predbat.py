"""Predbat, as far as it calls services."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..common import Advance
from .common import CHANGE


def as_predbat_fills_in(template: dict[str, Any], known: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return action and data as Predbat makes them of a service in apps.yaml: every template becomes a text."""
    data = {}
    for key, given in template.items():
        if key in {"service", "repeat", "always"}:
            continue
        value = given
        for _ in range(2):
            if isinstance(value, str) and "{" in value:
                value = value.format(**known)
        if value:
            data[key] = value
    return template["service"], data


class Predbat:
    """Calls the services of the page as Predbat does: through the WebSocket, once until something changes."""

    def __init__(
        self, page: Mapping[str, Any], connect: Callable[[], Awaitable[Any]], advance: Advance, device: str
    ) -> None:
        """Take the page as apps.yaml."""
        self._connect, self._advance = connect, advance
        self.args: dict[str, Any] = {**page["pred_bat"], "device_id": device}
        self._last: dict[str, str] = {}

    async def call(self, name: str, domain: str, **values: Any) -> dict[str, Any] | None:
        """Call a service of the page; return the answer, None if it was called with the same data before."""
        data = {"device_id": self.args["device_id"], **values}
        if self._last.get(domain) == (this := f"{name}_{data}"):
            return None
        self._last[domain] = this
        [template] = self.args[name]
        service, filled = as_predbat_fills_in(template, {**self.args, **data})
        action_domain, _, action = service.partition(".")
        client = await self._connect()
        await client.send_json_auto_id(
            {
                "type": "call_service",
                "domain": action_domain,
                "service": action,
                "service_data": filled,
                "return_response": False,
            }
        )
        await self._advance(CHANGE)
        answer: dict[str, Any] = await client.receive_json()
        return answer
