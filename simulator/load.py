"""What the house or the business behind the inverter uses: a pure function of the seed and the time."""

from dataclasses import dataclass

from .noise import smooth_series, stream, unit

PROFILES: dict[str, tuple[float, ...]] = {
    "home": (3, 3, 3, 3, 3, 3, 5, 8, 7, 5, 5, 5, 7, 6, 5, 5, 6, 8, 11, 12, 11, 9, 6, 4),
    "business": (4, 4, 4, 4, 4, 5, 7, 11, 15, 17, 18, 18, 16, 17, 17, 16, 15, 12, 8, 6, 5, 4, 4, 4),
    "farm": (6, 6, 6, 6, 8, 12, 14, 12, 9, 9, 10, 11, 12, 11, 10, 9, 10, 13, 14, 12, 9, 7, 6, 6),
}
WEEKEND: dict[str, float] = {"home": 1.15, "business": 0.45, "farm": 1.0}

# name, chance per day, earliest and latest minute of the day, phases of (minutes, kW)
APPLIANCES: tuple[tuple[str, float, int, int, tuple[tuple[int, float], ...]], ...] = (
    ("kettle", 0.95, 380, 520, ((4, 2.0),)),
    ("coffee", 0.8, 800, 960, ((3, 1.4),)),
    ("oven", 0.5, 1040, 1170, ((12, 2.3), (30, 1.1))),
    ("dishwasher", 0.6, 1180, 1260, ((15, 1.9), (40, 0.1), (20, 1.9))),
    ("washing machine", 0.45, 540, 900, ((20, 2.0), (60, 0.3), (10, 0.6))),
    ("tumble dryer", 0.2, 660, 1000, ((70, 1.6),)),
)
STEP = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """A load: a profile of the table above, its energy per day in kWh without single appliances."""

    profile: str
    kwh_per_day: float
    appliances: bool


class Load:
    """The load of one system."""

    def __init__(self, *, seed: int, spec: LoadSpec) -> None:
        self._seed = stream(seed, "load")
        self._spec = spec
        profile = PROFILES[spec.profile]
        scale = spec.kwh_per_day / sum(profile)
        self._hours = tuple(value * scale for value in profile)

    def day(self, start: float, minutes: list[int], ordinal: int) -> list[float]:
        """Compute the load in kW of a local day; `minutes` holds each step's local minute of the day."""
        steps = len(minutes)
        slow = smooth_series(stream(self._seed, "slow"), start / 2400.0, STEP / 2400.0, steps)
        fast = smooth_series(stream(self._seed, "fast"), start / 150.0, STEP / 150.0, steps)
        factor = WEEKEND[self._spec.profile] if ordinal % 7 in {6, 0} else 1.0
        hours = self._hours
        result = []
        for minute, first, second in zip(minutes, slow, fast, strict=True):
            hour, part = divmod(minute / 60.0 + 23.5, 1.0)
            index = int(hour) % 24
            base = hours[index] + (hours[(index + 1) % 24] - hours[index]) * part
            result.append(factor * base * (1.0 + 0.18 * first + 0.12 * second))
        if self._spec.appliances:
            self._add_appliances(result, ordinal)
        return result

    def _add_appliances(self, powers: list[float], ordinal: int) -> None:
        for name, chance, earliest, latest, phases in APPLIANCES:
            seed = stream(self._seed, name)
            if unit(seed, 2 * ordinal) >= chance:
                continue
            place = earliest + int((latest - earliest) * unit(seed, 2 * ordinal + 1))
            for minutes, power in phases:
                for index in range(place, min(place + minutes, len(powers))):
                    powers[index] += power
                place += minutes
