"""Plants for the campaigns: one system each, drawn at random by seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
YEAR = 2026
VERDICTS: Mapping[str, tuple[str, str]] = {
    "watts": ("power_unit", "W"),
    "pv_watts": ("pv_power_unit", "W"),
    "battery_sign": ("battery_sign", "inverted"),
    "grid_sign": ("grid_sign", "inverted"),
    "grid_counters": ("grid_counters", "swapped"),
    "hv_totals": ("pv_layout", "ppv1"),
    "inverter_output": ("battery_meaning", "inverter_output"),
    "clock": ("clock", "480"),
    "no_sign": ("battery_direction", "unsigned"),
    "load_watts": ("load_power_unit", "W"),
}
"""What each variant of unit, sign and meaning is to be found out as."""
DISTURBANCES: Mapping[str, Mapping[str, float]] = {
    "millivolts": {},
    "percent": {},
    "unsigned": {},
    "sentinels": {},
    "zero_totals": {"share": 0.02},
    "dips": {"share": 0.05},
    "jumps": {"share": 0.01},
    "midnight_bounce": {"minutes": 45},
    "late_reset": {"minutes": 20},
    "frozen": {"every": 18, "hours": 1.5},
    "duplicated": {"share": 0.1},
    "reordered": {"share": 0.1},
    "zero_bursts": {"every": 8.0},
    "unit_bursts": {"every": 8.0},
    "old_levels": {"every": 8.0},
    "resent": {"every": 8.0},
    "no_currents": {},
}
BURSTS = frozenset({"zero_bursts", "unit_bursts", "old_levels", "resent"})
"""What lasts for up to 40 minutes."""
BATTERIES = ("ordinary", "full", "empty", "none")
HPS = ("hps_string", "hps_central")
VARIANT_KINDS: Mapping[str, tuple[str, ...]] = {
    "watts": (*HPS, "pcs", "pbd"),
    "pv_watts": ("pbd",),
    "battery_sign": (*HPS, "pbd"),
    "grid_sign": (*HPS, "pcs"),
    "grid_counters": (*HPS, "pcs"),
    "hv_totals": HPS,
    "inverter_output": HPS,
    "clock": (*HPS, "pcs", "pbd"),
    "no_sign": HPS,
    "load_watts": (*HPS, "pcs"),
}
ALONE = ("watts", "no_sign", "load_watts")  # what hides or changes the evidence of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One device to be read for some days: its plant, kind and serial number, from when on, in what it differs."""

    name: str
    seed: int
    plant: Mapping[str, Any]
    kind: str
    serial: str
    nominal: float
    most: float
    """What can flow at most, in kW."""
    start: float
    days: float
    variants: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    replaced: Mapping[str, float] | None = None
    battery: str = "ordinary"


def plain(seed: int, days: float = 7.0) -> Case:
    """Return a device as the catalogue expects it, in any season, with any battery or none."""
    random = Random(seed)
    battery = random.choice(BATTERIES)
    kind = random.choice((*HPS, "pcs", "pbd"))
    if kind == "pbd" and battery == "none":
        kind = "hps_string"
    month = random.choice((12, 1)) if battery == "empty" else random.randint(1, 12)
    return _case(random, f"plain {kind} {battery} month {month}", seed, kind, battery, month, days, {})


def single(seed: int, variant: str, days: float = 2.0) -> Case:
    """Return an ordinary device in which one thing is other than assumed."""
    random = Random(seed)
    kind = random.choice(VARIANT_KINDS[variant])
    month = random.randint(4, 9)
    parameters = {"offset": 360.0} if variant == "clock" else {}
    name = f"{variant} {kind} month {month}"
    return _case(random, name, seed, kind, "ordinary", month, days, {variant: parameters})


def mixed(seed: int, days: float = 7.0) -> Case:
    """Return a device with a few variants at once."""
    random = Random(seed)
    kind = random.choice((*HPS, "pcs", "pbd"))
    battery = random.choice(BATTERIES) if random.random() < 0.3 and kind != "pbd" else "ordinary"
    month = random.randint(1, 12)
    usual = [name for name, kinds in VARIANT_KINDS.items() if kind in kinds]
    chosen = random.sample(usual, random.choice((0, 1, 1, 2)))
    exclusive = {"pv_watts": "watts", "hv_totals": "inverter_output"}
    chosen = [name for name in chosen if exclusive.get(name) not in chosen]
    chosen = next(([name] for name in chosen if name in ALONE and len(chosen) > 1), chosen)
    if kind == "pcs" and not chosen and random.random() < 0.5:
        chosen = ["battery_alone"]
    variants: dict[str, Mapping[str, float]] = {}
    for name in chosen:
        variants[name] = {"offset": random.choice((-90.0, 45.0, 360.0))} if name == "clock" else {}
    if random.random() < 0.15 and "clock" not in variants:
        variants["clock"] = {"drift": random.choice((-40.0, 40.0))}
    for name in random.sample(sorted(DISTURBANCES), random.randint(1, 3)):
        variants[name] = DISTURBANCES[name]
    if {"watts", "pv_watts", "load_watts", "no_sign"} & variants.keys():  # a register of 0.1 kW, or no negative power
        variants.pop("unsigned", None)
    if {"midnight_bounce", "late_reset"} <= variants.keys():
        del variants["late_reset"]
    if "clock" in variants:  # these two know only the plant's midnight
        own_midnight = {"midnight_bounce", "late_reset", "resent"}
        variants = {name: value for name, value in variants.items() if name not in own_midnight}
    replaced = {"start": random.choice((0.0, 350.0))} if random.random() < 0.2 else None
    if replaced is not None:  # what the old meter counted unseen is lost, and these know only its midnight values
        for name in ("frozen", "clock", "midnight_bounce", "late_reset", "resent"):
            variants.pop(name, None)
    name = f"mixed {kind} {battery} month {month} {sorted(variants)} replaced {replaced}"
    return _case(random, name, seed, kind, battery, month, days, variants, replaced=replaced, number=str(seed))


def gathered(case: Case) -> Case:
    """Return a case that begins close to the others of its month, through all of which one Home Assistant lives.

    Where clocks change in that month, they do so in the week that it takes.
    """
    start = datetime.fromtimestamp(case.start, ZoneInfo(ZONE))
    return replace(case, start=start.replace(day=22 + start.day % 4).timestamp())


def _case(  # noqa: PLR0913  # the parts of a case
    random: Random,
    name: str,
    seed: int,
    kind: str,
    battery: str,
    month: int,
    days: float,
    variants: Mapping[str, Mapping[str, float]],
    *,
    replaced: Mapping[str, float] | None = None,
    number: str = "",
) -> Case:
    nominal = random.choice((5.0, 8.0, 10.0, 20.0)) if kind == "hps_string" else random.choice((50.0, 100.0, 250.0))
    peak = nominal * random.uniform(0.8, 1.15)
    split = random.uniform(0.4, 0.6)
    daily = nominal * random.uniform(1.1, 1.8) * (0.4 if battery == "full" else 2.0 if battery == "empty" else 1.0)
    profile = "home" if kind == "hps_string" else random.choice(("business", "farm"))
    if profile != "home":
        daily *= 2.5
    serial = f"SIM{kind.upper().replace('_', '')}{number}"
    own = {"sn": serial, "kind": kind, "model": "SIM", "nominal_kw": nominal}
    devices: list[dict[str, Any]] = [own]
    if kind in {"pcs", "pbd"}:
        pcs = {"sn": "SIMPCS", "kind": "pcs", "model": "SIM"}
        pbd = {"sn": "SIMPBD", "kind": "pbd", "model": "SIM", "nominal_kw": nominal}
        devices = [pcs, pbd]
    own = next(device for device in devices if device["kind"] == kind)
    own["sn"] = serial
    own["variants"] = {name: dict(parameters) for name, parameters in variants.items()}
    volts = 96 if nominal <= 20.0 else 208
    amps = 1000.0 * nominal * 0.6 / (volts * 3.2)
    plant = {
        "name": f"case {seed}",
        "latitude": random.uniform(36.0, 56.0),
        "longitude": random.uniform(6.0, 15.0),
        "zone": ZONE,
        "cloudiness": random.uniform(0.15, 0.6),
        "history_days": 0,
        "loggers": [{"sn": "SIMLOG", "interval": random.choice((300, 300, 300, 180, 600)), "jitter": 4}],
        "systems": [
            {
                "name": "site",
                "logger": "SIMLOG",
                "machine": {"nominal_kw": nominal},
                "pv": [
                    {"kwp": peak * split, "tilt": random.uniform(10, 40), "azimuth": random.uniform(120, 180)},
                    {"kwp": peak * (1 - split), "tilt": random.uniform(10, 40), "azimuth": random.uniform(180, 270)},
                ],
                "battery": None
                if battery == "none"
                else {
                    "kwh": nominal * random.uniform(1.0, 2.2),
                    "cells": volts,
                    "charge_a": amps,
                    "discharge_a": amps,
                    "soc": {"full": 99.0, "empty": 5.0}.get(battery, random.uniform(20, 90)),
                },
                "load": {"profile": profile, "kwh_per_day": daily},
                "devices": devices,
            }
        ],
    }
    start = datetime(YEAR, month, random.randint(1, 28), random.randint(0, 23), tzinfo=ZoneInfo(ZONE)).timestamp()
    return Case(
        name=name,
        seed=seed,
        plant=plant,
        kind=kind,
        serial=serial,
        nominal=nominal,
        most=max(nominal, peak, 12.0 if profile == "home" else 0.0) * 1.15,
        start=start,
        days=days,
        variants=variants,
        replaced=replaced,
        battery=battery,
    )
