"""Polling never stops: after restarts, reloads, failures and whatever else, in time that moves while code runs."""

import asyncio
import logging
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from script._benchmark.home import home_of
from script._benchmark.scenarios import Scenario
from script._benchmark.virtual import VirtualLoop, run
from script._soak.alive import live
from simulator import Simulator

from .common import Advance, add_entry, set_up

HOUR = 3600.0


def polls(cloud: Simulator, since: int) -> dict[str, int]:
    """Return by device how often it was polled since so many requests."""
    rows = [record.device_sn for record in cloud.requests[since:] if record.operation == "latest"]
    return {device.sn: rows.count(device.sn) for device in cloud.devices}


@pytest.mark.parametrize("seed", range(1, 13))
def test_after_whatever_happens_each_device_is_polled_again(seed: int) -> None:
    """Random lives; `script/soak alive` has more of them."""
    loop = VirtualLoop()
    assert run(lambda: live(loop, seed, 5), loop) == []


@pytest.mark.parametrize("hours", [5, 12, 24, 30 * 24])
def test_after_a_long_stop_data_flow_within_an_interval(hours: int) -> None:
    """The rhythm that was learned before is of no use then."""

    async def stop_and_start() -> dict[str, int]:
        async with home_of(Scenario(name="stop", title="", devices=3, latency=(0.1, 0.3)), 1) as (home, cloud, _):
            await home.start()
            await asyncio.sleep(2 * HOUR)
            await home.stop()
            await asyncio.sleep(hours * HOUR)
            since = len(cloud.requests)
            await home.start()
            await asyncio.sleep(302)
            found = polls(cloud, since)
            await home.stop()
        assert cloud.violations == 0
        return found

    assert all(run(stop_and_start).values())


async def test_an_unexpected_exception_does_not_end_polling(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Not even one before the next poll was planned."""
    with patch("custom_components.atess.enerclo.client.EnercloClient.latest", side_effect=RuntimeError("unexpected")):
        await advance(400)
    since = len(cloud.requests)
    await advance(400)
    assert all(polls(cloud, since).values())


async def test_a_plan_that_fails_does_not_end_polling(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A moment that cannot be computed, or none that a timer can wait for, is replaced."""
    for moment in ("property", "nan"):
        value = property(lambda _: 1 / 0) if moment == "property" else float("nan")
        with patch("custom_components.atess.polling.schedule.Schedule.delay", value):
            await advance(400)
        since = len(cloud.requests)
        await advance(700)
        assert all(polls(cloud, since).values())


async def test_reload_just_before_a_poll(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance, clock: FrozenDateTimeFactory
) -> None:
    """A poll that is due in less than half a second, or just was, is made."""
    await advance(900)
    for early in (0.3, 0.0, -2.0):
        coordinator = next(iter(entry.runtime_data.coordinators.values()))
        clock.tick(max(0.0, coordinator.schedule.delay - early))
        assert await hass.config_entries.async_reload(entry.entry_id)
        since = len(cloud.requests)
        await advance(700)
        assert all(polls(cloud, since).values())


async def test_options_changed_long_after_a_poll(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A shorter interval is over already when it is set."""
    cloud.configure(limit=60)
    entry = add_entry(hass, cloud, scan_interval=60)
    await set_up(hass, entry)
    await advance(1800)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 1})
    since = len(cloud.requests)
    await advance(420)
    assert all(polls(cloud, since).values())


async def test_watchdog(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A device whose timer was lost is polled after three intervals; that is logged once and counted."""
    await advance(400)
    with patch("custom_components.atess.poll_timer.async_call_later", lambda *_: lambda: None):
        await advance(400)
        since = len(cloud.requests)
        await advance(2 * HOUR, step=60)
        assert all(2 <= count <= 9 for count in polls(cloud, since).values())
    lines = [record for record in caplog.records if "was not polled for 15 minutes" in record.getMessage()]
    assert len(lines) == len(cloud.devices)
    assert {record.levelno for record in lines} == {logging.WARNING}
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert all(device["polling"]["restarts_by_watchdog"] >= 2 for device in report["devices"])


@pytest.mark.parametrize("reason", ["daily_budget", "denied", "polling_disabled"])
async def test_watchdog_leaves_what_has_to_wait(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, reason: str
) -> None:
    """Diagnostics say why a device waits, and the watchdog does not mind."""
    entry = add_entry(hass, cloud, **({"daily_budget": 12} if reason == "daily_budget" else {}))
    await set_up(hass, entry)
    await advance(600)
    if reason == "denied":
        cloud.inject(kind="unauthorized")
    elif reason == "polling_disabled":
        hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
        assert await hass.config_entries.async_reload(entry.entry_id)
    await advance(1500)
    since = len(cloud.requests)
    await advance(3 * HOUR, step=60)
    assert sum(polls(cloud, since).values()) <= (4 if reason == "denied" else 0)
    report: Any = await async_get_config_entry_diagnostics(hass, entry)
    for device in report["devices"]:
        assert device["polling"]["waiting_for"] == reason
        assert device["polling"]["restarts_by_watchdog"] == 0


async def test_diagnostics_tell_when_a_device_is_polled(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance, clock: FrozenDateTimeFactory
) -> None:
    """Next poll, interval, last poll, and why the device waits."""
    await advance(7200)
    report = await async_get_config_entry_diagnostics(hass, entry)
    for device in report["devices"]:
        polling = device["polling"]
        assert polling["interval"] == 300
        assert timedelta(0) <= polling["next_poll"] - polling["last_poll"] <= timedelta(seconds=601)
        assert polling["waiting_for"] in {"sample", "interval"}
