"""Experiments and models with their scores: experiments by dataset and split, life models by their gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.experiments.trying import books, comparison
from battery_assets.platform.warehouse.resource import Warehouse

_EXPERIMENTS = sa.text("""
SELECT e.id, e.name, e.model_type, d.name AS dataset, e.status, e.config ->> 'split' AS split,
       e.config ->> 'control' AS control, e.config ->> 'seed' AS seed, e.metrics, e.created_at,
           e.mlflow_run_id,
       e.duration_seconds, j.run_id
FROM experiments.experiments e
JOIN experiments.experiment one ON one.id = e.id
LEFT JOIN service.job j ON j.id = one.job_id
LEFT JOIN experiments.datasets d ON d.id = e.dataset_id
WHERE e.created_at <= platform.as_of()
ORDER BY d.name, e.config ->> 'split', (e.metrics ->> 'macro_auroc')::float DESC NULLS LAST, e.id LIMIT 300
""")
_MODELS = sa.text("""
SELECT model_id, model_name, model_type::text, version, status::text, trained_at, promoted_at, retired_at,
       metrics_json,
       hyperparameters_json, artifact_url, training_data_start, training_data_end, month
FROM ml.ml_model m
WHERE EXISTS (SELECT FROM platform.partition_version known
              WHERE known.table_name = 'ml_model' AND known.month = m.month
                  AND known.known_since <= platform.as_of())
ORDER BY status = 'production' DESC, training_data_end DESC, trained_at DESC LIMIT 30
""")
_LAB_MODELS = sa.text("""
SELECT m.id, m.name, m.algorithm, m.created_at, j.facts ->> 'lab' AS lab, j.state, j.run_id, m.metrics
FROM lab_training.model m JOIN service.job j ON j.id = m.job_id
WHERE m.created_at <= platform.as_of() ORDER BY m.created_at DESC LIMIT 50
""")
_CAMPAIGNS = sa.text("""
SELECT 'hyperparameters' AS kind, id, name, method, status, trials_completed, trials_total, best_accuracy,
       created_at
FROM experiments.hpo_campaigns WHERE created_at <= platform.as_of()
UNION ALL
SELECT 'architecture', id, name, search_algorithm, status, NULL, num_trials, best_accuracy, created_at
FROM experiments.nas_campaigns WHERE created_at <= platform.as_of()
ORDER BY created_at DESC LIMIT 50
""")
_JOBS = sa.text("""
SELECT id, kind, state, progress, step, steps, reason, run_id, created_at, started_at, finished_at
FROM service.job WHERE created_at <= platform.as_of() ORDER BY id DESC LIMIT 30
""")
_REPLAYS = sa.text("""
SELECT alert_type, sum(alerts)::int AS alerts, sum(came_true)::int AS came_true,
       sum(false_alarms)::int AS false_alarms,
       sum(undecided)::int AS undecided, sum(ends)::int AS ends, sum(foreseen)::int AS foreseen
FROM fleet.rule_replay r
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'rule_replay' AND rows > 0 AND known_since <= platform.as_of() GROUP BY site) newest
  USING (site, month)
WHERE CAST(:sites AS text[]) IS NULL OR r.site = ANY (CAST(:sites AS text[]))
GROUP BY alert_type ORDER BY alert_type
""")


_DATASETS = sa.text("SELECT id, name, meta_data FROM experiments.datasets ORDER BY name")


@dataclass(frozen=True)
class Board:
    """The models tried on a dataset by rank, which noise may let several share; classical rows it lacks."""

    dataset: str
    leak: Any
    rows: Sequence[comparison.Row]
    missing: Sequence[str]


@dataclass(frozen=True)
class Scoreboard:
    """What was tried and learned. replays: what the alerts of each kind were worth, on the reader's sites.

    boards are those of now: what an experiment was ranked among is not kept.
    """

    boards: Sequence[Board]
    experiments: Sequence[Row]
    models: Sequence[Row]
    lab_models: Sequence[Row]
    campaigns: Sequence[Row]
    jobs: Sequence[Row]
    replays: Sequence[Row]


def scoreboard(warehouse: Warehouse, reader: Reader) -> Scoreboard:
    """Experiments, models, campaigns and jobs; only the replays for a reader of some sites."""
    with reader.reading(warehouse) as connection:
        replays = reader.rows(connection, _REPLAYS)
        if reader.sites is not None:
            return Scoreboard((), (), (), (), (), (), replays)
        experiments, models, lab_models, campaigns, jobs = (
            reader.rows(connection, one) for one in (_EXPERIMENTS, _MODELS, _LAB_MODELS, _CAMPAIGNS, _JOBS)
        )
        datasets = reader.rows(connection, _DATASETS) if reader.as_of is None else []
    boards = [_board(warehouse, row) for row in datasets]
    ranked = [one for one in boards if one.rows]
    return Scoreboard(ranked, experiments, models, lab_models, campaigns, jobs, replays)


def _board(warehouse: Warehouse, dataset: Row) -> Board:
    rows, missing = comparison.compared(books.grouped(warehouse, int(dataset["id"])))
    return Board(dataset["name"], (dataset["meta_data"] or {}).get("leak"), rows, missing)
