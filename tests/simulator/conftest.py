"""A simulator whose clock stands still until a test moves it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator import Simulator
from simulator.cloud import Call

NOON = 1782295200.0  # 2026-06-24 12:00 in Berlin


class Desk:
    """Asks a simulator without a wire; `ask` returns the envelope, `data` what is in it."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def ask(self, path: str, *, method: str = "GET", body: Any = None, **query: str) -> Any:
        """Send a call and return the whole envelope."""
        headers = {"authorization": self.sim.token, "accept-language": "en"}
        call = Call(method=method, path=path, query=query, headers=headers, body=body)
        return json.loads(self.sim.cloud.answer(call).body)

    def data(self, path: str, **query: str) -> Any:
        """Send a GET that succeeds and return its data."""
        envelope = self.ask(path, **query)
        assert envelope["code"] == 0, envelope
        return envelope["data"]

    def write(self, path: str, sn: str, **settings: Any) -> Any:
        """Write some settings of a device."""
        return self.ask(path, method="PUT", body={"deviceSn": sn, **settings})

    def power(self, sn: str) -> dict[str, float]:
        """Return the true powers of a device."""
        return self.sim.truth()["devices"][sn]["power"]


@pytest.fixture
def desk() -> Callable[..., Desk]:
    def build(plant: Any = "demo", *, start: float = NOON, history_days: float = 1, **options: Any) -> Desk:
        return Desk(Simulator(plant, now=lambda: start, history_days=history_days, **options))

    return build
