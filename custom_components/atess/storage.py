"""Store learned state; damaged storage never prevents the setup of an entry."""

from typing import Any

from homeassistant.helpers.storage import Store

from .const import LOGGER


async def async_load_cache(store: Store[dict[str, Any]]) -> dict[str, Any]:
    """Return what a file holds, an empty dictionary if it holds nothing that can be read.

    A file of a newer version, a damaged one and one of another shape are set aside with one line in the log: the next
    save replaces them.
    """
    try:
        stored: Any = await store.async_load()
    except Exception as err:  # noqa: BLE001  # whatever is wrong with a file, it is only a cache
        reason = type(err).__name__
    else:
        if stored is None or isinstance(stored, dict):
            return stored or {}
        reason = f"it holds a {type(stored).__name__}"
    LOGGER.warning("The file %s cannot be read (%s) and is set aside; what it held is learned anew", store.key, reason)
    return {}


def part(stored: object, *names: str) -> dict[str, Any]:
    """Return the dictionary at a place within what was stored, an empty one if there is none."""
    for name in names:
        stored = stored.get(name) if isinstance(stored, dict) else None
    return stored if isinstance(stored, dict) else {}
