"""The client of the Enerclo cloud: what may be asked, through the pacer, at the right path."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

import aiohttp

from .address import DEFAULT_BASE_URL, normalize_base_url
from .caller import HISTORY, LIVE, PERSON, SETTINGS, Caller, Terms, own
from .endpoints import Endpoint, Operation, endpoint
from .errors import EnercloError, NoDataError, NotFoundError, PacedError
from .identify import Search
from .model import Json, Kind, Sample
from .pacing import Pacer, Priority
from .paths import PathBook, readable_operations
from .shapes import members_of, serial_of
from .token import Token

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_LIST_PAGE_SIZE = 100
_TIMES = ("time", "updateTime")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EnercloClient:
    """Asks the cloud for one account; every call is paced, and raises EnercloError or a subclass and nothing else.

    A call that pacing forbids now waits if it is permitted within the `max_wait` seconds of its terms, else it raises
    PacedError without sending anything. A path that is only a candidate is resolved at run time (see PathBook).
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        token: Token,
        *,
        base_url: str = DEFAULT_BASE_URL,
        pacer: Pacer,
        paths: Mapping[str, Json] | None = None,
        overrides: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Take the session, token, pacer of the account, stored paths_state(), paths by hand, and a clock (UTC).

        ValueError if the address is refused (normalize_base_url) or an override is (normalize_overrides).
        """
        self._pacer = pacer
        self._paths = PathBook(overrides or {}, paths)
        self._now = now
        self._caller = Caller(session, token, normalize_base_url(base_url), pacer=pacer, paths=self._paths, now=now)
        self._listed: dict[tuple[Kind, str], dict[str, Json]] = {}
        self._data_logs: dict[str, dict[str, Json]] = {}
        self._lists: dict[tuple[str, str], list[dict[str, Json]]] = {}
        self._samples: dict[tuple[Kind, str], Sample] = {}
        self._missing: dict[tuple[Kind, str], NotFoundError | NoDataError] = {}

    @property
    def pacer(self) -> Pacer:
        """The pacer of the account."""
        return self._pacer

    async def latest(self, kind: Kind, device_sn: str, terms: Terms = LIVE) -> Sample:
        """Return the newest sample; while pacing forbids asking, "not found" and "no data" of last time are repeated.

        Raises ForeignAnswerError if the answer names another device. While the account is denied, all calls but
        those of people raise AuthenticationError without asking, until the next try is permitted.
        """
        key = kind, device_sn.upper()
        try:
            members = await self._object(kind, Operation.LATEST, device_sn, terms)
        except PacedError:
            if (remembered := self._missing.get(key)) is not None:
                raise remembered.again() from None
            raise
        except (NotFoundError, NoDataError) as error:
            self._missing[key] = error.again()
            raise
        except EnercloError:
            self._missing.pop(key, None)
            raise
        self._missing.pop(key, None)
        sample = self._samples[key] = self._sample(kind, device_sn, members)
        return sample

    @property
    def denied(self) -> bool:
        """Return whether the cloud's refusals of the token are believed for the account (see Denial)."""
        return self._caller.denial.believed

    @property
    def denied_until(self) -> float | None:
        """Return when the token is tried next (unix seconds); None if the account is not denied."""
        return self._caller.denial.until

    def add_access_listener(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have a callback called whenever `denied` changes; return what ends that."""
        return self._caller.denial.add_listener(callback)

    @property
    def held_by(self) -> str | None:
        """Return what keeps all calls of the account but those of people waiting, None if nothing does."""
        return "denied" if self.denied else self._pacer.held_by()

    def forgive(self) -> None:
        """Let the token be tried once at once although the cloud has refused it."""
        self._caller.denial.forgive()

    def last_sample(self, kind: Kind, device_sn: str) -> Sample | None:
        """Return what `latest` last returned for the device in the life of this client."""
        return self._samples.get((kind, device_sn.upper()))

    async def identify(self, device_sn: str, terms: Terms = PERSON) -> tuple[Kind, Sample | None]:
        """Return the kind of a device, by asking the latest data of each kind in turn, and its sample.

        The sample is None if the best answer was one without data. What an earlier call has found is used while
        pacing forbids asking again. Goes on with the next kind whatever a kind answers, and raises the most telling
        error only if none does (see Search); a request without any answer ends it at once.
        """
        search = Search(self.latest, self.last_sample, device_sn, terms)
        for kind in Kind:
            if (sample := await search.ask(kind)) is not None:
                return kind, sample
        return search.possible_kind(), None

    async def history(
        self,
        kind: Kind,
        device_sn: str,
        start: datetime,
        end: datetime,
        terms: Terms = HISTORY,
        *,
        page_size: int = 200,
    ) -> AsyncIterator[list[Sample]]:
        """Yield pages of samples between two device-local times (naive), each page sorted by time.

        Each page is a call on the endpoint and waits its interval. ValueError if a time has a zone.
        """
        if start.tzinfo is not None or end.tzinfo is not None:
            raise ValueError("history is asked for in device-local time without zone")
        row = endpoint(kind, Operation.HISTORY)
        query = {
            "deviceSn": device_sn,
            "startDate": start.strftime(_TIME_FORMAT),
            "endDate": end.strftime(_TIME_FORMAT),
        }
        async for rows in self._caller.pages(row, device_sn, query, terms, size=page_size):
            samples = [self._sample(kind, device_sn, members) for members in rows]
            yield sorted(samples, key=lambda sample: sample.time or "")

    async def settings(self, kind: Kind, device_sn: str, terms: Terms = SETTINGS) -> dict[str, Json]:
        """Return the settings of a device as sent."""
        return await self._object(kind, Operation.SETTINGS, device_sn, terms)

    async def write_settings(
        self,
        kind: Kind,
        device_sn: str,
        settings: Mapping[str, Json],
        terms: Terms = PERSON,
    ) -> None:
        """Send settings (the whole object) to the path at which those of this very device were read (candidate).

        NotFoundError, nothing sent, if they were not read there; ValueError if a value is NaN or infinite.
        RefusedError, LimitedError or AuthenticationError: the cloud did not take them; others: nobody knows. Success
        says that the cloud took them, not that the device did: read them back.
        """
        path = self._paths.writable(endpoint(kind, Operation.SETTINGS), device_sn)
        if path is None:
            raise NotFoundError("the settings of this device were not read yet: nothing was sent")
        body = json.dumps({**settings, "deviceSn": device_sn}, allow_nan=False).encode()
        await self._caller.call(
            endpoint(kind, Operation.MODIFY_SETTINGS),
            path,
            device_sn,
            {},
            lambda data: None,
            terms,
            body=body,
        )

    async def base_info(self, kind: Kind, device_sn: str, terms: Terms = SETTINGS) -> dict[str, Json]:
        """Return the master data of a device as sent (candidate)."""
        return await self._object(kind, Operation.BASE_INFO, device_sn, terms)

    async def base_info_list(self, kind: Kind, data_log_sn: str, terms: Terms = SETTINGS) -> list[dict[str, Json]]:
        """Return the devices of a kind behind a data logger (documented for BCU, else candidate)."""
        row = endpoint(kind, Operation.BASE_INFO_LIST)
        found = await self._list(row, data_log_sn, {"dataLogSn": data_log_sn}, terms)
        for entry in found:
            if (device_sn := serial_of(entry)) is not None:
                self._listed[kind, device_sn.upper()] = entry
        return found

    def last_listed(self, kind: Kind, device_sn: str) -> dict[str, Json] | None:
        """Return the master data of a device that a list brought in the life of this client."""
        return self._listed.get((kind, device_sn.upper()))

    async def data_log(self, data_log_sn: str, terms: Terms = SETTINGS) -> dict[str, Json]:
        """Return the master data of a data logger (candidate); while pacing forbids asking, those of last time."""
        row = endpoint(None, Operation.DATA_LOG)
        query = {"dataLogSn": data_log_sn}
        try:
            found = await self._caller.ask(row, data_log_sn, query, members_of, terms)
        except PacedError:
            if (remembered := self._data_logs.get(data_log_sn)) is None:
                raise
            return remembered
        self._data_logs[data_log_sn] = found
        return found

    async def data_logs(self, plant_id: str | int, terms: Terms = SETTINGS) -> list[dict[str, Json]]:
        """Return the data loggers of a plant (candidate)."""
        row = endpoint(None, Operation.DATA_LOG_LIST)
        return await self._list(row, str(plant_id), {"plantId": str(plant_id)}, terms)

    async def plants(self, terms: Terms = SETTINGS) -> list[dict[str, Json]]:
        """Return the plants of the account (candidate)."""
        return await self._list(endpoint(None, Operation.PLANT_LIST), "", {}, terms)

    def permitted_at(
        self,
        kind: Kind,
        device_sn: str,
        operation: Operation = Operation.LATEST,
        *,
        priority: Priority = Priority.LIVE,
    ) -> float:
        """Return the earliest moment (unix seconds) for the next such call; all but people wait while denied."""
        row = endpoint(kind, operation)
        read = endpoint(kind, Operation.SETTINGS) if operation is Operation.MODIFY_SETTINGS else row
        permitted = self._pacer.permitted_at(
            self._next_path(read, device_sn), device_sn, method=row.method, priority=priority
        )
        denial = self._caller.denial
        return permitted if priority is Priority.PERSON else max(permitted, denial.permitted_at(device_sn.upper()))

    def interval(self, kind: Kind, device_sn: str, operation: Operation = Operation.LATEST) -> float:
        """Return the present interval in seconds between two such calls."""
        return self._pacer.interval(self._next_path(endpoint(kind, operation), device_sn), device_sn)

    def paths_state(self) -> dict[str, Json]:
        """Return what was learned about paths, as JSON for storage; holds serial numbers."""
        return self._paths.dump(self._now().timestamp())

    def diagnostics(self) -> dict[str, Json]:
        """Return per operation the path in use (None: not resolved), its grade, what its last call came to."""
        report: dict[str, Json] = {}
        for row in readable_operations():
            path = self._paths.settled(row)
            grade = None if path is None else self._paths.grade(row, path)
            report[row.key] = {"path": path, "grade": grade, "last": self._caller.outcomes.get(row.key)}
        for key in self._caller.outcomes.keys() - report.keys():
            report[key] = {"path": None, "grade": None, "last": self._caller.outcomes[key]}
        return report

    def _next_path(self, row: Endpoint, device: str) -> str:
        if (path := self._paths.settled(row)) is not None:
            return path
        candidates = self._paths.candidates(row, device, self._now().timestamp())
        return candidates[0] if candidates else row.paths[0].path

    def _sample(self, kind: Kind, device_sn: str, members: dict[str, Json]) -> Sample:
        texts = (str(text).strip() for text in map(members.get, _TIMES) if isinstance(text, str | int | float))
        time = next((text for text in texts if text), None)
        return Sample(kind=kind, device_sn=device_sn, members=members, time=time, received=self._now())

    async def _object(self, kind: Kind, operation: Operation, device_sn: str, terms: Terms) -> dict[str, Json]:
        def decode(data: Json) -> dict[str, Json]:
            return own(members_of(data), device_sn)

        row = endpoint(kind, operation)
        query = {"deviceSn": device_sn}
        return await self._caller.ask(row, device_sn, query, decode, terms)

    async def _list(self, row: Endpoint, device: str, query: Mapping[str, str], terms: Terms) -> list[dict[str, Json]]:
        """Return the entries of a list; while pacing forbids asking, those of last time."""
        pages = self._caller.pages(row, device, query, terms, size=_LIST_PAGE_SIZE)
        try:
            found = self._lists[row.key, device] = [entry async for rows in pages for entry in rows]
        except PacedError:
            if (remembered := self._lists.get((row.key, device))) is None:
                raise
            return remembered
        return found
