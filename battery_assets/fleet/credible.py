"""What is credible of the days of a walk. A day that was found sound is not judged again in this process.

Charge, features, twin and laws read the same files, mostly in one run, and nearly every day is sound. What is
kept is that verdict alone, under the checksums of the files and the facts that it was found with.
"""

from collections.abc import Callable
from datetime import date

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs

# Rows of a day without what is not credible, and what was left out.
Judged = tuple[pl.DataFrame, pl.DataFrame]
# What a verdict looks at of the jars; laws that they break are looked at each time.
_LOOKED_AT = (
    "battery_id", "string_id", "position_in_string", "capacity_ah", "nominal_v", "cells", "batteries_count",
    "string_nominal_v",
)  # fmt: skip
# And of the rows: what else there is goes with these.
_MEASURED = frozenset({"voltage_v", "temperature_c", "resistance_mohm", "current_a", "mode"})
# Files, facts: the columns that were found sound. More than a night of a hundred sites has.
_SOUND: dict[tuple[str, str], frozenset[str]] = {}
_MOST = 20_000


class Judge:
    """Judges days of a walk over `read`, against the jars of the month; without a walk each time anew."""

    def __init__(self, read: Inputs | None, jars: pl.DataFrame) -> None:
        self._jars = jars
        self._files = {
            table: read.digests_of(table)
            for table in (t.telemetry_jar_raw, t.telemetry_string_raw)
            if read is not None and table in read.tables
        }
        self._facts = digest(jars.select(name for name in _LOOKED_AT if name in jars.columns))

    def jars(self, day: date, rows: pl.DataFrame) -> Judged:
        """As `credible_jars`. rows: all of the day that the walk gives, sorted by (unit, ts)."""
        from battery_assets.features.credible.days import credible_jars

        return self._judged(t.telemetry_jar_raw, "battery_id", day, rows, credible_jars)

    def strings(self, day: date, rows: pl.DataFrame) -> Judged:
        """As `credible_strings`; rows as for `jars`."""
        from battery_assets.features.credible.days import credible_strings

        return self._judged(t.telemetry_string_raw, "string_id", day, rows, credible_strings)

    def _judged(
        self,
        table: sa.Table,
        unit: str,
        day: date,
        rows: pl.DataFrame,
        credible: Callable[[pl.DataFrame, pl.DataFrame], Judged],
    ) -> Judged:
        from battery_assets.features.credible.days import RED_LAW, without_quarantined

        files = self._files.get(table, {}).get(day)
        if files is None:
            return credible(rows, self._jars)
        key, columns = (files, self._facts), _MEASURED.intersection(rows.columns)
        if columns <= _SOUND.get(key, frozenset()):
            return without_quarantined(rows, unit, self._jars)
        judged, left_out = credible(rows, self._jars)
        if not (left_out["code"] != RED_LAW).any():
            if len(_SOUND) >= _MOST:
                _SOUND.clear()
            _SOUND[key] = columns
        return judged, left_out
