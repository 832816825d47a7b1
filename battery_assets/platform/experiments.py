"""What MLflow's pages say of an experiment, of the data of a run and of the code that ran."""

import functools
import hashlib
import json
import subprocess
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput
    from mlflow.tracking import MlflowClient

# The key of the view in the page's address, and in the tag that keeps it.
VIEW = "decisive"
_NOTE, _VIEW_TAG = "mlflow.note.content", f"mlflow.sharedViewState.{VIEW}"
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Experiment:
    """An experiment: its name, what it is for, and the metrics and parameters that decide.

    None of them can be left out: a page of runs that says nothing of itself has to be explained by somebody.
    """

    name: str
    note: str
    metrics: tuple[str, ...]
    params: tuple[str, ...]

    def __post_init__(self) -> None:
        for word in ("name", "note", "metrics", "params"):
            if not getattr(self, word):
                raise ValueError(f"experiment {self.name!r} has no {word}")

    @property
    def tags(self) -> dict[str, str]:
        """Its tags: the note, and a saved view of the runs page with the columns that decide."""
        return {_NOTE: self.note, _VIEW_TAG: self._view()}

    def _view(self) -> str:
        attributes = ("Source", "Dataset")
        columns = [f"attributes.`{name}`" for name in attributes]
        columns += [f"metrics.`{name}`" for name in self.metrics]
        columns += [f"params.`{name}`" for name in self.params]
        state = {"orderByKey": "attributes.start_time", "orderByAsc": False, "selectedColumns": columns}
        named = {"name": "Decisive columns", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
        return json.dumps(named)


def runs_page(mlflow_url: str, experiment_id: str) -> str:
    """Address of an experiment's runs, in the mode for training, with the columns that decide."""
    asked = f"viewStateShareKey={VIEW}&workflowType=machine_learning"
    return f"{mlflow_url}/#/experiments/{experiment_id}/runs?{asked}"


def runs_pages(mlflow_url: str) -> dict[str, str]:
    """Of each experiment that a server has, the address of its runs page; empty where it does not answer."""
    request = urllib.request.Request(
        f"{mlflow_url}/api/2.0/mlflow/experiments/search",
        json.dumps({"max_results": 100, "order_by": ["name ASC"]}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            experiments = json.load(answer).get("experiments", [])
    except (OSError, ValueError):
        return {}
    return {one["name"]: runs_page(mlflow_url, one["experiment_id"]) for one in experiments}


def dataset_input(name: str, versions: Mapping[str, str], context: str) -> "DatasetInput":
    """What a run read, as MLflow's column Dataset shows it. versions: checksum by partition."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    digest = hashlib.sha256(json.dumps(dict(sorted(versions.items()))).encode()).hexdigest()
    tables = sorted({partition.split(" ")[0] for partition in versions})
    dataset = Dataset(
        name=name,
        digest=digest[:32],
        source_type="warehouse",
        source=json.dumps({"tables": tables}),
        profile=json.dumps({"partitions": len(versions)}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


@functools.cache
def code_tags() -> dict[str, str]:
    """The commit of the code that runs, where it runs from a checkout; empty elsewhere."""
    try:
        answers = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return {}
    commit, changes = answers
    return {"mlflow.source.git.commit": commit, "battery_assets.code_changed": str(bool(changes)).lower()}


def _git(*words: str) -> str:
    command = ["git", "-C", str(_PACKAGE), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def delete_empty_default(client: "MlflowClient") -> None:
    """The experiment that MLflow makes by itself says nothing where ours are; one with runs stays."""
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):
        default = client.get_experiment("0")
        if default.name == "Default" and not client.search_runs(["0"], max_results=1):
            client.delete_experiment("0")


def put_model(client: "MlflowClient", name: str, note: str) -> None:
    """Enter a registered model with what it is; words that a person has changed stay."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, description=note)
    except MlflowException as failure:
        if failure.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        if not client.get_registered_model(name).description:
            client.update_registered_model(name, note)
