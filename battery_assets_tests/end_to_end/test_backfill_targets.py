"""What a backfill of some months asks for, when it is launched on assets from Dagster's page."""

import time

import dagster as dg
import pytest
from dagster._core.execution.asset_backfill import AssetBackfillData

from battery_assets.definitions import defs
from battery_assets_tests.test_graph import SPECS

ASKED = ["2024-05|a", "2024-06|a"]
OF_SITES = SPECS["telemetry_jar_raw"].partitions_def
SITE_MONTH = {name for name, spec in SPECS.items() if spec.partitions_def == OF_SITES}


def targets(names: set[str]) -> dict[str, set[str]]:
    """The partitions of each asset that Dagster would run."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("site", ["a", "b"])
        instance.add_dynamic_partitions("month", ["2024-04", "2024-05", "2024-06", "2024-07"])
        backfill = AssetBackfillData.from_asset_partitions(
            asset_graph=defs.resolve_asset_graph(),
            partition_names=ASKED,
            asset_selection=[dg.AssetKey(name) for name in sorted(names)],
            dynamic_partitions_store=instance,
            backfill_start_timestamp=time.time(),
            all_partitions=False,
        )
        with dg.partition_loading_context(dynamic_partitions_store=instance):
            subsets = backfill.target_subset.partitions_subsets_by_asset_key
            return {key.path[-1]: set(subset.get_partition_keys()) for key, subset in subsets.items()}


def test_a_site_s_months_are_asked_for_and_no_others():
    assert targets(SITE_MONTH) == {name: set(ASKED) for name in SITE_MONTH}


@pytest.mark.parametrize(
    "added", [{"rul_model", "ml_model"}, {"battery_model", "user", "rul_model", "ml_model"}]
)
def test_with_the_training_no_month_is_added(added):
    found = targets(SITE_MONTH | added)
    assert {part.split("|")[0] for parts in found.values() for part in parts} == {"2024-05", "2024-06"}
    assert found["rul_model"] == {"2024-05", "2024-06"}
    assert found["feature_store"] == set(ASKED)
