"""Cases lived through by one Home Assistant in virtual time: the whole integration, and Home Assistant's own recorder.

Each case is an account of its own with one device, set up when its time begins and removed when it is over. Only the
sensors that are held against the truth are enabled. The user says yes to what the self-checks ask.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, override
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant import loader
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.atess.const import DOMAIN
from custom_components.atess.repairs import async_create_fix_flow
from script._benchmark import virtual
from script._benchmark.wire import Wire
from simulator import Simulator

from .cases import BURSTS, ZONE, Case
from .home import Complaints, Switchboard, keep_pace, real_time, record, virtual_home
from .trial import ASKED, POWERS, Result
from .truth import COUNTERS, Taken, Truth

RESOLUTION = 0.25  # kWh: two and a half steps of a counter; a daily one is rounded once more each midnight
RESET = 12  # samples until a daily counter that began anew within the day is believed, at the most
DIP = 0.6  # kWh by which a counter dips at most
HELD_BURST = 4800.0  # seconds for which a burst of 40 minutes may hold a counter
HELD = 3  # samples for which a guard may hold a counter
ZEROS = 5  # of zero totals, which come in pairs: two pairs in a row, and the sample after them not polled
PERIODS: Mapping[Literal["5minute", "hour"], float] = {"5minute": 300.0, "hour": 3600.0}
KEYS = (*(f"{counter}_{period}" for counter in COUNTERS for period in ("today", "total")), *POWERS)


@dataclass(slots=True, kw_only=True)
class Recorded(Result):
    """What Home Assistant's recorder has of a case: each counter with the truth, in kWh, over so many hours."""

    counters: dict[str, tuple[float, float]] = field(default_factory=dict)
    hours: int = 0
    impossible: int = 0


def live(cases: Sequence[Case]) -> list[Recorded]:
    """Let one Home Assistant live through cases, each in its own time."""
    with patch.object(virtual, "START", min(case.start for case in cases) - 60.0):
        return virtual.run(lambda: _live(cases))


async def _live(cases: Sequence[Case]) -> list[Recorded]:
    switchboard = Switchboard()
    complaints = Complaints()
    random.seed(cases[0].seed)
    with virtual_home(switchboard) as folder, complaints.heard():
        async with async_test_home_assistant() as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await hass.config.async_set_time_zone(ZONE)
            recorder = await record(hass, folder)
            pace = asyncio.create_task(keep_pace(recorder))
            stays = [_Stay(hass, recorder, switchboard, case) for case in cases]
            try:
                results = await asyncio.gather(*(stay.live() for stay in stays))
            finally:
                pace.cancel()
                await real_time(hass.async_stop(force=True))
    results[0].faults += complaints.texts
    return results


@dataclass(slots=True)
class _Read(RecorderTask):
    """Reads the statistics in the recorder's thread, when all that was recorded before is in the database."""

    hass: HomeAssistant
    begin: datetime
    entities: set[str]
    found: asyncio.Future[dict[str, Any]]

    @override
    def run(self, instance: Recorder) -> None:
        """Hand over the rows of each entity by the length of their periods."""
        rows: dict[str, Any] = {
            period: statistics_during_period(
                self.hass, self.begin, None, self.entities, period, None, {"sum", "min", "max"}
            )
            for period in PERIODS
        }
        self.hass.loop.call_soon_threadsafe(self.found.set_result, rows)


async def read_statistics(
    hass: HomeAssistant, recorder: Recorder, begin: datetime, entities: set[str]
) -> dict[str, Any]:
    """Return the statistics of entities by the length of their periods, when all is in the database."""
    found = asyncio.get_running_loop().create_future()
    recorder.queue_task(_Read(hass, begin, entities, found))
    rows: dict[str, Any] = await real_time(found)
    return rows


class _Stay:
    """One case in a Home Assistant."""

    def __init__(self, hass: HomeAssistant, recorder: Recorder, switchboard: Switchboard, case: Case) -> None:
        self._hass, self._recorder, self._case = hass, recorder, case
        self._switchboard = switchboard
        self._corrected: dict[str, float] = {}
        self._replaced: float | None = None
        self._result = Recorded()

    async def live(self) -> Recorded:
        """Live through the case and hold what was recorded against the truth."""
        case = self._case
        await asyncio.sleep(case.start - time.time())
        cloud = Simulator(plant=case.plant, seed=case.seed, now=lambda: max(case.start, time.time()))
        world = cloud._world  # noqa: SLF001  # what it delivers is noted
        self._truth = Truth(case, world)
        host = f"case{case.seed}.invalid"
        self._switchboard.wires[host] = Wire(cloud, (0.0, 0.0), case.seed)
        honest = world.latest

        def latest(serial: str, now: float) -> dict[str, Any] | None:
            members = honest(serial, now)
            if members is not None and serial == case.serial:
                self._truth.deliver(str(members["time"]), now)
            return members

        ends = case.start + case.days * 86400.0
        with patch.object(world, "latest", latest):
            self._entry = entry = self._add(host, cloud.token)
            stop_answering = self._hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, self._answer)
            await self._hass.config_entries.async_setup(entry.entry_id)
            if case.replaced is not None:
                self._replaced = case.start + case.days / 3 * 86400.0
                await asyncio.sleep(self._replaced - time.time())
                cloud.inject(kind="variant", name="replaced", device=case.serial, **case.replaced)
            await asyncio.sleep(ends - time.time())
        stop_answering()
        self._note_verdicts()
        await self._hass.config_entries.async_unload(entry.entry_id)
        await asyncio.sleep(600)
        await self._compare(ends)
        await self._hass.config_entries.async_remove(entry.entry_id)
        return self._result

    def _add(self, host: str, token: str) -> MockConfigEntry:
        case = self._case
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=host,
            unique_id=host,
            data={"token": token, "base_url": f"https://{host}/api/v1/"},
            options={"scan_interval": 5, "allow_changes": False},
            subentries_data=[
                ConfigSubentryDataWithId(
                    data={"device_sn": case.serial, "kind": case.kind},
                    subentry_id=host,
                    subentry_type="device",
                    title=case.serial,
                    unique_id=case.serial,
                )
            ],
        )
        entry.add_to_hass(self._hass)
        registry = er.async_get(self._hass)
        self._entities = {
            key: registry.async_get_or_create(
                Platform.SENSOR, DOMAIN, f"{case.serial}_{key}", config_entry=entry, config_subentry_id=host
            ).entity_id
            for key in KEYS
        }
        self._hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)
        return entry

    async def _answer(self, event: Event[Any]) -> None:
        """Say yes to what a self-check asks, through the fix flow of its issue."""
        issue = ir.async_get(self._hass).async_get_issue(DOMAIN, event.data["issue_id"])
        if issue is None or issue.data is None or issue.data.get("entry_id") != self._entry.entry_id:
            return
        name = str(issue.data.get("name"))
        if name in ASKED and event.data["action"] != "remove":
            flow: Any = await async_create_fix_flow(self._hass, issue.issue_id, dict(issue.data))
            flow.hass, flow.issue_id = self._hass, issue.issue_id
            await flow.async_step_correct()
            self._corrected[name] = time.time()

    def _note_verdicts(self) -> None:
        for coordinator in self._entry.runtime_data.coordinators.values():
            for each in coordinator.verdicts:
                if each.verdict is not None and each.since is not None:
                    hours = (each.since.timestamp() - self._case.start) / 3600.0
                    self._result.verdicts[each.name] = (each.verdict, hours)

    # what was recorded

    async def _compare(self, ends: float) -> None:
        begin = datetime.fromtimestamp(self._case.start, UTC) - timedelta(hours=1)
        recorded = await read_statistics(self._hass, self._recorder, begin, set(self._entities.values()))
        for period, seconds in PERIODS.items():
            for key, entity in self._entities.items():
                rows = [dict(row) for row in recorded[period].get(entity, []) if row["start"] + seconds <= ends]
                if not rows:
                    continue
                if key in POWERS:
                    self._limit(key, rows)
                    continue
                sums = [(row["start"] + seconds, row["sum"]) for row in rows]
                self._rises(key, sums)
                if period == "hour":
                    self._result.hours += len(rows)
                    self._total(key, sums)

    def _limit(self, key: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if max(abs(row["min"]), abs(row["max"])) > self._case.most:
                self._result.spikes += 1
                self._blame(f"{key} {row['min']} to {row['max']} above {self._case.most:.1f} kW", row["start"])

    def _rises(self, key: str, sums: list[tuple[float, float]]) -> None:
        """Judge the rise of each period by the time in which it can have flowed.

        An hour in which no sample came is healed later, from the cloud's history, and then holds what flowed in it.
        """
        held = (ZEROS if "zero_totals" in self._case.variants else HELD) * self._interval
        if BURSTS & self._case.variants.keys():
            held += HELD_BURST
        for (begin, before), (end, after) in pairwise(sums):
            earlier, later = self._until(begin), self._until(end)
            seconds = max(later.at - earlier.at, end - begin) + held
            most = self._case.most * seconds / 3600.0 + RESOLUTION
            if not -1e-6 <= after - before <= most:
                self._result.impossible += 1
                self._blame(f"{key} rises by {after - before:.2f} of {most:.2f} kWh in {end - begin:.0f} s", end)

    def _total(self, key: str, sums: list[tuple[float, float]]) -> None:
        """Hold the sum of a counter against what flowed, from when on it can be held against it."""
        counter, _, period = key.rpartition("_")
        name = COUNTERS[counter]
        corrected = self._corrected.get("grid_counters", 0.0) if name.startswith("grid_") else 0.0
        counted = [(end, whole) for end, whole in sums if end - 3600.0 > corrected]
        if len(counted) < 2:
            return
        (begin, first), (end, last) = counted[0], counted[-1]
        earlier, later = self._until(begin), self._until(end)
        true = self._truth.energies(later.at)[name] - self._truth.energies(earlier.at)[name]
        resolution = RESOLUTION
        least, most = self._unseen(name, begin, daily=period == "today")
        if period == "today":
            true -= later.lost[name] - earlier.lost[name]
            resolution += 0.1 * self._case.days
            if {"midnight_bounce", "late_reset"} & self._case.variants.keys():
                # Samples after midnight may show yesterday's counter with what no sample before midnight held.
                most, least = max(most, 0.0), least - (later.lost[name] - earlier.lost[name])
        if "duplicated" in self._case.variants:
            # The numbers of the first sample may be those of the one before it; what they lack comes after it.
            least -= self._truth.energies(earlier.at)[name] - self._truth.energies(earlier.at - self._interval)[name]
        held = HELD_BURST if BURSTS & self._case.variants.keys() else 0.0
        if period == "total" and "zero_totals" in self._case.variants:
            held += ZEROS * self._interval
        if held:
            # What a burst or zeros hide is held back until they are over, and of a day until then for good.
            ends = [later.at, *self._midnights(begin, end)] if period == "today" else [later.at]
            spans = [(self._truth.energies(at)[name], self._truth.energies(at - held)[name]) for at in ends]
            least -= self._truth.energies(earlier.at)[name] - self._truth.energies(earlier.at - held)[name]
            most += sum(after - before for after, before in spans)
        shown = last - first
        true = min(max(shown, true - most), true - least)
        self._result.counters[key] = (shown, true)
        if abs(shown - true) > max(0.01 * true, resolution):
            self._result.faults.append(f"{key} counts {shown:.2f} of {true:.2f} kWh")

    @staticmethod
    def _midnights(begin: float, end: float) -> list[float]:
        """Return the midnights between two moments."""
        day = datetime.fromtimestamp(begin, ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
        days = (day + timedelta(days=number) for number in range(1, 60))
        return [each.timestamp() for each in days if begin < each.timestamp() <= end]

    def _unseen(self, name: str, since: float, *, daily: bool) -> tuple[float, float]:
        """Return how many kWh no sample holds because a meter was replaced, at least and at most.

        That is what the old meter counted after its last sample. If the new one does not begin at 0, it is also what
        that counted until its first sample, in which a dip passes for a rise later. A daily counter may be beyond the
        old one's before anybody sees it fall.
        """
        at = self._replaced
        if at is None or at < since:
            return 0.0, 0.0
        samples = HELD if {"zero_totals", "dips", "jumps"} & self._case.variants.keys() else 1
        first = at + samples * max(self._interval, 300.0) + 10.0
        before, replaced, after = (self._truth.energies(moment)[name] for moment in (self._until(at).at, at, first))
        old = 0.0
        if daily:
            day = datetime.fromtimestamp(at, ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
            soon = at + RESET * max(self._interval, 300.0)
            begin, end = (self._truth.energies(moment)[name] for moment in (day.timestamp(), soon))
            old = replaced - begin if end - replaced >= 0.9 * (replaced - begin) else 0.0
        dip = DIP if "dips" in self._case.variants and not daily else 0.0
        return replaced - before - dip, max(after - before, old)

    @property
    def _interval(self) -> float:
        seconds: float = self._case.plant["loggers"][0]["interval"]
        return seconds

    def _until(self, moment: float) -> Taken:
        taken = self._truth.until(moment)
        if taken is None:
            raise ValueError("statistics of a time without samples")
        return taken

    def _blame(self, text: str, now: float) -> None:
        if len(self._result.faults) < 20:
            self._result.faults.append(f"after {(now - self._case.start) / 3600.0:.1f} h: {text}")
