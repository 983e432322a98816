"""What each operation answers, from the world behind the cloud."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .options import Options
from .paths import Route
from .plant import Device
from .settings import Json, RefusedError, SettingsTable
from .world import World
from .writing import GoneError, TooOftenError, Writer

PLANT_ID = "1001"


class CloudError(Exception):
    """A call that fails; `reason` is unknown_serial, foreign, no_data, forbidden, limited or refused."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write that was applied, by the cloud's keys."""

    at: float
    device_sn: str
    changes: dict[str, Any]
    before: dict[str, Any]


class Operations:
    """All operations of the cloud; writes are kept in `writes`."""

    def __init__(self, world: World, options: Options) -> None:
        self.world = world
        self.writes: list[Write] = []
        self._options = options
        self._writer = Writer(world, options)

    def run(self, route: Route, query: Mapping[str, str], body: Json, now: float) -> object:
        """Run an operation and return the answer's `data`.

        Raises:
            CloudError: The operation cannot be run as asked.
        """
        match route.operation:
            case "modify_settings":
                self._modify(route, body, now)
                return None
            case "base_info_list":
                return self._list(route, query, now)
            case "data_log" | "data_log_list" | "plant_list":
                return self._account(route, query, now)
            case "add_data_log" | "delete_data_log":
                raise CloudError("forbidden")
        return self._of_device(route.operation, self._device(route, query), query, now)

    def _of_device(self, operation: str, device: Device, query: Mapping[str, str], now: float) -> object:
        match operation:
            case "latest":
                return self.world.latest(device.sn, now)
            case "history":
                return self._history(device, query, now)
            case "base_info":
                return self.world.base_info(device.sn, now)
        try:
            return self._writer.show(self._table(device), device.sn, now)
        except GoneError as error:
            raise CloudError("refused", "the device does not answer") from error

    def example(self, kind: str, now: float) -> Mapping[str, object]:
        """Return a sample of a device of some kind, as far as the plant has one of any."""
        devices = self.world.devices.values()
        chosen = next((device.sn for device in devices if device.kind == kind), next(iter(self.world.devices)))
        return self.world.latest(chosen, now) or {}

    def _device(self, route: Route, query: Mapping[str, str]) -> Device:
        sn = query.get("deviceSn")
        if not sn:
            raise CloudError("refused", "deviceSn is required")
        device = self.world.devices.get(self._known(sn, self.world.devices))
        if device is None:
            self._check_logger(sn)
            raise CloudError("unknown_serial")
        if device.kind != route.kind:
            raise CloudError("foreign")
        return device

    def _known(self, sn: str, serials: Iterable[str]) -> str:
        """Return a serial number as the cloud knows it."""
        if self._options.serial_case == "exact":
            return sn
        return next((known for known in serials if known.upper() == sn.upper()), sn)

    def _check_logger(self, sn: str) -> None:
        """Raise "no data" for a data logger's number, where the cloud answers so."""
        if self._options.logger_numbers == "no_data" and sn in {spec.sn for spec in self.world.plant.loggers}:
            raise CloudError("no_data")

    def _table(self, device: Device) -> SettingsTable:
        return SettingsTable(device.kind, hv=device.hv, style=self._options.naming_style)

    def _history(self, device: Device, query: Mapping[str, str], now: float) -> dict[str, Any]:
        try:
            begin = self.world.parse_local(query.get("startDate", ""), fold=0)
            end = self.world.parse_local(query.get("endDate", ""), fold=1)
        except ValueError as error:
            raise CloudError("refused", "startDate and endDate are needed as YYYY-MM-DD HH:MM:SS") from error
        number, size = _whole(query, "pageNo", 1), min(_whole(query, "pageSize", 10), self._options.page_max)
        numbers = self.world.history_numbers(device.sn, begin, end + 0.999, now)
        if self._options.history_order == "desc":
            numbers.reverse()
        offset = (number - 1) * size
        return {
            "datas": [self.world.sample(device.sn, place) for place in numbers[offset : offset + size]],
            "offset": offset,
            "pageNo": number,
            "pageSize": size,
            "total": len(numbers),
        }

    def _modify(self, route: Route, body: Json, now: float) -> None:
        if not isinstance(body, dict) or not isinstance(sn := body.get("deviceSn"), str):
            raise CloudError("refused", "a JSON object with deviceSn is needed")
        device = self._device(route, {"deviceSn": sn})
        table = self._table(device)
        try:
            before = self._writer.show(table, sn, now)
            self._writer.write(table, sn, body, now)
        except GoneError as error:
            raise CloudError("refused", "the device does not answer") from error
        except TooOftenError as error:
            raise CloudError("limited") from error
        except RefusedError as error:
            raise CloudError("refused", str(error)) from error
        self.writes.append(
            Write(
                at=now,
                device_sn=sn,
                changes={key: value for key, value in body.items() if key != "deviceSn"},
                before=before,
            )
        )

    def _list(self, route: Route, query: Mapping[str, str], now: float) -> list[Any]:
        if not query.get("dataLogSn"):
            raise CloudError("refused", "dataLogSn is required")
        log = self._known(query["dataLogSn"], [spec.sn for spec in self.world.plant.loggers])
        if log not in {spec.sn for spec in self.world.plant.loggers}:
            raise CloudError("unknown_serial")
        found = [
            sn for sn, device in self.world.devices.items() if device.data_log_sn == log and device.kind == route.kind
        ]
        return [info for sn in found if (info := self.world.base_info(sn, now)) is not None]

    def _account(self, route: Route, query: Mapping[str, str], now: float) -> object:
        """Answer for data loggers and plants, whose members are not documented."""
        plant = self.world.plant
        if route.operation == "plant_list":
            row = {"country": "", "plantId": PLANT_ID, "plantName": plant.name, "timezone": plant.zone.key}
            return _page([row], query)
        logs = [
            {
                "dataLogSn": spec.sn,
                "firmwareVersion": "V2.1.0",
                "lost": False,
                "plantId": PLANT_ID,
                "updateTime": self.world.local(now),
            }
            for spec in plant.loggers
        ]
        if route.operation == "data_log_list":
            return _page(logs if query.get("plantId", PLANT_ID) == PLANT_ID else [], query)
        self._check_logger(query.get("dataLogSn", ""))
        for log in logs:
            if log["dataLogSn"] == query.get("dataLogSn"):
                return log
        raise CloudError("unknown_serial")


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise CloudError("refused", f"{name} is a whole number from 1 on")
    return int(text)


def _page(rows: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
    number, size = _whole(query, "pageNo", 1), _whole(query, "pageSize", 10)
    offset = (number - 1) * size
    return {
        "datas": rows[offset : offset + size],
        "offset": offset,
        "pageNo": number,
        "pageSize": size,
        "total": len(rows),
    }
