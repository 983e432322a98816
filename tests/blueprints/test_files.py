"""What each blueprint has to have: a way to import it, selectors that find little, texts, and a place in the docs."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.importer import _get_github_import_url
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.util.yaml import load_yaml_dict

from .common import BLUEPRINTS, ROOT, Input, blueprint_files, inputs_of, parts, read

REPOSITORY = "https://github.com/atess-home-assistant/atess-home-assistant"
FILES = pytest.mark.parametrize("path", blueprint_files(), ids=lambda path: path.stem)
SCHEMAS = {"automation": AUTOMATION_BLUEPRINT_SCHEMA, "script": BLUEPRINT_SCHEMA}


def address(path: Path) -> str:
    """Return where a blueprint is imported from."""
    return f"{REPOSITORY}/blob/main/{path.relative_to(ROOT)}"


def import_link(path: Path) -> str:
    """Return the link that imports a blueprint."""
    return f"https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url={quote(address(path), safe='')}"


def accept(path: Path, domain: str) -> dict[str, Any]:
    """Return a blueprint as Home Assistant loads it; raises what it raises if it does not accept it."""
    content = load_yaml_dict(str(path))
    Blueprint(content, expected_domain=domain, path=path.name, schema=SCHEMAS[domain])
    return content


def test_there_are_some() -> None:
    assert len(blueprint_files()) == 10


@FILES
def test_home_assistant_accepts_it(path: Path) -> None:
    accept(path, path.relative_to(BLUEPRINTS).parts[0])


@FILES
def test_its_head(path: Path) -> None:
    head = read(path)["blueprint"]
    assert head["name"].startswith("ATESS: ")
    assert len(head["description"]) > 100
    assert head["source_url"] == address(path)
    assert head["homeassistant"]["min_version"] == "2026.8.0"
    assert _get_github_import_url(head["source_url"]).endswith(f"main/{path.relative_to(ROOT)}")


@FILES
def test_each_input_is_named_selected_and_used(path: Path) -> None:
    blueprint = read(path)
    inputs = inputs_of(blueprint)
    used = {str(part) for part in parts({**blueprint, "blueprint": None}) if isinstance(part, Input)}
    assert used == set(inputs)
    for name, item in inputs.items():
        assert item["name"], name
        assert len(item["selector"]) == 1, name


@FILES
def test_inputs_in_collapsed_sections_have_defaults(path: Path) -> None:
    """Home Assistant shows a section as collapsed only if nothing in it has to be filled in."""
    for section in read(path)["blueprint"]["input"].values():
        if section.get("collapsed"):
            assert [name for name, item in section["input"].items() if "default" not in item] == []


@FILES
def test_entities_are_limited(path: Path) -> None:
    """To ours, or at least to a kind of entity."""
    for name, item in inputs_of(read(path)).items():
        for wanted in item["selector"].get("entity", {}).get("filter", []):
            assert "domain" in wanted, name
            ours = wanted.get("integration") == "atess"
            if name in {"control", "soc", "grid", "grid_power", "battery_power", "online", "faults", "cut_off"}:
                assert ours, name


@FILES
def test_defaults_lie_within_their_range(path: Path) -> None:
    for name, item in inputs_of(read(path)).items():
        if "number" in item["selector"] and "default" in item:
            wanted = item["selector"]["number"]
            assert wanted["min"] <= item["default"] <= wanted["max"], name


@FILES
def test_the_manual_imports_and_names_it(path: Path) -> None:
    pages = {name: (ROOT / "docs" / name).read_text("utf-8") for name in ("automations.md", "optimizers.md")}
    name = read(path)["blueprint"]["name"].removeprefix("ATESS: ")
    [page] = [text for text in pages.values() if f"]({import_link(path)})" in text]
    assert re.search(rf"^##+ {re.escape(name)}$", page, re.MULTILINE)
