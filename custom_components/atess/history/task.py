"""Run work in the recorder's thread: one transaction, in the order of the recorder's queue."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.recorder import DOMAIN as RECORDER
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import (
    async_migration_in_progress,
    get_instance,
    session_scope,
)
from sqlalchemy.orm import Session

from ..const import DOMAIN

type Work[T] = Callable[[Recorder, Session], T]


@dataclass(slots=True)
class HistoryTask(RecorderTask):
    """Work in one transaction, which an exception rolls back; its result or exception goes to the future."""

    work: Work[Any]
    future: asyncio.Future[Any]

    @override
    def run(self, instance: Recorder) -> None:
        """Do the work, unless nobody waits for it any more."""
        if self.future.cancelled():
            return
        try:
            with session_scope(session=instance.get_session()) as session:
                result = self.work(instance, session)
        except Exception as err:  # noqa: BLE001  # whoever waits for the future is told; the recorder must go on
            self._tell(instance, self.future.set_exception, err)
        else:
            self._tell(instance, self.future.set_result, result)

    def _tell(self, instance: Recorder, tell: Callable[[Any], None], what: object) -> None:
        def say() -> None:
            if not self.future.done():
                tell(what)

        instance.hass.loop.call_soon_threadsafe(say)


def require_recorder(hass: HomeAssistant) -> None:
    """Raise HomeAssistantError if there is no recorder, or if it is changing its database."""
    key = None
    if RECORDER not in hass.config.components:
        key = "no_recorder"
    elif async_migration_in_progress(hass):
        key = "recorder_migrating"
    if key is not None:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=key)


async def async_write[T](hass: HomeAssistant, work: Work[T]) -> T:
    """Have the recorder's thread do work of one transaction, after all that is queued; raises what the work raises."""
    require_recorder(hass)
    future: asyncio.Future[T] = hass.loop.create_future()
    get_instance(hass).queue_task(HistoryTask(work, future))
    return await future


async def async_read[T](hass: HomeAssistant, work: Work[T]) -> T:
    """Have a thread of the recorder's executor do work that only reads."""
    require_recorder(hass)
    instance = get_instance(hass)

    def read() -> T:
        with session_scope(session=instance.get_session(), read_only=True) as session:
            return work(instance, session)

    return await instance.async_add_executor_job(read)
