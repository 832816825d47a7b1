"""Datasets of signals and experiments on them: asked for, run, compared, found. One door for every face."""

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from battery_assets.actions.session import Session, run_here
from battery_assets.actions.signals.owners import belongs
from battery_assets.errors import BadInput, UserError
from battery_assets.experiments import said
from battery_assets.experiments.making import MAKERS, accounts
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.trying import books, comparison, explaining, finding, models, work
from battery_assets.platform.jobs import core
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.tables.experiments.detections import detection_power

T = TypeVar("T")


def plainly(do: Callable[[], T]) -> T:
    """Turn bad input into an error for the command line."""
    try:
        return do()
    except BadInput as error:
        fault, _, step = str(error).partition("; next step: ")
        raise UserError(fault, step or "correct it and run the command again") from error


def make_dataset(
    at: Session, name: str, kind: str, terms: dict[str, Any], user_id: int = 0
) -> dict[str, Any]:
    """Make a dataset in this process, or go on with it. Returns its row. UserError with the reason."""
    number = plainly(lambda: MAKERS[kind].ask(at.warehouse, name, terms))
    with at.warehouse.transaction() as connection:
        belongs(connection, number, user_id)
    said.know(at.instance, said.datasets, name)
    run_here("dataset", name, ops={"datasets": {"config": {"kind": kind, "job_id": number}}})
    return dict(datasets.dataset(at.warehouse, name)._mapping)


def list_datasets(at: Session) -> list[dict[str, Any]]:
    """Every dataset with its state, by name."""
    query = sa.text(
        "SELECT one.name, one.num_signals, one.meta_data, view.status FROM experiments.datasets AS one "
        "JOIN dataset_job.datasets AS view ON view.name = one.name ORDER BY one.name"
    )
    with at.warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def tell_power(at: Session, site: str) -> list[dict[str, Any]]:
    """Tell what a site's strings would have seen of a capacitor's loss. Returns rows of detection_power."""
    with at.warehouse.reading() as connection:
        fleet_sites = {row.site for row in registry.sites(connection) if row.source not in LAB_SOURCES}
    if site not in fleet_sites:
        raise UserError(f"{site}: no site", "battery-assets site list")
    run_here("string_power", site)
    query = sa.select(detection_power).where(detection_power.c.site == site).order_by(detection_power.c.id)
    with at.warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def import_accounts(at: Session, name: str) -> list[dict[str, Any]]:
    """What became of every row of the files of an imported dataset, by path."""
    return plainly(lambda: accounts.of_dataset(at.warehouse, name))


def remove_dataset(at: Session, name: str) -> int:
    """Take a dataset out, with its signals and experiments. Returns how many signals it had."""
    count = plainly(lambda: datasets.remove(at.warehouse, name))
    at.instance.delete_dynamic_partition(str(said.datasets.name), name)
    return count


def run_experiment(at: Session, name: str, terms: dict[str, Any], user_id: int = 0) -> dict[str, Any]:
    """Carry out an experiment in this process. Returns its row. UserError with the reason."""
    number = plainly(lambda: work.ask(at.warehouse, name, {**terms, "user_id": user_id}))
    said.know(at.instance, said.experiments, name)
    run_here("experiment", name, ops={"experiments": {"config": {"job_id": number}}})
    return books.one(at.warehouse, name)


def explain(at: Session, name: str) -> list[dict[str, Any]]:
    """Explain what an experiment's network saw. Returns explanations of methods that earned their place."""
    plainly(lambda: books.one(at.warehouse, name))
    said.know(at.instance, said.experiments, name)
    run_here("explanation", name)
    return explaining.shown(at.warehouse, name)


def stop_experiment(at: Session, name: str) -> str:
    """Ask an experiment to end with its next epoch. Returns how its job stands now."""
    row = plainly(lambda: books.one(at.warehouse, name))
    query = sa.text("SELECT job_id FROM experiments.experiment WHERE id = :id").bindparams(id=row["id"])
    with at.warehouse.transaction() as connection:
        return core.stop(connection, int(connection.execute(query).scalar_one()))


def compare(at: Session, dataset: str) -> tuple[dict[str, Any], list[comparison.Row], list[str]]:
    """What a dataset says of itself, its experiments by rank, and the classical rows that are missing."""
    row = plainly(lambda: datasets.dataset(at.warehouse, dataset))
    meta = dict(row.meta_data or {})
    classical = models.rows_of(meta.get("kind", "ripple"))
    ranked, missing = comparison.compared(books.grouped(at.warehouse, int(row.id)), classical)
    return meta, ranked, missing


def find(at: Session, query: str, save: str = "", use: str = "", user_id: int = 0) -> list[dict[str, Any]]:
    """Experiments that a query finds; a person keeps the query under a name (`save`), or takes a kept one."""

    def go() -> list[dict[str, Any]]:
        text = finding.use_search(at.warehouse, use, user_id) if use else query
        if save:
            finding.keep_search(at.warehouse, save, text, user_id)
        return finding.search(at.warehouse, text)

    return plainly(go)


def note(at: Session, name: str, words: str) -> None:
    """Write what people note of an experiment, in place of what stands there."""
    plainly(lambda: books.one(at.warehouse, name))
    books.change(at.warehouse, name, notes=words)


def tag(at: Session, name: str, word: str, user_id: int = 0) -> None:
    """Give an experiment a tag, for a person."""
    plainly(lambda: finding.put_tag(at.warehouse, name, word, user_id))
