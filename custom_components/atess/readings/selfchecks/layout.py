"""Find out which of `ppv`, `ppv1`, `ppv2`, `ppv3` is the total PV power of an HPS."""

from datetime import datetime

from ...enerclo.model import Json
from ..store import a_count, a_dict
from .verdict import Verdict, Votes

HV, PPV1, PPV = "hv", "ppv1", "ppv"
ENOUGH = 6
LEAST_TOTAL, LEAST_INPUT = 1.0, 0.2
LIVE_VOLTAGE = 50.0  # V of an input that is measured; less is noise of one that is not there

type Powers = tuple[float | None, float | None, float | None, float | None]  # ppv, ppv1, ppv2, ppv3 in kW


class PvLayout:
    """The layout of the four PV powers, decided once per device.

    Evidence: an HV model's name or voltages, else six samples in a row in which one field is the sum of the other three
    within the greater of 0.3 kW and 10 %, and no other field is.
    """

    def __init__(self, model: str | None = None, state: Json = None) -> None:
        stored = a_dict(state)
        self._votes = Votes((HV, PPV1, PPV), stored.get("votes"), latch=1, change=1)
        self._hv_model = model is not None and "HV" in model.upper()
        self._as_ppv1 = a_count(stored.get("ppv1"))
        self._as_ppv = a_count(stored.get("ppv"))

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {"votes": self._votes.dump(), "ppv1": self._as_ppv1, "ppv": self._as_ppv}

    @property
    def layout(self) -> str | None:
        """The layout that was decided: `hv`, `ppv1` or `ppv`."""
        return HV if self._hv_model else self._votes.verdict

    def verdict(self) -> Verdict:
        """Return the verdict with its evidence; on an HV model, known by name or voltages, HV is what is expected."""
        if self._hv_model:
            return Verdict(name="pv_layout", verdict=HV, expected=HV)
        return self._votes.as_verdict("pv_layout", HV if self._votes.verdict == HV else PPV)

    def learn(self, powers: Powers, hv_voltage: float, at: datetime) -> None:
        """Learn from a fresh sample: the four powers in kW, and the greatest of the HV voltages in V (0: none)."""
        if self.layout is not None:
            return
        if hv_voltage > LIVE_VOLTAGE:
            self._votes.vote(HV, at, voltage=hv_voltage)
            return
        total, first, second, third = powers
        as_ppv1 = _is_sum(first, total, second, third)
        as_ppv = _is_sum(total, first, second, third)
        if as_ppv1 and as_ppv:
            return
        self._as_ppv1 = _row(self._as_ppv1, as_ppv1)
        self._as_ppv = _row(self._as_ppv, as_ppv)
        for layout, row in ((PPV1, self._as_ppv1), (PPV, self._as_ppv)):
            if row >= ENOUGH and self.layout is None:
                self._votes.vote(layout, at, ppv=total or 0.0, ppv1=first or 0.0, ppv2=second or 0.0, ppv3=third or 0.0)


def total_pv(layout: str | None, powers: Powers) -> tuple[float | None, float | None]:
    """Return total PV power and PV1 power in kW."""
    total, first, second, third = powers
    if layout in {HV, PPV1}:
        return first, total
    if layout == PPV:
        return total, first
    inputs = [each for each in (first, second, third) if each is not None]
    if total is None or (total < 0.05 and max(inputs, default=0.0) >= 0.1):
        return (sum(inputs) if inputs else None), first
    return max([total, *inputs]), first


def _is_sum(total: float | None, *others: float | None) -> bool | None:
    """Return whether a field is the sum of the other three; None if this sample cannot tell."""
    if total is None or total < LEAST_TOTAL:
        return None
    given = [each or 0.0 for each in others]
    if sum(each >= LEAST_INPUT for each in given) < 2:
        return None
    return abs(total - sum(given)) <= max(0.3, 0.1 * total) + 1e-9


def _row(row: int, verdict: bool | None) -> int:
    if verdict is None:
        return row
    return row + 1 if verdict else 0
