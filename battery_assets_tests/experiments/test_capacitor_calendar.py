"""Dated bursts of a drying capacitor become a proposal of work; sound systems and undated bursts none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.experiments.proposing import propose
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, sampled, string_resistance_ohm
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema
from battery_assets.tables.service.entries import work_order_entry
from battery_assets_tests.experiments.test_datasets import rows

SYSTEMS, DAYS, SAMPLES, DRYING = 6, 150, 640, ("d0", "d1")
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
A_YEAR = 0.5


@pytest.fixture(scope="module")
def imported(place, tmp_path_factory):
    """A dataset of six systems by every third day, two of which lose half of their capacitor a year."""
    folder, rng = tmp_path_factory.mktemp("dated"), np.random.default_rng(1)
    ohm = string_resistance_ohm()
    for number in range(SYSTEMS):
        name = f"d{number}"
        frames = []
        for day in range(0, DAYS, 3):
            lost = A_YEAR * max(day - 30, 0) / 365.25 if name in DRYING else 0.0
            lines = rectifier_lines(Bridge(6, 0.01), Source().aged(lost) if lost else Source(), 324.0, ohm)
            wave = sampled(lines.times(1 + 0.06 * rng.standard_normal()), 12800, SAMPLES, 50.0, rng.random())
            label = "capacitor_loss" if lost > 0.05 else "sound"
            frames.append(_burst(324.0 + wave[0], 0.1 + wave[1], day, name, label))
        pl.concat(frames).write_parquet(folder / f"{name}.parquet")
    terms = {"folder": str(folder), "sample_rate_hz": 12800}
    assert place.run("dataset", "dated", kind="dataset_import", terms=terms).success
    return place


def _burst(volts, amps, day: int, system: str, label: str) -> pl.DataFrame:
    when = FIRST + timedelta(days=day)
    return pl.DataFrame({"voltage_v": volts, "current_a": amps}).with_columns(
        signal_id=pl.lit(f"{day:03d}"), system=pl.lit(system), label=pl.lit(label), taken_at=pl.lit(when)
    )


def test_a_drying_capacitor_is_proposed_for_exchange_with_an_interval(imported):
    proposed = {row["system_code"]: row for row in rows(imported, "SELECT * FROM fleet.capacitor_exchange")}
    assert set(proposed) == set(DRYING)
    true = FIRST.date() + timedelta(days=30 + 0.2 / A_YEAR * 365.25)
    for row in proposed.values():
        assert row["due_early"] - timedelta(days=14) <= true <= row["due_late"] + timedelta(days=14)
        assert row["loss_a_year"] == pytest.approx(A_YEAR, rel=0.5)
        assert (row["status"], row["dataset"]) == ("proposed", "dated")
        assert row["due_month"] == f"{row['due_early']:%Y-%m}"


def test_every_week_of_every_system_has_its_loss(imported):
    found = rows(imported, "SELECT * FROM experiments.capacitor_weeks ORDER BY system, week_from")
    assert {row["system"] for row in found} == {f"d{n}" for n in range(SYSTEMS)}
    assert all(row["loss_low"] <= row["loss"] <= row["loss_high"] for row in found)
    last = {row["system"]: row["loss"] for row in found}
    assert min(last[name] for name in DRYING) > max(loss for name, loss in last.items() if name not in DRYING)


@pytest.fixture(scope="module")
def ours(imported):
    """The same, where the systems are those of a site of ours."""
    part = Part("here", "2025-05")
    with imported.warehouse.transaction() as connection:
        registry.put_site(connection, "here", FILES, {})
    systems = [
        {"system_id": identity("system", n), "system_code": f"d{n}", "system_type": "RECTIFIER",
         "created_at": FIRST, "updated_at": FIRST}
        for n in range(SYSTEMS)
    ]  # fmt: skip
    schema = polars_schema(t.battery_system)
    frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in systems], schema)
    imported.warehouse.replace(t.battery_system, imported.warehouse.claim(t.battery_system, part), frame)
    return imported


def orders(place) -> dict[str, dict]:
    """Orders of capacitors, by identifier."""
    found = rows(place, "SELECT * FROM fleet.work_order WHERE fault LIKE 'capacitor|%'")
    return {str(row["work_order_id"]): row for row in found}


def enter(place, order: dict, action: str, at: datetime) -> None:
    """What people enter of an order."""
    about = {"site": order["site"], "work_order_id": str(order["work_order_id"]), "fault": order["fault"]}
    with place.warehouse.transaction() as connection:
        connection.execute(sa.insert(work_order_entry).values(
            **about, began_at=order["created_at"], action=action, entered_by="somebody", done_at=at
        ))  # fmt: skip


def test_proposals_are_work_orders_once_whatever_runs_again(ours):
    assert propose(ours.warehouse, "dated") == 2
    first = orders(ours)
    assert {row["title"] for row in first.values()} == {
        f"Exchange the filter capacitor of {name}" for name in DRYING
    }
    assert {(row["site"], row["status"], row["incident_id"]) for row in first.values()} == {
        ("here", "open", None)
    }
    assert propose(ours.warehouse, "dated") == 0
    assert orders(ours) == first, "the same orders under the same identifiers"

    one, other = sorted(first.values(), key=lambda row: row["title"])
    enter(ours, one, "start", FIRST)
    assert propose(ours.warehouse, "dated") == 0
    assert orders(ours)[str(one["work_order_id"])]["status"] == "in_progress"
    enter(ours, other, "complete", FIRST + timedelta(days=DAYS))
    assert propose(ours.warehouse, "dated") == 0, "weeks before the exchange propose no second one"
    enter(ours, other, "complete", FIRST - timedelta(days=9))
    assert propose(ours.warehouse, "dated") == 1, "a capacitor that dries after its exchange has a new order"
    assert set(first) < set(orders(ours)) and len(orders(ours)) == 3


def test_an_order_outlives_the_forecast_that_proposed_it(ours):
    before = orders(ours)
    [plan] = rows(ours, "SELECT count(*) AS n FROM service.work_order_proposal")
    assert plan["n"] == len(before) > 0
    with ours.warehouse.transaction() as connection:
        connection.execute(sa.text("UPDATE experiments.capacitor_exchange SET due = NULL, due_early = NULL"))
    assert propose(ours.warehouse, "dated") == 0
    assert orders(ours) == before


def test_bursts_that_nobody_dated_lie_on_no_calendar(imported, small):
    [made] = rows(imported, f"SELECT id FROM experiments.datasets WHERE name = '{small}'")
    assert not rows(imported, f"SELECT 1 FROM experiments.capacitor_weeks WHERE dataset_id = {made['id']}")
