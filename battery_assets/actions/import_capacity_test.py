"""A single battery's discharge test as a site of its own: one jar, its telemetry, and the test it was."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from battery_assets import tables as t
from battery_assets.actions.session import Session, put_site, run_here
from battery_assets.errors import UserError
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

if TYPE_CHECKING:
    from battery_assets.ingest.discharge_tests.record import DischargeRecord

# Float and boost bands of 12 V VRLA jars in general; a test says nothing of them.
GENERIC_LIMITS = {"float_voltage_min_v": 13.5, "float_voltage_max_v": 13.8}
REST_A = 0.05


def import_discharge_test(
    at: Session,
    path: Path,
    site: str,
    rated_ah: float,
    region: str,
    city: str,
    started_at: str | None,
    bar: Callable[[int], Any],
) -> list[str]:
    """Take in a discharge test as a site with one jar and run its months. Returns the months.

    Raises UserError where the file is no discharge test or its start is not known.
    """
    from battery_assets.ingest.discharge_tests.record import DischargeTestError, read_discharge_test

    try:
        test = read_discharge_test(path)
    except DischargeTestError as error:
        raise UserError(str(error), error.next_step) from error
    start = _start(test, started_at, path)
    put_site(at, site, FILES, {"timezone": "UTC"})
    frames = exports_of(test, site, rated_ah, start, path.name, (region, city))
    url = at.warehouse.keep_capture(Part(site, f"{start:%Y-%m}"), path.stem, test.capture)
    frames["capacity_test_raw"] = frames["capacity_test_raw"].with_columns(pl.lit(url).alias("raw_data_url"))
    with at.warehouse.transaction() as connection:
        registry.hold_site(connection, site)
        _landed(at, site, frames)
        months = sorted(set(frames["telemetry_jar_raw"]["ts"].dt.strftime("%Y-%m")))
        with bar(1 + len(months)) as heard:
            for job, month in [("catalogue", None), *(("site_month", month) for month in months)]:
                heard(f"{job} {month or ''}", False)
                run_here(job, month, site if month else None)
                heard(f"{job} {month or ''}", True)
    return months


def _landed(at: Session, site: str, frames: dict[str, pl.DataFrame]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = [(Path(folder) / f"{name}.parquet", f"{name}.parquet") for name in frames]
        for (path, _), rows in zip(written, frames.values(), strict=True):
            rows.write_parquet(path)
        at.landing.put(site, written)


def _start(test: "DischargeRecord", stated: str | None, path: Path) -> datetime:
    if stated:
        try:
            return datetime.fromisoformat(stated).replace(tzinfo=UTC)
        except ValueError as error:
            raise UserError(
                f"--started-at {stated!r} is not a time", "write it as 2024-05-31T08:00:00"
            ) from error
    if test.started_at is None:
        raise UserError(
            f"{path.name} does not say when the test began", "add --started-at 2024-05-31T08:00:00"
        )
    return test.started_at.replace(tzinfo=UTC)


def exports_of(
    test: "DischargeRecord", site: str, rated_ah: float, start: datetime, file: str, place: tuple[str, str]
) -> dict[str, pl.DataFrame]:
    """The test as exports of the reference's tables. Positive current charges."""
    ids = {
        kind: identity(kind, "capacity test", site)
        for kind in ("location", "battery_model", "battery_system", "string", "battery")
    }
    stamps = {"created_at": start, "updated_at": start}
    rows: dict[str, dict[str, Any]] = {
        "location": {
            "location_id": ids["location"],
            "location_code": site.upper()[:20],
            "location_name": site,
            "region": place[0],
            "city": place[1],
            "timezone": "UTC",
            "is_active": True,
            **stamps,
        },
        "battery_model": {
            "model_id": ids["battery_model"],
            "model_name": f"12 V {rated_ah:g} Ah as tested ({site})",
            "chemistry": "VRLA",
            "nominal_voltage_v": 12.0,
            "capacity_ah": rated_ah,
            **GENERIC_LIMITS,
        },
        "battery_system": {
            "system_id": ids["battery_system"],
            "location_id": ids["location"],
            "system_code": f"{site}-bench"[:30],
            "system_type": "RECTIFIER",
            "is_active": True,
            **stamps,
        },
        "string": {
            "string_id": ids["string"],
            "system_id": ids["battery_system"],
            "string_code": f"{site}-S1"[:30],
            "string_position": 1,
            "batteries_count": 1,
            "nominal_voltage_v": 12.0,
            "is_active": True,
            **stamps,
        },
        "battery": {
            "battery_id": ids["battery"],
            "string_id": ids["string"],
            "model_id": ids["battery_model"],
            "battery_code": f"{site}-S1-J01"[:40],
            "position_in_string": 1,
            "status": "active",
            **stamps,
        },
        "capacity_test_raw": _test_row(test, ids, start, file),
    }
    frames = {name: pl.DataFrame([row], schema=polars_schema(getattr(t, name))) for name, row in rows.items()}
    return frames | _telemetry(test, ids, start)


def _test_row(test: "DischargeRecord", ids: dict[str, str], start: datetime, file: str) -> dict[str, Any]:
    began = start + timedelta(seconds=float(test.discharge["elapsed_s"][0]))
    return {
        "test_id": identity("capacity_test", ids["string"], began.isoformat()),
        "string_id": ids["string"],
        "test_date": began,
        "test_type": "full_discharge",
        "discharge_rate_a": test.rate_a,
        "discharge_duration_min": test.duration_min,
        "cutoff_voltage_v": test.cutoff_voltage_v,
        "notes": f"{file}: {'; '.join(test.findings)}",
    }


def _telemetry(test: "DischargeRecord", ids: dict[str, str], start: datetime) -> dict[str, pl.DataFrame]:
    ts = pl.lit(start).dt.cast_time_unit("us") + pl.duration(milliseconds=pl.col("elapsed_s") * 1000)
    amperes = pl.col("current_a")
    mode = (
        pl.when(amperes < -REST_A)
        .then(pl.lit("discharge"))
        .when(amperes > REST_A)
        .then(pl.lit("boost"))
        .otherwise(pl.lit("idle"))
    )
    capture = (
        test.capture.with_columns(ts=ts.cast(pl.Datetime("us", "UTC")), mode=mode).unique("ts").sort("ts")
    )
    jars = {"battery_id": pl.lit(ids["battery"])}
    strings = {"string_id": pl.lit(ids["string"])}
    return {
        "telemetry_jar_raw": _shaped(capture.with_columns(**jars), "telemetry_jar_raw"),
        "telemetry_string_raw": _shaped(capture.with_columns(**strings), "telemetry_string_raw"),
    }


def _shaped(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    schema = polars_schema(getattr(t, name))
    return rows.select(
        pl.col(column).cast(kind) if column in rows.columns else pl.lit(None, kind).alias(column)
        for column, kind in schema.items()
    )
