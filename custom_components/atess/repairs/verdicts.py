"""Raise repair issues for verdicts of self-checks that contradict the catalogue."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import AtessCoordinator
from ..corrections import corrections_of
from ..issues import VERDICTS, verdict_issue
from ..readings import Verdict
from ..runtime import AtessConfigEntry

# What applies itself; the others wait for the user.
APPLIED = frozenset(
    {
        "power_unit",
        "pv_power_unit",
        "load_power_unit",
        "grid_power_unit",
        "battery_power_unit",
        "pv_layout",
        "battery_meaning",
        "battery_direction",
        "grid_direction",
        "pcs_battery",
    }
)


@callback
def async_watch_verdicts(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Look at the self-checks of all devices now, and after each of their samples."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        _Verdicts(hass, entry, subentry_id, coordinator).async_start()


class _Verdicts:
    """The verdicts on one device."""

    def __init__(
        self, hass: HomeAssistant, entry: AtessConfigEntry, subentry_id: str, coordinator: AtessCoordinator
    ) -> None:
        self._hass, self._entry, self._subentry_id, self._coordinator = hass, entry, subentry_id, coordinator
        self._told: dict[str, str | None] = dict.fromkeys(VERDICTS, "")

    @callback
    def async_start(self) -> None:
        self._entry.async_on_unload(self._coordinator.async_add_listener(self._look))
        self._look()

    @callback
    def _look(self) -> None:
        subentry = self._entry.subentries.get(self._subentry_id)
        if subentry is None:
            return
        corrected = corrections_of(subentry.data)
        now = dt_util.utcnow()
        found = {each.name: each for each in self._coordinator.verdicts}
        for name in VERDICTS:
            verdict = found.get(name)
            if verdict is not None and (name in corrected or not verdict.worth_telling(now)):
                verdict = None
            value = None if verdict is None else verdict.verdict
            if value == self._told[name]:
                continue
            self._told[name] = value
            if verdict is None:
                ir.async_delete_issue(self._hass, DOMAIN, verdict_issue(name, self._subentry_id))
            else:
                self._tell(verdict)

    def _tell(self, verdict: Verdict) -> None:
        data: dict[str, str | int | float | None] = {
            "entry_id": self._entry.entry_id,
            "subentry_id": self._subentry_id,
            "name": verdict.name,
            "found": verdict.verdict,
            "assumed": "" if verdict.name == "clock" else verdict.expected,
        }
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            verdict_issue(verdict.name, self._subentry_id),
            data=data,
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=_text_of(verdict),
            translation_placeholders={"device": self._coordinator.title, **_numbers(verdict)},
        )


def _text_of(verdict: Verdict) -> str:
    """Return the key of the text that explains a verdict, by the kind of its evidence."""
    if verdict.name in {"battery_sign", "grid_sign"}:
        if "by_status" in verdict.evidence:
            return f"{verdict.name}_by_status"
        return f"{verdict.name}_by_powers" if "passed_through" in verdict.evidence else f"{verdict.name}_by_counters"
    if verdict.name in {"power_unit", "pv_power_unit"} and "ratio" not in verdict.evidence:
        return f"{verdict.name}_by_size"
    return verdict.name


def _numbers(verdict: Verdict) -> Mapping[str, str]:
    """Return the numbers behind a verdict as the texts name them."""
    evidence = verdict.evidence
    numbers: dict[str, Any] = {name: f"{value:.1f}" for name, value in evidence.items()}
    if "times" in evidence:
        numbers["times"] = f"{evidence['times']:g}"
    if "passed_through" in evidence:
        whole = evidence["passed_through"]
        numbers["share_as_sent"] = f"{100 * evidence['open_as_normal'] / whole:.0f}"
        numbers["share_corrected"] = f"{100 * evidence['open_as_inverted'] / whole:.0f}"
    if verdict.name == "clock":
        offset = int(verdict.verdict or 0)
        home = (dt_util.now().utcoffset() or dt_util.UTC.utcoffset(None)).total_seconds() / 60
        numbers["minutes"] = f"{offset - home:+.0f}"
    return numbers
