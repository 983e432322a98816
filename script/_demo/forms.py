"""Fills a form as Home Assistant's frontend does (compute-initial-ha-form-data.ts and step-flow-form.ts)."""

from collections.abc import Mapping, Sequence
from typing import Any

type Fields = Sequence[Mapping[str, Any]]

_EMPTY = (None, "")


class NotFilledInError(Exception):
    """The frontend would say "Not all required fields are filled in" and not send the form."""


def initial(fields: Fields) -> dict[str, Any]:
    """Return what a form holds when it opens.

    In this order: the suggested value, the field's own default (also a section's), what the fields of a section hold,
    and for a required field the empty value of its kind.
    """
    data: dict[str, Any] = {}
    for field in fields:
        name = field["name"]
        suggested = (field.get("description") or {}).get("suggested_value")
        if suggested is not None:
            data[name] = suggested
        elif "default" in field:
            data[name] = field["default"]
        elif field.get("type") == "expandable":
            inner = initial(field["schema"])
            if field.get("required") or inner:
                data[name] = inner
        elif field.get("required") and (empty := _empty(field)) is not None:
            data[name] = empty
    return data


def fill(fields: Fields, typed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the frontend sends after a person has typed into some fields, None to empty one.

    Raises NotFilledInError where it would not send the form, KeyError for a field that is not there.
    """
    data = _type(fields, initial(fields), typed or {})
    if missing := list(_missing(fields, data)):
        raise NotFilledInError(", ".join(missing))
    return {name: value for name, value in data.items() if value not in _EMPTY}


def _type(fields: Fields, data: dict[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    known = {field["name"]: field for field in fields}
    data = dict(data)
    for name, value in typed.items():
        field = known[name]
        if field.get("type") == "expandable":
            data[name] = _type(field["schema"], data.get(name, {}), value)
        elif value is None:
            data.pop(name, None)
        else:
            data[name] = value
    return data


def _missing(fields: Fields, data: Mapping[str, Any]) -> Sequence[str]:
    """Return the required fields that are not filled in; a section that is neither required nor held is skipped."""
    missing: list[str] = []
    for field in fields:
        name = field["name"]
        if field.get("required") and data.get(name) in _EMPTY:
            missing.append(name)
        elif field.get("type") == "expandable" and (field.get("required") or name in data):
            missing += [f"{name}.{inner}" for inner in _missing(field["schema"], data[name])]
    return missing


def _empty(field: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever the kind of field holds
    """Return what a required field without suggestion and default holds at first."""
    match field.get("type") or field["selector"]:
        case "boolean" | {"boolean": _}:
            return False
        case {"number": options}:
            return options.get("min", 0)
        case {"text": options}:
            return [] if options.get("multiple") else ""
        case {"select": {"options": [first, *_], "multiple": multiple}}:
            value = first if isinstance(first, str) else first["value"]
            return [value] if multiple else value
        case {"select": _}:
            return None
        case other:
            raise NotImplementedError(f"the frontend's empty value of {other} is not written down here")
