"""Fields that several kinds of device have in common."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..definition import Field, Meaning, Show, candidate
from ..enumerations import BATTERY_FLOW, BATTERY_STATUS, OPERATING_MODE, OPERATING_STATE
from ..quantities import (
    BATTERY_VOLTAGE,
    CELL_TEMPERATURE,
    CELL_VOLTAGE,
    CELL_VOLTAGE_AVERAGE,
    CONNECTIVITY,
    CURRENT,
    DURATION,
    ENERGY_TODAY,
    ENERGY_TOTAL,
    FAULT_WORD,
    FLAG,
    FREQUENCY,
    NUMBER,
    PERCENTAGE,
    POWER,
    POWER_FACTOR,
    PV_POWER,
    PV_VOLTAGE,
    REACTIVE_POWER,
    RESISTANCE,
    STATE_OF_CHARGE,
    STATE_OF_HEALTH,
    TEMPERATURE,
    TEXT,
    TIME_TODAY,
    TIME_TOTAL,
    TIMESTAMP,
    VOLTAGE,
)

# What every device but a BMS sends.
DEVICE: tuple[Field, ...] = (
    candidate("deviceSn", "Serial number", TEXT, Show.NO_ENTITY),
    candidate("time", "Last data", TIMESTAMP, Show.DETAIL),
)

# What the BMS says through any device: its state, its limits, its cells.
BATTERY: tuple[Field, ...] = (
    candidate("bmsStatus", "Battery status", BATTERY_STATUS),
    candidate("bmsVoltStatus", "BMS voltage status word", NUMBER, Show.DETAIL, meaning=Meaning.UNKNOWN),
    candidate("maxChargeCurr", "Battery charge current limit", CURRENT, Show.DETAIL),
    candidate("maxDischargeCurr", "Battery discharge current limit", CURRENT, Show.DETAIL),
    candidate("maxTemp", "Battery temperature maximum", CELL_TEMPERATURE),
    candidate("maxTempNum", "Hottest cell sensor", NUMBER, Show.DETAIL),
    candidate("maxVolt", "Cell voltage maximum", CELL_VOLTAGE, Show.HIDDEN),
    candidate("maxVoltCell", "Highest cell number", NUMBER, Show.DETAIL),
    candidate("maxVoltNum", "Highest cell box", NUMBER, Show.DETAIL),
    candidate("minTemp", "Battery temperature minimum", CELL_TEMPERATURE, Show.HIDDEN),
    candidate("minTempGroup", "Coldest cell group", NUMBER, Show.DETAIL),
    candidate("minTempNum", "Coldest cell sensor", NUMBER, Show.DETAIL),
    candidate("minVolt", "Cell voltage minimum", CELL_VOLTAGE, Show.HIDDEN),
    candidate("minVoltCell", "Lowest cell number", NUMBER, Show.DETAIL),
    candidate("minVoltGroup", "Lowest cell group", NUMBER, Show.DETAIL),
    candidate("minVoltNum", "Lowest cell box", NUMBER, Show.DETAIL),
    candidate("mvpv", "Cell voltage average", CELL_VOLTAGE_AVERAGE, Show.DETAIL),
)

# Counters of the battery that start again each day.
BATTERY_ENERGIES_TODAY: tuple[Field, ...] = (
    candidate("echargeTimeToday", "Battery charging time today", TIME_TODAY, Show.DETAIL),
    candidate("echargeToday", "Battery charged today", ENERGY_TODAY, key="battery_charge_energy_today"),
    candidate("edischargeTimeToday", "Battery discharging time today", TIME_TODAY, Show.DETAIL),
    candidate("edischargeToday", "Battery discharged today", ENERGY_TODAY, key="battery_discharge_energy_today"),
)

# What cabinets have in common: central HPS, PCS and PBD.
CABINET: tuple[Field, ...] = (
    candidate("bmsProtection", "BMS protection word", NUMBER, Show.DETAIL, meaning=Meaning.UNKNOWN),
    candidate("capacity", "Battery state of charge", STATE_OF_CHARGE),
    candidate("lost", "Online", CONNECTIVITY, Show.DIAGNOSTIC, inverted=True),
    candidate("maxMinTempCell", "Hottest cell group", NUMBER, Show.DETAIL),
    candidate("maxminVoltCell", "Highest cell group", NUMBER, Show.DETAIL),
    candidate("selfTime", "Start-up check time", DURATION, Show.DETAIL),
    candidate("sysFaultWord1", "Fault word 1", FAULT_WORD, Show.DETAIL),
    candidate("sysFaultWord2", "Fault word 2", FAULT_WORD, Show.DETAIL),
    candidate("sysFaultWord3", "Fault word 3", FAULT_WORD, Show.DETAIL),
    candidate("sysFaultWord4", "Fault word 4", FAULT_WORD, Show.DETAIL),
    candidate("sysFaultWord5", "Fault word 5", FAULT_WORD, Show.DETAIL),
    candidate("sysFaultWord6", "Fault word 6", FAULT_WORD, Show.DETAIL),
    candidate("typeFlag", "Parallel monitoring flag", NUMBER, Show.DETAIL),
)

# What every inverter sends: both halves of the DC bus, load, and temperature.
INVERTER: tuple[Field, ...] = (
    candidate("bvbusNega", "DC bus voltage negative half", VOLTAGE, Show.DETAIL),
    candidate("bvbusPosi", "DC bus voltage positive half", VOLTAGE, Show.DETAIL),
    candidate("loadPf", "Load power factor", POWER_FACTOR, Show.HIDDEN),
    candidate("loadReactivePower", "Load reactive power", REACTIVE_POWER, Show.HIDDEN),
    candidate("temp2", "Module temperature 2", TEMPERATURE, Show.DETAIL),
)

# What central HPS and PCS have in common: grid, generator, load and output by phase.
INVERTER_CABINET: tuple[Field, ...] = (
    candidate("bactivePower", "Grid power reported", POWER, Show.DETAIL),
    candidate("bypassFreq", "Bypass frequency", FREQUENCY, Show.DETAIL),
    candidate("dgGridPower", "Generator power", POWER, Show.HIDDEN),
    candidate("dgGridSelect", "Generator selected", FLAG, Show.DETAIL),
    candidate("gridFreq", "Grid frequency", FREQUENCY),
    candidate("loadActivePower", "Load power", POWER),
    candidate("loadIa", "Load current L1", CURRENT, Show.HIDDEN),
    candidate("loadIb", "Load current L2", CURRENT, Show.HIDDEN),
    candidate("loadIc", "Load current L3", CURRENT, Show.HIDDEN),
    candidate("pf", "Power factor", POWER_FACTOR, Show.HIDDEN),
    candidate("pfSymbol", "Power factor sign", NUMBER, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("soc", "Reported state of charge", STATE_OF_CHARGE, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("sysFaultWord7", "Fault word 7", FAULT_WORD, Show.DETAIL),
    candidate("sysFaultWord8", "Fault word 8", FAULT_WORD, Show.DETAIL),
    candidate("temp5", "Transformer temperature", TEMPERATURE, Show.DETAIL),
    candidate("temp6", "Ambient temperature", TEMPERATURE, Show.DIAGNOSTIC),
    candidate("vpvuv", "Output voltage L1", VOLTAGE, Show.HIDDEN),
    candidate("vpvvw", "Output voltage L2", VOLTAGE, Show.HIDDEN),
)

# What PCS and PBD say of the battery on their DC side, which counts for life under other names than on an HPS.
DC_BATTERY: tuple[Field, ...] = (
    candidate("echargeTimeTotal", "Battery charging time total", TIME_TOTAL, Show.DETAIL),
    candidate("echargeTotal", "Battery charged in total", ENERGY_TOTAL, key="battery_charge_energy_total"),
    candidate("edischargeTimeTotal", "Battery discharging time total", TIME_TOTAL, Show.DETAIL),
    candidate("edischargeTotal", "Battery discharged in total", ENERGY_TOTAL, key="battery_discharge_energy_total"),
    candidate("electricState", "Electric state", NUMBER, Show.DETAIL, meaning=Meaning.UNKNOWN),
    candidate("risoBatn", "Battery insulation negative", RESISTANCE, Show.DETAIL),
    candidate("risoBatp", "Battery insulation positive", RESISTANCE, Show.DETAIL),
)

# Counters of PV.
PV_ENERGIES: tuple[Field, ...] = (
    candidate("epvTimeToday", "PV generation time today", TIME_TODAY, Show.DETAIL),
    candidate("epvTimeTotal", "PV generation time total", TIME_TOTAL, Show.DETAIL),
    candidate("epvToday", "PV energy today", ENERGY_TODAY),
    candidate("epvTotal", "PV energy total", ENERGY_TOTAL),
)

# Power of PV, in total and by input.
PV_POWERS: tuple[Field, ...] = (
    candidate("ppv", "PV power reported", PV_POWER, Show.DETAIL),
    candidate("ppv1", "PV1 power", PV_POWER),
    candidate("ppv2", "PV2 power", PV_POWER),
    candidate("ppv3", "PV3 power", PV_POWER),
)

# Voltages and currents of PV inputs.
PV_INPUTS: tuple[Field, ...] = (
    candidate("bipvBuck3", "PV3 inductor current", CURRENT, Show.DETAIL),
    candidate("vpv2", "PV2 voltage", PV_VOLTAGE, Show.HIDDEN),
    candidate("vpv3", "PV3 voltage", PV_VOLTAGE, Show.HIDDEN),
)

# What both kinds of HPS send: counters of battery, grid and load, and the inverter by phase.
HPS: tuple[Field, ...] = (
    candidate("ebatChargeTimeTotal", "Battery charging time total", TIME_TOTAL, Show.DETAIL),
    candidate("ebatChargeTotal", "Battery charged in total", ENERGY_TOTAL, key="battery_charge_energy_total"),
    candidate("ebatDischargeTimeTotal", "Battery discharging time total", TIME_TOTAL, Show.DETAIL),
    candidate("ebatDischargeTotal", "Battery discharged in total", ENERGY_TOTAL, key="battery_discharge_energy_total"),
    candidate("effectiveness", "Effectiveness", PERCENTAGE, Show.DETAIL, meaning=Meaning.UNKNOWN),
    candidate("egridTimeToday", "Grid import time today", TIME_TODAY, Show.DETAIL),
    candidate("egridTimeTotal", "Grid import time total", TIME_TOTAL, Show.DETAIL),
    candidate("egridToday", "Grid import energy today", ENERGY_TODAY),
    candidate("egridTotal", "Grid import energy total", ENERGY_TOTAL),
    candidate("eloadTimeToday", "Load supply time today", TIME_TODAY, Show.DETAIL),
    candidate("eloadTimeTotal", "Load supply time total", TIME_TOTAL, Show.DETAIL),
    candidate("eloadToday", "Load energy today", ENERGY_TODAY),
    candidate("eloadTotal", "Load energy total", ENERGY_TOTAL),
    candidate("etoGridTimeToday", "Grid export time today", TIME_TODAY, Show.DETAIL),
    candidate("etoGridTimeTotal", "Grid export time total", TIME_TOTAL, Show.DETAIL),
    candidate("etoGridToday", "Grid export energy today", ENERGY_TODAY),
    candidate("etoGridTotal", "Grid export energy total", ENERGY_TOTAL),
    candidate("inductorCurr", "Inductor current", CURRENT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("ipva", "Inverter inductor current A", CURRENT, Show.DETAIL),
    candidate("ipvb", "Inverter inductor current B", CURRENT, Show.DETAIL),
    candidate("ipvc", "Inverter inductor current C", CURRENT, Show.DETAIL),
    candidate("ipvu", "Grid current L1", CURRENT, Show.HIDDEN),
    candidate("ipvv", "Grid current L2", CURRENT, Show.HIDDEN),
    candidate("ipvw", "Grid current L3", CURRENT, Show.HIDDEN),
    candidate("runModel", "Operating mode", OPERATING_MODE),
    candidate("status", "Operating state", OPERATING_STATE),
    candidate("vbat", "Battery voltage", BATTERY_VOLTAGE),
    candidate("vpvun", "Inverter voltage L1", VOLTAGE, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("vpvvn", "Inverter voltage L2", VOLTAGE, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("vpvwn", "Inverter voltage L3", VOLTAGE, Show.DETAIL, meaning=Meaning.INFERRED),
)

# What a BMS says of itself, of its cells, and of its battery.
BMS: tuple[Field, ...] = (
    candidate("batFlag", "Battery flow flag", BATTERY_FLOW, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("bmstc", "BMS total current", CURRENT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("bmstv", "BMS total voltage", VOLTAGE, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("capacity", "Reported state of charge", STATE_OF_CHARGE, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("cbat", "Battery current", CURRENT, meaning=Meaning.INFERRED),
    candidate("maxTempGroup", "Hottest cell group", NUMBER, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("maxTempStr", "Battery temperature maximum text", TEXT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("maxVolt", "Cell voltage maximum", CELL_VOLTAGE, meaning=Meaning.INFERRED),
    candidate("maxVoltGroup", "Highest cell group", NUMBER, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("maxVoltStr", "Cell voltage maximum text", TEXT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("minTemp", "Battery temperature minimum", CELL_TEMPERATURE, meaning=Meaning.INFERRED),
    candidate("minTempStr", "Battery temperature minimum text", TEXT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("minVolt", "Cell voltage minimum", CELL_VOLTAGE, meaning=Meaning.INFERRED),
    candidate("minVoltStr", "Cell voltage minimum text", TEXT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("soc", "Battery state of charge", STATE_OF_CHARGE),
    candidate("soh", "Battery state of health", STATE_OF_HEALTH, Show.DIAGNOSTIC, meaning=Meaning.INFERRED),
    candidate("time", "Sample time", TIMESTAMP, Show.DETAIL, meaning=Meaning.INFERRED, key="last_data"),
    candidate("vbat", "Battery voltage", BATTERY_VOLTAGE),
)

# How a BMS is known to the cloud.
BMS_DEVICE: tuple[Field, ...] = (
    candidate("address", "Bus address", NUMBER, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("dataLogSn", "Data logger serial number", TEXT, Show.NO_ENTITY, meaning=Meaning.INFERRED),
    candidate("deviceNo", "Device number", NUMBER, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("deviceSn", "Serial number", TEXT, Show.NO_ENTITY, meaning=Meaning.INFERRED),
    candidate("firmwareVersion", "Firmware version", TEXT, Show.NO_ENTITY, meaning=Meaning.INFERRED),
    candidate("lost", "Online", CONNECTIVITY, Show.DIAGNOSTIC, meaning=Meaning.INFERRED, inverted=True),
    candidate("status", "Status", TEXT, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("systemNo", "Parallel system number", NUMBER, Show.DETAIL, meaning=Meaning.INFERRED),
    candidate("updateTime", "Last data", TIMESTAMP, Show.DETAIL, meaning=Meaning.INFERRED),
)


def composed(*fields: Field) -> tuple[Field, ...]:
    """Return the fields of a kind; of two for one member the later holds, so a kind may differ from a block."""
    return tuple({field.member: field for field in fields}.values())


def vary(block: Iterable[Field], **details: Any) -> tuple[Field, ...]:  # noqa: ANN401  # as a field has them
    """Return a block with other details in each of its fields."""
    return tuple(replace(field, **details) for field in block)


def inferred(block: Iterable[Field]) -> tuple[Field, ...]:
    """Return a block whose meaning is only inferred where it would be sure."""
    return tuple(
        replace(field, meaning=Meaning.INFERRED) if field.meaning is Meaning.STRONG else field for field in block
    )
