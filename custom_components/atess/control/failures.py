"""Store failed changes of settings, and report them by an event, a repair issue, and an exception."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import DOMAIN, LOGGER
from ..enerclo import EnercloError, Json
from ..issues import settings_issue
from ..settings import same
from .batch import Batch, Managed
from .texts import change_texts, differences, wishes

if TYPE_CHECKING:
    from .hardware import Hardware

EVENT_FAILED = f"{DOMAIN}_settings_change_failed"
MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A change that failed; `reason` is not_read, not_sent, refused, not_taken, moved or unconfirmed.

    `expected` are the values that settle it once they are read, `texts` the placeholders of its repair issue. Without
    `again` it must not be asked once more, as it would have no end.
    """

    reason: str
    asked: Mapping[str, Json]
    expected: Mapping[str, Json]
    texts: Mapping[str, str]
    again: bool = True
    failure_id: str = field(default_factory=ulid_now)

    @property
    def retryable(self) -> bool:
        """Whether asking for the same once more makes sense."""
        return self.again and self.reason != MOVED

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "id": self.failure_id,
            "reason": self.reason,
            "asked": dict(self.asked),
            "expected": dict(self.expected),
            "texts": dict(self.texts),
            "again": self.again,
        }

    @classmethod
    def load(cls, stored: object) -> Failure | None:
        """Return a stored failure; None if it is damaged."""
        if not isinstance(stored, dict):
            return None
        parts = [stored.get(name) for name in ("asked", "expected", "texts")]
        names = [stored.get(name) for name in ("id", "reason")]
        if not all(isinstance(part, dict) for part in parts) or not all(isinstance(name, str) for name in names):
            return None
        return cls(
            reason=stored["reason"],
            asked=stored["asked"],
            expected=stored["expected"],
            texts=stored["texts"],
            again=stored.get("again") is not False,
            failure_id=stored["id"],
        )


def cause(error: Exception | None) -> str:
    """Return the text of an error: the cloud's message, if there is one, and its code."""
    if error is None:
        return ""
    if not isinstance(error, EnercloError | HomeAssistantError):
        return type(error).__name__
    if not isinstance(error, EnercloError) or error.http_status is None:
        return str(error)
    answer = f"HTTP {error.http_status}" if error.code is None else f"code {error.code}"
    return f"{error.vendor_message} ({answer})" if error.vendor_message else answer


class Failures:
    """The failed changes of one device that nobody has settled yet, each with a repair issue of its own."""

    def __init__(self, hardware: Hardware, tell: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Start with none; `tell` is called with the type and the attributes of each event."""
        self._hardware = hardware
        self._tell = tell
        self._items: list[Failure] = []

    def __iter__(self) -> Iterator[Failure]:
        """Iterate over the failures, the oldest first."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)

    def get(self, failure_id: str) -> Failure | None:
        """Return a failure by its id."""
        return next((item for item in self._items if item.failure_id == failure_id), None)

    def dump(self) -> list[dict[str, Any]]:
        """Return what has to survive a restart."""
        return [item.dump() for item in self._items]

    @callback
    def restore(self, stored: object) -> None:
        """Take up what was stored and make sure that each has its issue; damaged pieces are passed over."""
        found = map(Failure.load, stored if isinstance(stored, list) else [])
        self._items = [item for item in found if item is not None]
        for item in self._items:
            self._create_issue(item)

    @callback
    def add(
        self,
        reason: str,
        batch: Batch,
        before: Mapping[str, Json],
        found: Mapping[str, Json],
        error: Exception | None,
    ) -> HomeAssistantError:
        """Keep a failure, tell of it, and return the exception for the callers.

        It replaces failures of which it asks everything anew. A return that is tried again by itself is not kept.
        """
        hardware, asked = self._hardware, batch.asked
        hass, model = hardware.hass, hardware.data
        texts = {
            "device": hardware.device.name,
            "wishes": wishes(hass, model, asked),
            "differences": "" if model is None else differences(hass, model, asked, found),
            "error": cause(error) or "-",
            "time": dt_util.now().strftime("%Y-%m-%d %H:%M:%S"),
        }
        original = {key: before[key] for key in found if key in before}
        failure = Failure(
            reason=reason,
            asked=dict(asked),
            expected={**original, **asked},
            texts=texts,
            again=batch.managed.keys().isdisjoint(asked),
        )
        for item in list(self._items):
            if item.asked.keys() <= asked.keys() and (item.reason != MOVED or reason == MOVED):
                self.remove(item)
        LOGGER.warning("%s: a change failed (%s): %s %s", hardware.name, reason, texts["wishes"], texts["error"])
        if reason == MOVED or any(batch.managed.get(key) is not Managed.RETURN for key in asked):
            self._items.append(failure)
            self._create_issue(failure)
        self._fire(failure, found, error)
        attributes = {**change_texts(hass, model, asked, before), "reason": reason, "error": cause(error) or None}
        self._tell(MOVED if reason == MOVED else "failed", attributes)
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=f"settings_{reason}",
            translation_placeholders={key: text for key, text in texts.items() if key != "time"},
        )

    def _fire(self, failure: Failure, found: Mapping[str, Json], error: Exception | None) -> None:
        hardware = self._hardware
        registered = dr.async_get(hardware.hass).async_get_device_by_identifier(
            (DOMAIN, hardware.identifier), hardware.config_entry.entry_id
        )
        hardware.hass.bus.async_fire(
            EVENT_FAILED,
            {
                "device_id": None if registered is None else registered.id,
                "device": hardware.device.name,
                "reason": failure.reason,
                "asked": dict(failure.asked),
                "found": dict(found),
                "error": cause(error),
            },
        )

    def _issue_id(self, failure: Failure) -> str:
        return settings_issue(self._hardware.subentry_id or "", failure.failure_id)

    def _create_issue(self, failure: Failure) -> None:
        hardware = self._hardware
        data: dict[str, str | int | float | None] = {
            "entry_id": hardware.config_entry.entry_id,
            "subentry_id": hardware.subentry_id,
            "failure_id": failure.failure_id,
            "retryable": failure.retryable,
        }
        ir.async_create_issue(
            hardware.hass,
            DOMAIN,
            self._issue_id(failure),
            data=data,
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=f"settings_{failure.reason}",
            translation_placeholders=dict(failure.texts),
        )

    @callback
    def remove(self, failure: Failure) -> None:
        """Forget a failure and delete its issue."""
        self._items.remove(failure)
        ir.async_delete_issue(self._hardware.hass, DOMAIN, self._issue_id(failure))

    @callback
    def settle(self, members: Mapping[str, Json], confirmed: Iterable[str] = ()) -> list[Failure]:
        """Remove the failures whose expected values are there now, and return them.

        What a confirmed change of the same settings has overtaken is no longer expected.
        """
        settled: list[Failure] = []
        done = set(confirmed)
        for item in list(self._items):
            expected = {key: value for key, value in item.expected.items() if key not in done}
            if all(key in members and same(members[key], value) for key, value in expected.items()):
                self.remove(item)
                settled.append(item)
            elif len(expected) < len(item.expected):
                self._items[self._items.index(item)] = Failure(
                    reason=item.reason,
                    asked=item.asked,
                    expected=expected,
                    texts=item.texts,
                    again=item.again,
                    failure_id=item.failure_id,
                )
        return settled
