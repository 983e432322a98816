"""Members that the catalogue does not know: which of them become entities, and how their names and values are shown."""

from collections.abc import Iterable, Iterator

from homeassistant.const import MAX_LENGTH_STATE_STATE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

RAW_PREFIX = "raw_"
RAW_SETTING_PREFIX = "setting_raw_"
# So many a device may have over its life, and their members may have names of so many characters.
ENTITY_LIMIT = 200
NAME_LIMIT = 64
LARGEST = 1e15


class RawKeys:
    """The entity keys of a device's unknown members and settings, at most `ENTITY_LIMIT` over its life."""

    def __init__(self, hass: HomeAssistant, entry_id: str, device_sn: str) -> None:
        """Begin with the entities that the registry holds."""
        prefixes = tuple(f"{device_sn}_{prefix}" for prefix in (RAW_PREFIX, RAW_SETTING_PREFIX))
        registered = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
        self._keys = {
            item.unique_id.removeprefix(f"{device_sn}_") for item in registered if item.unique_id.startswith(prefixes)
        }

    def of(self, prefix: str, members: Iterable[str]) -> Iterator[str]:
        """Yield the keys of the members that are entities or may become ones, and count these."""
        for member in members:
            key = f"{prefix}{member}"
            if key not in self._keys:
                if len(member) > NAME_LIMIT or len(self._keys) >= ENTITY_LIMIT:
                    continue
                self._keys.add(key)
            yield key


def printable(text: object, limit: int) -> str:
    """Return a text of the cloud cut to so many characters, with those that cannot be seen as escapes."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in str(text)[:limit])


def raw_state(value: object) -> str | int | float | None:
    """Return a value of the cloud as a state can hold it: texts cut, None for numbers beyond all measure."""
    if isinstance(value, str):
        return value[:MAX_LENGTH_STATE_STATE]
    return value if isinstance(value, int | float) and abs(value) <= LARGEST else None
