"""The pages answer their own pages and programs of this machine, and no other site's page."""

import asyncio
import itertools
from urllib.parse import quote

import pytest

from battery_assets.hosting import launch
from battery_assets.hosting.guard import Guard
from battery_assets.settings import Settings

LOCAL = "127.0.0.1:3000"
EVIL = "https://evil.example"


async def page(scope, _receive, send):
    """What lies behind the guard."""
    if scope["type"] == "websocket":
        return await send({"type": "websocket.accept"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


def answer(path: str = "/", method: str = "GET", kind: str = "http", hosts=(), **headers: str) -> dict:
    """The first message that a request gets."""
    sent: list[dict] = []
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    address, _, query = path.partition("?")
    scope = {"type": kind, "method": method, "path": address, "query_string": query.encode(), "headers": told}

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": f"{kind}.connect"}

    asyncio.run(Guard(page, hosts)(scope, receive, send))
    return sent[0]


@pytest.mark.parametrize("host", [LOCAL, "localhost:3000", "[::1]:8080", "LOCALHOST", "127.0.0.1"])
def test_our_own_pages_and_programs_are_answered(host):
    assert answer(host=host)["status"] == 200
    assert answer("/graphql", "POST", host=host)["status"] == 200
    assert answer("/graphql", "POST", host=host, origin=f"http://{host}")["status"] == 200
    assert (
        answer("/graphql", kind="websocket", host=host, origin=f"http://{host}")["type"] == "websocket.accept"
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost@evil.example", "", "a b", "[::1"]
)  # fmt: skip
def test_a_name_that_is_turned_to_this_machine_is_refused(host):
    assert answer(host=host)["status"] == 403
    assert answer("/graphql", "POST", host=host, origin=f"http://{host}")["status"] == 403
    assert answer(kind="websocket", host=host)["type"] == "websocket.close"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", "http://[::1", "http://localhost:8888", "http://127.0.0.1:3000.evil.example"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_site_or_port_is_refused(origin, method):
    assert answer("/graphql", method, host=LOCAL, origin=origin)["status"] == 403
    assert answer("/graphql", kind="websocket", host=LOCAL, origin=origin)["type"] == "websocket.close"


def test_what_a_foreign_page_loads_without_an_origin_is_refused_and_a_link_is_followed():
    """A picture or a script of a GET has no Origin; the browser says where it was asked from."""
    for site in ("cross-site", "same-site"):
        assert (
            answer(host=LOCAL, sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image")[
                "status"
            ]
            == 403
        )
        assert (
            answer(host=LOCAL, sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="iframe")[
                "status"
            ]
            == 403
        )
        link = {"sec_fetch_site": site, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
        assert answer("/runs", host=LOCAL, **link)["status"] == 200
        assert answer("/runs", "POST", host=LOCAL, **link)["status"] == 403
    assert answer(host=LOCAL, sec_fetch_site="same-origin")["status"] == 200


@pytest.mark.parametrize(
    "query",
    ["mutation {a}", "query q {a} mutation m {a}", "subscription {a}", "fragment f on T {a} mutation{b}"],
)
def test_no_address_changes_anything(query):
    found = answer(f"/graphql?query={quote(query)}", host=LOCAL)
    assert (found["status"], dict(found["headers"])[b"allow"]) == (405, b"POST")
    assert answer("/graphql?query=%7Ba%7D", host=LOCAL)["status"] == 200
    assert answer("/graphql?query=%7B", host=LOCAL)["status"] == 200


def test_no_other_site_shows_a_page_within_its_own():
    assert (b"x-frame-options", b"SAMEORIGIN") in answer(host=LOCAL)["headers"]


def test_a_header_that_is_sent_twice_is_none_of_ours():
    async def asked():
        sent = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"host", b"localhost"), (b"Host", b"evil.example")],
        }

        async def send(message):
            sent.append(message)

        await Guard(page)(scope, None, send)
        return sent[0]["status"]

    assert asyncio.run(asked()) == 403


def test_a_proxy_s_name_is_answered_where_it_was_told():
    ours = {"hosts": ["battery.example.org"]}
    assert answer(host="battery.example.org", origin="https://battery.example.org", **ours)["status"] == 200
    assert (
        answer("/graphql", "POST", host=LOCAL, origin="https://battery.example.org", **ours)["status"] == 200
    )
    assert answer(host="battery.example.org", origin=EVIL, **ours)["status"] == 403
    assert answer(host="battery.example.org")["status"] == 403


def test_mlflow_is_told_the_same_names(tmp_path):
    given = {"BATTERY_HOME": str(tmp_path), "BATTERY_WEB_HOSTS": "Battery.example.org"}
    command = launch.mlflow_server(Settings.from_environment(given), 5000)
    told = dict(itertools.pairwise(command))
    assert (
        told["--allowed-hosts"] == "127.0.0.1:5000,localhost:5000,battery.example.org,battery.example.org:*"
    )
    assert told["--cors-allowed-origins"] == "https://battery.example.org,http://battery.example.org"


def test_mlflow_serves_its_pages_behind_the_guard(monkeypatch):
    import mlflow.server as served

    from battery_assets.hosting import pages

    monkeypatch.setattr(served, "_build_uvicorn_command", served._build_uvicorn_command)
    pages.guard_mlflow()
    words = served._build_uvicorn_command(None, "127.0.0.1", 5000, 1, pages.MLFLOW)
    assert (words[-1], pages.MLFLOW in words) == (pages.OURS, False)
    with pytest.raises(RuntimeError, match="no guard"):
        served._build_uvicorn_command(None, "127.0.0.1", 5000, 1, "mlflow.other:app")
    assert isinstance(pages.mlflow_app, Guard)
    assert launch.mlflow_server(Settings.from_environment({}), 5000)[2:5] == [
        pages.__name__,
        "mlflow",
        "server",
    ]
