"""After the demo's stage every column of both references stands in real rows, and no step is left to do."""

import json
import os

import pytest
import sqlalchemy as sa

from battery_assets.learning.signals.onnx_file import can_export
from battery_assets_tests.tables.test_experiment_names import LEARNING
from battery_assets_tests.worlds.homes import fresh_home

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
            counts = ", ".join(f'count("{column}"::text) AS "{column}"' for column in columns)
            row = (
                connection.execute(sa.text(f"SELECT count(*) AS rows_, {counts} FROM {schema}.{table}"))
                .mappings()
                .one()
            )
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
