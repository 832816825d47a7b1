"""Work done at a site in a month: inspections, surveys, ohmic rounds, capacity tests, replacements, and its
log.

Calendar after IEEE 1188 as tabulated by Fluke [S26]: monthly inspection and voltages, quarterly thermal
survey
and ohmic value of every jar, yearly torque check and capacity test.
"""

import json

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.physics.discharge import ohmic_factor
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, instant, month_days, month_index
from battery_assets.synthetic.catalogue import TECHNICIANS
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.discharges import calm_temperature_c, run
from battery_assets.synthetic.identifiers import battery_codes, battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import PARTIAL, RUNAWAY, SHORT, STRAP, SWITCH_S, in_service, lives
from battery_assets.synthetic.operators import BY_ALARM, BY_LOAD, BY_ROUND, BY_TEST
from battery_assets.synthetic.rectifier_faults import repairs
from battery_assets.synthetic.schedule import Event, month_events, month_of_test
from battery_assets.synthetic.signals.rooms import room_day
from battery_assets.synthetic.signals.weather import rooms
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

HAND_INSTRUMENT = "Hand-held AC 1 kHz"
HAND_SCATTER, HAND_GAIN_SD = 0.015, 0.01
REPAIRED = {"capacitor": "DC bus capacitor exchanged", "open_diode": "rectifier diode replaced"}
# What a replacement is filed under, by the alarm that named it, or by how people found it.
ALARMED = {
    SHORT: "shorted_cell",
    PARTIAL: "shorted_cell",
    STRAP: "high_resistance",
    RUNAWAY: "thermal_runaway",
}
SEEN_BY = {
    BY_TEST: "low_capacity",
    BY_ROUND: "high_resistance",
    BY_LOAD: "failed_under_load",
    BY_ALARM: "low_capacity",
}
JAR_MINUTES = 2  # a technician needs two minutes per jar


def transactions(site: SyntheticSite, month: str) -> dict[str, pl.DataFrame]:
    """`maintenance_event`, `capacity_test_raw`, `impedance_measurement_raw` and `audit_log` of a month."""
    site.first_day(month)
    index = month_index(month)
    tests = [event for event in month_events(site, index) if event.kind == "capacity_test"]
    visits = _routine(site, index)
    readings = [
        row for visit in visits if visit["event_type"] == "impedance_test" for row in _ohmic(site, visit)
    ]
    # A string with an open strap draws no current: its test is given up and leaves no result.
    capacity = [_capacity(site, event) for event in tests if run(site, event).load.removed_ah > 0]
    visits += (
        [_test_visit(site, event) for event in tests] + _replacements(site, index) + _repairs(site, index)
    )
    visits.sort(key=lambda row: (row["completed_date"], row["event_id"]))
    rows = {
        t.maintenance_event: visits,
        t.capacity_test_raw: capacity,
        t.impedance_measurement_raw: readings,
        t.audit_log: [_logged(site, row) for row in visits],
    }
    return {table.name: pl.DataFrame(of, schema=polars_schema(table)) for table, of in rows.items()}


def _visit(site: SyntheticSite, kind: str, begin_s: float, lasts_s: float, **more: object) -> dict:
    """A finished maintenance event; `more` overrides the optional columns."""
    key = (kind, more.get("string_id"), more.get("battery_id"), more.get("event_subtype"), round(begin_s))
    event = identity("maintenance_event", site.site, *key)
    rng = stream(site.seed, site.site, "visit", event)
    row: dict[str, object] = dict.fromkeys(polars_schema(t.maintenance_event))
    row |= {
        "event_id": event, "location_id": layout(site).location_id, "event_type": kind,
        "scheduled_date": instant(begin_s), "completed_date": instant(begin_s + lasts_s),
        "technician_id": TECHNICIANS[int(rng.integers(len(TECHNICIANS)))], "status": "completed",
        "photo_urls": "[]", "created_at": instant(begin_s - 7 * DAY_S),
        "updated_at": instant(begin_s + lasts_s),
    }  # fmt: skip
    return row | more


def _routine(site: SyntheticSite, month: int) -> list[dict]:
    """Inspections of the month; strings follow each other from 02:00 UTC (09:00 in Thailand)."""
    first, _ = month_days(month)
    rng = stream(site.seed, site.site, "round", month)
    day = first + int(rng.integers(1, 5))
    morning = day * DAY_S + 2 * 3600.0
    visits = [
        _visit(
            site, "visual_inspection", morning, 3600, notes="Cases, terminals, room and ventilation looked at"
        )
    ]
    hour = 3600.0 * max(1.0, site.jars_per_string * JAR_MINUTES / 60)
    for number, string_id in enumerate(layout(site).string_ids):
        # Three strings a day at most.
        begin = morning + DAY_S * (1 + number // 3) + hour * (number % 3)
        visits.append(_visit(site, "voltage_measurement", begin, 1200, string_id=string_id))
        if month % 3 == 0:
            visits.append(_visit(site, "thermal_survey", begin + 1200, 900, string_id=string_id))
            visits.append(_visit(site, "impedance_test", begin + 2400, hour - 1200, string_id=string_id))
        if month_of_test(site, number) == (month + 6) % 12:
            visits.append(_visit(site, "torque_check", begin + 5 * 3600, 3600, string_id=string_id))
    return visits


def _ohmic(site: SyntheticSite, visit: dict) -> list[dict]:
    """Ohmic value of every jar of the string, one after the other, with the hand-held instrument."""
    string = layout(site).string_ids.index(visit["string_id"])
    begin_s = visit["scheduled_date"].timestamp()
    day, jars = int(begin_s // DAY_S), site.jars_per_string
    late = begin_s % DAY_S >= SWITCH_S
    rows = in_service(site, day, after_switch=late)[string * jars : (string + 1) * jars]
    state = condition(site, rows, begin_s / DAY_S)
    warm = calm_temperature_c(site, string, day, state.warmer_k)
    rng = stream(site.seed, site.site, "hand-held", visit["event_id"])
    gain = 1 + HAND_GAIN_SD * stream(site.seed, site.site, "hand-held gain").standard_normal()
    ohms = state.resistance_mohm * ohmic_factor(warm) * gain * (1 + HAND_SCATTER * rng.standard_normal(jars))
    read_c = warm + rng.normal(0, 0.3, jars)
    readings = []
    for slot, row in enumerate(rows.tolist()):
        mohm, battery = round(float(ohms[slot]), 3), battery_ids(site)[row]
        readings.append({
            "measurement_id": identity("impedance", site.site, visit["event_id"], battery),
            "battery_id": battery,
            "maintenance_event_id": visit["event_id"],
            "measured_at": instant(begin_s + slot * min(JAR_MINUTES * 60, 2400 / jars)),
            "resistance_mohm": mohm, "conductance_s": round(1000 / mohm, 5),
            "temperature_c": round(float(read_c[slot]), 1), "instrument_model": HAND_INSTRUMENT,
        })  # fmt: skip
    return readings


def _test_visit(site: SyntheticSite, event: Event) -> dict:
    string_id, load = layout(site).string_ids[event.string], run(site, event).load
    given_up = (
        {} if load.removed_ah > 0 else {"status": "cancelled", "notes": "No current: the string is open"}
    )
    return _visit(
        site, "capacity_test", event.start_s, float(load.time_s[-1]), string_id=string_id, **given_up
    )


def _capacity(site: SyntheticSite, event: Event) -> dict:
    """The yearly test as the telemetry shows it: one simulated run gives rate, duration and end voltage."""
    happened = run(site, event)
    visit = _test_visit(site, event)
    day, second = divmod(event.start_s, DAY_S)
    system = layout(site).system_of_string[event.string]
    ended = {"string": "string end voltage", "jar": "weakest jar at 1.60 V/cell", "time": "time limit"}
    reason = ended[happened.load.reason]
    return {
        "test_id": identity("capacity_test", site.site, event.key), "string_id": visit["string_id"],
        "maintenance_event_id": visit["event_id"], "test_date": instant(event.start_s),
        "test_type": "full_discharge", "discharge_rate_a": round(event.amps, 2),
        "discharge_duration_min": round(happened.load_s / 60, 1), "cutoff_voltage_v": round(happened.end_v,
        2),
        "ambient_temp_c": round(float(room_day(site, int(day)).air_c[system, int(second // 60)]), 1),
        "raw_data_url": None, "notes": f"To {event.stop_v_cell:.2f} V/cell; ended by {reason}",
    }  # fmt: skip


def filed_cause(sudden: int, found_by: int) -> str:
    """What the visit's file says of why a jar went: what people saw, not what it was."""
    if sudden in ALARMED and found_by == BY_ALARM:
        return ALARMED[sudden]
    return SEEN_BY[found_by]


def _replacements(site: SyntheticSite, month: int) -> list[dict]:
    """One event per jar that left in the month, filed under the jar that left."""
    begin, end = month_days(month)
    jars, ids, codes = lives(site), battery_ids(site), battery_codes(site)
    visits = []
    for n in np.flatnonzero((jars.replaced >= begin) & (jars.replaced < end)).tolist():
        new = int(np.flatnonzero(jars.previous == n)[0])
        string = layout(site).string_ids[int(jars.position[n]) // site.jars_per_string]
        start = int(jars.replaced[n]) * DAY_S + SWITCH_S - 1800
        cause = (
            "string_renewal" if jars.renewed[n] else filed_cause(int(jars.sudden[n]), int(jars.found_by[n]))
        )
        visits.append(_visit(
            site, "replacement", start, 3600, battery_id=ids[n], string_id=string,
            event_subtype=cause, notes=f"{codes[n]} replaced by {codes[new]}",
        ))  # fmt: skip
    return visits


def _repairs(site: SyntheticSite, month: int) -> list[dict]:
    """Cooling repairs at the end of every HVAC failure that took a unit out, and repairs of rectifiers."""
    begin, end = month_days(month)
    visits = []
    for number, room in enumerate(rooms(site)):
        for _, over, _, kind in room.warm_spells:
            if kind > 0 and begin <= over < end:
                note = f"Cooling unit of battery room {number + 1} repaired"
                visits.append(
                    _visit(site, "corrective", over * DAY_S - 3600, 3600, event_subtype="hvac", notes=note)
                )
    for system, fault in repairs(site, begin * DAY_S, end * DAY_S):
        note = f"{system.code}: {REPAIRED[fault.kind]}"
        visits.append(
            _visit(site, "corrective", fault.end_s - 3600, 3600, event_subtype="rectifier", notes=note)
        )
    return visits


def _logged(site: SyntheticSite, visit: dict) -> dict:
    """The audit entry that filing a visit leaves."""
    battery = visit["event_type"] == "replacement"
    details = {"event_type": visit["event_type"], "status": visit["status"]}
    return {
        "log_id": identity("audit_log", site.site, visit["event_id"]), "ts": visit["completed_date"],
        "user_id": visit["technician_id"],
        "action": "battery.replaced" if battery else "maintenance.completed",
        "entity_type": "battery" if battery else "maintenance_event",
        "entity_id": visit["battery_id"] if battery else visit["event_id"],
        "details_json": json.dumps(details),
        "ip_address": f"10.20.{len(site.site)}.{int(visit['event_id'][:2], 16)}",
    }  # fmt: skip
