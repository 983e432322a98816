"""The plant behind the cloud: its systems, loggers and devices, asked for samples at any time."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from .members import BUILDERS, Member, View, base_info
from .members.view import float32
from .noise import stream
from .physics import BATTERY_LOSS, CHARGE, DISCHARGE, EXPORT, IMPORT, INVERTER_LOSS, LOAD, PV, PV_LOSS, STANDBY
from .plant import Device, Plant
from .system import Moment, System
from .uploads import Logger
from .variants import Place, Variant, ordered, shaped, shown_at

DAY = 86400.0
KEPT_SAMPLES = 64
FORMAT = "%Y-%m-%d %H:%M:%S"
_ENERGIES = {
    "pv": PV,
    "battery_charge": CHARGE,
    "battery_discharge": DISCHARGE,
    "grid_import": IMPORT,
    "grid_export": EXPORT,
    "load": LOAD,
    "pv_loss": PV_LOSS,
    "inverter_loss": INVERTER_LOSS,
    "battery_loss": BATTERY_LOSS,
    "standby": STANDBY,
}


@dataclass(slots=True)
class _Outage:
    """A time in which a device uploads nothing; `end` None while it lasts."""

    begin: float
    end: float | None
    lost: bool


@dataclass(slots=True)
class _Outages:
    spans: list[_Outage] = field(default_factory=list)

    def hides(self, taken: float) -> bool:
        """Return whether a sample taken at this time was never uploaded."""
        return any(span.begin <= taken and (span.end is None or taken < span.end) for span in self.spans)

    @property
    def lost(self) -> bool:
        """Return whether the cloud marks the device as offline."""
        return any(span.end is None and span.lost for span in self.spans)


class World:
    """A plant from `history_days` before `now` on; all times are unix seconds."""

    def __init__(self, plant: Plant, *, seed: int, now: float) -> None:
        self.plant = plant
        self._seed = seed
        start = now - plant.history_days * DAY
        self._systems = [System(spec, plant, seed=seed, start=start) for spec in plant.systems]
        self.start = self._systems[0].start
        past = None if plant.past_interval is None else (now, plant.past_interval)
        self._loggers = {spec.sn: Logger(spec, seed=seed, past=past) for spec in plant.loggers}
        self.devices = {device.sn: device for device in plant.devices}
        self._system_of = {device.sn: system for system in self._systems for device in system.spec.devices}
        self._outages: dict[str, _Outages] = {sn: _Outages() for sn in self.devices}
        self._known: dict[tuple[str, float], dict[str, Member]] = {}
        self._variants = {sn: ordered(list(device.variants)) for sn, device in self.devices.items()}

    def system(self, sn: str) -> System:
        """Return the system that a device belongs to."""
        return self._system_of[sn]

    # samples

    def latest(self, sn: str, now: float) -> dict[str, Member] | None:
        """Return the newest sample that the cloud shows, or None before the first one."""
        device, outages = self.devices[sn], self._outages[sn]
        logger = self._loggers[device.data_log_sn]
        shown, behind = shown_at(now, self._variants[sn], stream(self._seed, sn))
        for number in logger.newest_first(shown, self.start):
            if not outages.hides(logger.taken(number)):
                if behind:
                    behind -= 1
                    continue
                return self._sample(device, logger, number, lost=outages.lost)
        return None

    def history_numbers(self, sn: str, begin: float, end: float, now: float) -> list[int]:
        """Return the numbers of the samples taken from `begin` to `end`, oldest first."""
        outages, logger = self._outages[sn], self._loggers[self.devices[sn].data_log_sn]
        numbers = logger.between(max(begin, self.start), min(end, now), now)
        return [number for number in numbers if not outages.hides(logger.taken(number))]

    def uploads(self, sn: str, begin: float, end: float) -> list[tuple[float, str]]:
        """Return when samples taken from `begin` to `end` become visible, with the time they carry; oldest first."""
        logger = self._loggers[self.devices[sn].data_log_sn]
        numbers = logger.between(begin, end, float("inf"))
        return sorted((logger.visible(number), self.local(logger.shown(number, self.start))) for number in numbers)

    def sample(self, sn: str, number: int) -> dict[str, Member]:
        """Return an uploaded sample."""
        device = self.devices[sn]
        return self._sample(device, self._loggers[device.data_log_sn], number, lost=False)

    def _view(
        self, device: Device, logger: Logger, number: int, *, lost: bool = False, taken: float | None = None
    ) -> View:
        taken = logger.taken(number) if taken is None else taken
        system = self._system_of[device.sn]
        return View(
            device=device,
            system=system.spec,
            moment=system.moment(taken),
            time=self.local(logger.shown(number, self.start)),
            lost=lost,
            random=Random(stream(self._seed, system.spec.name, number)),
        )

    def _sample(self, device: Device, logger: Logger, number: int, *, lost: bool) -> dict[str, Member]:
        sample = BUILDERS[device.kind](self._view(device, logger, number, lost=lost))
        if variants := self._variants[device.sn]:
            place = Place(
                number=number,
                taken=logger.taken(number),
                start=self.start,
                zone=self.plant.zone,
                interval=logger.spec.interval,
                honest=lambda at: self._honest(device, logger, number, at),
            )
            sample = shaped(sample, place, variants, stream(self._seed, device.sn))
        if self.plant.float_noise:
            sample = {name: float32(value) if isinstance(value, float) else value for name, value in sample.items()}
        return {name: value for name, value in sample.items() if name not in device.omit}

    def _honest(self, device: Device, logger: Logger, number: int, at: float) -> dict[str, Member]:
        """Return what a device would send at a moment without variants; asked again for the same moments."""
        key = (device.sn, at)
        if key not in self._known:
            if len(self._known) >= KEPT_SAMPLES:
                self._known.pop(next(iter(self._known)))
            self._known[key] = BUILDERS[device.kind](self._view(device, logger, number, taken=at))
        else:
            self._known[key] = self._known.pop(key)
        return self._known[key]

    def base_info(self, sn: str, now: float) -> dict[str, Member] | None:
        """Return the base info of a device, or None before its first sample."""
        device, outages = self.devices[sn], self._outages[sn]
        logger = self._loggers[device.data_log_sn]
        for number in logger.newest_first(now, self.start):
            if not outages.hides(logger.taken(number)):
                return base_info.members(self._view(device, logger, number, lost=outages.lost))
        return None

    def local(self, at: float) -> str:
        """Return the plant's local time as devices write it."""
        return datetime.fromtimestamp(at, self.plant.zone).strftime(FORMAT)

    def parse_local(self, text: str, *, fold: int) -> float:
        """Return the moment of a local time; `fold` 1 means the later one of an hour that comes twice.

        Raises:
            ValueError: The text is not such a time.
        """
        return datetime.strptime(text, FORMAT).replace(tzinfo=self.plant.zone, fold=fold).timestamp()

    # changes

    def add_variant(self, sn: str, variant: Variant) -> None:
        """Let a device, or its uploads, differ from what is usual."""
        self._variants[sn] = ordered([*self._variants[sn], variant])

    def set_offline(self, sn: str, now: float, *, lost: bool) -> None:
        """Let a device stop uploading."""
        self._outages[sn].spans.append(_Outage(now, None, lost))

    def clear_faults(self, now: float) -> None:
        """End all outages (the grid's too), faults and injected variants; what was uploaded until then stays."""
        for sn, outages in self._outages.items():
            for span in outages.spans:
                span.end = now if span.end is None else span.end
            system = self._system_of[sn]
            if system.config(now).faults.get(sn):
                system.change_faults(now, sn, {}, stop=False)
            system.change_grid(now, lost=False)
        for sn, device in self.devices.items():
            for variant in self._variants[sn]:
                if variant not in device.variants and variant.end is None:
                    variant.end = now

    def set_grid(self, sn: str | None, now: float, *, lost: bool) -> None:
        """Take the grid from the system of a device, from all systems if none is named, or give it back."""
        for system in self._systems if sn is None else [self._system_of[sn]]:
            system.change_grid(now, lost=lost)

    def set_fault_word(self, sn: str, now: float, word: int, mask: int, *, stop: bool) -> None:
        """Set a fault word of a device; 0 clears it."""
        system = self._system_of[sn]
        words = {**system.config(now).faults.get(sn, {}), word: mask}
        system.change_faults(now, sn, {key: bits for key, bits in words.items() if bits}, stop=stop)

    # truth

    def truth(self, now: float) -> dict[str, Any]:
        """Return what really flows and has flowed: kW, kWh and per cent, vendor signs, not rounded."""
        systems = []
        devices: dict[str, Any] = {}
        for system in self._systems:
            moment, first = system.moment(now), system.moment(system.start)
            facts = {"name": system.spec.name, **_facts(moment, first)}
            systems.append({**facts, "devices": [device.sn for device in system.spec.devices]})
            for device in system.spec.devices:
                devices[device.sn] = _device_facts(device, system, moment, first, facts)
        plant = {
            part: {name: sum(facts[part][name] for facts in systems) for name in systems[0][part]}
            for part in ("power", "today", "total", "since_start")
        }
        return {
            "time": now,
            "local_time": self.local(now),
            "start": self.start,
            "plant": plant,
            "systems": systems,
            "devices": devices,
        }


def _facts(moment: Moment, first: Moment) -> dict[str, Any]:
    return {
        "power": {
            "pv": moment.pv,
            "battery": moment.battery,
            "grid": moment.grid,
            "load": moment.load,
            "output": moment.output,
        },
        "soc": moment.soc,
        "stored": moment.stored,
        "stored_at_start": first.stored,
        "today": {name: moment.today[place] for name, place in _ENERGIES.items()},
        "total": {name: moment.total[place] for name, place in _ENERGIES.items()},
        "since_start": {name: moment.total[place] - first.total[place] for name, place in _ENERGIES.items()},
    }


def _device_facts(
    device: Device, system: System, moment: Moment, first: Moment, facts: dict[str, Any]
) -> dict[str, Any]:
    """Return the facts that a device can know of: a PBD its PV, a BMS the battery, an inverter everything."""
    if device.kind == "pbd":
        parts = {
            "power": sum(moment.arrays[place] for place in device.arrays),
            "today": sum(moment.arrays_today[place] for place in device.arrays),
            "total": sum(moment.arrays_total[place] for place in device.arrays),
            "since_start": sum(moment.arrays_total[place] - first.arrays_total[place] for place in device.arrays),
        }
        return {"kind": device.kind, **{name: {"pv": value} for name, value in parts.items()}}
    if device.kind in {"bcu", "mbms"}:
        spec = system.spec.battery
        share = 1.0 / spec.strings if spec is not None and device.kind == "bcu" else 1.0
        return {"kind": device.kind, "power": {"battery": moment.battery * share}, "soc": moment.soc}
    return {"kind": device.kind, **{name: value for name, value in facts.items() if name != "name"}}
