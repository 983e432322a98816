"""What a serial number is, whatever the endpoints of other kinds answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    ForeignAnswerError,
    Kind,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    PacedError,
    Priority,
    Sample,
    Search,
    TemporaryError,
    Terms,
    UnreachableError,
)
from custom_components.atess.enerclo.discovery import async_discover, async_identify, async_read_lists

from .cloud import NO_DATA, NOT_FOUND, START, Cloud, Reply, Time, data, failure, reply

SN = "SIMPBD0001"
STRING, CENTRAL, PCS, PBD = "hps/data-last-small", "hps/data-last", "pcs/data-last", "pbd/data-last"
BCU, MBMS = "bms/bcu-data-last", "bms/mbms-data-last"
OTHERS = (STRING, CENTRAL, PCS, BCU, MBMS)
LISTS = (
    "hps/base-info-small/list",
    "hps/base-info/list",
    "pcs/base-info/list",
    "pbd/base-info/list",
    "bms/buc-base-info/list",
    "bms/mbms-base-info/list",
)
ANSWERED: dict[str, Reply] = {
    "code 500": failure(500),
    "another code": failure(10012),
    "HTTP 500": Reply(status=500),
    "HTTP 204": Reply(status=204),
    "empty": Reply(),
    "403": failure(403),
    "HTTP 403": failure(403, status=403),
    "firewall": reply(b"<html>", 403),
    "page": reply(b"<html>"),
    "text": data("what?"),
    "another device": data({"deviceSn": "SIMOTHER01", "soc": 0}),
    "no data": NO_DATA,
    "not found": NOT_FOUND,
}


def everywhere(cloud: Cloud, answer: Reply) -> None:
    """Answer alike at all endpoints that an identification asks."""
    for path in (*OTHERS, PBD, "datalog", *LISTS):
        cloud.on(path, answer)


@pytest.mark.parametrize("answer", ANSWERED)
async def test_goes_on_whatever_other_kinds_answer(client: EnercloClient, cloud: Cloud, answer: str) -> None:
    everywhere(cloud, ANSWERED[answer])
    cloud.on(PBD, data({"deviceSn": SN, "soc": 5}))
    kind, sample = await client.identify(SN)
    assert kind is Kind.PBD
    assert sample is not None
    assert cloud.paths == [STRING, CENTRAL, PCS, PBD]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("code 500", TemporaryError),
        ("HTTP 204", MalformedAnswerError),
        ("403", AuthenticationError),
        ("firewall", TemporaryError),
        ("another device", ForeignAnswerError),
        ("not found", NotFoundError),
        ("no data", NoDataError),
    ],
)
async def test_raises_what_all_answer(
    client: EnercloClient, cloud: Cloud, answer: str, error: type[EnercloError]
) -> None:
    for path in (*OTHERS, PBD):
        cloud.on(path, ANSWERED[answer])
    with pytest.raises(EnercloError) as caught:
        await async_identify(client, SN)
    assert type(caught.value) is error


async def test_a_token_refused_by_all_kinds_is_told_after_one_list(client: EnercloClient, cloud: Cloud) -> None:
    everywhere(cloud, failure(403))
    with pytest.raises(AuthenticationError):
        await async_identify(client, SN)
    assert sum(path in LISTS for path in cloud.paths) == 1


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((NOT_FOUND, failure(500), failure(403)), AuthenticationError),
        ((failure(500), NOT_FOUND, reply(b"<html>")), TemporaryError),
        ((failure(403), failure(429), NO_DATA), LimitedError),
    ],
)
async def test_the_most_telling_error_is_raised(
    client: EnercloClient, cloud: Cloud, answers: tuple[Reply, ...], error: type[EnercloError]
) -> None:
    for path, answer in zip(OTHERS, answers, strict=False):
        cloud.on(path, answer)
    with pytest.raises(EnercloError) as caught:
        await client.identify(SN)
    assert type(caught.value) is error


async def test_no_data_tells_more_than_failures_of_other_kinds(client: EnercloClient, cloud: Cloud) -> None:
    everywhere(cloud, failure(500))
    cloud.on(PBD, NO_DATA)
    assert await client.identify(SN) == (Kind.PBD, None)
    assert cloud.paths[-1] == MBMS


async def test_one_limited_endpoint_does_not_end_the_search(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on(CENTRAL, failure(429))
    cloud.on(PBD, data({"soc": 5}))
    assert (await client.identify(SN))[0] is Kind.PBD


async def test_a_limit_of_the_account_ends_it(client: EnercloClient, cloud: Cloud) -> None:
    everywhere(cloud, failure(429))
    with pytest.raises(LimitedError):
        await client.identify(SN)
    assert cloud.paths == [STRING, CENTRAL]


@pytest.mark.parametrize("path", [STRING, PCS, "datalog", LISTS[1]])
async def test_a_lost_connection_ends_it(client: EnercloClient, cloud: Cloud, path: str) -> None:
    cloud.on(path, Reply(drop=True))
    with pytest.raises(TemporaryError) as caught:
        await async_identify(client, SN)
    assert not caught.value.answered
    assert cloud.paths[-1] == path


async def test_nothing_is_asked_twice_and_what_failed_is_paced(client: EnercloClient, cloud: Cloud, time: Time) -> None:
    cloud.on(CENTRAL, failure(500), data({"soc": 5}))
    with pytest.raises(TemporaryError):
        await async_identify(client, SN)
    asked = len(cloud.requests)
    with pytest.raises(PacedError):
        await async_identify(client, SN)
    assert len(cloud.requests) == asked
    found, listed = (await client.identify(SN, Terms(priority=Priority.PERSON, max_wait=300))), False
    assert (found[0], listed) == (Kind.HPS_CENTRAL, False)


@pytest.mark.parametrize("name", ["deviceSn", "DeviceSN"])
async def test_the_clouds_spelling_is_taken(client: EnercloClient, cloud: Cloud, time: Time, name: str) -> None:
    cloud.on(STRING, data({name: f" {SN} ", "soc": 5}))
    [device], listed = await async_identify(client, SN.lower())
    assert (device.device_sn, device.kind, listed) == (SN, Kind.HPS_STRING, False)
    assert client.last_sample(Kind.HPS_STRING, SN) is not None
    assert client.permitted_at(Kind.HPS_STRING, SN) == START + 300


# Data loggers and accounts


@pytest.mark.parametrize("answer", ["no data", "code 500", "403", "HTTP 204", "another device"])
async def test_lists_are_asked_whatever_the_look_ups_say(client: EnercloClient, cloud: Cloud, answer: str) -> None:
    everywhere(cloud, ANSWERED[answer])
    for path in LISTS:
        cloud.on(path, NOT_FOUND if answer != "no data" else NO_DATA)
    cloud.on(LISTS[3], data([{"deviceSn": "A1A1", "lost": True, "systemNo": "2"}]))
    [device], listed = await async_identify(client, "SIMLOG0001")
    assert listed
    assert (device.device_sn, device.kind, device.online, device.system_no) == ("A1A1", Kind.PBD, False, 2)
    assert device.data_log_sn == "SIMLOG0001"


@pytest.mark.parametrize("answer", [name for name in ANSWERED if name not in {"no data", "not found"}])
async def test_a_list_that_fails_does_not_end_the_others(client: EnercloClient, cloud: Cloud, answer: str) -> None:
    for path in LISTS:
        cloud.on(path, ANSWERED[answer])
    # Another device's members are a list of one.
    cloud.on(LISTS[0], failure(500))
    cloud.on(LISTS[-1], data([{"deviceSn": "A1A1"}]))
    devices, answered = await async_read_lists(client, "SIMLOG0001", Priority.HISTORY)
    assert "A1A1" in [device.device_sn for device in devices]
    assert Kind.MBMS in answered
    assert Kind.HPS_STRING not in answered


async def test_lists_that_all_fail_are_an_error(client: EnercloClient, cloud: Cloud) -> None:
    for path in LISTS:
        cloud.on(path, failure(500))
    with pytest.raises(TemporaryError):
        await async_read_lists(client, "SIMLOG0001", Priority.HISTORY)


async def test_no_device_twice(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("datalog", data({"dataLogSn": "SIMLOG0001"}))
    cloud.on(LISTS[4], data({"rows": [{"sn": "A1A1"}, {"SN": "a1a1 "}, {"serialNum": "B2B2"}, {"sn": None}]}))
    cloud.on(LISTS[5], data({"page": {"records": [{"DeviceSn": "a1A1"}]}}))
    devices, listed = await async_identify(client, "SIMLOG0001")
    assert [(device.device_sn, device.kind) for device in devices] == [("A1A1", Kind.BCU), ("B2B2", Kind.BCU)]
    assert listed
    assert client.last_listed(Kind.BCU, "a1a1") is not None


async def test_a_logger_without_devices(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("datalog", data({"dataLogSn": "SIMLOG0001"}))
    assert await async_identify(client, "SIMLOG0001") == ([], True)


async def test_a_device_that_a_look_up_takes_for_a_logger(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("datalog", data({"status": 0}))
    cloud.on(PBD, data({"deviceSn": SN, "soc": 5}))
    [device], listed = await async_identify(client, SN)
    assert (device.kind, listed) == (Kind.PBD, False)


async def test_discover(client: EnercloClient, cloud: Cloud) -> None:
    """A plant or data logger whose list fails does not end the others."""
    cloud.on("plant/list", data({"list": [{"plantId": 7}, {"PlantID": "8"}, {"name": "no id"}]}))
    cloud.on("datalog/list", failure(500), data({"records": [{"sn": "LOG1"}, {"dataLogSn": "log1"}]}))
    cloud.on(LISTS[3], data([{"deviceSn": "A1A1"}]))
    steps: list[tuple[int, int]] = []
    devices = await async_discover(client, progress=lambda done, total: steps.append((done, total)))
    assert [device.device_sn for device in devices] == ["A1A1"]
    assert steps == [(1, 1), (2, 3), (3, 3), *((done, 9) for done in range(4, 10))]


async def test_discover_raises_what_failed_if_nothing_is_found(client: EnercloClient, cloud: Cloud) -> None:
    cloud.on("plant/list", data([{"plantId": 7}]))
    cloud.on("datalog/list", failure(500))
    with pytest.raises(TemporaryError):
        await async_discover(client)


async def test_progress(client: EnercloClient, cloud: Cloud) -> None:
    steps: list[tuple[int, int]] = []
    cloud.on(PBD, data({"soc": 5}))
    await async_identify(client, SN, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 7), (2, 7), (3, 7), (4, 7), (5, 7)]
    steps.clear()
    cloud.on(PBD, NOT_FOUND)
    with pytest.raises(NotFoundError):
        await async_identify(client, "UNKNOWN001", progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (13, 13)


ERRORS: list[EnercloError] = [
    NotFoundError("x"),
    NoDataError("x"),
    AuthenticationError("x"),
    LimitedError("x"),
    PacedError(5),
    TemporaryError("x", http_status=500),
    ForeignAnswerError("x", http_status=200),
    UnreachableError("x"),
]


@given(st.lists(st.none() | st.sampled_from(ERRORS), min_size=6, max_size=6))
async def test_laws_of_the_search(answers: list[EnercloError | None]) -> None:
    """It finds the first kind with data unless something ends it before, else raises an error that came."""
    asked: list[Kind] = []

    async def latest(kind: Kind, device_sn: str, terms: Terms) -> Sample:
        asked.append(kind)
        if (error := answers[len(asked) - 1]) is not None:
            raise error.again()
        return Sample(kind=kind, device_sn=device_sn, members={}, time=None, received=Time().datetime())

    search = Search(latest, lambda kind, device_sn: None, SN, Terms(priority=Priority.PERSON))
    found: Sample | None = None
    error: EnercloError | None = None
    try:
        for kind in Kind:
            if (found := await search.ask(kind)) is not None:
                break
        else:
            assert isinstance(answers[list(Kind).index(search.possible_kind())], NoDataError)
    except EnercloError as raised:
        error = raised
    if found is not None:
        assert answers.index(None) == len(asked) - 1
        assert found.kind is asked[-1]
    elif error is not None:
        assert type(error) in {type(answer) for answer in answers[: len(asked)]}
        assert len(asked) == 6 or isinstance(error, UnreachableError | LimitedError)
