"""Plants of several devices lived through by Home Assistant: one joins, one leaves, one is replaced.

What the recorder has of the plant is held against what it has of the devices, which the other cases hold against the
truth: the plant may rise by what its members' counters rise, and by nothing else.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant import loader
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.atess.const import DOMAIN
from script._benchmark import virtual
from script._benchmark.wire import Wire
from simulator import Simulator

from .cases import DISTURBANCES, YEAR, ZONE
from .home import Complaints, Switchboard, keep_pace, real_time, record, virtual_home
from .recorded import read_statistics

COUNTERS = ("pv_energy", "battery_charge_energy", "load_energy")
KEYS = tuple(f"{counter}_{period}" for counter in COUNTERS for period in ("total", "today"))
JOINS, REPLACED, LEAVES = 0.25, 0.4, 0.7  # shares of the time
RESOLUTION = 0.5  # kWh by which an hour of the plant may be off from those of its devices
SPOILT = ("dips", "zero_totals", "zero_bursts", "unit_bursts", "old_levels", "late_reset", "midnight_bounce")


@dataclass(slots=True, kw_only=True)
class Found:
    """What a site showed."""

    seed: int
    faults: list[str] = field(default_factory=list)
    hours: int = 0
    impossible: int = 0


def site(seed: int, days: float) -> Found:
    """Let one Home Assistant live through a plant of three devices."""
    chosen = random.Random(seed)
    begin = datetime(YEAR, chosen.randint(1, 12), chosen.randint(1, 20), chosen.randint(0, 23), tzinfo=ZoneInfo(ZONE))
    with patch.object(virtual, "START", begin.timestamp() - 60.0):
        return virtual.run(lambda: _Site(seed, begin.timestamp(), days, chosen).live())


class _Site:
    """One plant in one Home Assistant."""

    def __init__(self, seed: int, start: float, days: float, chosen: random.Random) -> None:
        self._start, self._seconds = start, days * 86400.0
        self._serials = [f"SIMHPS{seed}{letter}" for letter in "ABC"]
        self._plant = _plant(self._serials, chosen)
        self._found = Found(seed=seed)
        self._members: list[tuple[float, set[str]]] = []

    async def live(self) -> Found:
        """Live through the time and compare."""
        switchboard, complaints = Switchboard(), Complaints()
        random.seed(self._found.seed)
        with virtual_home(switchboard) as folder, complaints.heard():
            async with async_test_home_assistant() as hass:
                hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
                await hass.config.async_set_time_zone(ZONE)
                recorder = await record(hass, folder)
                pace = asyncio.create_task(keep_pace(recorder))
                try:
                    await self._live(hass, recorder, switchboard)
                finally:
                    pace.cancel()
                    await real_time(hass.async_stop(force=True))
        self._found.faults += complaints.texts
        return self._found

    async def _live(self, hass: HomeAssistant, recorder: Recorder, switchboard: Switchboard) -> None:
        await asyncio.sleep(self._start - time.time())
        cloud = Simulator(plant=self._plant, seed=self._found.seed, now=lambda: max(self._start, time.time()))
        switchboard.wires["site.invalid"] = Wire(cloud, (0.0, 0.0), self._found.seed)
        entry = self._add(hass, cloud.token)
        await hass.config_entries.async_setup(entry.entry_id)
        self._members.append((time.time(), set(self._serials[:2])))
        await self._until(JOINS)
        joining = ConfigSubentry(
            data=MappingProxyType({"device_sn": self._serials[2], "kind": "hps_string"}),
            subentry_id=self._serials[2],
            subentry_type="device",
            title=self._serials[2],
            unique_id=self._serials[2],
        )
        hass.config_entries.async_add_subentry(entry, joining)
        self._enable(hass, entry, self._serials[2], self._serials[2])
        self._members.append((time.time(), set(self._serials)))
        await self._until(REPLACED)
        cloud.inject(kind="variant", name="replaced", device=self._serials[1], start=0.0)
        await self._until(LEAVES)
        hass.config_entries.async_remove_subentry(entry, self._serials[0])
        self._members.append((time.time(), set(self._serials[1:])))
        await self._until(1.0)
        await hass.config_entries.async_unload(entry.entry_id)
        await asyncio.sleep(600)
        await self._compare(hass, recorder)

    async def _until(self, share: float) -> None:
        """Wait for a share of the time, to just after a whole hour, so that no hour is of two sets of devices."""
        whole = 3600.0 * round(share * self._seconds / 3600.0)
        await asyncio.sleep(self._start + whole + (5.0 if share < 1.0 else 0.0) - time.time())

    def _add(self, hass: HomeAssistant, token: str) -> MockConfigEntry:
        entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id="site",
            title="site",
            unique_id="site",
            data={"token": token, "base_url": "https://site.invalid/api/v1/"},
            options={"scan_interval": 5, "allow_changes": False},
            subentries_data=[
                ConfigSubentryDataWithId(
                    data={"device_sn": serial, "kind": "hps_string"},
                    subentry_id=serial,
                    subentry_type="device",
                    title=serial,
                    unique_id=serial,
                )
                for serial in self._serials[:2]
            ],
        )
        entry.add_to_hass(hass)
        self._entities = {}
        for serial in self._serials[:2]:
            self._enable(hass, entry, serial, serial)
        self._enable(hass, entry, "plant_site", None)
        hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)
        return entry

    _entities: dict[tuple[str, str], str]

    def _enable(self, hass: HomeAssistant, entry: MockConfigEntry, of: str, subentry_id: str | None) -> None:
        registry = er.async_get(hass)
        for key in KEYS:
            item = registry.async_get_or_create(
                Platform.SENSOR, DOMAIN, f"{of}_{key}", config_entry=entry, config_subentry_id=subentry_id
            )
            registry.async_update_entity(item.entity_id, disabled_by=None)
            self._entities[of, key] = item.entity_id

    async def _compare(self, hass: HomeAssistant, recorder: Recorder) -> None:
        begin = datetime.fromtimestamp(self._start, UTC) - timedelta(hours=1)
        recorded = (await read_statistics(hass, recorder, begin, set(self._entities.values())))["hour"]
        # The sum of an entity's first hour is what it has risen by in it.
        rises = {
            place: {
                later["start"]: later["sum"] - earlier["sum"]
                for earlier, later in pairwise([{"sum": 0.0}, *recorded.get(entity, [])])
            }
            for place, entity in self._entities.items()
        }
        for key in KEYS:
            self._judge(key, rises)

    def _judge(self, key: str, rises: dict[tuple[str, str], dict[float, float]]) -> None:
        """Judge each hour of the plant by those of its members, those of today in sums of a day and a half."""
        plant, ahead = 0.0, 0.0
        for start, rise in rises["plant_site", key].items():
            members = next(members for since, members in reversed(self._members) if since <= start + 3600.0)
            own = sum(rises[serial, key].get(start, 0.0) for serial in members)
            plant, ahead = plant + rise, ahead + rise - own
            self._found.hours += 1
            # A device may make up in one hour what it was held back by for two; the plant does with it.
            if not -1e-6 <= rise <= own + RESOLUTION + (3.0 if key.endswith("_today") else 0.0):
                self._found.impossible += 1
                self._blame(f"plant's {key} rises by {rise:.2f}, its devices by {own:.2f} kWh", start)
        if key.endswith("_total") and abs(ahead) > max(0.01 * plant, 4 * RESOLUTION):
            self._blame(f"plant's {key} is {ahead:.2f} of {plant:.2f} kWh off from its devices", self._start)

    def _blame(self, text: str, at: float) -> None:
        if len(self._found.faults) < 20:
            self._found.faults.append(f"after {(at - self._start) / 3600.0:.1f} h: {text}")


def _plant(serials: list[str], chosen: random.Random) -> dict[str, Any]:
    """Return three houses behind one data logger, each with its own disturbances."""
    systems = []
    for serial in serials:
        names = chosen.sample(SPOILT, chosen.randint(0, 2))
        if {"late_reset", "midnight_bounce"} <= set(names) or serial == serials[1]:
            names = [name for name in names if name not in {"late_reset", "midnight_bounce"}]
        systems.append(
            {
                "name": serial,
                "logger": "SIMLOG",
                "machine": {"nominal_kw": 10.0},
                "pv": [{"kwp": chosen.uniform(5, 9), "tilt": 30, "azimuth": chosen.uniform(130, 230)}],
                "battery": {"kwh": 15.0, "cells": 96, "charge_a": 30.0, "discharge_a": 30.0, "soc": 50},
                "load": {"profile": "home", "kwh_per_day": chosen.uniform(15, 40)},
                "devices": [
                    {
                        "sn": serial,
                        "kind": "hps_string",
                        "model": "SIM",
                        "nominal_kw": 10.0,
                        "variants": {name: dict(DISTURBANCES[name]) for name in names},
                    }
                ],
            }
        )
    return {
        "name": "site",
        "latitude": 48.0,
        "longitude": 11.0,
        "zone": ZONE,
        "cloudiness": 0.3,
        "history_days": 0,
        "loggers": [{"sn": "SIMLOG", "interval": 300, "jitter": 4}],
        "systems": systems,
    }
