"""A Home Assistant on a simulated cloud, and pages of a person who is logged in."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from script._chromium import browser as program
from script._demo import home_assistant, simulator
from script._demo.browser import FLAGS, WALK
from script._demo.home_assistant import ROOT, Api
from script._demo.process import Child, free_port
from script._demo.setting_up import add_integration, wait_for_entities
from simulator.plant import load_plant

FOLDER = ROOT / ".cache" / "browser"
SCREENSHOTS = FOLDER / "screenshots"
CONFIG = FOLDER / "config"
INTEGRATION = CONFIG / "custom_components" / "atess"
PLANT = "home"
HOST = "127.0.0.1"
START_SECONDS = 180
PAGE_SECONDS = 90
expect.set_options(timeout=1000 * PAGE_SECONDS)
# What is drawn of the page: errors that cards show, texts that do not fit into their element, and texts over others.
# What is fixed, such as a header, lies over what can be scrolled.
SEEN = f"""
() => {{
  {WALK}
  const seen = {{ errors: [], clipped: [], overlapping: [], text: [] }};
  const drawn = [];
  const up = (node) => node.assignedSlot ?? node.parentNode ?? node.host;
  const floats = (node) => {{
    for (let at = node; at; at = up(at)) {{
      if (at.nodeType === Node.ELEMENT_NODE && ["fixed", "sticky"].includes(getComputedStyle(at).position)) return true;
    }}
    return false;
  }};
  walk(document.body, (node) => {{
    if (node.nodeType === Node.TEXT_NODE) {{
      const text = node.textContent.trim();
      if (!text) return;
      seen.text.push(text);
      const parent = node.parentElement ?? node.getRootNode().host;
      if (!parent.checkVisibility({{ opacityProperty: true }}) || floats(parent)) return;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) if (box.width > 1 && box.height > 1) drawn.push([text, box]);
    }} else if (node.nodeType === Node.ELEMENT_NODE) {{
      if (["HUI-ERROR-CARD", "HUI-WARNING", "HUI-ERROR-BADGE"].includes(node.tagName)) seen.errors.push(node.tagName);
      const nodes = node.tagName === "SLOT" ? node.assignedNodes() : node.childNodes;
      const own = [...nodes].some((each) => each.nodeType === Node.TEXT_NODE && each.textContent.trim());
      const clips = getComputedStyle(node).overflowX !== "visible";
      const cut = clips && node.clientWidth > 1 && node.scrollWidth > node.clientWidth;
      if (own && cut) seen.clipped.push(`${{node.textContent.trim()}}: ${{node.scrollWidth}} > ${{node.clientWidth}}`);
    }}
  }});
  drawn.forEach(([text, one], number) => {{
    for (const [below, other] of drawn.slice(number + 1)) {{
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      const over = 0.4 * Math.min(one.height, other.height);
      if (width > 2 && height > over) seen.overlapping.push(`${{text}} / ${{below}}`);
    }}
  }});
  return seen;
}}
"""


class Home:
    """What all tests share: Home Assistant's interface, the cloud's devices, the browser."""

    def __init__(self, runner: asyncio.Runner) -> None:
        """Take the loop in which all of it lives."""
        self._runner = runner
        self._stack = AsyncExitStack()
        self._children: list[Child] = []
        self.complaints: list[str] = []
        self.api: Api
        self.cloud: simulator.Cloud
        self._browser: Browser
        self._home_assistant: Child

    def run[Answer](self, doing: Coroutine[Any, Any, Answer]) -> Answer:
        """Do something and return what comes of it."""
        return self._runner.run(doing)

    async def start(self) -> Self:
        """Start the cloud, a Home Assistant without the integration, and the browser."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self._stack.push_async_callback(self._stop)
        self.cloud = await simulator.start(
            self._children, FOLDER / "simulator.log", port=free_port(HOST), plant=PLANT, seed=1, more=[]
        )
        port = free_port(HOST)
        home_assistant.fresh(CONFIG)
        home_assistant.prepare(CONFIG, load_plant(PLANT), host=HOST, port=port)
        # A copy of the integration, which can be updated.
        INTEGRATION.unlink()
        shutil.copytree(ROOT / "custom_components" / "atess", INTEGRATION, ignore=shutil.ignore_patterns("__pycache__"))
        # The frontend has a service worker at this name only, or with a certificate.
        self.api = Api(session, f"http://localhost:{port}")
        await self._start_home_assistant()
        playwright = await self._stack.enter_async_context(async_playwright())
        self._browser = await playwright.chromium.launch(executable_path=program(), args=FLAGS)
        self._stack.push_async_callback(self._browser.close)
        return self

    async def _start_home_assistant(self) -> None:
        self._home_assistant = child = await home_assistant.start(
            self._children, CONFIG, FOLDER / f"home-assistant-{len(self._children)}.log"
        )
        await child.wait_until(self.api.is_up, START_SECONDS)
        await self.api.log_in()
        await child.wait_until(self.api.is_running, START_SECONDS)

    async def update(self, line: str) -> None:
        """Add a line to the module that browsers load, as an update may, and start Home Assistant again."""
        await self._home_assistant.stop()
        module = INTEGRATION / "frontend" / "js" / "atess.js"
        module.write_text(module.read_text("utf-8") + line, "utf-8")
        await self._start_home_assistant()

    async def stop(self) -> None:
        """Stop all that was started, the youngest first."""
        await self._stack.aclose()

    async def _stop(self) -> None:
        for child in reversed(self._children):
            await child.stop()

    async def add_integration(self) -> None:
        """Set the account up with all devices, and wait until their entities are there."""
        cloud = self.cloud
        await add_integration(self.api, token=cloud.token, devices=list(cloud.devices), base_url=cloud.base_url)
        await wait_for_entities(self.api, cloud.devices, PAGE_SECONDS)

    async def page(self, *, width: int = 1280, scheme: str = "light", language: str = "en") -> Page:
        """Open a page in a browser of its own, whose service worker may keep what it has seen."""
        context = await self._browser.new_context(
            locale="en-GB", viewport={"width": width, "height": 900}, color_scheme=scheme, service_workers="allow"
        )
        kept = {"hassTokens": self.api.browser_tokens(), "selectedLanguage": json.dumps(language)}
        kept["dockedSidebar"] = json.dumps("always_hidden")
        await context.add_init_script(
            f"for (const [name, value] of Object.entries({json.dumps(kept)})) localStorage.setItem(name, value);"
        )
        context.set_default_timeout(PAGE_SECONDS * 1000)
        page = await context.new_page()
        page.on("console", lambda message: self._hear(f"{message.type}: {message.text}", message.location))
        page.on("pageerror", lambda error: self._hear(f"error: {error}\n{error.stack}", None))
        return page

    def _hear(self, said: str, location: Any) -> None:
        """Keep what the console says of us."""
        if "atess" in f"{said} {location}".lower() and not said.startswith(("log:", "info:", "debug:")):
            self.complaints.append(said)

    async def settled(self, page: Page, expected: str) -> dict[str, list[str]]:
        """Return what is drawn once the expected text is, and nothing changes any more."""
        before: dict[str, list[str]] = {}
        for _ in range(4 * PAGE_SECONDS):
            seen: dict[str, list[str]] = await page.evaluate(SEEN)
            if seen == before and re.search(expected, "\n".join(seen["text"])):
                return seen
            before = seen
            await page.wait_for_timeout(250)
        pytest.fail(f"{page.url} does not show {expected!r}, but {before.get('text')}")

    async def picture(self, page: Page, name: str) -> Path:
        """Keep a screenshot."""
        path = SCREENSHOTS / f"{name}.png"
        await page.screenshot(path=path, animations="disabled")
        return path


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """Yield a Home Assistant without the integration, for all tests."""
    if program() is None:
        reason = "NO BROWSER, so nothing was tested in one: run script/setup browser"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with asyncio.Runner() as runner:
        home = Home(runner)
        try:
            runner.run(home.start())
            yield home
        finally:
            runner.run(home.stop())
