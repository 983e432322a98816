"""Plan changes of the Energy dashboard: sources to add, statistics to rename, sources that count twice. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

type Source = dict[str, Any]
type SourceType = Literal["solar", "grid", "battery"]

# The usable capacity of a battery in kWh, a number where the others are statistics.
CAPACITY = "capacity"
# What a source that is already there can be completed with.
_OPTIONAL = ("stat_rate", "stat_soc", CAPACITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one of our energies counts: as which type of source (None: as none), and of which devices."""

    type: SourceType | None
    devices: frozenset[str]
    plant: bool = False


type Covers = Callable[[str], Coverage | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A source as the preferences would hold it, with what people call its device and its sensors."""

    type: SourceType
    device: str
    source: Source
    names: Mapping[str, str]
    devices: frozenset[str]

    def told(self) -> dict[str, Any]:
        """Return the source in readable names."""
        return {"type": self.type, "device": self.device, "sensors": list(self.names.values())}


@dataclass(slots=True, kw_only=True)
class Plan:
    """The sources as they would be, and what people are told of each."""

    sources: list[Source]
    added: list[dict[str, Any]] = field(default_factory=list)
    already: list[dict[str, Any]] = field(default_factory=list)
    completed: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


def plan_sources(present: Iterable[Source], wanted: Iterable[Wanted], covers: Covers, *, complete: bool) -> Plan:
    """Return the present sources with the wanted ones merged in; `covers` tells which energies are ours.

    With `complete` a source that is already there also gets the sensors that it lacks; else they are only named.
    """
    plan = Plan(sources=deepcopy(list(present)))
    foreign = {
        kind: [source for source in plan.sources if source.get("type") == kind and _is_foreign(source, covers)]
        for kind in ("solar", "grid", "battery")
    }
    for item in wanted:
        mine = set(energies(item.source))
        same = [source for source in plan.sources if source.get("type") == item.type]
        used = [source for source in plan.sources if mine & set(energies(source))]
        if there := [source for source in used if source in same]:
            plan.already.append(item.told())
            _complete(plan, there[0], item, complete=complete)
        elif used:
            plan.skipped.append({**item.told(), "reason": "used_elsewhere"})
        elif _counted(same, item, covers):
            plan.skipped.append({**item.told(), "reason": "already_counted"})
        elif item.type == "grid" and foreign["grid"]:
            plan.skipped.append({**item.told(), "reason": "other_grid_meter"})
        else:
            plan.sources.append(deepcopy(item.source))
            plan.added.append(item.told())
            if foreign[item.type]:
                plan.warnings.append({**item.told(), "warning": "other_source"})
    return plan


def energies(source: Source) -> list[str]:
    """Return the statistics of a source's energies, also of a grid in the form of before 2025."""
    found = [source.get("stat_energy_from"), source.get("stat_energy_to")]
    for flow in (*source.get("flow_from", ()), *source.get("flow_to", ())):
        found += [flow.get("stat_energy_from"), flow.get("stat_energy_to")]
    return [energy for energy in found if energy]


def _is_foreign(source: Source, covers: Covers) -> bool:
    """Return whether a source measures something, but nothing of ours."""
    used = [*energies(source), *filter(None, [source.get("stat_rate")])]
    return bool(used) and all(covers(statistic) is None for statistic in used)


def _counted(same: Collection[Source], item: Wanted, covers: Covers) -> bool:
    """Return whether another energy of ours counts one of the same devices, such as the plant and its members."""
    found = (covers(energy) for source in same for energy in energies(source))
    return any(each is not None and each.type == item.type and each.devices & item.devices for each in found)


def _complete(plan: Plan, present: Source, item: Wanted, *, complete: bool) -> None:
    """Name what a source that is already there lacks, or add it."""
    if "flow_from" in present:
        return
    lacking = {name for name in _OPTIONAL if name in item.source and name not in present}
    if "power_config" in present:
        lacking.discard("stat_rate")
    if item.type == "grid":
        if item.source.get("stat_energy_to") and not present.get("stat_energy_to"):
            lacking.add("stat_energy_to")
        # Home Assistant allows each statistic in one grid source only.
        others = {(name, source.get(name)) for source in plan.sources for name in lacking}
        lacking = {name for name in lacking if (name, item.source[name]) not in others}
    if not lacking:
        return
    names = ["Usable capacity" if name == CAPACITY else item.names[item.source[name]] for name in sorted(lacking)]
    plan.completed.append({"type": item.type, "device": item.device, "sensors": names})
    if complete:
        present.update({name: item.source[name] for name in lacking})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubles:
    """Energies in the same type of source: those that hold others, and those that are held."""

    wholes: frozenset[str]
    parts: frozenset[str]


def find_doubles(sources: Collection[Source], covers: Covers) -> Doubles:
    """Return the energies of ours of which one counts all devices of the other and more."""
    known = [
        (energy, found)
        for source in sources
        for energy in energies(source)
        if (found := covers(energy)) is not None and found.type == source.get("type")
    ]
    pairs = [
        (whole, part) for whole, more in known for part, less in known if more.type == less.type and _holds(more, less)
    ]
    return Doubles(wholes=frozenset(whole for whole, _ in pairs), parts=frozenset(part for _, part in pairs))


def _holds(more: Coverage, less: Coverage) -> bool:
    """Return whether one counts all that the other does; that of a plant may have a single inverter with all."""
    if more.plant != less.plant:
        return more.plant and bool(more.devices & less.devices)
    return bool(less.devices) and more.devices > less.devices


def without(sources: Iterable[Source], removed: Collection[str], covers: Covers) -> list[Source]:
    """Return the sources but for those with an energy to remove; a source that holds another meter's too stays."""
    return [
        deepcopy(source)
        for source in sources
        if not any(energy in removed for energy in energies(source))
        or any(covers(energy) is None for energy in energies(source))
    ]


def statistics(held: object) -> Iterator[str]:
    """Yield the statistics in a part of the preferences."""
    for name, value in _members(held):
        if isinstance(value, str):
            if name != "name":
                yield value
        else:
            yield from statistics(value)


def renamed[HeldT](held: HeldT, names: Mapping[str, str]) -> HeldT:
    """Return a copy of a part of the preferences with other names of statistics."""
    copy = deepcopy(held)
    for name, value in list(_members(copy)):
        if name != "name":
            new = names.get(value, value) if isinstance(value, str) else renamed(value, names)
            copy[name] = new  # type: ignore[index]
    return copy


def _members(held: object) -> Iterator[tuple[Any, Any]]:
    """Yield key and value of a dictionary, place and value of a list, nothing of anything else."""
    if isinstance(held, dict):
        yield from held.items()
    elif isinstance(held, list):
        yield from enumerate(held)
