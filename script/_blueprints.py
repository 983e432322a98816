"""The blueprints of other languages, and for each language a page to import them from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import yaml

from script._languages import in_step, lacking

BLUEPRINTS = Path("blueprints")
TRANSLATIONS = BLUEPRINTS / "translations"
PAGES = Path("docs/blueprints")
REPOSITORY = "https://github.com/atess-home-assistant/atess-home-assistant/blob/main"
IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
INTRODUCTION = (
    "Blueprints are automations and scripts that are ready to use. You only fill in a form. "
    "Select a link, then confirm the import."
)
LINK = "Import this blueprint"
# What of a blueprint people read: of its form, of the steps in a trace, and of messages.
_OF_FORM = {"name", "description", "label"}
_OF_MESSAGES = {"titles", "messages"}


def sources() -> list[Path]:
    """Return the English blueprints."""
    return sorted(path for domain in ("automation", "script") for path in (BLUEPRINTS / domain).rglob("*.yaml"))


def languages() -> dict[str, Path]:
    """Return the file of texts of each other language."""
    return {path.stem: path for path in sorted(TRANSLATIONS.glob("*.json"))}


def text_nodes(blueprint: str) -> Iterator[yaml.ScalarNode]:
    """Return each text of a blueprint, in the order of the file."""
    for path, node in _scalars(yaml.compose(blueprint, yaml.SafeLoader)):
        of_form = path[0] == "blueprint" and path[-1] in _OF_FORM
        if of_form or path[-1] == "alias" or _OF_MESSAGES.intersection(path[-2:-1]):
            yield node


def _scalars(node: yaml.Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], yaml.ScalarNode]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, path)
    elif isinstance(node, yaml.ScalarNode):
        yield path, node


def english() -> dict[str, str]:
    """Return every text of the blueprints and of their pages, by itself."""
    texts = [node.value for path in sources() for node in text_nodes(path.read_text("utf-8"))]
    return {text: text for text in (*texts, INTRODUCTION, LINK)}


def translated(blueprint: str, texts: Mapping[str, str]) -> str:
    """Return a blueprint with other texts; those that are missing stay as they are."""
    for node in reversed(list(text_nodes(blueprint))):
        start, end = node.start_mark.index, node.end_mark.index
        written = blueprint[start:end]
        space = written[len(written.rstrip()) :]
        if node.value in texts:
            text = json.dumps(texts[node.value], ensure_ascii=False)
            blueprint = f"{blueprint[:start]}{text}{space}{blueprint[end:]}"
    return blueprint


def address(path: Path) -> str:
    """Return where a blueprint is imported from."""
    return f"{REPOSITORY}/{path.as_posix()}"


def page(texts: Mapping[str, str], blueprints: Mapping[Path, str]) -> str:
    """Return the page of a language: what each blueprint does, and the link that imports it."""
    parts = [f"# Blueprints\n\n{texts.get(INTRODUCTION, INTRODUCTION)}\n"]
    for path, blueprint in blueprints.items():
        name, description, *_ = (node.value for node in text_nodes(blueprint))
        link = f"{IMPORT}{quote(address(path), safe='')}"
        parts.append(f"## {name.removeprefix('ATESS: ')}\n\n{description}\n\n[{texts.get(LINK, LINK)}]({link})\n")
    return "\n".join(parts)


def generate() -> tuple[dict[Path, str], dict[Path, list[str]]]:
    """Return the files of all other languages, and the English texts that each does not have."""
    files: dict[Path, str] = {}
    missing: dict[Path, list[str]] = {}
    all_texts = english()
    for language, path in languages().items():
        texts = in_step(all_texts, json.loads(path.read_text("utf-8")))
        files[path] = json.dumps(texts, indent=2, ensure_ascii=False) + "\n"
        missing[path] = lacking(all_texts, texts)
        blueprints: dict[Path, str] = {}
        for source in sources():
            own = BLUEPRINTS / language / source.relative_to(BLUEPRINTS)
            content = translated(source.read_text("utf-8"), texts).replace(address(source), address(own))
            blueprints[own] = f"# Written by script/generate from {source.as_posix()}.\n{content}"
        files |= blueprints
        files[PAGES / f"{language}.md"] = f"<!-- Written by script/generate. -->\n\n{page(texts, blueprints)}"
    return files, missing
