"""Values that need several devices: state of charge by source, battery power of a PCS with PBDs, sums over the plant.

Devices belong together by data logger and parallel system number. Samples are combined if at most 10 minutes apart.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ..enerclo.model import Kind
from .derived import BATTERIES, HPS, INVERTERS, energy_stored
from .energies import FLOWS, unaccounted
from .numbers import parse_code, rounded
from .reading import Reading, Value
from .selfchecks.pcs import BATTERY
from .sums import Sums

APART = timedelta(minutes=10)

type Source = Literal["mbms", "bcu", "own"]
type Readings = Mapping[str, Reading]
type Links = Mapping[str, Link]

_POWERS = ("pv_power", "battery_power", "grid_power", "load_power")
_ENERGIES = tuple(
    f"{what}_{period}"
    for what in (
        "pv_energy",
        "battery_charge_energy",
        "battery_discharge_energy",
        "grid_import_energy",
        "grid_export_energy",
        "load_energy",
    )
    for period in ("today", "total")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a device belongs: its kind, its data logger, and its parallel system number (None or 0: single)."""

    kind: Kind
    data_log_sn: str | None = None
    system_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOfCharge:
    """A state of charge in %, where it comes from, and the devices that it describes."""

    value: float
    source: Source
    devices: frozenset[str]


def link_of(reading: Reading, data_log_sn: str | None = None) -> Link:
    """Return where a device belongs by its own reading; a data logger known otherwise goes first."""
    own = reading.members.get("dataLogSn")
    return Link(
        kind=reading.kind,
        data_log_sn=data_log_sn or (own.strip() or None if isinstance(own, str) else None),
        system_no=parse_code(reading.members.get("systemNo")),
    )


def state_of_charge(
    device_sn: str, readings: Readings, links: Links, stale: Collection[str] = ()
) -> StateOfCharge | None:
    """Return the state of charge of a device by the order of sources; None without a source that holds."""
    usable = {sn: each for sn, each in readings.items() if sn not in stale and each.values.get("online") is not False}
    link = links.get(device_sn)
    if link is not None and link.kind not in BATTERIES:
        masters = _soc_of(
            usable, links, Kind.MBMS, lambda other: _same_logger(link, other) or _same_system(link, other)
        )
        if masters:
            exact = {sn: soc for sn, soc in masters.items() if _same_system(link, links[sn])} or masters
            return StateOfCharge(value=_mean(exact.values()), source="mbms", devices=frozenset(exact))
        clusters = _soc_of(
            usable, links, Kind.BCU, lambda other: _same_logger(link, other) and _may_be_one_system(link, other)
        )
        if clusters:
            return StateOfCharge(value=_mean(clusters.values()), source="bcu", devices=frozenset(clusters))
    own = _number(usable, device_sn, "battery_state_of_charge")
    return None if own is None else StateOfCharge(value=own, source="own", devices=frozenset({device_sn}))


def shared_values(
    readings: Readings, links: Links, stale: Collection[str] = (), batteries: Mapping[str, str] | None = None
) -> tuple[dict[str, dict[str, Value]], dict[str, Source]]:
    """Return, by device, the values that others decide, and the source of its state of charge.

    `stale` holds the devices whose instantaneous values no longer hold (G19). The values replace the device's own.
    `batteries` says by PCS what its DC side power is (`dc_side` with the power of its PBDs, or `battery`).
    """
    values: dict[str, dict[str, Value]] = {}
    sources: dict[str, Source] = {}
    for sn, reading in readings.items():
        if reading.kind in BATTERIES:
            continue
        found: dict[str, Value] = {}
        if (charge := state_of_charge(sn, readings, links, stale)) is not None:
            sources[sn] = charge.source
            if charge.source != "own":
                found["battery_state_of_charge"] = charge.value
        if reading.kind is Kind.PCS:
            controllers = controllers_of(sn, links)
            if (batteries or {}).get(sn) == BATTERY:
                found |= _battery_values(dc_side_power(reading))
            elif controllers:
                found |= _battery_values(pcs_battery_power(reading, controllers, readings, stale))
        if found:
            values[sn] = found
    return values, sources


def pcs_battery_power(
    pcs: Reading, controllers: Iterable[str], readings: Readings, stale: Collection[str] = ()
) -> float | None:
    """Return the battery power of a PCS in kW, + discharging: its DC side without the output of its PBDs."""
    own = pcs.values.get("battery_power")
    if pcs.values.get("pbd_output_power") is not None:
        return own if isinstance(own, float) else None
    side = dc_side_power(pcs)
    outputs = [pbd_output(pcs, readings.get(sn)) if sn not in stale else None for sn in controllers]
    known = [output for output in outputs if output is not None]
    if side is not None and len(known) == len(outputs):
        return rounded(side - sum(known), 4)
    voltage, current = pcs.values.get("battery_voltage"), pcs.values.get("battery_current")
    if isinstance(voltage, float) and isinstance(current, float):
        return rounded(voltage * current / 1000, 4)
    return None


def dc_side_power(pcs: Reading) -> float | None:
    """Return the DC side power of a PCS in kW, + from the battery, with the sign that the user chose."""
    side, own = pcs.values.get("dc_side_power_reported"), pcs.values.get("battery_power")
    if not isinstance(side, float):
        return None
    handed_over = pcs.values.get("pbd_output_power")
    if isinstance(own, float) and isinstance(handed_over, float):
        own += handed_over
    # Where the user inverted the sign, the device's own value is the DC side negated.
    return -side if isinstance(own, float) and own * side < 0 else side


def plant_values(
    readings: Readings,
    links: Links,
    stale: Collection[str] = (),
    *,
    ended: Collection[str] = (),
    capacities: Mapping[str, float] | None = None,
    memory: Sums | None = None,
    batteries: Mapping[str, str] | None = None,
) -> dict[str, Value]:
    """Return the sums over all devices of `links`, by the keys of the catalogue's PLANT.

    Absent: no device contributes. None: one of those that do has no value now, or no reading yet. `ended` holds the
    devices whose day is over (G12). `capacities` are usable ones in kWh by device; they weigh the state of charge.
    With a `memory` energies keep their level while devices come, go, or have no value (G24); without one they are
    plain sums, of today only while all devices are on the same day.
    """
    shared, _ = shared_values(readings, links, stale, batteries)
    values: dict[str, Value] = {}
    for key in _POWERS:
        senders = contributors(key, readings, links)
        powers = [(readings[sn], {**readings[sn].values, **shared.get(sn, {})}.get(key)) for sn in senders]
        numbers = [value for _, value in powers if isinstance(value, float)]
        if powers:
            whole = len(numbers) == len(powers) and not stale_among(senders, stale)
            together = whole and _close([reading for reading, _ in powers]) and _complete(key, readings, links)
            values[key] = rounded(sum(numbers), 4) if together else None
    if "battery_power" in values:
        values |= _battery_values(values["battery_power"])
    if "grid_power" in values:
        values |= _halves(values["grid_power"], "grid_import_power", "grid_export_power")
    for key in _ENERGIES:
        if senders := contributors(key, readings, links):
            values[key] = (
                None
                if key.endswith("_today") and stale_among(senders, ended)
                else _energy(
                    key, {sn: readings[sn] for sn in senders}, memory, complete=_complete(key, readings, links)
                )
            )
    values |= _plant_balance(readings, links)
    return values | _plant_charge(readings, links, stale, capacities or {})


def _energy(key: str, members: Readings, memory: Sums | None, *, complete: bool) -> float | None:
    """Return an energy of the plant: the sum over the devices, or what the memory makes of it."""
    found = {sn: (_number(members, sn, key), each.days.get(key)) for sn, each in members.items()}
    if memory is not None:
        return memory.take(key, found, complete=complete)
    counted = [energy for energy, _ in found.values() if energy is not None]
    together = len({day for _, day in found.values()}) == 1
    return rounded(sum(counted)) if complete and together and len(counted) == len(found) else None


def _plant_balance(readings: Readings, links: Links) -> dict[str, Value]:
    """Return the share of the last day's energy that does not add up over the plant; absent without any balance."""
    by_counters: dict[str, float] = {}
    by_powers: dict[str, float] = {}
    for flow in FLOWS:
        for sn in contributors("pv_energy_total" if flow == "pv" else "load_energy_total", readings, links):
            reading = readings[sn]
            for sums, own in ((by_counters, reading.day_by_counters), (by_powers, reading.day_by_powers)):
                known = flow in own and not (sums is by_powers and _holds_pv(reading, links))
                sums[flow] = sums.get(flow, 0.0) + own[flow] if known else math.nan
    return {
        f"unaccounted_energy_by_{name}": unaccounted(sums)
        for name, sums in (("counters", by_counters), ("powers", by_powers))
        if sums and not any(map(math.isnan, sums.values()))
    }


def _holds_pv(reading: Reading, links: Links) -> bool:
    """Return whether the battery power of a PCS, as it knows it itself, holds the PV power of its PBDs too."""
    alone = reading.values.get("pbd_output_power") is not None or not controllers_of(reading.device_sn, links)
    return reading.kind is Kind.PCS and not alone


def stale_among(devices: Iterable[str], stale: Collection[str]) -> bool:
    """Return whether one of the devices is stale."""
    return any(sn in stale for sn in devices)


def _plant_charge(
    readings: Readings, links: Links, stale: Collection[str], capacities: Mapping[str, float]
) -> dict[str, Value]:
    """Return state of charge and energy stored of the plant: every battery once, weighed if capacities are known."""
    charges: dict[frozenset[str], tuple[float, float | None]] = {}
    sent = False
    for sn in _owners(readings, links):
        sent |= "battery_state_of_charge" in readings[sn].values
        charge = state_of_charge(sn, readings, links, stale)
        if charge is None:
            continue
        own = capacities.get(sn)
        before = charges.get(charge.devices, (0.0, None))[1]
        together = own if before is None else before + (own or 0.0)
        charges[charge.devices] = (charge.value, together)
    if not charges:
        return {"battery_state_of_charge": None} if sent else {}
    weights = [capacity for _, capacity in charges.values() if capacity is not None and capacity > 0]
    if len(weights) < len(charges):
        return {"battery_state_of_charge": _mean(value for value, _ in charges.values())}
    stored = sum(energy_stored(value, weight) for (value, _), weight in zip(charges.values(), weights, strict=True))
    return {
        "battery_state_of_charge": rounded(100 * stored / sum(weights), 1),
        "battery_energy_stored": rounded(stored, 2),
    }


def described_by_plant_charge(readings: Readings, links: Links, stale: Collection[str] = ()) -> frozenset[str]:
    """Return the devices whose state of charge is in that of the plant."""
    found = (state_of_charge(sn, readings, links, stale) for sn in _owners(readings, links))
    return frozenset[str]().union(*(charge.devices for charge in found if charge is not None))


def _owners(readings: Readings, links: Links) -> list[str]:
    """Return the devices that have the plant's batteries."""
    owners = [sn for sn, each in readings.items() if each.kind in INVERTERS and sn in links]
    return owners or _first_kind(readings, links, (Kind.PBD, Kind.MBMS, Kind.BCU))


def _kinds_of(key: str, links: Links) -> tuple[frozenset[Kind], ...]:
    """Return the kinds that count a value, by preference: what one counts the next must not count again."""
    if key.startswith("pv_"):
        has_controller = any(link.kind is Kind.PBD for link in links.values())
        return (HPS | {Kind.PBD} if has_controller else INVERTERS if key == "pv_power" else HPS,)
    if key.startswith("battery_"):
        return INVERTERS, frozenset({Kind.PBD}), frozenset({Kind.MBMS}), frozenset({Kind.BCU})
    return (INVERTERS,)


def contributors(key: str, readings: Readings, links: Links) -> list[str]:
    """Return the devices whose values of a key the plant sums: none of them holds what another one counts."""
    for kinds in _kinds_of(key, links):
        found = [sn for sn, each in readings.items() if sn in links and each.kind in kinds and key in each.values]
        if found or any(link.kind in kinds for link in links.values()):
            return found
    return []


def _complete(key: str, readings: Readings, links: Links) -> bool:
    """Return whether every device that may count a value has a reading: a sum that lacks one would seem to fall."""
    for kinds in _kinds_of(key, links):
        members = [sn for sn, link in links.items() if link.kind in kinds]
        if members:
            return all(sn in readings for sn in members)
    return False


def _first_kind(readings: Readings, links: Links, kinds: Iterable[Kind]) -> list[str]:
    for kind in kinds:
        if found := [sn for sn, each in readings.items() if each.kind is kind and sn in links]:
            return found
    return []


def controllers_of(pcs: str, links: Links) -> list[str]:
    """Return the PBDs on the DC bus of a PCS: those that belong to it and to no other PCS."""
    inverters = [sn for sn, link in links.items() if link.kind is Kind.PCS]
    return [
        sn
        for sn, link in links.items()
        if link.kind is Kind.PBD and [each for each in inverters if _belongs(link, links[each])] == [pcs]
    ]


def _belongs(one: Link, other: Link) -> bool:
    if one.data_log_sn is not None and other.data_log_sn is not None:
        return _same_logger(one, other) and _may_be_one_system(one, other)
    return _same_system(one, other)


def pbd_output(pcs: Reading, controller: Reading | None) -> float | None:
    """Return what a PBD hands to the DC bus in kW; None if it is not known for the moment of the PCS's sample."""
    if controller is None or not _close([pcs, controller]):
        return None
    output = controller.values.get("output_power")
    if isinstance(output, float):
        return output
    pv, battery = controller.values.get("pv_power"), controller.values.get("battery_power")
    return pv + battery if isinstance(pv, float) and isinstance(battery, float) else None


def _battery_values(power: Value) -> dict[str, Value]:
    halves = _halves(power, "battery_discharging_power", "battery_charging_power")
    return {"battery_power": power, **halves}


def _halves(power: Value, positive: str, negative: str) -> dict[str, Value]:
    if not isinstance(power, float):
        return {positive: None, negative: None}
    return {positive: max(0.0, power), negative: max(0.0, -power)}


def _soc_of(readings: Readings, links: Links, kind: Kind, belongs: Callable[[Link], bool]) -> dict[str, float]:
    """Return the states of charge of all devices of a kind that belong, those far from the newest sample left out."""
    members = [sn for sn, each in readings.items() if each.kind is kind and sn in links and belongs(links[sn])]
    charges = {sn: soc for sn in members if (soc := _number(readings, sn, "battery_state_of_charge")) is not None}
    newest = max((readings[sn].sampled_at for sn in charges), default=None)
    return {sn: soc for sn, soc in charges.items() if newest is not None and newest - readings[sn].sampled_at <= APART}


def _same_logger(one: Link, other: Link) -> bool:
    if one.data_log_sn is None or other.data_log_sn is None:
        return False
    return one.data_log_sn.casefold() == other.data_log_sn.casefold()


def _same_system(one: Link, other: Link) -> bool:
    return bool(one.system_no) and one.system_no == other.system_no


def _may_be_one_system(one: Link, other: Link) -> bool:
    return not one.system_no or not other.system_no or one.system_no == other.system_no


def _close(readings: Iterable[Reading]) -> bool:
    moments = [each.sampled_at for each in readings]
    return max(moments) - min(moments) <= APART


def _number(readings: Readings, device_sn: str, key: str) -> float | None:
    reading = readings.get(device_sn)
    value = None if reading is None else reading.values.get(key)
    return value if isinstance(value, float) else None


def _mean(values: Iterable[float]) -> float:
    given = list(values)
    return rounded(sum(given) / len(given), 1)
