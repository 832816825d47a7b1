"""How jars are built: how many cells, of which chemistry; jars of other sizes are seen as ones of six cells.

The laws of a lead-acid jar are written for six cells (12 V). A block of 2, 4 or 6 V is the same cells in
another number: its voltages, and resistances, times 6 / cells are those of a jar of six of its cells.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

SIX = 6
V_PER_CELL = 2.0
LEAD_ACID = "VRLA"
JAR_V = V_PER_CELL * SIX
# Nominal voltages of blocks that are built; a string's voltage over its places is one of them or a mistake.
BLOCKS_V = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0)
# A cell of LFP, and its modules of 1 to 16 in series, but for that of 16 V, which lead-acid blocks have, too.
LFP_V = tuple(round(3.2 * cells, 1) for cells in range(1, 17) if cells != 5)


def with_cells(jars: pl.DataFrame) -> pl.DataFrame:
    """Jars with nominal_v, lead_acid and cells, of nominal_voltage_v and chemistry of their model.

    string_nominal_v and batteries_count tell the nominal voltage where the model is not known; where nothing
    does it is 12 V. A chemistry that is not known counts as lead-acid, but for jars of a nominal voltage that
    only LFP has.
    """
    by_string = (pl.col("string_nominal_v").cast(pl.Float64) / pl.col("batteries_count")).round(2)
    nominal = pl.coalesce(
        pl.col("nominal_voltage_v").cast(pl.Float64),
        pl.when(by_string.is_in([*BLOCKS_V, *LFP_V])).then(by_string),
        pl.lit(JAR_V),
    )
    chemistry = pl.col("chemistry").cast(pl.String)
    unknown = chemistry.is_null() & pl.col("nominal_voltage_v").is_null()
    of_lfp = unknown & by_string.is_in(list(LFP_V)).fill_null(value=False)
    lead_acid = (chemistry.fill_null(LEAD_ACID) == LEAD_ACID) & ~of_lfp
    cells = pl.when(lead_acid).then((nominal / V_PER_CELL).round().clip(lower_bound=1.0))
    return jars.with_columns(
        nominal_v=nominal, lead_acid=lead_acid, cells=cells.fill_null(float(SIX)).cast(pl.Int64)
    )


def in_series(jars: pl.DataFrame) -> pl.Expr:
    """How many jars a string has, over rows of its jars: a place whose jar's row was not taken in is one of
    them.

    jars: position_in_string, and batteries_count of the string where it is known.
    """
    recorded = pl.col("position_in_string").n_unique().cast(pl.Int64)
    if "batteries_count" not in jars.columns:
        return recorded
    return pl.max_horizontal(recorded, pl.col("batteries_count").max().cast(pl.Int64))


def cells_of(jars: pl.DataFrame, unit: str) -> dict[str, float]:
    """Cells of a jar by battery_id, or of a mean jar of a string by string_id; those of other sizes alone.

    A string may hold blocks of several sizes: its volts are those of all its cells.
    """
    if "cells" not in jars.columns:
        return {}
    usual = jars.group_by(pl.col(unit).cast(pl.String)).agg(pl.col("cells").mean())
    return dict(usual.filter(pl.col("cells") != SIX).iter_rows())


def in_six_cells(
    rows: pl.DataFrame, unit: str, cells: Mapping[str, float], columns: tuple[str, ...] = ("voltage_v",)
) -> pl.DataFrame:
    """The rows with these columns (V or mΩ) as a jar of six such cells has them.

    cells: as `cells_of` gives it; without any the rows are as they came.
    """
    present = [name for name in columns if name in rows.columns]
    if not cells or not present or rows.is_empty():
        return rows
    factor = (
        rows[unit]
        .cast(pl.String)
        .replace_strict(
            {name: SIX / count for name, count in cells.items()}, default=1.0, return_dtype=pl.Float64
        )
    )
    return rows.with_columns((pl.col(name).cast(pl.Float64) * factor).alias(name) for name in present)


def sizes(jars: pl.DataFrame, ids: list[str]) -> np.ndarray:
    """6 / cells of jars in the order of ids."""
    usual_cells = cells_of(jars, "battery_id")
    return np.array([SIX / usual_cells.get(name, SIX) for name in ids])
