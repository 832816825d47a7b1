"""PostgreSQL restarted under load: clear 503s, nothing half-written, and it goes on by itself."""

import asyncio
import threading

import httpx2
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.hosting import databases
from battery_assets.platform.warehouse.migrate import migrate
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.api.asked import asking
from battery_assets_tests.worlds.api.two_sites import put_sites
from battery_assets_tests.worlds.homes import fresh_home

PEOPLE, NOTES, BEFORE = 6, 12, 15
HEADERS = {"x-api-key": "everything"}


async def _note(client: httpx2.AsyncClient, key: str, seen: list[tuple[int, str]]) -> None:
    """Enter a note, asked again under its key until it is there."""
    while True:
        headers = {**HEADERS, "idempotency-key": key}
        answer = await client.post("/incidents/INC-2025-ALPHA/note", json={"words": key}, headers=headers)
        seen.append((answer.status_code, answer.text))
        if answer.status_code != 503:
            return
        assert int(answer.headers["retry-after"]) > 0
        await asyncio.sleep(0.1)
        jars = await client.get("/jars", headers=HEADERS)
        seen.append((jars.status_code, jars.text))


async def _work(app, seen: list[tuple[int, str]]) -> None:
    async def person(number: int) -> None:
        for k in range(NOTES):
            await _note(client, f"{number}-{k}", seen)

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    base = "http://localhost/api/v1"
    async with httpx2.AsyncClient(transport=transport, base_url=base, timeout=60) as client:
        await asyncio.gather(*(person(number) for number in range(PEOPLE)))


def test_a_restart_under_load_gives_clear_503s_and_every_note_is_there_once(tmp_path):
    with fresh_home() as settings:
        urls = databases.ensure_running(settings)
        migrate(urls.warehouse)
        warehouse = Warehouse(database_url=urls.warehouse, lake_url=str(tmp_path / "lake"))
        put_sites(warehouse)
        with asking(warehouse, settings) as ask:
            seen: list[tuple[int, str]] = []
            load = threading.Thread(target=lambda: asyncio.run(_work(ask.app, seen)))
            load.start()
            while len(seen) < BEFORE:
                load.join(0.01)
            assert databases.stop(settings)
            stopped = len(seen)
            while len(seen) < stopped + PEOPLE:
                load.join(0.01)
            assert databases.ensure_running(settings) == urls
            load.join(60)
            assert not load.is_alive()
            assert {status for status, _ in seen} == {200, 503}
            assert all("psycopg" not in text and "sqlalche" not in text for _, text in seen)
            assert ask("GET", "/health", key="").status_code == 200
            with warehouse.reading() as connection:
                notes = list(connection.execute(sa.select(t.incident_entry.c.note)).scalars())
        databases.stop(settings)
    assert sorted(notes) == sorted(f"{number}-{k}" for number in range(PEOPLE) for k in range(NOTES))
