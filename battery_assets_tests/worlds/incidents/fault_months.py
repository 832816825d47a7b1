"""Months of small synthetic sites with the faults that the generator gave them, and the incidents of each.

No twin and no life model: what alerts say of raw telemetry and ohmic readings is all that incidents rest on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.data_quality import findings, telemetry_evidence
from battery_assets.features.operations.fault_lives import Month
from battery_assets.features.operations.incidents import incidents
from battery_assets.features.operations.work_orders import work_orders
from battery_assets.physics.ageing import MECHANISMS
from battery_assets.synthetic.calendar import DAY_S, instant
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import SUDDEN_NAMES, in_service, lives
from battery_assets.synthetic.overcharge import overcharges
from battery_assets.synthetic.rectifier_faults import faults
from battery_assets.synthetic.signals.stuck import stuck_on
from battery_assets.synthetic.signals.weather import rooms
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.transactions import transactions
from battery_assets.tables.projections import empty
from battery_assets_tests.worlds.site_hours import SiteHours, bounds, site_hours

RUNAWAY = SUDDEN_NAMES.index("thermal_runaway")
# A jar that ends within a year is worn; people who look at one that has two years left find it sound.
WORN_DAYS = 365
# How long before a fault's true begin, and after its end, an incident can still be its own.
EARLY, LATE = timedelta(days=2), timedelta(days=5)


@dataclass(frozen=True)
class Truth:
    """A fault that the generator made: its name, unit ("jar|…", "system|…", …) and time."""

    name: str
    unit: str
    begin: datetime
    end: datetime


def small_site(seed: int, **more: object) -> SyntheticSite:
    """Two strings of 24 jars, a sample each quarter of an hour."""
    return SyntheticSite("x", "phuket", seed, 900, 2, 24, "2025-01", **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Worked:
    """Incidents and work orders of consecutive months, each as the last month in which it stands leaves it;
    and the alerts of all months.
    """

    incidents: pl.DataFrame
    orders: pl.DataFrame
    alerts: pl.DataFrame


def worked(
    site: SyntheticSite,
    months: Sequence[str],
    foretold: Callable[[str], dict[str, pl.DataFrame]] | None = None,
    tail: timedelta = timedelta(0),
    hours: SiteHours | None = None,
) -> Worked:
    """What consecutive months make of a site's telemetry.

    foretold: health and lives of a month (`soh`, `rul` of AlertInputs). tail: how much of the time before a
    month its rules see. hours: those of the months, where they are made already.
    """
    hours, rules = hours or site_hours(site, list(months)), thresholds()
    before, alerts_before = empty(t.incident), empty(t.alert)
    work: list[pl.DataFrame] = []
    orders, states, asked, said = empty(t.work_order), [], [], []
    for month in months:
        inputs = replace(hours.inputs(month, tail), **(foretold(month) if foretold else {}))
        assert inputs.hours is not None and inputs.strings_hours is not None
        own = (frame.filter(_inside(month)) for frame in (hours.jar, inputs.strings_hours))
        evidence = telemetry_evidence(*own, inputs.jars)
        inputs = replace(inputs, data_quality=findings(evidence, inputs.jars))
        raised = alerts(inputs, rules)
        said.append(raised)
        work.append(transactions(site, month)["maintenance_event"])
        start, end = bounds(month)
        systems = pl.DataFrame([(one.system_id, one.code) for one in layout(site).systems], orient="row",
                               schema=["system_id", "system_code"])  # fmt: skip
        made = Month("x", inputs.jars, start, end, before, alerts_before, pl.concat(work[-2:]), systems)
        before, alerts_before = incidents(raised, made)
        orders = work_orders(before, None, orders, work[-1])
        states.append(before)
        asked.append(orders)
    return Worked(_last(states, "incident_id"), _last(asked, "work_order_id"), pl.concat(said))


def _last(states: list[pl.DataFrame], key: str) -> pl.DataFrame:
    return pl.concat(states).group_by(key, maintain_order=True).last()


def true_ends(site: SyntheticSite, months: Sequence[str]) -> dict[str, datetime]:
    """The jars that ended within the months while they served, and when."""
    start, end = (at.timestamp() / DAY_S for at in (bounds(months[0])[0], bounds(months[-1])[1]))
    jars, ids = lives(site), battery_ids(site)
    served = (jars.end_day >= start) & (jars.end_day < end) & (jars.end_day <= jars.replaced)
    return {ids[n]: instant(float(jars.end_day[n]) * DAY_S) for n in np.flatnonzero(served).tolist()}


def ends_with_order(done: Worked, site: SyntheticSite, ends: dict[str, datetime]) -> list[str]:
    """The jars of `true_ends` that somebody had to look at, or whose string somebody had to renew, in time."""
    places, strings = lives(site).position // site.jars_per_string, layout(site).string_ids
    of_jar = {jar: strings[place] for jar, place in zip(battery_ids(site), places.tolist(), strict=True)}
    first = dict(done.orders.group_by("fault").agg(pl.col("created_at").min()).iter_rows())

    def ordered(jar: str, at: datetime) -> bool:
        faults = (f"jar|{jar}", f"aged|{of_jar[jar]}")
        return any(first[fault] <= at + LATE for fault in faults if fault in first)

    return [jar for jar, at in ends.items() if ordered(jar, at)]


def _inside(month: str) -> pl.Expr:
    start, end = bounds(month)
    return pl.col("hour").is_between(start, end, closed="left")


def truths(site: SyntheticSite, months: Sequence[str]) -> list[Truth]:
    """Every sudden fault of the months, in order of time; wear is judged by `remaining_days`."""
    start, end = bounds(months[0])[0], bounds(months[-1])[1]
    found = [*_sudden(site), *_systems(site), *_rooms(site), *_stuck(site, start, end)]
    # What begins in the last days has no time to be seen.
    mine = [one for one in found if start <= one.begin < end - LATE]
    return sorted(mine, key=lambda one: one.begin)


def _sudden(site: SyntheticSite) -> Iterator[Truth]:
    jars, ids = lives(site), battery_ids(site)
    for n in np.flatnonzero((jars.sudden > 0) & (jars.sudden_day < jars.replaced)).tolist():
        if jars.sudden[n] != RUNAWAY:
            begin, end = instant(float(jars.sudden_day[n]) * DAY_S), instant(float(jars.replaced[n]) * DAY_S)
            yield Truth(SUDDEN_NAMES[jars.sudden[n]], f"jar|{ids[n]}", begin, end)
    for spell in overcharges(site):
        string = layout(site).string_ids[spell.string]
        ran = [
            n for n in np.flatnonzero(jars.sudden == RUNAWAY).tolist()
            if spell.start_s <= jars.sudden_day[n] * DAY_S <= spell.end_s
            and jars.position[n] // site.jars_per_string == spell.string
        ]  # fmt: skip
        name = "thermal_runaway" if ran else "overcharge"
        yield Truth(name, f"string|{string}", instant(spell.start_s), instant(spell.end_s))


def _systems(site: SyntheticSite) -> Iterator[Truth]:
    for system, own in zip(layout(site).systems, faults(site), strict=True):
        for fault in own:
            yield Truth(
                fault.kind, f"system|{system.system_id}", instant(fault.begin_s), instant(fault.end_s)
            )


def _rooms(site: SyntheticSite) -> Iterator[Truth]:
    place = layout(site).location_id
    for room in rooms(site):
        for begin, end, _, failed in room.warm_spells:
            if failed > 0:
                yield Truth("hvac", f"place|{place}", instant(begin * DAY_S), instant(end * DAY_S))


def _stuck(site: SyntheticSite, start: datetime, end: datetime) -> Iterator[Truth]:
    days = range(int(start.timestamp() // DAY_S), int(end.timestamp() // DAY_S))
    spells = {spell for day in days for spell in stuck_on(site, day)}
    for spell in spells:
        string = layout(site).string_ids[spell.place // site.jars_per_string]
        if spell.end_s - spell.start_s > 2 * DAY_S:
            yield Truth("stuck_sensor", f"data|{string}", instant(spell.start_s), instant(spell.end_s))


def remaining_days(site: SyntheticSite, at: datetime) -> dict[str, tuple[str, float]]:
    """Of each jar in service at an instant what wears it out, and the days to its true end."""
    day = at.timestamp() / DAY_S
    jars, ids = lives(site), battery_ids(site)
    rows = in_service(site, int(day), after_switch=False).tolist()
    return {ids[n]: (MECHANISMS[jars.mechanism[n]].name, float(jars.end_day[n]) - day) for n in rows}
