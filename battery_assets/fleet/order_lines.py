"""Work orders as lines of CSV, as a CMMS takes them in, and the rows that they are made from."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

COLUMNS = (
    "work_order_id", "external_id", "site", "location_code", "unit_code", "incident_code", "priority",
    "status", "title", "description", "created_at", "due_date", "assigned_to", "completed_at",
    "resolution_notes",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# SQL: work orders as people and runs left them, with the codes that people know.
ORDERS = """
SELECT w.*, i.incident_code, l.location_code,
       coalesce(b.battery_code, s.string_code, l.location_code) AS unit_code, u.email AS assigned_email
FROM fleet.work_order w
LEFT JOIN fleet.incident i USING (incident_id)
LEFT JOIN fleet.location l ON l.location_id = w.location_id
LEFT JOIN fleet.battery b ON b.battery_id = w.battery_id
LEFT JOIN fleet.string s ON s.string_id = w.string_id
LEFT JOIN service."user" u ON u.user_id = w.assigned_to
"""


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of ORDERS as CSV with a heading; instants in ISO 8601, no cell a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = {**row, "assigned_to": row["assigned_email"] or row["assigned_to"]}
        writer.writerow([_cell(cells[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().isoformat() if value.tzinfo is None else value.isoformat()
    words = str(value)
    return f"'{words}" if words.startswith(FORMULA) else words
