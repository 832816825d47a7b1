"""The names of the experiment platform's and the dataset and job schema are their references', to the letter."""

import json

import sqlalchemy as sa

from battery_assets.platform.warehouse.database import transaction

LEARNING = {
    "datasets", "signals", "experiments", "training_runs", "tags", "experiment_tags", "saved_searches",
    "hpo_campaigns", "nas_campaigns", "nas_trials", "explanations", "dataset_generations", "dataset_imports",
}  # fmt: skip


def columns(url: str, schema: str) -> dict[str, set[str]]:
    query = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :schema"
    ).bindparams(schema=schema)
    found: dict[str, set[str]] = {}
    with transaction(url) as connection:
        for table, column in connection.execute(query):
            found.setdefault(table, set()).add(column)
    return found


def test_the_learning_half_of_the_experiment_platform_is_there(warehouse_url, shared_data):
    reference = json.loads((shared_data.parent / "reference" / "tables.json").read_text())
    found = columns(warehouse_url, "experiments")
    for name in LEARNING:
        lacking = set(reference["experiment_platform_schema"][name]) - found.get(name, set())
        assert not lacking, f"experiments.{name} lacks {lacking}"


def test_the_dataset_and_job_schema_is_there(warehouse_url, shared_data):
    reference = json.loads((shared_data.parent / "reference" / "tables.json").read_text())
    found = columns(warehouse_url, "dataset_job")
    for name, wanted in reference["dataset_job_schema"].items():
        assert set(wanted) - found.get(name, set()) == set(), name


def test_the_analyst_reads_all_of_it_but_how_to_reach_people(migrated_url):
    import pytest
    from sqlalchemy.exc import ProgrammingError

    with transaction(migrated_url) as connection:
        connection.execute(sa.text("SET ROLE battery_analyst"))
        for name in sorted(LEARNING):
            connection.execute(sa.text(f"SELECT * FROM experiments.{name} LIMIT 1"))
        for name in ("datasets", "jobs", "models", "results"):
            connection.execute(sa.text(f"SELECT * FROM dataset_job.{name} LIMIT 1"))
    with transaction(migrated_url) as connection:
        connection.execute(sa.text("SET ROLE battery_analyst"))
        email = sa.text("SELECT email FROM dataset_job.users")
        with pytest.raises(ProgrammingError, match="denied"):
            connection.execute(email)
