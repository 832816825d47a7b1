"""Great Expectations suites read off the table definitions, one blocking check for each table and partition.

A suite passes on nothing unless it is told not to: rows are expected wherever the table does not say that an
empty partition is healthy. What only its writer changes is checked on the profile that the writer computed.
"""

import functools
from typing import Any

import dagster as dg
import polars as pl
import polars.selectors as cs
import sqlalchemy as sa

from battery_assets.platform.assets import partitions_of
from battery_assets.platform.partitions import Part
from battery_assets.platform.profile import Profile
from battery_assets.platform.warehouse import Warehouse
from battery_assets.tables.projections import columns, key_columns


def suite_check(table: sa.Table) -> dg.AssetChecksDefinition:
    """The check of a table's partitions."""

    @dg.asset_check(
        asset=table.name,
        name="suite",
        blocking=True,
        partitions_def=partitions_of(table),
        description=f"{table.name} is what its definition says, in every row of the partition.",
    )
    def suite(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        part = Part.of(context)
        profile = warehouse.profile(table, part)
        if profile is None:
            return dg.AssetCheckResult(
                passed=False, description=f"{table.name} {part.key} was never committed"
            )
        if _profile_tells(table):
            failures = profile_failures(table, profile)
        else:
            failures = row_failures(table, warehouse.read(table, part).collect())
        return dg.AssetCheckResult(
            passed=not failures,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(failures) or f"{profile['rows']} rows hold",
            metadata={"rows": profile["rows"], **({"failures": failures} if failures else {})},
        )

    return suite


def _profile_tells(table: sa.Table) -> bool:
    """Is the partition what its writer saw? A row of a master table may be another month's."""
    return table.info["cut"] == "site_month" and not table.info["newest_wins"]


def profile_failures(table: sa.Table, profile: Profile) -> list[str]:
    """What a profile shows to be wrong, in words."""
    facts: dict[str, Any] = {"rows": profile["rows"], "duplicate_keys": profile.get("duplicate_keys", 0)}
    bounds: dict[str, tuple[float | None, float | None]] = {
        "rows": (0 if table.info["may_be_empty"] else 1, None),
        "duplicate_keys": (0, 0),
    }
    for word in ("backward_steps", "unit_breaks"):
        if word in profile:
            facts[word], bounds[word] = profile[word], (0, 0)
    for column in columns(table):
        seen = profile["columns"].get(column.name, {})
        low, high, values = (column.info.get(word) for word in ("low", "high", "values"))
        if not column.nullable:
            facts[f"{column.name} nulls"], bounds[f"{column.name} nulls"] = seen.get("nulls", 0), (0, 0)
        if low is not None and seen.get("min") is not None:
            facts[f"{column.name} minimum"], bounds[f"{column.name} minimum"] = seen["min"], (low, None)
            facts[f"{column.name} maximum"], bounds[f"{column.name} maximum"] = seen["max"], (None, high)
        if values and seen.get("values"):
            strange = len(set(seen["values"]) - set(values))
            facts[f"{column.name} unknown values"], bounds[f"{column.name} unknown values"] = strange, (0, 0)
    return _out_of_bounds({name: (float(facts[name]), low, high) for name, (low, high) in bounds.items()})


def _out_of_bounds(facts: dict[str, tuple[float, float | None, float | None]]) -> list[str]:
    """Facts as value, low and high that are not within their bounds, in words.

    One row a fact: an expectation costs ten milliseconds, however little it has to look at.
    """
    gx = _great_expectations()
    columns = {"fact": list(facts)} | {
        name: [fact[k] for fact in facts.values()] for k, name in enumerate(("value", "low", "high"))
    }
    numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
    bounds = [
        gx.expectations.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=larger, column_B=smaller, or_equal=True, ignore_row_if="either_value_is_missing"
        )
        for larger, smaller in (("value", "low"), ("high", "value"))
    ]
    told = {"result_format": "COMPLETE", "unexpected_index_column_names": ["fact"]}
    results = _validated(pl.DataFrame(columns, schema_overrides=numbers).to_pandas(), bounds, told)
    named = [
        row["fact"]
        for result in results
        if not result.success
        for row in result.result["unexpected_index_list"]
    ]
    return [_fact_words(name, *facts[name]) for name in dict.fromkeys(named)]


def _fact_words(name: str, value: float, low: float | None, high: float | None) -> str:
    limits = {"min_value": low, "max_value": high}
    known = {word: limit for word, limit in limits.items() if limit is not None}
    return f"{name}: values to be between {known} does not hold, found {value:g}"


def row_failures(table: sa.Table, rows: pl.DataFrame) -> list[str]:
    """What rows show to be wrong, in words."""
    gx = _great_expectations()
    if rows.is_empty():
        return [] if table.info["may_be_empty"] else ["0 rows, where rows are expected"]
    expectations: list[Any] = [gx.expectations.ExpectTableRowCountToBeBetween(min_value=1)]
    for column in columns(table):
        low, high, values = (column.info.get(word) for word in ("low", "high", "values"))
        if not column.nullable:
            expectations.append(gx.expectations.ExpectColumnValuesToNotBeNull(column=column.name))
        if rows[column.name].null_count() == rows.height:
            continue
        if values:
            expectations.append(
                gx.expectations.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(values))
            )
        elif low is not None:
            expectations.append(
                gx.expectations.ExpectColumnValuesToBeBetween(
                    column=column.name, min_value=low, max_value=high
                )
            )
    keys = key_columns(table)
    unique = (
        gx.expectations.ExpectColumnValuesToBeUnique(column=keys[0])
        if len(keys) == 1
        else gx.expectations.ExpectCompoundColumnsToBeUnique(column_list=keys)
    )
    return _not_numbers(rows) + _failures(rows.to_pandas(), [*expectations, unique])


def _not_numbers(rows: pl.DataFrame) -> list[str]:
    """pandas takes NaN for a missing value, and no expectation looks at those."""
    counts = rows.select(cs.float().is_nan().sum())
    return [f"{name}: {count[0]} values are NaN" for name, count in counts.to_dict().items() if count[0]]


def _failures(frame: Any, expectations: list[Any]) -> list[str]:
    return [_words(result) for result in _validated(frame, expectations) if not result.success]


def _validated(frame: Any, expectations: list[Any], told: Any = "SUMMARY") -> list[Any]:
    suite = _great_expectations().ExpectationSuite(name="suite", expectations=expectations)
    batch = _whole_frames().get_batch({"dataframe": frame})
    return batch.validate(suite, result_format=told).results


@functools.cache
def _whole_frames() -> Any:
    """Where frames are handed to be looked at; making it anew costs as much as looking."""
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(
        globally=False, metric_calculations=False
    )
    frames = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    return frames.add_batch_definition_whole_dataframe("whole")


def _words(result: Any) -> str:
    settings = result.expectation_config.kwargs
    what = settings.get("column") or ", ".join(settings.get("column_list", [])) or "rows"
    kind = result.expectation_config.type.removeprefix("expect_").replace("_", " ")
    found = result.result.get("partial_unexpected_list") or result.result.get("observed_value")
    limits = {word: settings[word] for word in ("min_value", "max_value", "value_set") if word in settings}
    return f"{what}: {kind} {limits or ''} does not hold, found {found!s:.120}"


@functools.cache
def _great_expectations() -> Any:
    """Imported when a check runs: it costs seconds, and loading the definitions must not."""
    import logging

    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return gx
