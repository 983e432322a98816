"""Changes of settings by clicking: matched, confirmed, refused, and tried again."""

from collections.abc import Awaitable, Callable

import aiohttp

from script._demo.home_assistant import Api
from script._demo.process import DemoError
from script._demo.settings_clicking import SettingsClicks
from script._demo.simulator import Cloud

# Not the one whose battery is watched meanwhile.
CHANGED = "hps_central"
NAME, FIRST, SECOND = "Grid charging power", "21", "23"
REFUSAL = {"kind": "code", "code": 500, "msg": "value exceeds limit", "operation": "modify_settings", "count": 1}
TITLE = "settings change rejected"
# The integration warns of a change that failed.
PROVOKED_LOG = "a change failed (refused)"
type Click = Callable[[str, Awaitable[None]], Awaitable[bool]]


def changed_by_clicking(cloud: Cloud) -> str | None:
    """Return the serial number of the device whose settings are changed by clicking; None if there is none."""
    return next((device for device, kind in cloud.devices.items() if kind == CHANGED), None)


async def check_matching(click: Click, clicks: SettingsClicks, api: Api, device: str) -> bool:
    """Match the settings of a device, and return whether that worked."""
    name = (await api.devices())[device]["name"]
    matched = await click("settings are matched by clicking, those for installers left alone", clicks.match(name))
    if matched and (wrong := await _wrongly_confirmed(api, device)):
        raise DemoError(f"the form for homeowners has confirmed {wrong}")
    return matched


async def check_changes(click: Click, clicks: SettingsClicks, api: Api, cloud: Cloud, device: str) -> None:
    """Change a number with success, then with a refusal, and try that again."""
    page = f"/config/devices/device/{(await api.devices())[device]['id']}"
    await click("a changed number is seen waiting, checking and confirmed", clicks.change(page, NAME, FIRST))
    async with aiohttp.ClientSession() as session:
        await cloud.control(session, "faults", {**REFUSAL, "device": device})
    refused = await click("a refused change is seen to have failed", clicks.fail(page, NAME, SECOND))
    if refused:
        await click("its repair issue stays when it is closed", clicks.leave(TITLE, str(REFUSAL["msg"])))
        again = clicks.try_again(TITLE, page, NAME, SECOND)
        await click('"Try again" makes the change, and the issue is gone', again)


async def _wrongly_confirmed(api: Api, device: str) -> list[str]:
    """Return the keys of installers' settings that have become controls."""
    entities = await api.entities()
    return [
        key
        for key in ("system_on", "battery_charge_current", "charge_current_limit")
        if entities.get(f"{device}_{key}", {"entity_id": "sensor."})["entity_id"].split(".")[0] != "sensor"
    ]
