"""Keys and sessions at the API's gate: who gets in, and what a browser may change."""

import json

import pytest

from battery_assets.actions.people import keys
from battery_assets.actions.people.sessions import csrf_of, sign_out
from battery_assets.actions.people.signing_in import sign_in
from battery_assets.api.app import Platform, create_app
from battery_assets.api.callers import may
from battery_assets.api.gate import Keys
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.api.asked import Asking
from battery_assets_tests.worlds.api.two_sites import put_sites
from battery_assets_tests.worlds.people.key_holders import key
from battery_assets_tests.worlds.people.signed_in import HERE, PASSWORD, person


@pytest.fixture(scope="module")
def world(migrated_url, database_settings, tmp_path_factory):
    """The API with its true gate over two sites."""
    from fastapi import APIRouter, Depends

    router = APIRouter()

    @router.post("/changed", dependencies=[Depends(may("fleet:read"))])
    def changed() -> str:
        return "changed"

    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake")))
        put_sites(warehouse)
        platform = Platform(database_settings, warehouse)
        app = create_app(platform, Keys(platform.accounts), routers=(router,))
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
