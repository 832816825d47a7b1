"""Second cases of the kinds of exports: sites of our own making, side by side in one export."""

import gzip
from pathlib import Path

import polars as pl

from battery_assets_tests.fleet.foreign.sites import ForeignSite

NAMES = ("cut", "misnamed", "twice", "kilovolts", "marked", "low", "copied")
HELD = 20  # hours until the low jar falls


def sites() -> dict[str, ForeignSite]:
    """What each is called, and the site: six jars of 12 V on float for two days."""
    made = {name: ForeignSite(f"own-{name}") for name in NAMES}
    made["twice"].changed("battery", lambda rows: pl.concat([rows, _elsewhere(rows, made["twice"])]))
    made["kilovolts"].changed(
        "telemetry_string_raw", lambda rows: rows.with_columns((pl.col("voltage_v") / 1e3).round(5))
    )
    code = pl.lit("[bold]own[/nope]").alias("string_code")
    made["marked"].changed("string", lambda rows: rows.with_columns(code))
    low, late = made["low"], pl.col("ts") > made["low"].instants[HELD * 60 // made["low"].step_min]
    for table, fallen in (("telemetry_jar_raw", late & low.jar(4)), ("telemetry_string_raw", late)):
        low.changed(table, _less(pl.when(fallen).then(1.6).otherwise(0.0)))
    made["copied"].changed("telemetry_jar_raw", _of_one_channel(made["copied"]))
    return made


def _elsewhere(rows: pl.DataFrame, site: ForeignSite) -> pl.DataFrame:
    """The first jar's row once more, in a string that nobody named."""
    return rows.head(1).with_columns(string_id=pl.lit(site.id("another string")))


def _less(volts: pl.Expr):
    """A table whose voltage is lower: a cell fails in jar 4, and the sum of the string with it."""
    return lambda rows: rows.with_columns(voltage_v=(pl.col("voltage_v") - volts).round(3))


def _of_one_channel(site: ForeignSite):
    """Jar 5 shows what jar 2 shows."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        shown = rows.filter(site.jar(2)).select("ts", "voltage_v")
        copy = rows.filter(site.jar(5)).drop("voltage_v").join(shown, on="ts").select(rows.columns)
        return pl.concat([rows.filter(~site.jar(5)), copy]).sort("ts", "battery_id")

    return change


def write(folder: Path) -> dict[str, ForeignSite]:
    """Write the export, a folder for each site."""
    made = sites()
    for name, site in made.items():
        own = site.write(folder / name)
        samples = own / "telemetry_jar_raw.csv"
        if name == "cut":
            whole = gzip.compress(samples.read_bytes())
            samples.unlink()
            (own / "telemetry_jar_raw.csv.gz").write_bytes(whole[: len(whole) * 3 // 5])
        if name == "misnamed":
            (own / "string_telemetry.csv").write_text("ts\n")
    return made
