"""What is run of the labs, and when."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.dagster import schedules

lab_month_job = dg.define_asset_job(
    "lab_month",
    dg.AssetSelection.assets(*(table.name for table in t.LAB_TABLES)),
    executor_def=dg.in_process_executor,
    description="Everything of the tests of a lab that began in a month, from points to training table.",
)

lab_training_job = dg.define_asset_job(
    "lab_training",
    dg.AssetSelection.assets("cell_model"),
    executor_def=dg.in_process_executor,
    description="Trains a network on the cells of a lab, as the run config says.",
)

lab_charge_training_job = dg.define_asset_job(
    "lab_charge_training",
    dg.AssetSelection.assets("charge_model"),
    executor_def=dg.in_process_executor,
    description="Trains a network of the charge of a lab's points, as the run config says.",
)

lab_ensemble_job = dg.define_asset_job(
    "lab_ensemble",
    dg.AssetSelection.assets("cell_ensemble"),
    executor_def=dg.in_process_executor,
    description="Lets trained models of a lab's cells speak together, as the run config says.",
)

lab_comparison_job = dg.define_asset_job(
    "lab_comparison",
    dg.AssetSelection.assets("cell_comparison"),
    executor_def=dg.in_process_executor,
    description="Holds two trained models of a lab's cells against each other, as the run config says.",
)

JOBS = (
    lab_month_job,
    lab_training_job,
    lab_charge_training_job,
    lab_ensemble_job,
    lab_comparison_job,
)
SCHEDULES = (
    schedules.current_month(lab_month_job, lab=True),
    schedules.closed_month(lab_month_job, lab=True),
)
