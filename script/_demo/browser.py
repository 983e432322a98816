"""A headless Chromium that is logged in, and what a person would see in it."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, Error, Page, async_playwright

from script._demo.home_assistant import Api

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What a page counts up each second.
AGO = re.compile(r"\d+ seconds? ago")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Visits what is drawn below a node, through the shadow roots that the frontend is made of.
WALK = """
const walk = (node, visit, without = ["SCRIPT", "STYLE"]) => {
  if (node.nodeType === Node.ELEMENT_NODE) {
    const style = getComputedStyle(node);
    const hidden = style.display === "none" || style.visibility === "hidden";
    if (hidden || without.includes(node.tagName)) return;
  }
  visit(node);
  const assigned = node.tagName === "SLOT" ? node.assignedNodes() : [];
  const inside = assigned.length ? assigned : (node.shadowRoot ?? node).childNodes;
  inside.forEach((child) => walk(child, visit, without));
};
"""
# Texts of the visible page, but not what was before.
VISIBLE_TEXT = f"""
() => {{
  {WALK}
  const parts = [];
  const read = (node) => {{
    const text = node.nodeType === Node.TEXT_NODE ? node.textContent.trim() : "";
    if (text) parts.push(text);
  }};
  walk(document.body, read, ["SCRIPT", "STYLE", "TEMPLATE", "HA-LOGBOOK"]);
  return parts.join("\\n");
}}
"""

# How much higher the window must be for the page to show without scrolling.
HIDDEN_HEIGHT = """
() => {
  let hidden = 0;
  const walk = (node) => {
    if (node.nodeType === Node.ELEMENT_NODE && /auto|scroll/.test(getComputedStyle(node).overflowY)) {
      hidden = Math.max(hidden, node.scrollHeight - node.clientHeight);
    }
    node.shadowRoot?.childNodes.forEach(walk);
    node.childNodes.forEach(walk);
  };
  walk(document.documentElement);
  return Math.max(hidden, document.documentElement.scrollHeight - innerHeight);
}
"""
WIDTH, HEIGHT, GREATEST_HEIGHT = 1280, 900, 3600


class Browser:
    """Pages of one Home Assistant for a logged-in user."""

    def __init__(self, context: BrowserContext, url: str, folder: Path) -> None:
        """Take a browser context that holds the tokens, and the folder for screenshots."""
        self._context = context
        self._url = url
        self._folder = folder

    async def page(self) -> Page:
        """Open an empty page."""
        page = await self._context.new_page()
        await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        return page

    async def look(self, path: str, name: str, expected: list[str], *, seconds: float = 60) -> str:
        """Open a page, wait until its text matches every expression, store NAME.png, and return the text.

        What does not appear within the time is missing from the text that is returned.
        """
        page = await self.page()
        try:
            await page.goto(f"{self._url}{path}", wait_until="domcontentloaded")
            text = await _settled_text(page, expected, seconds)
            if hidden := await page.evaluate(HIDDEN_HEIGHT):
                await page.set_viewport_size({"width": WIDTH, "height": min(HEIGHT + hidden, GREATEST_HEIGHT)})
                text = await _settled_text(page, expected, seconds)
            await page.screenshot(path=self._folder / f"{name}.png")
        finally:
            await page.close()
        return text


async def _settled_text(page: Page, expected: list[str], seconds: float) -> str:
    """Return the page's text once it holds all that is expected and nothing on it moves, or when the time is over."""
    deadline = time.monotonic() + seconds
    before = ""
    while True:
        try:
            text = AGO.sub("", await page.evaluate(VISIBLE_TEXT))
            busy = await page.locator("ha-spinner:visible, ha-circular-progress:visible").count()
        except Error:  # the frontend replaces the page while it starts
            text, busy = "", 1
        if text == before and not busy and all(re.search(wanted, text) for wanted in expected):
            await asyncio.sleep(1)  # for transitions that have begun
            return text
        if time.monotonic() > deadline:
            return text
        before = text
        await asyncio.sleep(1)


@asynccontextmanager
async def browser(api: Api, folder: Path) -> AsyncIterator[Browser]:
    """Start a browser that is logged in; screenshots land in the folder, which Chromium's driver creates."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=FLAGS, handle_sigint=False)
        try:
            zone = (await api.request("GET", "/api/config"))["time_zone"]
            context = await chromium.new_context(locale="en-GB", timezone_id=zone, color_scheme="light")
            tokens = api.browser_tokens().replace("\\", "\\\\").replace("'", "\\'")
            await context.add_init_script(
                f"localStorage.setItem('hassTokens', '{tokens}'); localStorage.setItem('dockedSidebar', '\"docked\"');"
            )
            # The first page of a Home Assistant that has just started takes long on a small machine.
            context.set_default_timeout(90_000)
            yield Browser(context, api.url, folder)
        finally:
            await chromium.close()
