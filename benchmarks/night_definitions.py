"""The code location of a night of many sites: three assets of small real work, cut by site and month."""

import dagster as dg
import numpy as np

from battery_assets.platform.dagster.partitions import site_months


@dg.asset(partitions_def=site_months)
def drawn(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """A day of samples, and how many of them lie high."""
    values = np.random.default_rng(len(context.run_id)).normal(13.5, 0.1, 24 * 60)
    return dg.MaterializeResult(metadata={"rows": values.size, "high": int((values > 13.6).sum())})


@dg.asset(partitions_def=site_months, deps=[drawn])
def reduced(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Hourly means of as many samples."""
    hours = np.random.default_rng(1).normal(13.5, 0.1, (24, 60)).mean(axis=1)
    return dg.MaterializeResult(metadata={"rows": hours.size, "mean": float(hours.mean())})


@dg.asset_check(asset=reduced, partitions_def=site_months)
def holds() -> dg.AssetCheckResult:
    """A check as each table has one."""
    return dg.AssetCheckResult(passed=True, metadata={"rows": 24})


@dg.asset(partitions_def=site_months, deps=[reduced])
def judged(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """A rank of the hours."""
    order = np.argsort(np.random.default_rng(2).normal(size=24))
    return dg.MaterializeResult(metadata={"worst": int(order[0])})


night = dg.define_asset_job("night", selection=["drawn", "reduced", "judged"], partitions_def=site_months)
defs = dg.Definitions(
    assets=[drawn, reduced, judged], asset_checks=[holds], jobs=[night], executor=dg.in_process_executor
)
