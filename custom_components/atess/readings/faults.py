"""Fault words and alarm texts to active faults."""

import re
from collections.abc import Iterable, Mapping

from ..catalogue import Fault, Severity, fault_by_code, faults_in
from ..catalogue.faults import STATE_FAULTS
from ..enerclo.model import Kind
from .reading import ActiveFault, Value

_WORD = "fault_word_"
_SEPARATORS = re.compile(r"[,;|\s]+")
_TEXT_LIMIT = 255
_LIMIT = 64

STOPPING = frozenset({Severity.FAULT, Severity.PROTECTION})


def words_in(numbers: Mapping[str, float | None]) -> dict[int, float | None]:
    """Return the fault words that a sample sent, by number from 1; None for a word that is not reported (G18)."""
    return {int(key.removeprefix(_WORD)): value for key, value in numbers.items() if key.startswith(_WORD)}


def active_faults(kind: Kind, words: Mapping[int, float | None]) -> tuple[ActiveFault, ...]:
    """Return the faults of a device's fault words, in the order of words and bits."""
    return tuple(
        _active(fault) for word, value in sorted(words.items()) if value for fault in faults_in(kind, word, int(value))
    )


def state_fault(state: Value) -> tuple[ActiveFault, ...]:
    """Return the fault that the operating state of a device without fault words stands for."""
    if (label := STATE_FAULTS.get(str(state))) is None:
        return ()
    return (ActiveFault(key=f"state_{state}", label=label, severity=Severity.FAULT, code=str(state)),)


def decode_alarm(kind: Kind, text: str) -> ActiveFault:
    """Return the fault of an alarm text such as `6-113-5`; a text of any other form is kept as its own warning."""
    fault = fault_by_code(kind, text)
    if fault is not None:
        return _active(fault)
    code = text.strip()[:_TEXT_LIMIT]
    return ActiveFault(key="alarm", label=f"Alarm {code}", severity=Severity.WARNING, code=code)


def decode_alarms(kind: Kind, text: str) -> tuple[ActiveFault, ...]:
    """Return the faults of a list of alarm texts, separated by commas, semicolons or blanks; the first 64."""
    parts: Iterable[str] = dict.fromkeys(part for part in _SEPARATORS.split(text[: 16 * _LIMIT]) if part)
    return tuple(decode_alarm(kind, part) for part in parts)[:_LIMIT]


def _active(fault: Fault) -> ActiveFault:
    return ActiveFault(
        key=fault.key, label=fault.label, severity=fault.severity, code=fault.code, reserved=fault.reserved
    )
