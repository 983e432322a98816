"""The search for what kind of device a serial number is."""

from collections.abc import Awaitable
from typing import Protocol

from .caller import Terms
from .errors import AuthenticationError, EnercloError, LimitedError, NoDataError, NotFoundError, PacedError
from .model import Kind, Sample

# Errors from the most telling on; before those that follow comes "no data", which is an answer.
_WAIT = (LimitedError, PacedError)
_TELLING: tuple[type[EnercloError], ...] = (*_WAIT, AuthenticationError, EnercloError)
_MAX_LIMITED = 2


class AskLatest(Protocol):
    """Ask for the newest sample, as EnercloClient.latest does."""

    def __call__(self, kind: Kind, device_sn: str, terms: Terms) -> Awaitable[Sample]:
        """Return the sample."""


class AskMemory(Protocol):
    """Return the sample of an earlier call, as EnercloClient.last_sample does."""

    def __call__(self, kind: Kind, device_sn: str) -> Sample | None:
        """Return the sample, None if there is none."""


class Search:
    """Responses of the kinds queried so far for one serial number."""

    def __init__(self, latest: AskLatest, last_sample: AskMemory, device_sn: str, terms: Terms) -> None:
        """Take how to ask, the serial number, and the terms on which a person waits."""
        self._latest = latest
        self._last_sample = last_sample
        self._device_sn = device_sn
        self._terms = terms
        self._possible: Kind | None = None
        self._errors: list[EnercloError] = []
        self._asked = 0

    async def ask(self, kind: Kind) -> Sample | None:
        """Return the device's sample if it is of this kind; None, and keep the answer, if it may be of another.

        Raises what ends the search: that no answer came, that the token is refused (401; 403 may be about the serial
        number), or a second refusal for frequency, which is then hardly that of one endpoint.
        """
        self._asked += 1
        try:
            return await self._latest(kind, self._device_sn, self._terms)
        except NotFoundError:
            return None
        except NoDataError:
            self._possible = self._possible or kind
        except PacedError as error:
            if (sample := self._last_sample(kind, self._device_sn)) is not None:
                return sample
            self._errors.append(error)
        except EnercloError as error:
            self._errors.append(error)
            limited = sum(isinstance(other, LimitedError) for other in self._errors)
            if not error.answered or limited >= _MAX_LIMITED or 401 in {error.http_status, error.code}:
                raise
        return None

    @property
    def refused(self) -> bool:
        """Return whether every kind asked has refused the token, which then is hardly about the serial number."""
        return len(self._errors) == self._asked and all(isinstance(err, AuthenticationError) for err in self._errors)

    def possible_kind(self) -> Kind:
        """Return the first kind that has answered without data; raises the most telling error if that tells more.

        In this order: a kind that could not be asked for now, no data, a refusal, another failure, not found.
        """
        telling = _TELLING if self._possible is None else _WAIT
        for error_type in telling:
            for error in self._errors:
                if isinstance(error, error_type):
                    raise error
        if self._possible is None:
            raise NotFoundError("no kind of device answers for this serial number")
        return self._possible
