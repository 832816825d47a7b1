"""A code location of one slow asset, for tests of the programs that serve it."""

import time

import dagster as dg


@dg.asset
def slow(context: dg.AssetExecutionContext) -> None:
    """Takes long enough to be interrupted."""
    context.log.info("slow has begun")
    time.sleep(120)


defs = dg.Definitions(assets=[slow], jobs=[dg.define_asset_job("slow_job", selection="*")])
