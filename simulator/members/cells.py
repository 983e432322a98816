"""The battery as a BMS describes it: voltages, currents, cells and temperatures that agree with the pack."""

from ..battery import BatterySpec
from ..noise import signed, smooth, stream
from .view import NO_BATTERY_VOLTS, Member, View

IDLE, CHARGE_DISABLED, DISCHARGE_DISABLED, CHARGING, DISCHARGING = 0, 2, 3, 4, 5
NO_BMS_STATUS = 254


class Cells:
    """A battery, or one of its strings (from 0), in a view."""

    def __init__(self, view: View, string: int | None = None) -> None:
        spec, moment = view.system.battery, view.moment
        self._view = view
        self._spec = spec
        self._string = string
        self.power = self.current = self.charge_limit = self.discharge_limit = 0.0
        self.voltage, self.soc = NO_BATTERY_VOLTS, 0.0
        if spec is None:
            return
        share = 1.0 / spec.strings if string is not None else 1.0
        self.soc = moment.soc + self._deviation()
        self.voltage = spec.voltage(moment.soc, moment.battery)
        self.power = moment.battery * share
        self.current = 1000.0 * self.power / self.voltage
        temperature = moment.battery_temperature
        if not moment.full:
            self.charge_limit = spec.charge_limit(moment.soc, temperature) * share
        if not moment.low:
            self.discharge_limit = spec.discharge_limit(moment.soc, temperature) * share

    def _deviation(self) -> float:
        """Return how far a string's state of charge is from the battery's mean; over all strings the sum is zero."""
        spec, moment = self._spec, self._view.moment
        if spec is None or self._string is None:
            return 0.0
        parts = [signed(stream(7, "string"), number) for number in range(spec.strings)]
        mean = sum(parts) / len(parts)
        room = min(1.0, moment.soc / 10.0, (100.0 - moment.soc) / 10.0)
        return 1.5 * room * (parts[self._string] - mean)

    @property
    def present(self) -> bool:
        """Return whether a BMS tells cell values."""
        return self._spec is not None and self._spec.bms

    @property
    def volts(self) -> float:
        """Return the pack voltage as sent."""
        return round(self.voltage, 1)

    @property
    def amps(self) -> float:
        """Return the pack current as sent, + discharge."""
        return round(self.current, 1) + 0.0

    @property
    def status(self) -> int:
        """Return the battery status (high byte of register 176)."""
        if not self.present:
            return NO_BMS_STATUS
        if abs(self.power) >= 0.02:
            return DISCHARGING if self.power > 0.0 else CHARGING
        if self._view.moment.low:
            return DISCHARGE_DISABLED
        return CHARGE_DISABLED if self._view.moment.full else IDLE

    @property
    def flow(self) -> int:
        """Return the flow flag: -1 charging, 0 none, 1 discharging."""
        return 0 if abs(self.power) < 0.02 else 1 if self.power > 0.0 else -1

    @property
    def soc_percent(self) -> int:
        """Return the state of charge in whole per cent."""
        return round(self.soc) if self.present else 0

    def average(self) -> float:
        """Return the mean cell voltage in V."""
        return round(self.voltage / self._spec.cells, 3) if self._spec is not None and self.present else 0.0

    def extremes(self) -> dict[str, Member]:
        """Return highest and lowest cell voltage and temperature and their places."""
        spec = self._spec
        if spec is None or not self.present:
            names = ("maxVolt", "minVolt", "maxTemp", "minTemp")
            places = ("Group", "Num", "Cell")
            zeros: dict[str, Member] = dict.fromkeys(names, 0.0)
            zeros |= {f"{name}{place}": 0 for name in names for place in places if place != "Cell" or "Volt" in name}
            return zeros
        strings = range(spec.strings) if self._string is None else (self._string,)
        volts = [self._cell_volts(spec, string) for string in strings]
        heat = [self._temperatures(string) for string in strings]
        high = max(range(len(volts)), key=lambda place: volts[place][1])
        low = min(range(len(volts)), key=lambda place: volts[place][0])
        hot = max(range(len(heat)), key=lambda place: heat[place][1])
        cold = min(range(len(heat)), key=lambda place: heat[place][0])
        per_pack = max(1, spec.cells // spec.packs)
        return {
            "maxVolt": round(volts[high][1], 3),
            "maxVoltGroup": strings[high] + 1,
            "maxVoltNum": 1 % spec.packs + 1,
            "maxVoltCell": 5 % per_pack + 1,
            "minVolt": round(volts[low][0], 3),
            "minVoltGroup": strings[low] + 1,
            "minVoltNum": 2 % spec.packs + 1,
            "minVoltCell": 11 % per_pack + 1,
            "maxTemp": float(round(heat[hot][1])),
            "maxTempGroup": strings[hot] + 1,
            "maxTempNum": 1,
            "minTemp": float(round(heat[cold][0])),
            "minTempGroup": strings[cold] + 1,
            "minTempNum": 2,
        }

    def _cell_volts(self, spec: BatterySpec, string: int) -> tuple[float, float]:
        """Return a string's lowest and highest cell voltage: further apart when nearly full or empty."""
        soc = self._view.moment.soc
        spread = 0.004 + 0.0005 * string + 0.0006 * max(0.0, soc - 90.0) + 0.001 * max(0.0, 10.0 - soc)
        average = self.voltage / spec.cells
        return average - 0.8 * spread, average + spread

    def _temperatures(self, string: int) -> tuple[float, float]:
        """Return a string's lowest and highest cell temperature."""
        moment = self._view.moment
        middle = moment.battery_temperature + 0.4 * string + 0.3 * smooth(stream(11, string), moment.stored)
        return middle - 1.5, middle + 1.5
