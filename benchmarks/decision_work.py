"""What a year of telemetry, health and lives makes people do, and what each rule was worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from battery_assets.features.operations.replay import HORIZON, onsets
from battery_assets.synthetic.calendar import DAY_S, instant
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import NEVER, lives
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.estimation.life_fleet import START
from battery_assets_tests.worlds.incidents.fault_months import (
    EARLY,
    LATE,
    Worked,
    ends_with_order,
    true_ends,
    truths,
    worked,
)
from battery_assets_tests.worlds.rules.scored import TAIL, scored
from battery_assets_tests.worlds.site_hours import bounds
from benchmarks.decision_fleets import Lived

STEP_S, WORKED_MONTHS = 900, 12
LAST_MOMENT = timedelta(seconds=1)
WARNING = 1
TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Work:
    """Of a site's months: incidents, those that opened `again` for one trouble, work orders, true ends of
    jars in service, those with an order in time; and for each rule what it said at warning or worse, and
    rightly.
    """

    incidents: int
    again: int
    orders: int
    ends: int
    in_time: int
    rules: pl.DataFrame
    troubles: list[dict]


def work_of(of: Lived, number: int) -> Work:
    """The work at one of a fleet's sites in the year after the first cut-off."""
    site = site_of(of, number)
    first = of.sizes.cutoffs[0]
    months = of.sizes.lived[first : first + WORKED_MONTHS]
    done = worked(site, months, Foretold(of).of_month, TAIL)
    ends = true_ends(site, months)
    in_time = len(ends_with_order(done, site, ends))
    again = opened_again(done.incidents, _begins(site, months)).height
    troubles = scored(site, done.alerts, months)
    rules = judged(site, done, of.sizes.lived[: first + WORKED_MONTHS + 1])
    return Work(done.incidents.height, again, done.orders.height, len(ends), in_time, rules, troubles)


def site_of(of: Lived, number: int) -> SyntheticSite:
    """One of a fleet's sites, with telemetry at STEP_S."""
    place, world = list(PLACES)[number], WORLDS[of.world]
    return SyntheticSite(place, place, of.seed + number, STEP_S, of.sizes.strings, start=START, world=world)


class Foretold:
    """Health and lives of a month, as the alert asset takes them: said within the month."""

    def __init__(self, of: Lived) -> None:
        lives_told = of.served().with_columns(predicted_at=of.snaps["snapshot_at"], source=pl.lit("fused"))
        self.rul = lives_told
        self.soh = of.fleet.twins.select(
            "battery_id", "soh_pct", at="captured_at", source=pl.lit("digital_twin")
        )

    def of_month(self, month: str) -> dict[str, pl.DataFrame]:
        start, end = bounds(month)
        last = pl.lit(end - LAST_MOMENT)
        found = {}
        for name, at, frame in (("soh", "at", self.soh), ("rul", "predicted_at", self.rul)):
            own = frame.filter((pl.col(at) > start) & (pl.col(at) <= end))
            found[name] = own.with_columns(pl.min_horizontal(pl.col(at), last).alias(at))
        return found


def opened_again(incidents: pl.DataFrame, begins: pl.DataFrame) -> pl.DataFrame:
    """The incidents of a fault that had one before, although no new trouble of its unit had begun by then.

    begins: unit_id, begin of every true trouble. A cooling unit that fails anew a month after its repair is
    another trouble, and its incident another one.
    """
    one = incidents.sort("fault", "created_at").with_columns(
        before=pl.col("created_at").shift(1).over("fault"), one=pl.int_range(pl.len())
    )
    one = one.filter(pl.col("before").is_not_null())
    anew = [
        one.join(begins, left_on=unit, right_on="unit_id").filter(
            (pl.col("begin") > pl.col("before")) & (pl.col("begin") <= pl.col("created_at") + EARLY)
        )["one"]
        for unit in ("battery_id", "string_id", "location_id")
    ]
    return one.filter(~pl.col("one").is_in(pl.concat(anew).to_list())).drop("one", "before")


def _begins(site: SyntheticSite, months: Sequence[str]) -> pl.DataFrame:
    """unit_id, begin of the generator's troubles; one of a system is one of each of its strings."""
    rows = [(one.unit.split("|")[1], one.begin) for one in truths(site, months)]
    begins = pl.DataFrame(rows, schema={"unit_id": pl.String, "begin": TIME}, orient="row")
    of_systems = _units(site).join(begins, on="unit_id").select(unit_id="string_id", begin="begin")
    return pl.concat([begins, of_systems])


def judged(site: SyntheticSite, done: Worked, months: Sequence[str]) -> pl.DataFrame:
    """alert_type, signal, alerts, right: onsets of warning or worse, and those whose unit truly had trouble.

    A jar's alert is right where the jar ends by half a year after it held. One of a string, of voltage or of
    heat is right where a fault of the string, of one of its jars or of its system overlaps: a short lifts its
    neighbours, an open diode heats them all. One of heat or of a room also where the cooling failed.
    """
    said = onsets(done.alerts).filter(pl.col("rank") >= WARNING).with_row_index("one")
    ended = said.join(_ends(site), on="battery_id").filter(pl.col("end") <= pl.col("over") + HORIZON)
    spells, units = _spells(site, months), _units(site)
    jar, string = pl.col("battery_id").is_not_null(), pl.col("string_id").is_not_null()
    heat = pl.col("alert_type") == "temperature_high"
    shared = heat | pl.col("alert_type").is_in(["voltage_low", "voltage_high"])
    hits = [
        said.filter(~jar | shared, string).join(spells, left_on="string_id", right_on="unit_id"),
        said.filter(~jar | shared, string).join(units, on="string_id").join(spells, on="unit_id"),
        said.filter(heat | ~string).join(spells, left_on="location_id", right_on="unit_id"),
    ]
    overlap = (pl.col("at") <= pl.col("until")) & (pl.col("over") >= pl.col("from"))
    right = pl.concat([ended["one"], *(rows.filter(overlap)["one"] for rows in hits)]).unique()
    marked = said.with_columns(right=pl.col("one").is_in(right.to_list()))
    return marked.group_by("alert_type", "signal").agg(alerts=pl.len(), right=pl.col("right").sum())


def _ends(site: SyntheticSite) -> pl.DataFrame:
    """battery_id, end: when each jar of the site truly ends."""
    days, ids = lives(site).end_day.tolist(), battery_ids(site)
    rows = [(ids[n], instant(float(day) * DAY_S)) for n, day in enumerate(days) if day < NEVER]
    return pl.DataFrame(rows, schema={"battery_id": pl.String, "end": TIME}, orient="row")


def _spells(site: SyntheticSite, months: Sequence[str]) -> pl.DataFrame:
    """unit_id, from, until: the generator's faults of the months, those of sensors apart."""
    rows = [
        (one.unit.split("|")[1], one.begin - EARLY, one.end + LATE)
        for one in truths(site, months)
        if one.name != "stuck_sensor"
    ]
    return pl.DataFrame(rows, schema={"unit_id": pl.String, "from": TIME, "until": TIME}, orient="row")


def _units(site: SyntheticSite) -> pl.DataFrame:
    """string_id, unit_id: the system and the jars of each string."""
    plan, positions = layout(site), lives(site).position // site.jars_per_string
    of_jars = list(zip((plan.string_ids[n] for n in positions.tolist()), battery_ids(site), strict=True))
    of_systems = [(plan.string_ids[n], one.system_id) for one in plan.systems for n in one.strings]
    return pl.DataFrame(
        of_jars + of_systems, schema={"string_id": pl.String, "unit_id": pl.String}, orient="row"
    )
