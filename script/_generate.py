"""Writes the translations of entities and the entity reference from the catalogue."""

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
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
from custom_components.atess.catalogue.settings import SETTINGS, Danger, Setting, SettingType, settings_of
from custom_components.atess.enerclo.model import Kind
from custom_components.atess.readings.rules import ASSUMED, RULES, Rule

TRANSLATIONS = Path("custom_components/atess/translations/en.json")
PAGES = Path("docs/entities")
GUARDS = Path("docs/guards.md")
DESCRIPTIONS = PAGES / "descriptions.toml"

TITLES: Mapping[Kind, str] = {
    Kind.HPS_STRING: "String HPS",
    Kind.HPS_CENTRAL: "Central HPS",
    Kind.PCS: "PCS",
    Kind.PBD: "PBD",
    Kind.BCU: "BCU",
    Kind.MBMS: "MBMS",
}
INTRODUCTIONS: Mapping[Kind, str] = {
    Kind.HPS_STRING: "The small hybrid inverters, such as HPS5KTLS to HPS40KTL.",
    Kind.HPS_CENTRAL: "The cabinet-sized hybrid inverters, such as HPS30 to HPS250 and the HV models.",
    Kind.PCS: "The battery inverter. It counts no solar energy: that is counted by the PBD on its DC bus.",
    Kind.PBD: "The solar controller that feeds the DC bus of a PCS.",
    Kind.BCU: "The control unit of one battery string.",
    Kind.MBMS: "The master battery management over several BCUs.",
}
BINARY_STATES = {
    "discharging": {"off": "Not discharging", "on": "Discharging"},
    "flag": {"off": "Absent", "on": "Present"},
}
SETTING_ENTITIES = {
    SettingType.NUMBER: "number",
    SettingType.SELECT: "select",
    SettingType.SWITCH: "switch",
    SettingType.WINDOW: "two times",
}
DANGERS = {Danger.SAFE: "homeowner", Danger.INSTALLER: "installer", Danger.SAFETY: "nobody from here"}
CONTROLS = ("number", "select", "switch", "time")
SEVERITIES = {Severity.FAULT: "Fault", Severity.PROTECTION: "Protection", Severity.WARNING: "Warning"}
GENERATED = "<!-- Written by script/generate from the catalogue. -->\n"

PLANT_TEXT = """\
# Plant

All devices of an account together: powers and energies are sums over the devices.
"""
GUARDS_TEXT = """\
# Guards

The rules by which every value is judged before it is shown, by the numbers under which diagnostics count them and the
code names them. [Numbers one can trust](trust.md) tells what they do for you.

N is the nominal power in kW, from the cloud or the model's name; if neither tells it, {assumed}. R is by how much a
counter can rise in h hours: 3 N h + 1 kWh. A value that is "no value" makes its entity unavailable for that sample.

Guards act in this order: G20, G1, G2 and G15 on powers, then those of the single values, G8, G21, G22, counters (G12 to
G14a), what a device is known for (G16, G17), and what is computed from several values or devices.
"""
COMPUTED_TEXT = """
## Computed values

Signs are those of Home Assistant: + is discharging and importing. At most one power is computed from the others, all
of the same sample; samples of two devices are combined if they are at most 10 minutes apart.

| value | how |
| --- | --- |
| PV power | the total if the device sends one, else the sum of its inputs |
| Battery power | as sent; for inverter output less PV power; missing: load - PV + export. A PCS: its DC side power \
less what its PBDs deliver, or alone, as its charge counters say |
| Grid power | as sent with the sign turned; missing: load - PV - battery |
| Load power | as sent; missing: PV + battery - export, never below 0 |
| State of charge | of the MBMS, else the mean of the BCUs, else the device's own; an attribute names the devices |
"""
FAULTS_TEXT = """\
# Faults

What the fault words of the devices say, bit by bit. The grading is this project's:

- **Fault**: needs service.
- **Protection**: the unit stopped for a reason outside of it, and usually starts again by itself.
- **Warning**: the unit goes on working.

A bit that is missing here is shown as `reserved_<word>_<bit>` and counts as a warning. BCU and MBMS send no fault
words.
"""
INDEX_TEXT = """\
# Entities

What you may see in Home Assistant, one page per kind of device.

{devices}- [Plant](plant.md): all devices together.
- [Faults](faults.md): the list of faults.

An entity comes into being when the device first reports its value, so no system shows all of them. Those that are
disabled by default can be enabled on the device's page. Values that this list does not know appear as disabled entities
named *Raw*, followed by the cloud's name of the value.

## Columns

- **Member**: the cloud's name of the value; *computed*: this integration works it out.
- **How well known**: first whether the device sends it, *documented* by the vendor or a *candidate* that is expected
  and not confirmed; then its meaning, *documented* by the vendor, with *strong* evidence, *inferred* from the name, or
  *unknown*. One word holds for both.

The settings have columns of their own. A setting is a control only if [changing settings](../settings.md) is allowed
and its key is known for certain: *documented* by the vendor, or *guessed* and then confirmed by you. Until then, and
for what nobody changes from here, it is a sensor. Those of the homeowner are enabled by default. *Key* is the name for
actions.
"""

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
CHANGE_EVENTS = {"confirmed": "Confirmed", "failed": "Failed", "moved": "Changed elsewhere"}
FAILURE_REASONS = {
    "moved": "Other settings changed too",
    "not_read": "Settings could not be read",
    "not_sent": "Not sent",
    "not_taken": "Not applied by the device",
    "refused": "Rejected by the cloud",
    "unconfirmed": "Could not be confirmed",
}
POLLING = {
    "data_age": "Data age at arrival",
    "next_poll": "Next poll",
    "polling_interval": "Polling interval",
    "requests_today": "Requests today",
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
    events = {"fault": fault_event(), "settings_change": settings_event()}
    texts: dict[str, Json] = {"binary_sensor": {}, "event": events, "sensor": {"settings_change": settings_sensor()}}
    texts["sensor"]["raw"] = {"name": "Raw {member}"}
    texts["sensor"] |= {key: {"name": name} for key, name in POLLING.items()}
    for definition in catalogue():
        text = texts[definition.platform].setdefault(definition.key, {"name": definition.name})
        if isinstance(definition, Field) and definition.enumeration is not None:
            states = {choice.key: choice.label for choice in definition.enumeration.choices}
            text["state"] = text.get("state", {}) | states
        elif definition.quantity.name in BINARY_STATES:
            text["state"] = BINARY_STATES[definition.quantity.name]
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
            short = setting.name.replace(" period ", " ")  # a device's page cuts off what is longer
            for edge in ("start", "end"):
                texts["time"][f"{setting.key}_{edge}"] = {"name": f"{short} {edge}"}
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


def translations() -> str:
    """Return en.json with the entities' texts renewed and all else as it is."""
    current: Json = json.loads(TRANSLATIONS.read_text("utf-8")) if TRANSLATIONS.exists() else {}
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
    return json.dumps(current, indent=2, ensure_ascii=False) + "\n"


class Descriptions:
    """What entities are in plain words: a text for all devices, and texts of a page where they differ."""

    def __init__(self, path: Path) -> None:
        """Read the texts."""
        self._texts: Json = tomllib.loads(path.read_text("utf-8"))
        self._used: set[tuple[str, str]] = set()

    def of(self, page: str, key: str) -> str:
        """Return the text of an entity on a page; raises KeyError if there is none."""
        own = self._texts.get(page, {})
        self._used.add((page, key) if key in own else ("", key))
        text: str = own[key] if key in own else self._texts[key]
        return text

    def unused(self) -> list[str]:
        """Return the texts that no page asked for."""
        written = {("", key) for key, text in self._texts.items() if isinstance(text, str)}
        written |= {(page, key) for page, texts in self._texts.items() if isinstance(texts, dict) for key in texts}
        return sorted(".".join(filter(None, item)) for item in written - self._used)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def kind_page(kind: Kind, descriptions: Descriptions) -> str:
    """Return the page of a kind of device: every entity once, those on by default first."""
    entities: dict[str, Definition] = {definition.key: definition for definition in DERIVED[kind]}
    members: dict[str, list[Field]] = {}
    for field in FIELDS[kind]:
        if field.has_entity:
            entities.setdefault(field.key, field)
            members.setdefault(field.key, []).append(field)
    rows = [
        [
            definition.name,
            definition.quantity.unit or "",
            descriptions.of(kind.value, key),
            ", ".join(f"`{field.member}`" for field in members.get(key, [])) or "computed",
            known(members.get(key, [])),
        ]
        for key, definition in entities.items()
    ]
    shown = [row for row, definition in zip(rows, entities.values(), strict=True) if definition.enabled]
    hidden = [row for row, definition in zip(rows, entities.values(), strict=True) if not definition.enabled]
    head = ["Entity", "Unit", "What it is", "Member", "How well known"]
    return (
        f"{GENERATED}\n# {TITLES[kind]}\n\n{INTRODUCTIONS[kind]}\n"
        "[What the columns mean](README.md#columns).\n\n"
        f"## Enabled by default\n\n{table(head, sorted(shown))}\n"
        f"## Disabled by default\n\n{table(head, sorted(hidden))}\n"
        f"## Settings\n\n{settings_table(kind)}"
    )


def settings_table(kind: Kind) -> str:
    """Return what is shown of the settings that a kind of device may hold, those of the homeowner first."""
    rows = [
        (
            list(Danger).index(setting.danger),
            [
                setting.name,
                f"`{setting.key}`",
                "sensor" if setting.danger is Danger.SAFETY else SETTING_ENTITIES[setting.type],
                setting.unit or "",
                setting_range(setting),
                DANGERS[setting.danger],
                f"`{setting.spellings[0]}`, documented"
                if kind in setting.documented
                else "guessed"
                if setting.spellings or setting.words
                else "not known",
            ],
        )
        for setting in settings_of(kind).values()
        if not setting.hidden
    ]
    head = ["Setting", "Key", "Shown as", "Unit", "Range", "Who changes it", "Cloud's key"]
    return table(head, (row for _, row in sorted(rows)))


def setting_range(setting: Setting) -> str:
    """Return the values that a setting takes."""
    if setting.type is SettingType.SWITCH:
        return "on, off"
    if setting.enumeration is not None:
        return ", ".join(choice.label for choice in setting.enumeration.choices)
    if setting.type is SettingType.WINDOW:
        return "00:00 to 24:00"
    if setting.low is None or setting.high is None:
        return "not known"
    step = f", step {setting.step:g}" if setting.step else ""
    return f"{setting.low:g} to {setting.high:g}{step}{', at most the nominal power' if setting.nominal else ''}"


def known(fields: list[Field]) -> str:
    """Return how well a value is known: sent for certain or not, and its meaning."""
    if not fields:
        return ""
    field = fields[0]
    words = [field.presence.value] if field.presence.value == field.meaning.value else [field.presence, field.meaning]
    return ", ".join(words)


def system_page(descriptions: Descriptions) -> str:
    """Return the page of the plant and the account."""
    rows = [
        [item.name, item.quantity.unit or "", descriptions.of("plant", item.key), "yes" if item.enabled else "no"]
        for item in (*PLANT, *ACCOUNT)
    ]
    return f"{GENERATED}\n{PLANT_TEXT}\n{table(['Entity', 'Unit', 'What it is', 'Enabled by default'], rows)}"


def faults_page() -> str:
    """Return the list of faults."""
    parts = [f"{GENERATED}\n{FAULTS_TEXT}"]
    for title, kind in (("HPS and PCS", Kind.HPS_CENTRAL), ("PBD", Kind.PBD)):
        rows = [[fault.code, fault.label, SEVERITIES[fault.severity], f"`{fault.key}`"] for fault in FAULTS[kind]]
        parts.append(f"\n## {title}\n\n{table(['Code', 'Fault', 'Severity', 'Key'], rows)}")
    return "".join(parts)


def guards_page() -> str:
    """Return the list of guards."""
    string, other = ASSUMED[Kind.HPS_STRING], ASSUMED[Kind.PCS]
    text = GUARDS_TEXT.format(assumed=f"{string:g} for a string HPS and {other:g} for the rest")
    rows = [[rule.number, rule.values, rule.rule, examples(rule)] for rule in RULES]
    return f"{GENERATED}\n{text}\n{table(['', 'Values', 'Rule', 'Sent: shown'], rows)}{COMPUTED_TEXT}"


def examples(rule: Rule) -> str:
    """Return the examples of a guard."""
    return "; ".join(f"{sent}: {'no value' if shown is None else shown}" for sent, shown in rule.examples)


def index_page() -> str:
    """Return the index of the reference."""
    devices = "".join(f"- [{TITLES[kind]}]({kind.value}.md): {INTRODUCTIONS[kind]}\n" for kind in Kind)
    return f"{GENERATED}\n{INDEX_TEXT.format(devices=devices)}"


def generate() -> dict[Path, str]:
    """Return every generated file by path; raises SystemExit if the descriptions do not fit the catalogue."""
    descriptions = Descriptions(DESCRIPTIONS)
    files = {TRANSLATIONS: translations()}
    try:
        files |= {PAGES / f"{kind.value}.md": kind_page(kind, descriptions) for kind in Kind}
        files[PAGES / "plant.md"] = system_page(descriptions)
    except KeyError as err:
        raise SystemExit(f"generate: {DESCRIPTIONS} has no text for {err}") from err
    if unused := descriptions.unused():
        raise SystemExit(f"generate: {DESCRIPTIONS} has texts for no entity: {', '.join(unused)}")
    files[PAGES / "faults.md"] = faults_page()
    files[PAGES / "README.md"] = index_page()
    files[GUARDS] = guards_page()
    return files


def main(arguments: list[str]) -> int:
    """Write the files, or with --check only name those that are not up to date."""
    stale = {path: text for path, text in generate().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        print(f"generate: {path} {'is not up to date' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
