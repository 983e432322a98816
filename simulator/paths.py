"""The operations of the cloud, the paths at which they may answer, and which one does."""

from collections.abc import Mapping
from dataclasses import dataclass

# operation: method, parameter that names the device, candidate paths in order
_BY_KIND: dict[str, dict[str, tuple[str, ...]]] = {
    "hps_string": {
        "latest": ("hps/data-last-small",),
        "history": ("hps/data-list-small",),
        "settings": ("hps/small-setting",),
        "base_info": ("hps/base-info-small", "hps/small-base-info"),
        "base_info_list": ("hps/base-info-small/list", "hps/small-base-info/list", "hps/base-info/list-small"),
    },
    "hps_central": {
        "latest": ("hps/data-last",),
        "history": ("hps/data-list",),
        "settings": ("hps/big-setting",),
        "base_info": ("hps/base-info", "hps/big-base-info", "hps/base-info-big"),
        "base_info_list": ("hps/base-info/list", "hps/big-base-info/list", "hps/base-info-big/list"),
    },
    "pbd": {
        "latest": ("pbd/data-last",),
        "history": ("pbd/data-list",),
        "settings": ("pbd/setting", "pbd/pbd-setting"),
        "base_info": ("pbd/base-info",),
        "base_info_list": ("pbd/base-info/list",),
    },
    "pcs": {
        "latest": ("pcs/data-last",),
        "history": ("pcs/data-list",),
        "settings": ("pcs/setting", "pcs/pcs-setting"),
        "base_info": ("pcs/base-info",),
        "base_info_list": ("pcs/base-info/list",),
    },
    "bcu": {
        "latest": ("bms/bcu-data-last", "bms/buc-data-last"),
        "history": ("bms/bcu-data-list", "bms/buc-data-list"),
        "settings": ("bms/bcu-setting",),
        "base_info": ("bms/buc-base-info", "bms/bcu-base-info"),
        "base_info_list": ("bms/buc-base-info/list",),
    },
    "mbms": {
        "latest": ("bms/mbms-data-last",),
        "history": ("bms/mbms-data-list",),
        "settings": ("bms/mbms-setting",),
        "base_info": ("bms/mbms-base-info",),
        "base_info_list": ("bms/mbms-base-info/list",),
    },
}
_ACCOUNT: dict[str, tuple[str, ...]] = {
    "data_log": ("datalog", "data-log"),
    "data_log_list": ("datalog/list", "data-log/list"),
    "plant_list": ("plant/list", "plant"),
}
_PARAMETER = {"base_info_list": "dataLogSn", "data_log": "dataLogSn", "data_log_list": "plantId", "plant_list": ""}


@dataclass(frozen=True, slots=True)
class Route:
    """An operation at the path where it answers; `kind` is empty for operations of the account."""

    kind: str
    operation: str
    parameter: str

    @property
    def name(self) -> str:
        """Return the name under which a plant file speaks of the operation."""
        return f"{self.kind}.{self.operation}" if self.kind else self.operation


def candidates(kind: str, operation: str) -> tuple[str, ...]:
    """Return the paths at which an operation may answer, in order; `kind` is empty for those of the account."""
    return _BY_KIND[kind][operation] if kind else _ACCOUNT[operation]


def build_routes(chosen: Mapping[str, str | None]) -> dict[tuple[str, str], Route]:
    """Return the routes by method and path.

    Args:
        chosen: Paths by operation (`pcs.latest`, `data_log_list`); None where an operation answers nowhere. Default:
            the first candidate. "Modify setting" is where "get setting" is.

    Raises:
        ValueError: There is no such operation.
    """
    known: dict[str, tuple[Route, tuple[str, ...]]] = {}
    for kind, operations in _BY_KIND.items():
        for operation, paths in operations.items():
            route = Route(kind, operation, _PARAMETER.get(operation, "deviceSn"))
            known[route.name] = (route, paths)
    for operation, paths in _ACCOUNT.items():
        known[operation] = (Route("", operation, _PARAMETER[operation]), paths)
    if unknown := set(chosen) - set(known):
        raise ValueError(f"no operation {', '.join(sorted(unknown))}")
    routes: dict[tuple[str, str], Route] = {}
    for name, (route, paths) in known.items():
        path = chosen.get(name, paths[0])
        if path is None:
            continue
        path = path.strip("/")
        routes["GET", path] = route
        if route.operation == "settings":
            routes["PUT", path] = Route(route.kind, "modify_settings", "deviceSn")
        if route.operation == "data_log":
            routes["POST", path] = Route("", "add_data_log", "dataLogSn")
            routes["DELETE", path] = Route("", "delete_data_log", "dataLogSn")
    return routes
