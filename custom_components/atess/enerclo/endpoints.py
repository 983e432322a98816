"""The endpoint table of the API as data. Nothing else in the code spells a path."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from .model import Kind

type Method = Literal["GET", "PUT", "POST", "DELETE"]


class Operation(StrEnum):
    """Operations of the cloud."""

    LATEST = "latest"
    HISTORY = "history"
    SETTINGS = "settings"
    MODIFY_SETTINGS = "modify_settings"
    BASE_INFO = "base_info"
    BASE_INFO_LIST = "base_info_list"
    DATA_LOG = "data_log"
    DATA_LOG_LIST = "data_log_list"
    ADD_DATA_LOG = "add_data_log"
    DELETE_DATA_LOG = "delete_data_log"
    PLANT_LIST = "plant_list"


class Grade(StrEnum):
    """Grade of a path: documented by the vendor, seen in public client code, or a candidate to try."""

    DOCUMENTED = "documented"
    SEEN = "seen"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path below the base address, and how well it is known."""

    path: str
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation of one kind of device (None: of the account): its paths in the order to try, its query members."""

    kind: Kind | None
    operation: Operation
    method: Method
    paths: tuple[Candidate, ...]
    params: tuple[str, ...]

    @property
    def key(self) -> str:
        """Name of the operation as users write it, for example `pcs.latest` or `plant_list`."""
        return self.operation.value if self.kind is None else f"{self.kind.value}.{self.operation.value}"


_DEVICE = ("deviceSn",)
_LOGGER = ("dataLogSn",)
_PAGED = ("pageNo", "pageSize")
_PERIOD = ("deviceSn", "startDate", "endDate", *_PAGED)
_BODY = ()

_OPERATIONS: Mapping[Operation, tuple[Method, tuple[str, ...]]] = {
    Operation.LATEST: ("GET", _DEVICE),
    Operation.HISTORY: ("GET", _PERIOD),
    Operation.SETTINGS: ("GET", _DEVICE),
    Operation.MODIFY_SETTINGS: ("PUT", _BODY),
    Operation.BASE_INFO: ("GET", _DEVICE),
    Operation.BASE_INFO_LIST: ("GET", _LOGGER),
    Operation.DATA_LOG: ("GET", _LOGGER),
    Operation.DATA_LOG_LIST: ("GET", ("plantId",)),
    Operation.ADD_DATA_LOG: ("POST", _BODY),
    Operation.DELETE_DATA_LOG: ("DELETE", _LOGGER),
    Operation.PLANT_LIST: ("GET", _PAGED),
}


def _row(kind: Kind | None, operation: Operation, grade: Grade, *paths: str) -> Endpoint:
    method, params = _OPERATIONS[operation]
    candidates = tuple(Candidate(path, grade) for path in paths)
    return Endpoint(kind=kind, operation=operation, method=method, paths=candidates, params=params)


# Paths of MODIFY_SETTINGS are never tried: PUT goes only to the one at which GET has answered for that very device.
ENDPOINTS: tuple[Endpoint, ...] = (
    _row(Kind.HPS_STRING, Operation.LATEST, Grade.DOCUMENTED, "hps/data-last-small"),
    _row(Kind.HPS_STRING, Operation.HISTORY, Grade.SEEN, "hps/data-list-small"),
    _row(Kind.HPS_STRING, Operation.SETTINGS, Grade.DOCUMENTED, "hps/small-setting"),
    _row(Kind.HPS_STRING, Operation.MODIFY_SETTINGS, Grade.CANDIDATE, "hps/small-setting"),
    _row(Kind.HPS_STRING, Operation.BASE_INFO, Grade.CANDIDATE, "hps/base-info-small", "hps/small-base-info"),
    _row(
        Kind.HPS_STRING,
        Operation.BASE_INFO_LIST,
        Grade.CANDIDATE,
        "hps/base-info-small/list",
        "hps/small-base-info/list",
        "hps/base-info/list-small",
    ),
    _row(Kind.HPS_CENTRAL, Operation.LATEST, Grade.SEEN, "hps/data-last"),
    _row(Kind.HPS_CENTRAL, Operation.HISTORY, Grade.DOCUMENTED, "hps/data-list"),
    _row(Kind.HPS_CENTRAL, Operation.SETTINGS, Grade.DOCUMENTED, "hps/big-setting"),
    _row(Kind.HPS_CENTRAL, Operation.MODIFY_SETTINGS, Grade.CANDIDATE, "hps/big-setting"),
    _row(
        Kind.HPS_CENTRAL,
        Operation.BASE_INFO,
        Grade.CANDIDATE,
        "hps/base-info",
        "hps/big-base-info",
        "hps/base-info-big",
    ),
    _row(
        Kind.HPS_CENTRAL,
        Operation.BASE_INFO_LIST,
        Grade.CANDIDATE,
        "hps/base-info/list",
        "hps/big-base-info/list",
        "hps/base-info-big/list",
    ),
    _row(Kind.PBD, Operation.LATEST, Grade.DOCUMENTED, "pbd/data-last"),
    _row(Kind.PBD, Operation.HISTORY, Grade.CANDIDATE, "pbd/data-list"),
    _row(Kind.PBD, Operation.SETTINGS, Grade.CANDIDATE, "pbd/setting", "pbd/pbd-setting"),
    _row(Kind.PBD, Operation.MODIFY_SETTINGS, Grade.CANDIDATE, "pbd/setting", "pbd/pbd-setting"),
    _row(Kind.PBD, Operation.BASE_INFO, Grade.CANDIDATE, "pbd/base-info"),
    _row(Kind.PBD, Operation.BASE_INFO_LIST, Grade.CANDIDATE, "pbd/base-info/list"),
    _row(Kind.PCS, Operation.LATEST, Grade.CANDIDATE, "pcs/data-last"),
    _row(Kind.PCS, Operation.HISTORY, Grade.CANDIDATE, "pcs/data-list"),
    _row(Kind.PCS, Operation.SETTINGS, Grade.CANDIDATE, "pcs/setting", "pcs/pcs-setting"),
    _row(Kind.PCS, Operation.MODIFY_SETTINGS, Grade.CANDIDATE, "pcs/setting", "pcs/pcs-setting"),
    _row(Kind.PCS, Operation.BASE_INFO, Grade.CANDIDATE, "pcs/base-info"),
    _row(Kind.PCS, Operation.BASE_INFO_LIST, Grade.CANDIDATE, "pcs/base-info/list"),
    _row(Kind.BCU, Operation.LATEST, Grade.CANDIDATE, "bms/bcu-data-last", "bms/buc-data-last"),
    _row(Kind.BCU, Operation.HISTORY, Grade.CANDIDATE, "bms/bcu-data-list", "bms/buc-data-list"),
    _row(Kind.BCU, Operation.SETTINGS, Grade.DOCUMENTED, "bms/bcu-setting"),
    _row(Kind.BCU, Operation.MODIFY_SETTINGS, Grade.CANDIDATE, "bms/bcu-setting"),
    _row(Kind.BCU, Operation.BASE_INFO_LIST, Grade.DOCUMENTED, "bms/buc-base-info/list"),
    _row(Kind.BCU, Operation.BASE_INFO, Grade.CANDIDATE, "bms/buc-base-info", "bms/bcu-base-info"),
    _row(Kind.MBMS, Operation.LATEST, Grade.CANDIDATE, "bms/mbms-data-last"),
    _row(Kind.MBMS, Operation.HISTORY, Grade.CANDIDATE, "bms/mbms-data-list"),
    _row(Kind.MBMS, Operation.SETTINGS, Grade.CANDIDATE, "bms/mbms-setting"),
    _row(Kind.MBMS, Operation.MODIFY_SETTINGS, Grade.CANDIDATE, "bms/mbms-setting"),
    _row(Kind.MBMS, Operation.BASE_INFO, Grade.CANDIDATE, "bms/mbms-base-info"),
    _row(Kind.MBMS, Operation.BASE_INFO_LIST, Grade.CANDIDATE, "bms/mbms-base-info/list"),
    _row(None, Operation.DATA_LOG, Grade.CANDIDATE, "datalog", "data-log"),
    _row(None, Operation.DATA_LOG_LIST, Grade.CANDIDATE, "datalog/list", "data-log/list"),
    _row(None, Operation.ADD_DATA_LOG, Grade.CANDIDATE, "datalog", "data-log"),
    _row(None, Operation.DELETE_DATA_LOG, Grade.CANDIDATE, "datalog", "data-log"),
    _row(None, Operation.PLANT_LIST, Grade.CANDIDATE, "plant/list", "plant"),
)

_BY_OPERATION = {(row.kind, row.operation): row for row in ENDPOINTS}


def endpoint(kind: Kind | None, operation: Operation) -> Endpoint:
    """Return the row of an operation; KeyError if that kind has none."""
    return _BY_OPERATION[kind, operation]
