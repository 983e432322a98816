"""Deleting the account by clicking, after all other tests: nothing of it is left."""

from playwright.async_api import expect

from script._demo.clicking import INTEGRATION

from .home import Home


def test_the_account_is_deleted(home: Home) -> None:
    """With its entities, its devices, and what the frontend loads."""
    home.complaints.clear()
    home.run(_delete(home))
    assert home.complaints == []
    assert home.run(home.api.entries()) == []
    assert home.run(home.api.entities()) == {}
    assert home.run(home.api.devices()) == {}
    assert [item for item in home.run(home.api.command("lovelace/resources")) if "atess" in item["url"]] == []


async def _delete(home: Home) -> None:
    page = await home.page()
    await page.goto(f"{home.api.url}{INTEGRATION}", wait_until="domcontentloaded")
    row = page.locator("ha-config-entry-row").first
    await row.locator("ha-dropdown ha-icon-button").first.click()
    await row.get_by_text("Delete", exact=True).first.click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.locator("ha-config-entry-row")).to_have_count(0)
    await home.picture(page, "deleted")
    await page.context.close()
