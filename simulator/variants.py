"""Ways in which a device or its uploads differ from what is usual, each a pure function of seed and sample."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .noise import stream, unit

if TYPE_CHECKING:
    from .members import Member

DAY = 86400.0
FORMAT = "%Y-%m-%d %H:%M:%S"
YOUNG_DAY = 30.0  # minutes after midnight in which daily counters misbehave, unless told otherwise

type Sample = dict[str, Member]

_PV_POWERS = ("ppv", "ppv1", "ppv2", "ppv3", "ppv4", "ppv5")
_BATTERY_POWERS = ("pac", "pacToBattery", "pbdBatPower")
_GRID_POWERS = ("gactivePower", "bactivePower", "meterPower")
_POWERS = (
    *_PV_POWERS,
    *_BATTERY_POWERS,
    *_GRID_POWERS,
    "loadActivePower",
    "pbdOutPowe",
    "pbdOutPower",
    "pcsActivePower",
)
_SWAPPED = tuple(
    (f"{one}{what}", f"{other}{what}")
    for one, other in (("egrid", "etoGrid"), ("grid", "toGrid"))
    for what in ("Today", "Total", "TimeToday", "TimeTotal")
)
# Members of today's energy with those of the lifetime energy.
_COUNTERS = {
    "echargeToday": ("ebatChargeTotal", "echargeTotal"),
    "edischargeToday": ("ebatDischargeTotal", "edischargeTotal"),
    "egridToday": ("egridTotal",),
    "eloadToday": ("eloadTotal",),
    "eoutToday": ("eoutTotal",),
    "epvToday": ("epvTotal",),
    "etoGridToday": ("etoGridTotal",),
    "gridToday": ("gridTotal",),
    "loadToday": ("loadTotal",),
    "toGridToday": ("toGridTotal",),
}
_TOTALS = tuple(name for names in _COUNTERS.values() for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A sample's place in time, and what may be asked about its device: the honest sample of any moment."""

    number: int
    taken: float
    start: float
    """When the plant began."""
    zone: ZoneInfo
    interval: float
    honest: Callable[[float], Sample]

    @property
    def local(self) -> datetime:
        """The local time of the sample."""
        return datetime.fromtimestamp(self.taken, self.zone)

    @property
    def midnight(self) -> float:
        """The last local midnight."""
        return self.local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()


@dataclass(slots=True, kw_only=True)
class Variant:
    """A variant of a device: its name, the time in which it holds, its parameters."""

    name: str
    begin: float = float("-inf")
    end: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, taken: float) -> bool:
        """Return whether the variant holds for a sample taken then."""
        return self.begin <= taken and (self.end is None or taken < self.end)

    def number(self, name: str, usual: float) -> float:
        """Return a parameter."""
        return float(self.parameters.get(name, usual))


def parse_variant(name: object, parameters: Mapping[str, Any], begin: float = float("-inf")) -> Variant:
    """Check a variant.

    Raises:
        ValueError: The variant or one of its parameters is not known.
    """
    if not isinstance(name, str) or name not in PARAMETERS:
        raise ValueError(f"no variant {name!r}; known: {', '.join(sorted(PARAMETERS))}")
    if unknown := set(parameters) - PARAMETERS[name]:
        raise ValueError(f"{name} has no parameter {', '.join(sorted(unknown))}")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in parameters.values()):
        raise ValueError(f"the parameters of {name} are numbers")
    return Variant(name=name, begin=begin, parameters=dict(parameters))


def shaped(sample: Sample, place: Place, variants: list[Variant], seed: int) -> Sample:
    """Return a sample as its device sends it."""
    for variant in variants:
        shape = _SHAPES.get(variant.name)
        if shape is not None and variant.holds(place.taken):
            sample = shape(dict(sample), place, variant, stream(seed, variant.name))
    return sample


def shown_at(now: float, variants: list[Variant], seed: int) -> tuple[float, int]:
    """Return the moment whose newest sample the cloud shows now, and how many samples before that it shows."""
    behind = 0
    for variant in variants:
        if not variant.holds(now):
            continue
        own = stream(seed, variant.name)
        if variant.name == "frozen":
            every = variant.number("every", 12.0) * 3600.0
            block = int(now // every)
            start = (block + 0.5 * unit(own, block)) * every
            if start <= now < start + variant.number("hours", 1.0) * 3600.0:
                now = start
        elif variant.name == "reordered" and unit(own, int(now // 60.0)) < variant.number("share", 0.1):
            behind = 1
    return now, behind


def _scale(sample: Sample, names: tuple[str, ...], factor: float) -> Sample:
    for name in names:
        value = sample.get(name)
        if isinstance(value, int | float):
            sample[name] = round(value * factor, 3) + 0.0
    return sample


def _watts(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return _scale(sample, _POWERS, 1000.0)


def _pv_watts(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return _scale(sample, ("ppv",), 1000.0)


def _battery_sign(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return _scale(sample, _BATTERY_POWERS, -1.0)


def _grid_sign(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return _scale(sample, _GRID_POWERS, -1.0)


def _grid_counters(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    for one, other in _SWAPPED:
        if one in sample and other in sample:
            sample[one], sample[other] = sample[other], sample[one]
    return sample


def _hv_totals(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    sample["ppv"], sample["ppv1"] = sample["ppv1"], sample["ppv"]
    return sample


def _inverter_output(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    sample["pac"] = round(_of(sample, "pac") + _of(sample, "ppv"), 2) + 0.0
    return sample


def _millivolts(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return _scale(sample, ("maxVolt", "minVolt"), 1000.0)


def _percent(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    for name in ("loadPf", "pf"):
        if name in sample and abs(_of(sample, name)) <= 1.0:
            _scale(sample, (name,), 100.0)
    return sample


def _unsigned(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    for name in _POWERS:
        if name in sample and _of(sample, name) < 0.0:
            sample[name] = round(_of(sample, name) + 6553.6, 2)
    return sample


def _sentinels(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    sentinels: Sample = {"mvpv": 65.526, "temp1": 6523.6, "temp4": 6523.6, "minTemp": 255, "sysFaultWord1": -1}
    return {**sample, **{name: value for name, value in sentinels.items() if name in sample}}


def _clock(sample: Sample, place: Place, variant: Variant, _seed: int) -> Sample:
    """Shift the device's clock; its counters of today begin at its own midnight."""
    drift = variant.number("drift", 0.0) * (place.taken - max(variant.begin, place.start)) / DAY
    shift = timedelta(minutes=variant.number("offset", 0.0), seconds=drift)
    own = place.local.replace(tzinfo=None) + shift
    sample["time"] = own.strftime(FORMAT)
    midnight = own.replace(hour=0, minute=0, second=0, microsecond=0) - shift
    before = place.honest(midnight.replace(tzinfo=place.zone).timestamp())
    for today, totals in _COUNTERS.items():
        for total in totals:
            if today in sample and total in sample:
                sample[today] = round(max(0.0, _of(sample, total) - _of(before, total)), 1)
    return sample


def _replaced(sample: Sample, place: Place, variant: Variant, _seed: int) -> Sample:
    """Count anew from `start` kWh, as a new meter does, since the variant began."""
    before = place.honest(variant.begin)
    for name in _TOTALS:
        if name in sample:
            sample[name] = round(_of(sample, name) - _of(before, name) + variant.number("start", 0.0), 1)
    if variant.begin > place.midnight:
        for name in _COUNTERS:
            if name in sample:
                sample[name] = round(_of(sample, name) - _of(before, name), 1)
    return sample


def _zero_totals(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    if unit(seed, place.number // 2) < variant.number("share", 0.02):
        sample |= {name: 0.0 for name in _TOTALS if name in sample}
    return sample


def _dips(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    if unit(seed, place.number) < variant.number("share", 0.05):
        depth = variant.number("depth", 0.6) * unit(seed, -place.number)
        sample |= {name: round(_of(sample, name) - depth, 1) for name in _TOTALS if name in sample}
        sample |= {name: max(0.0, round(_of(sample, name) - depth / 3, 1)) for name in _COUNTERS if name in sample}
    return sample


def _jumps(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    """Show totals tenfold in single samples, never in two in a row."""
    if place.number % 2 and unit(seed, place.number) < variant.number("share", 0.005):
        sample |= {name: round(_of(sample, name) * 10.0, 1) for name in _TOTALS if _of(sample, name) >= 100.0}
    return sample


def _in_burst(place: Place, variant: Variant, seed: int) -> float | None:
    """Return when the present burst began (unix seconds), None between bursts of 1 to 40 minutes."""
    every = variant.number("every", 8.0) * 3600.0
    block = int(place.taken // every)
    begin = (block + 0.1 + 0.7 * unit(seed, 2 * block)) * every
    return begin if begin <= place.taken < begin + 60.0 * (1.0 + 39.0 * unit(seed, 2 * block + 1)) else None


def _zero_bursts(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    """Show 0 in every counter, in every second burst in all other numbers too."""
    begin = _in_burst(place, variant, seed)
    if begin is None:
        return sample
    names = set(sample) if unit(seed, int(begin)) < 0.5 else {*_COUNTERS, *_TOTALS}
    return {name: 0.0 if name in names and _is_number(value) else value for name, value in sample.items()}


def _unit_bursts(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    """Show the totals in another unit."""
    begin = _in_burst(place, variant, seed)
    if begin is None:
        return sample
    factor = (0.001, 0.01, 0.1, 10.0, 100.0, 1000.0)[int(6 * unit(seed, int(begin)))]
    return _scale(sample, tuple(name for name in _TOTALS if _of(sample, name) >= 100.0), factor)


def _old_levels(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    """Show another level of the totals in bursts, which counts on, then the right one again."""
    begin = _in_burst(place, variant, seed)
    if begin is None:
        return sample
    share = 0.2 + 0.5 * unit(seed, int(begin))
    before = place.honest(begin)
    for name in _TOTALS:
        if name in sample and _of(before, name) >= 100.0:
            sample[name] = round(_of(sample, name) - share * _of(before, name), 1)
    return sample


def _resent(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    """Upload the samples of some hours before once more, with new times."""
    begin = _in_burst(place, variant, seed)
    if begin is None:
        return sample
    hours = 1.0 + 3.0 * unit(seed, int(begin))
    return {**place.honest(place.taken - hours * 3600.0), "time": sample["time"]}


def _no_sign(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    for name in (*_BATTERY_POWERS, *_GRID_POWERS):
        if name in sample:
            sample[name] = abs(_of(sample, name))
    return sample


def _load_watts(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return _scale(sample, ("loadActivePower",), 1000.0)


def _no_currents(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    names = ("ipvu", "ipvv", "ipvw", "loadIu", "loadIv", "loadIw", "loadIa", "loadIb", "loadIc")
    return {**sample, **{name: 0.0 for name in names if name in sample}}


def _battery_alone(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    """Send battery power alone as the DC side power of a PCS."""
    if "pacToBattery" in sample:
        sample["pacToBattery"] = round(_of(sample, "pacToBattery") - _of(sample, "pbdOutPower"), 2) + 0.0
    return sample


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _midnight_bounce(sample: Sample, place: Place, variant: Variant, _seed: int) -> Sample:
    """Show yesterday's final counters in every second sample after midnight."""
    if place.taken - place.midnight < variant.number("minutes", YOUNG_DAY) * 60.0 and place.number % 2:
        return _yesterday(sample, place)
    return sample


def _late_reset(sample: Sample, place: Place, variant: Variant, _seed: int) -> Sample:
    if place.taken - place.midnight < variant.number("minutes", YOUNG_DAY) * 60.0:
        return _yesterday(sample, place)
    return sample


def _yesterday(sample: Sample, place: Place) -> Sample:
    before = place.honest(place.midnight - 1.0)
    return sample | {name: before[name] for name in _COUNTERS if name in sample}


def _duplicated(sample: Sample, place: Place, variant: Variant, seed: int) -> Sample:
    """Upload the sample before once more, with a new time."""
    if unit(seed, place.number) < variant.number("share", 0.1):
        return {**place.honest(place.taken - place.interval), "time": sample["time"]}
    return sample


def _units(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    """Write numbers with their unit, where the name says which that is."""
    return {
        name: f"{round(value, 3)}{unit_of}" if isinstance(value, float) and (unit_of := _unit_of(name)) else value
        for name, value in sample.items()
    }


def _unit_of(name: str) -> str:
    """Return the unit of a member, empty if its name does not tell."""
    if name in _POWERS:
        return "kW"
    if name in _TOTALS or name in _COUNTERS:
        return "kWh"
    return "V" if name in {"vbat", "vpv", "vpv2", "vpv3", "bvbus"} else ""


def _decimal_comma(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return {
        name: f"{value:.2f}".replace(".", ",") if isinstance(value, float) else value for name, value in sample.items()
    }


def _capital_members(sample: Sample, _place: Place, _variant: Variant, _seed: int) -> Sample:
    return {name[:1].upper() + name[1:]: value for name, value in sample.items()}


def _unreadable(sample: Sample, _place: Place, variant: Variant, seed: int) -> Sample:
    """Show numbers of some members as a text that is none, the same ones in every sample."""
    share = variant.number("share", 0.5)
    return {
        name: "n/a" if isinstance(value, float) and unit(stream(seed, name), 0) < share else value
        for name, value in sample.items()
    }


def _of(sample: Sample, name: str) -> float:
    value = sample.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


_SHAPES: dict[str, Callable[[Sample, Place, Variant, int], Sample]] = {
    "battery_alone": _battery_alone,
    "battery_sign": _battery_sign,
    "capital_members": _capital_members,
    "clock": _clock,
    "decimal_comma": _decimal_comma,
    "dips": _dips,
    "duplicated": _duplicated,
    "grid_counters": _grid_counters,
    "grid_sign": _grid_sign,
    "hv_totals": _hv_totals,
    "inverter_output": _inverter_output,
    "jumps": _jumps,
    "late_reset": _late_reset,
    "load_watts": _load_watts,
    "midnight_bounce": _midnight_bounce,
    "millivolts": _millivolts,
    "no_currents": _no_currents,
    "no_sign": _no_sign,
    "old_levels": _old_levels,
    "percent": _percent,
    "pv_watts": _pv_watts,
    "replaced": _replaced,
    "resent": _resent,
    "sentinels": _sentinels,
    "units": _units,
    "unreadable": _unreadable,
    "unit_bursts": _unit_bursts,
    "unsigned": _unsigned,
    "watts": _watts,
    "zero_bursts": _zero_bursts,
    "zero_totals": _zero_totals,
}
PARAMETERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_SHAPES, frozenset[str]()),
    "clock": frozenset({"offset", "drift"}),
    "dips": frozenset({"share", "depth"}),
    "duplicated": frozenset({"share"}),
    "frozen": frozenset({"every", "hours"}),
    "jumps": frozenset({"share"}),
    "late_reset": frozenset({"minutes"}),
    "midnight_bounce": frozenset({"minutes"}),
    "reordered": frozenset({"share"}),
    "replaced": frozenset({"start"}),
    "unreadable": frozenset({"share"}),
    "zero_totals": frozenset({"share"}),
    **dict.fromkeys(("old_levels", "resent", "unit_bursts", "zero_bursts"), frozenset({"every"})),
}
# What replaces whole samples comes first, what spoils counters last. A sign that is inverted is one of what is sent.
_FIRST = ("duplicated", "resent", "clock", "replaced", "midnight_bounce", "late_reset")
_LAST = ("grid_counters", "zero_totals", "old_levels", "unit_bursts", "zero_bursts", "dips", "jumps", "unsigned")
# What makes texts of numbers, or other names, comes after all that reckons.
_TEXTS = ("unreadable", "units", "decimal_comma", "capital_members")


def ordered(variants: list[Variant]) -> list[Variant]:
    """Return variants in the order in which they act on a sample."""
    places = {name: place - 10 for place, name in enumerate((*_FIRST, "inverter_output"))}
    places |= dict.fromkeys(_LAST, 1) | {name: place + 2 for place, name in enumerate(_TEXTS)}
    return sorted(variants, key=lambda variant: places.get(variant.name, 0))
