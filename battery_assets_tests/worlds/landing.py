"""Landing folders of a small site, filled as another system would fill them."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.synthetic import catalogue, master
from battery_assets.synthetic.signals import telemetry
from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.worlds.months.arrived import once

FINE_MASTER = ("location", "battery_system", "string", "battery", "environmental_sensor")


def source(site: str = "north") -> SyntheticSite:
    """Where the numbers of a site come from: one string of two jars, a sample an hour."""
    config = {"place": "bangrak", "seed": 11, "interval_s": 3600, "strings": 1, "jars_per_string": 2}
    return SyntheticSite.from_config(site, {**config, "start": "2025-02"})


def known(warehouse: Warehouse, site: str = "north") -> None:
    """Make a site of files known."""
    with warehouse.transaction() as connection:
        registry.put_site(connection, site, "files", {"timezone": "UTC"})


def export(rows: pl.DataFrame, folder: Path, name: str, lines: Iterable[str] = ()) -> Path:
    """A CSV file of the rows, with further lines below them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    body = rows.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    path.write_text(body + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def master_files(folder: Path, site: str = "north", month: str = "2025-03") -> None:
    """Every master table of the site, the models it uses among them."""
    frames = master.master(source(site), month)
    used = frames["battery"]["model_id"].unique()
    export(
        catalogue.battery_models().filter(pl.col("model_id").is_in(used.to_list())),
        folder / site,
        "battery_model",
    )
    for name in FINE_MASTER:
        export(frames[name], folder / site, name)


def jar_days(*days: date, site: str = "north") -> pl.DataFrame:
    """Jar samples of some days."""
    frames = [
        once(telemetry.jar_day(source(site), day), t.telemetry_jar_raw).with_columns(
            pl.col("battery_id").cast(pl.String)
        )
        for day in days
    ]
    return pl.concat(frames).select(list(t.telemetry_jar_raw.c.keys())[:6])


def partition(table: sa.Table, site: str = "north", month: str = "2025-03") -> Part:
    """The site's partition of a table, or all of a table that is not cut."""
    return Part() if table.info["cut"] == "whole" else Part(site, month)
