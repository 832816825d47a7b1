"""The code location: every asset, check, job, schedule, sensor and resource."""

import dagster as dg

from battery_assets import (
    p1_master,
    p2_raw_timeseries,
    p3_raw_transactions,
    p4_calculated_telemetry,
    p5_calculated_aggregates,
    p6_ml_digital_twin,
    p7_operations,
)
from battery_assets import tables as t
from battery_assets.arrival import Landing
from battery_assets.landing_watch import touched
from battery_assets.platform import schedules
from battery_assets.platform.checks import suite_check
from battery_assets.platform.tidying import tidy_job
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse import Warehouse

PHASES = [
    p1_master,
    p2_raw_timeseries,
    p3_raw_transactions,
    p4_calculated_telemetry,
    p5_calculated_aggregates,
    p6_ml_digital_twin,
    p7_operations,
]

assets = [asset for phase in PHASES for asset in dg.load_assets_from_package_module(phase)]
checks = [suite_check(table) for table in t.TABLES]

catalogue = dg.AssetSelection.assets("battery_model", "user")
training = dg.AssetSelection.assets("rul_model", "ml_model")
catalogue_job = dg.define_asset_job(
    "catalogue",
    catalogue,
    executor_def=dg.in_process_executor,
    description="Battery models and users, of every site.",
)
site_month_job = dg.define_asset_job(
    "site_month",
    dg.AssetSelection.all() - catalogue - training,
    executor_def=dg.in_process_executor,
    description="Everything of one month of one site, from master to work orders.",
)
training_job = dg.define_asset_job(
    "training",
    training,
    executor_def=dg.in_process_executor,
    description="Trains and registers the remaining-life model of a cut-off month.",
)
tidy = tidy_job(t.TABLES)

warehouse = Warehouse(database_url=dg.EnvVar("BATTERY_WAREHOUSE_URL"), lake_url=dg.EnvVar("BATTERY_LAKE_URL"))
landing = Landing(folder=dg.EnvVar("BATTERY_LANDING"), cache=dg.EnvVar("BATTERY_HOME"))


def _touched(known: dict[str, str]) -> tuple[dict[str, str], bool, set[tuple[str, str]]]:
    return touched(warehouse.process_config_and_initialize(), landing.process_config_and_initialize(), known)


defs = dg.Definitions(
    assets=assets,
    asset_checks=checks,
    jobs=[catalogue_job, site_month_job, training_job, tidy],
    schedules=[
        schedules.current_month(site_month_job),
        schedules.closed_month(site_month_job),
        schedules.monthly_training(training_job),
        schedules.nightly_tidying(tidy),
    ],
    sensors=[schedules.landing_sensor(site_month_job, catalogue_job, _touched)],
    resources={
        "warehouse": warehouse,
        "landing": landing,
        "tracking": Tracking(
            tracking_uri=dg.EnvVar("BATTERY_TRACKING_URI"), artifact_root=dg.EnvVar("BATTERY_ARTIFACTS_URL")
        ),
    },
    executor=dg.in_process_executor,
)
