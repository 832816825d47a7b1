"""One run of MLflow while it is open: what is logged of it, and where its files go."""

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from battery_assets.platform.experiments import dataset_input

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from mlflow.tracking import MlflowClient

# A server takes 58 ms for ten metrics in a batch and 1.2 s for five hundred, so batches stay at a hundred.
BATCH = 100
LONGEST_PARAM = 6000


@dataclass
class TrackedRun:
    """One open MLflow run. Metrics are gathered and sent in batches, the rest at the end of the run."""

    client: "MlflowClient"
    run_id: str
    experiment_id: str
    files: "ArtifactRepository"
    _waiting: list[tuple[str, float, int, int]] = field(default_factory=list)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record what the run was told; a value may have 6,000 characters, a name can be set once."""
        from mlflow.entities import Param

        named = [Param(str(name), _param_text(value)) for name, value in params.items()]
        for start in range(0, len(named), BATCH):
            self.client.log_batch(self.run_id, params=named[start : start + BATCH])

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Record numbers at a step; figures that could not be computed (NaN) are left out."""
        now = int(time.time() * 1000)
        self._waiting += [
            (name, float(value), now, step) for name, value in metrics.items() if math.isfinite(float(value))
        ]
        if len(self._waiting) >= BATCH:
            self.flush()

    def log_inputs(self, data_versions: Mapping[str, str], name: str = "warehouse") -> None:
        """Record which data were read: partition -> sha256; `name` is what MLflow's column Dataset says.

        Kept as the artifact `data_versions.json`; one sha256 over all of it is the parameter
        `data_versions_sha256`, by which runs on the same data are found.
        """
        text = json.dumps(dict(sorted(data_versions.items())), indent=1)
        self._log_file("data_versions.json", lambda path: path.write_text(text))
        self.log_dataset(name, data_versions)
        self.log_params(
            {
                "data_versions_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "data_versions_count": len(data_versions),
            }
        )

    def log_dataset(self, name: str, data_versions: Mapping[str, str]) -> None:
        """Name what was learned from in MLflow's column Dataset: partition -> checksum."""
        self.client.log_inputs(self.run_id, [dataset_input(name, data_versions, "training")])

    def log_figure(self, figure: "Figure", name: str) -> None:
        """Keep a matplotlib figure as the artifact `name` (a path ending in .png, .svg or .html)."""
        self._log_file(name, figure.savefig)

    def log_artifact_file(self, path: Path, folder: str | None = None) -> None:
        """Keep a file, under its own name, in the run's artifact folder `folder` (the root when None)."""
        self.files.log_artifact(str(path), artifact_path=folder)

    def log_table(self, table: pl.DataFrame, name: str) -> None:
        """Keep a frame as the CSV artifact `name`, which MLflow's page shows as a table."""
        self._log_file(name, table.write_csv)

    def _log_file(self, name: str, write: Callable[[Path], object]) -> None:
        """Keep what `write` puts into a file as the artifact `name`."""
        folder, _, file = name.rpartition("/")
        with tempfile.TemporaryDirectory() as scratch:
            write(Path(scratch) / file)
            self.log_artifact_file(Path(scratch) / file, folder or None)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Add tags to the run."""
        for name, value in tags.items():
            self.client.set_tag(self.run_id, name, value)

    def flush(self) -> None:
        """Send the metrics that wait; closing the run does this too."""
        from mlflow.entities import Metric

        while self._waiting:
            part = [Metric(*metric) for metric in self._waiting[:BATCH]]
            self.client.log_batch(self.run_id, metrics=part)
            del self._waiting[:BATCH]


def _param_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if len(text) > LONGEST_PARAM:
        raise ValueError(
            f"a parameter of {len(text)} characters: MLflow takes {LONGEST_PARAM}, log it as a file"
        )
    return text
