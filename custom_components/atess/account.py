"""What all entries and flows of one Enerclo account share: its client, its pacing and what was learnt of the cloud."""

from asyncio import sleep
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from yarl import URL

from .const import DOMAIN
from .enerclo import EnercloClient, Pacer, account_identity

STORAGE_VERSION = 1


def _clock() -> float:
    return dt_util.utcnow().timestamp()


async def async_wait(seconds: float) -> None:
    """Wait, in the time that pacing lives in."""
    await sleep(seconds)


def new_session(hass: HomeAssistant) -> ClientSession:
    """Return a session that keeps no cookies, so that none passes between accounts; it is closed with Home Assistant.

    Left to itself Home Assistant would close it with the entry that is set up now, though other entries share it.
    """
    session = async_create_clientsession(hass, auto_cleanup=False, cookie_jar=DummyCookieJar())

    @callback
    def close(_event: Event) -> None:
        session.detach()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return session


@dataclass(frozen=True, slots=True)
class _Access:
    """The ways in that make a client what it is."""

    token: str
    base_url: str
    overrides: Mapping[str, str]


class Accounts:
    """The accounts of this Home Assistant: their pacing outlives entries, flows and, in storage, restarts."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing learnt; async_load reads what earlier runs have stored."""
        self._session = new_session(hass)
        self._store = Store[dict[str, Any]](hass, STORAGE_VERSION, f"{DOMAIN}.accounts")
        self._stored: dict[str, Any] = {}
        self._pacers: dict[str, Pacer] = {}
        self._clients: dict[str, tuple[_Access, EnercloClient]] = {}

    async def async_load(self) -> None:
        """Read what earlier runs have stored; damaged storage counts as none."""
        stored = await self._store.async_load()
        self._stored = stored if isinstance(stored, dict) else {}

    def client(
        self,
        token: str,
        base_url: str,
        *,
        minimum_interval: float | None = None,
        daily_budget: int | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> EnercloClient:
        """Return the account's client, remembered as long as it is asked for with the same token and address.

        `minimum_interval` in seconds and `overrides` (paths by operation) stay as they are if not given; with the
        interval comes the budget of requests per day, None for none.
        """
        account = _account(token, base_url)
        pacer = self._pacer(account)
        if minimum_interval is not None:
            pacer.minimum_interval = minimum_interval
            pacer.daily_budget = daily_budget
        access, client = self._clients.get(account, (None, None))
        if overrides is None:
            overrides = access.overrides if access else {}
        wanted = _Access(token, base_url, overrides)
        if client is None or access != wanted:
            client = self._new_client(account, wanted)
            self._clients[account] = wanted, client
        return client

    @property
    def pacers(self) -> list[Pacer]:
        """The pacers of all accounts that were used since the start."""
        return list(self._pacers.values())

    def trial_client(self, token: str, base_url: str) -> EnercloClient:
        """Return a client to try a token with, which shares the account's pacing but does not replace its client."""
        account = _account(token, base_url)
        access, client = self._clients.get(account, (None, None))
        if access is not None and client is not None and (access.token, access.base_url) == (token, base_url):
            return client
        return self._new_client(account, _Access(token, base_url, access.overrides if access else {}))

    def _new_client(self, account: str, access: _Access) -> EnercloClient:
        if account in self._clients:
            paths: Any = self._clients[account][1].paths_state()
        else:
            paths = self._stored_of(account).get("paths")
        return EnercloClient(
            self._session,
            access.token,
            base_url=access.base_url,
            pacer=self._pacer(account),
            paths=paths,
            overrides=access.overrides,
            now=dt_util.utcnow,
        )

    def _pacer(self, account: str) -> Pacer:
        if (pacer := self._pacers.get(account)) is None:
            pacer = self._pacers[account] = Pacer(clock=_clock, sleep=async_wait, persist=self.async_save)
            pacer.load(self._stored_of(account).get("pacer"))
        return pacer

    def _stored_of(self, account: str) -> dict[str, Any]:
        stored = self._stored.get(account)
        return stored if isinstance(stored, dict) else {}

    async def async_save(self) -> None:
        """Write to storage what must survive a restart, or a process that is killed."""
        for account, pacer in self._pacers.items():
            stored = self._stored[account] = {**self._stored_of(account), "pacer": pacer.dump()}
            if account in self._clients:
                stored["paths"] = self._clients[account][1].paths_state()
        await self._store.async_save(self._stored)


def _account(token: str, base_url: str) -> str:
    return f"{account_identity(token)}@{URL(base_url).host}"


@singleton(HassKey[Accounts](f"{DOMAIN}_accounts"), async_=True)
async def async_get_accounts(hass: HomeAssistant) -> Accounts:
    """Return the accounts of this Home Assistant."""
    accounts = Accounts(hass)
    await accounts.async_load()
    return accounts
