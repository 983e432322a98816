"""Has the cloud refuse the token, and gives it once more by clicking where Home Assistant asks for it."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from script._demo.clicking import Clicks
from script._demo.home_assistant import Api
from script._demo.process import doing
from script._demo.simulator import Cloud

# What Home Assistant logs of the refusal.
REFUSED_LOG = "The cloud does not accept the API token"
# A device is asked when its next sample is expected, every five minutes.
ASKED_SECONDS = 400


async def check_reauthentication(
    click: Callable[[str, Awaitable[None]], Awaitable[bool]], clicks: Clicks, api: Api, cloud: Cloud
) -> None:
    """Check that a refused token is asked for, and not any more once it was given.

    The cloud refuses it once: the integration asks again after a quarter of an hour only, unless somebody answers.
    """
    async with aiohttp.ClientSession() as session, doing("waiting until a new token is asked for"):
        await cloud.control(session, "faults", {"kind": "unauthorized", "form": "code", "count": 1})
        for _ in range(ASKED_SECONDS):
            if await _questions(api):
                break
            await asyncio.sleep(1)
    await click("a new token is asked for, and a wrong one is refused", clicks.reauthenticate())
    await click("nothing is asked once the token was given", _require_no_question(api))


async def _questions(api: Api) -> list[str]:
    """Return the flows that wait for a person."""
    return [flow["flow_id"] for flow in await api.command("config_entries/flow/progress") if flow["handler"] == "atess"]


async def _require_no_question(api: Api) -> None:
    if questions := await _questions(api):
        raise AssertionError(f"{len(questions)} flows still wait")
