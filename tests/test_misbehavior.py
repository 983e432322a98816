"""Whatever plausible the cloud answers: set up through the form, then two days of data that never stop."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from simulator import Simulator
from simulator.options import CHOICES

from .common import ZONE, Advance, state
from .flows import start, submit, user_input

pytestmark = pytest.mark.campaign

DAY = 86400
STRING, CENTRAL, LOGGER = "SIMHPS0001", "SIMHPS0002", "SIMLOG0002"
MOST_VIOLATIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A way of the cloud: options and faults from before the set-up, faults from after it, and what is typed."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    before: tuple[dict[str, Any], ...] = ()
    after: tuple[dict[str, Any], ...] = ()
    typed: str = CENTRAL
    minutes: int = 60
    """Interval between polls."""
    readable: bool = True
    """Whether the values can be read."""


def _each(option: str, *, without: tuple[str, ...] = (), **case: Any) -> list[Case]:
    """Return a case per choice of an option."""
    return [
        Case(name=f"{option} {choice}", options={option: choice}, **case)
        for choice in CHOICES[option]
        if choice not in {"usual", "not_found", "exact", "deviceSn", *without}
    ]


CASES = [
    *_each("foreign"),
    *_each("unknown_serial"),
    *_each("envelope"),
    *_each("object_form"),
    *_each("list_form", typed=LOGGER),
    *_each("serial_member", typed=LOGGER),
    *_each("serial_case", typed=CENTRAL.lower()),
    # Twice the interval, so that every second poll is refused.
    *(
        Case(name=f"limit {choice}", options={"limit_answer": choice, "limit": 2400}, minutes=20)
        for choice in CHOICES["limit_answer"]
    ),
    Case(name="look-ups of a logger without data", options={"logger_numbers": "no_data"}, typed=LOGGER),
    Case(
        name="all numbers without data",
        options={"logger_numbers": "no_data", "unknown_serial": "no_data", "foreign": "no_data"},
        typed=LOGGER,
    ),
    Case(
        name="lists broken or refused",
        before=(
            {"kind": "html", "path": "hps/base-info-small/list"},
            {"kind": "unauthorized", "path": "pcs/base-info/list"},
            {"kind": "code", "path": "bms/mbms-base-info/list"},
        ),
        typed=LOGGER,
    ),
    Case(name="one firewall page", after=({"kind": "html", "status": 403, "count": 1},)),
    Case(name="a burst of firewall pages", after=({"kind": "html", "status": 401, "count": 8},)),
    Case(name="one refusal", after=({"kind": "unauthorized", "count": 1},)),
    Case(name="refusals for hours", after=({"kind": "unauthorized", "count": 8},)),
    Case(name="settings and base info refused", before=({"kind": "unauthorized", "operation": "base_info"},)),
    *(
        Case(name=f"numbers {name}", before=({"kind": "variant", "name": name},), readable=False)
        for name in ("units", "decimal_comma", "capital_members", "unreadable")
    ),
]


@pytest.fixture
async def cloud(socket_enabled: None, clock: FrozenDateTimeFactory) -> AsyncGenerator[Simulator]:
    """Yield the usual cloud, quick: without a past, and without settings."""
    asyncio.get_running_loop().slow_callback_duration = math.inf
    paths = {"hps_central.settings": None, "hps_string.settings": None}
    simulator = Simulator("demo", now=time.time, history_days=1, paths=paths)
    await simulator.start()
    yield simulator
    await simulator.stop()


async def set_up(hass: HomeAssistant, cloud: Simulator, case: Case) -> Any:
    """Go through the form, and poll as often as the case says."""
    await hass.config.async_set_time_zone(ZONE)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, [case.typed]))
    if result.get("step_id") == "devices":
        result = await submit(hass.config_entries.flow, flow_id, {"devices": [device_of(cloud, case)]})
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    entry = result["result"]
    await hass.async_block_till_done(wait_background_tasks=True)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": case.minutes})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    return entry


def device_of(cloud: Simulator, case: Case) -> str:
    """Return the serial number of the case's device as the cloud spells it."""
    return CENTRAL.lower() if cloud.cloud.options.serial_case == "lower" else CENTRAL


def polls(cloud: Simulator, since: float) -> int:
    """Return how often the device was asked for its latest data since a moment."""
    return sum(
        record.operation == "latest" and record.at >= since and (record.device_sn or "").upper() == CENTRAL
        for record in cloud.requests
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_two_days(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, caplog: pytest.LogCaptureFixture, case: Case
) -> None:
    """The set-up succeeds, polling goes on to the end, a limit is found with few violations and logged once."""
    cloud.configure(**case.options)
    for fault in case.before:
        cloud.inject(**fault)
    entry = await set_up(hass, cloud, case)
    [subentry] = entry.subentries.values()
    assert subentry.data["kind"] == "hps_central"
    assert subentry.unique_id == device_of(cloud, case)
    for fault in case.after:
        cloud.inject(**fault)
    await advance(DAY, step=600)
    assert cloud.violations <= MOST_VIOLATIONS
    await advance(DAY, step=600)
    asked_at = cloud.time - 6 * 3600
    longest = max(case.minutes * 60, cloud.cloud.options.limit)
    assert polls(cloud, asked_at) >= 0.7 * 6 * 3600 / longest
    # Once a day a request shows whether the limit still holds.
    assert cloud.violations <= MOST_VIOLATIONS + 1
    failures = [each.getMessage() for each in caplog.records if each.getMessage().startswith("Error fetching")]
    assert len(failures) <= 3
    assert sum("is limiting requests" not in text for text in failures) <= 1
    if case.readable:
        power = state(hass, f"{subentry.unique_id}_pv_power").state
        assert power not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert not hass.config_entries.flow.async_progress()


async def test_one_device_refused_for_ever(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A refusal for one device leaves the others alone."""
    await hass.config.async_set_time_zone(ZONE)
    result = await submit(hass.config_entries.flow, await start(hass), user_input(cloud))
    entry = result["result"]
    await hass.async_block_till_done(wait_background_tasks=True)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 30})
    await hass.async_block_till_done(wait_background_tasks=True)
    cloud.inject(kind="unauthorized", device=STRING)
    await advance(DAY, step=300)
    assert not entry.runtime_data.client.denied
    assert polls(cloud, cloud.time - 6 * 3600) >= 8
    assert state(hass, f"{CENTRAL}_pv_power").state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
