"""What each day of a partition is made from: its files, the facts, and what was known in time."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from battery_assets.fleet.jars import day_inputs

DAYS = [date(2025, 3, 1), date(2025, 3, 2), date(2025, 3, 4)]
DIGESTS = {day: "files" for day in DAYS}
MIDNIGHT = datetime(2025, 3, 2, tzinfo=UTC)
JARS = pl.DataFrame({"battery_id": ["a"], "updated_at": [MIDNIGHT]})


def inputs(*at: datetime | None, by: timedelta = timedelta(0)) -> dict[date, str]:
    known = pl.DataFrame(
        {"at": at, "v": list(range(len(at)))}, schema={"at": pl.Datetime("us", "UTC"), "v": pl.Int64}
    )
    return day_inputs(DIGESTS, JARS, dated=[(known, "at")], by=by)


def changed(at: datetime | None, by: timedelta = timedelta(0)) -> list[date]:
    """The days that are made from another than without the instant."""
    before, now = inputs(by=by), inputs(at, by=by)
    return [day for day in DAYS if before[day] != now[day]]


@pytest.mark.parametrize(
    ("after", "day"),
    [
        (timedelta(days=-400), DAYS[0]),
        (timedelta(days=-1), DAYS[0]),
        (timedelta(days=-1, microseconds=1), DAYS[1]),
        (timedelta(0), DAYS[1]),
        (timedelta(microseconds=1), DAYS[2]),
        (timedelta(days=2), DAYS[2]),
    ],
)
def test_what_is_known_belongs_to_the_first_day_that_begins_after_it(after, day):
    assert changed(at=MIDNIGHT + after) == [day]


def test_what_comes_after_the_last_day_or_has_no_instant_belongs_to_none():
    assert changed(at=MIDNIGHT + timedelta(days=2, microseconds=1)) == []
    assert changed(at=None) == []


def test_a_day_may_know_more_than_its_start():
    assert changed(at=MIDNIGHT, by=timedelta(days=1)) == [DAYS[0]]


def test_the_order_of_rows_and_when_they_were_written_say_nothing():
    rows = [MIDNIGHT, MIDNIGHT - timedelta(hours=1)]
    known = pl.DataFrame({"at": rows})
    one = day_inputs(DIGESTS, JARS, dated=[(known, "at")])
    other = day_inputs(DIGESTS, JARS.drop("updated_at"), dated=[(known.reverse(), "at")])
    assert one == other
    assert one != day_inputs(DIGESTS, JARS.with_columns(battery_id=pl.lit("b")), dated=[(known, "at")])


def test_a_partition_without_days_is_made_from_nothing():
    assert day_inputs({}, JARS, dated=[(pl.DataFrame({"at": [MIDNIGHT]}), "at")]) == {}
