"""The guards by the numbers under which diagnostics count them; docs/guards.md is written from this table."""

# ruff: noqa: E501  # a table of texts
from collections.abc import Callable
from dataclasses import dataclass

from ..enerclo.model import Kind
from . import charge, daily, first_samples, guards, lifetime, rises, sample
from .clock import DEFAULT_INTERVAL, EARLIEST_AGE, LATEST_AGE
from .numbers import parse_number
from .selfchecks import direction, unit
from .units import DOUBTED_SHARE

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
        rule="Numbers, and texts that contain a number, are accepted and rounded to 3 decimals. Anything else is no value.",
        examples=((1.899999976158142, 1.9), ("12.5", 12.5), ("--", None), (True, None)),
        check=parse_number,
    ),
    Rule(
        number="G2",
        values="signed values sent as unsigned",
        rule="Above 3276.7, 6553.6 is subtracted. With three decimals, 65.536 is subtracted above 32.767. For power values, "
        "this applies only near 6553.5 and once their unit is known.",
        examples=((6523.6, -30.0), (6553.5, -0.1), (230.5, 230.5)),
        check=guards.signed_tenths,
    ),
    Rule(
        number="G3",
        values="highest and lowest cell voltage",
        rule="Above 100, the value is in mV. The valid range is 0.5 to 5 V. If "
        f"{first_samples.ENOUGH} samples are in whole volts but the average is not, the values are truncated and are no value.",
        examples=((3436.0, 3.436), (3.36, 3.36), (8.0, None)),
        check=guards.cell_voltage,
    ),
    Rule(
        number="G4",
        values="average cell voltage",
        rule="The valid range is 0.5 to 10 V. A PBD sends ten times the value.",
        examples=((3.355, 3.355), (65.526, None)),
        check=guards.average_cell_voltage,
    ),
    Rule(
        number="G5",
        values="cell temperatures",
        rule="128 to 255 is a signed byte. The valid range is -40 to 100 °C.",
        examples=((32.0, 32.0), (251.0, -5.0), (157.0, None)),
        check=guards.cell_temperature,
    ),
    Rule(
        number="G5a",
        values="state of charge and of health",
        rule="The valid range is 0 to 100 %.",
        examples=((99.0, 99.0), (470.0, None)),
        check=guards.percentage,
    ),
    Rule(
        number="G6",
        values="power factors",
        rule="Beyond 1, the value is in percent. The valid range is -1 to 1.",
        examples=((98.5, 0.985), (0.98, 0.98), (220.0, None)),
        check=guards.power_factor,
    ),
    Rule(
        number="G7",
        values="frequencies",
        rule="4000 to 7000 is in hundredths. The valid range is 40 to 70 Hz, or 0 without a grid.",
        examples=((4998.0, 49.98), (0.0, 0.0), (8.1, None)),
        check=guards.frequency,
    ),
    Rule(
        number="G8",
        values="battery values",
        rule=f"Below {guards.NO_BATTERY_BELOW:g} V, there is no battery, and cell values are no value.",
        examples=(("-1.5 V, 0 %", "0 V, no state of charge"),),
    ),
    Rule(
        number="G9",
        values="temperatures of the device",
        rule="The valid range is -40 to 150 °C. Two or more sensors at exactly -30 are disconnected. A sensor that is 0 from "
        "the first sample on is not installed.",
        examples=((160.0, None), (-30.0, -30.0)),
        check=guards.device_temperature,
    ),
    Rule(
        number="G10",
        values="phases L2 and L3",
        rule=f"Below {first_samples.DEAD_PHASE:g} V while L1 is above {first_samples.LIVE_PHASE:g} V in the first "
        f"{first_samples.ENOUGH} samples, the device is single-phase, and L2 and L3 have no entities.",
        examples=(("230.5 / 0 / 0 V", "L1 only"),),
    ),
    Rule(
        number="G11",
        values="PV power and voltage",
        rule="Never negative. Down to -0.5 kW, the value is 0. Below that, it is no value. PV power is also no value while an "
        "input that the device usually sends has no value.",
        examples=((-0.1, 0.0), (-4.0, None)),
        check=guards.pv_power,
    ),
    Rule(
        number="G12",
        values="energies of today",
        rule="A drop during the day counts only if the counter starts near 0 and continues to rise: like the lifetime counter "
        f"of the same flow, or over {rises.ROW} samples and {rises.ROW_SPAN.seconds // 60} minutes. While the lifetime counter "
        "is held back, no drop counts. Yesterday's value after midnight, unchanged values, and small negative values do not "
        "count. If the reset is late, yesterday's energy is shown until then. Values in a different unit, and rises greater than R, are held back. "
        f"In the first {daily.YOUNG_DAY:g} h of a day, the counter may switch back and forth.",
        examples=(
            ("16:10 23.1, 16:15 0, 16:20 0, 16:25 23.2", "23.1, 23.1, 23.1, 23.2"),
            ("23:55 23.4, 00:05 0, 00:10 23.4, 00:15 0", "23.4, 0, 0, 0"),
        ),
    ),
    Rule(
        number="G13",
        values="lifetime counters: zeros and falls",
        rule="After 0, or after a drop of up to 1 kWh or 0.1 % (whichever is greater), the last value is shown. A first 0 is no "
        "value until the counter rises or has been 0 for a day. A larger drop is accepted after "
        f"{rises.ROW} samples over {rises.ROW_SPAN.seconds // 60} minutes. A meter that started at 0 is then shown as it is. Any "
        "other meter continues from the value shown. The previous level is remembered for "
        f"{lifetime.REMEMBERED.days} days. If it comes back, nothing is counted twice. The first value shown is replaced "
        "without counting if a value within the next hour is about ten times as large or more, or a tenth or less. If that value "
        "still stands an hour later, the first one was wrong and never comes back.",
        examples=(("1520.3, 0, 1520.4", "1520.3, 1520.3, 1520.4"), ("0, 0, 1520.3", "none, none, 1520.3")),
    ),
    Rule(
        number="G14",
        values="lifetime counters: rises",
        rule="A rise greater than R since the last accepted sample is held back until six samples over 25 minutes continue "
        "from it. Equal values do not count as evidence. The rise is counted only if it is within R since the counter last rose. "
        "10, 100, or 1000 times the last value, or that fraction of it, means a different unit. It is never accepted, and "
        "reported after a day.",
        examples=(("15203.2, 15203300, 15203300, 15203.4", "15203.2, 15203.2, 15203.2, 15203.4"),),
    ),
    Rule(
        number="G14a",
        values="lifetime counters of a PBD",
        rule=f"They may wrap at {lifetime.WRAP:g}. A step from between {lifetime.NEAR_WRAP:g} and that to below "
        f"{lifetime.AFTER_WRAP:g} is accepted immediately if it is within R.",
        examples=(("6553.1, 0.4", "6553.1, 0.4"),),
    ),
    Rule(
        number="G15",
        values="active powers",
        rule="Each power value is in kW or in W. The evidence is voltage times current of the same lines (from "
        f"{unit.LEAST_APPARENT:g} kVA and a tenth of N), and the rise of the counter. The unit is decided by both kinds of "
        f"evidence, by {unit.LATCH} samples, or by two half hours. Before that, a sample is in W if most of its power values "
        "cannot be in kW. A single value that cannot be in kW is no value, nor is one greater than "
        f"{unit.UNDECIDED:g} N before the unit is decided. While N is assumed, that holds from {DOUBTED_SHARE:g} N if another "
        "value of the sample cannot be in kW. Power values greater than 3 N are not shown.",
        examples=(("N 10: 64.3 beside 3.1, -1.2 and 1.5 kW", "no value beside 3.1, -1.2 and 1.5 kW"),),
    ),
    Rule(
        number="G16",
        values="battery power",
        rule="The sign and meaning are checked against the power balance, the counters, and the battery status. On a PCS, "
        "the counters are ignored while its power values add up or a PBD may feed its DC side. A power value that was never "
        f"negative while both counters rose by {direction.LEAST_FLOW:g} kWh has no sign. Its direction is taken from the status "
        "or the counters.",
        examples=(("2.4 kW while charging and while discharging", "-2.4 kW, 2.4 kW"),),
    ),
    Rule(
        number="G17",
        values="grid power and counters",
        rule="The same as for the battery. The counters of a PCS have no value until two checks agree on which of them is import.",
        examples=(("a first sample of a PCS", "no grid energies"),),
    ),
    Rule(
        number="G18",
        values="fault words",
        rule="-1 means not reported. 65536 is added to other negative values.",
        examples=((-1.0, None), (-32768.0, 32768.0), (1024.0, 1024.0)),
        check=guards.fault_word,
    ),
    Rule(
        number="G19",
        values="samples",
        rule="If the sample does not change for three upload intervals (at least 20 minutes), it is stale, and live values are "
        f"unavailable. The default upload interval is {DEFAULT_INTERVAL:g} minutes. The device clock is correct if samples are "
        f"{EARLIEST_AGE:g} to {LATEST_AGE:g} minutes old.",
        examples=(("unchanged for 19 minutes, 21 minutes", "fresh, stale"),),
    ),
    Rule(
        number="G20",
        values="empty samples and zeros",
        rule="A sample without a time in which all values are 0 is ignored. If positive counters become 0, other values that "
        f"became 0 keep their last value. From the {sample.LASTING}th such sample on, zeros are accepted.",
        examples=(("1.5 kW, 6830.1 kWh; 0 kW, 0 kWh", "1.5 kW, 6830.1 kWh, twice"),),
    ),
    Rule(
        number="G21",
        values="pairs",
        rule="If a maximum is below its minimum, both are no value.",
        examples=(("maximum 3.1 V, minimum 3.4 V", "none"),),
    ),
    Rule(
        number="G22",
        values="state of charge",
        rule=f"A drop to 0 is accepted in the {charge.SAMPLES_OF_ZERO}th sample, or immediately if the battery voltage also "
        f"dropped by {_SAGGED} and the battery is not charging. Any other jump is accepted in the second sample. "
        f"{charge.FRACTIONS} values between 0 and 1, or one that another source confirms, are fractions.",
        examples=(("56, 0, 56 %", "56, 56, 56 %"), ("0.56 beside 56 %", "56 %")),
    ),
    Rule(
        number="G23",
        values="lost devices",
        rule="If the cloud reports a device as lost, it is still online while samples with new times and numbers arrive.",
        examples=(("lost, 3.0 kW; lost, 3.1 kW; lost, 3.2 kW", "offline, offline, online"),),
    ),
    Rule(
        number="G24",
        values="energies of the plant",
        rule="They rise by the amount the counters of the devices rise. A new device counts from its first value on. The "
        "energy of a removed device remains included. A daily total resets when all devices have started the new day.",
        examples=(("52.5 kWh; first device 0, second 32; both 0", "52.5, 52.5, 0"),),
    ),
)

ASSUMED = {kind: guards.DEFAULT_NOMINAL.get(kind, guards.OTHER_NOMINAL) for kind in Kind}
