"""What is run of the experiment platform."""

import dagster as dg

dataset_job = dg.define_asset_job(
    "dataset",
    dg.AssetSelection.assets("datasets", "signals"),
    executor_def=dg.in_process_executor,
    description="Makes a dataset of signals, as the run config says.",
)

experiment_job = dg.define_asset_job(
    "experiment",
    dg.AssetSelection.assets("experiments"),
    executor_def=dg.in_process_executor,
    description="Tries a model on a dataset, as the run config says.",
)

JOBS = (dataset_job, experiment_job)
