"""Signs by the balance of powers: PV + battery = load + export holds for one choice of signs only."""

from collections.abc import Mapping
from datetime import datetime

from ...enerclo.model import Json
from ..store import a_count, a_dict, a_list, a_number, a_text
from .battery import INVERTED, NORMAL
from .verdict import Votes

BATCH = 6
LEAST_FLOW = 0.5  # kW that pass through the device
CLOSED, OPEN = 0.1, 0.25  # shares of what passes through
_CHOICES = ((1, 1), (1, -1), (-1, 1), (-1, -1))  # of battery and grid


class FlowBalance:
    """Votes on the signs of battery and grid power.

    Evidence: six samples in which the balance closes within a tenth of what passes through the device with one sign,
    and stays open by at least a quarter with the other, whatever the other power's sign may be.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        sums = [a_number(item) for item in a_list(stored.get("open"))]
        self._open = [item or 0.0 for item in sums] if len(sums) == len(_CHOICES) else [0.0] * len(_CHOICES)
        self._flow = a_number(stored.get("flow")) or 0.0
        self._count = a_count(stored.get("count"))
        closing = a_text(stored.get("closing"))
        self.closing = closing if closing in {NORMAL, INVERTED} else None
        """Return the sign of the battery with which the balance of the last batch closed, if it was decided."""

    def dump(self) -> dict[str, Json]:
        """Return the batch so far, for storage."""
        return {"open": list[Json](self._open), "flow": self._flow, "count": self._count, "closing": self.closing}

    def learn(
        self,
        powers: Mapping[str, float],
        battery: Votes,
        grid: Votes,
        at: datetime,
        *,
        may_be_inverted: tuple[bool, bool] = (True, True),
    ) -> None:
        """Learn from a fresh sample: `pv`, `battery`, `grid` and `load` as sent, in kW.

        `may_be_inverted` says of battery and grid whether their powers have a sign that can be inverted.
        """
        pv, load = powers["pv"], powers["load"]
        flow = (pv + abs(powers["battery"]) + abs(powers["grid"]) + load) / 2
        if flow < LEAST_FLOW:
            return
        for place, (first, second) in enumerate(_CHOICES):
            self._open[place] += abs(pv + first * powers["battery"] - second * powers["grid"] - load)
        self._flow += flow
        self._count += 1
        if self._count < BATCH:
            return
        for votes, aspect in ((battery, 0), (grid, 1)):
            normal, inverted = (
                min(left for left, signs in zip(self._open, _CHOICES, strict=True) if signs[aspect] == sign)
                for sign in (1, -1)
            )
            best, worst = min(normal, inverted), max(normal, inverted)
            choice = NORMAL if normal < inverted else INVERTED
            tells = best <= CLOSED * self._flow and worst >= OPEN * self._flow
            if aspect == 0:
                self.closing = choice if tells else None
            if tells and (choice == NORMAL or may_be_inverted[aspect]):
                votes.vote(choice, at, open_as_normal=normal, open_as_inverted=inverted, passed_through=self._flow)
        self._open, self._flow, self._count = [0.0] * len(_CHOICES), 0.0, 0
