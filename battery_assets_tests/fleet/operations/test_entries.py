"""What people enter is theirs: no run replaces it, and every view shows it."""

from datetime import UTC, datetime

import pytest

from battery_assets.actions.operations import incidents as people
from battery_assets.errors import UserError

INCIDENTS = "SELECT * FROM fleet.incident ORDER BY created_at, incident_id"
ENTERED = (
    "status",
    "assigned_to",
    "root_cause",
    "rca_code",
    "acknowledged_at",
    "notes",
    "resolved_at",
    "resolution",
)


@pytest.fixture
def code(site) -> str:
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
    [row] = site.asked(INCIDENTS)
    return row["incident_code"]


@pytest.fixture
def engineer(site) -> dict:
    [row] = site.asked("""SELECT * FROM service."user" WHERE role = 'engineer' ORDER BY email LIMIT 1""")
    return row


def test_entries_outlast_the_month_and_the_next(site, code, engineer):
    people.acknowledge(site.warehouse, code, "Nok")
    people.assign(site.warehouse, code, "Nok", engineer["email"])
    people.note(site.warehouse, code, engineer["email"], "torque was low")
    people.analyse(site.warehouse, code, "Nok", "dendrite", "low-float")
    [before] = site.asked(INCIDENTS)
    assert before["status"] == "investigating"
    assert (before["root_cause"], before["rca_code"], before["notes"]) == ("dendrite", "LOW-FLOAT", 1)
    assert str(before["assigned_to"]) == str(engineer["user_id"])
    [alert] = site.asked("SELECT status FROM fleet.open_alerts")
    assert alert["status"] == "acknowledged"
    site.again("2025-01")
    site.run("2025-02", site.alert(1, "2025-02-01 00:00"))
    site.again("2025-01")
    site.again("2025-02")
    [after] = site.asked(INCIDENTS)
    assert after["month"] == "2025-02"
    assert [after[name] for name in ENTERED] == [before[name] for name in ENTERED]
    [order] = site.asked("SELECT * FROM fleet.work_order")
    assert str(order["assigned_to"]) == str(engineer["user_id"])
    row, history = people.shown(site.warehouse, code)
    assert [entry["action"] for entry in history] == ["acknowledge", "assign", "note", "analyse"]
    assert [entry["entered_by"] for entry in history] == ["Nok", "Nok", engineer["email"], "Nok"]
    assert row["incident_code"] == code


def test_entries_follow_the_fault_where_its_beginning_moves(site, code):
    people.note(site.warehouse, code, "Nok", "seen before")
    site.run("2025-01", site.alert(1, "2025-01-20 07:00"), site.alert(8, "2025-01-20 09:00"))
    moved, other = site.asked(INCIDENTS)
    assert moved["incident_code"] != code
    assert (moved["notes"], moved["last_note"], other["notes"]) == (1, "seen before", 0)


def test_a_resolution_stands_until_it_gets_worse(site):
    site.run("2025-01", site.alert(1, "2025-01-20 10:00", severity="warning", value=0.3))
    [row] = site.asked(INCIDENTS)
    people.resolve(
        site.warehouse, row["incident_code"], "Nok", "lead was loose", at=datetime(2025, 1, 21, tzinfo=UTC)
    )
    [row] = site.asked(INCIDENTS)
    assert (row["status"], row["resolution"], row["alerts_hold"]) == ("resolved", "lead was loose", True)
    assert site.asked("SELECT * FROM fleet.open_incidents") == []
    site.run("2025-02", site.alert(1, "2025-02-01 00:00", severity="warning", value=0.3))
    assert [row["status"] for row in site.asked(INCIDENTS)] == ["resolved"]
    site.run("2025-03", site.alert(1, "2025-03-04 00:00"))
    [row] = site.asked(INCIDENTS)
    assert (row["status"], row["severity"]) == ("open", "high")
    people.resolve(site.warehouse, row["incident_code"], "Nok", "replaced")
    people.reopen(site.warehouse, row["incident_code"], "Nok", "it was the neighbour")
    assert [row["status"] for row in site.asked(INCIDENTS)] == ["open"]


def test_an_order_of_what_a_person_resolved_is_closed(site, code):
    people.resolve(site.warehouse, code, "Nok", "false alarm", "data-quality")
    [order] = site.asked("SELECT * FROM fleet.work_order")
    assert order["status"] == "closed"


@pytest.mark.parametrize(
    ("act", "told", "said"),
    [
        ("acknowledge", {"by": " "}, "nobody is named"),
        ("assign", {"by": "Nok", "to": "nobody@example.com"}, "no users are called"),
        ("note", {"by": "Nok", "words": " "}, "there are no words"),
        ("analyse", {"by": "Nok", "words": "x", "cause": "GREMLINS"}, "is no code of a cause"),
        ("resolve", {"by": "Nok", "words": "x", "at": datetime(2025, 1, 1)}, "has no time zone"),
    ],
)
def test_what_cannot_be_entered_is_told(site, code, act, told, said):
    with pytest.raises(UserError, match=said):
        getattr(people, act)(site.warehouse, code, **told)
    with pytest.raises(UserError, match="no incident is called"):
        people.note(site.warehouse, "INC-2025-NOTHING", "Nok", "x")
    assert site.asked("SELECT * FROM service.incident_entry") == []
