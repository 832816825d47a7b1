"""Experiments on datasets: what was tried, what came of each epoch, how people find them again.

The table `experiment` holds what the view `experiments` shows with its job's state, in the reference's words.
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
from battery_assets.tables.service.jobs import INSTANT, job, numbered

KIND = "experiment"
MODEL_TYPES = (
    "rule",
    "rule_own",
    "rule_labels",
    "forest_moments",
    "forest_lines",
    "forest_own_lines",
    "cnn1d",
    "index_only",
    "end_drop",
    "forest_curve",
    "forest_own_curve",
)

experiment = kept(
    "experiment",
    "A model on a version of a dataset with a split and a seed, and its scores on systems that it never saw.",
    numbered("Number of the experiment."),
    words("name", "Name; the partition of its asset.", 120, nullable=False, unique=True),
    words("model_type", "What was tried.", 40, nullable=False, index=True),
    part_of("dataset_id", datasets, "Dataset.", nullable=False),
    document("config", "Split, seed, control, version of the dataset."),
    document("hyperparameters", "Numbers of the model."),
    document("metrics", "Scores with their intervals over systems."),
    count("best_epoch", "Epoch whose weights were kept."),
    count("total_epochs", "Epochs that were trained."),
    number("duration_seconds", "How long it took, s."),
    words("model_path", "Address of the weights: safetensors, or the forest's own numbers."),
    words("onnx_path", "Address of the network as ONNX."),
    words("results_dir", "Address of its MLflow run's files."),
    prose("notes", "What people note of it."),
    sa.Column(
        "search_vector",
        sa.dialects.postgresql.TSVECTOR,
        sa.Computed(
            "to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(model_type, '') || ' ' "
            "|| coalesce(notes, ''))",
            persisted=True,
        ),
        comment="Words of name, model type and notes.",
    ),
    who(),
    sa.Column("hpo_campaign_id", sa.BigInteger, comment="Campaign that it is a trial of.", index=True),
    words("mlflow_run_id", "MLflow's run of it.", 32, unique=True),
    part_of("job_id", job, "Its job.", goes_with=False),
    sa.Index(None, "search_vector", postgresql_using="gin"),
    sa.CheckConstraint(sa.column("model_type").in_(MODEL_TYPES), name="model_type"),
)

training_runs = kept(
    "training_runs",
    "Epochs of experiments, written while they train.",
    numbered("Number of the row."),
    part_of("experiment_id", experiment, "Experiment.", nullable=False),
    count("epoch", "Epoch, from 1.", nullable=False),
    number("train_loss", "Mean loss of training."),
    number("val_loss", "Loss of the validation side."),
    number("train_accuracy", "Share of training bursts of which every label is right."),
    number("val_accuracy", "Share of validation bursts of which every label is right."),
    number("learning_rate", "Learning rate as used."),
    number("duration_seconds", "How long the epoch took, s."),
    words("checkpoint_path", "Address of the weights of this epoch, where they were kept."),
    sa.UniqueConstraint("experiment_id", "epoch"),
)

tags = kept(
    "tags",
    "Words by which people group experiments.",
    numbered("Number of the tag."),
    words("name", "Name.", 60, nullable=False, unique=True),
    words("slug", "Name in small letters and dashes.", 60, nullable=False, unique=True),
    words("color", "Colour, #rrggbb.", 7),
    who(),
    count("usage_count", "Experiments that carry it.", nullable=False, server_default="0"),
)

experiment_tags = kept(
    "experiment_tags",
    "Which experiment carries which tag.",
    numbered("Number of the row."),
    part_of("experiment_id", experiment, "Experiment.", nullable=False),
    part_of("tag_id", tags, "Tag.", nullable=False),
    who("added_by"),
    sa.UniqueConstraint("experiment_id", "tag_id"),
)

saved_searches = kept(
    "saved_searches",
    "Searches of experiments that a person keeps.",
    numbered("Number of the search."),
    who("user_id"),
    words("name", "Name.", 120, nullable=False),
    prose("query", "As `model_type:cnn1d split:system macro_auroc>0.95 words`."),
    sa.Column("is_pinned", sa.Boolean, nullable=False, server_default="false", comment="Stands on top."),
    count("usage_count", "How often it was used.", nullable=False, server_default="0"),
    sa.Column("last_used_at", INSTANT, comment="When it was used last."),
    sa.UniqueConstraint("user_id", "name"),
)

explanations = kept(
    "explanations",
    "What an experiment's model saw in a signal, with the scores of the method that says so.",
    numbered("Number of the explanation."),
    part_of("experiment_id", experiment, "Experiment.", nullable=False),
    words("signal_id", "Signal of the experiment's dataset.", 120, nullable=False),
    words("method", "Method: integrated_gradients or occlusion.", 40, nullable=False),
    document(
        "explanation_data", "Share of each line, and the method's decoy, deletion and randomization scores."
    ),
    words("file_path", "Address of its picture."),
)

EXPERIMENT_TABLES = (experiment, training_runs, tags, experiment_tags, saved_searches, explanations)
