"""Waveforms that the recorders kept: what the assets of several phases need of them, kept day by day."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.sources import captures_of, windows_over
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.work import alone, reduce_days
from battery_assets.platform.lake import captures as store
from battery_assets.platform.warehouse.resource import Warehouse


def string_facts(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Of each string its id, code and the pulses of its rectifier (null: unknown)."""
    strings = warehouse.read(t.string, part, ["string_id", "string_code", "system_id"]).collect()
    systems = warehouse.read(t.battery_system, part, ["system_id", "rectifier_pulses"]).collect()
    joined = strings.join(systems, on="system_id", how="left")
    return joined.select("string_id", "string_code", pulses="rectifier_pulses")


def bursts_of(
    windows: pl.DataFrame, captures: Iterable[tuple[str, pl.DataFrame]], facts: pl.DataFrame
) -> pl.DataFrame:
    """The bursts of captures (window id, samples), with string, code and pulses; waveforms as lists."""
    from battery_assets.features.ripple.bursts import bursts_in

    bursts = [bursts_in(samples).with_columns(window_id=pl.lit(name)) for name, samples in captures]
    if not bursts:
        return pl.DataFrame(schema={"window_id": pl.String})
    named = windows.select("window_id", "string_id", "event_type", "trigger").join(
        facts, on="string_id", how="left"
    )
    return pl.concat(bursts, how="vertical_relaxed").join(named, on="window_id")


def keep_captures(warehouse: Warehouse, part: Part) -> dict[str, str]:
    """The address of the capture of each window that is over; made where it is not kept yet, or damaged.

    Empty for a site whose files bring captures of their own.
    """
    over = windows_over(warehouse, part)
    inputs = {day: made_from for day, (made_from, _) in over.items()}
    made = partial(_made, warehouse, part, {day: windows for day, (_, windows) in over.items()})

    def files(_: date, urls: dict[str, str]) -> pl.DataFrame:
        checksums = [capture_digest(warehouse, url) for url in urls.values()]
        columns = {"window_id": list(urls), "url": list(urls.values()), "sha256": checksums}
        return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))

    days = reduce_days(
        warehouse, "captures", part, inputs, made, files, whole=partial(_whole, warehouse), by=__name__
    )
    return {name: url for kept in days.values() for name, url in kept.select("window_id", "url").iter_rows()}


def _whole(warehouse: Warehouse, _: date, files: pl.DataFrame) -> bool:
    """Are the files of a day what was written?"""
    return all(capture_digest(warehouse, url) == sha256 for _, url, sha256 in files.iter_rows())


def capture_digest(warehouse: Warehouse, url: str) -> str | None:
    """Checksum of a capture; None where it is gone or damaged."""
    return store.digest(warehouse.lake, url)


def _made(
    warehouse: Warehouse, part: Part, windows: Mapping[date, list[str]], days: list[date]
) -> Iterator[tuple[date, dict[str, str]]]:
    """Captures of the windows of days, brought to disk while the next one is made; the address of each."""
    wanted = {name for day in days for name in windows[day]}
    with ThreadPoolExecutor(2) as behind:
        kept = {
            window: behind.submit(warehouse.keep_capture, part, window, samples)
            for window, samples in (captures_of(warehouse, part, wanted) if wanted else ())
        }
        for day in days:
            yield day, {name: kept[name].result() for name in windows[day] if name in kept}


def recorded_bursts(warehouse: Warehouse, part: Part, windows: pl.DataFrame | None = None) -> pl.DataFrame:
    """What every burst of a partition's windows says (`ripple_bursts.SCHEMA`); empty without captures.

    windows: rows of telemetry_event_window, where they are not those that are committed.
    """
    from battery_assets.features.ripple.bursts import MEASURED, judged, measured

    rows = warehouse.read(t.telemetry_event_window, part).collect() if windows is None else windows
    own = [warehouse.has_capture(url) for url in rows["data_blob_url"]]
    recorded = rows.filter(pl.Series(own, dtype=pl.Boolean), pl.col("bursts_count") > 0).sort("window_id")
    facts = string_facts(warehouse, part)
    days = _by_day(recorded)
    checksums = [capture_digest(warehouse, url) for url in recorded["data_blob_url"]]
    made_from = recorded.select("start_ts", "window_id", "string_id", "data_blob_url").with_columns(
        pl.Series("sha256", checksums, dtype=pl.String)
    )
    described = made_from.join(facts, on="string_id", how="left", maintain_order="left")
    inputs = {day: digest(of_day) for day, of_day in _by_day(described).items()}

    def bursts(day: date, _: None) -> pl.DataFrame:
        return measured(bursts_of(days[day], _captures(warehouse, days[day]), facts))

    kept = reduce_days(warehouse, "bursts", part, inputs, alone, bursts, by=__name__)
    return judged(pl.concat([pl.DataFrame(schema=MEASURED), *kept.values()]))


def _by_day(windows: pl.DataFrame) -> dict[date, pl.DataFrame]:
    """The windows by the day in which they begin."""
    days = windows.group_by(pl.col("start_ts").dt.date(), maintain_order=True)
    return {day: of_day for (day,), of_day in days}  # type: ignore[misc]


def _captures(warehouse: Warehouse, windows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    urls = windows["data_blob_url"].to_list()
    with ThreadPoolExecutor(4) as pool:
        return list(zip(windows["window_id"].to_list(), pool.map(warehouse.capture, urls), strict=True))
