"""What script/demo --check looks at."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from playwright import async_api as playwright

from script._demo.browser import Browser, browser
from script._demo.home_assistant import ROOT, Api
from script._demo.importing import homes, import_problem, import_year
from script._demo.process import Child, doing, say
from script._demo.refusing import REFUSED_LOG, check_reauthentication
from script._demo.roles import ROLES, SOURCE_NAMES, available_sources
from script._demo.setting_up import add_integration, complete
from script._demo.settings_checks import PROVOKED_LOG, changed_by_clicking, check_changes, check_matching
from script._demo.settings_clicking import SettingsClicks
from script._demo.simulator import Cloud
from script._demo.steering import inverter, is_steerable, prepare, steer

LIVE_SECONDS = 120
DEVICE_SECONDS = 60
ROUNDING = 0.011  # kW, per device
# Home Assistant makes statistics every five minutes; before the first, the Energy dashboard does not know an entity.
STATISTICS_SECONDS = 360
DASHBOARD = "atess-settings"
ONLY_WHILE_CONTROLLED = "resume_battery_control"
ERROR_WORDS = (
    r"Error|error|Failed|failed|Unknown device|not found|Retry|Page not|unavailable|Unavailable|not defined|Warning"
)
RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\S* (\w+) \(", re.MULTILINE)
# Said of every custom integration.
EXPECTED_LOG = ("which has not been tested by Home Assistant", PROVOKED_LOG, REFUSED_LOG)


class Checks:
    """Counts and prints one line per check."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.passed = 0
        self.failed = 0

    def check(self, what: str, problem: str | None) -> None:
        """Print and count one check; a problem makes it fail."""
        if problem:
            self.failed += 1
            say(f"FAILED  {what}: {problem}")
        else:
            self.passed += 1
            say(f"passed  {what}")


async def run(api: Api, cloud: Cloud, home: Child, folder: Path) -> Checks:
    """Set up by clicking, check everything, stop Home Assistant, read its log, and return the count."""
    checks = Checks()
    async with browser(api, folder) as pages:
        clicks = SettingsClicks(await pages.page(), api, cloud, folder)
        await _set_up(checks, clicks, api, cloud)
        statistics = await complete(api, cloud.devices)
        imported = homes(cloud)[:1]
        importing = asyncio.create_task(import_year(api, cloud, imported))
        await _check_values(checks, api, cloud)

        steered, steering = inverter(cloud), None
        if steered is not None:
            async with doing("confirming settings"):
                await prepare(api, cloud, steered)
        click = partial(_click, checks)
        if (changed := changed_by_clicking(cloud)) is not None and not await check_matching(
            click, clicks, api, changed
        ):
            changed = None
        await click("reconfiguring takes the token alone, and not a wrong one", clicks.reconfigure())
        if steered is not None:
            await is_steerable(api, steered)
            steering = asyncio.create_task(steer(api, cloud, steered))
        # Changes wait for the cloud's limit most of the time; the first to fail comes long after the pages were seen.
        changing = None
        if changed is not None:
            changing = asyncio.create_task(check_changes(click, clicks, api, cloud, changed))
        await _check_pages(checks, api, pages, cloud)
        async with doing("waiting for Home Assistant's first statistics (up to five minutes)"):
            problem = (await _repeat(lambda: _energy_problem(api, statistics), STATISTICS_SECONDS))["energy"]
        checks.check("the Energy dashboard has its sources without a warning", problem)
        await _check_energy_pages(checks, api, pages, cloud)
        async with doing("waiting for the end of the import"):
            await importing
        checks.check("what the action imported is what flowed", await import_problem(api, cloud, imported[0]))
        if changing is not None:
            await changing
        if steered is not None and steering is not None:
            async with doing("waiting for the battery to follow its settings"):
                for what, problem in (await steering).items():
                    checks.check(what, problem)
            await _check_settings_dashboard(checks, api, pages, steered)
        await check_reauthentication(click, clicks, api, cloud)

    checks.check("the cloud's frequency limits were kept", await _limits_problem(cloud))
    async with doing("stopping Home Assistant"):
        stopped = await home.stop()
    ended = None if stopped and home.process.returncode == 0 else f"exit status {home.process.returncode}"
    checks.check("Home Assistant stops when asked", ended)
    checks.check("Home Assistant's log holds no warning or error about atess", log_problem(home.output()))
    say(f"screenshots are in {folder}")
    return checks


async def _set_up(checks: Checks, clicks: SettingsClicks, api: Api, cloud: Cloud) -> None:
    """Set the account up, change its options and add the last device by clicking; what fails is done without."""
    *first, last = cloud.devices
    if not await api.entries():
        what = "set-up keeps what was typed after a wrong token, and takes the right one"
        if not await _click(checks, what, clicks.set_up(first or [last])):
            await add_integration(api, token=cloud.token, devices=list(cloud.devices), base_url=cloud.base_url)
    await _click(checks, "options keep the stored paths when they are saved untouched", clicks.change_options())
    subentries = await api.command("config_entries/subentries/list", entry_id=(await api.entries())[0]["entry_id"])
    if last not in {item["unique_id"] for item in subentries}:
        await _click(checks, "a device is added by its serial number", clicks.add_device(last))


async def _click(checks: Checks, what: str, clicking: Awaitable[None]) -> bool:
    """Check that a person gets through some dialogs, and return whether they do."""
    try:
        async with doing(f"clicking: {what}"):
            await clicking
    except (AssertionError, playwright.Error) as err:
        checks.check(what, " ".join(str(err).split("Aria snapshot")[0].split()))
        return False
    checks.check(what, None)
    return True


async def _check_values(checks: Checks, api: Api, cloud: Cloud) -> None:
    """Check states, devices and diagnostics."""
    async with doing("waiting for live values"):
        problems = await _repeat(lambda: _live_problems(api, cloud), LIVE_SECONDS)
    for device, problem in problems.items():
        checks.check(f"{cloud.devices[device]} shows live values", problem)
    if len(cloud.devices) > 1:
        checks.check("the plant agrees with its devices", await _plant_problem(api, cloud))
    for device, problem in (await _repeat(lambda: _device_problems(api, cloud), DEVICE_SECONDS)).items():
        checks.check(f"{cloud.devices[device]} is a device with manufacturer, model and name", problem)
    checks.check("diagnostics hold neither token nor serial number", await _diagnostics_problem(api, cloud))


async def _repeat(look: Callable[[], Awaitable[dict[str, str | None]]], seconds: float) -> dict[str, str | None]:
    """Look until no problem is left or the time is over, and return what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        problems = await look()
        if not any(problems.values()) or time.monotonic() > deadline:
            return problems
        await asyncio.sleep(2)


async def _live_problems(api: Api, cloud: Cloud) -> dict[str, str | None]:
    """Return for each device what keeps its values from being live."""
    entities, states = await api.entities(), await api.states()
    problems: dict[str, str | None] = {}
    for device, kind in cloud.devices.items():
        role = ROLES[kind]
        own = {
            unique_id.removeprefix(f"{device}_"): states.get(entry["entity_id"], {"state": "missing", "attributes": {}})
            for unique_id, entry in entities.items()
            if unique_id.startswith(f"{device}_") and not entry["disabled_by"]
        }
        numbers = {key for key, state in own.items() if _is_number(state["state"])}
        wrong = [
            f"{key} is {own[key]['state'] if key in own else 'missing'}" for key in role.live if key not in numbers
        ]
        wrong += [
            f"{key} is unavailable"
            for key, state in own.items()
            if state["state"] in {"unavailable", "missing"} and key != ONLY_WHILE_CONTROLLED
        ]
        if len(numbers) < role.least_numbers:
            wrong.append(f"only {len(numbers)} numbers, at least {role.least_numbers} expected")
        if own.get("online", {}).get("state") != "on":
            wrong.append("it sends no data")
        problems[device] = "; ".join(wrong) or None
    return problems


async def _plant_problem(api: Api, cloud: Cloud) -> str | None:
    """Return where the plant's values differ from those of its devices."""
    entities, states = await api.entities(), await api.states()
    entry = (await api.entries())[0]["entry_id"]

    def number(unique_id: str) -> float:
        return float(states[entities[unique_id]["entity_id"]]["state"])

    wrong = []
    producers = [device for device, kind in cloud.devices.items() if "solar" in ROLES[kind].sources]
    plant, parts = number(f"plant_{entry}_pv_power"), sum(number(f"{device}_pv_power") for device in producers)
    if abs(plant - parts) > ROUNDING * len(producers):
        wrong.append(f"PV power {plant} is not the sum {parts}")
    masters = [device for device, kind in cloud.devices.items() if kind == "mbms"]
    if masters:
        plant, master = (number(f"{name}_battery_state_of_charge") for name in (f"plant_{entry}", masters[0]))
        if plant != master:
            wrong.append(f"state of charge {plant} is not the battery system's {master}")
    return "; ".join(wrong) or None


async def _device_problems(api: Api, cloud: Cloud) -> dict[str, str | None]:
    """Return for each device what the registry does not know of it."""
    devices = await api.devices()
    problems: dict[str, str | None] = {}
    for device in cloud.devices:
        missing = [name for name in ("manufacturer", "model", "name") if not devices.get(device, {}).get(name)]
        problems[device] = f"no {', '.join(missing)}" if missing else None
    return problems


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


async def _diagnostics_problem(api: Api, cloud: Cloud) -> str | None:
    """Return what a diagnostics file tells that it must not tell."""
    text = "".join(
        [
            json.dumps(await api.request("GET", f"/api/diagnostics/config_entry/{e['entry_id']}"))
            for e in await api.entries()
        ]
    )
    if len(text) < 1000:
        return f"only {len(text)} characters"
    secrets = [cloud.token.removeprefix("Basic "), *cloud.devices]
    return "one of them is in it" if any(secret in text for secret in secrets) else None


async def _energy_problem(api: Api, statistics: list[str]) -> dict[str, str | None]:
    """Return what Home Assistant finds wrong with the Energy dashboard's sources."""
    found = await api.command("energy/validate")
    issues = [issue for source in found["energy_sources"] for issue in source]
    known = {row["statistic_id"] for row in await api.command("recorder/list_statistic_ids")}
    missing = sorted(set(statistics) - known)
    problem = json.dumps(issues) if issues else f"no statistics yet of {missing}" if missing else None
    return {"energy": problem}


async def _limits_problem(cloud: Cloud) -> str | None:
    """Return how often the simulator's frequency limits were broken."""
    async with aiohttp.ClientSession() as session:
        seen: dict[str, Any] = await cloud.control(session, "requests")
    if not seen["count"]:
        return "no request was seen"
    kept = seen["violations"] == 0 and seen["most_in_flight"] == 1
    return None if kept else f"{seen['violations']} of {seen['count']} broke them, {seen['most_in_flight']} at once"


def _page_problem(text: str, expected: list[str]) -> str | None:
    """Return what a page lacks, or the words of an error that it shows."""
    if missing := [wanted for wanted in expected if not re.search(wanted, text)]:
        return f"the page lacks {missing}; it begins with {text[:300]!r}"
    wrong = [line for line in text.splitlines() if re.search(ERROR_WORDS, line)]
    return f"the page says {wrong}" if wrong else None


async def _names(api: Api, cloud: Cloud) -> dict[str, str]:
    devices = await api.devices()
    return {device: devices[device]["name_by_user"] or devices[device]["name"] for device in cloud.devices}


async def _check_pages(checks: Checks, api: Api, pages: Browser, cloud: Cloud) -> None:
    """Open the integration's page and the page of the first device of every kind."""
    devices, names = await api.devices(), await _names(api, cloud)
    async with doing("looking at the pages"):
        expected = ["ATESS", *(re.escape(name) for name in names.values())]
        text = await pages.look("/config/integrations/integration/atess", "integration", expected)
        checks.check("the integration's page shows every device", _page_problem(text, expected))
        first = {kind: device for device, kind in reversed(cloud.devices.items())}
        for kind, device in reversed(first.items()):
            value = r"\s+-?[\d.,]+\s*(kW|V|%)"
            expected = [re.escape(names[device]), *(f"{name}{value}" for name in ROLES[kind].live.values())]
            text = await pages.look(f"/config/devices/device/{devices[device]['id']}", f"device_{kind}", expected)
            checks.check(f"the page of {kind} shows its values", _page_problem(text, expected))


async def _check_settings_dashboard(checks: Checks, api: Api, pages: Browser, device: str) -> None:
    """Make a dashboard of the controls of a device, and open it: they show what they were set to."""
    controls = [
        entry["entity_id"]
        for unique_id, entry in sorted((await api.entities()).items())
        if unique_id.startswith(f"{device}_")
        and entry["entity_id"].split(".")[0] in {"number", "select", "switch", "time"}
        and not entry["disabled_by"]
    ]
    if not any(found["url_path"] == DASHBOARD for found in await api.command("lovelace/dashboards/list")):
        await api.command("lovelace/dashboards/create", url_path=DASHBOARD, title="Settings", icon="mdi:tune")
    cards = [{"type": "entities", "title": "Settings", "entities": controls}]
    await api.command("lovelace/config/save", url_path=DASHBOARD, config={"views": [{"cards": cards}]})
    expected = [r"Selected mode\s+Forced charging", "Discharge cut-off SOC", "P1 from", "V2 to"]
    text = await pages.look(f"/{DASHBOARD}/0", "settings", expected)
    checks.check("a dashboard shows the settings of the steered device", _page_problem(text, expected))


async def _check_energy_pages(checks: Checks, api: Api, pages: Browser, cloud: Cloud) -> None:
    """Open the Energy dashboard, its view of this moment, and the page of its sources."""
    names, entities = await _names(api, cloud), await api.entities()
    async with doing("looking at the Energy dashboard"):
        given = {device: available_sources(device, kind, entities) for device, kind in cloud.devices.items()}
        kinds = {source for sources in given.values() for source in sources}
        expected = [f"{source.capitalize()} total" for source in ("solar", "grid", "battery") if source in kinds]
        text = await pages.look("/energy", "energy", expected)
        checks.check("the Energy dashboard shows its sources", _page_problem(text, expected))
        expected = [rf"{source.capitalize()}\s+-?[\d.,]+\s*k?W" for source in kinds]
        text = await pages.look("/energy/now", "energy_now", expected)
        checks.check("the Energy dashboard shows the power of this moment", _page_problem(text, expected))
        expected = [
            f"{re.escape(names[device])} {name}"
            for device, sources in given.items()
            for source in sources
            for name in SOURCE_NAMES[source]
        ]
        text = await pages.look("/config/energy", "energy_sources", expected)
        checks.check("the page of the Energy dashboard's sources shows all of them", _page_problem(text, expected))


def log_problem(log: str) -> str | None:
    """Return the records of Home Assistant's log that warn of the integration."""
    starts = [match.start() for match in RECORD.finditer(log)]
    if not starts:
        return "it holds no record"
    records = [log[begin:end] for begin, end in zip(starts, [*starts[1:], len(log)], strict=True)]
    found = []
    for record in records:
        level = RECORD.match(record)
        about = record.replace(str(ROOT), "")
        expected = "atess" not in about or any(text in about for text in EXPECTED_LOG)
        if level and level[1] in {"WARNING", "ERROR", "CRITICAL"} and not expected:
            found.append(about.strip())
    return "\n" + "\n".join(found) if found else None
