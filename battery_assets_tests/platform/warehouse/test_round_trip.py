"""What is written comes back as it was, in every table, and what does not fit is refused by name."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Table

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.tables.projections import key_columns, polars_schema, sort_columns
from battery_assets_tests.worlds.random_rows import ODD_TEXTS, World
from battery_assets_tests.worlds.stores import PART, kept, part_of

SEED = 20251120
LAKE_TABLES = [table for table in t.TABLES if table.info["store"] == "lake"]
ROWS = 60


def as_documents(table: Table, rows: pl.DataFrame) -> list[dict]:
    """Rows in the order of their keys, JSON parsed: PostgreSQL keeps documents, not their spelling."""
    found = rows.sort(key_columns(table)).to_dicts()
    for name in (c.name for c in table.columns if c.info["kind"] == "json"):
        for row in found:
            row[name] = None if row[name] is None else json.loads(row[name])
    return found


@pytest.fixture(scope="module")
def world() -> dict[str, pl.DataFrame]:
    """Random rows of every table, children pointing at parents."""
    made = World(SEED)
    return {table.name: made.rows(table, ROWS) for table in t.TABLES}


def test_every_table_gives_back_what_it_was_given(warehouse, world):
    for table in t.TABLES:
        kept(warehouse, table, world[table.name])
    for table in t.TABLES:
        rows = warehouse.read(table, part_of(table)).collect()
        assert rows.schema == pl.Schema(polars_schema(table)), table.name
        assert as_documents(table, rows) == as_documents(table, world[table.name]), (
            f"{table.name} SEED={SEED}"
        )
        for name in polars_schema(table):
            alone = warehouse.read(table, part_of(table), [name]).collect()
            assert alone.height == rows.height, f"{table.name}.{name} read alone"
            assert alone[name].null_count() == rows[name].null_count(), f"{table.name}.{name} read alone"


def test_the_same_rows_have_the_same_checksum_in_any_order(warehouse, world):
    for table in t.TABLES:
        rows = world[table.name]
        once = kept(warehouse, table, rows)
        assert kept(warehouse, table, rows) == once, table.name
        if table.info["store"] == "postgres":
            assert kept(warehouse, table, rows.sample(fraction=1, shuffle=True, seed=1)) == once, table.name
            assert kept(warehouse, table, rows.select(reversed(rows.columns))) == once, table.name
    fewer = world["user"].head(-1)
    assert kept(warehouse, t.user, fewer) != kept(warehouse, t.user, world["user"])


@pytest.mark.parametrize("table", LAKE_TABLES, ids=lambda table: table.name)
def test_the_lake_takes_units_as_text_or_as_a_dictionary(warehouse, world, table):
    unit, _ = sort_columns(table)
    rows = world[table.name].sort(sort_columns(table))
    days = [(day, frame) for (day,), frame in rows.group_by(pl.col("ts").dt.date(), maintain_order=True)]
    kinds = [lambda units: pl.Enum(units), lambda _: pl.String, lambda _: pl.Categorical]
    mixed = [
        (day, frame.with_columns(pl.col(unit).cast(kinds[number % 3](frame[unit].unique().sort()))))
        for number, (day, frame) in enumerate(sorted(days, key=lambda pair: pair[0]))
    ]
    warehouse.replace(table, warehouse.claim(table, PART), mixed)
    read = warehouse.read(table, PART).collect()
    assert read.sort(key_columns(table)).equals(rows.sort(key_columns(table)))
    walked = pl.concat(
        [
            frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))
            for _, frame in warehouse.days(table, PART)
        ]
    )
    assert walked.height == rows.height
    assert (
        [day for day, _ in warehouse.days(table, PART)]
        == warehouse.days_of(table, PART)
        == sorted({d for d, _ in days})
    )


def test_a_lake_table_is_read_whole_by_site_and_by_month(warehouse, world):
    table = t.telemetry_env
    rows = world[table.name]
    april = rows.with_columns(pl.col("ts").dt.offset_by("1mo")).unique(["ts", "sensor_id"])
    for part, frame in (
        (PART, rows),
        (Part("beta", "2025-03"), rows),
        (Part("alpha", "2025-04"), april),
    ):
        kept(warehouse, table, frame.filter(pl.col("ts").dt.strftime("%Y-%m") == part.month), part)
    here = april.filter(pl.col("ts").dt.month() == 4).height
    assert warehouse.read(table).collect().height == 2 * rows.height + here
    assert warehouse.read(table, Part("alpha")).collect().height == rows.height + here
    assert warehouse.read(table, Part(month="2025-03")).collect().height == 2 * rows.height


def test_a_partition_that_nobody_wrote_has_no_rows(warehouse):
    for table in t.TABLES:
        rows = warehouse.read(table, part_of(table)).collect()
        assert rows.is_empty()
        assert rows.schema == pl.Schema(polars_schema(table))
        assert warehouse.profile(table, part_of(table)) is None


def test_decimals_are_rounded_to_the_digits_of_the_reference(warehouse):
    jar = "00000000-0000-0000-0000-000000000001"
    ts = datetime(2025, 3, 1, 0, 0, 0, 123457, tzinfo=UTC)
    row = {"ts": ts, "battery_id": jar, "voltage_v": 13.4996, "temperature_c": 24.96, "resistance_mohm": 3.0004,
           "conductance_s": 333.333334}  # fmt: skip
    kept(warehouse, t.telemetry_jar_raw, pl.DataFrame([row], schema=polars_schema(t.telemetry_jar_raw)))
    [read] = warehouse.read(t.telemetry_jar_raw, PART).collect().to_dicts()
    assert read == {
        **row,
        "voltage_v": 13.5,
        "temperature_c": 25.0,
        "resistance_mohm": 3.0,
        "conductance_s": 333.33333,
    }


def test_a_condition_may_hold_any_text(warehouse, world):
    kept(warehouse, t.user, world["user"])
    rows = world["user"]
    for text in ODD_TEXTS:
        found = warehouse.read(t.user, where=t.user.c.name == text).collect()
        assert found.height == rows.filter(pl.col("name") == text).height, repr(text)
    assert warehouse.read(t.user, where=t.user.c.email.like("1%")).collect().height > 1


def test_many_rows_with_line_ends_in_their_texts_come_back_whole(warehouse, world):
    count = 40_000
    at = pl.datetime_range(
        datetime(2025, 3, 1, tzinfo=UTC),
        datetime(2025, 3, 31, tzinfo=UTC),
        eager=True,
        interval="1m",
        time_unit="us",
    )
    rows = pl.DataFrame(
        {
            "log_id": [f"00000000-0000-0000-0000-{n:012x}" for n in range(count)],
            "ts": at.head(count),
            "user_id": pl.Series([None] * count, dtype=pl.String),
            "action": ['quo"te\n,\r\n'[: n % 11] for n in range(count)],
            "entity_type": pl.Series([None, ""] * (count // 2), dtype=pl.String),
            "entity_id": pl.Series([None] * count, dtype=pl.String),
            "details_json": ['{"n": "\\n\\""}'] * count,
            "ip_address": pl.Series(["\n"] * count),
        }
    )
    kept(warehouse, t.audit_log, rows)
    assert warehouse.read(t.audit_log, PART).collect().sort("log_id").equals(rows)


def location(**changed) -> pl.DataFrame:
    """One good location, but for what is changed."""
    now = datetime(2025, 3, 1, tzinfo=UTC)
    row = {
        "location_id": "00000000-0000-0000-0000-0000000000aa", "location_code": "BRK", "location_name": "Bangrak",
        "region": "central", "city": "Bangkok", "latitude": 13.7, "longitude": 100.5, "timezone": "Asia/Bangkok",
        "commissioned_date": date(2020, 1, 1), "is_active": True, "created_at": now, "updated_at": now,
    }  # fmt: skip
    kinds = {k: v for k, v in polars_schema(t.location).items() if k not in changed}
    return pl.DataFrame([{**row, **changed}], schema_overrides=kinds)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"city": None}, "location: these columns may not be null: ['city']"),
        ({"extra": 1}, "columns unknown: ['extra']"),
        ({"latitude": float("nan")}, "location: NaN or infinity, where a number or null belongs: ['latitude']"),
        ({"latitude": 91.0}, "constraint ck_location_latitude"),
        ({"latitude": 12345.0}, "column latitude"),
        ({"region": "western"}, "constraint ck_location_region"),
        ({"location_code": "x" * 21}, "column location_code"),
        ({"location_id": "no uuid"}, "column location_id"),
        ({"city": "nul\x00"}, "invalid byte sequence"),
        ({"created_at": "yesterday"}, "column created_at"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_are_refused_by_table_and_column(warehouse, changed, words):
    kept(warehouse, t.location, location())
    claimed = warehouse.claim(t.location, PART)
    with pytest.raises(ValueError, match=r"location") as refused:
        warehouse.replace(t.location, claimed, location(**changed))
    assert words in str(refused.value)
    assert warehouse.read(t.location, PART).collect().equals(location())


def test_a_missing_column_is_named(warehouse):
    claimed = warehouse.claim(t.location, PART)
    with pytest.raises(ValueError, match=r"location: columns missing: \['city'\]"):
        warehouse.replace(t.location, claimed, location().drop("city"))


def test_a_reference_to_nothing_is_named(warehouse, world):
    rows = (
        world["battery_system"]
        .head(1)
        .with_columns(location_id=pl.lit("00000000-0000-0000-0000-00000000dead"))
    )
    with pytest.raises(
        ValueError,
        match=r"battery_system 2025-03\|alpha: .*location_id.*dead.*not present.*materialize what",
    ):
        kept(warehouse, t.battery_system, rows)


def env(**changed) -> pl.DataFrame:
    row = {"ts": datetime(2025, 3, 1, tzinfo=UTC), "sensor_id": "00000000-0000-0000-0000-000000000001",
           "temperature_c": 25.0, "humidity_pct": 50.0, "hvac_status": "running"}  # fmt: skip
    kinds = {k: v for k, v in polars_schema(t.telemetry_env).items() if k not in changed}
    return pl.DataFrame([{**row, **changed}], schema_overrides=kinds)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"temperature_c": 1000.0}, "column temperature_c: a value does not fit NUMERIC(4, 1)"),
        ({"temperature_c": float("nan")}, "column temperature_c: a value does not fit NUMERIC(4, 1)"),
        ({"temperature_c": float("inf")}, "column temperature_c: a value does not fit NUMERIC(4, 1)"),
        ({"temperature_c": "warm"}, "column temperature_c"),
        ({"sensor_id": None}, "these columns may not be null: ['sensor_id']"),
        ({"ts": None}, "these columns may not be null: ['ts']"),
        ({"ts": datetime(2025, 4, 1, tzinfo=UTC)}, "is not all of this month; next step: "),
        ({"ts": datetime(2025, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)}, "is not all of this month; next step: "),
        ({"extra": 1}, "columns unknown: ['extra']"),
    ],
)  # fmt: skip
def test_samples_that_do_not_fit_are_refused_and_leave_nothing(warehouse, changed, words):
    kept(warehouse, t.telemetry_env, env())
    before = sorted(warehouse.lake.paths(t.telemetry_env, PART))
    claimed = warehouse.claim(t.telemetry_env, PART)
    with pytest.raises(ValueError, match="telemetry_env") as refused:
        warehouse.replace(t.telemetry_env, claimed, env(**changed))
    assert words in str(refused.value)
    assert warehouse.read(t.telemetry_env, PART).collect().equals(env())
    on_disk = Path(warehouse.lake.table_url(t.telemetry_env)).rglob("*.parquet")
    assert sorted(f"{p.parent.parent.name}/{p.parent.name}/{p.name}" for p in on_disk) == before
