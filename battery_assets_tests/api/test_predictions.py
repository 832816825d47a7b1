"""Predictions for a cell or for stated cycles, through the API: said, kept, validated field by field."""

import asyncio
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from battery_assets.actions.people.caller import READ, SCOPES, Caller
from battery_assets.api.batching import Together
from battery_assets.tables.lab import training as s
from battery_assets_tests.worlds.api.cell_models import CYCLES, PAYLOAD, put_model


@pytest.fixture(scope="module")
def made(ask, tmp_path_factory):
    platform = ask.app.state.platform
    found = put_model(platform.warehouse, tmp_path_factory.mktemp("models"))
    platform.tracking = found.tracking
    ask.doorman.known["bench"] = Caller(
        "key:7", "of bench", frozenset(SCOPES), frozenset({"bench"}), user_id=0
    )
    return found


def count(ask, table: sa.Table) -> int:
    with ask.app.state.platform.warehouse.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_stated_cycles_get_a_prediction_that_is_kept(ask, made):
    answer = ask("POST", "/cell-predictions", json={"model_id": made.model, "payload": PAYLOAD}, key="bench")
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert 0 < said["soh"] < 2
    assert said["rul"] >= 0
    assert (said["input_source"], said["input_payload"], said["site"]) == ("payload", PAYLOAD, "bench")
    kept = ask("GET", answer.headers["location"].removeprefix("/api/v1"), key="bench")
    assert {**kept.json(), "created_at": ""} == {**said, "created_at": ""}


def test_an_ensemble_is_kept_with_what_each_member_says(ask, made):
    body = {"ensemble_id": made.ensemble, "payload": PAYLOAD}
    answer = ask("POST", "/ensemble-predictions", json=body)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    single = ask("POST", "/cell-predictions", json={"model_id": made.model, "payload": PAYLOAD}).json()
    [detail] = said["details"]
    assert (said["rul"], detail["rul"], detail["model_id"]) == (single["rul"], single["rul"], made.model)
    [listed] = ask("GET", "/ensembles?site=bench").json()["items"]
    assert listed["members"] == [{"model_id": made.model, "weight": 1}]


def test_a_prediction_is_made_once_for_a_key(ask, made):
    body = {"model_id": made.model, "payload": PAYLOAD}
    before = count(ask, s.prediction)
    one, two = (
        ask("POST", "/cell-predictions", json=body, headers={"idempotency-key": "p-1"}) for _ in range(2)
    )
    assert (one.status_code, one.content) == (two.status_code, two.content)
    assert count(ask, s.prediction) == before + 1


def test_predictions_that_come_together_are_each_their_own(ask, made):
    """Each of many at once gets the answer of its own cycles, and each is kept once."""
    bodies = [{"model_id": made.model, "payload": {"cycles": CYCLES[: 2 + k % 9]}} for k in range(40)]
    bodies[7] = {"model_id": made.model, "payload": {"cycles": [{"cycle_num": 1}]}}
    before = count(ask, s.prediction)

    async def all_at_once():
        transport = httpx2.ASGITransport(ask.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asked = (client.post("/api/v1/cell-predictions", json=one, headers={"x-api-key": "everything"})
                     for one in bodies)  # fmt: skip
            return await asyncio.gather(*asked)

    answers = asyncio.run(all_at_once())
    assert answers.pop(7).status_code == 422
    del bodies[7]
    assert {one.status_code for one in answers} == {201}
    assert [one.json()["result"]["cycle"] for one in answers] == [
        len(one["payload"]["cycles"]) for one in bodies
    ]
    assert [one.json()["input_payload"] for one in answers] == [one["payload"] for one in bodies]
    assert len({one.json()["id"] for one in answers}) == 39
    assert count(ask, s.prediction) == before + 39


def test_a_batch_that_fails_fails_whom_it_was_for_and_the_next_is_done():
    def do(batch: list[int]) -> list[int]:
        return [10 // one for one in batch]

    async def go():
        together = Together(do)
        bad = await asyncio.gather(together(0), return_exceptions=True)
        return bad, await together(5)

    bad, good = asyncio.run(go())
    assert isinstance(bad[0], ZeroDivisionError)
    assert good == 2


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"cycles": []}, "body.payload.cycles"),
        ({"cycles": [{"cycle_num": 1}]}, "body.payload.cycles.0.feature_1"),
        ({"cycles": [CYCLES[1], CYCLES[0]]}, "body.payload.cycles.1.cycle_num"),
        ({"cycles": [{**CYCLES[0], "secret": 1}]}, "body.payload.cycles.0.secret"),
        ({"cycles": [{**CYCLES[0], "feature_1": "0.1"}]}, "body.payload.cycles.0.feature_1"),
        ({"cycles": [{**CYCLES[0], "feature_1": None}]}, "body.payload.cycles.0.feature_1"),
        ({"cycles": [{**CYCLES[0], "feature_1": True}]}, "body.payload.cycles.0.feature_1"),
        ({"cycles": [{**CYCLES[0], "feature_1": 10**400}]}, "body.payload.cycles.0.feature_1"),
        ({"cycles": [{**CYCLES[0], "cycle_num": 1.5}]}, "body.payload.cycles.0.cycle_num"),
        ({"cycles": [{**CYCLES[0], "pcl": 7.25}]}, "body.payload.cycles.0.pcl"),
        ({"cycles": "4711"}, "body.payload.cycles"),
        ({"cycles": CYCLES, "more": 1}, "body.payload.more"),
    ],
)
def test_a_payload_that_cannot_be_names_its_field_and_is_not_given_back(ask, made, payload, field):
    for path, number in (("cell", {"model_id": made.model}), ("ensemble", {"ensemble_id": made.ensemble})):
        answer = ask("POST", f"/{path}-predictions", json={**number, "payload": payload})
        assert answer.status_code == 422, answer.text
        assert [one["field"] for one in answer.json()["errors"]] == [field]
        assert not any(word in answer.text for word in ("7.25", "4711", "0.1"))


def test_what_is_not_known_or_not_seen_is_refused_alike(ask, made):
    for key in ("everything", "beta"):
        number = made.model if key == "beta" else 10**15
        answer = ask("POST", "/cell-predictions", json={"model_id": number, "payload": PAYLOAD}, key=key)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"field": "body.model_id", "message": "is not known"}]
    both = {"model_id": made.model, "payload": PAYLOAD, "battery_id": 1}
    assert len(ask("POST", "/cell-predictions", json=both).json()["errors"]) == 2
    unknown = ask("POST", "/cell-predictions", json={"model_id": made.model, "battery_id": 4711})
    assert unknown.json()["errors"] == [{"field": "body.battery_id", "message": "is not known"}]
    ask.doorman.known["reader"] = Caller("key:5", "reads", frozenset(READ))
    assert ask("POST", "/cell-predictions", json=both, key="reader").status_code == 403


def test_a_model_whose_file_is_away_is_a_503_and_one_that_was_changed_a_409(ask, made):
    from battery_assets.lab.training.predicting import forget

    body = {"model_id": made.model, "payload": PAYLOAD}
    [file] = Path(made.tracking.artifact_root).rglob("artifacts/model/weights.safetensors")
    content = file.read_bytes()
    changed = content[:-1] + bytes([content[-1] ^ 1])
    try:
        for left, status in ((changed, 409), (None, 503)):
            forget()
            file.unlink() if left is None else file.write_bytes(left)
            answer = ask("POST", "/cell-predictions", json=body)
            assert answer.status_code == status, answer.text
    finally:
        file.write_bytes(content)
    assert ask("POST", "/cell-predictions", json=body).status_code == 201
