"""Setting the account up from what the cloud lists, after it was deleted."""

from script._demo.clicking import Clicks

from .home import SCREENSHOTS, Home


def test_the_devices_that_the_cloud_lists_are_offered(home: Home) -> None:
    """All but the one that was left out are added."""
    home.complaints.clear()
    added = home.run(_discover(home))
    assert len(set(home.cloud.devices) - added) == 1
    assert len(added) == len(home.cloud.devices) - 1
    assert home.complaints == []


async def _discover(home: Home) -> set[str]:
    """Return the serial numbers of the devices that were added."""
    page = await home.page()
    await Clicks(page, home.api, home.cloud, SCREENSHOTS).discover()
    await page.context.close()
    [entry] = await home.api.entries()
    listed = await home.api.command("config_entries/subentries/list", entry_id=entry["entry_id"])
    return {item["unique_id"] for item in listed}
