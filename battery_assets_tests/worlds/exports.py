"""A small export of somebody else's system: two jars, one afternoon."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import polars.selectors as cs

from battery_assets.tables.identity import identity

MONTH = "2024-02"
BEGAN = datetime(2024, 2, 12, 8, tzinfo=UTC)
SAMPLES = 48


def write_export(folder: Path, site: str, offsets: bool = True) -> None:
    """Write the export as CSV files, each under a name that is no export until it is whole.

    Without `offsets` its times do not say of which zone they are.
    """
    names = ("location", "battery_model", "battery_system", "string")
    ids = {name: identity(name, "export", site) for name in names}
    jars = [identity("battery", "export", site, n) for n in (1, 2)]
    stamps = {"created_at": BEGAN, "updated_at": BEGAN}
    tables = {
        "location": [
            {"location_id": ids["location"], "location_code": "HDY-9", "location_name": "Hat Yai",
             "region": "southern", "city": "Hat Yai", "timezone": "Asia/Bangkok", "is_active": True, **stamps}
        ],
        "battery_model": [
            {"model_id": ids["battery_model"], "model_name": f"Elsewhere 12-100 of {site}", "chemistry": "VRLA",
             "nominal_voltage_v": 12.0, "capacity_ah": 100.0, "float_voltage_min_v": 13.5,
             "float_voltage_max_v": 13.8}
        ],
        "battery_system": [
            {"system_id": ids["battery_system"], "location_id": ids["location"], "system_code": f"{site}-R1",
             "system_type": "RECTIFIER", "is_active": True, **stamps}
        ],
        "string": [
            {"string_id": ids["string"], "system_id": ids["battery_system"], "string_code": f"{site}-R1-S1",
             "string_position": 1, "batteries_count": 2, "nominal_voltage_v": 24.0, "is_active": True, **stamps}
        ],
        "battery": [
            {"battery_id": jar, "string_id": ids["string"], "model_id": ids["battery_model"],
             "battery_code": f"{site}-S1-J{n}", "position_in_string": n, "status": "active", **stamps}
            for n, jar in enumerate(jars, 1)
        ],
        "telemetry_jar_raw": [
            {"ts": at, "battery_id": jar, "voltage_v": 13.6 + n / 1000, "temperature_c": 26.0,
             "resistance_mohm": 3.1}
            for n, at in enumerate(instants()) for jar in jars
        ],
        "telemetry_string_raw": [
            {"ts": at, "string_id": ids["string"], "voltage_v": 27.2, "current_a": 0.1, "mode": "float"}
            for at in instants()
        ],
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        staged = folder / f".{name}.csv.part"
        written = pl.DataFrame(rows)
        if not offsets:
            written = written.with_columns(cs.datetime().dt.replace_time_zone(None))
        written.write_csv(staged)
        shutil.move(staged, folder / f"{name}.csv")


def instants() -> list[datetime]:
    """When the export's samples were taken."""
    return [BEGAN + timedelta(minutes=5 * n) for n in range(SAMPLES)]
