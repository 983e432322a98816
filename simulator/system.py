"""One system over time: computed lazily day by day, so that any past moment can be asked for in any order."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import NamedTuple

from .config import Config, Settings, build_control
from .control import Control
from .load import Load
from .noise import stream, unit
from .physics import (
    BATTERY_LOSS,
    CHARGE,
    DISCHARGE,
    ENERGIES,
    EXPORT,
    IMPORT,
    LOAD,
    OUTPUT,
    PV,
    STEP,
    TIMES,
    Inputs,
    Physics,
    State,
)
from .plant import Plant, SystemSpec
from .weather import Weather

KEPT_DAYS = 4
KEPT_PASTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A system at one moment: powers of the last step in kW, energies in kWh, times in minutes; vendor signs."""

    minute: int
    pv: float
    bus: float
    battery: float
    output: float
    grid: float
    load: float
    arrays: tuple[float, ...]
    soc: float
    stored: float
    battery_temperature: float
    low: bool
    full: bool
    air: float
    today: tuple[float, ...]
    total: tuple[float, ...]
    times_today: tuple[int, ...]
    times_total: tuple[int, ...]
    arrays_today: tuple[float, ...]
    arrays_total: tuple[float, ...]
    config: Config
    control: Control


class Snapshot(NamedTuple):
    """What one step left behind."""

    flows: tuple[float, ...]
    stored: float
    temperature: float
    low: bool
    full: bool
    today: tuple[float, ...]
    times: tuple[int, ...]
    arrays: tuple[float, ...]
    place: int
    """Which of the system's configurations held."""


@dataclass(slots=True)
class _Checkpoint:
    """The state at a local midnight and the counters of the life before it."""

    state: State
    energies: list[float]
    times: list[int]
    arrays: list[float]


class _Run:
    """A day that has been computed up to a step; `trace` holds what each step left behind."""

    def __init__(self, checkpoint: _Checkpoint, inputs: Inputs) -> None:
        self.checkpoint = checkpoint
        self.inputs = inputs
        self.state = checkpoint.state.copy()
        self.trace: list[Snapshot] = []
        self.index = 0


# The days of systems that nobody has changed, by all that they follow from: tests begin with the same ones.
_pasts: OrderedDict[str, list[_Checkpoint]] = OrderedDict()


class System:
    """The system of a plant, from the local midnight of `start` (unix seconds) on."""

    def __init__(self, spec: SystemSpec, plant: Plant, *, seed: int, start: float) -> None:
        self.spec = spec
        self._zone = plant.zone
        seed = stream(seed, spec.name)
        self._weather = Weather(
            seed=stream(seed, plant.name),
            latitude=plant.latitude,
            longitude=plant.longitude,
            cloudiness=plant.cloudiness,
        )
        self._load = Load(seed=seed, spec=spec.load)
        self._physics = Physics(spec.machine, spec.battery)
        self._first = self._ordinal(start)
        self.start = self._midnight(self._first)
        self._split = any(device.kind == "pbd" for device in spec.devices)
        place = (plant.name, plant.latitude, plant.longitude, plant.cloudiness, str(plant.zone))
        self._origin = repr((spec, place, seed, self._first))
        self._checkpoints = list(_pasts.get(self._origin) or [self._beginning(seed)])
        self._runs: OrderedDict[int, _Run] = OrderedDict()
        first = Config(
            settings={device.sn: dict(device.settings) for device in spec.devices}, faults={}, stopped=frozenset()
        )
        self._changes = [self.start]
        self._configs = [first]
        self._controls = [build_control(spec, first)]

    # time

    def _ordinal(self, at: float) -> int:
        return datetime.fromtimestamp(at, self._zone).toordinal()

    def _midnight(self, ordinal: int) -> float:
        return datetime.fromordinal(ordinal).replace(tzinfo=self._zone).timestamp()

    def config(self, at: float) -> Config:
        """Return the settings and faults that hold at a moment."""
        return self._configs[max(0, bisect_right(self._changes, at) - 1)]

    # changes

    def change_settings(self, at: float, sn: str, changes: Settings) -> None:
        """Change settings of a device from the next step on."""
        last = self._configs[-1]
        self._change(at, replace(last, settings={**last.settings, sn: {**last.settings[sn], **changes}}))

    def change_faults(self, at: float, sn: str, faults: Mapping[int, int], *, stop: bool) -> None:
        """Set the fault words of a device from the next step on; `stop`: it stops working and reports state fault."""
        last = self._configs[-1]
        stopped = last.stopped | {sn} if stop and faults else last.stopped - {sn}
        self._change(at, replace(last, faults={**last.faults, sn: dict(faults)}, stopped=stopped))

    def change_grid(self, at: float, *, lost: bool) -> None:
        """Take the grid away from the next step on, or give it back."""
        last = self._configs[-1]
        if last.grid_lost != lost:
            self._change(at, replace(last, grid_lost=lost))

    def _change(self, at: float, config: Config) -> None:
        at = max(at, self._changes[-1])
        self._changes.append(at)
        self._configs.append(config)
        self._controls.append(build_control(self.spec, config))
        ordinal = self._ordinal(at)
        del self._checkpoints[ordinal - self._first + 1 :]
        for day in [day for day, run in self._runs.items() if run.inputs.start + run.index * STEP > at]:
            del self._runs[day]

    # computing

    def _beginning(self, seed: int) -> _Checkpoint:
        """Return the first state, with the counters of a plausible life before it."""
        seed = stream(seed, "life")
        days = 200.0 + 700.0 * unit(seed, 0)
        arrays = [
            array.kwp * 2.8 * days * (0.9 + 0.2 * unit(seed, 10 + number))
            for number, array in enumerate(self.spec.arrays)
        ]
        battery = self.spec.battery
        energies = [0.0] * ENERGIES
        energies[PV] = sum(arrays)
        energies[OUTPUT] = energies[PV] * self.spec.machine.pv_efficiency
        energies[LOAD] = self.spec.load.kwh_per_day * days
        energies[EXPORT] = 0.3 * energies[PV]
        energies[IMPORT] = 0.4 * energies[LOAD]
        times = [0] * TIMES
        times[PV], times[LOAD] = int(days * 640), int(days * 1440)
        times[IMPORT], times[EXPORT] = int(days * 500), int(days * 200)
        stored = temperature = 0.0
        if battery is not None:
            energies[CHARGE] = 0.6 * battery.kwh * days
            energies[DISCHARGE] = energies[CHARGE] * battery.charge_efficiency * battery.discharge_efficiency * 0.99
            energies[BATTERY_LOSS] = energies[CHARGE] - energies[DISCHARGE]
            times[CHARGE], times[DISCHARGE] = int(days * 330), int(days * 560)
            stored, temperature = battery.kwh * battery.soc / 100.0, 20.0
        return _Checkpoint(
            state=State(stored=stored, temperature=temperature, arrays=[0.0] * len(arrays) if self._split else []),
            energies=energies,
            times=times,
            arrays=arrays if self._split else [],
        )

    def _inputs(self, ordinal: int) -> Inputs:
        start = self._midnight(ordinal)
        steps = round((self._midnight(ordinal + 1) - start) / STEP)
        if steps == 1440:
            minutes = list(range(1440))
        else:
            zone = self._zone
            local = (datetime.fromtimestamp(start + number * STEP, zone) for number in range(steps))
            minutes = [moment.hour * 60 + moment.minute for moment in local]
        weather = self._weather.day(start, steps, self.spec.arrays)
        return Inputs(
            start=start,
            minutes=minutes,
            arrays=weather.arrays,
            temperature=weather.temperature,
            load=self._load.day(start, minutes, ordinal),
        )

    def _run(self, ordinal: int) -> _Run:
        """Return a day, computed as far as it was asked for."""
        if ordinal in self._runs:
            self._runs.move_to_end(ordinal)
            return self._runs[ordinal]
        while len(self._checkpoints) <= ordinal - self._first:
            day = self._first + len(self._checkpoints) - 1
            run = self._runs.get(day) or _Run(self._checkpoints[-1], self._inputs(day))
            self._advance(run, len(run.inputs.minutes), traced=day in self._runs)
            self._checkpoints.append(_next_day(run))
            self._keep_past()
        run = _Run(self._checkpoints[ordinal - self._first], self._inputs(ordinal))
        self._runs[ordinal] = run
        while len(self._runs) > KEPT_DAYS:
            self._runs.popitem(last=False)
        return run

    def _keep_past(self) -> None:
        """Keep the days of a system that was not changed, for others of the same origin."""
        if len(self._changes) > 1 or len(self._checkpoints) <= len(_pasts.get(self._origin, ())):
            return
        _pasts[self._origin] = self._checkpoints[:]
        _pasts.move_to_end(self._origin)
        while len(_pasts) > KEPT_PASTS:
            _pasts.popitem(last=False)

    def _advance(self, run: _Run, last: int, *, traced: bool) -> None:
        """Advance a day to before step `last`, keeping each step's result if it is traced."""
        start = run.inputs.start
        while run.index < last:
            place = max(0, bisect_right(self._changes, start + run.index * STEP) - 1)
            stop = last
            if place + 1 < len(self._changes):
                stop = min(last, ceil((self._changes[place + 1] - start) / STEP))
            control = self._controls[place]
            if traced:
                for index in range(run.index, stop):
                    self._physics.advance(run.state, run.inputs, control, index, index + 1)
                    run.trace.append(_snapshot(run.state, place))
            else:
                self._physics.advance(run.state, run.inputs, control, run.index, stop)
            run.index = stop

    def moment(self, at: float) -> Moment:
        """Return the system after the last whole step before a moment."""
        at = max(at, self.start)
        run = self._run(self._ordinal(at))
        index = int((at - run.inputs.start) // STEP)
        if index > run.index:
            self._advance(run, index, traced=True)
        if index:
            snapshot = run.trace[index - 1]
        else:
            place = max(0, bisect_right(self._changes, run.inputs.start) - 1)
            snapshot = _snapshot(run.checkpoint.state, place)
        return self._build(run, index, snapshot)

    def _build(self, run: _Run, index: int, snapshot: Snapshot) -> Moment:
        inputs, life = run.inputs, run.checkpoint
        step = max(0, index - 1)
        pv, bus, battery, output, grid, load = snapshot.flows
        control = self._controls[snapshot.place]
        arrays = [array[step] for array in inputs.arrays]
        if control.pv_caps is not None:
            arrays = [min(power, cap) for power, cap in zip(arrays, control.pv_caps, strict=True)]
        share = pv / sum(arrays) if sum(arrays) > 0.0 else 0.0
        spec = self.spec.battery
        return Moment(
            minute=inputs.minutes[step],
            pv=pv,
            bus=bus,
            battery=battery,
            output=output,
            grid=grid,
            load=load,
            arrays=tuple(power * share for power in arrays),
            soc=100.0 * snapshot.stored / spec.kwh if spec is not None else 0.0,
            stored=snapshot.stored,
            battery_temperature=snapshot.temperature,
            low=snapshot.low,
            full=snapshot.full,
            air=inputs.temperature[step],
            today=snapshot.today,
            total=tuple(base + new for base, new in zip(life.energies, snapshot.today, strict=True)),
            times_today=snapshot.times,
            times_total=tuple(base + new for base, new in zip(life.times, snapshot.times, strict=True)),
            arrays_today=snapshot.arrays,
            arrays_total=tuple(base + new for base, new in zip(life.arrays, snapshot.arrays, strict=True)),
            config=self._configs[snapshot.place],
            control=control,
        )


def _snapshot(state: State, place: int) -> Snapshot:
    return Snapshot(
        state.flows,
        state.stored,
        state.temperature,
        state.low,
        state.full,
        tuple(state.today),
        tuple(state.times),
        tuple(state.arrays),
        place,
    )


def _next_day(run: _Run) -> _Checkpoint:
    """Return the checkpoint at the end of a day that is complete."""
    state, before = run.state.copy(), run.checkpoint
    checkpoint = _Checkpoint(
        state=state,
        energies=[base + new for base, new in zip(before.energies, state.today, strict=True)],
        times=[base + new for base, new in zip(before.times, state.times, strict=True)],
        arrays=[base + new for base, new in zip(before.arrays, state.arrays, strict=True)],
    )
    state.reset_day()
    return checkpoint
