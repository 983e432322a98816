"""The English texts of entities, from the catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any

from custom_components.atess.catalogue import (
    ACCOUNT,
    DERIVED,
    FAULTS,
    FIELDS,
    PLANT,
    Definition,
    Field,
    Severity,
)
from custom_components.atess.catalogue.faults import STATE_FAULTS
from custom_components.atess.catalogue.settings import SETTINGS, Danger, SettingType
from custom_components.atess.enerclo.model import Kind

BINARY_STATES = {
    "discharging": {"off": "Not discharging", "on": "Discharging"},
    "flag": {"off": "Absent", "on": "Present"},
}
KEY_STATES = {"generator_selected": {"off": "Not selected", "on": "Selected"}}
# A device's page sorts by name: what comes first has to come first in the alphabet too.
TIME_WORDS = {"start": "from", "end": "to"}
CONTROLS = ("number", "select", "switch", "time")
SEVERITIES = {Severity.FAULT: "Fault", Severity.PROTECTION: "Protection", Severity.WARNING: "Warning"}

CHANGE_STAGES = {
    "idle": "Idle",
    "waiting": "Waiting",
    "checking": "Checking",
    "confirmed": "Confirmed",
    "failed": "Failed",
}
CHANGE_ATTRIBUTES: Mapping[str, Any] = {
    "from": {"name": "Old value"},
    "to": {"name": "New value"},
    "until": {"name": "Until"},
    "what": {"name": "Setting"},
}
GRID_EVENT: Mapping[str, Any] = {
    "name": "Grid",
    "state_attributes": {
        "event_type": {"state": {"back": "Back", "lost": "Lost"}},
        "minutes": {"name": "Minutes lost"},
        "since": {"name": "Since"},
    },
}
CHANGE_EVENTS = {"confirmed": "Confirmed", "failed": "Failed", "moved": "Changed elsewhere"}
FAILURE_REASONS = {
    "moved": "Other settings changed too",
    "not_read": "Settings could not be read",
    "not_sent": "Not sent",
    "not_taken": "Not applied by the device",
    "refused": "Rejected by the cloud",
    "unconfirmed": "Could not be confirmed",
}
BATTERY_CONTROL = {
    "none": "None",
    "charging": "Charging",
    "discharging": "Discharging",
    "holding": "Holding",
}
BATTERY_STAGES = {"starting": "Starting", "active": "Active", "ending": "Ending"}
BATTERY_EVENTS = {
    "started": "Started",
    "ended": "Ended",
    "ended_by_change": "Ended by a change",
    "failed": "Failed",
}
BATTERY_REASONS = {
    "changed": "A setting was changed elsewhere",
    "end": "The settings could not be set back",
    "late": "The device applied the change late",
    "resumed": "Ended on request",
    "start": "The settings could not be set",
    "target": "State of charge reached",
    "time": "End reached",
}
POLLING = {
    "data_age": "Data age at arrival",
    "next_poll": "Next poll",
    "polling_interval": "Polling interval",
    "requests_today": "Requests today",
    "history_import": "History import",
}
IMPORT_ATTRIBUTES = {
    "day": {"name": "Next day"},
    "expected_end": {"name": "Expected end"},
    "rows": {"name": "Rows"},
    "status": {
        "name": "Status",
        "state": {
            "canceled": "Canceled",
            "complete": "Complete",
            "paused": "Paused",
            "running": "Running",
            "waiting": "Waiting for statistics",
        },
    },
}

# The tick in the form of the homeowners' settings, whose label is written by hand.
CONF_MATCH_INSTALLER = "match_installer"

type Json = dict[str, Any]


def catalogue() -> Iterable[Definition]:
    """Return every definition that can become an entity, the ones that name a shared key first."""
    for kind in Kind:
        yield from DERIVED[kind]
        yield from (field for field in FIELDS[kind] if field.has_entity)
    yield from PLANT
    yield from ACCOUNT


def entity_texts() -> Json:
    """Return the names and states of all entities, by platform and translation key."""
    events = {
        "battery_control": battery_event(),
        "fault": fault_event(),
        "grid": GRID_EVENT,
        "settings_change": settings_event(),
    }
    sensors = {"battery_control": battery_sensor(), "settings_change": settings_sensor()}
    texts: dict[str, Json] = {"binary_sensor": {}, "event": events, "sensor": sensors}
    texts["sensor"]["raw"] = {"name": "Raw {member}"}
    texts["sensor"] |= {key: {"name": name} for key, name in POLLING.items()}
    texts["sensor"]["history_import"]["state_attributes"] = IMPORT_ATTRIBUTES
    for definition in catalogue():
        text = texts[definition.platform].setdefault(definition.key, {"name": definition.name})
        if isinstance(definition, Field) and definition.enumeration is not None:
            states = {choice.key: choice.label for choice in definition.enumeration.choices}
            text["state"] = text.get("state", {}) | states
        elif definition.quantity.name in BINARY_STATES:
            text["state"] = KEY_STATES.get(definition.key, BINARY_STATES[definition.quantity.name])
    texts["sensor"]["active_faults"]["state_attributes"] = {
        "codes": {"name": "Codes"},
        "faults": {"name": "Faults", "state": fault_labels()},
    }
    for platform, entities in setting_texts().items():
        texts[platform] = texts.get(platform, {}) | entities
    return {platform: dict(sorted(entities.items())) for platform, entities in sorted(texts.items())}


def setting_texts() -> Json:
    """Return the names and states of the entities of settings: each is a sensor, and a control if that may be."""
    texts: dict[str, Json] = {"number": {}, "select": {}, "sensor": {}, "switch": {}, "time": {}}
    texts["sensor"]["setting_raw"] = {"name": "Raw setting {member}"}
    for setting in SETTINGS:
        if setting.hidden:
            continue
        name: Json = {"name": setting.name}
        states = {item.key: item.label for item in setting.enumeration.choices} if setting.enumeration else {}
        if setting.type is SettingType.SWITCH:
            texts["sensor"][setting.key] = name | {"state": {"off": "Off", "on": "On"}}
        else:
            texts["sensor"][setting.key] = name | ({"state": states} if states else {})
        if setting.danger is Danger.SAFETY:
            continue
        if setting.type is SettingType.WINDOW:
            tariff, _, number = setting.name.split()
            for edge, word in TIME_WORDS.items():
                # With a 12-hour clock, a phone shows four letters beside the hours and minutes.
                text = f"{tariff[0]}{number} {word} ({tariff.lower()})"
                texts["time"][f"{setting.key}_{edge}"] = {"name": text}
        else:
            texts[setting.type.value][setting.key] = name | ({"state": states} if states else {})
    return texts


def settings_sensor() -> Json:
    """Return the texts of the sensor that shows what becomes of a change of settings."""
    return {"name": "Settings change", "state": CHANGE_STAGES, "state_attributes": CHANGE_ATTRIBUTES}


def settings_event() -> Json:
    """Return the texts of the event entity that fires when a change of settings ends."""
    types = {"event_type": {"state": CHANGE_EVENTS}, "error": {"name": "Error"}}
    reasons = {"reason": {"name": "Reason", "state": FAILURE_REASONS}}
    texts = {name: text for name, text in CHANGE_ATTRIBUTES.items() if name != "until"}
    return {"name": "Settings change", "state_attributes": dict(sorted((types | reasons | texts).items()))}


def battery_sensor() -> Json:
    """Return the texts of the sensor that shows what the battery is made to do."""
    return {
        "name": "Battery control",
        "state": BATTERY_CONTROL,
        "state_attributes": {
            "by": {"name": "Requested by", "state": {"automation": "Automation", "user": "User"}},
            "power": {"name": "Power"},
            "soc": {"name": "State of charge"},
            "stage": {"name": "Stage", "state": BATTERY_STAGES},
            "until": {"name": "Until"},
        },
    }


def battery_event() -> Json:
    """Return the texts of the event entity that fires when a control of the battery starts, ends, or fails."""
    return {
        "name": "Battery control",
        "state_attributes": {
            "control": {"name": "Control", "state": BATTERY_CONTROL},
            "event_type": {"state": BATTERY_EVENTS},
            "reason": {"name": "Reason", "state": BATTERY_REASONS},
            "settings": {"name": "Settings"},
        },
    }


def setting_labels(*dangers: Danger) -> dict[str, str]:
    """Return what each setting is called, by key."""
    return {item.key: item.name for item in SETTINGS if item.danger in dangers and not item.hidden}


def fault_labels() -> dict[str, str]:
    """Return what each fault is called, by key."""
    faults = {fault.key: fault.label for kind in Kind for fault in FAULTS[kind]}
    faults |= {f"state_{state}": label for state, label in STATE_FAULTS.items()}
    return dict(sorted(faults.items()))


def fault_event() -> Json:
    """Return the texts of the event entity that fires when a fault appears or clears."""
    return {
        "name": "Fault",
        "state_attributes": {
            "code": {"name": "Code"},
            "event_type": {"state": {"appeared": "Appeared", "cleared": "Cleared"}},
            "fault": {"name": "Fault", "state": fault_labels()},
            "severity": {"name": "Severity", "state": {key.value: label for key, label in SEVERITIES.items()}},
        },
    }


def renewed(current: Json) -> Json:
    """Return the English texts: those of the entities renewed and all else as it is."""
    entity: Json = current.get("entity", {})
    texts = entity_texts()
    for platform in CONTROLS:
        # Controls that are not settings are written by hand.
        texts[platform] = dict(sorted((entity.get(platform, {}) | texts[platform]).items()))
    current["entity"] = entity | texts
    steps: Json = current.get("config_subentries", {}).get("device", {}).get("step", {})
    if "match_settings" in steps:
        ticks = {name: text for name, text in steps["match_settings"]["data"].items() if name == CONF_MATCH_INSTALLER}
        steps["match_settings"]["data"] = setting_labels(Danger.SAFE) | ticks
    if "match_installer" in steps:
        steps["match_installer"]["sections"]["other"]["data"] = setting_labels(Danger.INSTALLER)
    if "selector" in current:
        current["selector"]["setting"] = {"options": setting_labels(Danger.SAFE, Danger.INSTALLER)}
    return current
