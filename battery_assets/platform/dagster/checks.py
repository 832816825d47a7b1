"""Checks of partitions: the suite that each table's definition gives, and laws that the caller knows.

Suites are read off the definitions, one blocking check for each table. Rows are expected wherever the table
does not say that an empty partition is healthy: without any the suite warns and blocks nothing. What only its
writer changes is checked on the profile that the writer computed, number by number; rows that others may
have changed are looked at by Great Expectations. The stored columns are those of the definition alone.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any, Protocol

import dagster as dg
import numpy as np
import polars as pl
import polars.selectors as cs
import sqlalchemy as sa

from battery_assets.platform.dagster.assets import partitions_of
from battery_assets.platform.dagster.defects import defects, refused_files, sentence
from battery_assets.platform.dagster.empty_partition import no_rows
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.work import alone, reduce_days
from battery_assets.platform.warehouse.profile import Profile
from battery_assets.platform.warehouse.replacing import Claimed
from battery_assets.platform.warehouse.resource import FROM_SCRATCH, Warehouse
from battery_assets.platform.warehouse.stored import changed_rows, stored_columns
from battery_assets.tables.projections import columns, key_columns, polars_schema


class Finding(Protocol):
    """One place where a law does not hold."""

    @property
    def words(self) -> str: ...


class Verdict(Protocol):
    """What an invariant says of a partition."""

    @property
    def holds(self) -> bool: ...

    @property
    def words(self) -> str: ...

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def facts(self) -> Mapping[str, float]: ...


MOST_SHOWN = 20
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
_UNDATED = date(1970, 1, 1)
_JUDGED_BY = {"great-expectations": version("great-expectations")}


def invariant_check(
    table: sa.Table,
    judge: Callable[[Warehouse, Part], Verdict],
    *,
    blocking: bool = True,
    by_string: bool = False,
    also_reads: Sequence[sa.Table] = (),
) -> dg.AssetChecksDefinition:
    """The check of a law that a table's partitions obey, named and described as its judge is.

    Blocking, it stops what is downstream; otherwise it warns. One that judges by the string is awaited and
    warns: readers leave the strings out. `also_reads` are tables of the partition that have to be there too.
    """

    @dg.asset_check(
        asset=table.name,
        name=judge.__name__,
        blocking=blocking,
        partitions_def=partitions_of(table),
        additional_deps=[other.name for other in also_reads],
        description=(judge.__doc__ or "").strip().splitlines()[0],
    )
    def invariant(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        verdict = judge(warehouse, _asked(context))
        sentences = [finding.words for finding in verdict.findings[:MOST_SHOWN]]
        return dg.AssetCheckResult(
            passed=verdict.holds,
            severity=ERROR if blocking and not by_string else WARN,
            description=verdict.words,
            metadata={
                **{name: float(value) for name, value in verdict.facts.items()},
                **({"findings": sentences} if sentences else {}),
            },
        )

    return invariant


def _asked(context: dg.AssetCheckExecutionContext) -> Part:
    """The partition to judge; one of which no evidence is kept, where the run makes all from scratch."""
    part, tags = Part.of(context), context.op_execution_context.run.tags
    return Claimed(part.site, part.month, from_scratch=True) if FROM_SCRATCH in tags else part


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
        part = _asked(context)
        profile = warehouse.profile(table, part)
        if profile is None:
            return dg.AssetCheckResult(
                passed=False, description=f"{table.name} {part.key} was never committed"
            )
        if not profile["rows"] and not table.info["may_be_empty"]:
            columns_wrong = column_failures(table, stored_columns(warehouse, table, part))
            return no_rows(part, columns_wrong, refused_files(warehouse, table, part))
        if _profile_tells(table):
            failures = profile_failures(table, profile)
            if failures:
                # Numbers of a profile say neither how many rows are concerned nor which.
                failures = defects(table, warehouse.read(table, part)) or failures
        else:
            rows = warehouse.read(table, part).collect()
            failures = _once(warehouse, table, part, digest(rows), lambda: row_failures(table, rows))
        failures += changed_rows(warehouse, table, part)
        failures += column_failures(table, stored_columns(warehouse, table, part))
        return dg.AssetCheckResult(
            passed=not failures,
            severity=ERROR,
            description=sentence(table, part, failures) if failures else f"{profile['rows']} rows hold",
            metadata={"rows": profile["rows"], **({"failures": failures} if failures else {})},
        )

    return suite


def _once(
    warehouse: Warehouse, table: sa.Table, part: Part, of: str, judge: Callable[[], list[str]]
) -> list[str]:
    """What `judge` says of a content; of one that was judged before, what it said then.

    The rows of most master tables are this month what they were in the month before: one entry for a site.
    """
    if table.info["cut"] != "site_month":
        return judge()
    whole = dataclasses.replace(part, month=None) if table.info["newest_wins"] else part
    name, inputs = f"suite: {table.name}", {_UNDATED: digest(of, _JUDGED_BY)}
    verdicts = reduce_days(
        warehouse, name, whole, inputs, alone, lambda *_: np.array(judge(), dtype=np.str_), by=__name__
    )
    return verdicts[_UNDATED].tolist()


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
        numbers = profile["columns"].get(column.name, {})
        low, high, values = (column.info.get(word) for word in ("low", "high", "values"))
        if not column.nullable:
            facts[f"{column.name} nulls"], bounds[f"{column.name} nulls"] = numbers.get("nulls", 0), (0, 0)
        if low is not None and numbers.get("min") is not None:
            facts[f"{column.name} minimum"], bounds[f"{column.name} minimum"] = numbers["min"], (low, None)
            facts[f"{column.name} maximum"], bounds[f"{column.name} maximum"] = numbers["max"], (None, high)
        if values and numbers.get("values"):
            strange = len(set(numbers["values"]) - set(values))
            facts[f"{column.name} unknown values"], bounds[f"{column.name} unknown values"] = strange, (0, 0)
    return _out_of_bounds({name: (float(facts[name]), low, high) for name, (low, high) in bounds.items()})


def _out_of_bounds(facts: dict[str, tuple[float, float | None, float | None]]) -> list[str]:
    """Facts as value, low and high that are not within their bounds, in words; NaN is within none.

    Numbers of a profile are compared here: Great Expectations took a hundredfold for it, and looks at rows.
    """
    return [
        _fact_words(name, value, low, high)
        for name, (value, low, high) in facts.items()
        if not ((low is None or value >= low) and (high is None or value <= high))
    ]


def _fact_words(name: str, value: float, low: float | None, high: float | None) -> str:
    if low == high:
        return f"{name}: {value:g}, where {low:g} is allowed"
    limits = " to ".join("any" if limit is None else f"{limit:g}" for limit in (low, high))
    return f"{name}: {value:g}, where {limits} is allowed"


def column_failures(table: sa.Table, stored: set[str]) -> list[str]:
    """What the columns of the stored partition show to be wrong, in words."""
    columns = {str(column.name) for column in table.columns}
    needed = columns if table.info["store"] != "lake" else set(polars_schema(table))
    strange, missing = sorted(stored - columns), sorted(needed - stored) if stored else []
    return [f"columns stored that the definition does not have: {', '.join(strange)}"] * bool(strange) + [
        f"columns of the definition that are not stored: {', '.join(missing)}"
    ] * bool(missing)


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
    failures = _not_numbers(rows) + _failures(rows.to_pandas(), [*expectations, unique])
    return defects(table, rows.lazy()) or failures if failures else []


def _not_numbers(rows: pl.DataFrame) -> list[str]:
    """pandas takes NaN for a missing value, and no expectation looks at those."""
    counts = rows.select(cs.float().is_nan().sum())
    return [f"{name}: {count[0]} values are NaN" for name, count in counts.to_dict().items() if count[0]]


def _failures(frame: Any, expectations: list[Any]) -> list[str]:
    return [_words(result) for result in _validated(frame, expectations) if not result.success]


def _validated(frame: Any, expectations: list[Any]) -> list[Any]:
    suite = _great_expectations().ExpectationSuite(name="suite", expectations=expectations)
    batch = _whole_frames().get_batch({"dataframe": frame})
    return batch.validate(suite, result_format="SUMMARY").results


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
    values = result.result.get("partial_unexpected_list") or result.result.get("observed_value")
    limits = {word: settings[word] for word in ("min_value", "max_value", "value_set") if word in settings}
    return f"{what}: {kind} {limits or ''} does not hold, found {values!s:.120}"


@functools.cache
def _great_expectations() -> Any:
    """Imported when a check runs: it costs seconds, and loading the definitions must not."""
    import logging

    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return gx
