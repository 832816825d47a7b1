"""What a table, a model or a page says about its asset: the keyword arguments of `@dg.asset`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform.dagster.metadata import definition_metadata
from battery_assets.platform.dagster.partitions import lab_months, labs, months, site_months

_PHASES = {
    1: "p1_master",
    2: "p2_raw_timeseries",
    3: "p3_raw_transactions",
    4: "p4_calculated_telemetry",
    5: "p5_calculated_aggregates",
    6: "p6_ml_digital_twin",
    7: "p7_operations",
}
# What a domain ends in is looked after every night; a month that nobody has made for that long is old.
_WARN, _FAIL = timedelta(hours=36), timedelta(days=35)
FRESH = dg.FreshnessPolicy.time_window(fail_window=_FAIL, warn_window=_WARN)
# What is trained on the 3rd of each month is a month old the day before, and old where a month was left out.
FRESH_MONTHLY = dg.FreshnessPolicy.time_window(fail_window=2 * _FAIL, warn_window=_FAIL)
_ENDS_IN = {
    **dict.fromkeys(
        ("string_runtime", "alert", "incident", "work_order", "cycle_data", "fleet_report"), FRESH
    ),
    **dict.fromkeys(("rul_model", "ml_model"), FRESH_MONTHLY),
}


def group_of(phase: int, *, lab: bool) -> str:
    """The group of the assets of a phase: fleet and lab have groups of their own."""
    return "lab_p6_models" if lab and phase == 6 else f"{'lab' if lab else 'fleet'}_{_PHASES[phase]}"


def _said_by_both(phase: int, *, lab: bool) -> dict[str, Any]:
    domain = "lab" if lab else "fleet"
    return {
        "group_name": group_of(phase, lab=lab),
        "owners": [f"team:{domain}"],
        "tags": {"domain": domain, "phase": str(phase)},
    }


def _looked_after(name: str) -> dict[str, Any]:
    return {"freshness_policy": _ENDS_IN[name]} if name in _ENDS_IN else {}


@dataclass(frozen=True)
class Model:
    """A model that an asset trains and registers: what a table says of itself, for what is no table.

    `name` is the asset's, `registered_name` the registry's; `phase` and `cut` are as a table's info has them.
    """

    name: str
    registered_name: str
    phase: int
    cut: str
    comment: str
    kinds: frozenset[str]


@dataclass(frozen=True)
class Page:
    """Files that an asset writes for people, beside the tables: nothing is computed from them."""

    name: str
    phase: int
    cut: str
    comment: str
    kinds: frozenset[str]


class Reads(TypedDict, total=False):
    """What an asset reads, as `materializes` takes it."""

    reads: Iterable[sa.Table]
    history: Iterable[sa.Table]
    history_months: int
    earlier: Iterable[sa.Table]
    month_before: Iterable[sa.Table]


# Of each table, who reads its earlier months, and how many of them; None: all.
_LATER: dict[str, dict[str, int | None]] = {}


def later_readers(table: sa.Table) -> dict[str, int | None]:
    """The tables that read earlier months of a table, and how many months they look back; None: all."""
    return _LATER.get(table.name, {})


def partitions_of(table: sa.Table) -> dg.PartitionsDefinition | None:
    """How the table is cut, as Dagster says it."""
    return _partitions(table.info["cut"], lab=table.info["lab"])


def _partitions(cut: str, *, lab: bool = False) -> dg.PartitionsDefinition | None:
    cuts = {"site_month": lab_months if lab else site_months, "month": months, "lab": labs, "whole": None}
    return cuts[cut]


def materializes(
    made: sa.Table | Model | Page,
    reads: Iterable[sa.Table] = (),
    *,
    history: Iterable[sa.Table] = (),
    history_months: int = 0,
    earlier: Iterable[sa.Table] = (),
    month_before: Iterable[sa.Table] = (),
    after: Iterable[sa.Table | Model] = (),
) -> dict[str, Any]:
    """Keyword arguments for the asset of a table, of a model or of a page.

    `reads` are the tables read for the same partition, `history` those read for `history_months` earlier
    months too (0: for all of them), `earlier` those of which only earlier months are read (the table itself
    may be one): they are no edge of the same month. Of `month_before` only the month before is read, besides
    what `reads` says. `after` are tables and models that only have to be there
    first, such as parents of foreign keys.
    A month whose rows have changed makes the later months stale whose history it is.
    """
    reads, history, earlier = tuple(reads), tuple(history), tuple(earlier)
    said = _said_by_table(made) if isinstance(made, sa.Table) else _said_by_other(made)
    for read in (*history, *earlier):
        _LATER.setdefault(read.name, {})[made.name] = history_months or None
    for read in month_before:
        _LATER.setdefault(read.name, {}).setdefault(made.name, 1)
    said["metadata"] |= {
        "reads": [read.name for read in reads],
        "reads_earlier_months": [read.name for read in history],
        "reads_only_earlier_months": [read.name for read in earlier],
        **({"earlier_months": history_months or "all"} if history else {}),
    }
    # History too is of the same month: else a backfill from Dagster's page adds all months after it.
    return {**said, "deps": [dg.AssetDep(one.name) for one in (*reads, *history, *after)]}


def _said_by_table(table: sa.Table) -> dict[str, Any]:
    return {
        "name": table.name,
        **_said_by_both(table.info["phase"], lab=table.info["lab"]),
        **_looked_after(table.name),
        "partitions_def": partitions_of(table),
        "description": table.comment,
        "metadata": definition_metadata(table),
        "kinds": {"deltalake" if table.info["store"] == "lake" else "postgres"},
    }


def _said_by_other(made: Model | Page) -> dict[str, Any]:
    return {
        "name": made.name,
        **_said_by_both(made.phase, lab=made.cut == "lab"),
        **_looked_after(made.name),
        "partitions_def": _partitions(made.cut),
        "description": made.comment,
        "metadata": {"registered_name": made.registered_name} if isinstance(made, Model) else {},
        "kinds": set(made.kinds),
    }


def declared_reads(definition: dg.AssetsDefinition) -> set[str]:
    """The names of the tables that an asset says it reads; what it merely follows is left out."""
    metadata = definition.metadata_by_key[definition.key]
    return {*metadata["reads"], *metadata["reads_earlier_months"], *only_earlier(definition)}


def only_earlier(definition: dg.AssetsDefinition) -> set[str]:
    """The tables of which an asset reads earlier months alone: they are no edges of the same month."""
    return set(definition.metadata_by_key[definition.key].get("reads_only_earlier_months", ()))
