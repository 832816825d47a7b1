"""A dataset of what the fleet's recorders kept: steady bursts of float, site by site and month by month.

Labels of synthetic sites are the generator's truth, those of real ones what repairs showed; the two never
stand in one dataset. A burst of which nobody knows what was wrong is left out, and counted.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.errors import BadInput
from battery_assets.experiments.making import books, labels
from battery_assets.experiments.making.files import FOLDER, bursts_of
from battery_assets.experiments.making.references import LEAST, formed
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.jobs.work import working
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES, SYNTHETIC
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import CAPTURES

KEPT = (
    "signal_id", "system", "string", "day", "month", "pulses", "labels", "capacitance_lost", "phase_low",
    "is_reference", "waveform_v", "waveform_a", "waveform_hz",
)  # fmt: skip


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a dataset of captures. terms: sites, months (YYYY-MM). Returns the job's number.

    Raises BadInput for sites that are none, are labs, or are synthetic and real at once.
    """
    sites, months, simulated = sites_of(warehouse, terms)
    facts = {"sites": sites, "months": months, "simulated": simulated}
    words = f"Bursts of {', '.join(sites)} in {', '.join(months)}"
    return books.ask(warehouse, CAPTURES, name, facts, len(sites) * len(months), words)


def sites_of(warehouse: Warehouse, terms: dict[str, Any]) -> tuple[list[str], list[str], bool]:
    """Sites and months that terms name, and whether the sites are synthetic. Raises BadInput as `ask`."""
    sites, months = list(terms.get("sites") or []), sorted(terms.get("months") or [])
    if not sites or not months:
        raise BadInput("a dataset of a fleet needs sites and months; next step: name some")
    with warehouse.reading() as connection:
        sources = {
            row.site: row.source for row in registry.sites(connection) if row.source not in LAB_SOURCES
        }
    if unknown := sorted(set(sites) - set(sources)):
        raise BadInput(f"{', '.join(unknown)}: no site; next step: battery-assets site list")
    if len({sources[site] == SYNTHETIC for site in sites}) > 1:
        raise BadInput("synthetic and real sites never share a dataset; next step: make one of each")
    return sites, months, sources[sites[0]] == SYNTHETIC


def make(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Gather the bursts. Returns what it came to: files, bursts left out, whether it was stopped."""
    with working(warehouse.database_url, number, dagster_run) as work:
        facts, left_out = work.facts, Counter[str]()
        parts = [Part(site, month) for site in facts["sites"] for month in facts["months"]]
        gathered = []
        for done, part in enumerate(parts, 1):
            rows, why = _of_month(warehouse, part)
            gathered.append(rows)
            left_out.update(why)
            if work.report(done, len(parts)):
                return {"files": 0, "stopped": True}
        rows, why = _with_references(pl.concat(gathered, how="diagonal_relaxed"))
        left_out.update(why)
        if rows.is_empty():
            why_not = dict(left_out) or "none was recorded"
            raise BadInput(f"no burst can be used: {why_not}; next step: add months or sites")
        bursts_of(rows).refuse_unfit()
        files = [
            warehouse.lake.keep(f"{FOLDER}/dataset={facts['name']}/{system}", mine.select(KEPT))
            for (system,), mine in rows.partition_by("system", as_dict=True, maintain_order=True).items()
        ]
        meta = {
            "files": files, "simulated": facts["simulated"], "left_out": dict(left_out),
            "samples": int(rows["waveform_v"].list.len()[0]), "sample_rate": int(rows["waveform_hz"][0]),
        }  # fmt: skip
        books.change(warehouse, facts["name"], file_path=f"{FOLDER}/dataset={facts['name']}", meta_data=meta)
        say(f"{rows.height} bursts of {len(files)} systems; left out: {dict(left_out)}")
        return {"files": len(files), "stopped": False, "left_out": sum(left_out.values())}


def recorded(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Every burst that a site's recorders kept in a month: window_id, ts, waveforms, and what `named` gives.

    Empty, without columns, where there is none.
    """
    from battery_assets.features.ripple.bursts import bursts_in

    windows = warehouse.read(t.telemetry_event_window, part).collect()
    own = [warehouse.has_capture(url) for url in windows["data_blob_url"]]
    recorded = windows.filter(pl.Series(own, dtype=pl.Boolean), pl.col("bursts_count") > 0).sort("window_id")
    captures_read = [
        bursts_in(warehouse.capture(row["data_blob_url"])).with_columns(
            window_id=pl.lit(row["window_id"]), string_id=pl.lit(row["string_id"])
        )
        for row in recorded.iter_rows(named=True)
    ]
    if not captures_read:
        return pl.DataFrame()
    strings = warehouse.read(t.string, part, ["string_id", "string_code", "system_id"]).collect()
    systems = warehouse.read(
        t.battery_system, part, ["system_id", "system_code", "rectifier_pulses"]
    ).collect()
    return pl.concat(captures_read, how="vertical_relaxed").join(
        named(str(part.site), strings, systems), on="string_id"
    )


def _of_month(warehouse: Warehouse, part: Part) -> tuple[pl.DataFrame, dict[str, int]]:
    """Labelled steady bursts of float of a site and month, and how many others there are, by reason."""
    from battery_assets.features.ripple.bursts import DISCHARGE_A, measured

    bursts = recorded(warehouse, part)
    if bursts.is_empty():
        return bursts, {}
    shown = measured(bursts).select("window_id", "ts", "steady", "dc_a")
    steady = bursts.join(shown, on=["window_id", "ts"]).filter("steady", pl.col("dc_a") >= DISCHARGE_A)
    labelled_bursts = labels.labelled(warehouse, part, steady)
    usable = labelled_bursts.filter(pl.col("labels").is_not_null()).with_columns(
        signal_id=pl.concat_str("string", pl.col("ts").dt.strftime("%Y%m%dT%H%M%S"), separator="-"),
        day=pl.col("ts").dt.date().dt.epoch("d"), month=pl.lit(str(part.month)),
    )  # fmt: skip
    reasons = {
        "not steady, or discharging": bursts.height - steady.height,
        "nobody knows its label": labelled_bursts.height - usable.height,
    }
    return usable.unique("signal_id", maintain_order=True), {k: n for k, n in reasons.items() if n}


def named(site: str, strings: pl.DataFrame, systems: pl.DataFrame) -> pl.DataFrame:
    """Strings as a dataset names them: two sites may both have a system R1, and a split parts by system.

    strings: string_id, string_code, system_id. systems: system_id, system_code, rectifier_pulses.
    Returns string_id, string_code, system_id, system, string, pulses.
    """
    return strings.join(systems, on="system_id").select(
        "string_id", "string_code", "system_id",
        system=pl.concat_str(pl.lit(site), "system_code", separator="-"),
        string=pl.concat_str(pl.lit(site), "string_code", separator="-"),
        pulses=pl.col("rectifier_pulses").cast(pl.Int32).fill_null(6),
    )  # fmt: skip


def _with_references(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows of strings that have sound references, of the commonest rate and length, in order of time."""
    if rows.is_empty():
        return rows, {}
    formed_rows = formed(rows.sort("system", "string", "ts"))
    why = {"OTHER_FORM": "of another rate or length",
           "NO_REFERENCE": f"of strings with less than {LEAST} sound bursts"}  # fmt: skip
    left = formed_rows["why"].drop_nulls().value_counts().iter_rows()
    return formed_rows.filter(pl.col("why").is_null()).drop("why"), {why[one]: number for one, number in left}
