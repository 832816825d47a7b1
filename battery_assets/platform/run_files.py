"""Where the files of MLflow's runs lie: its tables name them from one root on, which may be moved.

MLflow's own server takes such addresses (mlflow-artifacts:/) for what lies under the folder that it serves.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import sqlalchemy as sa

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

FROM_ROOT = "mlflow-artifacts:/"
# An experiment's folder, a run's, and what MLflow calls the last.
_LEVELS = 3
# Column with an address, by its table.
_ADDRESSES = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "model_versions": "source",
    "logged_models": "artifact_location",
}


def location(root: str, experiment: str) -> str | None:
    """The address under which a new experiment keeps its files; None where a server decides."""
    if not root:
        return None
    return f"{root.rstrip('/')}/{quote(experiment, safe='')}" if "://" in root else FROM_ROOT + experiment


def files_at(address: str, root: str, tracking_uri: str) -> "ArtifactRepository":
    """What reads and writes the files of a run.

    Of a run that was logged before its folder was moved the files lie under the root of today.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    if root and "://" not in root:
        inside = _inside(address)
        return get_artifact_repository((Path(root) / inside).as_uri())
    return get_artifact_repository(address, tracking_uri=tracking_uri)


def _inside(address: str) -> str:
    """The path of a run's files below the root."""
    if address.startswith(FROM_ROOT):
        return address.removeprefix(FROM_ROOT).lstrip("/")
    return "/".join(unquote(address).rstrip("/").split("/")[-_LEVELS:])


def free_from_folder(url: str, root: str) -> int:
    """Let addresses that name a folder, of runs logged before, name it from the root on. Returns how many.

    Addresses in a bucket stay. Nothing is done where MLflow has no tables yet.
    """
    if "://" in root:
        return 0
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    changed = 0
    with engine.begin() as connection:
        there = set(sa.inspect(connection).get_table_names())
        for name, column in _ADDRESSES.items():
            if name not in there:
                continue
            table = sa.table(name, sa.column(column))
            old = table.c[column]
            query = sa.select(old).distinct().where(old.like("file:%") | old.like("/%"))
            for address in connection.execute(query).scalars().all():
                fresh = _freed(address, root)
                if fresh != address:
                    done = connection.execute(sa.update(table).where(old == address).values({column: fresh}))
                    changed += done.rowcount
    return changed


def _freed(address: str, root: str) -> str:
    """An address from the root on: the part below `<root>`, or below the folder of that name elsewhere."""
    path = unquote(address.removeprefix("file://"))
    folder = f"/{Path(root).name}/"
    if path.startswith(f"{root}/"):
        return FROM_ROOT + path.removeprefix(f"{root}/")
    if path.endswith("/mlruns/0"):
        return f"{FROM_ROOT}0"
    return FROM_ROOT + path.rpartition(folder)[2] if folder in path else address
