"""What several assets need to know of a site's jars: who is in service, their history, their tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.credible.masters import credible_masters
from battery_assets.features.samples.blocks import cells_of, with_cells
from battery_assets.features.samples.rated_capacity import REFERENCE_AH
from battery_assets.fleet.doubted_tests import tests_doubted
from battery_assets.fleet.local_dates import local_dates
from battery_assets.platform.dagster.partitions import Part, months_after
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.whole_months import STAMPS
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import midnight
from battery_assets.platform.warehouse.stored import day_profiles
from battery_assets.platform.warehouse.unchanged_rows import of_unchanged_rows

MODEL_COLUMNS = (
    "capacity_ah",
    "float_voltage_min_v",
    "float_voltage_max_v",
    "boost_voltage_min_v",
    "max_charge_current_a",
    "temp_warning_c",
    "temp_critical_c",
    "nominal_voltage_v",
    "chemistry",
)
# What a source writes where it does not know: no jar has a rating of 0.
_NOT_ZERO = tuple(name for name in MODEL_COLUMNS if name.endswith(("_ah", "_v", "_a")))
STRING_COLUMNS = ("string_id", "string_code", "system_id", "batteries_count", "nominal_voltage_v")
MASTER = (t.battery, t.battery_model, t.string)


def jar_facts(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """One row for each jar in service at some time of the month, sorted by battery_id.

    Master data, its string's code, system and size, its model's limits, and what `with_cells` tells of it;
    limits are empty where the model is not known, or where they are 0. A jar without a string is left out.
    """
    return of_unchanged_rows(warehouse, MASTER, part, _jar_facts)


def _jar_facts(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    return credible_masters(_as_entered(warehouse, part))[0]


def masters_left_out(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """What `jar_facts` leaves out of master data, as `credible_masters` tells it."""
    return credible_masters(_as_entered(warehouse, part))[1]


def _as_entered(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    jars = warehouse.read(t.battery, part).collect()
    models = rated_models(warehouse)
    strings = warehouse.read(t.string, part, list(STRING_COLUMNS)).collect()
    strings = strings.rename({"nominal_voltage_v": "string_nominal_v"})
    first, last = local_dates(warehouse, part)
    started = pl.col("installed_date").is_null() | (pl.col("installed_date") <= last)
    present = pl.col("replaced_date").is_null() | (pl.col("replaced_date") >= first)
    return with_cells(
        jars.filter(started & present, pl.col("string_id").is_not_null())
        .join(models, on="model_id", how="left")
        .join(strings, on="string_id", how="left")
        .sort("battery_id")
    )


def rated_models(warehouse: Warehouse) -> pl.DataFrame:
    """model_id and MODEL_COLUMNS of every model; a rating or limit of 0 is one that is not known."""
    models = warehouse.read(t.battery_model, columns=["model_id", *MODEL_COLUMNS]).collect()
    not_zero = [pl.when(pl.col(name) != 0).then(pl.col(name)).alias(name) for name in _NOT_ZERO]
    return models.with_columns(not_zero)


@dataclass(frozen=True)
class Jars:
    """A site's jars as laws of physics want them: facts, strings (string_id, jars, capacity_ah), codes."""

    facts: pl.DataFrame
    strings: pl.DataFrame
    codes: dict[str, str]

    @property
    def capacity_ah(self) -> dict[str, float]:
        """Rated capacity of each string, Ah."""
        return dict(self.strings.select("string_id", "capacity_ah").iter_rows())

    @property
    def least_ah(self) -> float:
        """Rated capacity of the smallest string, Ah; 0 without any."""
        return min(self.capacity_ah.values(), default=0.0)


def jars_of(warehouse: Warehouse, part: Part) -> Jars:
    """The jars in service in a month, their strings and the codes people know both by.

    A jar whose model is not known counts as its string's smallest, and a string of which no model is known as
    one of 120 Ah, the commonest in the fleet: laws are wide enough for that. What a capacity is set against
    is `rated_ah`, which leaves such a string out.
    """
    return of_unchanged_rows(warehouse, MASTER, part, _jars_of)


def _jars_of(warehouse: Warehouse, part: Part) -> Jars:
    rated = pl.col("capacity_ah").cast(pl.Float64)
    facts = jar_facts(warehouse, part).with_columns(
        pl.coalesce(rated, rated.min().over("string_id"), REFERENCE_AH).alias("capacity_ah")
    )
    strings = facts.group_by("string_id", maintain_order=True).agg(
        jars=pl.col("position_in_string").n_unique(), capacity_ah=pl.col("capacity_ah").min()
    )
    codes = {
        unit: code
        for kind in ("battery", "string")
        for unit, code in facts.select(f"{kind}_id", f"{kind}_code").iter_rows()
        if code is not None
    }
    return Jars(facts, strings, codes)


def days_under_current(warehouse: Warehouse, part: Part, least_a: float) -> list[date]:
    """The days on which some string carried more than that, either way: the others need not be read."""
    days = {
        day: profile["columns"].get("current_a", {})
        for day, profile in day_profiles(warehouse, t.telemetry_string_raw, part).items()
    }
    return [
        day
        for day, facts in days.items()
        if max((abs(facts[word]) for word in ("min", "max") if facts.get(word) is not None), default=0.0)
        > least_a
    ]


def jars_per_string(jars: pl.DataFrame) -> dict[str, int]:
    """How many jars stand in each string; a position that was refilled counts once."""
    return dict(jars.group_by("string_id").agg(pl.col("position_in_string").n_unique()).iter_rows())


def rated_ah(jars: pl.DataFrame) -> dict[str, float]:
    """Rated capacity of each string, Ah: that of its smallest jar; without strings of which none is known."""
    rated = jars.filter(pl.col("capacity_ah").is_not_null())
    return dict(rated.group_by("string_id").agg(pl.col("capacity_ah").min()).iter_rows())


def site_history(
    warehouse: Warehouse,
    table: sa.Table,
    part: Part,
    months: int,
    where: sa.ColumnElement[bool] | None = None,
) -> pl.DataFrame:
    """Rows of a site's table for the month and the `months` before it."""
    conditions = [table.c.month <= part.month, *([] if where is None else [where])]
    return _since(warehouse, table, part, months, conditions)


def earlier_rows(warehouse: Warehouse, table: sa.Table, part: Part, months: int) -> pl.DataFrame:
    """Rows of a site's table for the `months` before the month, without the month itself."""
    return _since(warehouse, table, part, months, [table.c.month < part.month])


def last_made(warehouse: Warehouse, table: sa.Table, part: Part, months: int = 12) -> Part:
    """The month before, or of a site that had nothing to be run then, the newest of `months` that was made.

    What lasts from month to month lasts over the months of which no files came.
    """
    first = months_after(str(part.month), -months)
    with warehouse.reading() as connection:
        made = registry.committed_parts(connection, table, site=part.site, before=part.month)
    return Part(part.site, max((row.month for row in made if row.month >= first), default=part.before.month))


def _since(
    warehouse: Warehouse, table: sa.Table, part: Part, months: int, conditions: list[sa.ColumnElement[bool]]
) -> pl.DataFrame:
    since = table.c.month >= months_after(str(part.month), -months)
    return warehouse.read(table, Part(site=part.site), where=sa.and_(since, *conditions)).collect()


def day_inputs(
    digests: Mapping[date, str],
    *facts: pl.DataFrame,
    dated: Sequence[tuple[pl.DataFrame, str]] = (),
    by: timedelta = timedelta(0),
) -> dict[date, str]:
    """What each day is made from: its files, the facts, and of each frame in `dated` what was known in time.

    `dated` pairs rows with the column that says when they were true; to a day belong those up to its start
    and `by` more, less those of the days before it, which `chained` days have in their own.
    """
    of_all = digest(*(frame.drop(STAMPS, strict=False) for frame in facts))
    days = sorted(digests)
    ends = pl.Series([midnight(day) + by for day in days], dtype=pl.Datetime("us", "UTC"))
    fresh = [_by_end(frame.sort(pl.all()), instant, ends) for frame, instant in dated]
    return {day: digest(digests[day], of_all, *(rows.get(n) for rows in fresh)) for n, day in enumerate(days)}


def _by_end(rows: pl.DataFrame, instant: str, ends: pl.Series) -> dict[int, pl.DataFrame]:
    """The rows by the first of the ends that their instant does not pass: its place."""
    dated = rows.filter(pl.col(instant).is_not_null())
    place = ends.search_sorted(dated[instant].cast(ends.dtype), side="left")
    parts = dated.with_columns(place=place).partition_by("place", include_key=False, as_dict=True)
    return {n: part for (n,), part in parts.items()}


def capacity_tests(warehouse: Warehouse, part: Part, jars: pl.DataFrame, months: int = 0) -> pl.DataFrame:
    """Rows of capacity_test_raw of the month and the `months` before it, with the columns of
    capacity_test_calc: what each test measured, from its capture where one is kept. A test that telemetry or
    the jars disprove has no verdict.

    jars: `jar_facts` of the month.
    """
    from battery_assets.features.health.capacity import capacity_results

    tests = site_history(warehouse, t.capacity_test_raw, part, months)
    captures = {
        test: warehouse.capture(url)
        for test, url in tests.select("test_id", "raw_data_url").iter_rows()
        if warehouse.has_capture(url)
    }
    sizes = rated_ah(jars), jars_per_string(jars)
    results = capacity_results(tests, *sizes, captures, cells_of(jars, "string_id"))
    doubted = tests_doubted(warehouse, part, tests, jars, *sizes)["test_id"].to_list()
    verdict = pl.when(~pl.col("test_id").is_in(doubted)).then(pl.col("capacity_pct_of_rated", "pass_fail"))
    return tests.join(results.with_columns(verdict), on="test_id")
