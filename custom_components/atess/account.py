"""Accounts of the Enerclo cloud: for each one its client, its pacing, and all that is stored of it and its devices."""

from asyncio import sleep
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN, EVENT_HOMEASSISTANT_CLOSE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, CoreState, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from yarl import URL

from .const import CONF_BASE_URL, DOMAIN, LOGGER, SAVE_DELAY
from .enerclo import EnercloClient, Json, Kind, Pacer, Token
from .polling import Rhythm
from .storage import async_load_cache, part

STORAGE_VERSION = 1
# What is kept by config subentry and by config entry.
_SECTIONS = ("devices", "settings", "batteries", "inputs", "watch", "plant")


def _clock() -> float:
    return dt_util.utcnow().timestamp()


async def async_wait(seconds: float) -> None:
    """Wait, in the time that pacing lives in."""
    await sleep(seconds)


def access_of(data: Mapping[str, Any]) -> tuple[Token, str]:
    """Return the token and the address that a config entry keeps."""
    return Token(data[CONF_TOKEN]), data[CONF_BASE_URL]


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
    """Arguments that a cached client was built from; build a new client if they change."""

    token: Token
    base_url: str
    overrides: Mapping[str, str]


class Account:
    """Share state between the entries and flows of one account, and store it.

    What is stored of an account: `pacer` and `paths`, `clean` (whether nothing was asked after the file was written),
    `imports` (see there), and in `devices`, `settings`, `batteries`, `inputs`, `watch` and `plant` what is kept by
    config subentry and by config entry.
    """

    def __init__(self, accounts: Accounts, stored: dict[str, Any]) -> None:
        """Restore the stored state."""
        self._accounts = accounts
        self._stored = stored
        self._kept: dict[tuple[str, str], Callable[[], Any]] = {}
        self._client: tuple[_Access, EnercloClient] | None = None
        self._rhythms: dict[tuple[Kind, str], Rhythm] = {}
        self.limited_since: dict[str, datetime] = {}
        """Since when every poll of a device met the frequency limit, by serial number."""
        self.refused_until: dict[str, float] = {}
        """Return when a rejected device is polled again (unix seconds), by serial number."""
        imports = stored.get("imports")
        self.imports = {str(serial) for serial in imports} if isinstance(imports, list) else set[str]()
        """The serial numbers of devices whose past year is to be imported as soon as they have statistics."""
        self._failing: set[tuple[str, str]] = set()
        # Whether the file says that nothing was asked after it was written.
        self.clean = not stored or (stored.get("clean") is True and isinstance(stored.get("pacer"), dict))
        self.pacer = Pacer(clock=_clock, sleep=async_wait, persist=self._async_before_request)
        self.pacer.load(stored.get("pacer"), clean=self.clean)

    def client(
        self,
        token: Token,
        base_url: str,
        *,
        minimum_interval: float | None = None,
        daily_budget: int | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> EnercloClient:
        """Return the client, remembered as long as it is asked for with the same token and address.

        `minimum_interval` in seconds and `overrides` (paths by operation) stay as they are if not given; with the
        interval comes the budget of requests per day, None for none.
        """
        if minimum_interval is not None:
            self.pacer.minimum_interval = minimum_interval
            self.pacer.daily_budget = daily_budget
        access, client = self._client or (None, None)
        if overrides is None:
            overrides = access.overrides if access else {}
        wanted = _Access(token, base_url, overrides)
        if client is None or access != wanted:
            client = self._new_client(wanted)
            self._client = wanted, client
        return client

    def trial_client(self, token: Token, base_url: str) -> EnercloClient:
        """Return a client to try a token with, which shares the pacing but does not replace the client."""
        return self._new_client(_Access(token, base_url, self._client[0].overrides if self._client else {}))

    def _new_client(self, access: _Access) -> EnercloClient:
        return EnercloClient(
            self._accounts.session,
            access.token,
            base_url=access.base_url,
            pacer=self.pacer,
            paths=part(self._stored, "paths") if self._client is None else self._client[1].paths_state(),
            overrides=access.overrides,
            now=dt_util.utcnow,
        )

    @callback
    def forgive(self) -> None:
        """Let the token be tried at once for each device, although the cloud has refused it."""
        self.refused_until.clear()
        if self._client is not None:
            self._client[1].forgive()

    def rhythm(self, kind: Kind, device_sn: str, state: Json = None) -> Rhythm:
        """Return the rhythm of a device's samples, which all entries of the account follow; else that of `state`."""
        rhythm = self._rhythms.get((kind, device_sn))
        if rhythm is None or not rhythm.learnt:
            rhythm = self._rhythms[kind, device_sn] = Rhythm(state)
        return rhythm

    def forget_device(self, kind: Kind, device_sn: str) -> None:
        """Forget how a device that was removed was polled."""
        self._rhythms.pop((kind, device_sn), None)
        self.limited_since.pop(device_sn, None)
        self.imports.discard(device_sn)

    async def async_request_imports(self, serials: Iterable[str], *, wanted: bool) -> None:
        """Note that the past year of devices is to be imported, or no longer is."""
        if wanted:
            self.imports.update(serials)
        else:
            self.imports.difference_update(serials)
        await self._accounts.async_save()

    def stored(self, section: str, name: str) -> dict[str, Any]:
        """Return what is stored under a name in a section, an empty dictionary if nothing is."""
        return part(self._stored, section, name)

    def keep(self, section: str, name: str, dump: Callable[[], Any]) -> CALLBACK_TYPE:
        """Store what `dump` returns with every save; return what ends that, which keeps the last state."""
        self._kept[section, name] = dump

        @callback
        def end() -> None:
            if self._kept.get((section, name)) is dump:
                self._collect()
                del self._kept[section, name]

        return end

    @callback
    def forget(self, section: str, name: str) -> None:
        """Drop what is stored under a name in a section."""
        self._kept.pop((section, name), None)
        part(self._stored, section).pop(name, None)
        self.save_soon()

    @callback
    def take_over(self, other: Account, names: Iterable[str], *, pacing: bool) -> None:
        """Move what another account keeps under these names here, copy its imports and, if wanted, its pacing.

        All calls count as made just now then: which account has made the last one of each does not matter.
        """
        for section in _SECTIONS:
            held = part(other._stored, section)
            kept = part(self._stored, section)
            self._stored[section] = {name: held.pop(name) for name in names if name in held} | kept
        self.imports |= other.imports
        if pacing:
            self.pacer.load(other.pacer.dump(), clean=False)

    @callback
    def save_soon(self) -> None:
        """Store what has changed, within a quarter of an hour."""
        self._accounts.async_save_soon()

    async def async_save_clean(self) -> None:
        """Store everything now, with the mark that nothing was asked after it."""
        self.clean = True
        await self._accounts.async_save()

    def dump(self) -> dict[str, Any]:
        """Return the state to store."""
        self._collect()
        self._stored["pacer"] = self.pacer.dump()
        if self._client is not None:
            self._stored["paths"] = self._client[1].paths_state()
        self._stored["clean"] = self.clean
        self._stored["imports"] = sorted(self.imports)
        return self._stored

    def _collect(self) -> None:
        """Update the state from all registered dumps; keep the last one if a dump fails."""
        for place, dump in self._kept.items():
            try:
                state = dump()
            except Exception:  # noqa: BLE001  # one state that cannot be stored must not cost the others
                if place not in self._failing:
                    LOGGER.exception("The state of one of the %s cannot be stored", place[0])
                self._failing.add(place)
                continue
            self._failing.discard(place)
            section, name = place
            if not isinstance(self._stored.get(section), dict):
                self._stored[section] = {}
            self._stored[section][name] = state

    async def _async_before_request(self) -> None:
        """Take the mark of a clean end off the file before the first request that follows it."""
        if self.clean:
            self.clean = False
            await self._accounts.async_save()
        else:
            self.save_soon()


class Accounts:
    """The accounts of this Home Assistant in one file; they outlive entries and flows and, stored, restarts."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing learned; async_load reads what earlier runs have stored."""
        self.hass = hass
        self.session = new_session(hass)
        self._store = Store[dict[str, Any]](hass, STORAGE_VERSION, f"{DOMAIN}.accounts")
        self._stored: dict[str, Any] = {}
        self._accounts: dict[str, Account] = {}
        self._save_planned = False
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_save_at_end)

    async def async_load(self) -> None:
        """Load the stored state of the accounts that are used."""
        stored = await async_load_cache(self._store)
        self._stored = {name: value for name, value in stored.items() if isinstance(value, dict)}
        used = self._used()
        self._stored = {name: value for name, value in self._stored.items() if name in used}

    def account(self, token: Token, base_url: str) -> Account:
        """Return the account that a token belongs to at an address."""
        return self._account(_name(token, base_url))

    @callback
    def account_of(self, entry: ConfigEntry[Any]) -> Account:
        """Return the account of an entry, with all that is stored of the entry since before its access was changed.

        At the same host the account goes on under its new name, with its pacing.
        """
        new = _name(*access_of(entry.data))
        names = _names_of(entry)
        for old in [name for name, stored in self._stored.items() if name != new and _holds(stored, names)]:
            same_host = _host(old) == _host(new)
            if same_host and new not in self._stored and old not in self._in_entries():
                self._accounts[new] = self._account(old)
                self._stored[new] = self._stored.pop(old)
                del self._accounts[old]
                self.async_save_soon()
            else:
                self._account(new).take_over(self._account(old), names, pacing=same_host)
                self.async_forget_unused()
        return self._account(new)

    def _account(self, name: str) -> Account:
        if (account := self._accounts.get(name)) is None:
            account = self._accounts[name] = Account(self, self._stored.setdefault(name, {}))
        return account

    def __iter__(self) -> Iterator[Account]:
        """Iterate over the accounts that were used since the start."""
        return iter(self._accounts.values())

    @callback
    def async_forget_unused(self, _now: object = None) -> None:
        """Forget each account that no entry uses once the limit of the cloud does not need its pacing any more.

        A flow may ask with it meanwhile, so that it is needed for longer.
        """
        rests = []
        for name in self._stored.keys() - self._used():
            account = self._accounts.get(name)
            if account is not None and (rest := account.pacer.rests_for()) > 0:
                rests.append(rest)
                continue
            del self._stored[name]
            self._accounts.pop(name, None)
            self.async_save_soon()
        if rests:
            async_call_later(self.hass, min(rests), HassJob(self.async_forget_unused, cancel_on_shutdown=True))

    def _in_entries(self) -> set[str]:
        """Return the names of the accounts that have an entry."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        return {_name(*access_of(entry.data)) for entry in entries}

    def _used(self) -> set[str]:
        """Return the names of the accounts that have an entry, or hold what one is to take over."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        names = {name for entry in entries for name in _names_of(entry)}
        return self._in_entries() | {name for name, stored in self._stored.items() if _holds(stored, names)}

    @callback
    def async_save_soon(self) -> None:
        """Store everything within a quarter of an hour."""
        # Store starts the delay anew with each call, which would put off the save for as long as there are polls.
        if not self._save_planned:
            self._save_planned = True
            self._store.async_delay_save(self._dump, SAVE_DELAY)

    async def async_save(self) -> None:
        """Store everything now, or at the end of Home Assistant while that stops."""
        if self.hass.state is CoreState.stopping:
            self._async_save_at_end()
        else:
            await self._store.async_save(self._dump())

    @callback
    def _async_save_at_end(self, _event: Event | None = None) -> None:
        """Have everything stored with Home Assistant's final write."""
        self._store.async_delay_save(self._dump)

    def _dump(self) -> dict[str, Any]:
        self._save_planned = False
        for account in self:
            # Nothing is asked after the final write.
            account.clean |= self.hass.state is CoreState.final_write
            account.dump()
        return self._stored


def _name(token: Token, base_url: str) -> str:
    return f"{token.identity}@{URL(base_url).host}"


def _host(name: str) -> str:
    return name.rpartition("@")[2]


def _names_of(entry: ConfigEntry[Any]) -> set[str]:
    """Return the names under which an entry and its devices keep something."""
    return {entry.entry_id, *entry.subentries}


def _holds(stored: dict[str, Any], names: set[str]) -> bool:
    return any(names & part(stored, section).keys() for section in _SECTIONS)


@singleton(HassKey[Accounts](f"{DOMAIN}_accounts"), async_=True)
async def async_get_accounts(hass: HomeAssistant) -> Accounts:
    """Return the accounts of this Home Assistant."""
    accounts = Accounts(hass)
    await accounts.async_load()
    return accounts
