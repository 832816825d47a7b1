"""Trainings, datasets, experiments and campaigns put into the queue for the daemon. Returns jobs' numbers.

What cannot be is refused here, so that a run does not begin which has to fail.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.people.caller import Caller
from battery_assets.actions.signals.owners import belongs
from battery_assets.errors import BadField, Failure
from battery_assets.experiments import said
from battery_assets.experiments.making import MAKERS
from battery_assets.experiments.searching import networks, rules, settings
from battery_assets.experiments.trying import work
from battery_assets.lab.p6_models.cell_model import Training, asked, job_of, refuse_unknown
from battery_assets.platform.jobs.launching import Launch, launch_later
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import is_remote
from battery_assets.tables.experiments.campaigns import HPO_KIND, NAS_KIND
from battery_assets.tables.experiments.signals import IMPORT

# What is read, and its checksum worked out, while somebody waits for the answer.
MOST_FILES, MOST_BYTES = 5_000, 500_000_000
CAMPAIGNS: dict[str, tuple[str, Callable[[Warehouse, str, dict[str, Any]], int]]] = {
    "settings": (HPO_KIND, settings.ask),
    "alert_rule": (HPO_KIND, rules.ask),
    "networks": (NAS_KIND, networks.ask),
}
_ASSETS = {HPO_KIND: "hpo_campaigns", NAS_KIND: "nas_campaigns"}


@dataclass(frozen=True)
class Asker:
    """Who asks, and by which request. Its rows and the launch belong to the connection's transaction."""

    warehouse: Warehouse
    connection: sa.Connection
    caller: Caller
    request_id: str = ""

    @property
    def by(self) -> str:
        """Who asks, as the job keeps it."""
        return f"{self.caller.number} {self.caller.name}"[:200]

    def launch(self, number: int, launch: Launch) -> int:
        """Leave a job to the daemon. Returns its number."""
        launch_later(self.connection, number, launch, self.request_id)
        return number


def training(asker: Asker, lab: str, terms: Mapping[str, Any]) -> int:
    """A training of a network on a lab's cells. terms: as `Training` of the asset."""
    labs = [row.site for row in registry.sites(asker.connection) if row.source in LAB_SOURCES]
    if lab not in labs or not asker.caller.sees(lab):
        raise BadField("lab: it is no lab", "see the list of cells", "lab", "is no lab that you see")
    hyperparams = dict(terms.get("hyperparams") or {})
    with _bad_terms_named(hyperparams, "hyperparams"):
        refuse_unknown(str(terms["algorithm"]), hyperparams)
        number = asked(asker.warehouse, lab, Training(**terms), asker.caller.user_id)
    job, asset = job_of(terms)
    ops = {asset: {"config": {"job_id": number}}}
    return asker.launch(number, Launch(job, [lab], ops, by=asker.by))


def experiment(asker: Asker, name: str, terms: Mapping[str, Any]) -> int:
    """A model tried on a dataset."""
    with _bad_terms_named({"name": name, **terms}):
        number = work.ask(asker.warehouse, name, {**terms, "user_id": asker.caller.user_id})
    return asker.launch(number, _named(asker, "experiment", said.experiments, name, "experiments", number))


def campaign(asker: Asker, what: str, name: str, terms: Mapping[str, Any]) -> int:
    """A search for settings, for an alert rule, or for a network."""
    kind, ask = CAMPAIGNS[what]
    with _bad_terms_named({"name": name, **terms}):
        number = ask(asker.warehouse, name, dict(terms))
    belongs(asker.connection, number, asker.caller.user_id)
    return asker.launch(number, _named(asker, kind, said.campaigns, name, _ASSETS[kind], number))


def dataset(asker: Asker, kind: str, name: str, terms: Mapping[str, Any], landing: str) -> int:
    """A dataset of signals: generated, gathered from sites' captures, or imported from a folder.

    An import's `folder` lies below `landing`, where exports arrive: no other folder of the machine is read.
    """
    facts = dict(terms)
    if kind == IMPORT:
        facts["folder"] = str(_below(landing, str(facts.get("folder") or "")))
    with _bad_terms_named({"name": name, **facts}, "terms"):
        number = MAKERS[kind].ask(asker.warehouse, name, facts)
    belongs(asker.connection, number, asker.caller.user_id)
    ops = {"datasets": {"config": {"kind": kind, "job_id": number}}}
    launch = Launch("dataset", [name], ops, str(said.datasets.name), by=asker.by)
    return asker.launch(number, launch)


def _named(asker: Asker, job: str, partitions: Any, name: str, asset: str, number: int) -> Launch:
    ops = {asset: {"config": {"job_id": number}}}
    return Launch(job, [name], ops, str(partitions.name), by=asker.by)


def _below(landing: str, folder: str) -> Path:
    """A folder below another one. BadField for one that leads out of it, or that holds too much."""
    if is_remote(landing):
        raise Failure("exports arrive in a bucket here: it has no folders", "import with the command line")
    home = Path(landing).resolve()
    path = (home / folder).resolve() if "\0" not in folder else home
    if not folder.strip() or path == home or not path.is_relative_to(home) or not path.is_dir():
        fault = "is no folder below the one where exports arrive"
        raise BadField(f"folder: {fault}", "put the captures there", "terms.folder", fault)
    sizes = [size for size, _ in zip(_sizes(path), range(MOST_FILES + 1), strict=False)]
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
        fault = f"holds more than {MOST_FILES:,} files or {MOST_BYTES // 10**6} MB"
        raise BadField(f"folder: {fault}", "import with the command line", "terms.folder", fault)
    return path


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield (Path(place) / name).lstat().st_size


@contextmanager
def _bad_terms_named(terms: Mapping[str, Any], place: str = "") -> Iterator[None]:
    """Turn what terms cannot be into an error that names the term, where its words do, and gives none back.

    place: where the terms stand in the body; empty where each is a field of its own.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        fault, _, step = str(error).partition("; next step: ")
        if not isinstance(error, ValueError):
            fault = "a term is of a kind that it cannot be"
        named = next((name for name in terms if re.match(rf"{re.escape(name)}\b", fault)), "")
        field = ".".join(filter(None, (place, named))) or "terms"
        raise BadField(fault, step or "correct it", field, _without(fault, terms)) from error


def _without(fault: str, terms: Any) -> str:
    """Words of an error without the texts that were given."""
    for text in sorted(_texts(terms), key=len, reverse=True):
        fault = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "what was given", fault)
    return fault


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _texts(part)
