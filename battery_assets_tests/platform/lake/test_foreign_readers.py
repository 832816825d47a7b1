"""Every table of the lake is plain Delta and plain Parquet to other programs."""

from pathlib import Path

import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.tables.projections import polars_schema, sort_columns
from battery_assets_tests.worlds.random_rows import World
from battery_assets_tests.worlds.stores import kept

LAKE = [table for table in t.TABLES if table.info["store"] == "lake"]
PARTS = [Part(site, month) for site in ("alpha", "beta") for month in ("2025-03", "2025-04")]


def as_a_platform_writes(rows: pl.DataFrame, table: sa.Table, part: Part) -> pl.DataFrame:
    """Rows of the part's month whose units and words are codes, other ones in every part."""
    start = pl.lit(part.start)
    words = [c.name for c in table.columns if c.info["kind"] in ("uuid", "enum")]
    moved = rows.with_columns(ts=start + pl.duration(seconds=pl.int_range(pl.len()) % 86_000))
    return moved.with_columns(
        moved[name].cast(pl.Enum(moved[name].drop_nulls().unique().sort())) for name in words
    ).sort(sort_columns(table))


@pytest.fixture(params=LAKE, ids=lambda table: table.name)
def written(request, warehouse):
    """A lake table with two months of two sites; its folder and the rows as the platform reads them."""
    table = request.param
    for seed, part in enumerate(PARTS):
        kept(warehouse, table, as_a_platform_writes(World(seed).rows(table, 60), table, part), part)
    ours = pl.concat(
        warehouse.read(table, part).collect().with_columns(site=pl.lit(part.site), month=pl.lit(part.month))
        for part in PARTS
    )
    assert ours.height == 60 * len(PARTS)
    return table, Path(warehouse.lake.table_url(table)), ours


def agree(theirs: pl.DataFrame, ours: pl.DataFrame, table: sa.Table) -> None:
    """The same rows, whatever the reader calls the types."""
    names = [*polars_schema(table), "site", "month"]
    kinds = {**polars_schema(table), "site": pl.String, "month": pl.String}
    both = [
        frame.select(pl.col(name).cast(kinds[name]) for name in names).sort(
            "site", "month", "ts", *names[1:3]
        )
        for frame in (theirs, ours)
    ]
    assert both[0].equals(both[1], null_equal=True)


def test_polars_reads_it_as_delta(written):
    table, folder, ours = written
    agree(pl.scan_delta(str(folder)).collect(), ours, table)
    one = pl.scan_delta(str(folder)).filter(site="beta", month="2025-04").collect()
    assert one.height == 60


def test_pyarrow_reads_it_as_delta(written):
    from deltalake import DeltaTable

    table, folder, ours = written
    agree(pl.DataFrame(pl.from_arrow(DeltaTable(folder).to_pyarrow_table())), ours, table)


def test_duckdb_reads_it(written):
    import duckdb

    table, folder, ours = written
    connection = duckdb.connect()
    try:
        connection.execute("LOAD delta")
        source = f"delta_scan('{folder}')"
    except duckdb.Error:
        # The extension is fetched from its maker's host: without it, the files that the log names are read.
        from deltalake import DeltaTable

        source = f"read_parquet({DeltaTable(folder).file_uris()!r}, hive_partitioning = true)"
    connection.execute("SET TimeZone = 'UTC'")
    seen = connection.sql(f"SELECT * REPLACE (site::VARCHAR AS site, month::VARCHAR AS month) FROM {source}")
    agree(pl.DataFrame(pl.from_arrow(seen.to_arrow_table())), ours, table)


def test_plain_parquet_readers_read_all_of_its_files_at_once(written):
    table, folder, ours = written
    every = str(folder / "site=*" / "month=*" / "*.parquet")
    hive = {"site": pl.String, "month": pl.String}
    agree(pl.read_parquet(every, hive_partitioning=True, hive_schema=hive), ours, table)
    agree(pl.DataFrame(pl.from_arrow(arrow_dataset(folder))), ours, table)


def arrow_dataset(folder: Path):
    import pyarrow as pa

    flavour = ds.partitioning(pa.schema([("site", pa.string()), ("month", pa.string())]), flavor="hive")
    return ds.dataset(folder, format="parquet", partitioning=flavour, exclude_invalid_files=True).to_table()


def test_a_file_tells_nothing_that_only_one_program_knows(written):
    _, folder, _ = written
    for path in folder.rglob("site=*/**/*.parquet"):
        assert b"_PL_" not in path.read_bytes(), "polars' own word in the file"
        for field in pq.read_schema(path):
            assert not field.metadata, f"{field.name}: {field.metadata}"
