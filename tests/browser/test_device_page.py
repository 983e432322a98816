"""The page of a device on a phone: names that are cut off still differ, and a start stands before its end."""

from typing import Any

import pytest

from script._demo.browser import WALK

from ..repository.test_languages import seen
from .home import Home

# The names of the rows, what is seen of each (what does not fit ends in an ellipsis), and whether it is one of a time.
ROWS = f"""
() => {{
  {WALK}
  const rows = [];
  walk(document.body, (node) => {{
    if (node.nodeType !== Node.ELEMENT_NODE || getComputedStyle(node).textOverflow !== "ellipsis") return;
    const text = [...node.childNodes].find((each) => each.nodeType === Node.TEXT_NODE && each.textContent.trim());
    const row = node.getRootNode().host;
    if (!text || row?.localName !== "hui-generic-entity-row") return;
    const name = text.textContent.trim();
    const ofTime = row.getRootNode().host.localName === "hui-time-entity-row";
    if (node.scrollWidth <= node.clientWidth) return rows.push([name, name, ofTime]);
    const start = text.textContent.indexOf(name);
    const right = node.getBoundingClientRect().right - parseFloat(getComputedStyle(node).fontSize);
    const range = document.createRange();
    range.setStart(text, start);
    let length = 0;
    for (; length < name.length; length += 1) {{
      range.setEnd(text, start + length + 1);
      if (range.getBoundingClientRect().right > right) break;
    }}
    rows.push([name, name.slice(0, length), ofTime]);
  }});
  return rows;
}}
"""
WIDTH, HEIGHT = 360, 4000


@pytest.mark.parametrize("language", ["en", "de"])
def test_names_differ_on_a_phone(home: Home, language: str) -> None:
    """With a clock of 12 and of 24 hours; the test of all languages knows from here what of a name is seen."""
    home.complaints.clear()
    rows = home.run(_rows(home, language))
    assert len(rows) > 40
    alike: dict[str, set[str]] = {}
    for name, shown, _ in rows:
        alike.setdefault(shown, set()).add(name)
    assert [names for names in alike.values() if len(names) > 1] == []
    assert [name for name, _, of_time in rows if of_time] == ["V2 from (valley)", "V2 to (valley)"]
    cut = [(name, shown) for name, shown, of_time in rows if len(shown) < len(seen(name, language, of_time=of_time))]
    assert cut == []
    assert home.complaints == []


async def _rows(home: Home, language: str) -> list[tuple[str, str, bool]]:
    """Return the names on the page of the inverter, and what is seen of each."""
    devices: list[dict[str, Any]] = await home.api.command("config/device_registry/list")
    [inverter] = [each for each in devices if each["serial_number"] in home.cloud.devices and "HPS" in each["model"]]
    page = await home.page(width=WIDTH, language=language)
    await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    await page.goto(f"{home.api.url}/config/devices/device/{inverter['id']}", wait_until="domcontentloaded")
    await home.settled(page, "PV power")
    await home.picture(page, f"device_{WIDTH}_{language}")
    rows: list[tuple[str, str, bool]] = await page.evaluate(ROWS)
    await page.context.close()
    return rows
