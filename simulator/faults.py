"""Faults that a test can inject into the cloud's answers, as rules that hold for some requests or for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .variants import PARAMETERS

GATEWAY = frozenset({"http_status", "timeout", "disconnect", "html", "redirect", "unauthorized", "limited"})
"""These strike before the cloud's own logic: the frequency limit does not see the request."""
ANSWER = frozenset({"code", "truncated", "not_object", "no_data", "oversize", "members"})
"""These replace or change an answer; the request counts for the frequency limit."""
WORLD = frozenset({"fault_word", "offline", "grid", "limit", "variant"})
"""These change the plant or the cloud itself and hold until cleared."""

_PARAMETERS: dict[str, frozenset[str]] = {
    "http_status": frozenset({"status", "headers"}),
    "timeout": frozenset({"hold"}),
    "disconnect": frozenset(),
    "html": frozenset({"status"}),
    "redirect": frozenset({"location"}),
    "unauthorized": frozenset({"form"}),
    "limited": frozenset(),
    "code": frozenset({"code", "msg"}),
    "truncated": frozenset({"form"}),
    "not_object": frozenset({"body"}),
    "no_data": frozenset({"form"}),
    "oversize": frozenset({"size"}),
    "members": frozenset({"set", "remove", "add"}),
    "fault_word": frozenset({"word", "mask", "stop"}),
    "offline": frozenset({"lost"}),
    "grid": frozenset({"lost"}),
    "limit": frozenset({"seconds"}),
    "variant": frozenset({"name"}) | frozenset[str]().union(*PARAMETERS.values()),
}
_FILTERS = frozenset({"count", "path", "device", "operation"})


@dataclass(slots=True)
class Fault:
    """A rule: its kind, how often it still strikes (None: always), which requests it means, and its parameters."""

    kind: str
    count: int | None = None
    path: str | None = None
    device: str | None = None
    operation: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def means(self, path: str, device: str | None, operation: str | None) -> bool:
        """Return whether the rule holds for a request."""
        return (
            (self.path is None or self.path == path)
            and (self.device is None or self.device == device)
            and (self.operation is None or self.operation == operation)
        )


def parse_fault(data: Mapping[str, Any]) -> Fault:
    """Check an injection.

    Raises:
        ValueError: The kind or a parameter is not known.
    """
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _PARAMETERS:
        raise ValueError(f"no kind of fault {kind!r}; known: {', '.join(sorted(_PARAMETERS))}")
    parameters = {name: value for name, value in data.items() if name not in _FILTERS and name != "kind"}
    if unknown := set(parameters) - _PARAMETERS[kind]:
        raise ValueError(f"{kind} has no parameter {', '.join(sorted(unknown))}")
    count = data.get("count")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise ValueError("count is a whole number from 1 on")
    if kind in {"fault_word", "offline"} and not data.get("device"):
        raise ValueError(f"{kind} needs a device")
    path = data.get("path")
    return Fault(kind, count, path.strip("/") if path else None, data.get("device"), data.get("operation"), parameters)


class Faults:
    """The rules in the order in which they came."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a rule."""
        self._rules.append(fault)

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def strike(self, kinds: frozenset[str], path: str, device: str | None, operation: str | None) -> Iterator[Fault]:
        """Yield the rules of some kinds that hold for a request, and count them."""
        for fault in list(self._rules):
            if fault.kind in kinds and fault.means(path, device, operation):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self._rules.remove(fault)
                yield fault
