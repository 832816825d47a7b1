"""MLflow: one run per partition, opened and closed inside the step, and a registry that checks bytes.

Works against a tracking server (http://…) and straight on a database (postgresql+psycopg2://…, sqlite:///…)
alike. Only files go in and out, never pickled models: what `fetch` returns has the sha256 that `register`
recorded.
"""

import hashlib
import json
import math
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import dagster as dg
import polars as pl

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow.tracking import MlflowClient

# A server takes 58 ms for ten metrics in a batch and 1.2 s for five hundred, so batches stay at a hundred.
BATCH = 100
LONGEST_PARAM = 6000


class TrackingUnavailable(RuntimeError):
    """MLflow does not answer; the message names the address (without password) and what to do."""


class ArtifactMismatch(RuntimeError):
    """A registered file is not the one that was registered, or carries no sha256 to tell."""


@dataclass
class TrackedRun:
    """One open MLflow run. Metrics are gathered and sent in batches, the rest at the end of the run."""

    client: "MlflowClient"
    run_id: str
    experiment_id: str
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

    def log_inputs(self, data_versions: Mapping[str, str]) -> None:
        """Record which data were read: partition -> sha256.

        Kept as the artifact `data_versions.json`; one sha256 over all of it is the parameter
        `data_versions_sha256`, by which runs on the same data are found.
        """
        text = json.dumps(dict(sorted(data_versions.items())), indent=1)
        self.client.log_text(self.run_id, text, "data_versions.json")
        self.log_params(
            {
                "data_versions_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "data_versions_count": len(data_versions),
            }
        )

    def log_figure(self, figure: "Figure", name: str) -> None:
        """Keep a matplotlib figure as the artifact `name` (a path ending in .png, .svg or .html)."""
        self.client.log_figure(self.run_id, figure, name)

    def log_artifact_file(self, path: Path, folder: str | None = None) -> None:
        """Keep a file, under its own name, in the run's artifact folder `folder` (the root when None)."""
        self.client.log_artifact(self.run_id, str(path), artifact_path=folder)

    def log_table(self, table: pl.DataFrame, name: str) -> None:
        """Keep a frame as the CSV artifact `name`, which MLflow's page shows as a table."""
        self.client.log_text(self.run_id, table.write_csv(), name)

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


class Tracking(dg.ConfigurableResource):
    """Where runs and models are kept.

    `artifact_root` is the folder or bucket for files when `tracking_uri` is a database; a server has its own
    and leaves it empty. It counts when an experiment is made: an existing one keeps its place.
    """

    tracking_uri: str
    artifact_root: str = ""

    @contextmanager
    def run(self, experiment: str, name: str, tags: Mapping[str, str] | None = None) -> Iterator[TrackedRun]:
        """Open a run, hand it over, close it as FINISHED, or as FAILED where an exception passes through.

        Raises TrackingUnavailable where MLflow does not answer.
        """
        client = self.client()
        experiment_id = self._experiment(client, experiment)
        info = client.create_run(experiment_id, run_name=name, tags=dict(tags or {})).info
        tracked = TrackedRun(client, info.run_id, experiment_id)
        try:
            yield tracked
            tracked.flush()
        except BaseException as failure:
            # The cause must reach the caller even when MLflow is what failed.
            with suppress(Exception):
                tracked.flush()
            with suppress(Exception):
                client.set_tag(info.run_id, "failure", f"{type(failure).__name__}: {failure}"[:500])
                client.set_terminated(info.run_id, "FAILED")
            raise
        client.set_terminated(info.run_id, "FINISHED")

    def register(
        self, name: str, run_id: str, artifact_path: str, tags: Mapping[str, str] | None = None
    ) -> str:
        """Enter a file that the run logged (`model/model.cbm`) as the next version of `name`; returns it.

        The version's source is the file's folder; its tags `file` and `sha256` say what `fetch` must find
        there. Registering the same run and file again returns the version it already has.
        """
        client = self.client()
        for known in client.search_model_versions(f"run_id = '{_plain(run_id)}'"):
            if known.name == name and known.tags.get("artifact_path") == artifact_path:
                return str(known.version)
        self._named_model(client, name)
        with tempfile.TemporaryDirectory() as folder:
            digest = _sha256(Path(client.download_artifacts(run_id, artifact_path, folder)))
        parent, _, file = artifact_path.rpartition("/")
        source = "/".join(part for part in (client.get_run(run_id).info.artifact_uri, parent) if part)
        marks = {**(tags or {}), "sha256": digest, "file": file, "artifact_path": artifact_path}
        return str(client.create_model_version(name, source, run_id, tags=marks).version)

    def versions(self, name: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
        """Registered versions of a model that carry these tags, oldest first.

        Each has version, run_id, created_ms, tags, and params and metrics of its run.
        """
        client = self.client()
        found = []
        for entry in client.search_model_versions(f"name = '{_plain(name)}'"):
            if any(entry.tags.get(key) != value for key, value in tags.items()):
                continue
            data = client.get_run(str(entry.run_id)).data
            found.append(
                {
                    "version": str(entry.version),
                    "run_id": entry.run_id,
                    "created_ms": entry.creation_timestamp,
                    "tags": dict(entry.tags),
                    "params": dict(data.params),
                    "metrics": dict(data.metrics),
                }
            )
        return sorted(found, key=lambda item: int(item["version"]))

    def fetch(self, name: str, version: str, folder: Path | None = None) -> Path:
        """Bring the file of a registered version into `folder` (None: a new temporary one); returns its path.

        Raises ArtifactMismatch where the bytes are not those that were registered.
        """
        client = self.client()
        entry = client.get_model_version(name, version)
        if "sha256" not in entry.tags or "artifact_path" not in entry.tags:
            raise ArtifactMismatch(
                f"{name} version {version} was registered without a sha256: register it anew"
            )
        target = folder or Path(tempfile.mkdtemp(prefix="model-"))
        target.mkdir(parents=True, exist_ok=True)
        path = Path(client.download_artifacts(str(entry.run_id), entry.tags["artifact_path"], str(target)))
        found = _sha256(path)
        if found != entry.tags["sha256"]:
            raise ArtifactMismatch(
                f"{name} version {version}: the stored file has sha256 {found}, {entry.tags['sha256']} was "
                "registered. The artifact store was changed or damaged: restore it or train anew"
            )
        return path

    def client(self) -> "MlflowClient":
        """A client of this address. Raises TrackingUnavailable where nothing answers there."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        _ask(self.tracking_uri)
        from mlflow.tracking import MlflowClient

        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def _experiment(self, client: "MlflowClient", name: str) -> str:
        from mlflow.exceptions import MlflowException

        found = client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        if found is not None:
            return found.experiment_id
        root = self.artifact_root.rstrip("/")
        place = f"{_as_uri(root)}/{quote(name, safe='')}" if root else None
        try:
            return client.create_experiment(name, artifact_location=place)
        except MlflowException as failure:
            # Another partition's step made it in between.
            if failure.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            made = client.get_experiment_by_name(name)
            if made is None:
                raise
            return made.experiment_id

    @staticmethod
    def _named_model(client: "MlflowClient", name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            client.create_registered_model(name)
        except MlflowException as failure:
            if failure.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _param_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if len(text) > LONGEST_PARAM:
        raise ValueError(
            f"a parameter of {len(text)} characters: MLflow takes {LONGEST_PARAM}, log it as a file"
        )
    return text


def _plain(run_id: str) -> str:
    """The run id, safe inside MLflow's filter text; raises ValueError for other than letters and digits."""
    if not run_id.isalnum():
        raise ValueError(f"{run_id!r} is not an MLflow run id")
    return run_id


def _as_uri(root: str) -> str:
    return root if "://" in root else Path(root).resolve().as_uri()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _ask(uri: str) -> None:
    """One quick question to the server or database: MLflow itself asks a silent one for minutes."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import OperationalError

    if uri.startswith("sqlite:"):
        return
    try:
        if uri.startswith(("http://", "https://")):
            urlopen(f"{uri.rstrip('/')}/health", timeout=10).close()
        else:
            create_engine(uri, poolclass=NullPool).connect().close()
    except HTTPError:
        return
    except (OperationalError, OSError) as failure:
        raise TrackingUnavailable(
            f"MLflow at {without_password(uri)} does not answer: start it, or correct tracking_uri"
        ) from failure


def without_password(uri: str) -> str:
    """The address with user and password replaced by ***, fit for messages."""
    return re.sub(r"//.*@", "//***@", uri)
