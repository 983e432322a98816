"""Find the PV inputs to which no array is connected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ..enerclo.model import Json
from .derived import PV_INPUTS
from .reading import Value
from .selfchecks.layout import LIVE_VOLTAGE
from .store import dumped, loaded

SUN = 0.2  # kW of another input: the sun shines
SUNNY_DAYS = 7


@dataclass(slots=True, kw_only=True)
class PvInputs:
    """The inputs that a device sends, by the key of their power: on how many sunny days in a row each had nothing."""

    day: date | None = None
    sunny: bool = False
    dark: dict[str, int] = field(default_factory=dict)
    fed: list[str] = field(default_factory=list)
    """Those that had power or voltage on this day."""

    @classmethod
    def restored(cls, state: Json) -> PvInputs:
        """Return what a dump returned; damaged parts count as never seen."""
        return loaded(cls, state) or cls()

    def dump(self) -> dict[str, Json]:
        """Return what was seen, for storage."""
        return dumped(self)

    def learn(self, day: date, values: Mapping[str, Value]) -> None:
        """Learn from a fresh sample of a day."""
        powers = {key: power for key in PV_INPUTS if isinstance(power := values.get(key), float)}
        if day != self.day:
            self.dark = {key: 0 if key in self.fed else days + self.sunny for key, days in self.dark.items()}
            self.day, self.sunny, self.fed = day, False, []
        self.sunny |= max(powers.values(), default=0.0) >= SUN
        for key, power in powers.items():
            self.dark.setdefault(key, 0)
            voltages = [values.get(key.replace("_power", end)) for end in ("_voltage", "_voltage_hv")]
            live = any(isinstance(voltage, float) and voltage > LIVE_VOLTAGE for voltage in voltages)
            if (power > 0 or live) and key not in self.fed:
                self.fed.append(key)

    @property
    def unused(self) -> frozenset[str]:
        """The inputs to which nothing is connected, as far as seven sunny days tell."""
        return frozenset(key for key, days in self.dark.items() if days >= SUNNY_DAYS and key not in self.fed)

    @property
    def used(self) -> frozenset[str]:
        """The inputs that had power or voltage today."""
        return frozenset(self.fed)
