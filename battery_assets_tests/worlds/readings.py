"""What every reading has to keep, and the small texts that the tests write."""

from datetime import UTC, datetime

from battery_assets.ingest.exports.tables import Reading
from battery_assets.ingest.files.problems import sentences

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JAR = "bd49d662-0fe2-4e1a-97f4-8868285af7b2"
JAR_2 = "9cc45072-8c39-48e5-8080-9980a5893c7e"
HEADER = "ts,battery_id,voltage_v,temperature_c,resistance_mohm,conductance_s\n"


def sample(
    minute: int = 0, unit: str = JAR, voltage: str = "13.512", rest: str = "25.2,3.079,324.74591"
) -> str:
    """One row of telemetry_jar_raw, on 2026-11-18."""
    return f"2026-11-18 00:{minute:02d}:00,{unit},{voltage},{rest}\n"


def good(rows: int = 20) -> str:
    return HEADER + "".join(sample(minute) for minute in range(rows))


def assert_balanced(reading: Reading) -> None:
    """rows read = loaded + quarantined + exact duplicates + superseded + other month, in every file."""
    for row in reading.files.iter_rows(named=True):
        parts = ("loaded", "quarantined", "exact_duplicate", "superseded", "other_month")
        assert row["rows_read"] == sum(row[f"rows_{part}"] for part in parts), row
        listed = reading.quarantine.filter(file=row["path"])["rows"].sum()
        assert listed == row["rows_quarantined"], row
        assert (row["status"] == "refused") == (row["reason"] is not None)
    assert reading.rows.height in (0, reading.files["rows_loaded"].sum())


def said(reading: Reading) -> str:
    """All that a person would read about the quarantine and the refused files."""
    refused = [
        f"{row['path']}: {row['reason']}" for row in reading.files.iter_rows(named=True) if row["reason"]
    ]
    return "\n".join([*sentences(reading.quarantine), *refused])
