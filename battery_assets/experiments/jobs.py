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

hpo_job = dg.define_asset_job(
    "hpo_campaign",
    dg.AssetSelection.assets("hpo_campaigns"),
    executor_def=dg.in_process_executor,
    description="Searches for settings of a model, as the run config says.",
)

nas_job = dg.define_asset_job(
    "nas_campaign",
    dg.AssetSelection.assets("nas_campaigns"),
    executor_def=dg.in_process_executor,
    description="Searches for a small network, as the run config says.",
)

explanation_job = dg.define_asset_job(
    "explanation",
    dg.AssetSelection.assets("explanations"),
    executor_def=dg.in_process_executor,
    description="Explains what an experiment's network saw, by methods that earned their place.",
)

JOBS = (dataset_job, experiment_job, hpo_job, nas_job, explanation_job)
