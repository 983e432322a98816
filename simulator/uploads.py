"""When a data logger takes its samples and when the cloud shows them."""

from collections.abc import Iterator
from math import ceil, floor

from .noise import signed, stream, unit
from .plant import LoggerSpec


class Logger:
    """Uploads at a fixed interval with its own phase; sample `k` is taken about `phase + k * interval`.

    `past` is a moment (unix seconds) and the interval before it, in seconds.
    """

    def __init__(self, spec: LoggerSpec, *, seed: int, past: tuple[float, float] | None = None) -> None:
        self.spec = spec
        self._seed = stream(seed, "logger", spec.sn)
        self._jitter = stream(self._seed, "jitter")
        self._delay = stream(self._seed, "delay")
        self._loss = stream(self._seed, "loss")
        # A clock that gains takes its samples closer together.
        self._interval = spec.interval / (1.0 + spec.drift / 86400.0)
        self._phase = unit(self._seed, 0) * spec.interval
        until, self._past = past or (0.0, self._interval)
        self._first = 0 if past is None else ceil((until - self._phase) / self._interval)
        self._began = self._phase + self._first * self._interval

    def taken(self, number: int) -> float:
        """Return when a sample is taken."""
        interval = self._interval if number >= self._first else self._past
        due = self._began + (number - self._first) * interval
        return due + self.spec.jitter * signed(self._jitter, number)

    def _number(self, at: float) -> int:
        """Return the last sample that is due by a moment."""
        interval = self._interval if at >= self._began else self._past
        return self._first + floor((at - self._began) / interval)

    def visible(self, number: int) -> float:
        """Return when the cloud shows a sample."""
        least, greatest = self.spec.delay
        return self.taken(number) + least + (greatest - least) * unit(self._delay, number)

    def uploaded(self, number: int) -> bool:
        """Return whether a sample ever reaches the cloud."""
        if self.spec.rest is not None:
            begin, end = self.spec.rest
            if begin <= self.taken(number) % 86400.0 / 3600.0 < end:
                return False
        return self.spec.lost == 0.0 or unit(self._loss, number) >= self.spec.lost

    def shown(self, number: int, since: float) -> float:
        """Return what the logger's clock shows when it takes a sample, if it was right at `since`."""
        taken = self.taken(number)
        return taken + (taken - since) * self.spec.drift / 86400.0

    def newest_first(self, now: float, earliest: float) -> Iterator[int]:
        """Yield the samples that the cloud shows at `now`, from the newest to the one taken at `earliest`."""
        number = self._number(now + self.spec.jitter) + 1
        while (taken := self.taken(number)) >= earliest:
            if taken <= now and self.visible(number) <= now and self.uploaded(number):
                yield number
            number -= 1

    def between(self, begin: float, end: float, now: float) -> list[int]:
        """Return the samples taken from `begin` to `end` that the cloud shows at `now`, oldest first."""
        first = self._number(begin - self.spec.jitter) - 1
        last = self._number(end + self.spec.jitter) + 1
        return [
            number
            for number in range(first, last + 1)
            if begin <= self.taken(number) <= end and self.visible(number) <= now and self.uploaded(number)
        ]
