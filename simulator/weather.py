"""Sun, clouds and air temperature: pure functions of the seed, the place and the time."""

from dataclasses import dataclass
from math import cos, exp, pi, radians, sin

from .noise import smooth_series, stream

DAY = 86400.0
STEP = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """A solar array: peak power in kW, tilt from horizontal and compass azimuth (180 = south) in degrees."""

    kwp: float
    tilt: float
    azimuth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWeather:
    """One local day in steps of a minute: DC power of each array in kW, air temperature in °C."""

    arrays: tuple[list[float], ...]
    temperature: list[float]


class Weather:
    """The weather of one place; `cloudiness` from 0 (always clear) to 1 (always overcast)."""

    def __init__(self, *, seed: int, latitude: float, longitude: float, cloudiness: float = 0.5) -> None:
        self._seed = stream(seed, "weather")
        self._latitude = radians(latitude)
        self._longitude = longitude
        self._cloudiness = cloudiness

    def day(self, start: float, steps: int, arrays: tuple[Array, ...]) -> DayWeather:
        """Compute a day that starts at `start` (unix seconds)."""
        cover = self._cover(start, steps)
        temperature = self._temperature(start, steps, cover)
        frames = tuple(_frame(array) for array in arrays)
        powers: tuple[list[float], ...] = tuple([0.0] * steps for _ in arrays)
        year = 2.0 * pi * ((start / DAY - 79.0) % 365.2422) / 365.2422
        declination = radians(23.44) * sin(year)
        equation = 7.5 * sin(2.0 * year) - 1.5 * sin(year) * 5.1  # equation of time in minutes, roughly
        sin_d, cos_d = sin(declination), cos(declination)
        sin_l, cos_l = sin(self._latitude), cos(self._latitude)
        for number in range(steps):
            minutes = ((start + (number + 0.5) * STEP) % DAY) / 60.0
            hour = radians((minutes + equation) / 4.0 + self._longitude - 180.0)
            cos_h = cos(hour)
            up = sin_l * sin_d + cos_l * cos_d * cos_h
            if up <= 0.01:
                continue
            east, north = -cos_d * sin(hour), sin_d * cos_l - cos_d * sin_l * cos_h
            beam = 1361.0 * 0.7 ** ((1.0 / (up + 0.025 * exp(-11.0 * up))) ** 0.678)
            clouds = cover[number]
            clear = 1.0 - clouds
            diffuse = beam * up * (0.12 + 0.22 * clouds)
            direct = beam * clear * clear
            air = temperature[number] - 25.0
            for (kwp, x, y, z, sky), power in zip(frames, powers, strict=True):
                angle = x * east + y * north + z * up
                light = diffuse * sky + (direct * angle if angle > 0.0 else 0.0)
                power[number] = kwp * 0.00095 * light * (1.0 - 0.004 * (air + 0.03 * light))
        return DayWeather(arrays=powers, temperature=temperature)

    def _cover(self, start: float, steps: int) -> list[float]:
        """Return the share of the sky that clouds cover, 0 to 1, in three scales of time."""
        days = smooth_series(stream(self._seed, "days"), start / DAY, STEP / DAY, steps)
        hours = smooth_series(stream(self._seed, "hours"), start / 3600.0, STEP / 3600.0, steps)
        minutes = smooth_series(stream(self._seed, "minutes"), start / 420.0, STEP / 420.0, steps)
        base = self._cloudiness
        return [
            min(1.0, max(0.0, base + 0.45 * day + 0.25 * hour + 0.2 * minute))
            for day, hour, minute in zip(days, hours, minutes, strict=True)
        ]

    def _temperature(self, start: float, steps: int, cover: list[float]) -> list[float]:
        """Return the air temperature: latitude, season, hour, clouds and a slow random part."""
        latitude = self._latitude
        season = 2.0 * pi * (start / DAY - 110.0) / 365.2422
        mean = 27.0 - 22.0 * sin(latitude) ** 2 + 11.0 * sin(latitude) * sin(season)
        slow = smooth_series(stream(self._seed, "air"), start / 40000.0, STEP / 40000.0, steps)
        result = []
        for number in range(steps):
            solar = ((start + number * STEP) / DAY + self._longitude / 360.0) % 1.0
            swing = 5.0 - 3.0 * cover[number]
            result.append(mean + 4.0 * slow[number] - swing * cos(2.0 * pi * (solar - 0.12)))
        return result


def _frame(array: Array) -> tuple[float, float, float, float, float]:
    tilt, azimuth = radians(array.tilt), radians(array.azimuth)
    return array.kwp, sin(tilt) * sin(azimuth), sin(tilt) * cos(azimuth), cos(tilt), (1.0 + cos(tilt)) / 2.0
