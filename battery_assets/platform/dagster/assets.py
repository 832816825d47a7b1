"""What a table says about its asset: the keyword arguments of `@dg.asset`."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform.dagster.metadata import definition_metadata
from battery_assets.platform.dagster.partitions import lab_months, months, site_months

GROUPS = {
    1: "p1_master",
    2: "p2_raw_timeseries",
    3: "p3_raw_transactions",
    4: "p4_calculated_telemetry",
    5: "p5_calculated_aggregates",
    6: "p6_ml_digital_twin",
    7: "p7_operations",
}


def partitions_of(table: sa.Table) -> dg.PartitionsDefinition | None:
    """How the table is cut, as Dagster says it."""
    of_sites = lab_months if table.info["lab"] else site_months
    return {"site_month": of_sites, "month": months, "whole": None}[table.info["cut"]]


def materializes(
    table: sa.Table,
    reads: Iterable[sa.Table] = (),
    *,
    history: Iterable[sa.Table] = (),
    history_months: int = 0,
    earlier: Iterable[sa.Table] = (),
    after: Iterable[str] = (),
) -> dict[str, Any]:
    """Keyword arguments for the asset of a table.

    `reads` are the tables read for the same partition, `history` those read for `history_months` earlier
    months too, `earlier` those of which only earlier months are read (the table itself may be one): they are
    no edge of the same month. `after` names assets that only have to be there first, such as parents of
    foreign keys.
    A month that is run again makes no later month stale, though history of theirs may have changed.
    """
    reads, history, earlier = tuple(reads), tuple(history), tuple(earlier)
    return {
        "name": table.name,
        "group_name": GROUPS[table.info["phase"]],
        "partitions_def": partitions_of(table),
        "deps": [
            # History too is of the same month: else a backfill from Dagster's page adds all months after it.
            *(dg.AssetDep(read.name) for read in (*reads, *history)),
            *after,
        ],
        "description": table.comment,
        "metadata": {
            **definition_metadata(table),
            "reads": [read.name for read in reads],
            "reads_earlier_months": [read.name for read in history],
            "reads_only_earlier_months": [read.name for read in earlier],
            **({"earlier_months": history_months} if history else {}),
        },
        "kinds": {"deltalake" if table.info["store"] == "lake" else "postgres"},
    }


def declared_reads(definition: dg.AssetsDefinition) -> set[str]:
    """The names of the tables that an asset of a table says it reads; what it merely follows is left out."""
    metadata = definition.metadata_by_key[definition.key]
    return {*metadata["reads"], *metadata["reads_earlier_months"], *only_earlier(definition)}


def only_earlier(definition: dg.AssetsDefinition) -> set[str]:
    """The tables of which an asset reads earlier months alone: they are no edges of the same month."""
    return set(definition.metadata_by_key[definition.key].get("reads_only_earlier_months", ()))
