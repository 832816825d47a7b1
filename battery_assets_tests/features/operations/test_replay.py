"""The replay counts an alert once, and holds it against what came true: precision, recall and lead by hand."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.operations.replay import HORIZON, onsets, outcomes, renewed, replay
from battery_assets.tables.projections import polars_schema

BEGIN = datetime(2026, 1, 10, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
STRINGS = pl.DataFrame({"battery_id": ["j1", "j2", "j3", "j4", "j5"], "string_id": ["s", "s", "s", "s", "u"]})


def alert(day: int, jar: str | None = "j1", lasts: float | None = 5, **other: str) -> dict:
    start = BEGIN + timedelta(days=day)
    context = {"signal": "soh", "highest": "warning", "since": start.isoformat().replace("+00:00", "Z")}
    row = dict.fromkeys(polars_schema(t.alert))
    return row | {
        "battery_id": jar,
        "string_id": "s" if jar else None,
        "location_id": "place",
        "alert_type": "soh_degraded",
        "severity": "warning",
        "status": "active",
        "triggered_at": start,
        "resolved_at": None if lasts is None else start + timedelta(days=lasts),
        "context_json": json.dumps(context | {k: other.pop(k) for k in ("signal", "since") if k in other}),
        **other,
    }


def event(day: int, jar: str | None = "j1", subtype: str = "low_capacity", kind: str = "replacement") -> dict:
    row = dict.fromkeys(polars_schema(t.maintenance_event))
    return row | {
        "battery_id": jar,
        "location_id": "place",
        "event_type": kind,
        "event_subtype": subtype,
        "status": "completed",
        "completed_date": BEGIN + timedelta(days=day),
    }


def frame(table, rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=polars_schema(table))


def replayed(alerts: list[dict], events: list[dict], faults: list[tuple[str, int]] = ()) -> dict:
    done = frame(t.maintenance_event, events)
    known = [(jar, BEGIN + timedelta(days=day)) for jar, day in faults]
    seen = pl.DataFrame(known, schema={"battery_id": pl.String, "at": pl.Datetime("us", "UTC")}, orient="row")
    came = outcomes(done, seen)
    [row] = replay(onsets(frame(t.alert, alerts)), came, renewed(done), STRINGS, 500, UNTIL).to_dicts()
    return row


def test_what_came_true_what_did_not_and_what_nobody_can_know():
    row = replayed(
        [alert(0, "j1"), alert(0, "j2"), alert(0, "j3"), alert(300, "j4")],
        [event(50, "j1"), event(60, "j3", "string_renewal"), event(20, "j5")],
    )
    assert (row["alerts"], row["came_true"], row["false_alarms"], row["undecided"]) == (4, 1, 1, 2)
    assert (row["ends"], row["foreseen"], row["lead_days"]) == (2, 1, 50.0)
    assert (row["precision"], row["recall"]) == (0.5, 0.5)
    assert row["alerts_per_1000_jar_months"] == 8.0


def test_an_end_before_the_alert_or_long_after_it_was_not_foreseen():
    late = HORIZON.days + 6
    row = replayed([alert(0, "j1"), alert(30, "j2")], [event(late, "j1"), event(29, "j2")])
    assert (row["came_true"], row["false_alarms"], row["recall"]) == (0, 2, 0.0)


def test_an_alert_that_a_month_cuts_in_two_is_one_and_one_that_comes_back_is_two():
    begin = BEGIN.replace(month=2, day=1)
    second = alert((begin - BEGIN).days, lasts=3) | {"triggered_at": begin}
    row = replayed([alert(0, lasts=None), second], [])
    assert row["alerts"] == 1
    assert replayed([alert(0), alert(40)], [])["alerts"] == 2


def test_a_fault_that_the_twin_knows_is_an_end_and_a_jar_ends_once():
    row = replayed([alert(0)], [event(40)], [("j1", 10)])
    assert (row["ends"], row["lead_days"]) == (1, 10.0)


@pytest.mark.parametrize(
    ("kind", "signal", "subtype"),
    [("temperature_high", "hvac_fault", "hvac"), ("ripple_high", "ripple_current", "rectifier")],
)
def test_cooling_and_rectifiers_are_judged_by_their_repairs(kind, signal, subtype):
    said = [alert(0, None, alert_type=kind, signal=signal)]
    row = replayed(said, [event(3, None, subtype, "corrective"), event(3, "j1")])
    assert (row["signal"], row["came_true"], row["ends"], row["precision"]) == (signal, 1, 1, 1.0)


def test_what_data_quality_says_foretells_nothing():
    assert onsets(frame(t.alert, [alert(0, alert_type="data_quality")])).is_empty()


def test_nothing_said_is_nothing_replayed():
    nothing = frame(t.alert, [])
    came = outcomes(
        frame(t.maintenance_event, [event(3)]),
        pl.DataFrame(schema={"battery_id": pl.String, "at": pl.Datetime("us", "UTC")}),
    )
    assert replay(
        onsets(nothing), came, renewed(frame(t.maintenance_event, [])), STRINGS, 0, UNTIL
    ).is_empty()
