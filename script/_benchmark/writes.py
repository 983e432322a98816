"""How often a Home Assistant writes what it remembers of an account to its storage, in a day."""

import asyncio
from collections import Counter
from typing import Any
from unittest.mock import patch

from homeassistant.helpers.storage import Store

from custom_components.atess.const import DOMAIN

from .home import Home, home_of
from .scenarios import DAY, Scenario


async def writes(devices: int, seed: int = 1) -> tuple[int, int]:
    """Return how many files of the account were written in a day with a restart, and how many bytes at once at most."""
    count: Counter[str] = Counter()
    largest = 0
    loggers = max(1, devices // 10)
    scenario = Scenario(name="writes", title="", devices=devices, loggers=loggers, latency=(0.1, 0.3))
    async with home_of(scenario, seed) as (home, _, _wire):
        original = Store._async_write_data  # noqa: SLF001  # where all that is stored comes by

        async def write(store: Store[Any], data: dict[str, Any]) -> None:
            nonlocal largest
            await original(store, data)
            if store.key.startswith(f"{DOMAIN}."):
                count[store.key] += 1
                largest = max(largest, len(str(data["data"])))

        with patch("homeassistant.helpers.storage.Store._async_write_data", write):
            await _start(home)
            await asyncio.sleep(3600.0)
            count.clear()
            await asyncio.sleep(DAY / 2)
            await home.stop()
            await asyncio.sleep(60.0)
            await _start(home)
            await asyncio.sleep(DAY / 2)
            total = count.total()
            await home.stop()
    return total, largest


async def _start(home: Home) -> None:
    """Start, and have the settings read each hour as their entities do."""
    await home.start()
    for settings in home.entry.runtime_data.settings.values():
        home.entry.async_on_unload(settings.async_add_listener(lambda: None))
