"""Keys and sessions at the API's gate: who gets in, and what a browser may change."""

import json

import pytest
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request

from battery_assets.actions.people import keys
from battery_assets.actions.people.sessions import csrf_of, sign_out
from battery_assets.actions.people.signing_in import sign_in
from battery_assets.api.app import Platform, create_app
from battery_assets.api.callers import may
from battery_assets.api.gate import Keys
from battery_assets.platform.requests.rows import Answered
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.api.asked import Asking
from battery_assets_tests.worlds.api.two_sites import put_sites
from battery_assets_tests.worlds.people.key_holders import key, mistyped
from battery_assets_tests.worlds.people.signed_in import HERE, PASSWORD, person

LOG: list[Answered] = []
# An act that forgets to ask whose site it is.
NOTE = sa.text(
    "INSERT INTO service.incident_entry (site, incident_id, fault, began_at, action, entered_by) "
    "VALUES (:site, gen_random_uuid(), 'x', now(), 'note', 'anna')"
)


@pytest.fixture(scope="module")
def world(migrated_url, database_settings, tmp_path_factory):
    """The API with its true gate over two sites."""
    router = APIRouter()

    @router.post("/changed", dependencies=[Depends(may("fleet:read"))])
    def changed() -> str:
        return "changed"

    @router.post("/noted/{site}", dependencies=[Depends(may("fleet:read"))])
    def noted(request: Request, site: str) -> str:
        with request.app.state.platform.warehouse.transaction() as connection:
            connection.execute(NOTE, {"site": site})
        return "noted"

    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake")))
        put_sites(warehouse)
        platform = Platform(database_settings, warehouse)
        app = create_app(platform, Keys(platform.accounts), routers=(router,), log_request=LOG.append)
        yield Asking(app, None), platform.accounts
        app.state.pool.dispose()


def statuses(ask, **headers: str) -> tuple[int, str]:
    answer = ask("GET", "/sites", key="", headers=headers)
    return answer.status_code, answer.text


def test_a_key_opens_by_either_header_and_sees_its_sites(world):
    ask, accounts = world
    of_beta = key(accounts, person(accounts, "beta"), "fleet:read", sites=("beta",))
    for headers in ({"x-api-key": of_beta.text}, {"authorization": f"Bearer {of_beta.text}"}):
        status, said = statuses(ask, **headers)
        assert status == 200
        assert [row["site"] for row in json.loads(said)["items"]] == ["beta"]
    assert ask("GET", "/sites?site=alpha", key=of_beta.text).json()["items"] == []


@pytest.mark.parametrize("text", ["", "ba_", "x" * 60, "ba_" + "A" * 57, "clé"])
def test_what_is_no_key_is_401_whatever_it_is(world, text):
    ask, _ = world
    answer = ask("GET", "/sites", key="", headers={"x-api-key": text.encode("latin-1")})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "APIKey")
    assert text not in answer.text or not text


def test_a_revoked_key_is_401_and_one_that_asks_too_often_429(world):
    ask, accounts = world
    made = key(accounts, person(accounts, "often"), "fleet:read", rate_limit=2)
    assert [ask("GET", "/sites", key=made.text).status_code for _ in range(2)] == [200, 200]
    many = ask("GET", "/sites", key=made.text)
    assert many.status_code == 429
    assert 1 <= int(many.headers["retry-after"]) <= 61
    with accounts.transaction() as connection:
        keys.revoke(connection, made.number)
    assert ask("GET", "/sites", key=made.text).status_code == 401


def test_a_session_s_cookie_opens_until_it_ends(world):
    ask, accounts = world
    person(accounts, "anna")
    token = sign_in(accounts, "anna", PASSWORD, HERE).token
    cookie = {"cookie": f"battery_session={token}"}
    assert statuses(ask, **cookie)[0] == 200
    assert statuses(ask, cookie=f"battery_session={token[:-1]}x")[0] == 401
    sign_out(accounts, token)
    assert statuses(ask, **cookie)[0] == 401


def test_asvs_3_5_1_a_browser_changes_nothing_without_the_page_s_token(world):
    ask, accounts = world
    person(accounts, "carl")
    token, other = (sign_in(accounts, "carl", PASSWORD, HERE).token for _ in range(2))
    cookie = {"cookie": f"battery_session={token}"}
    for forged in ({}, {"x-csrf-token": ""}, {"x-csrf-token": csrf_of(other)}, {"x-csrf-token": "ä"}):
        headers = {**cookie, **{name: value.encode("latin-1") for name, value in forged.items()}}
        assert ask("POST", "//changed", key="", headers=headers).status_code == 403
    assert (
        ask("POST", "//changed", key="", headers={**cookie, "x-csrf-token": csrf_of(token)}).status_code
        == 200
    )


def test_an_account_that_is_disabled_is_out_at_once(world):
    from battery_assets.actions.people import accounts as people

    ask, accounts = world
    number = person(accounts, "gone")
    token, made = sign_in(accounts, "gone", PASSWORD, HERE).token, key(accounts, number, "fleet:read")
    ways = ({"cookie": f"battery_session={token}"}, {"x-api-key": made.text})
    assert [statuses(ask, **way)[0] for way in ways] == [200, 200]
    with accounts.transaction() as connection:
        people.disable(connection, number)
    assert [statuses(ask, **way)[0] for way in ways] == [401, 401]


def test_each_request_is_logged_with_its_route_and_who_asked_and_without_what_was_sent(world):
    ask, accounts = world
    made = key(accounts, person(accounts, "logged"), "fleet:read")
    LOG.clear()
    sent = {"user-agent": "curl/8", "x-request-id": "ticket-4713"}
    assert ask("GET", "/jars/alpha-j0?as_of=secret-term", key=made.text, headers=sent).status_code == 422
    ask("GET", "/a-secret-address", key=made.text)
    ask("GET", "/sites", key=mistyped(made.text))
    ask("POST", "//changed", key=made.text, content=b" " * 3_000_000)
    named, lost, refused, large = LOG
    assert (named.endpoint, named.method, named.status_code) == ("/api/v1/jars/{name}", "GET", 422)
    assert (named.api_key_id, named.user_agent, named.request_id) == (made.number, "curl/8", "ticket-4713")
    assert named.response_time_ms > 0
    assert named.response_size_bytes > 50
    assert (lost.endpoint, lost.status_code) == ("-", 404)
    assert (refused.status_code, refused.api_key_id) == (401, None)
    assert refused.error_message == "the key is not known, was revoked or has ended"
    assert (large.status_code, large.request_size_bytes) == (413, 3_000_000)
    assert not [word for word in ("secret", made.text[11:]) if word in str(LOG)]


def test_a_route_that_forgets_whose_site_it_is_writes_no_other_s_row(world):
    ask, accounts = world
    of_beta = key(accounts, person(accounts, "bert"), "fleet:read", sites=("beta",))
    assert ask("POST", "//noted/beta", key=of_beta.text).status_code == 200
    refused = ask("POST", "//noted/alpha", key=of_beta.text)
    assert (refused.status_code, refused.json()["detail"]) == (403, "it is of a site that is not yours")
    whole = key(accounts, person(accounts, "wanda"), "fleet:read")
    assert ask("POST", "//noted/alpha", key=whole.text).status_code == 200
