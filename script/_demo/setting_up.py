"""Sets the integration and the Energy dashboard up, as a person would do it in the browser."""

import asyncio
import time
from typing import Any

from script._demo.forms import fill
from script._demo.home_assistant import Api
from script._demo.process import DemoError, doing
from script._demo.roles import needed

FLOW = "/api/config/config_entries/flow"
MOST_STEPS = 20
ENTITY_SECONDS = 120


async def add_integration(api: Api, *, token: str, devices: list[str], base_url: str) -> str:
    """Go through the config flow and return the title of the new entry; DemoError with the flow's words if it fails."""
    result = await api.request("POST", FLOW, {"handler": "atess"})
    answers: dict[str, Any] = {
        "token": token,
        "device_sn": devices,
        "allow_changes": True,
        "import_history": False,
        "advanced": {"base_url": base_url},
    }
    for _ in range(MOST_STEPS):
        kind = result["type"]
        if kind == "create_entry":
            return str(result["title"])
        if kind == "form":
            if result.get("errors"):
                raise DemoError(f"the config flow refuses: {await _error_texts(api, result)}")
            body = fill(result["data_schema"], answers if result["step_id"] == "user" else {})
            result = await api.request("POST", f"{FLOW}/{result['flow_id']}", body)
        elif kind == "progress":
            await asyncio.sleep(1)
            result = await api.request("GET", f"{FLOW}/{result['flow_id']}")
        else:
            raise DemoError(f"the config flow ends with {kind}: {await _error_texts(api, result)}")
    raise DemoError(f"the config flow did not end after {MOST_STEPS} steps")


async def _error_texts(api: Api, result: dict[str, Any]) -> str:
    """Return what a person would read of a flow's errors or of the reason for its end."""
    answer = await api.command("frontend/get_translations", language="en", category="config", integration=["atess"])
    texts: dict[str, str] = answer["resources"]
    if "reason" in result:
        reason = str(result["reason"])
        found = [texts.get(f"component.atess.config.abort.{reason}", reason)]
    else:
        errors: dict[str, str] = result.get("errors") or {}
        found = [f"{field}: {texts.get(f'component.atess.config.error.{key}', key)}" for field, key in errors.items()]
    text = "; ".join(found)
    for name, value in (result.get("description_placeholders") or {}).items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


async def complete(api: Api, devices: dict[str, str]) -> list[str]:
    """Wait for the devices' entities, add them to the Energy dashboard, and return its statistics."""
    async with doing("waiting for the devices' entities"):
        await wait_for_entities(api, devices, ENTITY_SECONDS)
    async with doing("setting the Energy dashboard up"):
        return await set_energy_dashboard_up(api)


async def wait_for_entities(api: Api, devices: dict[str, str], seconds: float) -> None:
    """Wait until the entry is set up and every device has the Energy dashboard's entities; else DemoError."""
    deadline = time.monotonic() + seconds
    while True:
        entry = (await api.entries())[0]
        if entry["state"] in {"setup_error", "migration_error"}:
            raise DemoError(f"Home Assistant could not set the entry up: {entry['reason'] or entry['state']}")
        entities = await api.entities()
        missing = [name for device, kind in devices.items() for name in needed(device, kind) if name not in entities]
        if entry["state"] == "loaded" and not missing:
            return
        if time.monotonic() > deadline:
            raise DemoError(
                f"after {seconds:.0f} s the entry is {entry['state']} ({entry['reason']}), without {missing}"
            )
        await asyncio.sleep(1)


async def set_energy_dashboard_up(api: Api) -> list[str]:
    """Add all devices by the integration's action, and return the statistics of all sources.

    Raises:
        DemoError: The action has a doubt about one of its sources.
    """
    answer = await api.request("POST", "/api/services/atess/configure_energy_dashboard?return_response", {})
    if warnings := answer["service_response"]["warnings"]:
        raise DemoError(f"the Energy dashboard is doubtful: {warnings}")
    sources = (await api.command("energy/get_prefs"))["energy_sources"]
    return [value for source in sources for name, value in source.items() if name.startswith("stat_") and value]
