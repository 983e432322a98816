"""Changes settings of the first string inverter as a person and an automation would, and watches its battery follow."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import aiohttp

from script._demo.forms import fill
from script._demo.home_assistant import Api, Json
from script._demo.process import DemoError
from script._demo.simulator import Cloud

# Lest anybody wait for hours, loggers upload every ten seconds, the cloud may be asked once a minute, and the plant's
# clock, which is late at first, jumps over the steps of a minute in which a change takes effect.
UPLOAD_SECONDS = 10
LIMIT_SECONDS = 60
PLANT_STEP = 60
LONGEST_JUMP = 2 * PLANT_STEP + 2 * UPLOAD_SECONDS
SIMULATOR_OPTIONS = ("--upload-interval", str(UPLOAD_SECONDS), "--behind", str(2 * LONGEST_JUMP))
# The others have a state of charge for resuming above the cut-off, which would have to be raised with it.
STEERED = "hps_string"
FOLLOWS_WITHIN = 2  # samples
# By the simulator's names: constant discharge in kW, some seconds ago, of a battery with more or less than half its
# charge: a full one would not take any more, an empty one would not give any.
DISCHARGING = {"mode": 8, "discharge_cutoff_soc": 5}
HALF = 50
ABOVE_HALF, BELOW_HALF = {"output_power": 10, "ago": 1800}, {"output_power": 2, "ago": 600}
STEP_SECONDS = 240
RELOAD_SECONDS = 60
STILL = 0.05  # kW
FLOWS = "/api/config/config_entries"


def inverter(cloud: Cloud) -> str | None:
    """Return the serial number of the first string inverter; None if there is none."""
    return next((device for device, kind in cloud.devices.items() if kind == STEERED), None)


async def prepare(api: Api, cloud: Cloud, device: str) -> None:
    """Have the cloud asked each minute, and confirm in the device's form "Match settings" what it proposes."""
    await _show_sample_times(api, device)
    entry = (await api.entries())[0]["entry_id"]
    options = await api.request("POST", f"{FLOWS}/options/flow", {"handler": entry})
    await _submit(api, f"{FLOWS}/options/flow", options, {"scan_interval": LIMIT_SECONDS // 60})
    subentries = await api.command("config_entries/subentries/list", entry_id=entry)
    subentry = next(item["subentry_id"] for item in subentries if item["unique_id"] == device)
    form = await _change_form(api, {"handler": [entry, "device"], "subentry_id": subentry})
    await _submit(api, f"{FLOWS}/subentries/flow", form, {"match_settings": True})
    await is_steerable(api, device)


async def _show_sample_times(api: Api, device: str) -> None:
    """Enable the sensor of the last sample's time, and wait for the reload that this makes Home Assistant do."""
    entity = str((await api.entities())[f"{device}_last_data"]["entity_id"])
    await api.command("config/entity_registry/update", entity_id=entity, disabled_by=None)

    async def there() -> bool:
        shown = (await api.states()).get(entity)
        return shown is not None and shown["state"] != "unavailable"

    if not await holds(there, RELOAD_SECONDS):
        raise DemoError("the sensor of the last sample's time was not there after it was enabled")


async def is_steerable(api: Api, device: str) -> None:
    """Wait until the confirmed settings are controls, once the entry is loaded again; else DemoError."""
    if not await holds(lambda: _is_ready(api, device), RELOAD_SECONDS):
        raise DemoError("the settings that were confirmed did not become controls")


async def _change_form(api: Api, start: dict[str, Any]) -> Json:
    """Return the form in which a device is changed, once the entry is loaded again and its settings have been read."""
    form: Json = None

    async def ready() -> bool:
        nonlocal form
        form = await api.request("POST", f"{FLOWS}/subentries/flow", start)
        if any(field["name"] == "match_settings" for field in form["data_schema"]):
            return True
        await api.request("DELETE", f"{FLOWS}/subentries/flow/{form['flow_id']}")
        return False

    if not await holds(ready, RELOAD_SECONDS):
        raise DemoError("the device's settings were not read")
    return form


async def _submit(api: Api, path: str, result: Json, known: dict[str, Any]) -> None:
    """Submit every form of a flow with what is known, else with what it suggests; DemoError if it refuses."""
    while result["type"] == "form":
        if result.get("errors"):
            raise DemoError(f"the form {result['step_id']} refuses: {result['errors']}")
        typed = {field["name"]: known[field["name"]] for field in result["data_schema"] if field["name"] in known}
        result = await api.request("POST", f"{path}/{result['flow_id']}", fill(result["data_schema"], typed))
    if result["type"] == "abort" and result["reason"] != "reconfigure_successful":
        raise DemoError(f"the flow ends with {result['reason']}")


async def holds(ready: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait until something is so, and return whether it became so within some seconds."""
    deadline = time.monotonic() + seconds
    while not await ready():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(1)
    return True


async def _is_ready(api: Api, device: str) -> bool:
    entities, states = await api.entities(), await api.states()
    names = [str(entities.get(f"{device}_{key}", {}).get("entity_id")) for key in ("mode", "battery_power")]
    return all(states.get(name, {"state": "unavailable"})["state"] != "unavailable" for name in names) and (
        names[0].startswith("select.")
    )


async def begin(cloud: Cloud, device: str) -> None:
    """Let the battery discharge at any hour: the inverter's settings were changed some minutes ago, on its display.

    The cloud may be asked each minute.
    """
    async with aiohttp.ClientSession() as session:
        await cloud.control(session, "configure", {"limit": LIMIT_SECONDS})
        charge = (await cloud.control(session, "truth"))["devices"][device]["soc"]
        power = ABOVE_HALF if charge > HALF else BELOW_HALF
        await cloud.control(session, "settings", {"sn": device, **DISCHARGING, **power})


async def steer(api: Api, cloud: Cloud, device: str) -> dict[str, str | None]:
    """Raise the cut-off above the state of charge, then force charging; return for each what went wrong."""
    steering = Steering(api, cloud, device)
    problems = {"the battery discharges": await steering.discharges()}
    cut_off = min(math.floor(await steering.charge()) + 2, 100)
    problems["a discharge cut-off above the state of charge stops the discharge"] = await steering.change(
        "number/set_value",
        {"entity_id": await steering.entity("discharge_cut_off_soc"), "value": cut_off},
        ("discharge_cut_off_soc", str(float(cut_off))),
        lambda power: abs(power) < STILL,
    )
    problems["forced charging makes battery power negative"] = await steering.change(
        "select/select_option",
        {"entity_id": await steering.entity("mode"), "option": "forced_charging"},
        ("mode", "forced_charging"),
        lambda power: power < -STILL,
    )
    return problems


class Steering:
    """One inverter's settings, changed by actions, and what its samples say of its battery afterwards."""

    def __init__(self, api: Api, cloud: Cloud, device: str) -> None:
        """Take the inverter's serial number."""
        self._api = api
        self._cloud = cloud
        self._device = device

    async def entity(self, key: str) -> str:
        """Return the entity id of a key."""
        return str((await self._api.entities())[f"{self._device}_{key}"]["entity_id"])

    async def charge(self) -> float:
        """Return the battery's true state of charge in per cent."""
        return float((await self._told("truth"))["devices"][self._device]["soc"])

    async def discharges(self) -> str | None:
        """Wait until the battery's power says so; return what it says instead."""
        entity = await self.entity("battery_power")
        power = 0.0

        async def seen() -> bool:
            nonlocal power
            power = float((await self._api.states())[entity]["state"])
            return power > STILL

        return None if await holds(seen, STEP_SECONDS) else f"battery power is {power} kW"

    async def change(
        self, action: str, data: dict[str, Any], shown: tuple[str, str], follows: Callable[[float], bool]
    ) -> str | None:
        """Call an action and return what is wrong unless the battery's power follows, and the entity of the setting.

        `shown` is the setting's key and the state that it must have in the end.
        """
        before = len(await self._writes())
        try:
            await self._api.request("POST", f"/api/services/{action}", data)
        except DemoError as err:
            return str(err)
        power_entity, time_entity = await self.entity("battery_power"), await self.entity("last_data")
        setting = await self.entity(shown[0])
        deadline = time.monotonic() + STEP_SECONDS
        written, shows = 0.0, "no sample since"
        seen: dict[float, float] = {}
        while time.monotonic() < deadline:
            await asyncio.sleep(1)
            if not written:
                written = await self._take_effect(before)
                continue
            states = await self._api.states()
            sampled = datetime.fromisoformat(states[time_entity]["state"]).timestamp()
            if sampled <= written or states[power_entity]["state"] in {"unavailable", "unknown"}:
                continue
            power = seen[sampled] = float(states[power_entity]["state"])
            shows = f"battery power is {power} kW in sample {len(seen)} since"
            if not follows(power):
                if len(seen) >= FOLLOWS_WITHIN:
                    return shows
                continue
            state = states[setting]
            if state["state"] == shown[1] and "pending" not in state["attributes"]:
                return None
            shows = f"{setting} shows {state['state']}"
        return f"{shows}, {STEP_SECONDS} s after {action}"

    async def _take_effect(self, before: int) -> float:
        """Let the plant's clock jump once a write has come; return its moment in unix seconds, 0 if there is none."""
        if not (writes := (await self._writes())[before:]):
            return 0.0
        written = float(writes[0]["at"])
        jump = math.ceil(written / PLANT_STEP) * PLANT_STEP + PLANT_STEP - written + UPLOAD_SECONDS
        await self._told("jump", {"seconds": jump})
        return written

    async def _writes(self) -> list[Json]:
        """Return the writes to this inverter; others may be changed at the same time."""
        return [item for item in await self._told("writes") if item["device_sn"] == self._device]

    async def _told(self, path: str, order: Json = None) -> Json:
        async with aiohttp.ClientSession() as session:
            return await self._cloud.control(session, path, order)
