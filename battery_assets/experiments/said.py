"""What the assets of the experiment platform say of themselves, and how they are cut: a name a partition."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform.dagster.metadata import column_schema

datasets = dg.DynamicPartitionsDefinition(name="dataset")
experiments = dg.DynamicPartitionsDefinition(name="experiment")
campaigns = dg.DynamicPartitionsDefinition(name="campaign")
GROUPS = ("experiments_p1_signals", "experiments_p2_trainings", "experiments_p3_campaigns")


def says(
    name: str,
    table: sa.Table,
    phase: int,
    partitions: dg.DynamicPartitionsDefinition,
    follows: Iterable[str] = (),
    kinds: Iterable[str] = ("postgres",),
) -> dict[str, Any]:
    """Keyword arguments for the asset of a table that is written row by row."""
    return {
        "name": name,
        "group_name": GROUPS[phase - 1],
        "owners": ["team:experiments"],
        "tags": {"domain": "experiments", "phase": str(phase)},
        "partitions_def": partitions,
        "description": table.comment,
        "metadata": {
            "dagster/table_name": f"{table.schema}.{table.name}",
            "dagster/column_schema": column_schema(table.columns),
        },
        # Another partition of what it follows: an experiment names its dataset in its config.
        "deps": [dg.AssetDep(one, partition_mapping=_any(one, name)) for one in follows],
        "kinds": set(kinds),
    }


def _any(upstream: str, name: str) -> dg.PartitionMapping | None:
    own = ({"datasets", "signals"}, {"signals", "capacitor_calendar"}, {"experiments", "explanations"})
    return None if {upstream, name} in own else dg.AllPartitionMapping()


def know(instance: dg.DagsterInstance, partitions: dg.DynamicPartitionsDefinition, name: str) -> None:
    """Make a name a partition."""
    if name not in instance.get_dynamic_partitions(str(partitions.name)):
        instance.add_dynamic_partitions(str(partitions.name), [name])
