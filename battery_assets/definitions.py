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
from battery_assets.lab_watch import looked_at
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
checks = [
    *(suite_check(table) for table in t.TABLES),
    *(check for phase in PHASES for check in dg.load_asset_checks_from_package_module(phase)),
]

catalogue = dg.AssetSelection.assets("battery_model", "user")
training = dg.AssetSelection.assets("rul_model", "ml_model")
lab = dg.AssetSelection.assets(*(table.name for table in t.LAB_TABLES))
catalogue_job = dg.define_asset_job(
    "catalogue",
    catalogue,
    executor_def=dg.in_process_executor,
    description="Battery models and users, of every site.",
)
site_month_job = dg.define_asset_job(
    "site_month",
    dg.AssetSelection.all() - catalogue - training - lab,
    executor_def=dg.in_process_executor,
    description="Everything of one month of one site, from master to work orders.",
)
lab_month_job = dg.define_asset_job(
    "lab_month",
    lab,
    executor_def=dg.in_process_executor,
    description="Everything of the tests of a lab that began in a month, from points to training table.",
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


def _looked_at() -> set[tuple[str, str, str]]:
    return looked_at(warehouse.process_config_and_initialize(), landing.process_config_and_initialize())


defs = dg.Definitions(
    assets=assets,
    asset_checks=checks,
    jobs=[catalogue_job, site_month_job, lab_month_job, training_job, tidy],
    schedules=[
        schedules.current_month(site_month_job),
        schedules.closed_month(site_month_job),
        schedules.current_month(lab_month_job, lab=True),
        schedules.closed_month(lab_month_job, lab=True),
        schedules.monthly_training(training_job),
        schedules.nightly_tidying(tidy),
    ],
    sensors=[
        schedules.landing_sensor(site_month_job, catalogue_job, _touched),
        schedules.lab_landing_sensor(lab_month_job, _looked_at),
    ],
    resources={
        "warehouse": warehouse,
        "landing": landing,
        "tracking": Tracking(
            tracking_uri=dg.EnvVar("BATTERY_TRACKING_URI"), artifact_root=dg.EnvVar("BATTERY_ARTIFACTS_URL")
        ),
    },
    executor=dg.in_process_executor,
)
