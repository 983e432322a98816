"""What the tests of the dashboard share: what Home Assistant's frontend knows, and the views made of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from script._chromium import MODULES, browser

type View = dict[str, Any]

SECONDS = 120
GENERATE = """
const { dashboard, view } = await import("/js/generator.js");
const result = [];
for (const { hass, config } of task) {
  hass.callWS = async ({ type }) => {
    if (type !== "energy/get_prefs" || !hass.preferences) throw { code: "not_found" };
    return hass.preferences;
  };
  const views = {};
  for (const { strategy, ...tab } of (await dashboard(config, hass)).views) {
    views[tab.path] = { ...tab, ...(await view(strategy, hass)) };
  }
  result.push(views);
}
return result;
"""


def require_browser() -> None:
    """Skip the test loudly without a browser; on a machine that is there for tests, it fails."""
    if browser() is None:
        reason = "NO BROWSER, so nothing of the dashboard is tested: run script/setup browser"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def run(script: str, task: Any = None) -> Any:
    """Return what a script answers in a browser of its own."""
    require_browser()
    done = subprocess.run(
        [sys.executable, "-m", "script._chromium"],
        input=json.dumps({"script": script, "task": task}),
        cwd=MODULES.parents[3],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def async_frontend_hass(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> dict[str, Any]:
    """Return the object `hass` of the frontend: registries as it makes them of what it is told."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "config/entity_registry/list_for_display"})
    told = (await client.receive_json())["result"]
    await client.send_json_auto_id({"type": "config/device_registry/list"})
    devices = (await client.receive_json())["result"]
    categories = told["entity_categories"]
    entities = {
        each["ei"]: {
            "entity_id": each["ei"],
            "platform": each["pl"],
            "device_id": each.get("di"),
            "name": each.get("en"),
            "translation_key": each.get("tk"),
            "hidden": each.get("hb", False),
            "entity_category": categories.get(str(each.get("ec"))),
        }
        for each in told["entities"]
    }
    return {
        "entities": entities,
        "devices": {each["id"]: each for each in devices},
        "language": "en",
        "locale": {"language": "en"},
        "config": {"components": ["energy"]},
        "user": {"is_admin": True},
    }


async def async_generate(hass: HomeAssistant, *cases: tuple[dict[str, Any], dict[str, Any]]) -> list[dict[str, View]]:
    """Return the views by their path of each pair of the frontend's `hass` and a configuration."""
    task = [{"hass": each, "config": {"type": "custom:atess", **config}} for each, config in cases]
    views: list[dict[str, View]] = await hass.async_add_executor_job(run, GENERATE, task)
    return views


def cards(view: View) -> Iterator[dict[str, Any]]:
    """Yield the cards of a view."""
    for section in view["sections"]:
        yield from section["cards"]


def places(view: View) -> list[str]:
    """Return the entities for which a view has a place, which a graph is not."""
    found = []
    for card in cards(view):
        if card["type"] == "tile":
            found.append(card["entity"])
        elif card["type"] == "glance":
            found += [each["entity"] for each in card["entities"]]
    return found


def graphed(view: View) -> list[str]:
    """Return the entities that graphs and bars of a view are drawn of."""
    kinds = {"distribution", "history-graph", "statistics-graph"}
    return [each["entity"] for card in cards(view) if card["type"] in kinds for each in card["entities"]]


def headings(view: View) -> list[str]:
    """Return the headings of a view's sections."""
    return [section["cards"][0]["heading"] for section in view["sections"]]
