"""What was wrong with a rectifier while a burst was taken: the generator's truth, or what a repair showed."""

import re
from datetime import timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import SYNTHETIC
from battery_assets.platform.warehouse.resource import Warehouse

# A loss under that share is within what a sound capacitor is allowed (20 % tolerance halves it: convention).
LEAST_LOSS = 0.05
# Words of a repair; so long before it the fault was there, and so much longer nobody knows.
EXCHANGED = re.compile(r"\b(exchanged|replaced|renewed|changed|swapped|new)\b")
REPAIRS = (
    ("capacitor", "capacitor_loss", timedelta(days=28), timedelta(days=270)),
    ("diode", "open_diode", timedelta(hours=4), timedelta(days=7)),
)


def labelled(warehouse: Warehouse, part: Part, bursts: pl.DataFrame) -> pl.DataFrame:
    """Bursts (string_id, system_id, ts) with labels (null: nobody knows), capacitance_lost and phase_low."""
    with warehouse.reading() as connection:
        [site] = [row for row in registry.sites(connection) if row.site == part.site]
    if site.source == SYNTHETIC:
        return _by_truth(str(part.site), site.config, bursts)
    return _by_repairs(warehouse, part, bursts)


def _by_truth(site: str, config: dict, bursts: pl.DataFrame) -> pl.DataFrame:
    from battery_assets.synthetic.layout import layout
    from battery_assets.synthetic.rectifier_faults import standing
    from battery_assets.synthetic.site import SyntheticSite

    made = SyntheticSite.from_config(site, config)
    strings = {name: place for place, name in enumerate(layout(made).string_ids)}
    labels: list[list[str]] = []
    lost, low = [], []
    for string, when in bursts.select("string_id", pl.col("ts").dt.epoch("s")).iter_rows():
        now = standing(made, layout(made).system(strings[string]).number, float(when))
        capacitor, unbalance = now.get("capacitor"), now.get("unbalance")
        gone = 0.0
        if capacitor:
            gone = capacitor.level * (when - capacitor.begin_s) / (capacitor.end_s - capacitor.begin_s)
        lost.append(gone)
        low.append(unbalance.level if unbalance else 0.0)
        names = {
            "capacitor_loss": gone >= LEAST_LOSS, "phase_unbalance": bool(unbalance),
            "open_diode": "open_diode" in now,
        }  # fmt: skip
        labels.append([name for name, there in names.items() if there])
    return bursts.with_columns(
        labels=pl.Series(labels, dtype=pl.List(pl.String)),
        capacitance_lost=pl.Series(lost, dtype=pl.Float64),
        phase_low=pl.Series(low, dtype=pl.Float64),
    )  # fmt: skip


# An event and the discharge that a monitor saw of it begin within an interval of the slowest monitor.
SAME_EVENT_S = 3600.0


def ended_by_truth(site: str, config: dict, discharges: pl.DataFrame) -> pl.DataFrame:
    """Discharges (string_id, window_start) with `jar`: the id of the one that ends the string at that load.

    Null where the generator has no such event, or the string carried nothing.
    """
    from battery_assets.synthetic.discharges import ending_jar
    from battery_assets.synthetic.layout import layout
    from battery_assets.synthetic.schedule import events_touching
    from battery_assets.synthetic.site import SyntheticSite

    made = SyntheticSite.from_config(site, config)
    places = {name: place for place, name in enumerate(layout(made).string_ids)}
    jars: list[str | None] = []
    for string, start in discharges.with_columns(pl.col("window_start").dt.timestamp("ms") / 1e3).iter_rows():
        near = [
            event
            for event in events_touching(made, start - SAME_EVENT_S, start + SAME_EVENT_S)
            if event.discharges and event.string == places[string]
            and abs(event.start_s - start) <= SAME_EVENT_S
        ]  # fmt: skip
        closest = min(near, key=lambda event: abs(event.start_s - start), default=None)
        jars.append(None if closest is None else ending_jar(made, closest))
    return discharges.with_columns(jar=pl.Series(jars, dtype=pl.String))


# What maintenance recorded, and work orders that people closed with what they found.
_REPAIRS = """
SELECT string_id::text AS string_id, completed_date, notes, NULL AS about FROM fleet.maintenance_event
WHERE site = :site AND event_subtype = 'rectifier' AND status = 'completed' AND completed_date >= :start
UNION ALL
SELECT string_id::text, completed_at, resolution_notes, title FROM fleet.work_order
WHERE site = :site AND status IN ('completed', 'closed') AND completed_at >= :start
"""


def _by_repairs(warehouse: Warehouse, part: Part, bursts: pl.DataFrame) -> pl.DataFrame:
    """Sound where no repair follows; a fault shortly before one; nobody knows how long before that."""
    query = sa.text(_REPAIRS).bindparams(site=str(part.site), start=part.start)
    with warehouse.reading() as connection:
        repairs = [dict(row) for row in connection.execute(query).mappings()]
    labels: list[list[str] | None] = []
    for string, system, when in bursts.select("string_id", "system", "ts").iter_rows():
        faults, unknown = [], False
        for word, kind, there, perhaps in REPAIRS:
            ahead = [
                one["completed_date"] - when
                for one in repairs
                if _says(one["notes"], word) and one["completed_date"] >= when
                and _concerns(one, str(string), str(system))
            ]  # fmt: skip
            soonest = min(ahead, default=None)
            if soonest is not None and soonest <= there:
                faults.append(kind)
            unknown |= soonest is not None and there < soonest <= perhaps
        labels.append(None if unknown else faults)
    return bursts.with_columns(
        labels=pl.Series(labels, dtype=pl.List(pl.String)), capacitance_lost=pl.lit(None, pl.Float64),
        phase_low=pl.lit(None, pl.Float64),
    )  # fmt: skip


def _says(notes: str | None, part: str) -> bool:
    """Whether notes say that a part was exchanged: one that was only measured proves nothing."""
    text = (notes or "").lower()
    return part in text and EXCHANGED.search(text) is not None


def _concerns(repair: dict, string: str, system: str) -> bool:
    """Whether a repair was of a string's system: by its string, or by the system's code in its notes."""
    return str(repair["string_id"]) == string or system in f"{repair['notes']} {repair['about']}"
