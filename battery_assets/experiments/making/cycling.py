"""A dataset of real cells: the first part of each discharge, and whether the cell is worn out.

The lab's capacity, counted to the cut-off, is the label; what is seen ends long before that cut-off. It reads
the lab's tables and files. The first cycles of a cell are its reference.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.errors import BadInput
from battery_assets.experiments.making import books
from battery_assets.experiments.making.files import FOLDER, bursts_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.jobs.work import Work, working
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES, LAB_SYNTHETIC
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import CELLS

KIND, LABEL = "cells", "end_of_life"
# Points of a curve, and how much of the nominal capacity is seen of it, where nothing else is said.
POINTS, SEEN_SHARE = 120, 0.5
REFERENCES, LEAST = 5, 3
CAPACITY, OBSERVED, STARTED_BELOW = "capacity", "observed", "started_below"
POINT_COLUMNS = ["ts", "session_id", "voltage_v", "current_a", "correction_ah", "open_ah"]
KEPT = (
    "signal_id", "system", "string", "own", "kind", "month", "pulses", "labels", "capacitance_lost",
    "phase_low", "is_reference", "waveform_v", "waveform_a", "waveform_hz",
)  # fmt: skip


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a dataset of cells. terms: labs, months (all without), share, ahead, every.

    share: how much of the nominal capacity is seen. ahead: worn out within so many cycles, 0: now. every:
    each so-manieth cycle. Returns the job's number. Raises BadInput for labs that are none, or of two kinds.
    """
    if unknown := sorted(set(terms) - {"labs", "months", "share", "ahead", "every"}):
        raise BadInput(f"{', '.join(unknown)}; next step: give labs, months, share, ahead, every")
    labs = list(terms.get("labs") or [])
    if not labs:
        raise BadInput("a dataset of cells needs labs; next step: name one")
    share = float(terms.get("share", SEEN_SHARE))
    ahead, every = int(terms.get("ahead", 0)), int(terms.get("every", 1))
    if not 0.05 <= share <= 0.75 or ahead < 0 or every < 1:
        raise BadInput(
            f"share {share:g}, ahead {ahead}, every {every}; next step: a share of 0.05 to 0.75, whole cycles"
        )
    with warehouse.reading() as connection:
        registered = {row.site: row.source for row in registry.sites(connection) if row.source in LAB_SOURCES}
        made = {lab: registry.months_of_site(connection, lab) for lab in labs}
    if other := sorted(set(labs) - set(registered)):
        raise BadInput(f"{', '.join(other)}: no lab; next step: battery-assets lab list")
    if len({registered[lab] == LAB_SYNTHETIC for lab in labs}) > 1:
        raise BadInput("made-up and real cells never share a dataset; next step: make one of each")
    wanted = terms.get("months")
    parts = [(lab, month) for lab in labs for month in made[lab] if not wanted or month in wanted]
    if not parts:
        raise BadInput(f"{', '.join(labs)} has no such month; next step: run the lab's months first")
    simulated = registered[labs[0]] == LAB_SYNTHETIC
    facts = {"parts": parts, "share": share, "ahead": ahead, "every": every, "simulated": simulated}
    when = f"within {ahead} cycles" if ahead else "now"
    words = f"Cells of {', '.join(labs)}: worn out {when}, by the first {share:.0%} of a discharge"
    return books.ask(warehouse, CELLS, name, facts, len(parts), words)


def make(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Gather the curves. Returns what it came to: files, cycles left out, whether it was stopped."""
    with working(warehouse.database_url, number, dagster_run) as work:
        facts, left_out = work.facts, Counter[str]()
        gathered = _gathered(warehouse, work, left_out)
        if gathered is None:
            return {"files": 0, "stopped": True}
        rows = _with_references(gathered, left_out)
        if rows.is_empty():
            why_not = dict(left_out) or "no cycle has a state of health"
            raise BadInput(f"no discharge can be used: {why_not}; next step: import tests with points")
        bursts_of(rows).refuse_unfit()
        files = [
            warehouse.lake.keep(f"{FOLDER}/dataset={facts['name']}/{place:04d}", mine.select(KEPT))
            for place, mine in enumerate(rows.partition_by("system", maintain_order=True))
        ]
        meta = {
            "files": files, "simulated": facts["simulated"], "left_out": dict(left_out), "kind": KIND,
            "samples": POINTS, "sample_rate": float(rows["waveform_hz"][0]),
        }  # fmt: skip
        books.change(warehouse, facts["name"], file_path=f"{FOLDER}/dataset={facts['name']}", meta_data=meta)
        say(f"{rows.height} discharges of {len(files)} cells; left out: {dict(left_out)}")
        return {"files": len(files), "stopped": False, "left_out": sum(left_out.values())}


def _gathered(warehouse: Warehouse, work: Work, left_out: Counter[str]) -> pl.DataFrame | None:
    """Labelled curves of all months, a month at a time; None where the job was stopped."""
    facts, gathered = work.facts, []
    parts = [Part(lab, month) for lab, month in facts["parts"]]
    labels = {lab: labelled(warehouse, lab, facts["ahead"]) for lab in {str(part.site) for part in parts}}
    for done, part in enumerate(parts, 1):
        rows, why = _of_month(warehouse, part, labels[str(part.site)], facts)
        gathered.append(rows)
        left_out.update(why)
        if work.report(done, len(parts)):
            return None
    return pl.concat(gathered)


def labelled(warehouse: Warehouse, lab: str, ahead: int) -> pl.DataFrame:
    """Cycles of a lab with a capacity: cycle_id, cell_id, cycle_index, began_worn, and worn (null: unknown).

    Of a life whose end was not seen, the last cycle says that the end lay beyond it, and no more.
    """
    own = t.label_soh.c
    rows = warehouse.read(t.label_soh, Part(site=lab), where=own.definition == CAPACITY).collect()
    newest = rows.filter(pl.col("version") == pl.col("version").max().over("cell_id"))
    seen_on = pl.col("cycle_index").max().over("cell_id") - pl.col("cycle_index")
    return newest.select(
        pl.col("cycle_id", "cell_id").cast(pl.String), "cycle_index",
        began_worn=pl.col("censoring") == STARTED_BELOW,
        worn=pl.when(pl.col("censoring") == OBSERVED).then(pl.col("rul_cycles") <= ahead)
        .when(seen_on >= ahead).then(pl.lit(False)),
    )  # fmt: skip


def _of_month(
    warehouse: Warehouse, part: Part, labels: pl.DataFrame, facts: dict[str, Any]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Labelled curves of the tests that began in a month, and how many cycles give none, by reason."""
    from battery_assets.features.lab.partial_discharges import LEAST_SAMPLES, SCHEMA, partial_discharges

    cells = warehouse.read(
        t.battery_cell, Part(site=part.site), ["cell_id", "cell_code", "nominal_capacity_ah"]
    ).collect()
    columns = ["cycle_id", "session_id", "cell_id", "started_at", "ended_at"]
    cycles = warehouse.read(t.cycle, part, columns).collect().with_columns(
        pl.col("cycle_id", "session_id", "cell_id").cast(pl.String)
    ).join(labels, on=["cycle_id", "cell_id"])  # fmt: skip
    chosen = cycles.filter((pl.col("cycle_index") - 1) % facts["every"] == 0).join(
        cells.with_columns(pl.col("cell_id").cast(pl.String)).unique("cell_id"), on="cell_id"
    )
    by_test = chosen.partition_by("session_id", as_dict=True)
    curves = [pl.DataFrame(schema=SCHEMA)]
    for _, points in warehouse.pieces(t.timeseries_point, part, POINT_COLUMNS):
        rows = points.with_columns(pl.col("session_id").cast(pl.String))
        for key, mine in rows.partition_by("session_id", as_dict=True, maintain_order=True).items():
            if (of_test := by_test.get(key)) is not None:
                nominal = float(of_test["nominal_capacity_ah"][0])
                curves.append(partial_discharges(mine.sort("ts"), of_test, nominal, facts["share"], POINTS))
    of_cycles = chosen.join(pl.concat(curves), on="cycle_id", how="left").with_columns(
        why=pl.when("began_worn").then(pl.lit("of a cell that began worn out"))
        .when(pl.col("worn").is_null()).then(pl.lit("nobody knows when its life ended"))
        .when(pl.col("drawn_share").fill_null(0) < facts["share"]).then(pl.lit("drew less than is seen"))
        .when(pl.col("samples") < LEAST_SAMPLES).then(pl.lit("with too few samples"))
    )  # fmt: skip
    left = of_cycles["why"].drop_nulls().value_counts()
    return _as_signals(part, of_cycles.filter(pl.col("why").is_null()), facts), dict(left.iter_rows())


def _as_signals(part: Part, rows: pl.DataFrame, facts: dict[str, Any]) -> pl.DataFrame:
    """Rows as a file of a dataset holds them, with cycle_index; waveform_hz: points per nominal capacity."""
    cell = pl.concat_str(pl.lit(str(part.site)), "cell_code", separator="-")
    return rows.sort("cell_code", "cycle_index").select(
        "cycle_index",
        signal_id=pl.concat_str(cell, pl.col("cycle_index").cast(pl.String).str.zfill(5), separator="-"),
        system=cell, string=cell, own=cell, kind=pl.lit(KIND), month=pl.lit(str(part.month)),
        pulses=pl.lit(0, pl.Int32),
        labels=pl.when("worn").then(pl.lit([LABEL])).otherwise(pl.lit([], pl.List(pl.String))),
        capacitance_lost=pl.lit(None, pl.Float64), phase_low=pl.lit(None, pl.Float64),
        waveform_v="waveform_v", waveform_a="waveform_a", waveform_hz=pl.lit(POINTS / facts["share"]),
    )  # fmt: skip


def _with_references(rows: pl.DataFrame, left_out: Counter[str]) -> pl.DataFrame:
    """Rows in order of life with is_reference: the first five of each cell that are sound."""
    sound = pl.col("labels").list.len() == 0
    ordered = rows.sort("system", "cycle_index").with_columns(
        is_reference=sound & (sound.cum_sum().over("system") <= REFERENCES)
    )
    enough = pl.col("is_reference").sum().over("system") >= LEAST
    if short := ordered.filter(~enough).height:
        left_out[f"of cells with less than {LEAST} sound cycles"] += short
    return ordered.filter(enough)
