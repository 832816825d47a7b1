"""The record of a test in the books: what older code wrote is read, and written the same."""

from dataclasses import fields

from battery_assets import tables as t
from battery_assets.lab.records import CellRecord, SessionRecord
from battery_assets.lab.sessions import ENDS
from battery_assets.tables.projections import polars_schema

# As homes hold it since tests are entered in books.
CELL = {
    "chemistry": "NMC", "manufacturer": None, "model": None, "barcode": "el15", "nominal_capacity_ah": 2.5,
    "nominal_voltage_v": None, "voltage_min_v": 2.7, "voltage_max_v": None, "cell_id": "c", "cell_code": "C1",
    "pack_id": None,
}  # fmt: skip
DOCUMENT = {
    "session_id": "s", "cell_id": "c", "protocol": "cycle_life", "protocol_version": None, "equipment": "bdf",
    "channel": "3", "started_at": "2024-03-05T08:00:00+00:00", "ambient_temperature_c": 25.0,
    "cutoff_voltage_v": 2.7, "rows_read": 9, "rows_quarantined": 1, "rows_duplicate": 0, "source_files": "[]",
    "findings": "[]", "content_sha256": "ab", "cell": CELL, "terms": {"timezone": "UTC"}, "cell_code": "C1",
}  # fmt: skip


def test_what_the_books_hold_is_read_and_written_the_same():
    record = SessionRecord.of(DOCUMENT)
    assert record.document() == DOCUMENT
    assert record.cell == CellRecord(**CELL)
    assert SessionRecord.of(record.document()) == record


def test_the_fields_are_the_columns_of_the_tables():
    record = SessionRecord.of(DOCUMENT)
    assert {one.name for one in fields(CellRecord)} == set(polars_schema(t.battery_cell))
    # A test of files is of a cell, never of a pack.
    assert set(record.row()) == set(polars_schema(t.test_session)) - {*ENDS, "pack_id"}
    assert record.row()["started_at"] == record.started_at
