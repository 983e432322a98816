"""Serve the dashboard strategy, and have Home Assistant's frontend load it.

Lovelace resources are awaited before a dashboard is made. Extra modules are not, so they are only for those who keep
their resources in YAML, where nothing can be added.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from homeassistant.components.frontend import add_extra_js_url, remove_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.components.lovelace.const import LOVELACE_DATA, MODE_STORAGE
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant

from ..const import DOMAIN

FOLDER = Path(__file__).parent / "js"
PREFIX = f"/{DOMAIN}_frontend/"
MODULE = "atess.js"


async def async_serve_frontend(hass: HomeAssistant) -> None:
    """Serve the modules, below a path that changes with them: they may be cached for long."""
    path = await _async_path(hass)
    await hass.http.async_register_static_paths([StaticPathConfig(path, str(FOLDER), cache_headers=True)])


async def async_load_frontend(hass: HomeAssistant) -> None:
    """Have browsers load the module: by one resource, or as an extra module if the resources are kept in YAML."""
    url = f"{await _async_path(hass)}/{MODULE}"
    if (resources := _resources(hass)) is not None:
        await _async_set_resource(resources, url)
    elif _has_extra_modules(hass):
        add_extra_js_url(hass, url)


async def async_unload_frontend(hass: HomeAssistant) -> None:
    """Have browsers load the module no longer, since there is nothing left to show."""
    if (resources := _resources(hass)) is not None:
        for item in await _async_ours(resources):
            await resources.async_delete_item(item["id"])
    elif _has_extra_modules(hass):
        remove_extra_js_url(hass, f"{await _async_path(hass)}/{MODULE}")


def _has_extra_modules(hass: HomeAssistant) -> bool:
    """Return whether there is a frontend, which loads extra modules and sets dashboards up."""
    return "frontend" in hass.config.components


def _resources(hass: HomeAssistant) -> ResourceStorageCollection | None:
    """Return the stored resources; None if they are kept in YAML, or there are no dashboards."""
    data = hass.data.get(LOVELACE_DATA)
    if data is None or data.resource_mode != MODE_STORAGE:
        return None
    return data.resources if isinstance(data.resources, ResourceStorageCollection) else None


async def _async_set_resource(resources: ResourceStorageCollection, url: str) -> None:
    """Create the resource, or bring the one of an earlier version up to date and remove the others."""
    ours = await _async_ours(resources)
    if not ours:
        await resources.async_create_item({"res_type": "module", "url": url})
    elif ours[0]["url"] != url:
        await resources.async_update_item(ours[0]["id"], {"url": url})
    for item in ours[1:]:
        await resources.async_delete_item(item["id"])


async def _async_ours(resources: ResourceStorageCollection) -> list[dict[str, Any]]:
    """Return the resources that load our module, of whatever version."""
    await resources.async_get_info()  # which loads them if nothing has yet
    return [item for item in resources.async_items() if item["url"].startswith(PREFIX)]


async def _async_path(hass: HomeAssistant) -> str:
    """Return the path of the modules."""
    return PREFIX + await hass.async_add_executor_job(_fingerprint)


@cache
def _fingerprint() -> str:
    """Return a hash of all modules: their names and their contents."""
    content = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*.js")):
        content.update(f"{file.relative_to(FOLDER).as_posix()}\0".encode())
        content.update(file.read_bytes())
    return content.hexdigest()[:16]
