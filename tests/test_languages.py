"""Home Assistant in another language shows the texts of that language."""

import json
import logging
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from script._languages import leaves
from simulator import Simulator

from .common import add_entry, set_up
from .repository.test_languages import LANGUAGES, TRANSLATIONS


def texts_of(language: str) -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_takes_every_text(
    hass: HomeAssistant, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It leaves out texts whose placeholders differ from English, and says so."""
    texts = texts_of(language)
    for category in texts:
        if category == "title":
            continue
        shown = await async_get_translations(hass, language, category, {DOMAIN})
        expected = {f"component.{DOMAIN}.{category}.{place}": text for place, text in leaves(texts[category])}
        assert {place: shown.get(place) for place in expected} == expected
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh-Hans"])
async def test_entities_have_their_names(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, cloud: Simulator, language: str
) -> None:
    hass.config.language = language
    entry: MockConfigEntry = add_entry(hass, cloud)
    await set_up(hass, entry)
    names = texts_of(language)["entity"]["sensor"]
    found = {
        item.translation_key: item.original_name
        for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if item.domain == "sensor" and item.translation_key in {"pv_power", "battery_state_of_charge", "grid_power"}
    }
    assert found == {key: names[key]["name"] for key in ("pv_power", "battery_state_of_charge", "grid_power")}
