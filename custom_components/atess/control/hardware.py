"""Define what the writer of settings needs from a device."""

from collections.abc import Mapping
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..coordinator import AtessCoordinator
from ..enerclo import EnercloClient, Json, Kind
from ..settings import DeviceSettings


class Hardware(Protocol):
    """A device whose settings are read and written; the settings' coordinator is one."""

    hass: HomeAssistant
    config_entry: ConfigEntry[Any]
    client: EnercloClient
    device: AtessCoordinator
    data: DeviceSettings | None
    """The settings last read; None before they were read once."""
    kind: Kind
    identifier: str
    subentry_id: str | None
    name: str

    @property
    def changes_allowed(self) -> bool:
        """Whether the user has allowed that settings are changed."""

    @property
    def is_current(self) -> bool:
        """Whether the settings were read so lately that they say whether a change is needed."""

    @property
    def settings_members(self) -> Mapping[str, Json]:
        """The members of the settings as they were read last."""

    def async_update_listeners(self) -> None:
        """Let entities show the state of changes."""

    def async_save_soon(self) -> None:
        """Store the state of changes shortly."""

    async def async_save(self) -> None:
        """Store the state of changes now."""

    async def async_read(self) -> Mapping[str, Json]:
        """Read the settings for a person who waits.

        Raises:
            EnercloError: They could not be read.
        """
