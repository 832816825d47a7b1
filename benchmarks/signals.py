"""The experiment platform: seconds of a large dataset, of models on it, of a search for networks, of looking.

Everything goes through the actions that the command line takes: Dagster's run, MLflow and the rows in
PostgreSQL are in the seconds. What was known beforehand is held too: shares of faults that are named.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.session import Session, quiet_logs, session
from battery_assets.actions.signals import campaigns, experiments
from battery_assets.experiments.trying import finding
from battery_assets.tables.experiments.campaigns import NAS_KIND
from battery_assets.tables.experiments.signals import GENERATION
from benchmarks.world import clocked

# 162 systems of 62 bursts are 10,044; the network search is of a set that a site of sixty systems would have.
LARGE, MIDDLE = {"systems": 162, "seed": 1}, {"systems": 60, "seed": 2}
SMALL = {"systems": 8, "references": 6, "sound": 3, "each_fault": 2, "mixed": 2, "seed": 1}
EXPERIMENTS, LOOKS = 10_000, 15
TINY = {"stages": [{"width": 8, "kernel": 15, "stride": 16}], "epochs": 2}
_MANY = """
INSERT INTO experiments.experiment
       (name, model_type, dataset_id, config, hyperparameters, metrics, notes, job_id)
SELECT 'bench-' || n,
       (ARRAY['rule', 'rule_own', 'forest_moments', 'forest_lines', 'forest_own_lines', 'cnn1d'])[1 + n % 6],
       :dataset,
       jsonb_build_object('split', 'system', 'seed', n / 60, 'control', '', 'dataset', 'bench-large'),
       CASE WHEN n % 6 = 5 THEN jsonb_build_object('epochs', 1 + n % 60) ELSE '{}' END,
       (SELECT jsonb_object_agg(name, least(value + (n % 97) / 9700.0, 1)) FROM jsonb_each_text(:metrics) AS
        one(name, text), LATERAL (SELECT text::double precision AS value) AS told),
       'run ' || n || ' of gateway ' || n % 50, (SELECT job_id FROM experiments.experiment WHERE id = :like)
FROM generate_series(1, :many) AS n
"""


def measure(small: bool) -> dict[str, float]:
    """Seconds of dataset, forest and network; milliseconds to list, search and compare."""
    quiet_logs()
    found: dict[str, float] = {}
    with session() as at:
        with clocked() as made:
            experiments.make_dataset(at, "bench-large", GENERATION, SMALL if small else LARGE)
        found["signals_dataset_10000_seconds"] = made.seconds
        for name, model, more in (("forest", "forest_lines", {}), ("cnn", "cnn1d", TINY if small else {})):
            terms = {"model_type": model, "dataset": "bench-large", "hyperparameters": more}
            with clocked() as tried:
                row = experiments.run_experiment(at, f"bench-{name}", terms)
            found[f"signals_{name}_seconds"] = tried.seconds
        return found | _looks(at, row, 200 if small else EXPERIMENTS)


def measure_search(small: bool) -> dict[str, float]:
    """Seconds of a search for networks."""
    quiet_logs()
    with session() as at:
        experiments.make_dataset(at, "bench-middle", GENERATION, SMALL | {"seed": 2} if small else MIDDLE)
        built = {"dataset": "bench-middle", "trials": 2 if small else 14, "epochs": 1 if small else 10}
        with clocked() as searched:
            campaigns.run_campaign(at, NAS_KIND, "bench-nas", built)
        return {"signals_nas_14_seconds": searched.seconds}


def _looks(at: Session, like: dict[str, Any], many: int) -> dict[str, float]:
    """Milliseconds of a look among so many experiments, the median of some."""
    with at.warehouse.transaction() as connection:
        scores = sa.bindparam("metrics", like["metrics"], type_=sa.dialects.postgresql.JSONB)
        connection.execute(
            sa.text(_MANY).bindparams(scores),
            {"dataset": like["dataset_id"], "like": like["id"], "many": many},
        )
        connection.execute(sa.text("ANALYZE experiments.experiment"))
    looks: dict[str, Callable[[], object]] = {
        "list": lambda: finding.search(at.warehouse, ""),
        "search": lambda: finding.search(at.warehouse, "model_type:cnn1d macro_auroc>0.1 gateway 17"),
        "compare": lambda: experiments.compare(at, "bench-large"),
    }
    return {f"signals_{name}_10000_ms": 1000 * _median(look) for name, look in looks.items()}


def _median(look: Callable[[], object]) -> float:
    if not look():
        raise RuntimeError("nothing was found: a look at nothing is no measurement")
    seconds = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        look()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)
