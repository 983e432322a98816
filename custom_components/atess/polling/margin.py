"""How far beyond what the distribution suggests samples are asked for: follows the edge behind which none is late."""

import math

from ..enerclo import Json
from ..readings.store import a_dict, within

_STEP = 0.3  # of the spread of delays: how far a late sample moves the margin up
_RARE = 2000.0  # samples among which one may be late
_START = 0.2  # s
_MEMORY = 2000.0  # samples after which what is known of a drift counts a third
_SHORT = 300.0  # samples; a drift seen over fewer is mostly chance
_SHARP = 0.005  # where more samples than this are late at best, there is no edge
_LOSSY = 0.03


class Margin:
    """Seconds to add to the best age by the distribution, negative where its tail is shorter than the model's.

    A late sample moves it up; every sample in time moves it down a little, much if none was late for weeks. How far
    it went between late samples is how the delay drifts: a logger whose clock is not set loses or gains seconds a day.
    """

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never learnt."""
        stored = a_dict(state)
        self.seconds = _number(stored, "seconds", 300.0, _START)
        self._since = abs(_number(stored, "since", 1e6))
        self._calm = abs(_number(stored, "calm", 1e6, 1.5 * _RARE))
        self._last = _number(stored, "last", 300.0, _START)
        self._moved = _number(stored, "moved", 1e3)
        self._counted = abs(_number(stored, "counted", 1e6))

    def dump(self) -> dict[str, Json]:
        """Return what was learnt as JSON for storage."""
        return {
            "seconds": round(self.seconds, 3),
            "since": self._since,
            "calm": self._calm,
            "last": round(self._last, 3),
            "moved": round(self._moved, 3),
            "counted": round(self._counted, 1),
        }

    def found(self, late: float, loss: float, spread: float) -> None:
        """Take note of a sample that was there; `late`: the chance that it would not have been."""
        self._pass(late, loss, spread)

    def missed(self, late: float, loss: float, spread: float, *, came: bool) -> None:
        """Take note of one that was not; `came`: it did come later, so it was not lost on its way."""
        sharp = late < _SHARP
        self._pass(late, loss, spread)
        if came:
            # Where uploads are lost, few of those that come late are seen to: each stands for others.
            weight = 1.0 if loss < _LOSSY / 3.0 else min(1.0 / max(loss, 0.25), 2.0)
        else:
            chance = late + 1.0 / _RARE
            weight = chance / (chance + loss)
        self.seconds = min(self.seconds + _STEP * spread * weight, 300.0)
        if weight > 0.4 and sharp:
            fade = math.exp(-self._since / _MEMORY)
            self._moved = self._moved * fade + self.seconds - self._last
            self._counted = self._counted * fade + self._since
            self._since = self._calm = 0.0
            self._last = self.seconds

    def _pass(self, late: float, loss: float, spread: float) -> None:
        step = _STEP * spread
        self._since += 1.0
        self.seconds -= step * late
        if late < _SHARP:
            drift = self._moved / (self._counted + _SHORT + max(0.0, self._since - _RARE))
            self.seconds += drift - step * (1.0 + (self._calm / _RARE) ** 4) / _RARE
            self._calm = min(self._calm + 1.0, 5.0 * _RARE)
        # Lost uploads hide late ones: what lies much lower than the distribution suggests is not to be believed then.
        self.seconds = max(self.seconds, -1.5 * spread if loss > _LOSSY else -300.0)


def _number(stored: dict[str, Json], name: str, most: float, default: float = 0.0) -> float:
    number = within(stored.get(name), -most, most)
    return default if number is None else number
