"""Every step, error and abort of the flows has its text, and no text is without one."""

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import voluptuous as vol

from custom_components.atess.coordinator import _ERROR_KEYS
from custom_components.atess.corrections import corrections_section
from custom_components.atess.enerclo import EnercloError, Kind
from custom_components.atess.flows import forms
from custom_components.atess.flows.forms import FormError
from custom_components.atess.repairs import DoubleCountingFlow, FailedChangeFlow, StuckControlFlow, VerdictFlow

from . import INTEGRATION

# Home Assistant's own reasons, by the method that ends a flow with them; before 2026.10 it has no texts for them.
ENDS = {
    "_abort_if_unique_id_configured": {"already_configured"},
    "_get_reauth_entry": {"reauth_successful"},
    "_get_reconfigure_entry": {"reconfigure_successful"},
    "_get_reconfigure_subentry": {"reconfigure_successful"},
}
TEXTS: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
FIXES: dict[str, dict[str, Any]] = {
    name: texts["fix_flow"] for name, texts in TEXTS["issues"].items() if "fix_flow" in texts
}
ENERGY = {"energy_renamed": "RenamedFlow", "energy_double_counting": "DoubleCountingFlow"}
FAILED_CHANGES = {name for name in FIXES if name.startswith("settings_")}
STUCK = "battery_control_stuck"
FLOWS: dict[str, list[dict[str, Any]]] = {
    "AtessConfigFlow": [TEXTS["config"]],
    "DeviceSubentryFlow": [TEXTS["config_subentries"]["device"]],
    "AtessOptionsFlow": [TEXTS["options"]],
    "NewDevicesFlow": [FIXES["new_devices"]],
    "FailedChangeFlow": [FIXES[name] for name in sorted(FAILED_CHANGES)],
    **{flow: [FIXES[name]] for name, flow in ENERGY.items()},
    "StuckControlFlow": [FIXES[STUCK]],
    "VerdictFlow": [
        texts for name, texts in FIXES.items() if name not in {"new_devices", STUCK, *ENERGY, *FAILED_CHANGES}
    ],
}
PARTS = (
    "config_flow",
    "control/matching",
    "flows/device",
    "flows/forms",
    "flows/look_up",
    "flows/match_settings",
    "repairs/__init__",
    "repairs/battery_control",
    "repairs/choice",
    "repairs/energy",
    "repairs/settings",
)


def definitions() -> dict[str, ast.AST]:
    """Return the classes and functions of the flows by name, methods with their class."""
    found: dict[str, ast.AST] = {}
    for part in PARTS:
        for node in ast.parse((INTEGRATION / f"{part}.py").read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found[node.name] = node
    return found


def parts_of(name: str, known: Mapping[str, ast.AST]) -> list[ast.AST]:
    """Return a definition, and all others that it names, directly or not, but for other flows."""
    seen: dict[str, ast.AST] = {}
    waiting = [name]
    while waiting:
        if (part := waiting.pop()) in seen or part == "FormError" or (part in FLOWS and part != name):
            continue
        seen[part] = known[part]
        waiting += [node.id for node in ast.walk(known[part]) if isinstance(node, ast.Name) and node.id in known]
    return list(seen.values())


def calls(parts: Iterable[ast.AST]) -> Iterable[tuple[str, ast.Call]]:
    """Return every call with the text of what is called."""
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node


def literal(node: ast.Call, name: str) -> set[str]:
    """Return the text of a keyword, if it is given as such."""
    return {
        item.value.value
        for item in node.keywords
        if item.arg == name and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
    }


def occurring(flow: str) -> dict[str, set[str]]:
    """Return the keys of errors, aborts, steps and progress that can occur in a flow."""
    parts = parts_of(flow, definitions())
    keys: dict[str, set[str]] = {"error": set(), "abort": set(), "step": set(), "progress": set()}
    for called, node in calls(parts):
        if called == "FormError" and isinstance(node.args[0], ast.Constant):
            keys["error"].add(str(node.args[0].value))
        elif called == "FormError.of":
            keys["error"] |= {FormError.of(error).errors["base"] for error in answers()}
        elif called == "self._async_change":
            keys["step"].add(ast.literal_eval(node.args[0]))
        elif called == "self.async_show_progress":
            keys["progress"] |= literal(node, "progress_action")
        keys["abort"] |= literal(node, "reason") | ENDS.get(called.removeprefix("self."), set())
        keys["step"] |= literal(node, "step_id")
    keys["error"].discard("")
    return keys


def answers() -> list[EnercloError]:
    """Return an error of every kind that the client raises."""
    kinds = [EnercloError, *_ERROR_KEYS]
    return [kind.__new__(kind) for kind in kinds]


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("part", ["error", "abort", "step", "progress"])
def test_keys_have_texts_and_texts_are_used(flow: str, part: str) -> None:
    for texts in FLOWS[flow]:
        assert set(texts.get(part, {})) == occurring(flow)[part]


def test_choices_of_repairs_have_texts() -> None:
    """What moved beside a change cannot be tried again: it is only to be taken note of."""
    for name, texts in FIXES.items():
        if name in {"new_devices", STUCK} or name in ENERGY:
            continue
        choices = {"correct", "leave"} if name not in FAILED_CHANGES else {"try_again", "understood"}
        expected = {"understood"} if name == "settings_moved" else choices
        assert set(texts["step"]["init"]["menu_options"]) == expected
        flow = FailedChangeFlow if name in FAILED_CHANGES else VerdictFlow
        assert all(hasattr(flow, f"async_step_{choice}") for choice in choices)
    choices = set(FIXES["energy_double_counting"]["step"]["init"]["menu_options"])
    assert choices == {"keep_parts", "keep_wholes"}
    assert all(hasattr(DoubleCountingFlow, f"async_step_{choice}") for choice in choices)
    choices = set(FIXES[STUCK]["step"]["init"]["menu_options"])
    assert choices == {"try_again", "leave"}
    assert all(hasattr(StuckControlFlow, f"async_step_{choice}") for choice in choices)


def names(schema: vol.Schema) -> set[str]:
    return {str(key) for key in schema.schema}


@pytest.mark.parametrize(
    ("texts", "schema"),
    [
        (
            TEXTS["config"]["step"]["user"],
            forms.with_offers(forms.USER_WITH_KIND_SCHEMA, {"energy_dashboard": True, "import_history": True}),
        ),
        (TEXTS["config"]["step"]["reauth_confirm"], forms.REAUTH_SCHEMA),
        (TEXTS["config"]["step"]["reconfigure"], forms.RECONFIGURE_SCHEMA),
        (TEXTS["options"]["step"]["init"], forms.options_schema({})),
        (
            TEXTS["config_subentries"]["device"]["step"]["user"],
            forms.with_offers(forms.ADD_DEVICE_SCHEMA, {"energy_dashboard": False, "import_history": False}),
        ),
        (
            TEXTS["config_subentries"]["device"]["step"]["reconfigure"],
            forms.CHANGE_DEVICE_WITH_SETTINGS_SCHEMA.extend(corrections_section(Kind.HPS_STRING).schema),
        ),
    ],
)
def test_fields_have_texts(texts: dict[str, Any], schema: vol.Schema) -> None:
    sections = texts.get("sections", {})
    assert set(texts["data"]) | set(sections) == names(schema)
    assert set(texts["data_description"]) == set(texts["data"])
    for name, part in sections.items():
        inner = next(value for key, value in schema.schema.items() if key == name).schema
        assert names(inner) <= set(part["data"])
        assert part["name"]
        assert set(part["data_description"]) == set(part["data"])
