"""A campaign of alert rules replays a site's months: its front, and the rule as it is, are kept with the later months."""

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.signals import demo
from battery_assets.errors import BadInput
from battery_assets.experiments.searching import rules
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.experiments.test_datasets import rows

SITE, MONTHS = "ruled", ("2024-01", "2024-02", "2024-03")
JARS = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"jar {n}")) for n in range(12)]
STRING = str(uuid.uuid5(uuid.NAMESPACE_DNS, "string"))
# Two jars sink and are replaced, one in each part of the months; one sound jar dips for two hours.
SINKS, DIPS = {0: datetime(2024, 2, 20, tzinfo=UTC), 1: datetime(2024, 3, 25, tzinfo=UTC)}, 2


def hours(month: str) -> pl.DataFrame:
    start = Part(SITE, month).start
    count = (Part(SITE, month).end - start) // timedelta(hours=1)
    at, rng, frames = (
        [start + timedelta(hours=h) for h in range(count)],
        np.random.default_rng(int(month[-2:])),
        [],
    )
    for k, jar in enumerate(JARS):
        volts = 13.5 + 0.01 * rng.standard_normal(count)
        if k in SINKS:
            days = np.array([(SINKS[k] - one).total_seconds() / 86400 for one in at])
            volts -= np.where((days > 0) & (days < 15), 0.5 * (1 - days / 15), 0.0)
        if k == DIPS and month == MONTHS[0]:
            volts[100:102] -= 0.4
        frames.append(pl.DataFrame({"feature_ts": at, "battery_id": jar, "v_mean": volts}))
    told = pl.concat(frames).with_columns(feature_window_hours=pl.lit(1), discharge_cycles_count=pl.lit(0))
    return told.select(
        pl.col(name).cast(kind) if name in told.columns else pl.lit(None, kind).alias(name)
        for name, kind in polars_schema(t.feature_store).items()
    )


@pytest.fixture(scope="module")
def ruled(place):
    """The place with a site of twelve jars and three months of hours."""
    with place.warehouse.transaction() as connection:
        registry.put_site(connection, SITE, FILES, {})
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        at = {"site": SITE, "month": MONTHS[-1]}
        now = {name: SINKS[0] for name in ("created_at", "updated_at") if name in t.battery.c}
        for n, jar in enumerate(JARS):
            row = {
                "battery_id": jar,
                "string_id": STRING,
                "battery_code": f"B{n}",
                "position_in_string": n + 1,
                "status": "active",
            }
            connection.execute(
                sa.insert(t.battery).values(
                    {**{k: v for k, v in row.items() if k in t.battery.c}, **at, **now}
                )
            )
        for k, when in SINKS.items():
            connection.execute(sa.insert(t.maintenance_event).values(
                event_id=str(uuid.uuid4()), battery_id=JARS[k], event_type="replacement", status="completed",
                completed_date=when, created_at=when, updated_at=when, **at,
            ))  # fmt: skip
    for month in MONTHS:
        part = place.warehouse.claim(t.feature_store, Part(SITE, month))
        place.warehouse.replace(t.feature_store, part, hours(month))
    return place


TERMS = {"signal": "float_below_median", "sites": [SITE], "months": list(MONTHS)}


def test_a_campaign_keeps_its_front_and_the_rule_as_it_is(ruled):
    space = {
        "limit": {"choices": [0.15, 0.3, 2.0]},
        "m": {"choices": [1, 6]},
        "hysteresis_pct": {"choices": [40]},
    }
    terms = {**TERMS, "method": "grid_search", "search_space": space}
    assert ruled.run("hpo_campaign", "rule-grid", terms=terms).success
    [shown] = rows(ruled, "SELECT * FROM experiments.hpo_campaigns WHERE name = 'rule-grid'")
    assert (shown["status"], shown["trials_completed"], shown["dataset_id"]) == ("completed", 6, None)
    front = shown["front"]["front"]
    assert [(one["earlier"]["missed"], one["earlier"]["truck_rolls"]) for one in front] == [(1, 0), (0, 1)]
    assert front[1]["rule"]["m"] == 6, "six hours let the dip pass"
    assert (front[1]["later"]["missed"], front[1]["later"]["failures"]) == (0, 1), (
        "it holds on months that chose nothing"
    )
    now = shown["front"]["as_it_is"]
    assert (now["rule"]["limit"], now["earlier"]["missed"], now["earlier"]["truck_rolls"]) == (0.25, 0, 2)
    best = max(
        rows(ruled, f"SELECT value FROM experiments.hpo_trial WHERE campaign_id = {shown['id']}"),
        key=lambda r: r["value"],
    )
    assert shown["best_accuracy"] == best["value"]


def test_bayesian_search_finds_a_rule_that_is_as_good(ruled):
    assert ruled.run("hpo_campaign", "rule-tpe", terms={**TERMS, "method": "bayesian", "trials": 14}).success
    [shown] = rows(ruled, "SELECT * FROM experiments.hpo_campaigns WHERE name = 'rule-tpe'")
    least = shown["front"]["front"][-1]["earlier"]
    assert least["missed"] == 0
    assert least["truck_rolls"] <= 2


def test_what_the_demo_searches_is_a_campaign_of_the_newest_months(ruled, monkeypatch):
    asked: list[tuple] = []
    monkeypatch.setattr(demo, "FLEET", {SITE: {}, "a site that has no months": {}})
    monkeypatch.setattr(demo.campaigns, "search_rule", lambda at, *terms: asked.append(terms))
    at = SimpleNamespace(warehouse=ruled.warehouse)
    rule, power = demo._of_fleet(at)
    rule.do(at)
    [(name, terms, _)] = asked
    assert (name, power.name, terms["months"]) == ("demo-rule", SITE, list(MONTHS))
    assert ruled.run("hpo_campaign", name, terms=terms).success
    [shown] = rows(ruled, "SELECT * FROM experiments.hpo_campaigns WHERE name = 'demo-rule'")
    assert (shown["status"], shown["trials_completed"]) == ("completed", terms["trials"])
    assert not demo._there(at, power) and demo._there(at, rule)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"signal": "moon"}, "signal 'moon'"), ({"months": ["2024-01"]}, "three months at least"),
        ({"sites": ["atlantis"]}, "atlantis: no site"), ({"trials": 0}, "a budget of 0 trials"),
        ({"search_space": {}}, "no point to try"), ({"search_space": {"m": {"choices": [1]}}}, "limit at least"),
        ({"method": "hyperband"}, "method 'hyperband'"),
    ],
)  # fmt: skip
def test_a_campaign_of_rules_that_cannot_be_leaves_nothing(ruled, terms, words):
    with pytest.raises(BadInput, match=words):
        rules.ask(ruled.warehouse, "never-rule", {**TERMS, **terms})
    assert not rows(ruled, "SELECT 1 FROM experiments.hpo_campaign WHERE name = 'never-rule'")
