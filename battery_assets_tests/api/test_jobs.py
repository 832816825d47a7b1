"""Work that takes long, through the API: asked for once, followed, stopped; months made again."""

import dagster as dg
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.caller import READ, SCOPES, Caller
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.jobs import core
from battery_assets.platform.jobs.work import working
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_FILES
from battery_assets.tables.experiments.signals import datasets
from battery_assets.tables.service.jobs import job
from battery_assets_tests.worlds.api.two_sites import MONTH
from battery_assets_tests.worlds.stores import kept, rows

TRAINING = {"lab": "bench", "algorithm": "baseline", "hyperparams": {"epochs": 3}}
ALPHA = {"sites": ["alpha"], "first": MONTH, "last": MONTH}


def warehouse_of(ask):
    return ask.app.state.platform.warehouse


@pytest.fixture(scope="module")
def lab(ask):
    with warehouse_of(ask).transaction() as connection:
        registry.put_site(connection, "bench", LAB_FILES, {})
        connection.execute(sa.insert(datasets).values(name="ripple", meta_data={"version": "1"}))
    ask.doorman.known["reader"] = Caller("key:5", "reads", frozenset(READ))
    return ask


def job_row(ask, number: int) -> sa.Row:
    with warehouse_of(ask).reading() as connection:
        return connection.execute(sa.select(job).where(job.c.id == number)).one()


def test_a_training_is_in_the_queue_with_what_is_to_be_launched(lab):
    answer = lab("POST", "/trainings", json=TRAINING, headers={"x-request-id": "ticket-0815"})
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["state"], made["asked_by"], made["request_id"]) == (
        "queued",
        "key:1 everything",
        "ticket-0815",
    )
    launch = job_row(lab, made["id"]).launch
    assert (launch["job"], launch["partitions"]) == ("lab_training", ["bench"])
    assert launch["ops"] == {"cell_model": {"config": {"job_id": made["id"]}}}
    assert lab("GET", answer.headers["location"].removeprefix("/api/v1")).json()["state"] == "queued"


def test_what_the_daemon_launches_is_a_run_config_that_dagster_takes(lab, monkeypatch):
    """Each kind's launch names a job, its steps and their config as the code location has them."""
    from battery_assets.definitions import defs

    for name in ("WAREHOUSE_URL", "LAKE_URL", "TRACKING_URI", "ARTIFACTS_URL", "LANDING", "HOME"):
        monkeypatch.setenv(f"BATTERY_{name}", "x")
    bodies = {
        "/trainings": TRAINING,
        "/experiments": {"name": "e1", "dataset": "ripple", "model_type": "forest_own_lines"},
        "/campaigns": {
            "name": "c1",
            "what": "settings",
            "dataset": "ripple",
            "method": "random_search",
            "trials": 2,
        },
        "/datasets": {"name": "made", "kind": "generation", "terms": {"systems": 5}},
        "/backfills": ALPHA,
    }
    for path, body in bodies.items():
        answer = lab("POST", path, json=body)
        assert answer.status_code == 202, answer.text
        launch = job_row(lab, answer.json()["id"]).launch
        there = defs.resolve_job_def(launch["job"])
        dg.validate_run_config(there, {"ops": launch["ops"]} if launch["ops"] else {})


def test_the_same_key_asks_once(lab):
    one, two = (lab("POST", "/trainings", json=TRAINING, headers={"idempotency-key": "t"}) for _ in range(2))
    assert one.json() == two.json()
    other = lab(
        "POST", "/trainings", json={**TRAINING, "algorithm": "bilstm"}, headers={"idempotency-key": "t"}
    )
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/trainings", {**TRAINING, "lab": "alpha"}, "body.lab"),
        ("/trainings", {**TRAINING, "hyperparams": {"epochs": "many"}}, "body.hyperparams.epochs"),
        ("/trainings", {**TRAINING, "hyperparams": {"seed": [1]}}, "body.hyperparams.seed"),
        ("/trainings", {**TRAINING, "hyperparams": {"secret": 1}}, "body.hyperparams"),
        ("/trainings", {**TRAINING, "algorithm": "gpt"}, "body.algorithm"),
        ("/experiments", {"name": "e/../x", "dataset": "ripple", "model_type": "cnn1d"}, "body.terms"),
        ("/experiments", {"name": "e2", "dataset": "none", "model_type": "cnn1d"}, "body.terms"),
        ("/campaigns", {"name": "c2", "what": "settings", "dataset": "ripple", "method": "luck"}, "body.terms"),
        ("/campaigns", {"name": "c2", "what": "networks", "dataset": "ripple", "trials": 2, "space": {"width": 7}},
         "body.terms"),
        ("/campaigns", {"name": "c2", "what": "alert_rule", "trials": 10**9}, "body.trials"),
        ("/datasets", {"name": "d", "kind": "generation", "terms": {"systems": "x"}}, "body.terms"),
        ("/datasets", {"name": "d", "kind": "import", "terms": {"folder": "../.."}}, "body.terms.folder"),
        ("/datasets", {"name": "d", "kind": "import", "terms": {"folder": "/etc"}}, "body.terms.folder"),
        ("/datasets", {"name": "d", "kind": "import", "terms": {}}, "body.terms.folder"),
        ("/backfills", {**ALPHA, "sites": ["nowhere"]}, "body.sites"),
        ("/backfills", {**ALPHA, "sites": ["alpha", "alpha"]}, "body.sites"),
        ("/backfills", {**ALPHA, "last": "2024-12"}, "body.first"),
        ("/backfills", {**ALPHA, "last": "9999-12"}, "body.first"),
        ("/backfills", {**ALPHA, "first": "2025-13"}, "body.first"),
    ],
)  # fmt: skip
def test_work_that_cannot_be_names_its_field_and_nothing_is_queued(lab, path, body, field):
    with warehouse_of(lab).reading() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(job)).scalar_one()
    answer = lab("POST", path, json=body)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert not any(word in answer.text for word in ("luck", "/etc", "nowhere"))
    with warehouse_of(lab).reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(job)).scalar_one() == before


def test_work_of_other_sites_is_neither_asked_for_nor_seen(lab):
    number = lab("POST", "/backfills", json=ALPHA).json()["id"]
    assert lab("POST", "/backfills", json=ALPHA, key="beta").status_code == 422
    assert lab("POST", "/trainings", json=TRAINING, key="beta").status_code == 422
    body = {"name": "e9", "dataset": "ripple", "model_type": "forest_own_lines"}
    assert lab("POST", "/experiments", json=body, key="beta").status_code == 403
    for path in (f"/jobs/{number}/state", f"/jobs/{number}/events", f"/backfills/{number}/difference"):
        assert lab("GET", path, key="beta").status_code == 404
    assert lab("POST", f"/jobs/{number}/stop", key="beta").status_code == 404
    own = lab("POST", "/backfills", json={**ALPHA, "sites": ["beta"]}, key="beta").json()["id"]
    assert lab("GET", f"/jobs/{own}/state", key="beta").status_code == 200
    assert lab("POST", "/trainings", json=TRAINING, key="reader").status_code == 403


def test_a_job_in_the_queue_is_stopped_at_once(lab):
    number = lab("POST", "/trainings", json=TRAINING).json()["id"]
    assert lab("POST", f"/jobs/{number}/stop").json()["state"] == "stopped"
    assert lab("POST", "/jobs/999999999/stop").status_code == 404


def events_of(text: str) -> list[tuple[str, str]]:
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")
    ]
    return [(one["event"], one["id"]) for one in blocks]


def test_events_of_a_job_are_read_to_its_end_and_taken_up_where_they_broke_off(lab):
    number = lab("POST", "/trainings", json=TRAINING).json()["id"]
    with working(warehouse_of(lab).database_url, number) as work:
        work.report(1, 3)
        work.say("epoch 1\nevent: forged")
        work.say("epoch 2")
    answer = lab("GET", f"/jobs/{number}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    [(_, first), (_, second), (name, last)] = events_of(answer.text)
    assert (name, last) == ("end", second)
    again = lab("GET", f"/jobs/{number}/events", headers={"last-event-id": first}).text
    assert [one[0] for one in events_of(again)] == ["log", "end"]
    assert "epoch 1" not in again
    assert lab("GET", f"/jobs/{number}/events", headers={"last-event-id": "x"}).status_code == 422
    assert lab.app.state.readers == set()


def test_a_preview_says_partitions_rows_and_minutes(lab):
    _took(lab, "alpha", minutes=6)
    asked = {"sites": ["alpha", "beta"], "first": "2025-02", "last": MONTH}
    found = lab("POST", "/backfills/preview", json=asked).json()
    assert (found["partitions"], found["there_already"]) == (4, 2)
    there = {one["site"]: one["rows"] for one in found["items"] if one["there"]}
    with warehouse_of(lab).reading() as connection:
        held = connection.execute(
            sa.text("SELECT site, sum(rows) FROM platform.partition_version WHERE month = :m GROUP BY site"),
            {"m": MONTH},
        )
        assert there == dict(map(tuple, held.all()))
    assert found["measured_runs"] == 2
    alone = lab("POST", "/backfills/preview", json={**asked, "sites": ["alpha"]}).json()
    assert alone["minutes"] == pytest.approx(12, abs=0.5)
    never = lab("POST", "/backfills/preview", json={**asked, "sites": ["bench"], "kind": "lab"}).json()
    assert (never["minutes"], never["rows"]) == (None, 0)
    assert lab("POST", "/backfills/preview", json=asked, key="beta").status_code == 422


def _took(lab, site: str, minutes: int) -> None:
    with warehouse_of(lab).transaction() as connection:
        connection.execute(
            sa.text("UPDATE platform.partition_version SET claimed_at = committed_at - :m * interval '1 minute' "
                    "WHERE site = :site"), {"m": minutes, "site": site},
        )  # fmt: skip


def test_a_backfill_tells_what_it_changed(fresh):
    number = fresh("POST", "/backfills", json=ALPHA).json()["id"]
    before = fresh("GET", f"/backfills/{number}/difference").json()
    assert (before["changed"], before["changes"]) == (0, [])
    warehouse, part = warehouse_of(fresh), Part("alpha", MONTH)
    kept(warehouse, t.alert, rows(t.alert, {"name": "new"}, {"name": "newer"}), part)
    after = fresh("GET", f"/backfills/{number}/difference").json()
    [change] = after["changes"]
    assert (change["table_name"], change["rows_before"], change["rows_now"]) == ("alert", 1, 2)
    assert (after["partitions"], after["changed"]) == (before["partitions"], 1)
    other = fresh("POST", "/datasets", json={"name": "made", "kind": "generation", "terms": {"systems": 5}})
    assert fresh("GET", f"/backfills/{other.json()['id']}/difference").status_code == 404


def test_who_sees_the_past_alone_asks_for_no_work(lab):
    from datetime import UTC, datetime

    lab.doorman.known["past"] = Caller(
        "key:8", "past", frozenset(SCOPES), ceiling=datetime(2025, 1, 1, tzinfo=UTC)
    )
    assert lab("POST", "/trainings", json=TRAINING, key="past").status_code == 403
    with warehouse_of(lab).reading() as connection:
        assert core.fail_abandoned(connection) == []
