"""Show what is done to the battery, as a sensor and as events, and a button that ends it."""

from collections.abc import Callable
from functools import partial
from typing import Any, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.event import EventEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..control.change import OfSettings, ToldEvent, async_add_when_changeable
from ..entity import AtessEntity
from ..runtime import AtessConfigEntry
from .controller import BatteryControl
from .recipes import KINDS, Verb
from .terms import Event

KEY = "battery_control"
RESUME_KEY = "resume_battery_control"
NONE = "none"


class BatteryControlSensor(OfSettings, SensorEntity):
    """Show what the battery is made to do, until when, and whether a person asked for it."""

    _unrecorded_attributes = frozenset({"until"})

    def __init__(self, control: BatteryControl) -> None:
        """Describe the sensor."""
        description = SensorEntityDescription(
            key=KEY,
            translation_key=KEY,
            device_class=SensorDeviceClass.ENUM,
            options=[NONE, *(verb.value for verb in Verb)],
        )
        super().__init__(control.settings, description)
        self._control = control

    @property
    @override
    def native_value(self) -> str:
        """What is, or may be, in force."""
        return NONE if self._control.current is None else self._control.current.verb.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Stage, end, power in kW, target in percent, and who asked."""
        return self._control.attributes


class ResumeButton(AtessEntity, ButtonEntity):
    """End what the battery is made to do."""

    def __init__(self, control: BatteryControl) -> None:
        """Describe the button."""
        super().__init__(control.settings, ButtonEntityDescription(key=RESUME_KEY, translation_key=RESUME_KEY))
        self._control = control

    @property
    @override
    def available(self) -> bool:
        """Whether there is something to end."""
        return self._control.current is not None

    @override
    async def async_press(self) -> None:
        """Go back to what was before; the sensor shows the progress."""
        self._control.resume()


class BatteryControlEvent(ToldEvent):
    """A control of the battery that has started, ended, or failed."""

    def __init__(self, control: BatteryControl) -> None:
        """Describe the event."""
        description = EventEntityDescription(key=KEY, translation_key=KEY, event_types=[event.value for event in Event])
        super().__init__(control.settings, control, description)


@callback
def async_add_battery_control(
    entry: AtessConfigEntry,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    new: Callable[[BatteryControl], Entity],
    key: str = KEY,
) -> None:
    """Create the entity of every device with a battery whose settings may be changed; else remove it."""
    for subentry_id, coordinator in entry.runtime_data.settings.items():
        if coordinator.kind in KINDS:
            control = entry.runtime_data.battery_controls[subentry_id]
            async_add_when_changeable(coordinator, platform, async_add_entities, partial(new, control), key)
