"""Finding devices: what kind a serial number is, and what the lists of a data logger hold."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from . import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    Json,
    Kind,
    NoDataError,
    NotFoundError,
    PacedError,
    Priority,
    Sample,
    Search,
    Terms,
    find_member,
    serial_of,
    whole_number,
)

# How long a person may wait for one answer while others of the account come first, in seconds.
PERSON_MAX_WAIT = 30.0
PERSON_WAITS = Terms(priority=Priority.PERSON, max_wait=PERSON_MAX_WAIT)

type Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """A device of the account; `online` is None where nothing tells."""

    device_sn: str
    kind: Kind
    online: bool | None = None
    data_log_sn: str | None = None
    system_no: int | None = None


class _Progress:
    """Counts the requests of a search that are done, and those that it takes if nothing ends it early."""

    def __init__(self, report: Report | None, total: int) -> None:
        self._report = report
        self._done = 0
        self._total = total

    def expect(self, requests: int) -> None:
        """Take note of requests that turn out to be needed."""
        self._total += requests

    async def step[T](self, request: Awaitable[T]) -> T:
        """Make a request, and report it whatever it comes to."""
        try:
            return await request
        finally:
            self._done += 1
            if self._report is not None:
                self._report(self._done, max(self._done, self._total))


async def async_identify(
    client: EnercloClient, serial: str, *, progress: Report | None = None
) -> tuple[list[FoundDevice], bool]:
    """Find what a serial number is: one device, or (True) a data logger with its devices.

    Serial numbers of the result are spelled as the cloud spells them. `progress` is called with the number of requests
    done and that of all. Raises NotFoundError if nothing is found, NoDataError if it may be a device that has never
    reported, else the most telling of what the kinds have answered (see Search).
    """
    steps = _Progress(progress, len(Kind) + 1)
    search = Search(client.latest, client.last_sample, serial, PERSON_WAITS)
    first, *others = Kind
    if (sample := await steps.step(search.ask(first))) is not None:
        return [_identified(serial, sample)], False
    # Asked early, this spares a data logger the questions for all other kinds.
    is_logger = await steps.step(_is_data_logger(client, serial))
    if is_logger and (found := await _lists_of(client, serial, steps)):
        return found, True
    for kind in others:
        if (sample := await steps.step(search.ask(kind))) is not None:
            return [_identified(serial, sample)], False
    if is_logger:
        return [], True
    if found := await _lists_of(client, serial, steps, refused=search.refused):
        return found, True
    search.possible_kind()
    raise NoDataError("the device has not reported any data yet")


async def _is_data_logger(client: EnercloClient, serial: str) -> bool:
    """Return whether the cloud knows a data logger of this number; it may be one even if the cloud does not say so."""
    try:
        return bool(await client.data_log(serial, PERSON_WAITS))
    except EnercloError as error:
        _raise_unanswered(error)
        return False


async def _lists_of(
    client: EnercloClient, serial: str, steps: _Progress, *, refused: bool = False
) -> list[FoundDevice]:
    """Return the devices that the lists name; none where no list can be read.

    Where the token was `refused` for all else, one more refusal ends this.
    """
    try:
        return (await _read_lists(client, serial, Priority.PERSON, steps, refused=refused))[0]
    except EnercloError as error:
        _raise_unanswered(error)
        return []


async def async_devices_of(client: EnercloClient, data_log_sn: str) -> list[FoundDevice]:
    """Read the base info lists of every kind for a data logger; a list that does not answer counts as empty."""
    return (await async_read_lists(client, data_log_sn, Priority.PERSON))[0]


async def async_read_lists(
    client: EnercloClient, data_log_sn: str, priority: Priority
) -> tuple[list[FoundDevice], set[Kind]]:
    """Return the devices behind a data logger, and the kinds whose list has answered, be it with devices or none.

    Raises what the first list has failed with if none has answered and not all were "not found".
    """
    return await _read_lists(client, data_log_sn, priority, _Progress(None, 0))


async def _read_lists(
    client: EnercloClient, data_log_sn: str, priority: Priority, steps: _Progress, *, refused: bool = False
) -> tuple[list[FoundDevice], set[Kind]]:
    found: dict[str, FoundDevice] = {}
    answered: set[Kind] = set()
    failures: list[EnercloError] = []
    steps.expect(len(Kind))
    for kind in Kind:
        with _collected(failures):
            request = client.base_info_list(kind, data_log_sn, Terms(priority=priority, max_wait=PERSON_MAX_WAIT))
            for device in _devices(kind, data_log_sn, await steps.step(request)):
                found.setdefault(device.device_sn.upper(), device)
            answered.add(kind)
        if refused and failures and isinstance(failures[0], AuthenticationError):
            break
    if failures and not answered:
        raise failures[0]
    return list(found.values()), answered


async def async_discover(client: EnercloClient, *, progress: Report | None = None) -> list[FoundDevice]:
    """Find all devices of an account from its lists of plants and data loggers; empty where these do not answer.

    `progress` is called with the number of requests done and that of all known to be needed. A list that fails does
    not end the others; raises what the first has failed with if no device is found.
    """
    steps = _Progress(progress, 1)
    try:
        plants = await steps.step(client.plants(Terms(priority=Priority.SETTINGS, max_wait=PERSON_MAX_WAIT)))
    except NotFoundError:
        return []
    failures: list[EnercloError] = []
    loggers: dict[str, str] = {}
    plant_ids = list(dict.fromkeys(filter(None, (serial_of(plant, "plantId", "id") for plant in plants))))
    steps.expect(len(plant_ids))
    for plant_id in plant_ids:
        with _collected(failures):
            rows = await steps.step(
                client.data_logs(plant_id, Terms(priority=Priority.SETTINGS, max_wait=PERSON_MAX_WAIT))
            )
            serials = filter(None, (serial_of(row, "dataLogSn", "deviceSn", "sn", "serialNum") for row in rows))
            loggers = {serial.upper(): serial for serial in serials} | loggers
    found: dict[str, FoundDevice] = {}
    for data_log_sn in loggers.values():
        with _collected(failures):
            devices, _ = await _read_lists(client, data_log_sn, Priority.PERSON, steps)
            found = {device.device_sn.upper(): device for device in devices} | found
    if failures and not found:
        raise failures[0]
    return list(found.values())


@contextmanager
def _collected(failures: list[EnercloError]) -> Iterator[None]:
    """Collect an answered failure instead of raising it; "not found" is none."""
    try:
        yield
    except NotFoundError:
        return
    except EnercloError as error:
        _raise_unanswered(error)
        failures.append(error)


async def async_check_access(client: EnercloClient, kind: Kind, device_sn: str) -> None:
    """Ask something of a device that may be asked now, to see whether the account knows it.

    Raises AuthenticationError, NotFoundError (no such device on this account) and the like; PacedError if nothing that
    would tell may be asked yet.
    """
    paced: EnercloError | None = None
    for ask in (client.latest, client.settings, client.base_info):
        try:
            await ask(kind, device_sn, Terms(priority=Priority.PERSON))
        except PacedError as err:
            paced = paced or err
        except NoDataError:
            return
        except NotFoundError:
            # Of a path that is known to be missing it is raised without asking.
            if ask == client.latest:
                raise
        else:
            return
    if paced:
        raise paced


def _raise_unanswered(error: EnercloError) -> None:
    """Raise an error again if no answer came at all: the next request would hardly fare better."""
    if not error.answered:
        raise error


def _identified(serial: str, sample: Sample) -> FoundDevice:
    """Return the device of a sample, with its serial number as the cloud spells it."""
    return FoundDevice(device_sn=serial_of(sample.members, "deviceSn") or serial, kind=sample.kind)


def _devices(kind: Kind, data_log_sn: str, rows: Iterable[Mapping[str, Json]]) -> Iterable[FoundDevice]:
    for row in rows:
        if (serial := serial_of(row)) is not None:
            lost = find_member(row, "lost")
            logger = serial_of(row, "dataLogSn") or ""
            yield FoundDevice(
                device_sn=serial,
                kind=kind,
                online=None if not isinstance(lost, bool) else not lost,
                data_log_sn=logger if logger.casefold() == data_log_sn.casefold() else data_log_sn,
                system_no=whole_number(find_member(row, "systemNo")),
            )
