"""Experiments found again through the API: searches, tags, notes."""

import pytest
import sqlalchemy as sa

from battery_assets.actions.people.caller import SCOPES, Caller
from battery_assets.tables.experiments.signals import datasets
from battery_assets.tables.service.jobs import job


@pytest.fixture(scope="module")
def tried(ask):
    with ask.app.state.platform.warehouse.transaction() as connection:
        connection.execute(sa.insert(datasets).values(name="ripple", meta_data={"version": "1"}))
    for name, model in (("one", "forest_own_lines"), ("two", "cnn1d")):
        body = {"name": name, "dataset": "ripple", "model_type": model}
        assert ask("POST", "/experiments", json=body).status_code == 202
    with ask.app.state.platform.warehouse.transaction() as connection:
        connection.execute(sa.text("UPDATE experiments.experiment SET metrics = '{\"macro_auroc\": 0.9}'"))
        connection.execute(sa.update(job).values(state="succeeded"))
    return ask


def found(ask, q: str) -> set[str]:
    answer = ask("GET", "/experiment-search", params={"q": q})
    assert answer.status_code == 200, answer.text
    return {one["name"] for one in answer.json()["items"]}


def test_a_search_finds_by_words_values_and_scores(tried):
    assert found(tried, "") == {"one", "two"}
    assert found(tried, "model_type:cnn1d") == {"two"}
    assert found(tried, "macro_auroc>0.95") == set()
    assert found(tried, f"macro_auroc>{'9' * 400}") == set()
    refused = tried("GET", "/experiment-search", params={"q": "'; DROP TABLE x; --"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "query.q")
    assert "DROP" not in refused.text


def test_a_tag_is_given_once_and_found(tried):
    tried.doorman.known["nok"] = Caller("user:7", "Nok", frozenset(SCOPES), user_id=7)
    for _ in range(2):
        given = tried("POST", "/experiments/one/tags", json={"name": "for gateways"}, key="nok")
        assert given.status_code == 200
    assert found(tried, "tag:for-gateways") == {"one"}
    [tag] = tried("GET", "/tags").json()["items"]
    assert tag["slug"] == "for-gateways"
    query = sa.text("SELECT created_by, added_by FROM experiments.tags, experiments.experiment_tags")
    with tried.app.state.platform.warehouse.reading() as connection:
        [who] = connection.execute(query).all()
    assert tuple(who) == (7, 7), "the person of the key gave it"
    assert tried("POST", "/experiments/none/tags", json={"name": "x"}).status_code == 404
    assert tried("POST", "/experiments/one/tags", json={"name": "---"}).status_code == 422


def test_notes_take_the_place_of_the_version_that_was_read(tried):
    old = tried("GET", "/experiments/two").headers["etag"]
    assert tried("PUT", "/experiments/two/notes", json={"notes": "small"}).status_code == 428
    done = tried("PUT", "/experiments/two/notes", json={"notes": "small"}, headers={"if-match": old})
    assert (done.status_code, done.json()["notes"]) == (200, "small")
    late = tried("PUT", "/experiments/two/notes", json={"notes": "other"}, headers={"if-match": old})
    assert late.status_code == 412


def test_a_search_is_kept_and_used(tried):
    made = tried("POST", "/saved-searches", json={"name": "nets", "query": "model_type:cnn1d"})
    assert made.status_code == 201
    path = made.headers["location"].removeprefix("/api/v1")
    assert [one["name"] for one in tried("GET", f"{path}/experiments").json()["items"]] == ["two"]
    again = tried("POST", "/saved-searches", json={"name": "nets", "query": "model_type:forest_own_lines"})
    assert again.headers["location"] == made.headers["location"]
    refused = tried("POST", "/saved-searches", json={"name": "bad", "query": "<script>"})
    assert refused.json()["errors"][0]["field"] == "body.query"
    assert tried("GET", f"{path}/experiments", key="beta").status_code == 403
