"""An outage makes no more requests than health does; a clock that does not follow summer time costs nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant

from simulator import Simulator

from .common import Advance, add_entry, set_up, state

SERIAL = "SIMHPS0001"
HOURS = 3


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        ({"kind": "http_status", "status": 503}, True),
        ({"kind": "disconnect"}, False),
        ({"kind": "no_data", "form": "null"}, False),
        ({"kind": "unauthorized", "form": "http"}, False),
        ({"kind": "limited"}, False),
        ({"kind": "http_status", "status": 500, "operation": "settings"}, True),
        ({"kind": "unauthorized", "form": "http", "operation": "settings"}, False),
    ],
)
async def test_an_outage_makes_no_more_requests_than_health(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, fault: dict[str, Any], changes: bool
) -> None:
    """Polls and settings, over hours; afterwards all is read again."""
    await set_up(hass, add_entry(hass, cloud, devices=cloud.devices[:1], allow_changes=changes))
    await advance(HOURS * 3600, 60)
    healthy = len(cloud.requests)
    await advance(HOURS * 3600, 60)
    healthy, begun = len(cloud.requests) - healthy, len(cloud.requests)
    cloud.inject(**fault)
    await advance(HOURS * 3600, 60)
    assert 0 < len(cloud.requests) - begun <= healthy
    cloud.clear()
    # A device that was refused for hours is asked about less and less often.
    await advance(3900 if fault["kind"] in {"unauthorized", "limited"} else 1800, 60)
    assert state(hass, f"{SERIAL}_pv_power").state != STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("change", "offset"),
    [(datetime(2027, 3, 28, 1, tzinfo=UTC), -60.0), (datetime(2026, 10, 25, 1, tzinfo=UTC), 60.0)],
)
async def test_a_clock_that_does_not_follow_summer_time(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    advance: Advance,
    change: datetime,
    offset: float,
) -> None:
    """Live values stay available through the change, and what is counted goes on."""
    clock.move_to(change.replace(day=change.day - 1, hour=20))
    await set_up(hass, add_entry(hass, cloud, devices=cloud.devices[:1]))
    await advance((change - clock().replace(tzinfo=UTC)).total_seconds() - 60, 300)
    total = float(state(hass, f"{SERIAL}_load_energy_total").state)
    await advance(60, 60)
    cloud.inject(kind="variant", name="clock", offset=offset, device=SERIAL)
    for _ in range(36):
        await advance(300, 60)
        assert state(hass, f"{SERIAL}_load_power").state != STATE_UNAVAILABLE
        assert state(hass, f"{SERIAL}_online", "binary_sensor").state == "on"
        later = float(state(hass, f"{SERIAL}_load_energy_total").state)
        assert 0 <= later - total < 6
        total = later
