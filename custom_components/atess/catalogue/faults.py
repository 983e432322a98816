"""Faults: the bits of the fault words, and the cloud's codes for them.

Bits are named D0 to D15 as the vendor's protocol names them. Its two bytes arrive swapped: D0 to D7 sit in the high
byte of the value (strong: real samples agree). The cloud writes a fault as `W-B-b`: the word, a running number of the
byte from 102, and the bit in that byte.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..enerclo.model import Kind


class Severity(StrEnum):
    """This project's grading of faults."""

    FAULT = "fault"
    PROTECTION = "protection"
    WARNING = "warning"


FAULT, PROTECTION, WARNING = Severity.FAULT, Severity.PROTECTION, Severity.WARNING

# Faults that only the operating state tells, by state.
STATE_FAULTS: Mapping[str, str] = {"fault": "Fault", "permanent_fault": "Permanent fault"}

_FIRST_BYTE = 102
_BITS = 16


@dataclass(frozen=True, slots=True)
class Fault:
    """One bit of a fault word: word from 1, bit D from 0 to 15, translation key, English label and severity."""

    word: int
    bit: int
    key: str
    label: str
    severity: Severity

    @property
    def mask(self) -> int:
        """The bit of the value as the cloud sends it, with the bytes swapped."""
        return 1 << (self.bit ^ 8)

    @property
    def code(self) -> str:
        """The cloud's text for this fault, for example `5-110-2`."""
        return f"{self.word}-{_FIRST_BYTE + 2 * (self.word - 1) + self.bit // 8}-{self.bit % 8}"

    @property
    def reserved(self) -> bool:
        """Whether the vendor's table holds no such bit."""
        return self.key.startswith("reserved_")


def faults_in(kind: Kind, word: int, value: int) -> tuple[Fault, ...]:
    """Return the faults of a fault word, D0 first, of a value 0 to 65535; a bit without a row is a reserved warning."""
    table = _BY_BIT[kind]
    return tuple(table.get((word, bit)) or _reserved(word, bit) for bit in range(_BITS) if value & 1 << (bit ^ 8))


def fault_by_code(kind: Kind, code: str) -> Fault | None:
    """Return the fault of a cloud code such as `6-113-5`; None if the text is no such code."""
    match = re.fullmatch(r"\s*([1-9])-(\d{3})-([0-7])\s*", code, re.ASCII)
    if match is None:
        return None
    word, byte, bit = (int(group) for group in match.groups())
    high = byte - _FIRST_BYTE - 2 * (word - 1)
    if high not in {0, 1}:
        return None
    return _BY_BIT[kind].get((word, high * 8 + bit)) or _reserved(word, high * 8 + bit)


def _reserved(word: int, bit: int) -> Fault:
    return Fault(word, bit, f"reserved_{word}_{bit}", f"Reserved bit {bit} of word {word}", WARNING)


INVERTER_FAULTS: tuple[Fault, ...] = (
    Fault(1, 0, "pv_inverse_failure", "PV reverse polarity failure", FAULT),
    Fault(1, 1, "igbt_failure", "Power module (IGBT) failure", FAULT),
    Fault(1, 2, "eeprom_write_failure", "Memory write failure", FAULT),
    Fault(1, 3, "eeprom_read_failure", "Memory read failure", FAULT),
    Fault(1, 4, "ac_main_contactor_failure", "AC main contactor failure", FAULT),
    Fault(1, 5, "ac_secondary_contactor_failure", "AC secondary contactor failure", FAULT),
    Fault(1, 6, "gfdi_failure", "Ground fault detection (GFDI) failure", FAULT),
    Fault(1, 7, "gfci_failure", "Residual current (GFCI) failure", FAULT),
    Fault(1, 8, "insulation_failure", "Insulation resistance failure", FAULT),
    Fault(2, 0, "pv_voltage_high_fault", "PV voltage too high", PROTECTION),
    Fault(2, 1, "can_b_communication_fault", "CAN B communication lost", FAULT),
    Fault(2, 2, "pv_current_high_fault", "PV current too high", PROTECTION),
    Fault(2, 3, "bms_communication_fault", "BMS communication lost", FAULT),
    Fault(2, 4, "pv_insulation_fault", "PV insulation fault", PROTECTION),
    Fault(2, 5, "bms_fault", "BMS fault", FAULT),
    Fault(2, 6, "dc_overcurrent_protection", "DC overcurrent protection", PROTECTION),
    Fault(2, 7, "fire_fault", "Fire alarm", FAULT),
    Fault(2, 8, "pv_overvoltage_fast_trip", "PV overvoltage, fast trip", PROTECTION),
    Fault(2, 9, "pbd250_communication_fault", "PBD250 communication lost", FAULT),
    Fault(2, 10, "pv_overcurrent_fast_trip", "PV overcurrent, fast trip", PROTECTION),
    Fault(2, 11, "ems_communication_fault", "EMS communication lost", FAULT),
    Fault(2, 12, "converter_igbt_fault", "Converter power module fault", FAULT),
    Fault(2, 13, "buck_igbt_fault", "Buck power module fault", FAULT),
    Fault(2, 14, "converter_inductor_overcurrent_protection", "Converter inductor overcurrent protection", PROTECTION),
    Fault(2, 15, "buck_inductor_overcurrent_protection", "Buck inductor overcurrent protection", PROTECTION),
    Fault(3, 0, "no_utility_fault", "No grid", PROTECTION),
    Fault(3, 1, "grid_phase_sequence_fault", "Grid phase sequence wrong", FAULT),
    Fault(3, 2, "grid_pll_fault", "Grid synchronization (PLL) fault", PROTECTION),
    Fault(3, 3, "grid_voltage_unbalance_fault", "Grid voltage unbalanced", PROTECTION),
    Fault(3, 4, "ac_current_unbalance_fault", "AC current unbalanced", PROTECTION),
    Fault(3, 8, "grid_wu_overvoltage_fault", "Grid overvoltage L3-L1", PROTECTION),
    Fault(3, 9, "grid_wu_undervoltage_fault", "Grid undervoltage L3-L1", PROTECTION),
    Fault(3, 10, "grid_vw_overvoltage_fault", "Grid overvoltage L2-L3", PROTECTION),
    Fault(3, 11, "grid_vw_undervoltage_fault", "Grid undervoltage L2-L3", PROTECTION),
    Fault(3, 12, "grid_uv_overvoltage_fault", "Grid overvoltage L1-L2", PROTECTION),
    Fault(3, 13, "grid_uv_undervoltage_fault", "Grid undervoltage L1-L2", PROTECTION),
    Fault(3, 14, "grid_overfrequency_fault", "Grid frequency too high", PROTECTION),
    Fault(3, 15, "grid_underfrequency_fault", "Grid frequency too low", PROTECTION),
    Fault(4, 0, "grid_current_dc_high_fault", "DC part of grid current too high", PROTECTION),
    Fault(4, 1, "converter_inductor_dc_high_fault", "DC part of converter inductor current too high", PROTECTION),
    Fault(4, 2, "buck_inductor_dc_high_fault", "DC part of buck inductor current too high", PROTECTION),
    Fault(4, 3, "grid_current_high_fault", "Grid current too high", PROTECTION),
    Fault(4, 4, "converter_inductor_current_high_fault", "Converter inductor current too high", PROTECTION),
    Fault(4, 5, "buck_inductor_current_high_fault", "Buck inductor current too high", PROTECTION),
    Fault(4, 6, "ac_overload_fault", "AC overload", PROTECTION),
    Fault(4, 7, "ac_light_load_fault", "AC load too light", PROTECTION),
    Fault(4, 8, "ac_back_feed_fault", "AC back-feed", PROTECTION),
    Fault(4, 9, "lvrt_fault", "Low-voltage ride-through fault", PROTECTION),
    Fault(4, 10, "converter_module_overtemperature_fault", "Converter module too hot", PROTECTION),
    Fault(4, 11, "buck_module_overtemperature_fault", "Buck module too hot", PROTECTION),
    Fault(4, 12, "converter_inductor_overtemperature_fault", "Converter inductor too hot", PROTECTION),
    Fault(4, 13, "buck_inductor_overtemperature_fault", "Buck inductor too hot", PROTECTION),
    Fault(4, 14, "transformer_overtemperature_fault", "Transformer too hot", PROTECTION),
    Fault(4, 15, "low_temperature_fault", "Temperature too low", PROTECTION),
    Fault(5, 0, "emergency_power_off", "Emergency power off (EPO)", PROTECTION),
    Fault(5, 1, "key_emergency_stop", "Emergency stop by key", PROTECTION),
    Fault(5, 2, "lcd_emergency_stop", "Emergency stop on the display", PROTECTION),
    Fault(5, 3, "cp_communication_fault", "CP communication lost", FAULT),
    Fault(5, 4, "ac_main_contactor_fault", "AC main contactor fault", FAULT),
    Fault(5, 5, "dc_main_contactor_fault", "DC main contactor fault", FAULT),
    Fault(5, 6, "pbd350_communication_fault", "PBD350 communication lost", FAULT),
    Fault(5, 7, "ac_secondary_contactor_fault", "AC secondary contactor fault", FAULT),
    Fault(5, 8, "gfdi_ground_fault", "Ground fault (GFDI)", PROTECTION),
    Fault(5, 9, "gfdi_hall_sensor_fault", "Ground fault sensor fault", FAULT),
    Fault(5, 10, "gfdi_air_switch_fault", "Ground fault breaker fault", FAULT),
    Fault(5, 11, "pv_surge_protector_fault", "PV surge protector fault", FAULT),
    Fault(5, 12, "ac_surge_protector_fault", "AC surge protector fault", FAULT),
    Fault(5, 13, "battery_surge_protector_fault", "Battery surge protector fault", FAULT),
    Fault(5, 14, "converter_relay_fault", "Converter relay fault", FAULT),
    Fault(5, 15, "buck_relay_fault", "Buck relay fault", FAULT),
    Fault(6, 0, "dc_gfdi_fault", "DC ground fault (GFDI)", PROTECTION),
    Fault(6, 1, "ac_gfdi_fault", "AC ground fault (GFDI)", PROTECTION),
    Fault(6, 2, "pv_insulation_resistance_fault", "PV insulation resistance too low", PROTECTION),
    Fault(6, 3, "battery_insulation_resistance_fault", "Battery insulation resistance too low", PROTECTION),
    Fault(6, 4, "dc_gfci_fault", "DC residual current (GFCI) fault", PROTECTION),
    Fault(6, 5, "ac_gfci_fault", "AC residual current (GFCI) fault", PROTECTION),
    Fault(6, 6, "dc_fuse_fault", "DC fuse fault", FAULT),
    Fault(6, 7, "ac_fuse_fault", "AC fuse fault", FAULT),
    Fault(6, 8, "dc_soft_start_fault", "DC soft start fault", FAULT),
    Fault(6, 9, "inverter_soft_start_fault", "Inverter soft start fault", FAULT),
    Fault(6, 10, "converter_inductor_overcurrent_fast_trip", "Converter inductor overcurrent, fast trip", PROTECTION),
    Fault(6, 11, "buck_inductor_overcurrent_fast_trip", "Buck inductor overcurrent, fast trip", PROTECTION),
    Fault(6, 12, "battery_overvoltage_fault", "Battery overvoltage", PROTECTION),
    Fault(6, 13, "battery_undervoltage_fault", "Battery undervoltage", PROTECTION),
    Fault(6, 14, "battery_overcurrent_fault", "Battery overcurrent", PROTECTION),
    Fault(6, 15, "battery_overcharge_fault", "Battery overcharge", PROTECTION),
    Fault(7, 0, "fault_feedback_warning", "Fault feedback warning", WARNING),
    Fault(7, 1, "buck_fan_warning", "Buck fan warning", WARNING),
    Fault(7, 2, "inverter_fan_warning", "Inverter fan warning", WARNING),
    Fault(7, 3, "parallel_uneven_flow_warning", "Parallel units share the load unevenly", WARNING),
    Fault(7, 4, "temperature_derating_warning", "Power reduced because of temperature", WARNING),
    Fault(7, 5, "battery_undervoltage_warning", "Battery undervoltage warning", WARNING),
    Fault(7, 6, "dc_fuse_open_warning", "DC fuse open warning", WARNING),
    Fault(7, 7, "ac_fuse_open_warning", "AC fuse open warning", WARNING),
    Fault(7, 8, "remote_wu_overvoltage_warning", "Remote overvoltage warning L3-L1", WARNING),
    Fault(7, 9, "remote_wu_undervoltage_warning", "Remote undervoltage warning L3-L1", WARNING),
    Fault(7, 10, "remote_vw_overvoltage_warning", "Remote overvoltage warning L2-L3", WARNING),
    Fault(7, 11, "remote_vw_undervoltage_warning", "Remote undervoltage warning L2-L3", WARNING),
    Fault(7, 12, "remote_uv_overvoltage_warning", "Remote overvoltage warning L1-L2", WARNING),
    Fault(7, 13, "remote_uv_undervoltage_warning", "Remote undervoltage warning L1-L2", WARNING),
    Fault(7, 14, "remote_overfrequency_warning", "Remote frequency high warning", WARNING),
    Fault(7, 15, "remote_underfrequency_warning", "Remote frequency low warning", WARNING),
    Fault(8, 0, "battery_undervoltage_protection_warning", "Battery undervoltage protection warning", WARNING),
    Fault(8, 1, "time_set_warning", "Clock not set", WARNING),
    Fault(8, 2, "bypass_contactor_warning", "Bypass contactor warning", WARNING),
    Fault(8, 3, "bypass_communication_warning", "Bypass communication warning", WARNING),
    Fault(8, 4, "bypass_voltage_difference_warning", "Bypass voltage difference warning", WARNING),
    Fault(8, 5, "pbd_communication_warning", "PBD communication warning", WARNING),
    Fault(8, 6, "meter_communication_warning", "Meter communication warning", WARNING),
    Fault(8, 8, "pbd250_fault", "PBD250 fault", FAULT),
    Fault(8, 9, "pbd350_fault", "PBD350 fault", FAULT),
    Fault(8, 10, "cp_fault", "CP fault", FAULT),
    Fault(8, 11, "can_b_communication_fault_second", "CAN B communication lost (second bit)", FAULT),
    Fault(8, 14, "parallel_pll_signal_fault", "Parallel PLL signal fault", FAULT),
    Fault(8, 15, "parallel_sync_signal_fault", "Parallel sync signal fault", FAULT),
)

PBD_FAULTS: tuple[Fault, ...] = (
    Fault(1, 0, "pv_inverse_failure", "PV reverse polarity failure", FAULT),
    Fault(1, 1, "igbt_failure", "Power module (IGBT) failure", FAULT),
    Fault(1, 2, "eeprom_write_failure", "Memory write failure", FAULT),
    Fault(1, 3, "eeprom_read_failure", "Memory read failure", FAULT),
    Fault(1, 4, "main_contactor_failure", "Main contactor failure", FAULT),
    Fault(1, 5, "secondary_contactor_failure", "Secondary contactor failure", FAULT),
    Fault(1, 6, "insulation_failure", "Insulation resistance failure", FAULT),
    Fault(1, 8, "pv1_voltage_high_fault", "PV1 voltage too high", PROTECTION),
    Fault(1, 9, "pv2_voltage_high_fault", "PV2 voltage too high", PROTECTION),
    Fault(1, 10, "pv1_current_high_fault", "PV1 current too high", PROTECTION),
    Fault(1, 11, "pv2_current_high_fault", "PV2 current too high", PROTECTION),
    Fault(1, 12, "battery_overvoltage_fault", "Battery overvoltage", PROTECTION),
    Fault(1, 13, "battery_undervoltage_fault", "Battery undervoltage", PROTECTION),
    Fault(1, 14, "battery_overcurrent_fault", "Battery overcurrent", PROTECTION),
    Fault(1, 15, "battery_overcharge_fault", "Battery overcharge", PROTECTION),
    Fault(2, 0, "output_overvoltage_fault", "Output overvoltage", PROTECTION),
    Fault(2, 1, "output_overcurrent_fault", "Output overcurrent", PROTECTION),
    Fault(2, 2, "pv_inductor1_overcurrent_fault", "PV inductor 1 overcurrent", PROTECTION),
    Fault(2, 3, "pv_inductor2_overcurrent_fault", "PV inductor 2 overcurrent", PROTECTION),
    Fault(2, 4, "output_inductor1_overcurrent_fault", "Output inductor 1 overcurrent", PROTECTION),
    Fault(2, 5, "output_inductor2_overcurrent_fault", "Output inductor 2 overcurrent", PROTECTION),
    Fault(2, 6, "bms_communication_fault", "BMS communication lost", FAULT),
    Fault(2, 7, "bms_fault", "BMS fault", FAULT),
    Fault(2, 8, "pv_inductor1_overcurrent_fast_trip", "PV inductor 1 overcurrent, fast trip", PROTECTION),
    Fault(2, 9, "pv_inductor2_overcurrent_fast_trip", "PV inductor 2 overcurrent, fast trip", PROTECTION),
    Fault(2, 10, "output_inductor1_overcurrent_fast_trip", "Output inductor 1 overcurrent, fast trip", PROTECTION),
    Fault(2, 11, "output_inductor2_overcurrent_fast_trip", "Output inductor 2 overcurrent, fast trip", PROTECTION),
    Fault(2, 12, "pv1_overvoltage_fast_trip", "PV1 overvoltage, fast trip", PROTECTION),
    Fault(2, 13, "pv2_overvoltage_fast_trip", "PV2 overvoltage, fast trip", PROTECTION),
    Fault(2, 14, "battery_overvoltage_fast_trip", "Battery overvoltage, fast trip", PROTECTION),
    Fault(2, 15, "output_overvoltage_fast_trip", "Output overvoltage, fast trip", PROTECTION),
    Fault(3, 0, "bus_overvoltage_fast_trip", "DC bus overvoltage, fast trip", PROTECTION),
    Fault(3, 1, "pv1_overcurrent_fast_trip", "PV1 overcurrent, fast trip", PROTECTION),
    Fault(3, 2, "pv2_overcurrent_fast_trip", "PV2 overcurrent, fast trip", PROTECTION),
    Fault(3, 3, "battery_overcurrent_fast_trip", "Battery overcurrent, fast trip", PROTECTION),
    Fault(3, 4, "output_overcurrent_fast_trip", "Output overcurrent, fast trip", PROTECTION),
    Fault(3, 5, "pv_inductor3_overcurrent_fast_trip", "PV inductor 3 overcurrent, fast trip", PROTECTION),
    Fault(3, 6, "pv_inductor4_overcurrent_fast_trip", "PV inductor 4 overcurrent, fast trip", PROTECTION),
    Fault(3, 7, "pv_inductor5_overcurrent_fast_trip", "PV inductor 5 overcurrent, fast trip", PROTECTION),
    Fault(3, 8, "output1_overcurrent_protection", "Output 1 overcurrent protection", PROTECTION),
    Fault(3, 9, "output2_overcurrent_protection", "Output 2 overcurrent protection", PROTECTION),
    Fault(3, 10, "pv_inductor1_overcurrent_protection", "PV inductor 1 overcurrent protection", PROTECTION),
    Fault(3, 11, "pv_inductor2_overcurrent_protection", "PV inductor 2 overcurrent protection", PROTECTION),
    Fault(3, 12, "dc1_surge_protector_fault", "DC surge protector 1 fault", FAULT),
    Fault(3, 13, "dc2_surge_protector_fault", "DC surge protector 2 fault", FAULT),
    Fault(3, 14, "battery_soft_start_fault", "Battery soft start fault", FAULT),
    Fault(3, 15, "output_soft_start_fault", "Output soft start fault", FAULT),
    Fault(4, 0, "pv_module_overtemperature_fault", "PV power module too hot", PROTECTION),
    Fault(4, 1, "output_module_overtemperature_fault", "Output power module too hot", PROTECTION),
    Fault(4, 2, "pv_inductor_overtemperature_fault", "PV inductor too hot", PROTECTION),
    Fault(4, 3, "output_inductor_overtemperature_fault", "Output inductor too hot", PROTECTION),
    Fault(4, 4, "low_temperature_fault", "Temperature too low", PROTECTION),
    Fault(4, 5, "bus_insulation_fault", "DC bus insulation fault", PROTECTION),
    Fault(4, 6, "pv_igbt_fault", "PV power module fault", FAULT),
    Fault(4, 7, "output_igbt_fault", "Output power module fault", FAULT),
    Fault(4, 8, "emergency_power_off", "Emergency power off (EPO)", PROTECTION),
    Fault(4, 9, "key_emergency_stop", "Emergency stop by key", PROTECTION),
    Fault(4, 10, "lcd_emergency_stop", "Emergency stop on the display", PROTECTION),
    Fault(4, 11, "battery_main_contactor_fault", "Battery main contactor fault", FAULT),
    Fault(4, 12, "output_main_contactor_fault", "Output main contactor fault", FAULT),
    Fault(4, 13, "battery_secondary_contactor_fault", "Battery secondary contactor fault", FAULT),
    Fault(4, 14, "output_secondary_contactor_fault", "Output secondary contactor fault", FAULT),
    Fault(5, 0, "fault_feedback_warning", "Fault feedback warning", WARNING),
    Fault(5, 1, "fan1_warning", "Fan 1 warning", WARNING),
    Fault(5, 2, "fan2_warning", "Fan 2 warning", WARNING),
    Fault(5, 3, "fan3_warning", "Fan 3 warning", WARNING),
    Fault(5, 4, "temperature_derating_warning", "Power reduced because of temperature", WARNING),
    Fault(5, 5, "battery_undervoltage_warning", "Battery undervoltage warning", WARNING),
    Fault(5, 6, "pcs_communication_warning", "PCS communication warning", WARNING),
    Fault(5, 8, "pv3_voltage_high_fault", "PV3 voltage too high", PROTECTION),
    Fault(5, 9, "pv4_voltage_high_fault", "PV4 voltage too high", PROTECTION),
    Fault(5, 10, "pv5_voltage_high_fault", "PV5 voltage too high", PROTECTION),
    Fault(5, 11, "pv3_current_high_fault", "PV3 current too high", PROTECTION),
    Fault(5, 12, "pv4_current_high_fault", "PV4 current too high", PROTECTION),
    Fault(5, 13, "pv5_current_high_fault", "PV5 current too high", PROTECTION),
    Fault(5, 14, "pv_inductor3_overcurrent_fault", "PV inductor 3 overcurrent", PROTECTION),
    Fault(5, 15, "pv_inductor4_overcurrent_fault", "PV inductor 4 overcurrent", PROTECTION),
    Fault(6, 0, "pv_inductor5_overcurrent_fault", "PV inductor 5 overcurrent", PROTECTION),
    Fault(6, 1, "pv3_overvoltage_fast_trip", "PV3 overvoltage, fast trip", PROTECTION),
    Fault(6, 2, "pv4_overvoltage_fast_trip", "PV4 overvoltage, fast trip", PROTECTION),
    Fault(6, 3, "pv5_overvoltage_fast_trip", "PV5 overvoltage, fast trip", PROTECTION),
    Fault(6, 4, "pv3_overcurrent_fast_trip", "PV3 overcurrent, fast trip", PROTECTION),
    Fault(6, 5, "pv4_overcurrent_fast_trip", "PV4 overcurrent, fast trip", PROTECTION),
    Fault(6, 6, "pv5_overcurrent_fast_trip", "PV5 overcurrent, fast trip", PROTECTION),
    Fault(6, 7, "pv_voltage_above_output", "PV voltage above the output", WARNING),
    Fault(6, 8, "dc3_surge_protector_fault", "DC surge protector 3 fault", FAULT),
    Fault(6, 9, "dc4_surge_protector_fault", "DC surge protector 4 fault", FAULT),
    Fault(6, 10, "dc5_surge_protector_fault", "DC surge protector 5 fault", FAULT),
    Fault(6, 11, "pv_inductor3_overcurrent_protection", "PV inductor 3 overcurrent protection", PROTECTION),
    Fault(6, 12, "pv_inductor4_overcurrent_protection", "PV inductor 4 overcurrent protection", PROTECTION),
    Fault(6, 13, "pv_inductor5_overcurrent_protection", "PV inductor 5 overcurrent protection", PROTECTION),
)

FAULTS: Mapping[Kind, tuple[Fault, ...]] = {
    Kind.HPS_STRING: INVERTER_FAULTS,
    Kind.HPS_CENTRAL: INVERTER_FAULTS,
    Kind.PCS: INVERTER_FAULTS,
    Kind.PBD: PBD_FAULTS,
    Kind.BCU: (),
    Kind.MBMS: (),
}

_BY_BIT: Mapping[Kind, Mapping[tuple[int, int], Fault]] = {
    kind: {(fault.word, fault.bit): fault for fault in faults} for kind, faults in FAULTS.items()
}
