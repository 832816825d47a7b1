"""What every request and every answer has, and what becomes of bodies that are none."""

import time

import pytest
from fastapi import APIRouter

from battery_assets.api.app import Limits
from battery_assets.api.strict import Strict, StrictRoute
from battery_assets_tests.worlds.api.asked import asking

LIMITS = Limits(body_bytes=100_000, request_s=0.5)
router = APIRouter(route_class=StrictRoute)


class Point(Strict):
    """A body of three kinds of field."""

    number: float
    count: int = 0
    words: str = ""


@router.post("/point")
def point(body: Point) -> dict[str, float]:
    return {"number": body.number}


@router.get("/slow")
def slow() -> None:
    time.sleep(1.0)


@router.get("/broken")
def broken() -> None:
    raise ZeroDivisionError("a secret of ours")


@pytest.fixture(scope="module")
def ask(migrated_url, database_settings, tmp_path_factory):
    from battery_assets.platform.warehouse.resource import Warehouse

    warehouse = Warehouse(database_url=migrated_url, lake_url=str(tmp_path_factory.mktemp("lake")))
    with asking(warehouse, database_settings, limits=LIMITS, routers=(router,)) as ask:
        yield ask


def posted(ask, content: bytes | str, kind: str = "application/json"):
    content = content.encode() if isinstance(content, str) else content
    return ask("POST", "//point", content=content, headers={"content-type": kind})


def test_it_answers_with_an_id_and_the_headers_of_security(ask):
    answer = ask("GET", "/health", key="")
    assert answer.json() == {"status": "ok", "database": "ok"}
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    named = ask("GET", "/health", headers={"x-request-id": "ticket-4711"})
    assert named.headers["x-request-id"] == "ticket-4711"
    forged = ask("GET", "/health", headers={"x-request-id": "a b\tc"})
    assert len(forged.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"number": NaN}', "body"),
        ('{"number": 1e999}', "body"),
        ('{"number": -Infinity}', "body"),
        ('{"number": 1, "number": 2}', "body"),
        ('{"number": ' + "9" * 5000 + "}", "body"),
        ("[" * 40_000 + "]" * 40_000, "body"),
        ('{"words": ' + "[" * 40 + "]" * 40 + "}", "body"),
        (b'{"words": "\xff"}', "body"),
        ('{"number": 1, "words": "\\u0000"}', "body"),
        ('{"number": 1, "words": "\\ud800"}', "body"),
        ('{"number": "1"}', "body.number"),
        ('{"number": true}', "body.number"),
        ('{"number": 1, "count": 1.5}', "body.count"),
        ('{"number": 1, "secret word": 1}', "body.secret word"),
        ("{}", "body.number"),
    ],
)
def test_a_body_that_cannot_be_taken_names_its_field_and_is_not_given_back(ask, body, field):
    answer = posted(ask, body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert [one["field"] for one in said["errors"]] == [field]
    assert said["status"] == 422
    assert '"input"' not in answer.text
    assert len(answer.content) < 600


def test_a_good_body_is_taken_and_another_kind_is_not(ask):
    assert posted(ask, '{"number": 1.5}').json() == {"number": 1.5}
    assert posted(ask, "number=1", "text/plain").status_code == 415


def test_a_body_too_large_is_refused_whether_or_not_it_says_so(ask):
    async def pieces():
        for _ in range(60):
            yield b" " * 1_000_000

    began = time.monotonic()
    for content in (b" " * 60_000_000, pieces()):
        answer = ask("POST", "//point", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert time.monotonic() - began < 5


def test_what_takes_too_long_is_a_504(ask):
    answer = ask("GET", "//slow")
    assert (answer.status_code, answer.json()["title"]) == (504, "it took too long")


def test_what_nobody_foresaw_says_nothing_of_the_inside(ask):
    answer = ask("GET", "//broken", headers={"x-request-id": "ticket-4712"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == "ticket-4712"
    assert "secret" not in answer.text


def test_an_address_that_is_none_and_a_method_that_is_none_are_problems(ask):
    assert ask("GET", "/nothing").json()["status"] == 404
    wrong = ask("DELETE", "/health")
    assert (wrong.json()["status"], wrong.headers["allow"]) == (405, "GET")


def test_the_page_of_documents_asks_no_other_host(ask):
    page = ask("GET", "//docs").text
    assert "/api/v1/health" in page
    assert "http" not in page
    assert "<script" not in page


def test_the_document_says_of_each_route_which_scope_it_needs(ask):
    said = ask("GET", "/openapi.json").json()
    paths = {path: each for path, each in said["paths"].items() if path.startswith("/api/v1/")}
    operations = {path: one for path, each in paths.items() for one in each.values()}
    assert [path for path, one in operations.items() if not one.get("security")] == ["/api/v1/health"]
    assert operations["/api/v1/cell-predictions"]["security"][0] == {"key": ["predictions:write"]}
    assert said["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"


def test_who_has_no_key_is_refused_before_the_body_is_read(ask):
    odd = {"content": b"{", "headers": {"content-type": "application/json"}}
    assert ask("POST", "/trainings", key="", **odd).status_code == 401
    assert ask("POST", "/trainings", **odd).status_code == 422
