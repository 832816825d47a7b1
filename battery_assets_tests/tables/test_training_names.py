"""The names of the lab training schema are those of its reference, to the letter."""

import json

import sqlalchemy as sa

from battery_assets.platform.warehouse.database import transaction
from battery_assets.tables.lab.training import TRAINING_TABLES

ELSEWHERE = {"battery_unit", "cycle_data"}


def test_every_table_and_column_of_the_reference_is_there(warehouse_url, shared_data):
    reference = json.loads((shared_data.parent / "reference" / "tables.json").read_text())[
        "lab_training_schema"
    ]
    query = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'lab_training'"
    )
    found: dict[str, set[str]] = {}
    with transaction(warehouse_url) as connection:
        for table, column in connection.execute(sa.text(query)):
            found.setdefault(table, set()).add(column)
    assert set(reference) - ELSEWHERE == set(found)
    for name in found:
        lacking = set(reference[name]) - found[name]
        assert not lacking, f"lab_training.{name} lacks {lacking}"
        more = {"reason"} if name == "training_job" else set()
        assert found[name] - set(reference[name]) == more


def test_the_analyst_reads_trainings(migrated_url):
    names = [table.name for table in TRAINING_TABLES] + ["training_job", "training_job_log"]
    with transaction(migrated_url) as connection:
        connection.execute(sa.text("SET ROLE battery_analyst"))
        for name in names:
            connection.execute(sa.text(f"SELECT * FROM lab_training.{name} LIMIT 1"))
