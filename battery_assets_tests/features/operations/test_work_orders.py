"""Incidents become work with a date, and a person where one is known."""

from datetime import timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alert_signals import AlertInputs
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.causes import CAUSES
from battery_assets.features.operations.fault_lives import Month
from battery_assets.features.operations.incidents import incidents
from battery_assets.features.operations.work_orders import SCHEMA, work_orders
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds import operations as world

PLACE_ID = "5570fdc8-e739-42b8-a6da-309ad435644b"


def of(inputs: AlertInputs) -> pl.DataFrame:
    month = Month.first("bkk", inputs.jars, world.START, world.END)
    return incidents(alerts(inputs, thresholds()), month)[0]


def incident(
    severity: str = "high", status: str = "open", code: str = "CELL-SHORT", n: int = 1
) -> pl.DataFrame:
    base = of(world.set_to("float_below_median", 1.0)).with_columns(
        severity=pl.lit(severity), status=pl.lit(status), rca_code=pl.lit(code), location_id=pl.lit(PLACE_ID)
    )
    return pl.concat([base.with_columns(incident_id=pl.lit(f"{k:08x}-0000")) for k in range(n)])


def users(**roles: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": list(roles),
            "role": list(roles.values()),
            "location_ids": f'["{PLACE_ID}"]',
            "is_active": True,
        }
    )


@pytest.mark.parametrize(
    ("signal", "value", "priority", "time"),
    [
        ("r_vs_median", 180.0, "urgent", timedelta(hours=24)),
        ("float_below_median", 1.0, "high", timedelta(days=3)),
        ("soh", 84.0, "medium", timedelta(days=14)),
    ],
)
def test_due_dates_follow_the_priority(signal, value, priority, time):
    rows = of(world.set_to(signal, value))
    order = work_orders(rows).row(0, named=True)
    assert order["priority"] == priority
    assert order["due_date"] - rows["worsened_at"][0] == time
    assert order["created_at"] == rows["created_at"][0]


def test_a_jar_is_retested_before_it_is_replaced():
    for cause in CAUSES:
        if "replace jar" in cause.action:
            assert cause.action.index("retest") < cause.action.index("replace")
            assert "ohmic reading" in cause.steps
    order = work_orders(incident())
    assert order["title"][0].startswith("Ohmic retest, replace jar - Shorted cell suspected: DC-S-A-J07")


def test_resolved_incidents_need_hands_only_where_they_were_serious():
    hours = pl.col("created_at").dt.offset_by("5h")
    assert work_orders(incident("medium", "resolved").with_columns(last_alert_at=hours)).height == 0
    assert work_orders(incident("medium", "resolved"))["status"].to_list() == ["closed"]
    assert work_orders(incident("low", "resolved")).height == 0
    assert work_orders(incident("high", "resolved"))["status"].to_list() == ["open"]
    assert work_orders(incident("critical", "closed"))["status"].to_list() == ["closed"]


def test_what_is_low_waits_for_the_monthly_round_and_has_no_order_of_its_own():
    assert work_orders(of(world.set_to("anomaly_distance", 15.0))).height == 0


def test_without_users_nobody_is_named_and_the_order_is_open():
    order = work_orders(incident()).row(0, named=True)
    assert (order["assigned_to"], order["status"], order["external_id"]) == (None, "open", None)
    assert work_orders(incident(), users(a="viewer", b="admin"))["assigned_to"].to_list() == [None]


def test_serious_work_goes_to_an_engineer_and_the_rest_to_an_operator():
    people = users(e="engineer", o="operator", v="viewer")
    assert work_orders(incident("high"), people).select("assigned_to", "status").rows() == [("e", "assigned")]
    assert work_orders(incident("medium"), people)["assigned_to"].to_list() == ["o"]
    assert work_orders(incident("high"), users(o="operator"))["assigned_to"].to_list() == ["o"]


def test_people_of_other_places_and_people_who_left_get_no_work():
    people = users(e="engineer", f="engineer")
    away = people.with_columns(location_ids=pl.lit('["00000000-e739-42b8-a6da-309ad435644b"]'))
    assert work_orders(incident(), away)["assigned_to"].to_list() == [None]
    assert work_orders(incident(), people.with_columns(is_active=False))["assigned_to"].to_list() == [None]
    everywhere = people.with_columns(location_ids=pl.lit(None, pl.String))
    assert work_orders(incident(), everywhere)["assigned_to"][0] in {"e", "f"}


def test_work_is_shared_and_the_same_person_is_named_again():
    people = users(e="engineer", f="engineer")
    first = work_orders(incident(n=20), people)
    assert set(first["assigned_to"]) == {"e", "f"}
    assert first.equals(work_orders(incident(n=20).reverse(), people.reverse()))
    assert first["work_order_id"].is_unique().all()


def test_every_cause_has_an_action_and_orders_have_the_columns_of_the_reference():
    assert polars_schema(t.work_order) == SCHEMA
    for cause in CAUSES:
        order = work_orders(incident(code=cause.code))
        assert dict(order.schema) == SCHEMA
        assert order["title"][0].startswith(cause.action)
    assert dict(work_orders(incident().clear()).schema) == SCHEMA
