"""The blueprints of other languages, and for each language a page to import them from."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote

import yaml

from script._languages import dump, lacking, others

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


@cache
def text_nodes(blueprint: str) -> list[yaml.ScalarNode]:
    """Return the texts of a blueprint, in the order of the file."""
    return [
        node
        for path, node in _scalars(yaml.compose(blueprint, yaml.SafeLoader))
        if (path[0] == "blueprint" and path[-1] in _OF_FORM)
        or path[-1] == "alias"
        or _OF_MESSAGES.intersection(path[-2:-1])
    ]


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
    for node in reversed(text_nodes(blueprint)):
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


def page(language: str, texts: Mapping[str, str]) -> str:
    """Return the page of a language: what each blueprint does, and the link that imports it."""
    parts = [f"<!-- Written by script/generate. -->\n\n# Blueprints\n\n{texts.get(INTRODUCTION, INTRODUCTION)}\n"]
    for source in sources():
        name, description, *_ = (texts.get(node.value, node.value) for node in text_nodes(source.read_text("utf-8")))
        link = f"{IMPORT}{quote(address(_of(language, source)), safe='')}"
        parts.append(f"## {name.removeprefix('ATESS: ')}\n\n{description}\n\n[{texts.get(LINK, LINK)}]({link})\n")
    return "\n".join(parts)


def _of(language: str, source: Path) -> Path:
    """Return where an English blueprint stands in another language."""
    return BLUEPRINTS / language / source.relative_to(BLUEPRINTS)


def generate() -> tuple[dict[Path, str], dict[Path, list[str]]]:
    """Return the files of all other languages, and the English texts that each does not have."""
    files: dict[Path, str] = {}
    missing: dict[Path, list[str]] = {}
    all_texts = english()
    for path, texts in others(TRANSLATIONS / "en.json", all_texts).items():
        language = path.stem
        files[path] = dump(texts)
        missing[path] = lacking(all_texts, texts)
        for source in sources():
            own = _of(language, source)
            content = translated(source.read_text("utf-8"), texts).replace(address(source), address(own))
            files[own] = f"# Written by script/generate from {source.as_posix()}.\n{content}"
        files[PAGES / f"{language}.md"] = page(language, texts)
    return files, missing
