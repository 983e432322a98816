"""The dashboard as a person meets it: chosen in the dialog, looked at, changed in its editor.

The tests follow each other: the first adds the dashboard in a browser that was there before the integration.
"""

import asyncio
import re
from itertools import product

import pytest
from playwright.async_api import Page, expect

from .home import Home

DASHBOARD = "dashboard-atess"
LANGUAGES = ("en", "de", "th")
# A text of each view: the names of entities are in Home Assistant's own language.
VIEWS = {
    "overview": {"en": "State of charge", "de": "Ladezustand", "th": "สถานะการชาร์จ"},
    "solar": dict.fromkeys(LANGUAGES, "PV2"),
    "battery": {"en": "Cells", "de": "Zellen", "th": "เซลล์"},
    "grid": dict.fromkeys(LANGUAGES, "L3"),
    "settings": dict.fromkeys(LANGUAGES, "V2 to"),
    "diagnostics": dict.fromkeys(LANGUAGES, "Online"),
}
# A phone, a tablet, and a screen.
LOOKS = list(product((360, 768, 1440), ("light", "dark"), LANGUAGES))


def test_the_dashboard_is_added_in_the_dialog(home: Home) -> None:
    """A browser that was there before the integration has to reload its page, but not to clear what it keeps."""
    home.run(_add(home))
    listed = home.run(home.api.command("lovelace/dashboards/list"))
    assert [each["url_path"] for each in listed if each["title"] == "ATESS"] == [DASHBOARD]
    config = home.run(home.api.command("lovelace/config", url_path=DASHBOARD))
    assert config == {"strategy": {"type": "custom:atess"}}
    assert home.complaints == []


async def _add(home: Home) -> None:
    page = await home.page()
    await page.goto(f"{home.api.url}/config/lovelace/dashboards", wait_until="domcontentloaded")
    add = page.get_by_role("button", name="Add dashboard").first
    await add.wait_for()
    ready = "async () => Boolean((await navigator.serviceWorker.getRegistration())?.active)"
    await asyncio.gather(page.wait_for_function(ready, polling=1000), home.add_integration())
    await page.reload(wait_until="domcontentloaded")
    await add.click()
    card = page.locator("dashboard-card").filter(has_text="ATESS")
    await expect(card).to_have_count(1)
    await home.picture(page, "dialog")
    await card.click()
    await page.get_by_role("button", name="Create").last.click()
    await expect(page.get_by_role("button", name="ATESS", exact=True)).to_be_visible()
    await page.context.close()


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_all_views_are_drawn(home: Home, width: int, scheme: str, language: str) -> None:
    """Without an error of a card or of ours, and with every text in full."""
    home.complaints.clear()
    found = home.run(_look(home, width, scheme, language))
    assert found == {}
    assert home.complaints == []


async def _look(home: Home, width: int, scheme: str, language: str) -> dict[str, dict[str, list[str]]]:
    """Return what is wrong with each view."""
    page = await home.page(width=width, scheme=scheme, language=language)
    await page.goto(f"{home.api.url}/{DASHBOARD}", wait_until="domcontentloaded")
    wrong = {}
    for number, (name, expected) in enumerate(VIEWS.items()):
        await page.locator("ha-tab-group-tab").nth(number).click()
        await page.wait_for_url(f"**/{DASHBOARD}/{name}")
        seen = await home.settled(page, expected[language])
        await home.picture(page, f"{name}_{width}_{scheme}_{language}")
        del seen["text"]
        if any(seen.values()):
            wrong[name] = seen
    await page.context.close()
    return wrong


def test_an_update_is_loaded(home: Home) -> None:
    """In a browser that keeps the version before, by reloading the page once."""
    home.run(_update(home))
    assert home.complaints == []


async def _update(home: Home) -> None:
    page = await home.page()
    await page.goto(f"{home.api.url}/{DASHBOARD}/overview", wait_until="domcontentloaded")
    await home.settled(page, VIEWS["overview"]["en"])
    assert not await page.evaluate("Boolean(globalThis.atessUpdated)")
    await home.update("globalThis.atessUpdated = true;\n")
    home.complaints.clear()
    await page.reload(wait_until="domcontentloaded")
    await page.wait_for_function("globalThis.atessUpdated", polling=1000)
    await home.settled(page, VIEWS["overview"]["en"])
    await page.context.close()


def test_the_editor_changes_the_dashboard(home: Home) -> None:
    """A view that is not wanted any more goes, and comes back."""
    home.complaints.clear()
    home.run(_hide_settings(home))
    assert home.complaints == []


async def _hide_settings(home: Home) -> None:
    page = await home.page()
    await page.goto(f"{home.api.url}/{DASHBOARD}/overview", wait_until="domcontentloaded")
    tabs = page.locator("ha-tab-group-tab")
    await expect(tabs).to_have_count(len(VIEWS))
    await _toggle_settings(home, page)
    await expect(tabs).to_have_count(len(VIEWS) - 1)
    config = await home.api.command("lovelace/config", url_path=DASHBOARD)
    assert config == {"strategy": {"type": "custom:atess", "show_settings": False}}
    await _toggle_settings(home, page)
    await expect(tabs).to_have_count(len(VIEWS))
    config = await home.api.command("lovelace/config", url_path=DASHBOARD)
    assert config == {"strategy": {"type": "custom:atess"}}
    await page.context.close()


async def _toggle_settings(home: Home, page: Page) -> None:
    """Open the editor, turn settings on or off, and save."""
    await page.get_by_role("button", name=re.compile("^Edit")).first.click()
    dialog = page.locator("dialog-dashboard-strategy-editor")
    switches = dialog.locator("ha-selector-boolean")
    await switches.first.click()
    await home.picture(page, "editor")
    await dialog.get_by_role("button", name="Save").click()
    await expect(switches).to_have_count(0)
