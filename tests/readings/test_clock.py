"""The clock rule and staleness."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.atess.enerclo.model import Json
from custom_components.atess.readings.clock import Clock, News, parse_time

from .common import BERLIN

DAY = datetime(2026, 5, 1)  # noqa: DTZ001


def utc(text: str, day: int = 1, month: int = 5) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{text}+00:00")


def local(text: str, day: int = 1, month: int = 5) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{text}")


def feed(clock: Clock, first: datetime, received: datetime, count: int, minutes: float = 5) -> None:
    """Take samples that come with the same delay."""
    for index in range(count):
        step = timedelta(minutes=minutes * index)
        clock.take(first + step, received + step, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01 11:58:30", "2026-05-01T11:58:30"),
        (" 2026-05-01T11:58:30 ", "2026-05-01T11:58:30"),
        ("2026/05/01 11:58:30", "2026-05-01T11:58:30"),
        ("2026-05-01T11:58:30Z", "2026-05-01T13:58:30"),
        ("2026-05-01T11:58:30+08:00", "2026-05-01T05:58:30"),
        ("1777636710", "2026-05-01T13:58:30"),
        ("1777636710000", "2026-05-01T13:58:30"),
        ("string", None),
        ("a string that is no time", None),
        ("2026-05-01", None),
        ("2026-13-01 00:00:00", None),
        ("1970-01-01 00:00:00", None),
        ("0000-00-00 00:00:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
        (None, None),
        ("9" * 13, None),
    ],
)
def test_times(text: str | None, expected: str | None) -> None:
    assert parse_time(text, BERLIN) == (None if expected is None else datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    ("time", "zone", "ahead", "age"),
    [
        ("11:58:30", "home", 116.5, 3.5),
        ("17:59:40", 480, 477.7, 2.3),
        ("09:58:00", 0, -4.0, 4.0),
        ("10:58:00", 60, 56.0, 4.0),
    ],
)
def test_zone_is_learnt(time: str, zone: str | int, ahead: float, age: float) -> None:
    clock = Clock(BERLIN)
    feed(clock, local(time), utc("10:02:00"), 2)
    assert clock.zone is None
    step = timedelta(minutes=10)
    moment = clock.take(local(time) + step, utc("10:02:00") + step, "")
    assert clock.zone == zone
    assert clock.ahead == pytest.approx(ahead, abs=0.05)
    assert (utc("10:12:00") - moment.sampled_at).total_seconds() / 60 == pytest.approx(age, abs=0.05)


def test_zone_is_decided_anew_after_six_disagreeing_samples() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("11:58:00"), utc("10:00:00"), 6)
    assert clock.zone == "home"
    # The clock is put two hours back: three samples seem old, then it is believed, and its zone learnt anew.
    feed(clock, local("10:28:00"), utc("10:30:00"), 7)
    assert clock.zone == "home"
    feed(clock, local("11:03:00"), utc("11:05:00"), 1)
    assert str(clock.zone) == "0"


def test_disagreeing_samples_without_agreement_decide_nothing() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("11:58:00"), utc("10:00:00"), 3)
    for index, hours in enumerate((3, 4, 5, 6, 7, 7.5)):
        step = timedelta(hours=hours)
        clock.take(local("11:58:00") + step, utc("10:15:00") + timedelta(minutes=5 * index), "")
    assert clock.zone is None


def test_no_zone_fits_a_clock_that_is_days_off() -> None:
    clock = Clock(BERLIN)
    moment = clock.take(local("11:58:00", day=3), utc("10:00:00"), "")
    assert moment.flag == "clock"
    assert moment.sampled_at == utc("10:00:00")
    assert clock.stale(utc("10:00:30"))
    # It ticks on: alive, though its clock is of no use.
    feed(clock, local("12:03:00", day=3), utc("10:05:00"), 4)
    assert clock.zone is None
    assert not clock.stale(utc("10:21:00"))
    assert clock.stale(utc("10:41:00"))


def test_a_clock_far_behind_is_believed_to_be_old_until_it_ticks() -> None:
    clock = Clock(BERLIN)
    moment = clock.take(local("09:00:00", day=1, month=4), utc("10:00:00"), "")
    assert moment.flag is None
    assert moment.sampled_at == utc("07:00:00", month=4)
    assert clock.stale(utc("10:01:00"))
    feed(clock, local("09:05:00", day=1, month=4), utc("10:05:00"), 2)
    moment = clock.take(local("09:15:00", day=1, month=4), utc("10:15:00"), "")
    assert (moment.flag, moment.sampled_at) == ("clock", utc("10:15:00"))
    assert not clock.stale(utc("10:16:00"))


def test_never_later_than_received() -> None:
    clock = Clock(BERLIN)
    moment = clock.take(local("17:59:40"), utc("10:02:00"), "")
    assert moment.sampled_at == utc("10:02:00")
    assert moment.flag is None


def test_a_time_from_the_future_is_flagged_once_the_zone_is_decided() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("11:58:00"), utc("10:00:00"), 4)
    moment = clock.take(local("14:00:00"), utc("10:20:00"), "")
    assert (moment.news, moment.flag, moment.sampled_at) == (News.FRESH, "future", utc("10:20:00"))
    assert not clock.stale(utc("10:21:00"))
    # What comes after it is not older for that.
    moment = clock.take(local("12:23:00"), utc("10:25:00"), "")
    assert (moment.news, moment.flag, moment.sampled_at) == (News.FRESH, None, utc("10:23:00"))


def test_repeated_and_backward_times_are_no_news() -> None:
    clock = Clock(BERLIN)
    assert clock.take(local("12:00:00"), utc("10:02:00"), "").news is News.FRESH
    assert clock.take(local("12:00:00"), utc("10:07:00"), "").news is News.REPEATED
    assert clock.take(local("11:50:00"), utc("10:08:00"), "").news is News.BACKWARDS
    assert clock.take(local("12:05:00"), utc("10:09:00"), "").news is News.FRESH


def test_a_clock_that_was_set_back_is_believed_at_the_third_sample() -> None:
    clock = Clock(BERLIN)
    clock.take(local("12:00:00"), utc("10:02:00"), "")
    news = [
        clock.take(local(time), utc(received), "").news
        for time, received in (("11:30:00", "10:07:00"), ("11:35:00", "10:12:00"), ("11:40:00", "10:17:00"))
    ]
    assert news == [News.BACKWARDS, News.BACKWARDS, News.FRESH]


def test_the_repeated_hour_of_autumn() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("01:58:00", 25, 10), utc("00:00:00", 25, 10), 12)  # 01:58 to 02:53 summer time
    for minutes in range(5, 75, 5):  # from 02:03 winter time on
        step = timedelta(minutes=minutes)
        moment = clock.take(local("01:58:00", 25, 10) + step, utc("01:00:00", 25, 10) + step, "")
        assert moment.news is News.FRESH
        assert moment.sampled_at == utc("00:58:00", 25, 10) + step
    assert clock.zone == "home"


def test_the_missing_hour_of_spring() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("01:28:00", 29, 3), utc("00:30:00", 29, 3), 6)
    feed(clock, local("03:03:00", 29, 3), utc("01:05:00", 29, 3), 12)
    assert clock.zone == "home"
    assert not clock.stale(utc("02:01:00", 29, 3))


def test_a_fixed_zone_does_not_follow_summer_time() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("07:58:00", 24, 10), utc("00:00:00", 24, 10), 3)
    assert clock.zone == 480
    moment = clock.take(local("09:58:00", 25, 10), utc("02:00:00", 25, 10), "")
    assert moment.sampled_at == utc("01:58:00", 25, 10)


@pytest.mark.parametrize(("day", "month", "summer", "winter"), [(25, 10, "165", "105"), (29, 3, "165", "105")])
@pytest.mark.parametrize("follows", [True, False])
def test_an_offset_that_was_set_follows_summer_time_if_the_clock_does(
    day: int, month: int, summer: str, winter: str, *, follows: bool
) -> None:
    """The device stays available, over restarts too; a clock that does not follow is left as it is."""
    before, after = (int(summer), int(winter)) if month == 10 else (int(winter), int(summer))
    clock = Clock(BERLIN, fixed=before)
    change = utc("01:00:00", day, month)
    for step in range(-12 * 24, 12 * 48):
        received = change + timedelta(minutes=5 * step + 2)
        ahead = after if follows and step >= 0 else before
        clock.take((received + timedelta(minutes=ahead - 2)).replace(tzinfo=None), received, "")
        assert not clock.stale(received + timedelta(minutes=4))
        assert not clock.day_over(received)
        if step % 50 == 0:
            clock = Clock(BERLIN, clock.dump(), fixed=before)
    assert clock.zone == (after if follows else before)
    assert Clock(BERLIN, clock.dump(), fixed=480).zone == 480


def test_an_offset_that_was_set_stays_where_samples_come_an_hour_late() -> None:
    clock = Clock(BERLIN, fixed=480)
    for month in (6, 10, 12):
        feed(clock, local("07:58:00", 28, month), utc("00:00:00", 28, month), 3)
        feed(clock, local("07:13:00", 29, month), utc("00:15:00", 29, month), 2)
        feed(clock, local("08:28:00", 29, month), utc("00:30:00", 29, month), 3)
    assert clock.zone == 480


def test_without_a_time_changed_numbers_are_news() -> None:
    clock = Clock(BERLIN)
    assert clock.take(None, utc("10:00:00"), "a").news is News.FRESH
    moment = clock.take(None, utc("10:05:00"), "a")
    assert (moment.news, moment.sampled_at) == (News.REPEATED, utc("10:00:00"))
    assert not clock.stale(utc("10:19:00"))
    assert clock.stale(utc("10:21:00"))
    moment = clock.take(None, utc("10:21:00"), "b")
    assert (moment.news, moment.sampled_at) == (News.FRESH, utc("10:21:00"))
    assert clock.recall(None, utc("10:21:00")).sampled_at == utc("10:21:00")
    assert moment.local == local("12:21:00")


def test_g19_unchanged_time() -> None:
    clock = Clock(BERLIN)
    assert clock.stale(utc("10:00:00"))
    feed(clock, local("11:59:00"), utc("10:00:00"), 2)
    assert clock.interval == 5
    assert not clock.stale(utc("10:24:00"))
    assert clock.stale(utc("10:26:00"))


def test_g19_age_counts_once_the_zone_is_decided() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("11:50:00"), utc("10:00:00"), 3)
    assert not clock.stale(utc("10:19:00"))
    assert clock.stale(utc("10:21:00"))  # 21 minutes old, though seen for 11 minutes only


@pytest.mark.parametrize(("minutes", "interval", "limit"), [(5, 5, 20), (10, 10, 30), (0.5, 1, 20), (55, 30, 90)])
def test_upload_interval(minutes: float, interval: float, limit: float) -> None:
    clock = Clock(UTC)
    feed(clock, local("08:00:00"), utc("08:00:00"), 13, minutes)
    assert clock.interval == interval
    last = utc("08:00:00") + timedelta(minutes=12 * minutes)
    assert not clock.stale(last + timedelta(minutes=limit - 0.5))
    assert clock.stale(last + timedelta(minutes=limit + 0.5))


def test_one_gap_does_not_change_the_upload_interval() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("11:00:00"), utc("09:02:00"), 4)
    feed(clock, local("15:00:00"), utc("13:02:00"), 4)
    assert clock.interval == 5


def test_day_over() -> None:
    clock = Clock(BERLIN)
    assert clock.day_over(utc("10:00:00"))
    feed(clock, local("23:40:00"), utc("21:42:00"), 4)  # last at 23:55
    assert not clock.day_over(utc("22:05:00"))  # past midnight, not stale yet
    assert clock.day_over(utc("22:30:00"))
    early = Clock(BERLIN)
    feed(early, local("20:00:00"), utc("18:02:00"), 3)
    assert not early.day_over(utc("21:59:00"))  # stale, but the same day


def test_day_over_by_the_clock_of_the_device() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("23:40:00"), utc("15:42:00"), 4)  # eight hours ahead
    assert clock.zone == 480
    assert clock.day_over(utc("16:40:00"))


def test_now_may_be_in_any_zone() -> None:
    clock = Clock(BERLIN)
    clock.take(local("12:00:00"), utc("10:02:00").astimezone(ZoneInfo("Asia/Tokyo")), "")
    assert not clock.stale(utc("10:03:00").astimezone(ZoneInfo("Asia/Tokyo")))


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {"local": 3, "since": "2026-05-01T10:00:00", "zone": 7, "offsets": [[1], ["a", 2], 3], "spacings": ["x", -1]},
        {"local": "2026-05-01T10:00:00+00:00", "since": "never", "zone": "nowhere", "run": -3, "back": True},
    ],
)
def test_damaged_state_is_no_state(state: Json) -> None:
    clock = Clock(BERLIN, state)
    assert clock.zone is None
    assert clock.stale(utc("10:00:00"))
    assert clock.take(local("12:00:00"), utc("10:02:00"), "").news is News.FRESH


def test_state_round_trip() -> None:
    clock = Clock(BERLIN)
    feed(clock, local("17:58:00"), utc("10:00:00"), 5)
    assert Clock(BERLIN, clock.dump()).dump() == clock.dump()
