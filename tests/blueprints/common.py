"""What the tests of blueprints share."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from script._blueprints import sources
from simulator import Simulator

from ..common import assert_sound_writes, state
from ..control.common import CENTRAL, ENTITY_ACTIONS

ROOT = Path(__file__).parents[2]
BLUEPRINTS = ROOT / "blueprints"
# In kW as a central inverter sends them: the grid positive while exporting, the battery while discharging.
GRID, BATTERY, SOC = "bactivePower", "pac", "soc"


MINUTE, HOUR = 60, 3600
# A change is written and read back within this time, in seconds.
CHANGE = 6 * MINUTE
CONTROL = f"{CENTRAL}_battery_control"
CHARGING = {"modeSelection": 9}
TO_FULL = CHARGING | {"gridChargeCutoffSoc": 100}
# Coroutines of automations and scripts, and of the actions that they call.
_WAITING = re.compile("Automation|Script|ServiceRegistry|_handle_async_response|" + "|".join(ENTITY_ACTIONS))


def blueprint_files() -> list[Path]:
    """Return all English blueprints."""
    return [ROOT / path for path in sources()]


class _Loader(yaml.SafeLoader):
    """Read `!input` as what it names."""


class Input(str):
    """Name of an input that a blueprint uses."""

    __slots__ = ()


_Loader.add_constructor("!input", lambda loader, node: Input(loader.construct_scalar(node)))


def read(path: Path) -> dict[str, Any]:
    """Return a blueprint's content; its inputs are of the type Input where they are used."""
    content: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  # a SafeLoader
    return content


def inputs_of(blueprint: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the inputs of a blueprint by name, those in sections too."""
    found: dict[str, dict[str, Any]] = {}
    for name, content in blueprint["blueprint"]["input"].items():
        found |= content.get("input", {name: content})
    return found


def parts(content: Any) -> Iterator[Any]:
    """Yield every part of a content."""
    yield content
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from parts(part)


async def automate(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Create an automation from a blueprint; fails if Home Assistant does not accept it."""
    assert await async_setup_component(hass, "homeassistant", {})
    use = {"path": f"atess/{name}.yaml", "input": inputs}
    assert await async_setup_component(
        hass, "automation", {"automation": [{"id": name, "alias": name, "use_blueprint": use}]}
    )
    await settle(hass)
    found = hass.states.get(f"automation.{name}")
    assert found is not None
    assert found.state == "on"


async def settle(hass: HomeAssistant) -> None:
    """Wait for all but the runs of automations and scripts, which may wait for time to pass."""
    quiet = 0
    while quiet < 2:
        for _ in range(20):
            await asyncio.sleep(0)
        if busy := _busy(hass):
            await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
        quiet = 0 if busy else quiet + 1


def _busy(hass: HomeAssistant) -> list[asyncio.Future[Any]]:
    """Return what is under way but for what may wait for time to pass, which Home Assistant waits for no more."""
    busy: list[asyncio.Future[Any]] = []
    for tasks in (hass._tasks, hass._background_tasks):
        for task in [*tasks]:
            if isinstance(task, asyncio.Task) and _WAITING.search(getattr(task.get_coro(), "__qualname__", "")):
                task.remove_done_callback(tasks.remove)
                tasks.discard(task)
            elif task is not asyncio.current_task():
                busy.append(task)
    return busy


async def set_up_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up that was unloaded; automations that this starts may wait for time to pass."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)


def written(cloud: Simulator, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what each write to a device has set to another value than it had before all of them."""
    assert_sound_writes(cloud)
    bodies = [record.json for record in cloud.requests if record.method == "PUT"]
    return [
        {key: value for key, value in body.items() if key != "deviceSn" and before[key] != value} for body in bodies
    ]


def controls(hass: HomeAssistant) -> str:
    """Return what the battery of the central inverter is made to do."""
    return state(hass, CONTROL).state


def notices(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the notices that are given from now on, instead of showing them."""
    return async_mock_service(hass, "persistent_notification", "create")


def told(calls: list[ServiceCall]) -> list[tuple[str, str]]:
    """Return title and message of notices, and forget them."""
    found = [(call.data["title"], call.data["message"]) for call in calls]
    calls.clear()
    return found


def send(cloud: Simulator, **members: float) -> None:
    """Let the central inverter send these values from its next sample on."""
    cloud.clear()
    cloud.inject(kind="members", device=CENTRAL, set=members)
