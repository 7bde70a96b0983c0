"""Local times: every reading is one of the moments the wall clock showed it, and goes back to the same wall clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange.importing.local_time import BadMoment, Times

ZONES = ("America/New_York", "Asia/Shanghai", "Europe/London", "Australia/Lord_Howe", "UTC")


@given(
    zone=st.sampled_from(ZONES),
    local=st.datetimes(datetime(1986, 1, 1), datetime(2035, 1, 1)).map(lambda d: d.replace(microsecond=0)),
    ambiguous=st.sampled_from(["earlier", "later", "refuse"]),
    nonexistent=st.sampled_from(["forward", "refuse"]),
)
def test_a_local_time_is_a_moment_the_wall_clock_showed(zone: str, local: datetime, ambiguous: str, nonexistent: str) -> None:
    times = Times(zone=zone, ambiguous=ambiguous, nonexistent=nonexistent)
    near = local.replace(tzinfo=UTC)
    hours = [near + timedelta(minutes=m) for m in range(-18 * 60, 18 * 60 + 1, 15)]
    offsets = {moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in hours}
    showed = sorted(
        moment for moment in {near - offset for offset in offsets if offset is not None}
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    )  # fmt: skip
    refused = {2: (ambiguous, "ambiguous_moment"), 0: (nonexistent, "nonexistent_moment"), 1: ("", "")}[len(showed)]
    if refused[0] == "refuse":
        with pytest.raises(BadMoment) as bad:
            times.moment(local.isoformat())
        assert bad.value.reason == refused[1]
        return
    found = times.moment(local.isoformat())
    if showed:
        assert found == (showed[-1] if ambiguous == "later" else showed[0])
    else:
        assert nonexistent == "forward"
        assert timedelta(0) < found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - local <= timedelta(hours=1)


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ({"ambiguous": "earlier"}, "2013-11-03T01:30", "2013-11-03T05:30:00+00:00"),
        ({"ambiguous": "later"}, "2013-11-03T01:30", "2013-11-03T06:30:00+00:00"),
        ({"ambiguous": "refuse"}, "2013-11-03T01:30", "ambiguous_moment"),
        ({"nonexistent": "forward"}, "2013-03-10T02:30", "2013-03-10T07:30:00+00:00"),
        ({"nonexistent": "refuse"}, "2013-03-10T02:30", "nonexistent_moment"),
        ({}, "2013-11-03T01:30-05:00", "2013-11-03T06:30:00+00:00"),
        ({}, "2013-11-03T01:30Z", "2013-11-03T01:30:00+00:00"),
        ({"format": "%m/%d/%Y %I:%M:%S %p"}, " 12/25/2013 11:59:08 PM ", "2013-12-26T04:59:08+00:00"),
        ({"format": "%m/%d/%Y %I:%M:%S %p"}, "2013-12-25", "bad_moment"),
        ({}, "", "bad_moment"),
        ({}, "1066-10-14T09:00", "bad_moment"),
        ({}, "9999-12-31T23:59:59", "bad_moment"),
    ],
)
def test_the_rules_by_example(rule: dict[str, str], text: str, expected: str) -> None:
    times = Times.model_validate({"zone": NEW_YORK, **rule})
    if expected.endswith("moment"):
        with pytest.raises(BadMoment) as bad:
            times.moment(text)
        assert bad.value.reason == expected
    else:
        assert times.moment(text).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2013-11-03T01:30", '2013-11-03T01:30:00 occurred twice in America/New_York; ambiguous = "earlier" or "later"'),
        ("2013-03-10T02:30", '2013-03-10T02:30:00 was skipped in America/New_York; nonexistent = "forward"'),
        ("1066-10-14", "1066-10-14T00:00:00 lies outside the years 1970 to 2199"),
    ],
)
def test_a_refusal_names_the_moment_and_the_setting(text: str, said: str) -> None:
    with pytest.raises(BadMoment, match=said):
        Times(zone=NEW_YORK).moment(text)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="IANA"):
        Times(zone="Asia/Beijing")
