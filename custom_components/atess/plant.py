"""Combine all devices of an account: totals, and values that devices share."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .account import Account
from .catalogue import ACCOUNT, PLANT
from .const import LOGGER
from .coordinator import AtessCoordinator
from .device.values import ValueCoordinator
from .readings import Value
from .readings.plant import Plant
from .readings.system import (
    Link,
    contributors,
    controllers_of,
    described_by_plant_charge,
    link_of,
    state_of_charge,
)


class PlantCoordinator(ValueCoordinator[Mapping[str, Value]]):
    """The values of the plant, computed anew whenever one of its devices has news; it asks the cloud for nothing."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], account: Account, devices: list[AtessCoordinator]
    ) -> None:
        """Follow the devices; must come before their entities, so that these find their shared values."""
        super().__init__(hass, LOGGER, config_entry=entry, name="plant")
        self.identifier = f"plant_{entry.entry_id}"
        self.subentry_id = None
        self.definitions = {definition.key: definition for definition in (*PLANT, *ACCOUNT)}
        self._devices = devices
        self._telling = False
        self._plant = Plant(account.stored("plant", entry.entry_id) or None)
        self._charge_devices: frozenset[str] = frozenset()
        entry.async_on_unload(account.keep("plant", entry.entry_id, self._plant.dump))
        self.data = self._compute()
        for device in devices:
            entry.async_on_unload(device.async_add_listener(self._follow))

    @callback
    def _follow(self) -> None:
        """Recompute, and update devices whose shared values changed."""
        if self._telling:
            return
        before = [(device, dict(device.shared)) for device in self._devices]
        self.data = self._compute()
        self._telling = True
        for device, shared in before:
            if device.shared != shared:
                device.async_update_listeners()
        self._telling = False
        self.async_update_listeners()

    def _compute(self) -> dict[str, Value]:
        """Return the values of the plant, and hand the devices theirs."""
        readings = {device.device_sn: device.data for device in self._devices if device.data is not None}
        links = {device.device_sn: self._link(device) for device in self._devices}
        stale = {device.device_sn for device in self._devices if not device.online}
        self._plant.corrections = {device.device_sn: device.corrections for device in self._devices}
        self._plant.learn(readings, links, stale)
        shared, sources = self._plant.shared(readings, links, stale)
        for device in self._devices:
            sn = device.device_sn
            device.shared = shared.get(sn, {})
            device.charge_source = sources.get(sn)
            charge = state_of_charge(sn, readings, links, stale)
            device.charge_devices = self._titles(frozenset() if charge is None else charge.devices)
            device.plant_verdicts = self._plant.verdicts(sn)
            device.interpreter.fed = self._plant.is_fed(sn, readings, links)
        values: dict[str, Value] = {"cloud_reachable": any(device.reachable for device in self._devices)}
        # The sums of a single device would only repeat it.
        if len(self._devices) > 1:
            ended = {device.device_sn for device in self._devices if device.day_over}
            known = {device.device_sn: device.usable_capacity for device in self._devices}
            capacities = {sn: capacity for sn, capacity in known.items() if capacity is not None}
            values |= self._plant.values(readings, links, stale, ended=ended, capacities=capacities)
            self._charge_devices = described_by_plant_charge(readings, links, stale)
        return values

    def counted(self, key: str) -> list[str]:
        """Return the serial numbers of the devices whose values of a key the plant sums."""
        readings = {device.device_sn: device.data for device in self._devices if device.data is not None}
        return contributors(key, readings, {device.device_sn: self._link(device) for device in self._devices})

    def controllers(self, device_sn: str) -> list[str]:
        """Return the serial numbers of the PBDs that feed the DC side of a PCS."""
        return controllers_of(device_sn, {device.device_sn: self._link(device) for device in self._devices})

    def _titles(self, serials: frozenset[str]) -> list[str]:
        """Return what devices are called, in the order of the account."""
        return [device.name for device in self._devices if device.device_sn in serials]

    @staticmethod
    def _link(device: AtessCoordinator) -> Link:
        """Return where a device belongs, by the lists of its data logger and by what it reports itself."""
        own = None if device.data is None else link_of(device.data)
        return Link(
            kind=device.kind,
            data_log_sn=device.data_log_sn or (None if own is None else own.data_log_sn),
            system_no=device.system_no if own is None or own.system_no is None else own.system_no,
        )

    @property
    @override
    def values(self) -> Mapping[str, Value]:
        """The values of the plant."""
        return self.data

    @override
    def available(self, key: str) -> bool:
        """Return whether a value can be had of the devices now."""
        return self.data.get(key) is not None

    @override
    def attributes(self, key: str) -> dict[str, Any] | None:
        """Return the devices whose state of charge is shown."""
        return {"devices": self._titles(self._charge_devices)} if key == "battery_state_of_charge" else None
