"""How long the dashboard takes to be made of the registries of a large plant, in a browser."""

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from custom_components.atess.catalogue import definitions
from custom_components.atess.catalogue.settings import settings_of
from custom_components.atess.enerclo import Kind
from script._chromium import MODULES

# A plant of all kinds, and so many clusters as it takes.
_KINDS = (Kind.HPS_CENTRAL, Kind.HPS_STRING, Kind.PCS, Kind.PBD, Kind.MBMS)
_CONTROLS = {"number": "number", "select": "select", "switch": "switch", "window": "time"}
_SCRIPT = """
const { dashboard, view } = await import("/js/generator.js");
const hass = { ...task.hass, callWS: async () => ({ energy_sources: [] }) };
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const measure = async (make) => {
  const taken = [];
  for (let run = 0; run < task.runs; run += 1) {
    const began = performance.now();
    await make();
    taken.push(performance.now() - began);
  }
  return { first: taken[0], median: median(taken.slice(1)) };
};
const made = await dashboard({}, hass);
const result = { dashboard: await measure(() => dashboard({}, hass)) };
for (const { path, strategy } of made.views) {
  result[path] = await measure(() => view(strategy, hass));
}
return result;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The milliseconds that something took the first time, and usually."""

    first: float
    median: float


def make_dashboard(entities: int, runs: int = 30) -> dict[str, Taken]:
    """Return how long the list of views and each view take, by its name.

    Raises:
        RuntimeError: There is no browser, or it fails.
    """
    task = {"script": _SCRIPT, "task": {"hass": _registries(entities), "runs": runs + 1}}
    done = subprocess.run(
        [sys.executable, "-m", "script._chromium"],
        input=json.dumps(task),
        cwd=MODULES.parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return {name: Taken(**taken) for name, taken in json.loads(done.stdout).items()}


def _registries(count: int) -> dict[str, Any]:
    """Return the frontend's registries of a plant with so many enabled entities, in a home with as many of others."""
    entities: dict[str, Any] = {}
    devices: dict[str, Any] = {}
    for number, kind in enumerate(chain(_KINDS, repeat(Kind.BCU)), 1):
        device = f"device{number}"
        devices[device] = {"id": device, "name": f"{kind} {number}", "primary_config_entry": "entry"}
        values = [(each.platform, each.key, each.name, each.category) for each in definitions(kind).values()]
        settings = [(_CONTROLS[each.type.value], each.key, each.name, "config") for each in settings_of(kind).values()]
        for domain, key, name, category in (*values, *settings):
            if len(entities) == count:
                break
            entity = f"{domain}.{device}_{key}"
            entities[entity] = _entity(entity, "atess", device, name, key=key, category=category)
        if len(entities) == count:
            break
    for number in range(count):
        entity = f"sensor.other_{number}"
        entities[entity] = _entity(entity, "other", "other", f"Other {number}")
    home = {"config": {"components": ["energy"]}, "user": {"is_admin": True}, "locale": {"language": "de"}}
    return {"entities": entities, "devices": devices, **home}


def _entity(
    entity: str, platform: str, device: str, name: str, *, key: str | None = None, category: str | None = None
) -> dict[str, Any]:
    return {
        "entity_id": entity,
        "platform": platform,
        "device_id": device,
        "name": name,
        "translation_key": key,
        "entity_category": category,
    }
