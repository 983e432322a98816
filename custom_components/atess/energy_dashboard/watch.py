"""Watch the Energy dashboard's preferences for what is wrong with our sensors in them, and raise repair issues."""

from collections.abc import Collection

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .plan import find_doubles, statistics
from .preferences import EnergyPreferences, Snapshot, async_get_preferences
from .sources import coverage

RENAMED_ISSUE = "energy_renamed"
DOUBLE_COUNTING_ISSUE = "energy_double_counting"


class EnergyWatch:
    """Looks after each change of the preferences, and after each rename or removal of a sensor that they name."""

    def __init__(self, hass: HomeAssistant, preferences: EnergyPreferences) -> None:
        """Watch the preferences of a home."""
        self._hass = hass
        self._preferences = preferences
        # What the issues name that the preferences may not.
        self._told: set[str] = set()

    async def async_start(self) -> None:
        """Follow preferences and entity registry from now on."""
        await self._preferences.async_listen(self.async_look)
        self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._follow)

    async def _follow(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if {event.data["entity_id"], event.data.get("old_entity_id")} & (self._preferences.known.keys() | self._told):
            await self.async_look()

    async def async_look(self) -> None:
        """Raise an issue for what is wrong now, and delete it once that is put right."""
        read = await self._preferences.async_read()
        await self._async_remember(read)
        names = renamed_statistics(self._hass, self._preferences, read)
        self._tell(
            RENAMED_ISSUE,
            names,
            {"sensors": ", ".join(f"`{old}` → `{new}`" for old, new in sorted(names.items()))},
        )
        self._told = set(names.values())
        doubles = find_doubles(read.sources, coverage(self._hass))
        self._tell(
            DOUBLE_COUNTING_ISSUE,
            doubles.wholes,
            {"wholes": self._names(doubles.wholes), "parts": self._names(doubles.parts)},
        )

    async def _async_remember(self, read: Snapshot) -> None:
        """Keep which of our sensors the names in the preferences mean: after a rename nobody else knows.

        Names that are no longer used stay, for an undo brings them back; those of deleted sensors go.
        """
        registry = er.async_get(self._hass)
        known = {
            name: unique_id
            for name, unique_id in self._preferences.known.items()
            if registry.async_get_entity_id("sensor", DOMAIN, unique_id) is not None
        }
        for name in _names_in(read):
            registered = registry.async_get(name)
            if registered is not None and registered.platform == DOMAIN:
                known[name] = registered.unique_id
        if known != self._preferences.known:
            self._preferences.known = known
            await self._preferences.async_save()

    @callback
    def _tell(self, issue: str, found: Collection[str], placeholders: dict[str, str]) -> None:
        if not found:
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            data={"energy": issue},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=issue,
            translation_placeholders=placeholders,
        )

    def _names(self, entity_ids: Collection[str]) -> str:
        states = ((entity_id, self._hass.states.get(entity_id)) for entity_id in entity_ids)
        return ", ".join(sorted(entity_id if state is None else state.name for entity_id, state in states))


def _names_in(read: Snapshot) -> set[str]:
    return {*statistics(read.sources), *statistics(read.consumption)}


@callback
def renamed_statistics(hass: HomeAssistant, preferences: EnergyPreferences, read: Snapshot) -> dict[str, str]:
    """Return the names in the preferences that our sensors no longer have, with what they are called now.

    A name that the preferences hold already, entered by a person after the rename, is not entered twice.
    """
    registry = er.async_get(hass)
    names = _names_in(read)
    found = {}
    for old in names:
        if registry.async_get(old) is None and (unique_id := preferences.known.get(old)) is not None:
            new = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
            if new is not None and new not in names:
                found[old] = new
    return found


async def async_watch_energy(hass: HomeAssistant) -> None:
    """Look at the preferences now that an account is loaded, and keep watching them; without them do nothing."""
    if (await async_get_preferences(hass)).available:
        await (await _async_get_watch(hass)).async_look()


@singleton(HassKey[EnergyWatch](f"{DOMAIN}_energy_watch"), async_=True)
async def _async_get_watch(hass: HomeAssistant) -> EnergyWatch:
    watch = EnergyWatch(hass, await async_get_preferences(hass))
    await watch.async_start()
    return watch
