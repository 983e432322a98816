"""Sets the integration up by clicking, and changes it, as a person does in the browser."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from script._demo.home_assistant import Api
from script._demo.simulator import Cloud

INTEGRATION = "/config/integrations/integration/atess"
WRONG_TOKEN = "Basic " + "bm90OnZhbGlk"
REJECTED = re.compile("rejected this API token")
# As long as a person would wait who is told to try again in a minute.
PACED_SECONDS, PACED_TRIES = 3, 40
DISCOVERY_SECONDS = 120
# A path that the cloud uses anyway, so that storing it changes nothing.
PATH = "hps_string.latest = hps/data-last-small"


class Clicks:
    """A browser's page, its dialogs, and a screenshot of each."""

    def __init__(self, page: Page, api: Api, cloud: Cloud, folder: Path) -> None:
        """Take a page of a logged-in user, and the folder for screenshots."""
        self._page = page
        self._api = api
        self._cloud = cloud
        self._folder = folder
        self._dialog = page.locator("dialog-data-entry-flow")

    async def set_up(self, devices: list[str]) -> None:
        """Set the account up with a wrong token, then with the right one; all else is typed once."""
        await self._open("/config/integrations/dashboard")
        await self._choose_integration()
        await self._type_token(WRONG_TOKEN)
        for device in devices:
            await self._dialog.get_by_role("button", name="Add Serial number").click()
            await self._dialog.locator("ha-input-multi input").last.fill(device)
        await self._dialog.locator("ha-selector-boolean").first.click()
        await self._boolean("Import the past year").click()
        await self._toggle("API address")
        await self._section("API address", "input").fill(self._cloud.base_url)
        await self._picture("set_up")
        await self._toggle("API address")
        await self._submit()
        await self._refused(REJECTED, "set_up_wrong_token")
        await self._toggle("API address")
        await expect(self._section("API address", "input")).to_have_value(self._cloud.base_url)
        await self._picture("set_up_address_kept")
        await self._toggle("API address")
        await self._type_token(self._cloud.token)
        await self._submit()
        await self._finish("set_up_done")

    async def discover(self) -> None:
        """Set the account up without a serial number, and leave out the last device that the cloud lists."""
        await self._open("/config/integrations/dashboard")
        await self._choose_integration()
        await self._type_token(self._cloud.token)
        await self._toggle("API address")
        await self._section("API address", "input").fill(self._cloud.base_url)
        await self._submit()
        listed = self._dialog.locator("ha-form ha-selector ha-checkbox")
        await expect(listed).to_have_count(len(self._cloud.devices), timeout=1000 * DISCOVERY_SECONDS)
        await listed.last.click()
        await self._picture("discovered")
        await self._submit()
        await self._finish("discovered_done")

    async def reauthenticate(self) -> None:
        """Find what is asked, and enter a wrong token, then the right one, as soon as the cloud accepts it again."""
        await self._open(INTEGRATION)
        answer = self._page.get_by_role("button", name="Reconfigure").first
        await answer.wait_for()
        await self._picture("reauthentication_asked")
        await answer.click()
        await self._type_token(WRONG_TOKEN)
        await self._submit()
        await self._refused(REJECTED, "reauthentication_wrong_token")
        await self._type_token(self._cloud.token)
        await self._picture("reauthentication")
        await self._submit()
        await self._finish("reauthentication_done")

    async def add_device(self, device: str) -> None:
        """Add a device by its serial number."""
        await self._open(INTEGRATION)
        await self._page.get_by_role("button", name="Add device").first.click()
        await self._dialog.locator("input[name=device_sn]").fill(device)
        await self._picture("add_device")
        await self._submit()
        await self._finish("add_device_done")

    async def change_options(self) -> None:
        """Store a path, then save the form again as it opens."""
        await self._open_options()
        await self._toggle("API paths")
        await self._dialog.get_by_role("button", name="Add Path").click()
        await self._section("API paths", "input").last.fill(PATH)
        await self._dialog.locator("ha-selector-number input").first.fill("1")
        await self._picture("options")
        await self._submit()
        await self._finish("options_done")

        await self._open_options()
        await self._submit()
        await self._finish("options_untouched")

        await self._open_options()
        await self._toggle("API paths")
        await expect(self._section("API paths", "input").first).to_have_value(PATH)
        await self._picture("options_paths_kept")
        await self._close()

    async def reconfigure(self) -> None:
        """Enter a wrong token, then the right one, and nothing else."""
        await self._open(INTEGRATION)
        await self._menu("Reconfigure")
        await self._type_token(WRONG_TOKEN)
        await self._submit()
        await self._refused(REJECTED, "reconfigure_wrong_token")
        await self._type_token(self._cloud.token)
        await self._picture("reconfigure")
        await self._submit()
        await self._finish("reconfigure_done")

    def _boolean(self, label: str) -> Locator:
        return self._dialog.locator("ha-selector-boolean").filter(has_text=label)

    async def _open(self, path: str) -> None:
        await self._page.goto(f"{self._api.url}{path}", wait_until="domcontentloaded")

    async def _choose_integration(self) -> None:
        """Choose the integration in the dialog that adds one."""
        await self._page.get_by_role("button", name="Add integration").first.click()
        choice = self._page.locator("dialog-add-integration")
        await choice.locator("input").first.fill("ATESS")
        await choice.get_by_text("ATESS", exact=True).first.click()

    async def _open_options(self) -> None:
        await self._open(INTEGRATION)
        await self._page.locator("ha-config-entry-row").get_by_role("button", name="Configure").first.click()
        await self._dialog.locator("ha-selector-number input").first.wait_for()

    async def _menu(self, entry: str) -> None:
        row = self._page.locator("ha-config-entry-row").first
        await row.locator("ha-dropdown ha-icon-button").first.click()
        await row.get_by_text(entry, exact=True).first.click()

    def _section(self, label: str, what: str) -> Locator:
        return self._dialog.locator("ha-form-expandable").filter(has_text=label).locator(what)

    async def _toggle(self, label: str) -> None:
        """Open or close a section."""
        await self._dialog.get_by_role("heading", name=label).click()

    async def _type_token(self, token: str) -> None:
        await self._dialog.locator("input[type=password]").fill(token)

    async def _submit(self) -> None:
        """Send the form, again as long as it says that the cloud can be asked in a minute only."""
        button = self._dialog.get_by_role("button", name=re.compile("^(Submit|Next)$"))
        for _ in range(PACED_TRIES):
            async with self._page.expect_response(
                lambda answer: "_entries/" in answer.url and "/flow/" in answer.url
            ) as sent:
                await button.click()
            errors = (await (await sent.value).json()).get("errors") or {}
            if "paced" not in errors.values():
                break
            await asyncio.sleep(PACED_SECONDS)

    async def _refused(self, error: re.Pattern[str], name: str) -> None:
        """Expect an error in the form."""
        await expect(self._dialog.locator("ha-form ha-alert[alert-type=error]").first).to_have_text(error)
        await self._picture(name)

    async def _finish(self, name: str) -> None:
        """Expect the end of the flow, and close the dialog."""
        await self._dialog.locator("step-flow-create-entry, step-flow-abort").first.wait_for()
        await self._picture(name)
        await self._close()

    async def _close(self) -> None:
        await self._dialog.get_by_role("button", name=re.compile("^(Skip and finish|Finish|Close)$")).last.click()
        await expect(self._dialog.locator("step-flow-form, step-flow-create-entry, step-flow-abort")).to_have_count(0)

    async def _picture(self, name: str) -> None:
        await self._page.screenshot(path=self._folder / f"{name}.png", animations="disabled")
