"""After the demo's stage every column of both references stands in real rows; what cannot be leaves all of it alone."""

import json
import os
import shlex

import polars as pl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from battery_assets.actions.signals.demo import DATASET, IMPORTED
from battery_assets.cli import main
from battery_assets.learning.signals.onnx_file import can_export
from battery_assets_tests.tables.test_experiment_names import LEARNING
from battery_assets_tests.worlds.homes import fresh_home

# What stands for nothing: an empty text, an empty document, a number that is none.
NOTHING = ("", "{}", "[]", "null", "NaN")
WHO = {
    "datasets": "created_by", "experiments": "created_by", "hpo_campaigns": "created_by", "tags": "created_by",
    "experiment_tags": "added_by", "saved_searches": "user_id",
}  # fmt: skip
# A password's checksum is in no view.
EMPTY = {
    "dataset_job.users.password_hash",
    *(() if can_export() else ("experiments.experiments.onnx_path",)),
}  # fmt: skip


@pytest.fixture(scope="module")
def demo():
    """A home after the stage: its session."""
    from battery_assets.actions.people.demo import seed
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals.demo import steps

    before = dict(os.environ)
    with fresh_home() as settings, session(settings) as at:
        quiet_logs()
        seed(at)
        for step in steps(at):
            step.do(at)
        yield at
    os.environ.clear()
    os.environ.update(before)


def test_every_column_of_both_references_has_a_value_after_the_demo(demo, shared_data):
    reference = json.loads((shared_data.parent / "reference" / "tables.json").read_text())
    wanted = {("experiments", name): reference["experiment_platform_schema"][name] for name in LEARNING} | {
        ("dataset_job", name): columns for name, columns in reference["dataset_job_schema"].items()
    }
    empty = set()
    with demo.warehouse.reading() as connection:
        for (schema, table), columns in wanted.items():
            counts = ", ".join(
                f'count(*) FILTER (WHERE "{column}"::text <> ALL (:nothing)) AS "{column}"'
                for column in columns
            )
            query = sa.text(f"SELECT count(*) AS rows_, {counts} FROM {schema}.{table}")
            row = connection.execute(query, {"nothing": list(NOTHING)}).mappings().one()
            assert row["rows_"], f"{schema}.{table} has no row"
            empty |= {f"{schema}.{table}.{column}" for column in columns if not row[column]}
    assert empty == EMPTY


def test_a_second_demo_has_nothing_to_do(demo):
    from battery_assets.actions.signals.demo import steps

    assert steps(demo) == []


def test_every_job_of_the_demo_has_succeeded_but_the_one_that_was_withdrawn(demo):
    query = sa.text("SELECT status, type, error_message FROM dataset_job.jobs WHERE status <> 'completed'")
    with demo.warehouse.reading() as connection:
        others = connection.execute(query).all()
    assert [tuple(one) for one in others] == [("cancelled", "nas_campaign", "stopped before it began")]


def test_what_the_demo_made_is_the_admin_s(demo):
    query = sa.text(
        "SELECT DISTINCT u.email FROM dataset_job.jobs j LEFT JOIN dataset_job.users u ON u.id = j.user_id"
    )
    with demo.warehouse.reading() as connection:
        assert connection.execute(query).scalars().all() == ["admin@localhost"]


def test_all_that_has_an_owner_is_the_admin_s(demo):
    admin = "(SELECT id FROM service.users)"
    with demo.warehouse.reading() as connection:
        for table, column in WHO.items():
            others = sa.text(f"SELECT count(*) FROM experiments.{table} WHERE {column} <> {admin}")
            assert connection.execute(others).scalar_one() == 0, f"{table}.{column}"


def _captures(demo, folder, what: str) -> None:
    """The demo's captures of an operator, spoilt."""
    for path in sorted((demo.settings.home / IMPORTED).glob("*.csv")):
        rows = pl.read_csv(path, schema_overrides={"signal_id": pl.String})
        if what == "empty":
            (folder / path.name).write_bytes(b"")
        elif what == "no reference":
            rows.filter(pl.col("label") != "sound").write_csv(folder / path.name)
        elif what == "unknown label":
            rows.with_columns(label=pl.lit("rust")).write_csv(folder / path.name)
        elif path.stem == "R1":
            rows.write_csv(folder / path.name)


IMPORT, TUNE = "dataset import never {folder} --set sample_rate_hz=12800", f"--dataset {DATASET}"
BAD = {
    "captures without a sound burst": (IMPORT, "no reference", "NO_REFERENCE"),
    "captures of one system": (IMPORT, "one system", "five at least"),
    "captures with an unknown label": (IMPORT, "unknown label", "unknown label rust"),
    "captures that are empty": (IMPORT, "empty", "EMPTY_FILE"),
    "a folder without captures": (IMPORT, "", "holds no .csv"),
    "a generation without references": ("dataset generate never --set references=0", "", "5 sound references"),
    "a generation of one system": ("dataset generate never --set systems=1", "", "a split by system needs 5"),
    "a generation of an unknown fault": ("""dataset generate never --set 'faults=["rust"]'""", "", "rust: no fault"),
    "a space without a point": (f"campaign tune never bayesian {TUNE} --space '{{}}'", "", "no point to try"),
    "a space without a network": (f"campaign network never {TUNE} --set width=[]", "", "width has no choices"),
    "a budget of 0 trials": (f"campaign tune never random_search {TUNE} --trials 0", "", "a budget of 0 trials"),
    "a budget of 0 networks": (f"campaign network never {TUNE} --trials 0", "", "a budget of 0 trials"),
    "a budget of 0 epochs": (f"experiment run never cnn1d {TUNE} --set epochs=0", "", "0 epochs"),
    "an experiment on nothing": ("experiment run never cnn1d --dataset nothing", "", "no dataset 'nothing'"),
}  # fmt: skip
KEPT = (
    "signals", "experiment", "hpo_campaign", "hpo_trial", "nas_campaign", "nas_trials", "import_files", "import_quarantine",
)  # fmt: skip


def _stands(demo) -> dict[str, object]:
    """Rows of each table, the lake's files, and the datasets that are ready."""
    with demo.warehouse.reading() as connection:
        counts = {
            table: connection.execute(sa.text(f"SELECT count(*) FROM experiments.{table}")).scalar_one()
            for table in KEPT
        }
        ready = sa.text("SELECT name FROM dataset_job.datasets WHERE status = 'ready' ORDER BY name")
        names = connection.execute(ready).scalars().all()
    files = sorted(str(path) for path in (demo.settings.home / "lake").rglob("*") if path.is_file())
    return {**counts, "ready": names, "files": files}


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_is_refused_by_the_command_and_leaves_nothing_half_written(demo, tmp_path, bad):
    line, what, words = BAD[bad]
    if what:
        _captures(demo, tmp_path, what)
    before = _stands(demo)
    arguments = shlex.split(line.replace("{folder}", str(tmp_path)))
    done = CliRunner().invoke(main, arguments, env={"BATTERY_HOME": str(demo.settings.home)})
    assert done.exit_code == 1, done.output
    fault, step = done.output.splitlines()[-2:]
    assert fault.startswith("error: ") and words in fault
    assert step.startswith("next step: ")
    assert _stands(demo) == before
    assert "files" in before and before["files"] and before["ready"]
    query = sa.text("SELECT status, type FROM dataset_job.jobs WHERE parameters ->> 'name' = 'never'")
    with demo.warehouse.reading() as connection:
        jobs = {tuple(one) for one in connection.execute(query)}
    assert jobs <= {("failed", "dataset_import")}
