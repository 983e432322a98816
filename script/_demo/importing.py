"""Imports the past year by the integration's action, and looks at what came of it."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from script._demo.home_assistant import Api, Json
from script._demo.process import DemoError
from script._demo.roles import ROLES, needed
from script._demo.simulator import Cloud
from simulator.paths import build_routes

# Samples of half an hour are enough for rows of an hour, and a year of them takes a minute or two for each device.
# A check has no time for that: after a month without data the import of its year ends.
DAYS, CHECKED_DAYS = 366, 60
PAST_INTERVAL = 1800
STATISTICS_SECONDS, IMPORT_SECONDS = 360, 300
ACTION = "/api/services/atess/import_history?return_response"
ENERGIES = {
    "pv_energy_total": "pv",
    "load_energy_total": "load",
    "grid_import_energy_total": "grid_import",
    "grid_export_energy_total": "grid_export",
    "battery_charge_energy_total": "battery_charge",
    "battery_discharge_energy_total": "battery_discharge",
}
# Of what flowed since the simulated plant began; the hour in progress, at the inverter's full power, has no row yet.
TOLERANCE, UNKNOWN = 0.005, 10.0


def simulator_options(*, check: bool) -> list[str]:
    """Return the options that give the cloud a past."""
    return ["--history-days", str(CHECKED_DAYS if check else DAYS), "--past-interval", str(PAST_INTERVAL)]


async def permit(cloud: Cloud) -> None:
    """Let the cloud be asked for history as often as wanted, and have it compute its past."""
    history = {path: 0.0 for (_, path), route in build_routes({}).items() if route.operation == "history"}
    async with aiohttp.ClientSession() as session:
        await cloud.control(session, "configure", {"limits": history})
        await cloud.control(session, "truth")


def homes(cloud: Cloud) -> list[str]:
    """Return the serial numbers of the devices whose energies are in the Energy dashboard."""
    return [device for device, kind in cloud.devices.items() if ROLES[kind].sources]


async def import_year(api: Api, cloud: Cloud, devices: list[str]) -> None:
    """Import the past year of devices as soon as they have statistics, unless that was done; DemoError if it fails."""
    if await _progress(api) is not None:
        return
    registered = await api.devices()
    wanted = {"device_id": [registered[device]["id"] for device in devices]}
    await _wait_for_statistics(api, cloud, devices, wanted)
    await api.request("POST", ACTION, wanted)
    day, since = None, time.monotonic()
    while (progress := await _progress(api) or {}).get("status") != "complete":
        if progress.get("day") != day:
            day, since = progress.get("day"), time.monotonic()
        if time.monotonic() > since + IMPORT_SECONDS:
            raise DemoError(f"the import has stood still for {IMPORT_SECONDS} s: {progress}")
        await asyncio.sleep(2)


async def import_problem(api: Api, cloud: Cloud, device: str) -> str | None:
    """Return what is wrong with what a check has imported: not what flowed, or an hour that is negative."""
    entities = await api.entities()
    async with aiohttp.ClientSession() as session:
        flowed = (await cloud.control(session, "truth"))["devices"][device]["since_start"]
    wrong = []
    for key, name in ENERGIES.items():
        rows = await _hours(api, entities[f"{device}_{key}"]["entity_id"])
        total = sum(row["change"] for row in rows)
        if abs(total - flowed[name]) > TOLERANCE * flowed[name] + UNKNOWN:
            wrong.append(f"{key} {total:.1f} of {flowed[name]:.1f} kWh")
        if len(rows) < (CHECKED_DAYS - 1) * 24:
            wrong.append(f"{key} has {len(rows)} hours")
        if (least := min((row["change"] for row in rows), default=0.0)) < -1e-6:
            wrong.append(f"{key} has an hour of {least:.2f} kWh")
    return "; ".join(wrong) or None


async def _hours(api: Api, entity: str) -> list[dict[str, Any]]:
    begin = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    asked = {"start_time": begin, "statistic_ids": [entity], "period": "hour", "types": ["change"]}
    rows: list[dict[str, Any]] = (await api.command("recorder/statistics_during_period", **asked)).get(entity, [])
    return rows


async def _wait_for_statistics(api: Api, cloud: Cloud, devices: Iterable[str], wanted: dict[str, Json]) -> None:
    """Wait until the action says that there are statistics to import into."""
    entities = await api.entities()
    keys = [key for device in devices for key in needed(device, cloud.devices[device])]
    names = {entities[key]["entity_id"] for key in keys if key.endswith("_total")}
    deadline = time.monotonic() + STATISTICS_SECONDS
    while True:
        missing, refusal = names, ""
        try:
            answer = await api.request("POST", ACTION, {**wanted, "dry_run": True})
            plans = answer["service_response"]["devices"].values()
            missing = names - {entity for plan in plans for entity in plan["missing_hours"]}
        except DemoError as err:
            # What is clicked meanwhile may reload the account, which then has no devices for a moment.
            refusal = f" ({err})"
        if not missing:
            return
        if time.monotonic() > deadline:
            raise DemoError(f"after {STATISTICS_SECONDS} s there are no statistics of {sorted(missing)}{refusal}")
        await asyncio.sleep(2)


async def _progress(api: Api) -> dict[str, Json] | None:
    """Return what the sensor of the import says, None if there was none yet."""
    entities, states = await api.entities(), await api.states()
    [entity] = [item["entity_id"] for key, item in entities.items() if key.endswith("_history_import")]
    attributes: dict[str, Json] = states.get(entity, {"attributes": {}})["attributes"]
    return attributes if "status" in attributes else None
