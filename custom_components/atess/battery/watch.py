"""Watch the battery and the grid of a device: learn from samples, and add what settings and users say."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..catalogue.derived import INVERTERS
from ..control.coordinator import SettingsCoordinator
from ..coordinator import AtessCoordinator
from ..readings import Value
from ..readings.capacity import HalfVoltage, capacity_by_settings, power_limit
from ..readings.derived import energy_stored
from ..readings.health import Health, Past, learned_from
from ..readings.outage import GridSupply, LastHour, backup_time
from ..settings.matching import Known

SECTION = "batteries"
# What ended longer ago tells nothing of the battery as it is.
LATEST_PAST = timedelta(days=2)

# Below these states of charge the battery feeds no load.
_CUT_OFFS = ("discharge_cut_off_soc", "bms_soc_lower_limit")


class BatteryWatch:
    """What is known of battery and grid of one device beyond its samples; it asks the cloud for nothing."""

    def __init__(self, device: AtessCoordinator, settings: SettingsCoordinator) -> None:
        """Follow a device and its settings; must come after the plant, and before their entities."""
        self._device = device
        self._settings = settings
        stored = device.account.stored(SECTION, device.subentry_id)
        self._half = HalfVoltage.restored(stored.get("half"))
        self._health = Health.restored(stored.get("health"))
        self._load = LastHour.restored(stored.get("load"))
        self.grid = GridSupply.restored(stored.get("grid"))
        self.remembered_grid = self.grid.lost
        """Whether the grid was lost as far as storage knew at the start."""
        self._learned_at: datetime | None = None
        entry = device.config_entry
        entry.async_on_unload(device.account.keep(SECTION, device.subentry_id, self._dump))
        entry.async_on_unload(device.async_add_listener(self._follow_device))
        entry.async_on_unload(settings.async_add_listener(self._follow_settings))
        self._learn()
        self._follow_settings()

    def _dump(self) -> dict[str, object]:
        return {
            "half": self._half.dump(),
            "health": self._health.dump(),
            "load": self._load.dump(),
            "grid": self.grid.dump(),
        }

    @callback
    def _follow_device(self) -> None:
        """Learn from a new sample; entities that hear of it after this one show what it changes."""
        self._learn()
        self._device.battery = self._values()

    async def async_learn_past(self, past: Sequence[Past]) -> None:
        """Learn from samples that the cloud has kept, in their order, as if they had been polled."""
        if not past or dt_util.utcnow() - past[-1][0] > LATEST_PAST:
            return
        learned = await self._device.hass.async_add_executor_job(learned_from, past, self._capacity())
        self._health = self._health.with_past(learned, past[0][0], past[-1][0])
        self._device.battery = self._values()
        self._device.async_update_listeners()
        self._device.account.save_soon()

    def _learn(self) -> None:
        """Learn from the reading if it is news."""
        reading = self._device.data
        if reading is None or not reading.fresh or reading.sampled_at == self._learned_at:
            return
        self._learned_at = reading.sampled_at
        values = self._device.values
        self._half.learn(values)
        self._health.learn(reading.sampled_at, values, self._capacity())
        if self._device.kind in INVERTERS:
            self._load.learn(reading.sampled_at, values.get("load_power"))
            self.grid.learn(reading)

    @callback
    def _follow_settings(self) -> None:
        """Compute anew what settings decide."""
        before, self._device.battery = self._device.battery, self._values()
        if self._device.battery != before:
            self._device.async_update_listeners()

    def _values(self) -> dict[str, Value]:
        """Return what is known; a value that is not known now is None where it may be one day."""
        values = self._device.values
        capacity = self._capacity()
        found: dict[str, Value] = {
            "usable_capacity": capacity,
            "charge_limit": self._limit(values, "battery_charge_current_limit", "charge"),
            "discharge_limit": self._limit(values, "battery_discharge_current_limit", "discharge"),
            **self._health.values(values, capacity),
        }
        charge = values.get("battery_state_of_charge")
        if capacity is not None:
            found["battery_energy_stored"] = energy_stored(charge, capacity) if isinstance(charge, float) else None
        if self._device.kind in INVERTERS:
            found["backup_time"] = backup_time(charge, self._cut_off(), capacity, self._load.mean)
        return {key: value for key, value in found.items() if key in self._device.definitions}

    def _capacity(self) -> float | None:
        """Return the usable capacity in kWh: as entered, else by the settings of the battery."""
        entered = self._device.entered_capacity
        if entered is not None:
            return entered
        amp_hours, groups = self._setting("battery_capacity"), self._setting("battery_groups")
        return capacity_by_settings(amp_hours, groups, self._half.volts)

    def _limit(self, values: Mapping[str, Value], key: str, way: str) -> float | None:
        """Return a limit in kW: of a discharge not more than the inverter can give."""
        own = values.get(key)
        if not isinstance(own, float) or key not in self._device.definitions:
            return None
        currents = (own, *(self._setting(name) for name in (f"{way}_current_limit", f"battery_{way}_current")))
        discharges = way == "discharge" and self._device.kind in INVERTERS
        nominal = self._device.nominal_power if discharges else None
        return power_limit(currents, values.get("battery_voltage"), nominal)

    def _cut_off(self) -> float | None:
        """Return the highest state of charge at which a discharge ends, None if none is known."""
        return max((limit for key in _CUT_OFFS if (limit := self._setting(key)) is not None), default=None)

    def _setting(self, key: str) -> float | None:
        """Return a setting whose key is documented or confirmed, None if there is none."""
        data = self._settings.data
        found = None if data is None else data.find(key)
        if data is None or found is None or found.known is Known.GUESSED:
            return None
        value = data.value(key)
        return value if isinstance(value, float) else None
