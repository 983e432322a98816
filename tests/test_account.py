"""What accounts share, and what they must not: sessions, cookies, and the look at their addresses."""

from base64 import b64encode
from collections.abc import AsyncIterator
from socket import AF_INET
from typing import Any

import pytest
from aiohttp import TCPConnector, web
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.atess.account import async_get_accounts
from custom_components.atess.const import CONF_BASE_URL, DOMAIN
from custom_components.atess.enerclo import EnercloError, Kind, Priority, Terms, Token
from simulator import Simulator

from .common import Advance, add_entry, state

TOKENS = tuple("Basic " + b64encode(pair.encode()).decode() for pair in ("1111:" + "a" * 32, "2222:" + "b" * 32))


class CookieCloud:
    """A cloud that begins a session with a cookie in every answer."""

    def __init__(self) -> None:
        self.base_url = ""
        self.cookies: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Note the cookie that came, and set one."""
        self.cookies.append(request.headers.get("Cookie"))
        response = web.json_response({"code": 0, "data": {"deviceSn": request.query.get("deviceSn"), "ppv": 1}})
        response.set_cookie("JSESSIONID", f"session-{len(self.cookies)}", path="/")
        return response


@pytest.fixture
async def cookie_cloud(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CookieCloud]:
    """Yield a cloud that sets cookies, under a name: cookies of bare addresses are not kept anyhow."""

    async def resolve(_connector: TCPConnector, host: str, port: int, **_: Any) -> list[dict[str, Any]]:
        loopback = {"host": "127.0.0.1", "port": port, "family": AF_INET, "proto": 0, "flags": 0}
        return [{"hostname": host, **loopback}]

    monkeypatch.setattr(TCPConnector, "_resolve_host", resolve)
    cloud = CookieCloud()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", cloud.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cloud.base_url = f"http://localhost:{runner.addresses[0][1]}/api/v1/"
    yield cloud
    await runner.cleanup()


async def test_no_cookie_passes(hass: HomeAssistant, cookie_cloud: CookieCloud) -> None:
    """What a cloud sets for an account comes back neither from another nor from other integrations, nor theirs here."""
    accounts = await async_get_accounts(hass)
    async with async_get_clientsession(hass).get(cookie_cloud.base_url):
        pass
    for token in map(Token, TOKENS):
        client = accounts.account(token, cookie_cloud.base_url).client(token, cookie_cloud.base_url)
        await client.latest(Kind.HPS_STRING, "SIMHPS0001")
    async with async_get_clientsession(hass).get(cookie_cloud.base_url):
        pass
    assert cookie_cloud.cookies == [None, None, None, "JSESSIONID=session-1"]


async def test_session_lives_as_long_as_home_assistant(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """An entry that is unloaded leaves the session to the others; the end of Home Assistant closes it."""
    serial = cloud.devices[0].sn
    for _ in range(2):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        requests = len(cloud.requests)
        await advance(301)
        assert len(cloud.requests) > requests
    assert float(state(hass, f"{serial}_pv_energy_total").state) > 0
    assert entry.runtime_data.coordinators
    assert all(coordinator.last_update_success for coordinator in entry.runtime_data.coordinators.values())
    client = entry.runtime_data.client
    hass.bus.async_fire(EVENT_HOMEASSISTANT_CLOSE)
    await hass.async_block_till_done()
    requests = len(cloud.requests)
    with pytest.raises((EnercloError, RuntimeError)):
        await client.latest(Kind.HPS_STRING, serial, Terms(priority=Priority.LIVE, max_wait=1000))
    assert len(cloud.requests) == requests


async def test_system_health_asks_the_accounts_address(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, cookie_cloud: CookieCloud
) -> None:
    """Each account's own address is looked at, without a request of the API; one that is silent is named."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    requests = len(cloud.requests)
    info = await get_system_health_info(hass, DOMAIN)
    assert await info["can_reach_cloud"] == "ok"
    other = add_entry(hass, cloud, [], entry_id="other", unique_id="2222")
    hass.config_entries.async_update_entry(other, data={**other.data, CONF_BASE_URL: cookie_cloud.base_url})
    info = await get_system_health_info(hass, DOMAIN)
    assert await info["can_reach_cloud"] == "ok"
    assert len(cookie_cloud.cookies) == 1
    hass.config_entries.async_update_entry(other, data={**other.data, CONF_BASE_URL: "http://127.0.0.1:9/api/v1/"})
    info = await get_system_health_info(hass, DOMAIN)
    assert await info["can_reach_cloud"] == {"type": "failed", "error": "unreachable: 127.0.0.1"}
    assert len(cloud.requests) == requests


async def test_system_health_of_the_only_account(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry) -> None:
    """A cloud that is gone is unreachable, whatever the vendor's own address does."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    await cloud.stop()
    info = await get_system_health_info(hass, DOMAIN)
    assert await info["can_reach_cloud"] == {"type": "failed", "error": "unreachable"}
