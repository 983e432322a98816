"""How the simulated cloud answers where the specification leaves it open."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .settings import STYLES

CHOICES: dict[str, tuple[Any, ...]] = {
    "limit_answer": (
        *("http_429", "http_429_retry_after", "code_429", "msg"),
        *("code_500", "other_code", "http_503", "forbidden", "forbidden_page", "page", "empty"),
    ),
    "foreign": (
        *("not_found", "code_500", "http_500", "other_code", "http_204", "empty", "forbidden", "forbidden_page"),
        *("page", "no_data", "zeros"),
    ),
    "logger_numbers": ("usual", "no_data"),
    "envelope": ("usual", "no_code", "success", "capitals", "json_text"),
    "object_form": ("usual", "listed", "paged", "wrapped"),
    "list_form": ("usual", "array", "datas", "list", "rows", "records", "object", "wrapped", "page", "null"),
    "serial_member": ("deviceSn", "sn", "serialNum", "DeviceSN"),
    "serial_case": ("exact", "any", "lower"),
    "success_code": (0, 200, "0", "200"),
    "error_form": ("code", "http"),
    "unknown_serial": ("not_found", "http_404", "code_400", "no_data"),
    "history_order": ("desc", "asc"),
    "naming_style": STYLES,
    "write": ("obey", "ignore", "late", "clamp", "side_effect", "replace", "refuse", "vanish", "once_a_minute"),
}


@dataclass(slots=True, kw_only=True)
class Options:
    """All that can be chosen; seconds and rows."""

    limit: float = 300.0
    """Least time between two calls of one method, path and device."""
    limits: dict[str, float] = field(default_factory=dict)
    """Exceptions by path."""
    limit_answer: str = "http_429"
    success_code: int | str = 0
    error_form: str = "code"
    """Errors as `code` inside HTTP 200 or as HTTP status."""
    unknown_serial: str = "not_found"
    foreign: str = "not_found"
    """What a serial number is answered at an endpoint of another kind."""
    logger_numbers: str = "usual"
    """What look-ups of a data logger's number are answered: as those of others, or success without data."""
    envelope: str = "usual"
    object_form: str = "usual"
    list_form: str = "usual"
    serial_member: str = "deviceSn"
    """The member of list entries that holds the serial number."""
    serial_case: str = "exact"
    """Whether serial numbers are taken in any case; `lower`: and spelled in lower case."""
    page_max: int = 500
    history_order: str = "desc"
    naming_style: str = "plain"
    write: str = "obey"
    """What becomes of a write that passes the checks, see README.md."""
    write_delay: float = 120.0
    """Seconds until a late write takes effect."""

    def restore(self, values: Mapping[str, Any]) -> None:
        """Return to the defaults with some values of one's own."""
        fresh = Options()
        fresh.change(values)
        for item in fields(self):
            setattr(self, item.name, getattr(fresh, item.name))

    def change(self, values: Mapping[str, Any]) -> None:
        """Change options.

        Raises:
            ValueError: An option or its value is not known.
        """
        names = {item.name for item in fields(self)}
        for name, value in values.items():
            if name not in names:
                raise ValueError(f"no option {name}; known: {', '.join(sorted(names))}")
            choices = CHOICES.get(name)
            if choices is not None and not any(value == choice and type(value) is type(choice) for choice in choices):
                raise ValueError(f"{name} is one of {', '.join(repr(choice) for choice in choices)}")
            setattr(self, name, value)
