"""Decimals counted in their last digit: what polars' own decimals would be, to the last of them."""

import io

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from battery_assets import tables as t
from battery_assets.platform.lake.format import as_stored, parquet_bytes
from battery_assets.platform.warehouse.decimals import counted, uncounted
from battery_assets_tests.worlds.random_rows import World

FLOATS = pl.Float32, pl.Float64


def as_polars_does(values: pl.Series, kind: pl.Decimal) -> list[int | None]:
    exact = values.round(kind.scale) if values.dtype.is_float() else values
    return exact.cast(kind).to_physical().to_list()


def many(kind: pl.Decimal, floats: type[pl.DataType]) -> pl.Series:
    """Values all over the range, those that stand between two digits, and their neighbours."""
    rng, most = np.random.default_rng(5), 10**kind.precision - 1
    whole = rng.integers(-most, most, 40_000)
    between = ((whole + 0.5) / 10**kind.scale).astype(np.float32 if floats == pl.Float32 else np.float64)
    small = rng.integers(-400, 400, 4_000) / 8.0
    given = [whole / 10**kind.scale, between, np.nextafter(between, np.inf), np.nextafter(between, -np.inf)]
    values = pl.concat([pl.Series("value", part, dtype=floats) for part in [*given, small]])
    return values.filter((values.cast(pl.Float64) * 10**kind.scale).round(0).abs() <= most)


@pytest.mark.parametrize("floats", FLOATS)
@pytest.mark.parametrize(
    "digits", [(5, 3), (4, 1), (6, 3), (7, 3), (8, 5), (10, 2), (12, 6), (14, 4), (18, 6)]
)
def test_a_value_is_the_decimal_that_polars_makes_of_it(digits, floats):
    kind = pl.Decimal(*digits)
    values = many(kind, floats)
    assert values.len() > 30_000
    assert counted(values, kind).to_list() == as_polars_does(values, kind)
    holes = values.set(pl.Series(np.arange(values.len()) % 3 == 0), None)
    assert counted(holes, kind).to_list() == as_polars_does(holes, kind)


@pytest.mark.parametrize("digits", [(5, 3), (7, 3), (8, 5), (14, 4), (18, 6), (24, 6)])
def test_a_decimal_is_the_float_that_polars_makes_of_it(digits):
    kind = pl.Decimal(*digits)
    values = many(pl.Decimal(min(kind.precision, 15), kind.scale), pl.Float64).round(kind.scale).cast(kind)
    holes = values.set(pl.Series(np.arange(values.len()) % 3 == 0), None)
    pieces = pl.concat([values.slice(7, 20_001), holes.slice(3, 11), values.head(0)], rechunk=False)
    for given in (values, holes, holes.slice(5, 100), pieces, pieces.slice(19_990), values.head(0)):
        assert uncounted(given).equals(given.cast(pl.Float32), check_dtypes=True, null_equal=True)


@pytest.mark.parametrize("values", [pl.Series([1, None, 3]), pl.Series([None, None], dtype=pl.Float32)])
def test_whole_numbers_and_nothing_are_counted_too(values):
    assert counted(values, pl.Decimal(5, 3)).to_list() == as_polars_does(values, pl.Decimal(5, 3))


@pytest.mark.parametrize("value", [100.0, 99.9996, -99.9996, float("nan"), float("inf")])
@pytest.mark.parametrize("floats", FLOATS)
def test_a_value_that_does_not_fit_is_refused(value, floats):
    good = [1.0] * 20_000
    for values in ([*good, value, None], [value, *good]):
        with pytest.raises(pl.exceptions.PolarsError):
            counted(pl.Series(values, dtype=floats), pl.Decimal(5, 3))


def test_every_reader_of_arrow_knows_the_decimals_of_a_file():
    rows = World(5).rows(t.telemetry_string_calc, 40)
    content = parquet_bytes(as_stored(rows, t.telemetry_string_calc), t.telemetry_string_calc)
    table = pq.read_table(io.BytesIO(content))
    assert table.schema.field("power_w").type == pa.decimal128(10, 2)
    assert table.schema.field("thd_pct").type == pa.decimal128(5, 2)
    kinds = {column.name: column.physical_type for column in pq.ParquetFile(io.BytesIO(content)).schema}
    assert (kinds["power_w"], kinds["thd_pct"]) == ("INT64", "INT32")
