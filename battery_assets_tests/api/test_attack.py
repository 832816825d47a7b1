"""What no route may take, and whom none may let in: asked of every route that the document has."""

import re

import pytest

from battery_assets.actions.people.caller import READ, Caller

OPEN = {"/api/v1/health"}


def operations(ask) -> list[tuple[str, str]]:
    """Method and address of every route, with something in place of names."""
    paths = ask("GET", "/openapi.json").json()["paths"]
    return [
        (method.upper(), re.sub(r"\{\w+\}", "1", path).removeprefix("/api/v1"))
        for path, each in paths.items() if path not in OPEN for method in each
    ]  # fmt: skip


def test_nobody_gets_in_without_a_key_or_its_scope(ask):
    ask.doorman.known["reader"] = Caller("key:5", "reads", frozenset(READ))
    asked = operations(ask)
    assert len(asked) > 100
    for method, path in asked:
        how = {"json": {}} if method != "GET" else {}
        assert ask(method, path, key="", **how).status_code == 401, (method, path)
        assert ask(method, path, key="forged", **how).status_code == 401, (method, path)
        assert ask(method, path, key="none", **how).status_code == 403, (method, path)
        if method != "GET" and not path.endswith("/preview"):
            assert ask(method, path, key="reader", **how).status_code == 403, (method, path)


HOSTILE = {
    "NaN": (b'{"words": NaN}', 422),
    "infinity": (b'{"words": -Infinity}', 422),
    "1e999": (b'{"seed": 1e999}', 422),
    "deep": (b'{"terms": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 422),
    "twice": (b'{"words": "a", "words": "b"}', 422),
    "no JSON": (b"words=a", 422),
    "an array": (b'["words"]', 422),
    "a null byte": (b'{"words": "a\\u0000"}', 422),
    "half a letter": (b'{"words": "\\ud800"}', 422),
    "not UTF-8": (b'{"words": "\xff\xfe"}', 422),
    "empty": (b"", 422),
    "unknown field": (b'{"__proto__": {"admin": true}, "is_admin": true}', 422),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_route_takes_a_hostile_body(ask, name):
    content, status = HOSTILE[name]
    for method, path in operations(ask):
        # A stop has no body: what is sent with it is not read.
        if method == "GET" or path.endswith("/stop"):
            continue
        answer = ask(method, path, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == status, (method, path, answer.text)
        assert len(answer.content) < 3_000


def test_no_route_takes_a_large_body_or_another_kind(ask):
    async def pieces():
        for _ in range(4):
            yield b" " * 1_000_000

    kinds = {"content-type": "application/json"}
    for method, path in operations(ask):
        if method == "GET" or path.endswith("/stop"):
            continue
        assert ask(method, path, content=b" " * 60_000_000, headers=kinds).status_code == 413
        assert ask(method, path, content=pieces(), headers=kinds).status_code == 413
        other = ask(method, path, content=b"a: b", headers={"content-type": "application/yaml"})
        assert other.status_code == 415


@pytest.mark.parametrize(
    "text",
    ["' OR '1'='1", "'; DROP TABLE service.job; --", "=HYPERLINK(\"http://x\")", "../../../../etc/passwd", "%2e%2e%2f",
     "\u202e", "ﬀ", "a\u0301", "\ufeff", "😀" * 30, "$(id)", "{{7*7}}", "<script>alert(1)</script>", "\r\nx-evil: 1"],
)  # fmt: skip
def test_no_text_in_an_address_finds_or_breaks_anything(ask, text):
    from urllib.parse import quote

    for path in ("/jars/{}", "/incidents/{}", "/jars/{}/telemetry", "/experiments/{}", "/partitions?table_name={}",
                 "/jars?site={}", "/experiment-search?q={}", "/jars?cursor={}"):  # fmt: skip
        answer = ask("GET", path.format(quote(text, safe="")))
        assert answer.status_code in (200, 404, 422), (path, answer.text)
        assert "x-evil" not in answer.headers
        if answer.status_code == 200:
            assert answer.json()["items"] == []
        if answer.status_code == 422:
            assert text not in answer.text
