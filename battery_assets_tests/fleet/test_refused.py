"""What was refused of files: shown in Dagster by file, line, column, value; of people nothing is shown."""

import dagster as dg
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.catalogues import replace_from_all_sources
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.tables import ingest_file, quarantined_row
from battery_assets.synthetic import catalogue
from battery_assets_tests.worlds.landing import export, known, master_files, partition

PEOPLE = """user_id,email,name,role,created_at,updated_at
11111111-1111-4111-8111-111111111111,{first},Some Body,{role},2024-01-01T00:00:00Z,2024-01-01T00:00:00Z
22222222-2222-4222-8222-222222222222,some.body@example.org,Some Body,{role},2024-01-01T00:00:00Z,2024-01-01T00:00:00Z
"""
BODY = "some.body@example.org"


@pytest.fixture
def landing(tmp_path) -> Landing:
    known_folder = tmp_path / "landing"
    (known_folder / "north").mkdir(parents=True)
    return Landing(folder=str(known_folder))


def all_books(warehouse) -> str:
    """Every value of the accounts, as text."""
    with warehouse.transaction() as connection:
        return str([list(connection.execute(sa.select(books))) for books in (ingest_file, quarantined_row)])


@pytest.mark.parametrize(
    ("text", "policy", "words"),
    [
        (PEOPLE.format(first="a@b.org", role="boss"), "tolerant", "NOT_IN_ENUM"),
        (PEOPLE.format(first="a@b.org", role="boss"), "strict", "BAD_ROWS"),
        (PEOPLE.format(first=BODY, role="admin"), "tolerant", "email: 1 values are another row"),
        (PEOPLE.format(first=BODY, role="admin").split("\n", 1)[1], "tolerant", "DUPLICATE_COLUMN"),
    ],
    ids=["row", "file", "doubled", "headless"],
)
def test_no_book_and_no_page_says_how_to_reach_people(warehouse, landing, tmp_path, text, policy, words):
    with warehouse.transaction() as connection:
        registry.put_site(connection, "north", "files", {"timezone": "UTC", "policy": policy})
    (tmp_path / "landing" / "north" / "user.csv").write_text(text)
    part = warehouse.claim(t.user, partition(t.user))
    result = replace_from_all_sources(warehouse, landing, t.user, part, catalogue.users())
    shown = str([repr(value) for value in result.metadata.values()])
    for said in (all_books(warehouse), shown):
        assert words in said
        assert "example.org" not in said and "Some Body" not in said


def test_the_page_shows_refused_files_and_the_first_bad_row_of_each_kind(warehouse, landing, tmp_path):
    known(warehouse)
    folder = tmp_path / "landing"
    master_files(folder)
    rows = pl.read_csv(folder / "north" / "battery.csv", infer_schema=False)
    bad = rows.with_columns(
        pl.when(pl.int_range(pl.len()) == 1).then(pl.lit("broken")).otherwise("status").alias("status")
    )
    export(bad, folder / "north", "battery")
    (folder / "north" / "battery_2.csv").write_text("battery_id;string_id\n")
    part = warehouse.claim(t.battery, partition(t.battery))
    metadata = replace_from_source(warehouse, landing, t.battery, part).metadata
    refused, row = [record.data for record in metadata["refused"].records]
    assert isinstance(metadata["refused"], dg.TableMetadataValue)
    assert refused["file"] == "battery_2.csv"
    assert refused["why"].startswith(
        "DIALECT: columns are separated by ';'; the contract says ','; next step: "
    )
    assert row == {
        "file": "battery.csv", "line": 3, "column": "status", "value": "broken", "rows": 1,
        "why": "NOT_IN_ENUM: not one of the listed words",
    }  # fmt: skip
