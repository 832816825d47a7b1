"""A search for an alert rule: each trial replays months that are over, and the front of all is kept.

A rule is chosen on the earlier two thirds of the months; its worth on the later third stands beside it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.errors import BadInput
from battery_assets.experiments.searching import books
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import HPO_KIND, METHODS, hpo_campaign

if TYPE_CHECKING:
    from battery_assets.features.operations.rule_search import Rule

ALERT_RULE = "alert_rule"
HOUR_WINDOW = 1
# A failure that nobody foresaw costs as much as so many drives, where nothing else is said.
MISSED_COSTS = 10.0
HOURS = (
    "feature_ts", "battery_id", "feature_window_hours", "v_mean", "t_delta_ambient_mean",
    "r_internal_baseline_pct", "discharge_cycles_count",
)  # fmt: skip


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a campaign. terms: signal, sites, months, method, trials, seed, search_space, missed_costs.

    Returns the job's number. Raises BadInput for terms that cannot be.
    """
    from battery_assets.features.operations.rule_search import EVIDENCE, PERSISTENCE, SPACES
    from battery_assets.learning.search.space import checked, checksum, grid

    method, signal = terms.get("method", "random_search"), terms.get("signal")
    if method not in METHODS or method == "hyperband":
        raise BadInput(f"method {method!r}; next step: grid_search, random_search or bayesian")
    if signal not in EVIDENCE:
        raise BadInput(f"signal {signal!r}; next step: one of {', '.join(EVIDENCE)}")
    sites, months = list(terms.get("sites") or []), sorted(terms.get("months") or [])
    if not sites or len(months) < 3:
        raise BadInput("rules are replayed on sites and three months at least; next step: name them")
    with warehouse.reading() as connection:
        fleet_sites = {row.site for row in registry.sites(connection) if row.source not in LAB_SOURCES}
    if unknown := sorted(set(sites) - fleet_sites):
        raise BadInput(f"{', '.join(unknown)}: no site; next step: battery-assets site list")
    asked_space = terms.get("search_space")
    space = checked({**SPACES[signal], **PERSISTENCE} if asked_space is None else asked_space)
    if set(space) - {"limit", "m", "share", "hysteresis_pct"} or "limit" not in space:
        raise BadInput(
            "a rule has limit, m, share and hysteresis_pct; next step: search these, limit at least"
        )
    points = [(point, checksum(point)) for point in grid(space)] if method == "grid_search" else []
    total = len(points) or int(terms.get("trials", 0))
    if total < 1:
        raise BadInput("a budget of 0 trials; next step: give trials")
    budget = {
        "trials": total, "seed": int(terms.get("seed", 1)), "sites": sites, "months": months,
        "signal": signal, "missed_costs": float(terms.get("missed_costs", MISSED_COSTS)),
    }  # fmt: skip
    row = {
        "name": name, "method": method, "base_model_type": ALERT_RULE, "search_space": space,
        "budget": budget, "trials_total": total,
    }  # fmt: skip
    return books.enter(warehouse, hpo_campaign, HPO_KIND, row, points)


def trial_of(
    warehouse: Warehouse, campaign: sa.Row
) -> "Callable[[dict[str, Any]], tuple[float, dict[str, Any]]]":
    """What tries a point: value (drives and missed failures per 1,000 jar-months, negative), and facts."""
    from battery_assets.features.operations.rule_search import Rule

    judge = _judge(warehouse, campaign.budget)

    def tried(point: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        judged = judge(Rule(**point))
        earlier = judged["earlier"]
        costs = earlier["truck_rolls"] + campaign.budget["missed_costs"] * earlier["missed"]
        return -1000.0 * costs / earlier["jar_months"], judged

    return tried


def keep_front(warehouse: Warehouse, campaign: sa.Row) -> list[dict[str, Any]]:
    """Keep the front of a campaign's trials, and today's rule beside it. Returns the front."""
    from dataclasses import asdict

    from battery_assets.features.operations.rule_search import as_it_is, front

    ended = [one for one in books.trials(warehouse, campaign.id) if one.state == "completed"]
    now = as_it_is(campaign.budget["signal"])
    points = [one.metrics["earlier"] for one in ended]
    on_front = [
        {"trial": ended[k].trial_number, "rule": ended[k].params, **ended[k].metrics} for k in front(points)
    ]
    today = {"rule": asdict(now), **_judge(warehouse, campaign.budget)(now)}
    books.change(warehouse, hpo_campaign, campaign.id, front={"front": on_front, "as_it_is": today})
    return on_front


def _judge(warehouse: Warehouse, budget: dict[str, Any]) -> "Callable[[Rule], dict[str, Any]]":
    """What holds a rule against the months of a budget, earlier ones and later ones."""
    from battery_assets.features.operations import rule_search
    from battery_assets.features.operations.replay import outcomes, renewed

    sites, months, signal = budget["sites"], budget["months"], budget["signal"]
    hours, strings = _hours(warehouse, sites, months)
    if hours.is_empty():
        raise BadInput(f"no hours of features of {', '.join(sites)}; next step: run these months first")
    rows = rule_search.evidence(hours, signal)
    events, faults = _happened(warehouse, sites)
    came, left = outcomes(events, faults), renewed(events)
    turn = Part(sites[0], months[max(len(months) * 2 // 3, 1)]).start
    end = Part(sites[0], months[-1]).end
    sides = {
        "earlier": (pl.col("at") < turn, turn), "later": ((pl.col("at") >= turn) & (pl.col("at") < end), end)
    }  # fmt: skip

    def judged(rule: "Rule") -> dict[str, Any]:
        return {
            side: rule_search.worth(rows.filter(when), rule, signal, came.filter(when), left, strings, until)
            for side, (when, until) in sides.items()
        }

    return judged


def _hours(warehouse: Warehouse, sites: list[str], months: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hours of features with their string, and the string of each jar."""
    frames, jars = [], []
    for site in sites:
        for month in months:
            part = Part(site, month)
            rows = warehouse.read(t.feature_store, part).select(HOURS)
            frames.append(rows.filter(pl.col("feature_window_hours") == HOUR_WINDOW).collect())
        jars.append(warehouse.read(t.battery, Part(site, months[-1]), ["battery_id", "string_id"]).collect())
    strings = pl.concat(jars).unique("battery_id")
    return pl.concat(frames).join(strings, on="battery_id"), strings


def _happened(warehouse: Warehouse, sites: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of maintenance_event, and faults of jars that the twin knows, of all months."""
    event, state = t.maintenance_event.c, t.digital_twin_state.c
    of_events = sa.select(
        sa.cast(event.battery_id, sa.String), sa.cast(event.location_id, sa.String), event.event_type,
        event.event_subtype, event.status, event.completed_date,
    ).where(event.site.in_(sites))  # fmt: skip
    of_faults = sa.select(sa.cast(state.battery_id, sa.String), sa.func.min(state.captured_at)).where(
        state.site.in_(sites), state.fault.is_not(None)
    )
    time = pl.Datetime("us", "UTC")
    schemas: tuple[dict[str, Any], dict[str, Any]] = (
        {"battery_id": pl.String, "location_id": pl.String, "event_type": pl.String,
         "event_subtype": pl.String, "status": pl.String, "completed_date": time},
        {"battery_id": pl.String, "at": time},
    )  # fmt: skip
    with warehouse.reading() as connection:
        happened = [
            pl.DataFrame([tuple(row) for row in connection.execute(query)], schema=schema, orient="row")
            for query, schema in zip((of_events, of_faults.group_by(state.battery_id)), schemas, strict=True)
        ]
    return happened[0], happened[1]
