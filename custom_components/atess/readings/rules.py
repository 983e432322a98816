"""The guards by the numbers under which diagnostics count them; docs/guards.md is written from this table."""

# ruff: noqa: E501  # a table of texts
from collections.abc import Callable
from dataclasses import dataclass

from ..enerclo.model import Kind
from . import charge, daily, first_samples, guards, lifetime, rises, sample
from .clock import DEFAULT_INTERVAL, EARLIEST_AGE, LATEST_AGE
from .numbers import parse_number
from .selfchecks import direction, unit

type Example = tuple[object, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A guard: its number, what it looks at, its rule, and examples (sent, shown), which `check` must confirm."""

    number: str
    values: str
    rule: str
    examples: tuple[Example, ...]
    check: Callable[..., object] | None = None


_SAGGED = f"{100 * (1 - charge.SAGGED):.0f} %"

RULES: tuple[Rule, ...] = (
    Rule(
        number="G1",
        values="all numbers",
        rule="Numbers and texts that hold a number are taken, rounded to 3 decimals; all else is no value.",
        examples=((1.899999976158142, 1.9), ("12.5", 12.5), ("--", None), (True, None)),
        check=parse_number,
    ),
    Rule(
        number="G2",
        values="signed values sent as unsigned",
        rule="Above 3276.7 the value is 6553.6 less; with three decimals above 32.767 it is 65.536 less. For powers only "
        "near 6553.5 and once their unit is known.",
        examples=((6523.6, -30.0), (6553.5, -0.1), (230.5, 230.5)),
        check=guards.signed_tenths,
    ),
    Rule(
        number="G3",
        values="highest and lowest cell voltage",
        rule="Above 100 it is in mV; then 0.5 to 5 V. Whole volts in "
        f"{first_samples.ENOUGH} samples beside an average that is not whole are truncated, and no value.",
        examples=((3436.0, 3.436), (3.36, 3.36), (8.0, None)),
        check=guards.cell_voltage,
    ),
    Rule(
        number="G4",
        values="average cell voltage",
        rule="0.5 to 10 V; a PBD sends ten times the value.",
        examples=((3.355, 3.355), (65.526, None)),
        check=guards.average_cell_voltage,
    ),
    Rule(
        number="G5",
        values="cell temperatures",
        rule="128 to 255 is a signed byte; then -40 to 100 °C.",
        examples=((32.0, 32.0), (251.0, -5.0), (157.0, None)),
        check=guards.cell_temperature,
    ),
    Rule(
        number="G5a",
        values="state of charge and of health",
        rule="0 to 100 %.",
        examples=((99.0, 99.0), (470.0, None)),
        check=guards.percentage,
    ),
    Rule(
        number="G6",
        values="power factors",
        rule="Beyond 1 it is in percent; then -1 to 1.",
        examples=((98.5, 0.985), (0.98, 0.98), (220.0, None)),
        check=guards.power_factor,
    ),
    Rule(
        number="G7",
        values="frequencies",
        rule="4000 to 7000 is in hundredths; then 40 to 70 Hz, or 0 without a grid.",
        examples=((4998.0, 49.98), (0.0, 0.0), (8.1, None)),
        check=guards.frequency,
    ),
    Rule(
        number="G8",
        values="battery values",
        rule=f"Below {guards.NO_BATTERY_BELOW:g} V there is no battery, and no value of its cells.",
        examples=(("-1.5 V, 0 %", "0 V, no state of charge"),),
    ),
    Rule(
        number="G9",
        values="temperatures of the device",
        rule="-40 to 150 °C. Two or more at exactly -30 are open sensors; 0 from the first sample on is not fitted.",
        examples=((160.0, None), (-30.0, -30.0)),
        check=guards.device_temperature,
    ),
    Rule(
        number="G10",
        values="phases L2 and L3",
        rule=f"Below {first_samples.DEAD_PHASE:g} V beside more than {first_samples.LIVE_PHASE:g} V on L1 in the first "
        f"{first_samples.ENOUGH} samples: single phase, and no entities.",
        examples=(("230.5 / 0 / 0 V", "L1 only"),),
    ),
    Rule(
        number="G11",
        values="PV power and voltage",
        rule="Never negative: down to -0.5 kW it is 0, below that no value. PV power is no value either while an input "
        "that the device usually sends has none.",
        examples=((-0.1, 0.0), (-4.0, None)),
        check=guards.pv_power,
    ),
    Rule(
        number="G12",
        values="energies of today",
        rule="A fall within the day counts only if the counter begins near 0 and counts on: like the lifetime counter "
        f"of the same flow, or over {rises.ROW} samples and {rises.ROW_SPAN.seconds // 60} minutes. Yesterday's value after "
        "midnight, what stands still, and small negative values count nothing. A late reset keeps the old day until then. "
        f"Values of another unit, and rises beyond R (see below), wait. For {daily.YOUNG_DAY:g} h a new day may bounce.",
        examples=(
            ("16:10 23.1, 16:15 0, 16:20 0, 16:25 23.2", "23.1, 23.1, 23.1, 23.2"),
            ("23:55 23.4, 00:05 0, 00:10 23.4, 00:15 0", "23.4, 0, 0, 0"),
        ),
    ),
    Rule(
        number="G13",
        values="lifetime counters: zeros and falls",
        rule="0 after a positive value, and a fall of at most the greater of 1 kWh and 0.1 %, show the last value. A first 0 "
        f"is no value until the counter rises from it, or it has stood for a day. A larger fall waits for {rises.ROW} samples over "
        f"{rises.ROW_SPAN.seconds // 60} minutes. A meter that began at 0 is then shown as it is; any other goes on from the "
        f"value shown. The old level is remembered for {lifetime.REMEMBERED.days} days; when it comes back, nothing is counted "
        "twice. What is shown first is replaced without counting if a value within the next hour is ten times as large, or "
        "a tenth.",
        examples=(("1520.3, 0, 1520.4", "1520.3, 1520.3, 1520.4"), ("0, 0, 1520.3", "none, none, 1520.3")),
    ),
    Rule(
        number="G14",
        values="lifetime counters: rises",
        rule="A rise beyond R since the last accepted sample waits until six samples over 25 minutes count on from it; equal "
        "ones prove nothing. It is counted only if R since the counter rose last explains it. 10, 100 or 1000 times the last "
        "value, or that part of it, is another unit: never accepted, and reported after a day.",
        examples=(("15203.2, 15203300, 15203300, 15203.4", "15203.2, 15203.2, 15203.2, 15203.4"),),
    ),
    Rule(
        number="G14a",
        values="lifetime counters of a PBD",
        rule=f"They may restart at {lifetime.WRAP:g}: from above {lifetime.NEAR_WRAP:g} to below {lifetime.AFTER_WRAP:g} is "
        "accepted at once if R explains it.",
        examples=(("6553.1, 0.4", "6553.1, 0.4"),),
    ),
    Rule(
        number="G15",
        values="active powers",
        rule="Each power is in kW or in W. Voltage times current of the same lines, from "
        f"{unit.LEAST_APPARENT:g} kVA and a tenth of N, and the rise of its counter vote; two kinds of evidence decide, or "
        f"{unit.LATCH} samples, or two half hours. Before that a sample is in W if most of its powers cannot be in kW; one "
        "alone that cannot is no value. Beyond 3 N no power is shown.",
        examples=(("N 10: 64.3 beside 3.1, -1.2 and 1.5 kW", "no value beside 3.1, -1.2 and 1.5 kW"),),
    ),
    Rule(
        number="G16",
        values="battery power",
        rule="Sign and meaning are checked against the balance of powers, the counters, and the status of the battery. On a "
        "PCS counters do not vote while its balance closes or a PBD may feed its DC side. A power that was never negative "
        f"while both counters rose by {direction.LEAST_FLOW:g} kWh has no sign: status or counters tell the direction.",
        examples=(("2.4 kW while charging and while discharging", "-2.4 kW, 2.4 kW"),),
    ),
    Rule(
        number="G17",
        values="grid power and counters",
        rule="As for the battery. The counters of a PCS have no value until two votes agree which of them is import.",
        examples=(("a first sample of a PCS", "no grid energies"),),
    ),
    Rule(
        number="G18",
        values="fault words",
        rule="-1 is not reported; other negative values are 65536 more.",
        examples=((-1.0, None), (-32768.0, 32768.0), (1024.0, 1024.0)),
        check=guards.fault_word,
    ),
    Rule(
        number="G19",
        values="samples",
        rule="The same sample for three upload intervals, at least 20 minutes, is stale: live values are unavailable. Without "
        f"better knowledge an interval is {DEFAULT_INTERVAL:g} minutes. A clock fits if samples are {EARLIEST_AGE:g} to "
        f"{LATEST_AGE:g} minutes old.",
        examples=(("unchanged for 19 minutes, 21 minutes", "fresh, stale"),),
    ),
    Rule(
        number="G20",
        values="empty samples and zeros",
        rule="A sample without a time in which all is 0 is none. Where counters that were positive are 0, other values that "
        f"fell to 0 keep their last value; in the {sample.LASTING}th such sample zeros are real.",
        examples=(("1.5 kW, 6830.1 kWh; 0 kW, 0 kWh", "1.5 kW, 6830.1 kWh, twice"),),
    ),
    Rule(
        number="G21",
        values="pairs",
        rule="A maximum below its minimum makes both no value.",
        examples=(("maximum 3.1 V, minimum 3.4 V", "none"),),
    ),
    Rule(
        number="G22",
        values="state of charge",
        rule=f"A fall to 0 is believed in the {charge.SAMPLES_OF_ZERO}th sample, or at once if the battery's voltage fell by "
        f"{_SAGGED} too and it is not charging; any other jump in the second. {charge.FRACTIONS} values between 0 and 1, or one "
        "that another source confirms, are fractions.",
        examples=(("56, 0, 56 %", "56, 56, 56 %"), ("0.56 beside 56 %", "56 %")),
    ),
    Rule(
        number="G23",
        values="lost devices",
        rule="A device that the cloud calls lost is online all the same while samples with new times and numbers keep coming.",
        examples=(("lost, 3.0 kW; lost, 3.1 kW; lost, 3.2 kW", "offline, offline, online"),),
    ),
    Rule(
        number="G24",
        values="energies of the plant",
        rule="They rise by what the devices' own counters rise. A device that joins counts from its first value on, one that "
        "leaves keeps what it has counted. A sum of today begins when all devices have begun the day.",
        examples=(("52.5 kWh; first device 0, second 32; both 0", "52.5, 52.5, 0"),),
    ),
)

ASSUMED = {kind: guards.DEFAULT_NOMINAL.get(kind, guards.OTHER_NOMINAL) for kind in Kind}
