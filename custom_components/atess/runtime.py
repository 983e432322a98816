"""Runtime data of a loaded config entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.config_entries import ConfigEntry

from .account import Account
from .battery.watch import BatteryWatch
from .battery_control.controller import BatteryControl
from .control.coordinator import SettingsCoordinator
from .coordinator import AtessCoordinator
from .device.values import ValueCoordinator
from .enerclo import EnercloClient
from .history.importer import HistoryImport
from .plant import PlantCoordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class AtessData:
    """The account and its client, the coordinators of its devices by config subentry, and the plant they make."""

    account: Account
    client: EnercloClient
    coordinators: Mapping[str, AtessCoordinator]
    plant: PlantCoordinator
    history: HistoryImport
    settings: Mapping[str, SettingsCoordinator] = field(default_factory=dict)
    """The settings of the devices, by config subentry."""
    batteries: Mapping[str, BatteryWatch] = field(default_factory=dict)
    """What is known of batteries and of the grid, by config subentry."""
    battery_controls: Mapping[str, BatteryControl] = field(default_factory=dict)
    """What is done to the batteries of inverters, by config subentry."""

    @property
    def all_coordinators(self) -> list[ValueCoordinator[Any]]:
        """The coordinators of the devices and of the plant."""
        return [*self.coordinators.values(), self.plant]


type AtessConfigEntry = ConfigEntry[AtessData]
