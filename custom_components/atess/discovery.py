"""Finding devices: what kind a serial number is, and what the lists of a data logger hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .enerclo import EnercloClient, EnercloError, Json, Kind, NoDataError, NotFoundError, PacedError, Priority

# How long a person may wait for one answer while others of the account come first, in seconds.
PERSON_MAX_WAIT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """A device of the account; `online` is None where nothing tells."""

    device_sn: str
    kind: Kind
    online: bool | None = None
    data_log_sn: str | None = None
    system_no: int | None = None


async def async_identify(
    client: EnercloClient, serial: str, *, progress: Callable[[int, int], None] | None = None
) -> tuple[list[FoundDevice], bool]:
    """Find what a serial number is: one device, or (True) a data logger with its devices.

    Raises NotFoundError if neither, NoDataError if it is a device that has never reported, else what the client raises.
    """
    if progress:
        progress(0, len(Kind) + 1)
    try:
        if await _is_data_logger(client, serial):
            return await async_devices_of(client, serial), True
        kind, sample = await client.identify(serial, max_wait=PERSON_MAX_WAIT)
    except NotFoundError:
        if found := await async_devices_of(client, serial):
            return found, True
        raise
    if sample is None:
        raise NoDataError("the device has not reported any data yet")
    return [FoundDevice(device_sn=serial, kind=kind)], False


async def _is_data_logger(client: EnercloClient, serial: str) -> bool:
    """Return whether the cloud knows a data logger of this number, once it is not the most common kind of device.

    That spares a data logger the questions for all other kinds. Where the cloud does not say, those follow.
    """
    try:
        await client.latest(next(iter(Kind)), serial, priority=Priority.PERSON, max_wait=PERSON_MAX_WAIT)
    except NotFoundError:
        pass
    except NoDataError, PacedError:
        return False
    else:
        return False
    try:
        return bool(await client.data_log(serial, priority=Priority.PERSON, max_wait=PERSON_MAX_WAIT))
    except NotFoundError, NoDataError, PacedError:
        return False


async def async_devices_of(client: EnercloClient, data_log_sn: str) -> list[FoundDevice]:
    """Read the base info lists of every kind for a data logger; a list that does not answer counts as empty."""
    return (await async_read_lists(client, data_log_sn, Priority.PERSON))[0]


async def async_read_lists(
    client: EnercloClient, data_log_sn: str, priority: Priority
) -> tuple[list[FoundDevice], set[Kind]]:
    """Return the devices behind a data logger, and the kinds whose list has answered, be it with devices or none."""
    found: dict[str, FoundDevice] = {}
    answered: set[Kind] = set()
    for kind in Kind:
        try:
            rows = await client.base_info_list(kind, data_log_sn, priority=priority, max_wait=PERSON_MAX_WAIT)
        except NotFoundError:
            continue
        answered.add(kind)
        for device in _devices(kind, data_log_sn, rows):
            found.setdefault(device.device_sn, device)
    return list(found.values()), answered


async def async_discover(
    client: EnercloClient, *, progress: Callable[[int, int], None] | None = None
) -> list[FoundDevice]:
    """Find all devices of an account from its lists of plants and data loggers; empty where these do not answer."""
    found: dict[str, FoundDevice] = {}
    if progress:
        progress(0, 1)
    try:
        plants = await client.plants(max_wait=PERSON_MAX_WAIT)
    except NotFoundError:
        return []
    for plant_id in _texts(plants, "plantId", "id"):
        try:
            loggers = await client.data_logs(plant_id, max_wait=PERSON_MAX_WAIT)
        except NotFoundError:
            continue
        for data_log_sn in _texts(loggers, "dataLogSn", "deviceSn", "sn"):
            for device in await async_devices_of(client, data_log_sn):
                found.setdefault(device.device_sn, device)
    return list(found.values())


async def async_check_access(client: EnercloClient, kind: Kind, device_sn: str) -> None:
    """Ask something of a device that may be asked now, to see whether the account knows it.

    Raises AuthenticationError, NotFoundError (no such device on this account) and the like; PacedError if nothing may
    be asked yet.
    """
    paced: EnercloError | None = None
    for ask in (client.latest, client.settings, client.base_info):
        try:
            await ask(kind, device_sn, priority=Priority.PERSON)
        except PacedError as err:
            paced = paced or err
            continue
        except NoDataError:
            return
        except NotFoundError:
            if ask == client.latest:
                raise
        return
    if paced:
        raise paced


def _devices(kind: Kind, data_log_sn: str, rows: Iterable[Mapping[str, Json]]) -> Iterable[FoundDevice]:
    for row in rows:
        serial, lost, system_no = row.get("deviceSn"), row.get("lost"), row.get("systemNo")
        if isinstance(serial, str) and serial.strip():
            yield FoundDevice(
                device_sn=serial.strip(),
                kind=kind,
                online=None if not isinstance(lost, bool) else not lost,
                data_log_sn=data_log_sn,
                system_no=system_no if isinstance(system_no, int) else None,
            )


def _texts(rows: Iterable[Mapping[str, Json]], *members: str) -> list[str]:
    """Return, per row, the first of the members that has a value, as text."""
    found = []
    for row in rows:
        values = [
            str(row[member]) for member in members if isinstance(row.get(member), str | int) and row[member] != ""
        ]
        found.extend(values[:1])
    return found
