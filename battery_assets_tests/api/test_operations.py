"""What people do about incidents and work orders through the API."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.caller import READ, SCOPES, Caller
from battery_assets.platform.dagster.partitions import Part
from battery_assets_tests.worlds.api.two_sites import MONTH, PERSON, THEN
from battery_assets_tests.worlds.stores import kept, of, rows

INCIDENT = "/incidents/INC-2025-ALPHA"
ORDER = f"/work-orders/{of(t.work_order, 'alpha-look')}"


def tag_of(ask, path: str) -> str:
    return ask("GET", path).headers["etag"]


def act(
    ask, path: str, action: str, *, key: str = "everything", match: str | None = "*", idem: str = "", **body
):
    headers = {**({"if-match": match} if match else {}), **({"idempotency-key": idem} if idem else {})}
    return ask("POST", f"{path}/{action}", key=key, json=body, headers=headers)


def warehouse_of(ask):
    return ask.app.state.platform.warehouse


def entries(ask, table=t.incident_entry) -> list[sa.Row]:
    with warehouse_of(ask).reading() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def test_an_incident_is_worked_off(own):
    done = act(own, INCIDENT, "acknowledge", words="on my way", match=None)
    assert (done.status_code, done.json()["status"]) == (200, "investigating"), done.text
    assert done.headers["etag"] == tag_of(own, INCIDENT)
    assert act(own, INCIDENT, "assign", to=PERSON).json()["assigned_to"] == of(t.user, PERSON)
    assert act(own, INCIDENT, "note", words="terminal is warm").json()["last_note"] == "terminal is warm"
    told = act(own, INCIDENT, "analyse", words="dried out", cause=t_code()).json()
    assert (told["root_cause"], told["rca_code"]) == ("dried out", t_code())
    over = act(own, INCIDENT, "resolve", words="jar exchanged", at="2026-03-01T14:00:00+07:00").json()
    assert (over["status"], over["resolution"]) == ("resolved", "jar exchanged")
    assert over["resolved_at"].startswith("2026-03-01T07:00")
    assert act(own, INCIDENT, "reopen", words="it came back").json()["status"] == "investigating"
    assert [row.entered_by for row in entries(own)] == ["everything"] * 6
    listed = own("GET", "/incident-entries?site=alpha&action=note").json()["items"]
    assert [one["note"] for one in listed] == ["terminal is warm"]


def t_code() -> str:
    from battery_assets.tables.fleet.p7_operations import RCA_CODES

    return RCA_CODES[0]


def test_a_run_keeps_what_people_entered(fresh):
    act(fresh, INCIDENT, "acknowledge")
    incident = {"name": "INC-2025-ALPHA", "location_id": of(t.location, "alpha-place"), "created_at": THEN,
                "severity": "critical", "status": "open", "fault": "jar|alpha", "title": "again"}  # fmt: skip
    kept(warehouse_of(fresh), t.incident, rows(t.incident, incident), Part("alpha", MONTH))
    shfresh = fresh("GET", INCIDENT).json()
    assert (shfresh["severity"], shfresh["status"]) == ("critical", "investigating")


def test_an_account_is_named_by_its_own_identifier(own):
    with warehouse_of(own).transaction() as connection:
        made = connection.execute(
            sa.text(
                "INSERT INTO service.users (username, email, role, name) VALUES ('nok', 'nok@example.org', "
                "'operator', 'Nok') RETURNING id, user_id"
            )
        ).one()
    own.doorman.known["nok"] = Caller("user:1", "Nok", frozenset(SCOPES), user_id=made.id)
    act(own, INCIDENT, "acknowledge", key="nok")
    [entry] = entries(own)
    assert (entry.entered_by, str(entry.user_id)) == ("Nok", str(made.user_id))


def test_who_changes_says_which_version(own):
    old = tag_of(own, INCIDENT)
    assert act(own, INCIDENT, "resolve", match=None, words="x").status_code == 428
    assert act(own, INCIDENT, "resolve", match=f'"other", {old}', words="x").status_code == 200
    late = act(own, INCIDENT, "reopen", match=old, words="x")
    assert (late.status_code, late.json()["status"]) == (412, 412)
    assert act(own, INCIDENT, "note", match=old, words="x").status_code == 412
    assert act(own, INCIDENT, "note", match=None, words="x").status_code == 200


def test_of_two_who_change_the_same_version_one_is_late(own):
    old = tag_of(own, INCIDENT)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda k: act(own, INCIDENT, "assign", match=old, to=PERSON), range(6)))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 5
    assert len(entries(own)) == 1


def test_the_same_key_does_it_once_and_answers_alike(own):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda k: act(own, INCIDENT, "note", idem="k-1", words="seen"), range(12)))
    assert {one.status_code for one in answers} == {200}
    assert len({(one.content, one.headers["etag"]) for one in answers}) == 1
    assert sum("idempotency-replayed" in one.headers for one in answers) == 11
    assert len(entries(own)) == 1
    other = act(own, INCIDENT, "note", idem="k-1", words="something else")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "header.Idempotency-Key")
    elsewhere = act(own, INCIDENT, "acknowledge", idem="k-1")
    assert "idempotency-replayed" not in elsewhere.headers
    theirs = Caller("key:9", "another", frozenset(SCOPES))
    own.doorman.known["another"] = theirs
    assert (
        "idempotency-replayed"
        not in act(own, INCIDENT, "note", idem="k-1", words="seen", key="another").headers
    )


def test_what_failed_keeps_no_key(own):
    assert act(own, INCIDENT, "assign", idem="k-2", to="nobody").status_code == 422
    assert act(own, INCIDENT, "assign", idem="k-2", to=PERSON).status_code == 200
    with warehouse_of(own).reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM service.idempotency_key")).scalar_one() == 1
    bad = own("POST", f"{INCIDENT}/note", json={"words": "x"}, headers={"idempotency-key": "a b"})
    assert bad.status_code == 422


def test_a_key_is_forgotten_after_a_day(own):
    act(own, INCIDENT, "note", idem="k-3", words="one")
    with warehouse_of(own).transaction() as connection:
        connection.execute(sa.text("UPDATE service.idempotency_key SET expires_at = now() - interval '1 s'"))
    assert act(own, INCIDENT, "note", idem="k-3", words="two").json()["last_note"] == "two"


def test_nobody_changes_another_s_site(own):
    assert act(own, INCIDENT, "acknowledge", key="beta").status_code == 404
    assert act(own, ORDER, "start", key="beta").status_code == 404
    assert act(own, "/incidents/INC-2025-BETA", "acknowledge", key="beta").status_code == 200
    own.doorman.known["reader"] = Caller("key:5", "reads", frozenset(READ))
    assert act(own, INCIDENT, "acknowledge", key="reader").status_code == 403
    past = Caller("key:6", "vendor", frozenset(SCOPES), ceiling=datetime.now(UTC))
    own.doorman.known["vendor"] = past
    assert act(own, INCIDENT, "acknowledge", key="vendor").status_code == 403
    assert act(own, INCIDENT, "acknowledge", key="").status_code == 401
    assert [row.site for row in entries(own)] == ["beta"]


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("note", {}, "body.words"),
        ("note", {"words": " \t "}, "body.words"),
        ("note", {"words": "x" * 4001}, "body.words"),
        ("note", {"words": "x", "severity": "low"}, "body.severity"),
        ("note", {"words": 7}, "body.words"),
        ("analyse", {"words": "x", "cause": "'; DROP TABLE service.users; --"}, "body.cause"),
        ("resolve", {"words": "x", "at": "2026-03-01T14:00:00"}, "body.at"),
        ("resolve", {"words": "x", "at": 0}, "body.at"),
        ("resolve", {"words": "x", "at": "9999-12-31T23:59:59-14:00"}, "body.at"),
    ],
)
def test_an_act_that_cannot_be_names_its_field(ask, action, body, field):
    answer = act(ask, INCIDENT, action, **body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "words", ["=cmd|' /C calc'!A0", "'; DROP TABLE service.users; --", "\u202etxt.exe", "ｆｕｌｌ", "🪫"]
)
def test_words_are_kept_as_they_are_whatever_they_look_like(own, words):
    assert act(own, INCIDENT, "note", words=words).json()["last_note"] == words


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc%2fpasswd", "%00", "a%27--", "x" * 121, "%F0%9F%AA%AB", "INC-2025-ALPHA%20"]
)
def test_a_name_that_is_none_is_not_there(ask, name):
    assert act(ask, f"/incidents/{name}", "acknowledge").status_code in (404, 422)


def test_a_work_order_lives(own):
    assert act(own, ORDER, "ticket", external_id="WO-7").json()["external_id"] == "WO-7"
    assert act(own, ORDER, "assign", to=PERSON).json()["assigned_to"] == of(t.user, PERSON)
    assert act(own, "/work-orders/WO-7", "start").json()["status"] == "in_progress"
    over = act(own, ORDER, "complete", words="exchanged", at="2026-03-02T09:00:00Z").json()
    assert (over["status"], over["resolution_notes"]) == ("completed", "exchanged")
    again = act(own, ORDER, "start")
    assert (again.status_code, again.json()["next_step"]) == (409, "reopen it first")
    assert act(own, ORDER, "close").json()["status"] == "closed"
    assert act(own, ORDER, "reopen", words="not yet").json()["status"] == "open"
    assert act(own, ORDER, "reopen").status_code == 409
    assert [row.entered_by for row in entries(own, t.work_order_entry)] == ["everything"] * 6


def test_a_ticket_belongs_to_one_order(fresh):
    orders = rows(
        t.work_order,
        *({"name": name, "incident_id": of(t.incident, "INC-2025-ALPHA"), "created_at": THEN, "status": "open",
           "location_id": of(t.location, "alpha-place"), "fault": name} for name in ("one", "two")),
    )  # fmt: skip
    kept(warehouse_of(fresh), t.work_order, orders, Part("alpha", MONTH))
    one, two = (f"/work-orders/{of(t.work_order, name)}" for name in ("one", "two"))
    assert act(fresh, one, "ticket", external_id="WO-7").status_code == 200
    refused = act(fresh, two, "ticket", external_id="WO-7")
    assert refused.status_code == 409
    assert act(fresh, one, "ticket", external_id="WO-7").status_code == 200


def test_incidents_as_they_were_known(own):
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    act(own, INCIDENT, "acknowledge")
    act(own, ORDER, "complete")
    then = own("GET", f"{INCIDENT}?as_of={before}").json()
    assert (then["status"], then["acknowledged_at"]) == ("open", None)
    assert own("GET", f"{ORDER}?as_of={before}").json()["status"] == "open"
    assert own("GET", INCIDENT).json()["status"] == "investigating"
    listed = own("GET", f"/incidents?as_of={before}").json()["items"]
    assert {row["status"] for row in listed} == {"open"}
    csv = own("GET", f"/incidents?site=alpha&format=csv&as_of={before}").text
    assert "investigating" not in csv
    assert own("GET", f"/incident-entries?as_of={before}").json()["items"] == []
    earlier = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert own("GET", f"/incidents?as_of={earlier}").json()["items"] == []


def test_what_was_made_again_to_the_same_rows_keeps_its_past(fresh):
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    asked = f"/incidents?site=alpha&as_of={before}"
    there = fresh("GET", asked).json()["items"]
    warehouse, part = warehouse_of(fresh), Part("alpha", MONTH)
    same = warehouse.read(t.incident, part).collect()
    warehouse.replace(t.incident, warehouse.claim(t.incident, part), same)
    assert there
    assert fresh("GET", asked).json()["items"] == there


def test_an_incident_whose_rows_have_changed_has_no_past(fresh):
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    incident = {"name": "INC-2025-ALPHA", "location_id": of(t.location, "alpha-place"), "created_at": THEN,
                "severity": "low", "status": "open", "fault": "jar|alpha", "title": "again"}  # fmt: skip
    kept(warehouse_of(fresh), t.incident, rows(t.incident, incident), Part("alpha", MONTH))
    refused = fresh("GET", f"/incidents?as_of={before}")
    assert (refused.status_code, json.loads(refused.text)["errors"][0]["field"]) == (422, "query.as_of")
    assert fresh("GET", f"/incidents?site=beta&as_of={before}").status_code == 200
