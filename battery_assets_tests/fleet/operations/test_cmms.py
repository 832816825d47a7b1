"""Work orders go to a CMMS as CSV, and its tickets and states come back."""

import csv
import io

import pytest

from battery_assets.actions.operations.work_orders import exported, imported
from battery_assets.errors import UserError
from battery_assets.fleet.order_lines import COLUMNS

ORDERS = "SELECT * FROM fleet.work_order ORDER BY created_at, work_order_id"


@pytest.fixture
def orders(site) -> list[dict]:
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"), site.alert(8, "2025-01-21 10:00"))
    return list(csv.DictReader(io.StringIO(exported(site.warehouse))))


def table(*rows: dict) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_an_export_names_unit_incident_and_due_date(site, orders):
    assert tuple(orders[0]) == COLUMNS
    assert [row["unit_code"] for row in orders] == [site.jars["battery_code"][k] for k in (1, 8)]
    assert orders[0]["due_date"].startswith("2025-01-23T10:00:00")
    assert orders[0]["incident_code"].startswith("INC-2025-")


def test_an_export_that_comes_back_unchanged_enters_nothing(site, orders):
    done = imported(site.warehouse, exported(site.warehouse), "cmms")
    assert (done.lines, done.entries, done.orders) == (2, 0, set())


def test_tickets_and_states_come_back_and_outlast_every_run(site, orders):
    first = {"work_order_id": orders[0]["work_order_id"], "external_id": "T-17", "status": "WIP"}
    assert imported(site.warehouse, table(first), "cmms", {"WIP": "in_progress"}).entries == 2
    assert imported(site.warehouse, table(first), "cmms", {"WIP": "in_progress"}).entries == 0
    by_ticket = {
        "external_id": "T-17", "status": "completed", "completed_at": "2025-02-03T09:00+07:00",
        "resolution_notes": "=cmd jar replaced",
    }  # fmt: skip
    assert imported(site.warehouse, table(by_ticket), "cmms").entries == 1
    site.again("2025-01")
    site.run("2025-02", site.alert(1, "2025-02-01 00:00"), site.alert(8, "2025-02-01 00:00"))
    mine, other = site.asked(ORDERS)
    assert (mine["external_id"], mine["status"], mine["resolution_notes"]) == (
        "T-17", "completed", "=cmd jar replaced",
    )  # fmt: skip
    assert mine["completed_at"].isoformat().startswith("2025-02-03T02:00")
    assert (other["external_id"], other["month"]) == (None, "2025-02")
    assert [row["work_order_id"] for row in csv.DictReader(io.StringIO(exported(site.warehouse)))] == [
        str(other["work_order_id"])
    ]
    everything = exported(site.warehouse, everything=True)
    assert "'=cmd jar replaced" in everything
    assert imported(site.warehouse, everything, "cmms").entries == 0


def test_work_that_the_cmms_files_under_its_ticket_completes_the_order(site, orders):
    imported(
        site.warehouse, table({"work_order_id": orders[0]["work_order_id"], "external_id": "T-1"}), "cmms"
    )
    filed = site.visit("torque_check", "2025-02-04 05:00", work_order_id="T-1", notes="all tight")
    site.run("2025-02", site.alert(1, "2025-02-01 00:00"), work=[filed])
    mine = site.asked(ORDERS)[0]
    assert (mine["status"], mine["resolution_notes"]) == ("completed", "all tight")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"work_order_id": "T-4"}, "line 3, column work_order_id: work order 'T-4' is not known"),
        ({"status": "DONE"}, "line 3, column status: 'DONE' is none of open, assigned"),
        ({"completed_at": "2025-02-03 09:00", "status": "completed"}, "no instant with a time zone"),
        ({"external_id": "T-1"}, "line 3, column external_id: ticket 'T-1' is that of work order"),
        ({"external_id": "T" * 51}, "51 characters are too many"),
        ({"assigned_to": "nobody"}, "no users are called 'nobody'"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_entered(site, orders, change, said):
    good = {"work_order_id": orders[0]["work_order_id"], "external_id": "T-1"}
    wrong = {"work_order_id": orders[1]["work_order_id"], "external_id": "T-2", **change}
    with pytest.raises(UserError, match=said):
        imported(site.warehouse, table(good, wrong), "cmms")
    assert site.asked("SELECT * FROM service.work_order_entry") == []


def test_a_file_without_orders_is_told(site):
    with pytest.raises(UserError, match="has no line of work orders"):
        imported(site.warehouse, "a,b\n1,2\n", "cmms")
