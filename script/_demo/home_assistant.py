"""A real Home Assistant: its configuration folder, its start, and its REST and websocket interfaces."""

import json
import secrets
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from script._demo.process import Child, DemoError
from simulator.plant import Plant

type Json = Any  # as it came: what it holds is known where it is asked for

ROOT = Path(__file__).resolve().parents[2]
HURRIED = Path(__file__).with_name("hurried.py")
USER_NAME = "demo"
PASSWORD = "demo-plant"  # noqa: S105  # of a Home Assistant that holds nothing but a simulated plant

CONFIGURATION = """\
homeassistant:
  name: ATESS demo
  latitude: {latitude}
  longitude: {longitude}
  elevation: 100
  country: DE
  currency: EUR
  unit_system: metric
  time_zone: {zone}

config:
energy:
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.atess: info
person:
recorder:
sun:
system_health:
"""


def prepare(folder: Path, plant: Plant, *, host: str, port: int) -> None:
    """Write the configuration folder of a home where the plant stands; what an earlier run left in it stays."""
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(
        CONFIGURATION.format(zone=plant.zone.key, latitude=plant.latitude, longitude=plant.longitude), encoding="utf-8"
    )
    # An address in YAML would count as a trial, which Home Assistant takes back after five minutes.
    http = {
        "server_host": [host],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
    }
    store(storage / "http", 3, {"stable": http, "pending": None, "yaml_migration_done": True})
    # This step would set up a weather service and others that need the internet.
    if not (storage / "onboarding").exists():
        store(storage / "onboarding", 4, {"done": ["core_config"]})
    components = folder / "custom_components"
    components.mkdir(exist_ok=True)
    link = components / "atess"
    if link.is_symlink():
        link.unlink()
    link.symlink_to(ROOT / "custom_components" / "atess", target_is_directory=True)


def store(path: Path, version: int, data: dict[str, Any]) -> None:
    """Write one of Home Assistant's storage files."""
    content = {"version": version, "minor_version": 1, "key": path.name, "data": data}
    path.write_text(json.dumps(content), encoding="utf-8")


async def start(children: list[Child], folder: Path, log: Path) -> Child:
    """Start Home Assistant, hurried; requirements/demo.txt holds all that it would install."""
    return await Child.start(
        children,
        "Home Assistant",
        [sys.executable, str(HURRIED), "--config", str(folder), "--skip-pip"],
        log=log,
        folder=folder,
        environment={"HA_DISABLE_LOG_FILE": "1"},
    )


class Api:
    """Home Assistant's interfaces, as a browser and an administrator use them."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Take the address without a slash at its end."""
        self._session = session
        self.url = url
        self.tokens: dict[str, Any] = {}

    async def is_up(self) -> bool:
        """Return whether Home Assistant answers."""
        try:
            async with self._session.get(f"{self.url}/manifest.json", timeout=aiohttp.ClientTimeout(total=5)) as answer:
                return answer.status == 200
        except aiohttp.ClientError, TimeoutError:
            return False

    async def is_running(self) -> bool:
        """Return whether Home Assistant has set everything up; before that it does not stop cleanly either."""
        return bool((await self.request("GET", "/api/config"))["state"] == "RUNNING")

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Json:
        """Call the REST interface and return its JSON; DemoError with the answer's text if it refuses."""
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"} if self.tokens else {}
        timeout = aiohttp.ClientTimeout(total=120)
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers, timeout=timeout
        ) as answer:
            if answer.status >= 400:
                raise DemoError(f"Home Assistant answers {answer.status} to {path}: {(await answer.text())[:500]}")
            return await answer.json()

    async def command(self, kind: str, **members: Json) -> Json:
        """Send one command over the websocket and return its result; DemoError if it fails."""
        async with self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
            await socket.receive_json()
            await socket.send_json({"id": 1, "type": kind, **members})
            answer = await socket.receive_json(timeout=60)
        if not answer.get("success"):
            raise DemoError(f"Home Assistant refuses {kind}: {answer.get('error')}")
        return answer["result"]

    async def log_in(self) -> None:
        """Create the first user, or log in as the one of an earlier run."""
        client = f"{self.url}/"
        steps = await self._onboarding()
        if not steps.get("user", True):
            user = {"name": "Demo", "username": USER_NAME, "password": PASSWORD, "client_id": client, "language": "en"}
            code = (await self.request("POST", "/api/onboarding/users", user))["auth_code"]
        else:
            provider = {"client_id": client, "handler": ["homeassistant", None], "redirect_uri": client}
            flow = await self.request("POST", "/auth/login_flow", provider)
            login = {"client_id": client, "username": USER_NAME, "password": PASSWORD}
            code = (await self.request("POST", f"/auth/login_flow/{flow['flow_id']}", login))["result"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client}
        async with self._session.post(f"{self.url}/auth/token", data=form) as answer:
            if answer.status != 200:
                raise DemoError(f"Home Assistant does not log the demo's user in: {(await answer.text())[:500]}")
            self.tokens = await answer.json()
        if not steps.get("analytics", True):
            await self.request("POST", "/api/onboarding/analytics")
        if not steps.get("integration", True):
            await self.request("POST", "/api/onboarding/integration", {"client_id": client, "redirect_uri": client})

    async def _onboarding(self) -> dict[str, bool]:
        """Return which onboarding steps are done; nothing once all are, for the interface is gone then."""
        async with self._session.get(f"{self.url}/api/onboarding") as answer:
            if answer.status == 404:
                return {}
            return {step["step"]: step["done"] for step in await answer.json()}

    def browser_tokens(self) -> str:
        """Return what the frontend keeps in its local storage for a logged-in user."""
        expires = int((time.time() + self.tokens["expires_in"]) * 1000)
        kept = {**self.tokens, "hassUrl": self.url, "clientId": f"{self.url}/", "expires": expires}
        return json.dumps(kept)

    async def entries(self) -> list[dict[str, Any]]:
        """Return the config entries of the integration."""
        entries: list[dict[str, Any]] = await self.request("GET", "/api/config/config_entries/entry?domain=atess")
        return entries

    async def entities(self) -> dict[str, dict[str, Any]]:
        """Return the registry's entities of the integration, by unique id."""
        listed = await self.command("config/entity_registry/list")
        return {entry["unique_id"]: entry for entry in listed if entry["platform"] == "atess"}

    async def devices(self) -> dict[str, dict[str, Any]]:
        """Return the registry's devices of the integration, by the second part of their identifier."""
        listed = await self.command("config/device_registry/list")
        return {name: device for device in listed for domain, name in device["identifiers"] if domain == "atess"}

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.request("GET", "/api/states")}


def fresh(folder: Path) -> None:
    """Remove what an earlier run left."""
    if folder.exists():
        # A Home Assistant that is still ending may write once more: moved away, it cannot come back.
        old = folder.with_name(f"{folder.name}-{secrets.token_hex(4)}")
        folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)
