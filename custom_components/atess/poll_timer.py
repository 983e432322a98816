"""The timer of a device's polls: the only place that starts them by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .const import LOGGER

# Seconds: the least between the end of a poll and the next one, the most between two, and what replaces no delay.
_LEAST, _MOST, _FALLBACK = 1.0, 86_400.0, 300.0


class PollTimer:
    """Poll a device after the delay that its schedule names, again and again, until async_stop.

    Every poll ends with the timer being set, whatever the poll raised. Delays are measured by the event loop, which
    does not notice when somebody sets the wall clock.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        name: str,
        *,
        poll: Callable[[], Coroutine[Any, Any, None]],
        delay: Callable[[], float],
    ) -> None:
        """Take what polls, and what returns the seconds until the next poll."""
        self._hass = hass
        self._entry = entry
        self._name = name
        self._poll = poll
        self._delay = delay
        self._job = HassJob(self._fire, f"{name} next poll", cancel_on_shutdown=True)
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._task: asyncio.Task[None] | None = None
        self._running = self._overdue = False
        self._polled_at = hass.loop.time()
        self.restarts = 0
        """Return how often async_restart_if_overdue started a poll."""

    @callback
    def async_start(self) -> None:
        """Set the timer for the first poll, unless the user has disabled polling."""
        if self._running or self._entry.pref_disable_polling:
            return
        self._running = True
        self._polled_at = self._hass.loop.time()
        self.async_set()

    @callback
    def async_set(self, least: float = 0.0) -> None:
        """Reset the timer for the delay that holds now, which is at least so many seconds."""
        self._clear()
        if not self._running or self._hass.is_stopping:
            return
        try:
            delay = self._delay()
        except Exception:  # noqa: BLE001  # whatever happens, the next poll comes
            LOGGER.exception("%s: the next poll could not be planned", self._name)
            delay = _FALLBACK
        if not 0.0 <= delay <= _MOST:
            delay = _FALLBACK
        self._cancel_timer = async_call_later(self._hass, max(delay, least), self._job)

    @callback
    def async_note_poll(self) -> None:
        """Note that a poll has ended, and set the timer for the next."""
        self._polled_at = self._hass.loop.time()
        self._overdue = False
        self.async_set(_LEAST)

    @callback
    def async_restart_if_overdue(self, longest_gap: float) -> None:
        """Poll now if at two checks in a row no poll has ended for so many seconds; one under way is given up.

        The first check may come before a timer that is due in the same moment.
        """
        if not self._running or self._hass.loop.time() - self._polled_at <= longest_gap:
            self._overdue = False
            return
        if not self._overdue:
            self._overdue = True
            return
        self._overdue = False
        self.restarts += 1
        if self.restarts == 1:
            LOGGER.warning("%s was not polled for %.0f minutes and is polled now", self._name, longest_gap / 60.0)
        self._polled_at = self._hass.loop.time()
        if self._task is not None:
            self._task.cancel()
        self._fire()

    @callback
    def _fire(self, _now: datetime | None = None) -> None:
        self._clear()
        if self._running:
            self._task = self._entry.async_create_background_task(self._hass, self._async_run(), f"{self._name} poll")

    async def _async_run(self) -> None:
        try:
            await self._poll()
        except Exception:  # noqa: BLE001  # whatever happens, the next poll comes
            LOGGER.exception("%s: the poll has failed", self._name)
        finally:
            self.async_note_poll()

    @callback
    def async_stop(self) -> None:
        """Poll no more."""
        self._running = False
        self._clear()

    @callback
    def _clear(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
