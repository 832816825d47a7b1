"""A dataset of discharges: the first minutes of each jar beside its string's others, and which one ended it.

The generator's truth labels a synthetic site, whether the string came to its end or not. Of a real site only
discharges count that reached an end voltage, of the string or of a jar: the lowest jar then ended the string.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.errors import BadInput
from battery_assets.experiments.making import books
from battery_assets.experiments.making.capturing import sites_of
from battery_assets.experiments.making.files import FOLDER, bursts_of
from battery_assets.experiments.making.labels import ended_by_truth
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.jobs.work import working
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import SYNTHETIC
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import DISCHARGES

KIND, LABEL = "discharges", "ends_string"
# Points of a curve, and how much of a discharge is seen of it.
POINTS, SEEN_MIN = 120, 15.0
LEAST_JARS = 3
# A string of 2 V cells is at its end below this; tests stop at 1.80 V (IEEE 1188 leaves 1.75 to 1.80 usual).
END_V_CELL, CELL_V = 1.81, 2.0
# A jar so low has ended its string, though the others hold it up: loads are dropped before it reverses.
END_OF_JAR_V_CELL = 1.70
DISCHARGE_A = -1.0
STRINGS = ["ts", "string_id", "current_a", "voltage_v", "mode"]
JARS = ["ts", "battery_id", "voltage_v", "temperature_c"]
KEPT = (
    "signal_id", "system", "string", "own", "kind", "month", "pulses", "labels", "capacitance_lost",
    "phase_low", "is_reference", "waveform_v", "waveform_a", "waveform_hz",
)  # fmt: skip


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a dataset of discharges. terms: sites, months (YYYY-MM), minutes. Returns the job's number.

    Raises BadInput for sites that are none, are labs, or are synthetic and real at once.
    """
    sites, months, simulated = sites_of(warehouse, terms)
    minutes = float(terms.get("minutes", SEEN_MIN))
    if not 1 <= minutes <= 600:
        raise BadInput(f"{minutes:g} minutes of a discharge; next step: 1 to 600")
    facts = {"sites": sites, "months": months, "simulated": simulated, "minutes": minutes}
    words = f"Discharges of {', '.join(sites)} in {', '.join(months)}, the first {minutes:g} min of each jar"
    return books.ask(warehouse, DISCHARGES, name, facts, len(sites) * len(months), words)


def make(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Gather the discharges. Returns what it came to: files, discharges left out, whether it was stopped."""
    with working(warehouse.database_url, number, dagster_run) as work:
        facts, left_out = work.facts, Counter[str]()
        parts = [Part(site, month) for site in facts["sites"] for month in facts["months"]]
        gathered: list[pl.DataFrame] = []
        for done, part in enumerate(parts, 1):
            rows, why = _of_month(warehouse, part, facts)
            gathered.append(rows)
            left_out.update(why)
            if work.report(done, len(parts)):
                return {"files": 0, "stopped": True}
        rows = pl.concat([one for one in gathered if one.height] or [pl.DataFrame()])
        if rows.is_empty():
            why_not = dict(left_out) or "none was recorded"
            raise BadInput(f"no discharge can be used: {why_not}; next step: add months or sites")
        bursts_of(rows).refuse_unfit()
        files = [
            warehouse.lake.keep(f"{FOLDER}/dataset={facts['name']}/{string}", mine.select(KEPT))
            for (string,), mine in rows.partition_by("string", as_dict=True, maintain_order=True).items()
        ]
        meta = {
            "files": files, "simulated": facts["simulated"], "left_out": dict(left_out), "kind": KIND,
            "samples": POINTS, "sample_rate": float(rows["waveform_hz"][0]),
        }  # fmt: skip
        books.change(warehouse, facts["name"], file_path=f"{FOLDER}/dataset={facts['name']}", meta_data=meta)
        say(f"{rows['own'].n_unique()} discharges of {len(files)} strings; left out: {dict(left_out)}")
        return {"files": len(files), "stopped": False, "left_out": sum(left_out.values())}


def _of_month(warehouse: Warehouse, part: Part, facts: dict[str, Any]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Labelled curves of a site and month, and how many discharges there are beside them, by reason."""
    from battery_assets.features.windows.curves import LEAST_SAMPLES, curves

    jars = _jars(warehouse, part)
    drops = curves(_windows(warehouse, part, jars), facts["minutes"], POINTS).join(
        jars.select("battery_id", "battery_code", "string_code", "nominal_voltage_v", "chemistry"),
        on="battery_id",
    )
    event = ["string_id", "window_start"]
    whole = pl.col("minutes").median().over(event)
    ended = drops.with_columns(
        why=pl.when(whole < 2 * facts["minutes"]).then(pl.lit("shorter than twice what is seen"))
        .when(pl.col("samples").min().over(event) < LEAST_SAMPLES).then(pl.lit("with too few samples"))
        .when(pl.len().over(event) < LEAST_JARS).then(pl.lit("with too few jars"))
    )  # fmt: skip
    rows = _labelled(warehouse, part, ended.filter(pl.col("why").is_null()).drop("why"))
    left = ended.filter(pl.col("why").is_not_null()).unique(event)["why"].value_counts()
    unknown = rows.filter(pl.col("ends").is_null()).unique(event).height
    reasons = dict(left.iter_rows()) | {"nobody knows which jar would have ended it": unknown}
    return _as_signals(part, rows.filter(pl.col("ends").is_not_null()), facts), {
        why: count for why, count in reasons.items() if count
    }


def _jars(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Jars of a month with their string's code, rating and voltage."""
    columns = ["battery_id", "battery_code", "string_id", "model_id", "position_in_string"]
    jars = warehouse.read(t.battery, part, columns).collect()
    strings = warehouse.read(t.string, part, ["string_id", "string_code"]).collect()
    models = warehouse.read(
        t.battery_model, columns=["model_id", "capacity_ah", "nominal_voltage_v", "chemistry"]
    ).collect()
    return jars.join(strings, on="string_id").join(models, on="model_id").filter(pl.col("capacity_ah") > 0)


def _windows(warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> pl.DataFrame:
    """The discharges of the month's days on which a string carried load."""
    from battery_assets.features.windows.discharges import NO_WINDOWS, day_windows
    from battery_assets.features.windows.feature_rows import TelemetryDay

    windows, none = [NO_WINDOWS], pl.DataFrame()
    for day, strings in warehouse.days(t.telemetry_string_raw, part, STRINGS):
        loaded = strings.filter(pl.col("current_a") < DISCHARGE_A)["string_id"].cast(pl.String).unique()
        mine = jars.filter(pl.col("string_id").is_in(loaded.implode()))
        if mine.is_empty():
            continue
        [(_, rows)] = list(warehouse.days(t.telemetry_jar_raw, part, JARS, only=[day]))
        own = pl.col("battery_id").cast(pl.String).is_in(mine["battery_id"].implode())
        of_strings = pl.col("string_id").cast(pl.String).is_in(loaded.implode())
        window_day = TelemetryDay(day, rows.filter(own), strings.filter(of_strings), none, none)
        windows.append(day_windows(window_day, mine))
    return pl.concat(windows)


def _labelled(warehouse: Warehouse, part: Part, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `ends`: whether the jar ends its string; null where nobody knows."""
    event = ["string_id", "window_start"]
    with warehouse.reading() as connection:
        [site] = [row for row in registry.sites(connection) if row.site == part.site]
    if site.source == SYNTHETIC:
        ends = ended_by_truth(str(part.site), site.config, rows.select(event).unique())
        return rows.join(ends, on=event, how="left").with_columns(ends=pl.col("battery_id") == pl.col("jar"))
    cells = pl.col("nominal_voltage_v") / CELL_V
    ended = (pl.col("last_v").sum().over(event) / cells.sum().over(event) <= END_V_CELL) | (
        (pl.col("last_v") / cells).min().over(event) <= END_OF_JAR_V_CELL
    )
    # Of another chemistry nobody says here when it is at its end.
    ended &= (pl.col("chemistry") == "VRLA").all().over(event)
    lowest = pl.col("last_v").rank("ordinal").over(event) == 1
    return rows.with_columns(ends=pl.when(ended).then(lowest))


def _as_signals(part: Part, rows: pl.DataFrame, facts: dict[str, Any]) -> pl.DataFrame:
    """Rows as a file of a dataset holds them; `own` is the discharge that its jars share."""
    string = pl.concat_str(pl.lit(str(part.site)), "string_code", separator="-")
    at = pl.col("window_start").dt.strftime("%Y%m%dT%H%M%S")
    return rows.sort("string_id", "window_start", "battery_code").select(
        signal_id=pl.concat_str(pl.lit(str(part.site)), "battery_code", at, separator="-"),
        system=string, string=string, own=pl.concat_str(string, at, separator="-"), kind=pl.lit(KIND),
        month=pl.lit(str(part.month)), pulses=pl.lit(0, pl.Int32),
        labels=pl.when("ends").then(pl.lit([LABEL])).otherwise(pl.lit([], pl.List(pl.String))),
        capacitance_lost=pl.lit(None, pl.Float64), phase_low=pl.lit(None, pl.Float64),
        is_reference=pl.lit(False), waveform_v="waveform_v", waveform_a="waveform_a",
        waveform_hz=pl.lit(POINTS / (60 * facts["minutes"])),
    )  # fmt: skip
