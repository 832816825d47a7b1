"""What is run of the experiment platform: a job, its assets, and what it does."""

import dagster as dg

_JOBS = {
    "dataset": (
        ("datasets", "signals", "capacitor_calendar"),
        "Makes a dataset of signals, as the run config says.",
    ),
    "experiment": (("experiments",), "Tries a model on a dataset, as the run config says."),
    "hpo_campaign": (("hpo_campaigns",), "Searches for settings of a model, as the run config says."),
    "nas_campaign": (("nas_campaigns",), "Searches for a small network, as the run config says."),
    "explanation": (("explanations",), "Explains what a network saw, by methods that earned their place."),
}

JOBS = tuple(
    dg.define_asset_job(
        name,
        dg.AssetSelection.assets(*assets),
        executor_def=dg.in_process_executor,
        description=does,
    )
    for name, (assets, does) in _JOBS.items()
)
