"""MLflow: one run per partition, opened and closed inside the step, and a registry that checks bytes.

Works against a tracking server (http://…) and straight on a database (postgresql+psycopg2://…, sqlite:///…)
alike. Only files go in and out, never pickled models: what `fetch` returns has the sha256 that `register`
recorded.
"""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from battery_assets.platform.experiments import Experiment, code_tags, delete_empty_default, put_model
from battery_assets.platform.run_files import FROM_ROOT, files_at, location
from battery_assets.platform.tracked_run import TrackedRun

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from mlflow.tracking import MlflowClient


class TrackingUnavailable(RuntimeError):
    """MLflow does not answer; the message names the address (without password) and what to do."""


class ArtifactMismatch(RuntimeError):
    """A registered file is not the one that was registered, or carries no sha256 to tell."""


class Tracking(dg.ConfigurableResource):
    """Where runs and models are kept.

    `artifact_root` is the folder or bucket for files when `tracking_uri` is a database; a server has its own
    and leaves it empty. A folder may be moved with all that is in it: nothing in the database names it.
    """

    tracking_uri: str
    artifact_root: str = ""

    @contextmanager
    def run(
        self, experiment: Experiment, name: str, tags: Mapping[str, str] | None = None
    ) -> Iterator[TrackedRun]:
        """Open a run, hand it over, close it as FINISHED, or as FAILED where an exception passes through.

        Its tags say which code ran.

        Raises TrackingUnavailable where MLflow does not answer.
        """
        client = self.client()
        experiment_id = self._experiment(client, experiment)
        made = client.create_run(experiment_id, run_name=name, tags={**code_tags(), **(tags or {})})
        info = made.info
        tracked = TrackedRun(client, info.run_id, experiment_id, self._files(made))
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
        self,
        name: str,
        run_id: str,
        artifact_path: str,
        note: str,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Enter a file that the run logged (`model/model.cbm`) as the next version of `name`; returns it.

        `note` is what the registry says of the model as a whole. The version has the alias `newest` until the
        next one is entered.

        The version's source is the file's folder; its tags `file` and `sha256` say what `fetch` must find
        there. Registering the same run and file again returns the version it already has.
        """
        client = self.client()
        for registered in client.search_model_versions(f"run_id = '{_plain(run_id)}'"):
            if registered.name == name and registered.tags.get("artifact_path") == artifact_path:
                return str(registered.version)
        put_model(client, name, note)
        run = client.get_run(run_id)
        with tempfile.TemporaryDirectory() as folder:
            digest = _sha256(Path(self._files(run).download_artifacts(artifact_path, folder)))
        parent, _, file = artifact_path.rpartition("/")
        source = "/".join(part for part in (run.info.artifact_uri, parent) if part)
        marks = {**(tags or {}), "sha256": digest, "file": file, "artifact_path": artifact_path}
        version = str(client.create_model_version(name, source, run_id, tags=marks).version)
        client.set_registered_model_alias(name, "newest", version)
        return version

    def set_aliases(self, name: str, version: str, cutoff: str, serves: bool = True) -> None:
        """Give a version the alias of its cut-off, and `production` where it serves and none is later."""
        client = self.client()
        client.set_registered_model_alias(name, f"before_{cutoff}", version)
        held = self.aliased(name, "production")
        if serves and (held is None or str(held["tags"].get("cutoff_month", "")) <= cutoff):
            client.set_registered_model_alias(name, "production", version)

    def aliased(self, name: str, alias: str) -> dict[str, Any] | None:
        """The version that has an alias: version and tags; None where none has."""
        from mlflow.exceptions import MlflowException

        try:
            entry = self.client().get_model_version_by_alias(name, alias)
        except MlflowException as failure:
            if failure.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return {"version": str(entry.version), "tags": dict(entry.tags)}

    def withdraw(self, name: str, version: str, instead: str | None) -> None:
        """Mark a version as withdrawn now, and give the alias `production` to another, or to none."""
        client = self.client()
        client.set_model_version_tag(name, version, "withdrawn_ms", str(int(time.time() * 1000)))
        if instead is None:
            client.delete_registered_model_alias(name, "production")
        else:
            client.set_registered_model_alias(name, "production", instead)

    def versions(self, name: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
        """Registered versions of a model that carry these tags, oldest first.

        Each has version, run_id, created_ms, tags, and params and metrics of its run.
        """
        client = self.client()
        registered = []
        for entry in client.search_model_versions(f"name = '{_plain(name)}'"):
            if any(entry.tags.get(key) != value for key, value in tags.items()):
                continue
            data = client.get_run(str(entry.run_id)).data
            registered.append(
                {
                    "version": str(entry.version),
                    "run_id": entry.run_id,
                    "created_ms": entry.creation_timestamp,
                    "tags": dict(entry.tags),
                    "params": dict(data.params),
                    "metrics": dict(data.metrics),
                }
            )
        return sorted(registered, key=lambda item: int(item["version"]))

    @contextmanager
    def fetched(self, name: str, version: str) -> Iterator[Path]:
        """The file of a registered version, for as long as the block lasts. Raises what `fetch` raises."""
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            yield self.fetch(name, version, Path(folder))

    def fetch(self, name: str, version: str, folder: Path) -> Path:
        """Bring the file of a registered version into `folder`; returns its path.

        Raises ArtifactMismatch where the bytes are not those that were registered, TrackingUnavailable where
        MLflow does not answer or knows nothing of the version or its run.
        """
        from mlflow.exceptions import MlflowException

        try:
            return self._brought(name, version, folder)
        except MlflowException as failure:
            raise TrackingUnavailable(f"{name} version {version} cannot be had: {failure}") from failure

    def _brought(self, name: str, version: str, folder: Path) -> Path:
        client = self.client()
        entry = client.get_model_version(name, version)
        if "sha256" not in entry.tags or "artifact_path" not in entry.tags:
            raise ArtifactMismatch(
                f"{name} version {version} was registered without a sha256: register it anew"
            )
        folder.mkdir(parents=True, exist_ok=True)
        files = self._files(client.get_run(str(entry.run_id)))
        path = Path(files.download_artifacts(entry.tags["artifact_path"], str(folder)))
        checksum = _sha256(path)
        if checksum != entry.tags["sha256"]:
            raise ArtifactMismatch(
                f"{name} version {version}: the stored file has sha256 {checksum}, {entry.tags['sha256']} "
                "was registered. The artifact store was changed or damaged: restore it or train anew"
            )
        return path

    def client(self) -> "MlflowClient":
        """A client of this address. Raises TrackingUnavailable where nothing answers there."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        _ask(self.tracking_uri)
        from mlflow.tracking import MlflowClient

        with _default_root():
            return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def files_of(self, run_id: str) -> "ArtifactRepository":
        """What reads the files of a run, wherever they lie now."""
        return self._files(self.client().get_run(run_id))

    def _files(self, run: "Run") -> "ArtifactRepository":
        return files_at(str(run.info.artifact_uri), self.artifact_root.rstrip("/"), self.tracking_uri)

    def _experiment(self, client: "MlflowClient", named: Experiment) -> str:
        experiment = client.get_experiment_by_name(named.name)
        if experiment is not None and experiment.lifecycle_stage == "deleted":
            client.restore_experiment(experiment.experiment_id)
        there = experiment.tags if experiment is not None else {}
        made = experiment.experiment_id if experiment is not None else None
        experiment_id = made or self._made_experiment(client, named.name)
        for name, value in named.tags.items():
            # A note that a person has changed stays.
            if name not in there:
                client.set_experiment_tag(experiment_id, name, value)
        return experiment_id

    def _made_experiment(self, client: "MlflowClient", name: str) -> str:
        from mlflow.exceptions import MlflowException

        delete_empty_default(client)
        try:
            return client.create_experiment(name, artifact_location=location(self.artifact_root, name))
        except MlflowException as failure:
            # Another partition's step made it in between.
            if failure.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            made = client.get_experiment_by_name(name)
            if made is None:
                raise
            return made.experiment_id


def _plain(name: str) -> str:
    """A run id or model name, safe inside MLflow's filter text: letters, digits and _, else ValueError."""
    if not name.replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no MLflow run id, and no name of a model")
    return name


@contextmanager
def _default_root() -> Iterator[None]:
    """Let MLflow's own experiment Default not name the folder that a command happens to run in."""
    # MLflow reads it where it opens a database; left set, it would take this process for its server.
    name = "_MLFLOW_SERVER_ARTIFACT_ROOT"
    ours = name not in os.environ
    os.environ.setdefault(name, FROM_ROOT)
    try:
        yield
    finally:
        if ours:
            os.environ.pop(name, None)


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
