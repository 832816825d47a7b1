"""Decimals as the lake writes them: whole numbers that count the last digit, 13.512 V as 13512.

Parquet keeps a decimal of 18 digits or less as such a number. polars knows decimals of 128 bits alone: a day
of samples brought to them and back would take four times the memory and several times the time.
"""

import numpy as np
import polars as pl
import pyarrow as pa
import sqlalchemy as sa

from battery_assets.tables.projections import stored_schema

# What of a column is looked at together stays in the processor's cache.
_TOGETHER = 16_384
# Up to here `value * 10**scale` is nearer to its own whole number than to any other (53 and 24 bits).
_DIGITS: dict[type[pl.DataType], int] = {pl.Float64: 15, pl.Float32: 6}


def decimals(table: sa.Table) -> dict[str, pl.Decimal]:
    """The decimal columns of a lake table."""
    return {name: kind for name, kind in stored_schema(table).items() if isinstance(kind, pl.Decimal)}


def counted(values: pl.Series, kind: pl.Decimal) -> pl.Series:
    """Values as whole numbers of their last digit, halves to the even one; nulls stay.

    Raises polars' own error where a value does not fit.
    """
    whole = pl.Int32 if kind.precision <= 9 else pl.Int64
    if kind.precision > _DIGITS.get(values.dtype.base_type(), 0):
        exact = values.round(kind.scale) if values.dtype.is_float() else values
        return exact.cast(kind).to_physical().cast(whole)
    present = values.drop_nulls() if values.null_count() else values
    numbers = _last_digits(present.to_numpy(), kind, np.int32 if whole == pl.Int32 else np.int64)
    if numbers is None:
        return values.cast(pl.Float64).round(kind.scale).cast(kind).to_physical().cast(whole)
    return _where_present(values, pl.Series(values.name, numbers, dtype=whole))


def uncounted(values: pl.Series) -> pl.Series:
    """A column of decimals as Float32, to the bit as polars' own cast gives it in four times the time."""
    kind = values.dtype
    if not isinstance(kind, pl.Decimal) or kind.precision > 18:
        return values.cast(pl.Float32)
    present = values.drop_nulls() if values.null_count() else values
    numbers, row = np.empty(present.len(), np.float32), 0
    scaled = np.empty(min(present.len(), _TOGETHER))
    for part in present.get_chunks():
        # Of 128 bits, the lower half holds all of such a number.
        lower = np.frombuffer(part.to_arrow().buffers()[1], "<i8")[::2][-part.len() :]
        for first in range(0, part.len(), _TOGETHER):
            some = lower[first : first + _TOGETHER]
            block = scaled[: some.size]
            block[:] = some
            block /= 10.0**kind.scale
            numbers[row : row + some.size] = block
            row += some.size
    return _where_present(values, pl.Series(values.name, numbers))


def _where_present(values: pl.Series, made: pl.Series) -> pl.Series:
    """What was made of the values that are not null, in their places."""
    if made.len() == values.len():
        return made
    nothing = pl.Series(values.name, [None], dtype=made.dtype).new_from_index(0, values.len())
    return nothing.scatter(values.is_not_null().arg_true(), made)


def _last_digits(values: np.ndarray, kind: pl.Decimal, whole: type) -> np.ndarray | None:
    """As `counted`, of an array (n,) of floats; None where one is too large, infinite or NaN."""
    numbers: np.ndarray = np.empty(values.size, whole)
    scaled = np.empty(min(values.size, _TOGETHER))
    for first in range(0, values.size, _TOGETHER):
        some = values[first : first + _TOGETHER]
        block = scaled[: some.size]
        block[:] = some
        block *= 10.0**kind.scale
        np.rint(block, out=block)
        if not (-(10.0**kind.precision) < block.min() and block.max() < 10.0**kind.precision):
            return None
        numbers[first : first + _TOGETHER] = block
    return numbers


def as_decimals(rows: pa.Table, table: sa.Table) -> tuple[pa.Table, pa.Schema]:
    """Counted columns as the decimals that they are, no value being touched.

    The schema beside it has decimals of 128 bits in their place, as every reader of Arrow knows them.
    """
    columns, schema = rows.columns, rows.schema
    for name, kind in decimals(table).items():
        at, digits = schema.get_field_index(name), (kind.precision, kind.scale)
        whole = columns[at]
        decimal = (pa.decimal32 if whole.type == pa.int32() else pa.decimal64)(*digits)
        parts = [
            pa.Array.from_buffers(decimal, len(part), part.buffers(), part.null_count, part.offset)
            for part in whole.chunks
        ]
        columns[at] = pa.chunked_array(parts, decimal)
        schema = schema.set(at, schema.field(at).with_type(pa.decimal128(*digits)))
    return pa.table(columns, names=schema.names), schema
