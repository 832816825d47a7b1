"""A night at two sites: jar alpha-j0 fails first, and its string may not carry its load."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.api.two_sites import JARS, MONTH, SITES, put_sites
from battery_assets_tests.worlds.stores import kept, of, rows

NIGHT = datetime(2025, 3, 30, 2, tzinfo=UTC)
END = datetime(2025, 3, 31, tzinfo=UTC)
CODE = "INC-2025-ALPHA"
# What a file of somebody else may hold where a person is to read it.
FOREIGN = '<script>alert("x")</script>'
WORDS = f"With 8 years of age and resistance at 160 % of new {FOREIGN}"
P90 = (0.72, 0.3, 0.1, 0.05, 0.01)


def put_night(warehouse: Warehouse) -> None:
    """Write both sites, with places, health, lives, ride-through, telemetry, hours, days, alerts and incidents."""
    put_sites(warehouse)
    for place, site in enumerate(SITES):
        _put(warehouse, site, 7.0 + 6.0 * place)
    with warehouse.transaction() as connection:
        named = {"name": "Noi", "email": "noi@example.org", "username": "noi"}
        connection.execute(sa.insert(t.users).values(**named, role="operator", sites=["*"]))


def _put(warehouse: Warehouse, site: str, latitude: float) -> None:
    part, jars = Part(site, MONTH), [f"{site}-j{k}" for k in range(JARS)]
    string, code = of(t.string, f"{site}-s1"), f"INC-2025-{site.upper()}"
    place = {"name": f"{site}-place", "latitude": latitude, "longitude": 100.5}
    put = {
        t.location: rows(t.location, place),
        t.digital_twin_state: rows(t.digital_twin_state, *(
            {"name": jar, "battery_id": of(t.battery, jar), "captured_at": END, "soh_pct": 78.0 + 4 * k,
             "soh_lower_pct": 70.0 + 4 * k, "soh_upper_pct": 84.0 + 4 * k, "evidence": "age+resistance",
             "evidence_age_days": 3.0, "fault": "shorted_cell" if k == 4 else None} for k, jar in enumerate(jars))),
        t.rul_prediction: rows(t.rul_prediction, *(
            {"name": jar, "battery_id": of(t.battery, jar), "predicted_at": END, "rul_days": 60.0 * (k + 1),
             "rul_lower_ci_days": 10.0, "rul_upper_ci_days": 900.0, "failure_probability_90d": P90[k],
             "explanation_json": f'{{"words": {WORDS!r}}}'.replace("'", '"').replace('"x"', "x")}
            for k, jar in enumerate(jars))),
        t.string_runtime: rows(t.string_runtime, {
            "name": string, "string_id": string, "captured_at": END, "load_basis": "measured_load",
            "load_kind": "constant_power", "required_min": 15.0, "runtime_min": 12.0, "runtime_lower_min": 9.0,
            "runtime_upper_min": 16.0, "ride_through_probability": 0.2, "weakest_battery_id": of(t.battery, jars[0]),
            "limited_by": "resistance"}),
        t.feature_store: rows(t.feature_store, *(
            {"name": "x", "feature_ts": at, "battery_id": of(t.battery, jar), "feature_window_hours": window,
             "v_mean": 13.5 - 0.2 * (k == 0), "v_min": 13.4, "v_max": 13.6, "v_balance_mean": 0.3 * (k == 0),
             "t_mean": 25.0 + k, "t_max": 27.0 + k, "r_internal_baseline_pct": 160.0 - 10 * k}
            for k, jar in enumerate(jars) for at, window in _windows())),
        t.telemetry_string_raw: rows(t.telemetry_string_raw, *(
            {"name": "x", "ts": NIGHT + timedelta(hours=k), "string_id": string, "voltage_v": 324.0, "current_a": 0.1,
             "mode": "float"} for k in range(3))),
        t.alert: rows(t.alert, {
            "name": f"{site}-low", "battery_id": of(t.battery, jars[0]), "incident_id": of(t.incident, code),
            "triggered_at": NIGHT, "severity": "critical", "message": f"resistance over its baseline {FOREIGN}"}),
        t.incident: rows(t.incident, {
            "name": code, "location_id": of(t.location, f"{site}-place"), "created_at": NIGHT, "severity": "high",
            "status": "open", "fault": f"jar|{site}", "title": f"Jar ageing {FOREIGN}", "string_id": string,
            "battery_id": of(t.battery, jars[0]), "rca_code": "JAR-AGEING"}),
    }  # fmt: skip
    for table, content in put.items():
        kept(warehouse, table, content, part)


def _windows() -> list[tuple[datetime, int]]:
    """The hours around the night, and the days of the month."""
    hours = [(NIGHT + timedelta(hours=k), 1) for k in range(-20, 20)]
    return hours + [(datetime(2025, 3, day, tzinfo=UTC), 24) for day in range(2, 32)]
