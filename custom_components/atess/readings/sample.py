"""What a sample says of itself: whether its device is lost, what tells it apart, how it comes back from storage."""

import hashlib
from collections.abc import Mapping

from ..enerclo.model import Json, Kind, Sample
from .members import Parsed
from .reading import Value
from .store import a_dict, a_moment

_HV_VOLTAGES = tuple((f"pv{number}_voltage", f"pv{number}_voltage_hv") for number in (1, 2, 3))


def is_lost(values: Mapping[str, Value]) -> bool:
    """Return whether the cloud calls the device lost."""
    return values.get("online") is False or values.get("operating_state") == "lost" or values.get("status") == "-1"


def take_hv_voltages(numbers: dict[str, float | None]) -> None:
    """§2.2: on HV models the PV voltages are those of the HV fields."""
    for key, source in _HV_VOLTAGES:
        if source in numbers:
            numbers[key] = numbers[source]


def whole_words(values: dict[str, Value]) -> None:
    """Show fault words as whole numbers."""
    for key, value in values.items():
        if isinstance(value, float) and key.startswith("fault_word_"):
            values[key] = int(value)


def fingerprint(parsed: Parsed) -> str:
    """Return what tells apart the numbers of two samples without a time."""
    text = repr((sorted(parsed.numbers.items()), sorted(parsed.values.items(), key=lambda item: item[0])))
    return hashlib.blake2s(text.encode(errors="replace"), digest_size=8).hexdigest()


def stored_sample(value: Json, kind: Kind) -> Sample | None:
    """Return a sample from storage; None if it is damaged or of another kind."""
    try:
        sample = Sample.from_dict(a_dict(value))
    except KeyError, TypeError, ValueError:
        return None
    return sample if sample.kind is kind and a_moment(sample.received.isoformat()) is not None else None
