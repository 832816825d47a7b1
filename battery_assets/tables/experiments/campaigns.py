"""Campaigns: searches for settings (HPO) and for networks (NAS), and each of their trials.

`hpo_campaign` and `nas_campaign` hold what the views hpo_campaigns and nas_campaigns show with their job's
state. A trial is claimed by a worker with a lease; one whose worker is gone is done again.
"""

import sqlalchemy as sa

from battery_assets.tables.experiments.columns import (
    count,
    document,
    kept,
    number,
    part_of,
    prose,
    who,
    words,
)
from battery_assets.tables.experiments.signals import datasets
from battery_assets.tables.experiments.trainings import experiment
from battery_assets.tables.service.jobs import INSTANT, job, numbered

HPO_KIND, NAS_KIND = "hpo_campaign", "nas_campaign"
METHODS = ("grid_search", "random_search", "bayesian", "hyperband")
TRIAL_STATES = ("waiting", "running", "completed", "pruned", "failed")

hpo_campaign = kept(
    "hpo_campaign",
    "Searches for settings: method, space, budget, and the best that was found.",
    numbered("Number of the campaign."),
    words("name", "Name; the partition of its asset.", 120, nullable=False, unique=True),
    words("method", "How points are chosen.", 20, nullable=False),
    words("base_model_type", "What is tuned.", 40, nullable=False),
    part_of("dataset_id", datasets, "Dataset.", goes_with=False),
    document("search_space", "What may vary, and within which bounds."),
    document("budget", "Trials, epochs, seed."),
    count("trials_total", "Trials of the budget.", nullable=False, server_default="0"),
    part_of("best_experiment_id", experiment, "Experiment of the best trial.", goes_with=False),
    number("best_accuracy", "Its macro AUROC on the validation systems."),
    who(),
    part_of("job_id", job, "Its job.", goes_with=False),
    document("front", "Of alert rules: those that no other one beats in missed failures and truck rolls."),
    sa.CheckConstraint(sa.column("method").in_(METHODS), name="method"),
)

hpo_trial = kept(
    "hpo_trial",
    "Trials of searches for settings: claimed by a worker under a lease, done once.",
    numbered("Number of the trial."),
    part_of("campaign_id", hpo_campaign, "Campaign.", nullable=False),
    count("trial_number", "Number within the campaign, from 1.", nullable=False),
    document("params", "The point that is tried."),
    words("params_hash", "Checksum of the point.", 64, nullable=False),
    words(
        "state",
        "waiting, running, completed, pruned or failed.",
        10,
        nullable=False,
        server_default="waiting",
    ),
    words("worker", "Who works on it, or did.", 120),
    sa.Column("lease_until", INSTANT, comment="The worker is gone when this has passed and it still runs."),
    count("attempts", "How often it was begun.", nullable=False, server_default="0"),
    number("value", "What it came to on the validation systems."),
    document("metrics", "Value by epoch, epochs, seconds."),
    prose("reason", "Why it failed."),
    sa.UniqueConstraint("campaign_id", "params_hash"),
    sa.UniqueConstraint("campaign_id", "trial_number"),
    sa.CheckConstraint(sa.column("state").in_(TRIAL_STATES), name="state"),
)

nas_campaign = kept(
    "nas_campaign",
    "Searches for a network that fits a gateway.",
    numbered("Number of the campaign."),
    words("name", "Name; the partition of its asset.", 120, nullable=False, unique=True),
    part_of("dataset_id", datasets, "Dataset.", nullable=False),
    words("search_algorithm", "How architectures are chosen.", 40, nullable=False),
    count("num_trials", "Architectures of the budget.", nullable=False),
    count("max_epochs_per_trial", "Most epochs of each.", nullable=False),
    document("search_space_config", "Stages, widths, kernels, strides, pools, and the gateway's limits."),
    sa.Column("best_trial_id", sa.BigInteger, comment="Trial that was chosen on the validation systems."),
    number("best_accuracy", "Its macro AUROC on the validation systems."),
    document("verdict", "Best and median trained again with fresh seeds: whether noise decides."),
    who(),
    part_of("job_id", job, "Its job.", goes_with=False),
)

nas_trials = kept(
    "nas_trials",
    "Networks that were trained in a campaign.",
    numbered("Number of the trial."),
    part_of("campaign_id", nas_campaign, "Campaign.", nullable=False),
    count("trial_number", "Number within the campaign, from 1.", nullable=False),
    document("architecture", "Stages and pool."),
    words(
        "architecture_hash",
        "Checksum of the canonical form: what computes alike has one.",
        64,
        nullable=False,
    ),
    number("validation_accuracy", "Macro AUROC on the validation systems."),
    number("validation_loss", "Loss of the validation systems."),
    number("training_time", "How long training took, s."),
    count("num_parameters", "Weights."),
    sa.Column("flops", sa.BigInteger, comment="Twice the multiplications of one burst."),
    number("model_size_mb", "Size of its file, MB."),
    document("metrics", "Seed, threads, epochs, checksum of the state."),
    sa.UniqueConstraint("campaign_id", "architecture_hash"),
    sa.Index("ix_nas_trials_campaign_trial", "campaign_id", "trial_number"),
)

CAMPAIGN_TABLES = (hpo_campaign, hpo_trial, nas_campaign, nas_trials)
