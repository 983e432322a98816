"""What is shown of a device or of the plant: values by entity key, and whether each still holds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..catalogue import Definition, definitions
from ..const import (
    CONF_DATA_LOG_SN,
    CONF_DEVICE_SN,
    CONF_KIND,
    CONF_SYSTEM_NO,
    CONF_USABLE_CAPACITY,
    LOGGER,
)
from ..corrections import corrections_of
from ..enerclo import Json, Kind
from ..readings import ActiveFault, Interpreter, Reading, Value, Verdict
from ..readings.capacity import CAPACITIES
from ..readings.store import within
from ..redaction import HIDDEN, UnknownMembers, is_private
from .base_info import BaseInfo, text_of

# These say how old the data are, or what device and battery are, so age does not end them.
ALWAYS_VALID = frozenset(
    {
        *("last_data", "nominal_power", "online", "usable_capacity", "measured_capacity", "full_cycles"),
        *("round_trip_efficiency_30_days", "cell_spread_at_rest", "lowest_cell_place", "lowest_cell_share"),
    }
)

# With one of these errors the cloud has answered.
ANSWERED = frozenset({"invalid_auth", "limited", "no_data", "not_found"})


class ValueCoordinator[DataT](DataUpdateCoordinator[DataT]):
    """Map entity keys to values, for one device or for the plant."""

    config_entry: ConfigEntry[Any]
    identifier: str
    subentry_id: str | None
    definitions: Mapping[str, Definition]

    @property
    def values(self) -> Mapping[str, Value]:
        """The values by entity key; None where a value is known to exist, but not to be had now."""
        raise NotImplementedError

    @property
    def reported(self) -> Iterable[str]:
        """The keys for which there is something to show."""
        return [key for key, value in self.values.items() if value is not None]

    def available(self, key: str) -> bool:
        """Return whether the value of a key is still valid."""
        raise NotImplementedError

    def attributes(self, key: str) -> dict[str, Any] | None:
        """Return what explains the value of a key."""
        raise NotImplementedError


class DeviceCoordinator(ValueCoordinator[Reading | None]):
    """What is shown of one device; data is its last good reading, None before there is any."""

    subentry_id: str

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry) -> None:
        """Start without a reading."""
        self.device_sn: str = subentry.data[CONF_DEVICE_SN]
        self.kind = Kind(subentry.data[CONF_KIND])
        # Without an interval Home Assistant sets no timer: the only one is the PollTimer.
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=subentry.title.replace(self.device_sn, self.kind),
            update_interval=None,
        )
        self._subentry = subentry
        self.identifier = self.device_sn
        self.subentry_id = subentry.subentry_id
        self.definitions = definitions(self.kind)
        self._serials = [item.unique_id for item in entry.subentries.values() if item.unique_id]
        self._unknown = UnknownMembers(self._serials)
        # What other devices of the system say of this one, by entity key, and where its state of charge comes from.
        self.shared: Mapping[str, Value] = {}
        # What is known of its battery beyond its samples, by entity key.
        self.battery: Mapping[str, Value] = {}
        self.charge_source: str | None = None
        self.charge_devices: list[str] = []
        self.plant_verdicts: tuple[Verdict, ...] = ()
        self._validity: tuple[bool, bool] = (False, False)
        # The values of an update are merged once for all entities, which ask for them one by one.
        self._merged: Mapping[str, Value] = {}
        self._merged_of: tuple[object, ...] = (None,) * 5
        self._base_info = BaseInfo({})
        self.interpreter = self._new_interpreter({})

    def _new_interpreter(self, state: Mapping[str, Json]) -> Interpreter:
        return Interpreter(
            self.kind,
            zone=dt_util.get_default_time_zone(),
            model=self.model,
            nominal_power=self.nominal_power,
            state=state,
            corrections=corrections_of(self._subentry.data),
        )

    @property
    @override
    def values(self) -> Mapping[str, Value]:
        """The device's own values, completed by what others of its system say and by whether it is online."""
        data, shared, battery, validity, base_info = self._merged_of
        if (
            data is not self.data
            or shared is not self.shared
            or battery is not self.battery
            or validity is not self._validity
            or base_info is not self.base_info
        ):
            self._merged_of = self.data, self.shared, self.battery, self._validity, self.base_info
            self._merged = self._merge()
        return self._merged

    def _merge(self) -> Mapping[str, Value]:
        own = {} if self.data is None else self.data.values
        nominal = self.nominal_power
        power = {} if nominal is None else {"nominal_power": nominal}
        return {**own, **power, **self.shared, **self.battery, "online": self.online and own.get("online") is not False}

    @property
    @override
    def reported(self) -> Iterable[str]:
        """The keys with a value, or with a code that the catalogue does not know."""
        return [*super().reported, *(() if self.data is None else self.data.codes)]

    @property
    def unknown(self) -> Mapping[str, str | float | bool]:
        """The members of the last sample that the catalogue does not know; none that names a device."""
        return self._unknown.of(self.data)

    @override
    def available(self, key: str) -> bool:
        """Return whether a value still holds: lifetime totals always, daily ones until midnight, others while fresh."""
        stale, day_over = self._validity
        definition = self.definitions.get(key)
        if self.values.get(key) is None:
            return self.data is not None and key in self.data.codes and not stale
        if key in ALWAYS_VALID or definition is None or definition.lifetime:
            return True
        return not (day_over if definition.daily else stale)

    @override
    def attributes(self, key: str) -> dict[str, Any] | None:
        """Return the cloud's code for an unknown state, the faults that are counted, the source of a shared value."""
        if self.data is None:
            return None
        if key in self.data.codes:
            return {"raw_value": self._shown_code(key, self.data.codes[key])}
        if key == "battery_state_of_charge" and self.charge_source is not None:
            return {"source": self.charge_source, "devices": self.charge_devices}
        if key == "active_faults":
            return _faults_attributes(self.data.faults)
        return None

    @property
    def corrections(self) -> Mapping[str, str]:
        """Return the corrections that the user made."""
        return corrections_of(self._subentry.data)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdicts of the self-checks, from the samples of this and other devices."""
        return (*self.interpreter.verdicts(), *self.plant_verdicts)

    @property
    def usable_capacity(self) -> float | None:
        """Return the usable capacity of the battery in kWh, if it is known."""
        return value if isinstance(value := self.battery.get("usable_capacity"), float) else None

    @property
    def entered_capacity(self) -> float | None:
        """Return the usable capacity in kWh that the user has entered."""
        return within(self._subentry.data.get(CONF_USABLE_CAPACITY), *CAPACITIES)

    @property
    def title(self) -> str:
        """Return the name of the device."""
        return self._subentry.title

    @property
    def data_log_sn(self) -> str | None:
        """The serial number of the data logger that the device reports through, if it is known."""
        return self._base_info.data_log_sn or text_of(self._subentry.data.get(CONF_DATA_LOG_SN))

    @property
    def data_log_key(self) -> str | None:
        """The same in one case, to compare: the cloud takes serial numbers in any."""
        return None if self.data_log_sn is None else self.data_log_sn.casefold()

    @property
    def system_no(self) -> int | None:
        """The number that devices of one system share, if it is known."""
        numbers = (self._subentry.data.get(CONF_SYSTEM_NO), self.base_info.get("systemNo"))
        return next((number for number in numbers if isinstance(number, int)), None)

    @property
    def reachable(self) -> bool:
        """Return whether the cloud answered the last request about the device, be it with data or not."""
        return self.last_update_success or getattr(self.last_exception, "translation_key", None) in ANSWERED

    @property
    def day_over(self) -> bool:
        """Return whether energies of today no longer hold."""
        return self._validity[1]

    @property
    def online(self) -> bool:
        """Return whether the last sample is fresh."""
        return self.data is not None and not self._validity[0]

    def _valid_now(self) -> tuple[bool, bool]:
        """Return whether live values no longer hold, and whether energies of today no longer do."""
        now = dt_util.utcnow()
        stale = self.interpreter.stale(now)
        return stale, stale and self.interpreter.day_over(now)

    def _shown_code(self, key: str, code: Json) -> Json:
        return HIDDEN if is_private(key, code, self._serials) else code

    @property
    def base_info(self) -> Mapping[str, Json]:
        """The members of the device's base info."""
        return self._base_info.members

    @property
    def model(self) -> str | None:
        """The model's name as the cloud gives it."""
        return self._base_info.model

    @property
    def nominal_power(self) -> float | None:
        """The nominal power in kW, if base info tells it."""
        return self._base_info.nominal_power

    @property
    def firmware(self) -> str | None:
        """The firmware's version as the cloud gives it."""
        return self._base_info.firmware


def _faults_attributes(faults: Sequence[ActiveFault]) -> dict[str, Any]:
    """Return the attributes of the number of active faults: their keys, and the cloud's codes in the same order."""
    return {"faults": [fault.key for fault in faults], "codes": [fault.code for fault in faults]}
