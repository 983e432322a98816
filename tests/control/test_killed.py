"""A process that is killed during a change: the change is told to be confirmed or failed, and never sent twice."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import Advance, set_up, state
from ..killing import Server
from .common import STRING, issues_of, killed_entry, life_with, puts, shown

STEPS = 18


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Yield what forks the processes that are killed."""
    with Server.started("tests.control.killed") as server:
        yield server


@pytest.mark.parametrize("last", range(1, STEPS + 1))
async def test_killed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    advance: Advance,
    server: Server,
    tmp_path: Path,
    last: int,
) -> None:
    """Whatever the step, the next start ends the change, and says how."""
    cloud.configure(limit=0)
    before = shown(cloud, STRING)
    life = life_with(cloud, tmp_path)
    assert await server.live(life | {"last": last}) == -9
    sent = len(puts(cloud))
    for file in (tmp_path / ".storage").glob(f"{DOMAIN}.*"):
        hass_storage[file.name] = json.loads(file.read_text("utf-8"))
    entry = killed_entry(life)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    await advance(1200, step=20)
    assert len(puts(cloud)) == sent <= 1
    held = shown(cloud, STRING)["dischargeCutoffSoc"]
    assert held == (35 if sent else before["dischargeCutoffSoc"])
    change = state(hass, f"{STRING}_settings_change")
    assert change.attributes["to"] == "35 %"
    reasons = [item.translation_key for item in issues_of(hass)]
    if sent:
        assert (change.state, reasons) == ("confirmed", [])
    else:
        # What had been prepared to be sent is read back, and seen not to be there.
        assert change.state == "failed"
        assert reasons in (["settings_not_sent"], ["settings_not_taken"])
