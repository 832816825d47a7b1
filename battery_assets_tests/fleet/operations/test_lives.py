"""One fault is one incident and one work order, however many jars join and months pass."""

from datetime import UTC, datetime

INCIDENTS = "SELECT * FROM fleet.incident ORDER BY created_at, incident_id"
ORDERS = "SELECT * FROM fleet.work_order ORDER BY created_at, work_order_id"


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


def test_a_fault_that_lasts_is_one_incident_and_one_order_with_one_due_date(site):
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
    [first], [order] = site.asked(INCIDENTS), site.asked(ORDERS)
    assert (first["rca_code"], first["status"], order["priority"]) == ("CELL-SHORT", "open", "high")
    site.run(
        "2025-02",
        site.alert(1, "2025-02-01 00:00"),
        site.alert(
            2, "2025-02-03 00:00", kind="voltage_high", signal="float_above_median", severity="warning"
        ),
    )
    site.run("2025-03", site.alert(1, "2025-03-01 00:00"))
    [last], [same] = site.asked(INCIDENTS), site.asked(ORDERS)
    names = ("incident_id", "incident_code", "created_at", "status", "rca_code", "worsened_at")
    assert [last[name] for name in names] == [first[name] for name in names]
    assert [same[name] for name in ("work_order_id", "due_date", "created_at")] == [
        order[name] for name in ("work_order_id", "due_date", "created_at")
    ]
    assert order["due_date"] == at("2025-01-23 10:00")
    [shown] = site.asked("SELECT * FROM fleet.open_incidents")
    assert (shown["overdue"], shown["incident_code"]) == (True, first["incident_code"])
    linked = site.asked("SELECT DISTINCT incident_id FROM fleet.alert")
    assert linked == [{"incident_id": first["incident_id"]}]


def test_a_fault_lasts_over_a_month_of_which_the_site_has_no_files(site):
    """Nights skip such a month, so that nothing of it is made: the fault is no new one afterwards."""
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
    [first], [order] = site.asked(INCIDENTS), site.asked(ORDERS)
    site.run("2025-03", site.alert(1, "2025-03-01 00:00"))
    [last], [same] = site.asked(INCIDENTS), site.asked(ORDERS)
    assert (last["incident_id"], last["created_at"]) == (first["incident_id"], first["created_at"])
    assert (same["work_order_id"], same["due_date"]) == (order["work_order_id"], order["due_date"])
    # What January says of it is March's history.
    site.run("2025-01", site.alert(1, "2025-01-18 10:00"))
    stale = "SELECT table_name, month FROM platform.partition_version WHERE state = 'stale'"
    assert {(row["table_name"], row["month"]) for row in site.asked(stale)} >= {("incident", "2025-03")}
    site.again("2025-03")
    assert {row["created_at"] for row in site.asked(INCIDENTS) if row["month"] == "2025-03"} == {
        at("2025-01-18 10:00")
    }


def test_an_old_month_that_is_made_again_gives_the_same_rows(site):
    for month in ("2025-01", "2025-02"):
        site.run(month, site.alert(1, f"{month}-05 00:00"))
    before = site.asked("SELECT * FROM operations.incident ORDER BY month")
    site.run("2025-01", site.alert(1, "2025-01-05 00:00"))
    assert site.asked("SELECT * FROM platform.partition_version WHERE state = 'stale'") == []
    site.again("2025-02")
    assert site.asked("SELECT * FROM operations.incident ORDER BY month") == before
    assert len({row["incident_id"] for row in before}) == 1


def test_a_month_before_that_arrives_late_takes_the_fault_over(site):
    site.run("2025-02", site.alert(1, "2025-02-01 00:00"))
    [late] = site.asked(INCIDENTS)
    site.run("2025-01", site.alert(1, "2025-01-20 00:00"))
    [state] = site.asked(
        "SELECT state FROM platform.partition_version WHERE table_name = 'incident' AND month = '2025-02'"
    )
    assert state["state"] == "stale"
    site.again("2025-02")
    [one] = site.asked(INCIDENTS)
    assert one["created_at"] == at("2025-01-20 00:00")
    assert one["incident_id"] != late["incident_id"]


def test_a_replaced_jar_closes_its_own_and_no_other(site):
    site.run("2025-01", site.alert(1, "2025-01-20 00:00"), site.alert(8, "2025-01-21 00:00"))
    site.run("2025-02", site.alert(8, "2025-02-01 00:00"), work=[site.replaced(1, "2025-02-10 03:30")])
    mine, other = site.asked(INCIDENTS)
    assert (mine["status"], mine["closed_at"]) == ("closed", at("2025-02-10 03:30"))
    assert other["status"] == "open"
    done, waits = site.asked(ORDERS)
    assert (done["status"], done["completed_at"]) == ("completed", at("2025-02-10 03:30"))
    assert "shorted cell" in done["resolution_notes"]
    assert waits["status"] in ("open", "assigned")
    site.run("2025-03", site.alert(8, "2025-03-01 00:00"))
    assert [row["status"] for row in site.asked(INCIDENTS)] == ["closed", "open"]
    assert len(site.asked("SELECT * FROM operations.incident WHERE month = '2025-03'")) == 1


def test_a_fault_that_comes_back_within_the_quarter_is_the_same_and_a_later_one_is_another(site):
    ripple = {"kind": "ripple_high", "signal": "ripple_current", "severity": "warning", "of": "string"}
    site.run("2025-01", site.alert(1, "2025-01-20 00:00", "2025-01-21 00:00", **ripple))
    site.run("2025-02")
    [resolved] = site.asked(INCIDENTS)
    assert (resolved["status"], resolved["resolved_at"]) == ("resolved", at("2025-01-21 00:00"))
    site.run("2025-03", site.alert(1, "2025-03-02 00:00", "2025-03-03 00:00", **ripple))
    assert len(site.asked(INCIDENTS)) == 1
    for month in ("2025-04", "2025-05", "2025-06"):
        site.run(month)
    [closed] = site.asked(INCIDENTS)
    assert (closed["status"], closed["closed_at"]) == ("closed", at("2025-06-03 00:00"))
    site.run("2025-07", site.alert(1, "2025-07-02 00:00", "2025-07-03 00:00", **ripple))
    assert len(site.asked(INCIDENTS)) == 2


def test_silence_is_no_recovery(site):
    site.run("2025-01", site.alert(1, "2025-01-20 00:00"))
    site.run("2025-02", silent=True)
    assert [row["status"] for row in site.asked(INCIDENTS)] == ["open"]
    assert len(site.asked("SELECT * FROM fleet.open_incidents")) == 1
    site.run("2025-03")
    [row] = site.asked(INCIDENTS)
    assert (row["status"], row["resolved_at"]) == ("resolved", at("2025-03-01 00:00"))


def test_what_was_critical_of_a_jar_is_closed_by_a_look_and_not_by_time(site):
    weak = {"signal": "discharge_below_median", "value": 0.9}
    site.run("2025-01", site.alert(1, "2025-01-20 00:00", "2025-01-20 01:00", **weak))
    for month in ("2025-02", "2025-03", "2025-04", "2025-05"):
        site.run(month)
    [row], [order] = site.asked(INCIDENTS), site.asked(ORDERS)
    assert (row["rca_code"], row["status"]) == ("WEAK-JAR", "resolved")
    assert order["status"] in ("open", "assigned")
    looked = site.visit("impedance_test", "2025-06-05 02:00", string_id=site.jars["string_id"][1])
    site.run("2025-06", work=[looked])
    [row], [order] = site.asked(INCIDENTS), site.asked(ORDERS)
    assert (row["status"], order["status"]) == ("closed", "completed")
    assert order["resolution_notes"] == "Retested: impedance test of 2025-06-05."


def test_alerts_of_planned_work_are_suppressed_and_what_outlasts_it_is_not(site):
    string = site.jars["string_id"][1]
    test = site.visit("capacity_test", "2025-01-10 12:00", string_id=string)
    site.run(
        "2025-01",
        site.alert(1, "2025-01-10 11:30", "2025-01-11 10:00"),
        site.alert(2, "2025-01-10 11:40", "2025-01-15 10:00"),
        site.alert(8, "2025-01-10 11:30", "2025-01-11 10:00"),
        work=[test],
    )
    states = {row["message"][-3:]: row for row in site.asked("SELECT * FROM fleet.alert")}
    assert [states[jar]["status"] for jar in ("J02", "J03")] == ["suppressed", "resolved"]
    assert states["J02"]["incident_id"] is None
    assert len(site.asked(INCIDENTS)) == 2
    # A test that was cancelled explains nothing, and a month that is made again knows that.
    site.run(
        "2025-01",
        site.alert(1, "2025-01-10 11:30", "2025-01-11 10:00"),
        work=[{**test, "status": "cancelled"}],
    )
    assert len(site.asked(INCIDENTS)) == 1
