"""Writes entity texts and references from the catalogue, blueprints of other languages, and keeps these in step."""

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from custom_components.atess.catalogue import (
    ACCOUNT,
    DERIVED,
    FAULTS,
    FIELDS,
    PLANT,
    Definition,
    Field,
)
from custom_components.atess.catalogue.settings import Danger, Setting, SettingType, settings_of
from custom_components.atess.enerclo.model import Kind
from custom_components.atess.readings.rules import ASSUMED, RULES, Rule
from script import _blueprints
from script._languages import dump, lacking, others
from script._texts import SEVERITIES, Json, renewed

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
    Kind.HPS_STRING: "Small hybrid inverters, such as HPS5KTLS to HPS40KTL.",
    Kind.HPS_CENTRAL: "Cabinet-sized hybrid inverters, such as HPS30 to HPS250 and the HV models.",
    Kind.PCS: "Battery inverter. It does not count solar energy. The PBD on its DC bus does.",
    Kind.PBD: "Solar controller that feeds the DC bus of a PCS.",
    Kind.BCU: "Control unit of one battery string.",
    Kind.MBMS: "Master battery management system of several BCUs.",
}
SETTING_ENTITIES = {
    SettingType.NUMBER: "number",
    SettingType.SELECT: "select",
    SettingType.SWITCH: "switch",
    SettingType.WINDOW: "two times",
}
DANGERS = {Danger.SAFE: "homeowner", Danger.INSTALLER: "installer", Danger.SAFETY: "nobody"}
# How many missing texts of a language are named.
MOST = 5
GENERATED = "<!-- Written by script/generate from the catalogue. -->\n"

PLANT_TEXT = """\
# Plant

Totals of all devices in an account. Power and energy values are the sums of the values of the devices.
"""
GUARDS_TEXT = """\
# Guards

Guards are the rules that check every value before it is shown. Each guard has a number, which diagnostics and the code
use. [Numbers you can trust](trust.md) explains the guards in plain words.

- **N** is the nominal power in kW, from the cloud or the model name. If neither is known, N is {assumed}.
- **R** is the largest possible rise of a counter in h hours: 3 N h + 1 kWh.
- **No value** means that the entity is unavailable for that sample.

The guards are applied in this order: G20, then G1, G2, and G15 on power values, then the guards of single values, then
G8, G21, G22, counters (G12 to G14a), differences of the device (G16, G17), and values computed from several values or
devices.
"""
COMPUTED_TEXT = """
## Computed values

Signs follow Home Assistant: positive is discharging and importing. At most one power value is computed from the others,
and all of them come from the same sample. Samples of two devices are combined if they are at most 10 minutes apart.

| Value | Source |
| --- | --- |
| PV power | The total if the device sends one, otherwise the sum of its inputs. |
| Battery power | As sent. If the device sends the inverter output: that value minus PV power. If missing: \
load - PV + export. For a PCS: its DC side power minus the output of its PBDs, or the DC side power alone if the \
charge counters indicate that. |
| Grid power | As sent, with the sign reversed. If missing: load - PV - battery. |
| Load power | As sent. If missing: PV + battery - export, never below 0. |
| State of charge | From the MBMS, otherwise the mean of the BCUs, otherwise the device's own value. An attribute \
lists the source devices. |
"""
FAULTS_TEXT = """\
# Faults

Devices report faults as bits of fault words. The tables list the meaning of each bit. The severity levels are defined
by this project:

- **Fault**: The device needs service.
- **Protection**: The device stopped because of an external condition. It usually restarts automatically.
- **Warning**: The device continues to work.

A bit that is not listed here is shown as `reserved_<word>_<bit>` and counts as a warning. BCU and MBMS devices do not
send fault words.
"""
INDEX_TEXT = """\
# Entities

These pages list the entities in Home Assistant. There is one page for each device type.

{devices}- [Plant](plant.md): Totals of all devices.
- [Faults](faults.md): The list of faults.

An entity is created when the device first reports its value, so no system has all of them. You can enable disabled
entities on the device page. Values that are not in these lists become disabled entities. Their name is **Raw**,
followed by the cloud's name of the value.

## Columns

- **Member**: The cloud's name of the value. *Computed* means that this integration calculates it.
- **How well known**: The first word says whether the device sends the value: *documented* by the vendor, or a
  *candidate* that is expected but not confirmed. The second word says how well its meaning is known: *documented* by
  the vendor, *strong* evidence, *inferred* from the name, or *unknown*. A single word applies to both.

Settings have their own columns. A setting is a control only if [changing settings](../settings.md) is allowed and its
key is certain. A key is certain if it is *documented* by the vendor, or if it was *guessed* and you confirmed it.
Otherwise, the setting is a sensor. The same is true for settings that cannot be changed from Home Assistant. Settings
for homeowners are enabled by default. **Key** is the name to use in actions.
"""


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
    text = GUARDS_TEXT.format(assumed=f"{string:g} for a string HPS and {other:g} for other devices")
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
    english = renewed(json.loads(TRANSLATIONS.read_text("utf-8")) if TRANSLATIONS.exists() else {})
    languages = {TRANSLATIONS: english} | others(TRANSLATIONS, english)
    files, missing = _blueprints.generate()
    files |= {path: dump(texts) for path, texts in languages.items()}
    missing |= {path: lacking(english, texts) for path, texts in languages.items()}
    for path, texts in missing.items():
        if texts:
            names = "; ".join(texts[:MOST])
            print(f"generate: {path} shows English for {len(texts)} of the texts: {names}", file=sys.stderr)
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
