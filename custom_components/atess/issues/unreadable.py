"""Raise a repair issue for a device of which too little can be read."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN, EMPTY_POLLS
from ..readings import Reading
from . import unreadable_issue

# More than one value in so many that cannot be read is too much.
TOLERATED = 4


class UnreadableIssue:
    """The issue of one device; it goes away as soon as enough of a sample can be read."""

    def __init__(self, hass: HomeAssistant, subentry_id: str, name: str) -> None:
        """Begin without a poll."""
        self._hass = hass
        self._issue_id = unreadable_issue(subentry_id)
        self._name = name
        self._empty_polls = 0

    @callback
    def note(self, reading: Reading | None, *, shown: bool) -> None:
        """Take a poll that the cloud has answered, with what was read; None if there was nothing to read.

        Nothing to read is no matter while an earlier reading is `shown`.
        """
        if reading is None and shown:
            return
        sent, unreadable = (0, 0) if reading is None else (reading.sent, len(reading.unreadable))
        self._empty_polls = self._empty_polls + 1 if sent == unreadable else 0
        if unreadable * TOLERATED > sent:
            self._raise("unreadable", {"unreadable": str(unreadable), "sent": str(sent)})
        elif self._empty_polls >= EMPTY_POLLS:
            self._raise("nothing_readable", {})
        elif not self._empty_polls:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)

    def _raise(self, translation_key: str, placeholders: dict[str, str]) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=translation_key,
            translation_placeholders={"device": self._name, **placeholders},
        )
