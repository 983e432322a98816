"""The battery control of one device: starts it, ends it, and goes back, over restarts and failures too."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Context, Event, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..control.batch import ChangeResult, Managed
from ..control.coordinator import Kept, SettingsCoordinator
from ..control.texts import refusal, wishes
from ..control.writer import Teller
from ..enerclo import EnercloError, Json
from ..settings import SettingError
from .engine import Control
from .issue import StuckIssue
from .recipes import Plan, PlanError, Verb, Wish, compatible, compose
from .shown import attributes_of, diagnostics_of, plan_refusal, result_of, texts_of
from .terms import Happening, Need, Stage, View

STATE_OF_CHARGE = "battery_state_of_charge"
STORED = "battery_control"


class BatteryControl(Kept):
    """Makes the battery of one device charge, discharge, or hold for a while, and goes back."""

    def __init__(self, settings: SettingsCoordinator) -> None:
        """Store what has to survive a restart together with the settings."""
        self.settings = settings
        self.teller: Teller | None = None
        """Set by the event entity: called with what happened and its attributes."""
        self._control: Control | None = None
        self._running = self._busy = self._reading = False
        self._cancel_timer: CALLBACK_TYPE | None = None
        # What callers wait for: the write of the start, and the way back.
        self._starting: asyncio.Future[ChangeResult] | None = None
        self._over: asyncio.Future[ChangeResult] | None = None
        self._issue = StuckIssue(settings)
        settings.kept[STORED] = self
        settings.config_entry.async_on_unload(self._stop)

    # what is stored

    @override
    def dump(self) -> Json:
        """Return the control with all that is needed to go back."""
        return None if self._control is None else self._control.dump()

    @override
    def restore(self, stored: object) -> None:
        """Take up a control from before a restart."""
        self._control = None
        if not isinstance(stored, dict):
            return
        try:
            self._control = Control.load(stored)
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            LOGGER.error("%s: the battery control cannot be read (%s)", self.settings.name, type(err).__name__)

    @callback
    def async_start(self) -> None:
        """Go on where a restart or reload has interrupted."""
        entry, settings = self.settings.config_entry, self.settings
        self._running = True
        entry.async_on_unload(settings.async_add_listener(self._look))
        entry.async_on_unload(settings.device.async_add_listener(self._look))
        entry.async_on_unload(settings.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stop))
        self._look()

    @callback
    def _stop(self, _event: Event | None = None) -> None:
        self._running = False
        self._set_timer(None)
        self._settle(ChangeResult(status=dict.fromkeys(self._control.originals, "pending") if self._control else {}))

    # what people see

    @property
    def current(self) -> Control | None:
        """The control whose settings are or may be set, None if there is none."""
        return self._control if self._control is not None and self._control.in_force else None

    @property
    def attributes(self) -> dict[str, Any]:
        """What is under way, until when, how much, and whether a person asked for it."""
        return attributes_of(self.current)

    @property
    def left(self) -> str:
        """The values that are to be set again, as people read them; empty if there are none.

        As long as nobody has read what became of a write, these are all that it may have changed.
        """
        control, view = self._control, self._view()
        if control is None:
            back: Mapping[str, Json] = {}
        elif control.unsure and (control.sent or view.sending):
            back = control.originals
        else:
            back = control.back(view)
        return wishes(self.settings.hass, self.settings.data, back)

    def diagnostics(self) -> dict[str, Any] | None:
        """Return what is under way, by the names of the settings."""
        control, model = self._control, self.settings.data
        return None if control is None or model is None else diagnostics_of(control, model)

    # what people ask for

    def plan(self, wish: Wish) -> tuple[Plan, dict[str, Json]]:
        """Return what would be set, also by the cloud's key.

        Raises:
            ServiceValidationError: It cannot be composed; nothing is sent.
        """
        settings = self.settings
        model, control, view = settings.writer.changeable(), self._control, self._view()
        before = {} if control is None else {k: v for k, v in control.originals.items() if k not in view.upcoming}
        base = {**model.members, **view.upcoming, **before}
        if control is not None and control.running and control.verb is wish.verb is Verb.HOLDING:
            # What is held stays what was held first.
            return Plan(), {key: control.written[key] for key in control.written if key not in control.released}
        try:
            plan = compose(model, wish, base, self._soc)
        except PlanError as err:
            raise plan_refusal(settings, wish, err) from err
        return plan, settings.writer.resolve(plan.settings, over=before)

    @callback
    def begin(
        self, wish: Wish, plan: Plan, written: Mapping[str, Json], end: datetime, context: Context
    ) -> asyncio.Future[ChangeResult]:
        """Begin what was planned, in place of what is under way; return the future of the write."""
        by = "automation" if context.user_id is None else "user"
        earlier, view = self._control, self._view()
        control = Control(
            verb=wish.verb,
            end=end,
            by=by,
            power=plan.power,
            target=plan.target,
            watched=plan.watched,
            written=dict(written),
        )
        if earlier is not None and earlier.running and earlier.verb is control.verb and _same_wish(earlier, control):
            earlier.end, earlier.by, earlier.watched = end, by, control.watched
            earlier.power, earlier.target = control.power or earlier.power, control.target
            if self._starting is None or self._starting.done():
                return self._ask(earlier, dict(written), context)
            self._changed()
            return self._starting
        if earlier is not None:
            control.follow(earlier, view)
        control.begin(view)
        self._control = control
        self._starting = self._ask(control, dict(control.written), context)
        return self._starting

    @callback
    def resume(self) -> asyncio.Future[ChangeResult] | None:
        """Go back now; return the future of that, None if there is nothing to go back from."""
        control = self.current
        if control is None:
            return None
        if self._over is None or self._over.done():
            self._over = self.settings.hass.loop.create_future()
            self._over.add_done_callback(lambda future: future.cancelled() or future.exception())
        over = self._over
        if control.running or not control.trying:
            control.cancel("resumed", dt_util.utcnow())
        self._look()
        return over

    @callback
    def leave(self) -> None:
        """Leave everything as it is, as a person wants."""
        self._control = None
        for managed in Managed:
            self.settings.writer.withdraw(managed)
        self._changed()

    # what happens

    @property
    def _soc(self) -> float | None:
        """The present state of charge, None if it is not known."""
        device = self.settings.device
        value = device.values.get(STATE_OF_CHARGE) if device.available(STATE_OF_CHARGE) else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def _view(self) -> View:
        writer, settings = self.settings.writer, self.settings
        return View(
            members=settings.settings_members,
            upcoming=writer.upcoming,
            managed=writer.managed,
            sending=writer.is_sending(() if self._control is None else self._control.written),
            read_at=settings.read_at,
            now=dt_util.utcnow(),
            soc=self._soc,
        )

    def _ask(self, control: Control, changes: dict[str, Json], context: Context) -> asyncio.Future[ChangeResult]:
        """Ask for a write; the control is stored before it is sent."""
        managed = Managed.START if control.running else Managed.RETURN
        self._busy = True
        try:
            # A control that only goes on for longer has read what it set.
            verify = control.stage is not Stage.ACTIVE
            future = self.settings.writer.change(
                changes, context, managed=managed, only_if=control.guards(), verify=verify
            )
        finally:
            self._busy = False
        if not future.done():
            control.asked()
        self._look()
        self._changed()
        return future

    @callback
    def _look(self, _now: datetime | None = None) -> None:
        """Bring the control up to date, and do what it needs."""
        control = self._control
        if control is None or not self._running or self._busy:
            return
        before, written, originals = self.dump(), dict(control.written), dict(control.originals)
        told = control.look(self._view())
        if control.stage is Stage.GONE:
            self._control = None
        else:
            if control.running:
                self._amend(control)
            else:
                self.settings.writer.withdraw(Managed.START)
            self._do(control, control.need(self._view()))
        self._set_timer(None if self._control is None else self._control.wake_at(self._view()))
        if before != self.dump() or told:
            self._tell(control, told)
            if not control.in_force:
                self._settle(result_of(self.settings.settings_members, written, originals))
            self._changed()

    def _amend(self, control: Control) -> None:
        """Ask for what somebody else has set meanwhile, in place of what was there before."""
        keys, control.amended = control.amended, []
        if not keys:
            return
        self._busy = True
        try:
            changes = {key: control.written[key] for key in keys}
            self.settings.writer.change(changes, None, managed=Managed.START, only_if=control.guards())
        finally:
            self._busy = False

    def _do(self, control: Control, need: Need) -> None:
        if need is Need.READ and not self._reading:
            self._reading = True
            self.settings.config_entry.async_create_background_task(
                self.settings.hass, self._async_read(), f"{self.settings.name} battery control"
            )
        elif need is Need.WRITE:
            self._go_back(control)

    async def _async_read(self) -> None:
        """Read what became of a write of which nobody knows."""
        try:
            await self.settings.async_read()
        except EnercloError as err:
            self._reading = False
            self._failed(err)
        finally:
            self._reading = False
        self._look()

    @callback
    def _go_back(self, control: Control) -> None:
        """Ask for the values from before, those that go with the rest; the others have to wait."""
        settings = self.settings
        try:
            writer = settings.writer
            changes = compatible(writer.changeable(), control.back(self._view()), writer.upcoming)
            self._busy = True
            future = writer.change(changes, None, managed=Managed.RETURN, only_if=control.guards())
        except SettingError as err:
            self._failed(refusal(settings.hass, settings.kind, settings.device.name, err))
            return
        except ServiceValidationError as err:
            self._failed(err)
            return
        finally:
            self._busy = False
        control.asked()
        future.add_done_callback(self._written)

    @callback
    def _written(self, future: asyncio.Future[ChangeResult]) -> None:
        """Tell those who wait for the way back that it has failed; the control itself looks at what was read."""
        if not future.cancelled() and (error := future.exception()) is not None:
            self._settle(error)

    def _failed(self, error: Exception) -> None:
        """Take note of a step that could not be made."""
        control = self._control
        if control is None or not self._running:
            return
        LOGGER.debug("%s: battery control: %s", self.settings.name, error)
        self._tell(control, control.failed(dt_util.utcnow()))
        self._set_timer(control.wake_at(self._view()))
        self._settle(error)
        self._changed()

    def _settle(self, result: ChangeResult | BaseException) -> None:
        """Answer those who wait for the way back."""
        over, self._over = self._over, None
        if over is None or over.done():
            return
        if isinstance(result, HomeAssistantError):
            over.set_exception(result)
        elif isinstance(result, BaseException):
            over.set_exception(HomeAssistantError(str(result)))
        else:
            over.set_result(result)

    def _changed(self) -> None:
        """Store and show the control."""
        control = self._control
        if control is None or not control.in_force:
            self._settle(ChangeResult(status={}))
        self._issue.show(control is not None and control.stuck, self.left, 0 if control is None else control.attempts)
        self.settings.async_save_soon()
        self._busy = True
        try:
            self.settings.async_update_listeners()
        finally:
            self._busy = False

    def _tell(self, control: Control, happenings: Iterable[Happening]) -> None:
        for item in happenings:
            LOGGER.debug("%s: battery control %s (%s)", self.settings.name, item.event, item.reason)
            if self.teller is not None:
                self.teller(item.event.value, texts_of(self.settings, control, item))

    def _set_timer(self, at: datetime | None) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
        if at is not None and self._running:
            self._cancel_timer = async_track_point_in_utc_time(self.settings.hass, self._wake, at)

    @callback
    def _wake(self, now: datetime) -> None:
        self._cancel_timer = None
        self._look(now)


def _same_wish(earlier: Control, control: Control) -> bool:
    """Return whether a control only goes on for longer, with the same settings."""
    kept = {key: value for key, value in earlier.written.items() if key not in earlier.released}
    return kept == control.written
