"""Raise repair issues for repeated errors of the polls of a device."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..account import Account
from ..const import DEFAULT_SCAN_INTERVAL, DOMAIN, LIMITED_FOR, POLLS_UNTIL_ISSUE
from ..enerclo import AuthenticationError, EnercloError, LimitedError, NotFoundError
from . import refused_device_issue, refused_issue, unknown_issue


class PollIssues:
    """Raises an issue when polls keep failing for a reason that does not pass by itself, and takes it back.

    A device that the cloud does not know, or refuses while it serves others, has an issue of its own after three polls;
    a cloud that refuses every poll for an hour because it is asked too often has one for the account.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, account: Account, subentry_id: str, device_sn: str, name: str
    ) -> None:
        """Start with no failed poll."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._device_sn = device_sn
        self._name = name
        self._issues: dict[type[EnercloError], tuple[str, str]] = {
            NotFoundError: (unknown_issue(subentry_id), "unknown_device"),
            AuthenticationError: (refused_device_issue(subentry_id), "refused_device"),
        }
        self._polls = dict.fromkeys(self._issues, 0)

    @callback
    def note(self, error: EnercloError | None, *, denied: bool) -> None:
        """Note what a poll ended with, None if it was answered; `denied` if the whole account is refused."""
        self._note_limit(limited=isinstance(error, LimitedError))
        for kind, (issue_id, key) in self._issues.items():
            if error is None or (denied and kind is AuthenticationError):
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
                self._polls[kind] = 0
            elif isinstance(error, kind):
                self._polls[kind] += 1
                if self._polls[kind] == POLLS_UNTIL_ISSUE:
                    self._raise(issue_id, key, ir.IssueSeverity.ERROR, device=self._name)

    def _note_limit(self, *, limited: bool) -> None:
        since, now = self._account.limited_since, dt_util.utcnow()
        issue_id = refused_issue(self._entry.entry_id)
        if not limited:
            since.pop(self._device_sn, None)
            if not since:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        elif now - since.setdefault(self._device_sn, now) >= LIMITED_FOR:
            interval = str(self._entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL))
            self._raise(issue_id, "refused", ir.IssueSeverity.WARNING, account=self._entry.title, interval=interval)

    def _raise(self, issue_id: str, key: str, severity: ir.IssueSeverity, **placeholders: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=severity,
            translation_key=key,
            translation_placeholders=placeholders,
        )
