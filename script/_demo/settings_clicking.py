"""Matches and changes settings by clicking, as a person does in the browser, and deals with a change that failed."""

import re

from playwright.async_api import Locator, expect

from script._demo.clicking import INTEGRATION, Clicks
from script._demo.steering import LIMIT_SECONDS

REPAIRS = "/config/repairs"
# Read, write and read-back, each when the cloud's limit permits it, and the device's time between them.
CHANGE_SECONDS = 3 * LIMIT_SECONDS + 30
STAGES = ("Waiting", "Checking", "Confirmed")


class SettingsClicks(Clicks):
    """The dialogs and pages on which settings are matched, changed and repaired."""

    async def match(self, device: str) -> None:
        """Confirm what the form "Match settings" shows, and nothing of the form for installers."""
        await self._open(INTEGRATION)
        row = self._page.locator("ha-config-sub-entry-row").filter(has_text=device)
        await row.get_by_role("button", name="Change device").first.click()
        await self._boolean("Match settings").click()
        await self._picture("change_device")
        await self._submit()
        await expect(self._dialog.get_by_text("Compare each value")).to_be_visible()
        await self._picture("match_settings")
        await self._submit()
        await self._finish("match_settings_done")

    async def change(self, page: str, name: str, value: str) -> None:
        """Change a number on the device's page, and see each stage until the change is confirmed."""
        await self._open(page)
        await self._enter(name, value)
        for stage in STAGES:
            await self._shows(stage)
            await self._picture(f"settings_change_{stage.lower()}")
        await expect(self._number(name)).to_have_value(value)

    async def fail(self, page: str, name: str, value: str) -> None:
        """Change a number that the cloud refuses to take, and see that it failed and keeps its value."""
        await self._open(page)
        before = await self._number(name).input_value()
        await self._enter(name, value)
        await self._shows("Failed")
        await self._picture("settings_change_failed")
        await self._open(page)
        await expect(self._number(name)).to_have_value(before)

    async def leave(self, title: str, message: str) -> None:
        """Read the repair issue, close it, and see that it is still there."""
        await self._open_issue(title)
        await expect(self._dialog.get_by_text(re.compile(re.escape(message)))).to_be_visible()
        await expect(self._choice("Understood")).to_be_visible()
        await self._picture("settings_issue")
        await self._page.keyboard.press("Escape")
        await expect(self._choice("Understood")).to_have_count(0)
        await self._open(REPAIRS)
        await self._page.get_by_text(title).first.wait_for()
        await self._picture("settings_issue_kept")

    async def try_again(self, title: str, page: str, name: str, value: str) -> None:
        """Choose "Try again" in the repair issue, and see the change confirmed and the issue gone."""
        await self._open_issue(title)
        await self._choice("Try again").click()
        await self._finish("settings_issue_done")
        await self._open(page)
        await self._shows("Confirmed")
        await expect(self._number(name)).to_have_value(value)
        await self._picture("settings_change_tried_again")
        await self._open(REPAIRS)
        await self._page.get_by_text("Repairs", exact=True).first.wait_for()
        await expect(self._page.get_by_text(title)).to_have_count(0)

    async def _open_issue(self, title: str) -> None:
        await self._open(REPAIRS)
        await self._page.get_by_text(title).first.click()

    async def _enter(self, name: str, value: str) -> None:
        await self._number(name).fill(value)
        await self._number(name).press("Enter")

    async def _shows(self, stage: str) -> None:
        row = self._row("hui-sensor-entity-row", "Settings change")
        await expect(row).to_contain_text(stage, timeout=1000 * CHANGE_SECONDS)
        await row.scroll_into_view_if_needed()

    def _number(self, name: str) -> Locator:
        return self._row("hui-number-entity-row", name).locator("input").first

    def _row(self, kind: str, name: str) -> Locator:
        return self._page.locator(kind).filter(has=self._page.get_by_text(name, exact=True)).first

    def _choice(self, text: str) -> Locator:
        return self._dialog.locator("step-flow-menu").get_by_text(text, exact=True)
