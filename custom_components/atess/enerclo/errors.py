"""Define the errors of calls to the cloud. No message contains a token, a serial number or a body."""

from typing import Self, override


class EnercloError(Exception):
    """Base of all: carries HTTP status and `code` where there were any, and the vendor's `msg`, cut and redacted.

    `repeated`: this failure continues a series of the same, which may turn out to be a limit, and need not be logged.
    """

    repeated = False

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: int | str | None = None,
        vendor_message: str = "",
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.vendor_message = vendor_message

    @property
    def answered(self) -> bool:
        """Return whether the cloud, or something before it, has answered."""
        return True

    def again(self) -> Self:
        """Return a copy to raise, without traceback and context."""
        copy = type(self).__new__(type(self), *self.args)
        copy.__dict__.update(self.__dict__)
        return copy


class AuthenticationError(EnercloError):
    """The cloud itself does not accept the token, at least for this device (HTTP or code 401 or 403)."""


class NotFoundError(EnercloError):
    """Wrong path, wrong serial number or wrong kind of device (HTTP or code 400 or 404)."""


class NoDataError(EnercloError):
    """The endpoint answers without data: the device is of another kind or has never reported."""


class LimitedError(EnercloError):
    """The cloud refuses because it is asked too often; `retry_after` in seconds if it said so."""

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: int | str | None = None,
        vendor_message: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, http_status=http_status, code=code, vendor_message=vendor_message)
        self.retry_after = retry_after


class RefusedError(EnercloError):
    """The cloud refuses a write (any code but success, or HTTP 4xx): surely not taken, and not to be repeated."""


class TemporaryError(EnercloError):
    """The call failed in a way that may pass: server error, other code, firewall, lost connection, time-out."""

    @property
    @override
    def answered(self) -> bool:
        return self.http_status is not None


class UnreachableError(TemporaryError):
    """The request never reached the cloud: name not resolved, connection or TLS refused, connection timed out."""


class MalformedAnswerError(TemporaryError):
    """The answer is not what the protocol says; the message names content type and size."""


class ForeignAnswerError(MalformedAnswerError):
    """The answer names another device's serial number."""


class PacedError(EnercloError):
    """Our own pacing forbids the call for `retry_after` seconds; nothing was sent."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"not permitted for another {retry_after:.0f} s")
        self.retry_after = retry_after
