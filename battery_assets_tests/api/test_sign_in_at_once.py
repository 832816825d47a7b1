"""A thousand people, or one program that pretends to be, sign in at once: bounded, and nobody else waits."""

import asyncio
import collections

import anyio.to_thread
import httpx2
import pytest
from fastapi import APIRouter, Depends, Request

from battery_assets.actions.people import signing_in
from battery_assets.api.app import Limits, Platform, create_app
from battery_assets.api.callers import origin_of
from battery_assets.api.gate import Keys
from battery_assets.api.turns import Turns, turn_to_sign_in
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.people.key_holders import key
from battery_assets_tests.worlds.people.signed_in import PASSWORD, person

router = APIRouter()
MANY, WAITING = 1_000, 40
# Who is within a sign-in, and how many were when each came in.
NOW: set[str] = set()
INSIDE: list[int] = []


@router.post("/in/{name}", dependencies=[Depends(turn_to_sign_in)])
def enter(request: Request, name: str) -> str:
    accounts = request.app.state.platform.accounts
    INSIDE.append(len(NOW))
    NOW.add(request.scope["request_id"])
    try:
        signing_in.sign_in(accounts, name, PASSWORD, origin_of(request))
    finally:
        NOW.discard(request.scope["request_id"])
    return "in"


@pytest.fixture
def app(warehouse_url, database_settings, tmp_path):
    warehouse = Warehouse(database_url=warehouse_url, lake_url=str(tmp_path))
    platform = Platform(database_settings, warehouse, Limits())
    app = create_app(platform, Keys(platform.accounts), routers=(router,))
    app.state.turns = Turns(waiting=WAITING)
    yield app
    app.state.pool.dispose()


def test_a_thousand_at_once_are_bounded_and_starve_nobody(app):
    accounts = app.state.platform.accounts
    made = key(accounts, person(accounts, "anna"), "fleet:read")

    async def all_at_once() -> tuple[collections.Counter, httpx2.Response]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 8
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            crowd = [
                asyncio.create_task(client.post(f"/in/{'anna' if k % 2 else 'nobody'}")) for k in range(MANY)
            ]
            for _ in range(20):
                answer = await client.get("/api/v1/sites", headers={"x-api-key": made.text})
                assert answer.status_code == 200, "who is signed in already is answered meanwhile"
            answers = await asyncio.gather(*crowd)
            said = collections.Counter(one.status_code for one in answers)
            return said, next(one for one in answers if one.status_code == 503)

    said, busy = asyncio.run(all_at_once())
    assert sum(said.values()) == MANY
    assert set(said) <= {200, 401, 429, 503}
    assert said[503] >= MANY - WAITING - 20
    assert 1 <= said[200] + said[401] + said[429] <= WAITING + 20
    assert busy.headers["retry-after"] == "3"
    assert max(INSIDE) <= 2, "two hash, and one more is ready: five threads of eight are everybody else's"
