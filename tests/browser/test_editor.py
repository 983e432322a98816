"""The automation editor, which offers the triggers and conditions of a device where a person has chosen it."""

import pytest

from .home import Home

OFFERED = {
    "trigger": ("Data stopped", "Fault appeared", "Grid lost", "Grid is back"),
    "condition": ("Data is current", "Device has a problem", "Grid is lost", "Grid is available"),
}


@pytest.mark.parametrize("what", OFFERED)
def test_a_device_has_triggers_and_conditions(home: Home, what: str) -> None:
    home.complaints.clear()
    assert home.run(_offered(home, what)) == []
    assert home.complaints == []


async def _offered(home: Home, what: str) -> list[str]:
    """Return what the dialog does not offer for an inverter."""
    page = await home.page()
    await page.goto(f"{home.api.url}/config/automation/edit/new", wait_until="domcontentloaded")
    await page.get_by_role("button", name=f"Add {what}").first.click()
    dialog = page.locator("add-automation-element-dialog")
    await dialog.get_by_text("Devices", exact=True).first.click()
    await dialog.get_by_text("HPS string inverter").first.click()
    await dialog.get_by_text(OFFERED[what][0]).first.wait_for()
    missing = [name for name in OFFERED[what] if not await dialog.get_by_text(name).count()]
    await home.picture(page, f"{what}s")
    await page.context.close()
    return missing
