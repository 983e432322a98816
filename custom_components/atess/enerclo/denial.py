"""Whether the account's token is refused: single refusals prove nothing."""

from collections.abc import Callable
from contextlib import suppress

from .errors import AuthenticationError, EnercloError, PacedError, UnreachableError

REFUSALS_BELIEVED = 3
BELIEVED_AFTER = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 900.0, 21600.0
# A device that was refused in a pause's try leaves the next one to those that were not, for so long.
_YIELDS_FOR = 60.0


class Denial:
    """Hold what refusals of the token mean for one account.

    They are believed after three in a row, of any devices, over at least 10 minutes without a success between. A
    success is an answer that the cloud's envelope calls one, with data or without, since it proves that the token was
    accepted. All other answers and failures say nothing. Refusals of people's requests do not count: they may be
    about a serial number of somebody else. Their successes do.

    While it is believed, one request may be sent per pause, which grows from 15 minutes to 6 hours. Devices take
    turns in that, so that one that is refused for itself does not keep the others out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start without any refusal; `clock` is the wall clock in unix seconds."""
        self._clock = clock
        self._count = 0
        self._first = 0.0
        self._refusal: AuthenticationError | None = None
        self._believed = False
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._devices: set[str] = set()
        self._tried: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    @property
    def believed(self) -> bool:
        """Return whether the account counts as refused."""
        return self._believed

    @property
    def until(self) -> float | None:
        """Return when the next request may be sent (unix seconds); None if the account is not refused."""
        if not self._believed:
            return None
        self._until = min(self._until, self._clock() + self._pause)
        return self._until

    def permitted_at(self, device: str) -> float:
        """Return when a request about a device may be sent; minus infinity if the account is not refused."""
        if (until := self.until) is None:
            return float("-inf")
        return until + _YIELDS_FOR if device in self._tried and self._devices - self._tried else until

    def check(self, device: str) -> None:
        """Raise what the token was refused with, or PacedError, if a request about a device must not be sent now."""
        now = self._clock()
        if self._refusal is None or (wait := self.permitted_at(device) - now) <= 0:
            return
        if self._until > now:
            raise self._refusal.again()
        raise PacedError(wait)

    def accepted(self, device: str) -> None:
        """Take note of an answer that the cloud calls a success."""
        self._devices.add(device)
        self._count = 0
        self._tried.clear()
        self._refusal = None
        self._pause = FIRST_PAUSE
        self._believe(believed=False)

    def failed(self, device: str, error: EnercloError, *, person: bool) -> None:
        """Take note of what a request came to that was no success."""
        if person:
            return
        now = self._clock()
        if not isinstance(error, AuthenticationError):
            if self._believed and not isinstance(error, UnreachableError):
                self._until = now + self._pause
            return
        self._devices.add(device)
        self._first = now if self._count == 0 else min(self._first, now)
        self._count += 1
        self._refusal = error.again()
        if self._believed:
            self._tried.add(device)
            if self._tried >= self._devices:
                self._tried = {device} if len(self._devices) > 1 else set()
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            self._until = now + self._pause
        elif self._count >= REFUSALS_BELIEVED and now - self._first >= BELIEVED_AFTER:
            self._tried = {device}
            self._until = now + self._pause
            self._believe(believed=True)

    def forgive(self) -> None:
        """Let the token be tried once, now."""
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._tried.clear()

    def add_listener(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have a callback called whenever `believed` changes; return what ends that."""
        self._listeners.append(callback)

        def remove() -> None:
            with suppress(ValueError):
                self._listeners.remove(callback)

        return remove

    def _believe(self, *, believed: bool) -> None:
        if believed == self._believed:
            return
        self._believed = believed
        for callback in list(self._listeners):
            callback()
