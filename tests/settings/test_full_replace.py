"""Against a cloud that replaces the whole object, no partial change touches another member."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from custom_components.atess.enerclo.model import Kind
from custom_components.atess.settings import DeviceSettings, Value, body_of, compare
from simulator import Simulator
from simulator.cloud import Call

from .test_model import CONFIRMED, PARTIAL

SERIAL, PATH = "SIMHPS0002", "hps/big-setting"


class Cloud:
    """A simulated cloud whose writes replace everything, asked without a wire."""

    def __init__(self) -> None:
        self.sim = Simulator("demo", now=lambda: 1782295200.0, history_days=1, cloud={"limit": 0, "write": "replace"})

    def call(self, method: str, body: Any = None) -> Any:
        """Make a call that succeeds and return its data."""
        headers = {"authorization": self.sim.token, "accept-language": "en"}
        query = {"deviceSn": SERIAL} if body is None else {}
        reply = self.sim.cloud.answer(Call(method=method, path=PATH, query=query, headers=headers, body=body))
        envelope = json.loads(reply.body)
        assert envelope["code"] == 0, envelope
        return envelope["data"]


CLOUD = Cloud()


@given(asked=PARTIAL)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
def test_other_members_stay(asked: dict[str, Value]) -> None:
    before = CLOUD.call("GET")
    changes = DeviceSettings(Kind.HPS_CENTRAL, before, CONFIRMED, None).resolve(asked, {})
    CLOUD.call("PUT", {**body_of(before, changes), "deviceSn": SERIAL})
    after = CLOUD.call("GET")
    assert compare(before, changes, after).confirmed
    assert {key: value for key, value in after.items() if key not in changes} == {
        key: value for key, value in before.items() if key not in changes
    }
