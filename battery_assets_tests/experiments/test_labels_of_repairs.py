"""Labels of a real site follow from what maintenance and closed work orders say was exchanged, and when."""

import uuid
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.experiments.making.labels import _by_repairs
from battery_assets.platform.dagster.partitions import Part

SITE, EXCHANGED = "real-one", datetime(2025, 9, 15, 9, tzinfo=UTC)
STRINGS = {name: str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("a", "b", "c")}


def enter(place, table: sa.Table, **row) -> None:
    key = table.primary_key.columns.values()[0].name
    with place.warehouse.transaction() as connection:
        # A site's strings are not there: what is held here are labels, not references between tables.
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            sa.insert(table).values({key: str(uuid.uuid4()), "site": SITE, "month": "2025-09", **row})
        )


@pytest.fixture(scope="module")
def repaired(place):
    """Site whose string a had its capacitor exchanged; b is of system R2, whose work order says so by its code."""
    common = {"event_type": "corrective", "created_at": EXCHANGED, "updated_at": EXCHANGED}
    enter(place, t.maintenance_event, string_id=STRINGS["a"], event_subtype="rectifier", status="completed",
          completed_date=EXCHANGED, notes="Filter capacitor exchanged", **common)  # fmt: skip
    enter(place, t.maintenance_event, string_id=STRINGS["c"], event_subtype="rectifier", status="cancelled",
          completed_date=EXCHANGED, notes="Filter capacitor exchanged", **common)  # fmt: skip
    enter(place, t.maintenance_event, string_id=STRINGS["c"], event_subtype="hvac", status="completed",
          completed_date=EXCHANGED, notes="Capacitor of the fan exchanged", **common)  # fmt: skip
    enter(place, t.maintenance_event, string_id=STRINGS["c"], event_subtype="rectifier", status="completed",
          completed_date=EXCHANGED, notes="Capacitor measured, sound", **common)  # fmt: skip
    enter(place, t.work_order, title="Look at the rectifier of R2", priority="high", status="closed",
          created_at=EXCHANGED, completed_at=EXCHANGED, resolution_notes="Open diode replaced", fault="ripple R2")  # fmt: skip
    return place.warehouse


def labels(warehouse, string: str, system: str, *before: timedelta) -> list:
    bursts = pl.DataFrame({"string_id": [STRINGS[string]] * len(before), "system": [system] * len(before),
                           "ts": [EXCHANGED - one for one in before]})  # fmt: skip
    return _by_repairs(warehouse, Part(SITE, "2024-10"), bursts)["labels"].to_list()


def test_a_capacitor_was_dry_in_the_weeks_before_its_exchange_and_nobody_knows_since_when(repaired):
    days = [timedelta(days=n) for n in (1, 27, 29, 200, 271, -1)]
    assert labels(repaired, "a", "R1", *days) == [["capacitor_loss"]] * 2 + [None, None] + [[], []]


def test_a_closed_work_order_labels_the_system_that_it_names(repaired):
    told = labels(repaired, "b", "R2", timedelta(hours=1), timedelta(days=3), timedelta(days=8))
    assert told == [["open_diode"], None, []]


def test_repairs_that_were_cancelled_or_of_other_things_label_nothing(repaired):
    assert labels(repaired, "c", "R3", timedelta(days=1)) == [[]]


def test_severity_of_a_real_fault_is_unknown(repaired):
    bursts = pl.DataFrame(
        {"string_id": [STRINGS["a"]], "system": ["R1"], "ts": [EXCHANGED - timedelta(days=1)]}
    )
    told = _by_repairs(repaired, Part(SITE, "2025-09"), bursts)
    assert told["capacitance_lost"].to_list() == told["phase_low"].to_list() == [None]
