"""How browsers come to load the dashboard: one resource that follows the modules, or an extra module."""

import shutil
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.atess import frontend
from simulator import Simulator

from ..common import add_entry, set_up

PREFIX = "/atess_frontend/"
OTHER = {"id": "other", "type": "module", "url": "/local/atess_frontend/card.js"}


async def resources(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the stored resources."""
    collection = hass.data[LOVELACE_DATA].resources
    await collection.async_get_info()
    return collection.async_items()


async def ours(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the resources of the integration."""
    return [item for item in await resources(hass) if item["url"].startswith(PREFIX)]


def stored(hass_storage: dict[str, Any], *items: dict[str, Any]) -> None:
    """Let resources be stored from before."""
    hass_storage["lovelace_resources"] = {
        "version": 1,
        "minor_version": 1,
        "key": "lovelace_resources",
        "data": {"items": list(items)},
    }


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[Path]:
    """Yield a copy of the modules, which a test may change."""
    folder = tmp_path / "js"
    shutil.copytree(frontend.FOLDER, folder)
    with patch.object(frontend, "FOLDER", folder):
        frontend._fingerprint.cache_clear()
        yield folder
    frontend._fingerprint.cache_clear()


async def test_one_resource(hass: HomeAssistant, cloud: Simulator) -> None:
    """Two accounts and a reload make one resource; it goes with the last account that is removed."""
    assert await async_setup_component(hass, "lovelace", {})
    first, second = cloud.devices
    entry = add_entry(hass, cloud, [first])
    other = add_entry(hass, cloud, [second], entry_id="other", unique_id="other")
    await set_up(hass, entry)
    [item] = await resources(hass)
    assert item["type"] == "module"
    assert item["url"].startswith(PREFIX)
    assert item["url"].endswith("/atess.js")

    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await hass.config_entries.async_unload(other.entry_id)
    assert await hass.config_entries.async_remove(other.entry_id)
    assert await resources(hass) == [item]

    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await resources(hass) == [item]
    await hass.config_entries.async_remove(entry.entry_id)
    assert await resources(hass) == []


async def test_it_comes_back_with_a_new_account(hass: HomeAssistant, cloud: Simulator) -> None:
    """Home Assistant does not set the integration up a second time when an account is added again."""
    assert await async_setup_component(hass, "lovelace", {})
    await set_up(hass, entry := add_entry(hass, cloud))
    before = await resources(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await set_up(hass, add_entry(hass, cloud, entry_id="again"))
    assert [item["url"] for item in await resources(hass)] == [item["url"] for item in before]


async def test_update(hass: HomeAssistant, cloud: Simulator, hass_storage: dict[str, Any]) -> None:
    """The resource of an earlier version is brought up to date, duplicates go, those of others stay as they are."""
    old = [{"id": f"old{each}", "type": "module", "url": f"{PREFIX}{each}/atess.js"} for each in range(3)]
    stored(hass_storage, old[0], OTHER, *old[1:])
    assert await async_setup_component(hass, "lovelace", {})
    await set_up(hass, add_entry(hass, cloud))
    [item] = await ours(hass)
    assert item["id"] == "old0"
    assert item["url"] != old[0]["url"]
    assert OTHER in await resources(hass)


async def test_the_address_follows_the_modules(hass: HomeAssistant, cloud: Simulator, modules: Path) -> None:
    """A changed module has another path, and the same modules the same."""
    assert await async_setup_component(hass, "lovelace", {})
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    [first] = await resources(hass)
    with (modules / "texts" / "de.js").open("a", encoding="utf-8") as file:
        file.write("// another version\n")
    frontend._fingerprint.cache_clear()
    assert await hass.config_entries.async_reload(entry.entry_id)
    [second] = await resources(hass)
    assert second["id"] == first["id"]
    assert second["url"] != first["url"]


async def test_the_modules_are_served(
    hass: HomeAssistant, cloud: Simulator, hass_client: ClientSessionGenerator
) -> None:
    """At the resource's address, to be cached; nothing beside them."""
    assert await async_setup_component(hass, "lovelace", {})
    await set_up(hass, add_entry(hass, cloud))
    [item] = await resources(hass)
    client = await hass_client()
    folder = item["url"].removesuffix("/atess.js")
    for name in ("atess.js", "generator.js", "views/overview.js", "texts/zh-Hans.js"):
        answer = await client.get(f"{folder}/{name}")
        assert answer.status == HTTPStatus.OK
        assert "javascript" in answer.content_type
        assert "max-age" in answer.headers["Cache-Control"]
        assert await answer.text() == (frontend.FOLDER / name).read_text(encoding="utf-8")
    for name in ("../__init__.py", "%2e%2e/__init__.py", "missing.js"):
        assert (await client.get(f"{folder}/{name}")).status == HTTPStatus.NOT_FOUND


async def test_resources_in_yaml(hass: HomeAssistant, cloud: Simulator, tmp_path: Path) -> None:
    """Who keeps resources in YAML has an extra module instead, until the last account is removed."""
    config = {"lovelace": {"resource_mode": "yaml", "resources": [{"type": "module", "url": "/local/card.js"}]}}
    with patch("homeassistant.components.frontend._frontend_root", return_value=tmp_path):
        assert await async_setup_component(hass, "lovelace", config)
        assert await async_setup_component(hass, "frontend", {})
    await set_up(hass, entry := add_entry(hass, cloud))
    [url] = extra_modules(hass)
    assert url.startswith(PREFIX)
    assert [item["url"] for item in await resources(hass)] == ["/local/card.js"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert extra_modules(hass) == []


def extra_modules(hass: HomeAssistant) -> list[str]:
    """Return the modules that the frontend loads beside its own."""
    return sorted(hass.data["frontend_extra_module_url"].urls)


async def test_storage_needs_no_extra_module(hass: HomeAssistant, cloud: Simulator, tmp_path: Path) -> None:
    """The module would run twice."""
    with patch("homeassistant.components.frontend._frontend_root", return_value=tmp_path):
        assert await async_setup_component(hass, "frontend", {})
    await set_up(hass, add_entry(hass, cloud))
    assert len(await resources(hass)) == 1
    assert extra_modules(hass) == []


async def test_without_dashboards(hass: HomeAssistant, cloud: Simulator) -> None:
    """An installation without a frontend has the integration all the same."""
    await set_up(hass, entry := add_entry(hass, cloud))
    assert LOVELACE_DATA not in hass.data
    await hass.config_entries.async_remove(entry.entry_id)


async def test_an_account_that_cannot_be_loaded_keeps_it(hass: HomeAssistant, cloud: Simulator) -> None:
    """A dashboard that was made of it needs the module to say what is wrong."""
    assert await async_setup_component(hass, "lovelace", {})
    cloud.inject(kind="http_status", status=500)
    await set_up_in_vain(hass, cloud)
    assert len(await ours(hass)) == 1


async def set_up_in_vain(hass: HomeAssistant, cloud: Simulator) -> None:
    """Add an account while the cloud is broken."""
    entry = add_entry(hass, cloud)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
