"""Rows of impedance sweeps: they stand among the points of a test, and are no points in time."""

import re

import polars as pl

from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.formats.raw_table import RawTable

# Name of the column of frequencies, Hz, in the frame of a file that has sweeps.
FREQUENCY = "sweep_hz"
_FREQUENCIES = ("freq", "frequency", "freq_hz", "frequency_hz")
_IMPEDANCE = re.compile(
    r"(^|_)(re_?z|im_?z|z_?re(al)?|z_?im(ag(inary)?)?|z_?mod|z_?phz|phase_z|z|impedance)(_|$)"
)


def heading_of(table: RawTable, dialect: Dialect) -> Heading | None:
    """The heading of the frequency; where the dialect has none of its own, only beside one of impedances."""
    heading = next((one for one in table.headings if one.slug in _FREQUENCIES), None)
    beside = dialect.sweeps or any(_IMPEDANCE.search(one.slug) for one in table.headings)
    return heading if beside else None


def frequency(cells: pl.Series) -> pl.Series:
    """Hz of each row, 0 or null where it is a point in time."""
    return cells.cast(pl.Float64, strict=False).alias(FREQUENCY)


def rows(frame: pl.DataFrame) -> list[int]:
    """Rows of sweeps: what they lack is no fault."""
    return frame[FREQUENCY].gt(0).fill_null(False).arg_true().to_list() if FREQUENCY in frame.columns else []


def impedances(table: RawTable) -> list[int]:
    """Places of the columns that only rows of sweeps fill."""
    return [one.place for one in table.headings if _IMPEDANCE.search(one.slug)]
