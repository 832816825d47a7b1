"""Two sites with a few jars, lives, alerts and incidents each, as runs would have written them."""

from datetime import UTC, datetime

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.stores import kept, of, rows

SITES, MONTH, JARS = ("alpha", "beta"), "2025-03", 5
PERSON = "somchai@example.org"
THEN = datetime(2025, 3, 31, tzinfo=UTC)


def put_sites(warehouse: Warehouse) -> None:
    """Write both sites."""
    with warehouse.transaction() as connection:
        for site in SITES:
            registry.put_site(connection, site, "files", {})
    kept(warehouse, t.user, rows(t.user, {"name": PERSON, "email": PERSON}))
    model = rows(t.battery_model, {"name": "M", "chemistry": "VRLA", "nominal_voltage_v": 12.0, "capacity_ah": 120.0,
                                   "float_voltage_min_v": 13.5, "float_voltage_max_v": 13.8})  # fmt: skip
    kept(warehouse, t.battery_model, model)
    for site in SITES:
        _put(warehouse, site)


def _put(warehouse: Warehouse, site: str) -> None:
    part = Part(site, MONTH)
    place, system, string = f"{site}-place", f"{site}-ups", f"{site}-s1"
    put = {
        t.location: rows(t.location, {"name": place}),
        t.battery_system: rows(t.battery_system, {"name": system, "location_id": of(t.location, place)}),
        t.string: rows(t.string, {"name": string, "system_id": of(t.battery_system, system)}),
    }
    jars = [f"{site}-j{k}" for k in range(JARS)]
    put[t.battery] = rows(
        t.battery,
        *({"name": jar, "string_id": of(t.string, string), "model_id": of(t.battery_model, "M"),
           "position_in_string": k + 1} for k, jar in enumerate(jars)),
    )  # fmt: skip
    put[t.digital_twin_state] = rows(
        t.digital_twin_state,
        *({"name": jar, "battery_id": of(t.battery, jar), "captured_at": THEN, "soh_pct": 90.0 + k, "fault": None}
          for k, jar in enumerate(jars)),
    )  # fmt: skip
    put[t.rul_prediction] = rows(
        t.rul_prediction,
        *({"name": jar, "battery_id": of(t.battery, jar), "predicted_at": THEN, "rul_days": 100.0 * (k + 1),
           "explanation_json": '{"words": "=HYPERLINK(1)"}'} for k, jar in enumerate(jars)),
    )  # fmt: skip
    code = f"INC-2025-{site.upper()}"
    incident = {"name": code, "location_id": of(t.location, place), "created_at": THEN, "severity": "high",
                "status": "open", "fault": f"jar|{site}", "title": f"={site}"}  # fmt: skip
    put[t.incident] = rows(t.incident, incident)
    put[t.alert] = rows(
        t.alert,
        {"name": f"{site}-low", "battery_id": of(t.battery, jars[0]), "incident_id": of(t.incident, code)},
    )
    put[t.work_order] = rows(
        t.work_order,
        {"name": f"{site}-look", "incident_id": of(t.incident, code), "location_id": of(t.location, place),
         "created_at": THEN, "status": "open", "fault": f"jar|{site}"},
    )  # fmt: skip
    for table, content in put.items():
        kept(warehouse, table, content, part)
