"""Pages without a script: each answers its question, to who may see it, and loads nothing from elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from battery_assets_tests.worlds.console.night import CODE, FOREIGN

PAGES = {
    "/": "Jars that fail first",
    "/sites/alpha": "How long each string carries its load",
    "/sites/alpha?show=resistance": "over 150 % of new",
    "/jars/alpha-j0": "With 8 years of age",
    "/jars/alpha-j4": "Shorted cell",
    "/incidents": "Jar ageing",
    "/incidents?all=1&site=alpha&severity=high": "Jar ageing",
    f"/incidents/{CODE}": "Timeline",
    f"/incidents/{CODE}?day=2025-03-30T02:00": "hour by hour",
    "/work-orders": CODE,
    "/work-orders?all=1&site=alpha": CODE,
    "/data": "Alerts that cannot be raised today",
    "/models": "Remaining-life models",
    "/messages": "Nothing was told to you yet",
    "/account": "Where you are signed in",
    "/account/preferences": "incident.opened",
    "/account/keys": "Make a key",
    "/account/webhooks": "Add a webhook",
    "/account/people": "Add an account",
    "/account/logs": "What was done",
    "/account/logs?kind=sign-in": "Signing in",
    "/account/logs?kind=requests": "Requests",
    "/account/logs?kind=mail": "Mail",
    "/account/logs?kind=webhooks": "Webhooks",
}
OPEN = {"/signin": "Sign in"}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_it_is_for(console, path):
    visitor = console.visitor("admin")
    read = visitor.get(path)
    assert visitor.status == 200, read.text
    assert PAGES[path] in read.text


@pytest.mark.parametrize("path", [*PAGES, *OPEN])
def test_no_page_needs_more_than_its_own_files(console, path):
    visitor = console.visitor("" if path in OPEN else "admin")
    read = visitor.get(path)
    assert read.inline == []
    assert all(one.startswith("/static/") for one in read.loaded)
    assert len(read.loaded) == 3
    headers = visitor.page.headers
    assert headers["cache-control"] == "no-store"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[f"{of}-src"] for of in ("script", "style", "img", "connect")} == {"'self'"}
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith(("/jars", "/incidents", "/"))])
def test_what_a_file_brought_is_text(console, path):
    assert FOREIGN not in console.visitor("admin").get(path).text


@pytest.mark.parametrize("who", ["admin", ""])
@pytest.mark.parametrize(
    "path", ["/nothing", "/jars/alpha-j0/nothing", "/jarsx?as_of=2026-03-01T00:00Z", "//evil.example/x"]
)
def test_an_unknown_page_is_a_page_to_browsers_and_a_problem_to_programs(console, path, who):
    visitor = console.visitor(who)
    read = visitor.get(path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (visitor.status, visitor.page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "No page has this address" in read.text
    assert "evil" not in read.text
    assert "script-src 'self'" in visitor.page.headers["content-security-policy"]
    visitor.get(path, headers={"accept": "*/*"})
    assert (visitor.status, visitor.page.headers["content-type"]) == (404, "application/problem+json")


def test_an_unknown_route_of_the_api_is_a_problem_to_everybody(console):
    visitor = console.visitor("admin")
    visitor.get("/api/v1/nothing", headers={"accept": "text/html"})
    assert (visitor.status, visitor.page.headers["content-type"]) == (404, "application/problem+json")


def test_every_link_of_the_pages_leads_somewhere(console):
    visitor = console.visitor("admin")
    links = {link.split("#")[0] for path in ("/", "/sites/alpha", "/jars/alpha-j0", "/account")
             for link in visitor.get(path).links}  # fmt: skip
    assert len(links) > 20
    for link in sorted(one for one in links if one.startswith("/")):
        visitor.get(link)
        assert visitor.status == 200, link


def test_the_jar_that_fails_first_is_found_in_two_clicks(console):
    visitor = console.visitor("operator")
    fleet = visitor.get("/")
    first = next(link for link in fleet.links if link.startswith("/jars/"))
    assert first in ("/jars/alpha-j4", "/jars/alpha-j0", "/jars/beta-j0")
    jar = visitor.get("/jars/alpha-j0")
    assert f"/incidents/{CODE}" in jar.links
    assert "72 %" in jar.text
    assert "160 %" in jar.text


def test_a_site_shows_who_may_not_carry_its_load_and_its_weakest_jar(console):
    read = console.visitor("viewer").get("/sites/alpha")
    assert '<span class="badge critical">20 %</span>' in read.text
    assert '<a href="/jars/alpha-j0">' in read.text
    assert "3 days old" in read.text


@pytest.mark.parametrize("path", ["/sites/alpha", "/jars/alpha-j0", f"/incidents/{CODE}"])
def test_nobody_sees_another_s_site(console, path):
    visitor = console.visitor("engineer", ("beta",))
    read = visitor.get(path)
    assert visitor.status == 404
    assert "alpha" not in read.text.replace(path, "")
    for page in ("/", "/incidents?all=1", "/work-orders?all=1", "/data", "/models"):
        assert "alpha" not in visitor.get(page).text


def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(console):
    visitor = console.visitor()
    read = visitor.get("/jars/alpha-j0?as_of=2030-01-01T00:00:00Z")
    assert visitor.status == 200
    assert read.forms["/signin"]["next"] == "/jars/alpha-j0?as_of=2030-01-01T00:00:00Z"
    for other in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert visitor.get(f"/signin?next={other}").forms["/signin"]["next"] == "/"


@pytest.mark.parametrize("path", ["/account/people", "/account/logs"])
@pytest.mark.parametrize("who", ["engineer", "operator", "viewer", "no factor"])
def test_accounts_and_logs_are_for_admins_with_a_second_factor(console, path, who):
    role = "admin" if who == "no factor" else who
    visitor = console.visitor(role, factor=who != "no factor")
    visitor.get(path)
    assert visitor.status == 403


def test_a_key_opens_no_page(console):
    visitor = console.visitor()
    assert "Sign in" in visitor.get("/", headers={"x-api-key": "ba_none"}).text


def test_what_is_not_there_is_a_page_that_says_the_next_step(console):
    visitor = console.visitor("viewer")
    for path in ("/jars/none", "/sites/none", "/incidents/none"):
        assert "Next step" in visitor.get(path).text
        assert visitor.status == 404
    assert "Next step" in visitor.get("/?as_of=yesterday").text
    assert visitor.status == 422


def test_the_past_is_shown_as_it_was_known(console):
    visitor = console.visitor("operator")
    before = datetime.now(UTC) - timedelta(days=1)
    past = visitor.get(f"/incidents?as_of={before:%Y-%m-%dT%H:%M:%S}")
    assert "This is what was known at" in past.text
    assert "Jar ageing" not in past.text
    for path in ("/", "/sites/alpha", "/jars/alpha-j0", "/work-orders", "/data", "/models"):
        answer = visitor.get(f"{path}?as_of={before:%Y-%m-%dT%H:%M:%S}")
        # What was made again since is not kept: the page says so instead of showing something else.
        assert visitor.status in (200, 409), answer.text
        if visitor.status == 409:
            assert "was made again at" in answer.text
    later = visitor.get(f"/incidents/{CODE}?as_of=2100-01-01T00:00:00Z")
    assert "Jar ageing" in later.text
    assert later.forms == {}
    assert all("as_of=2100" in link for link in later.links if link.startswith(("/jars", "/sites")))


def test_files_are_the_console_s_own(console):
    visitor = console.visitor()
    for name, kind in (("console.css", "text/css"), ("icon.svg", "image/svg+xml")):
        visitor.get(f"/static/{name}")
        assert visitor.status == 200
        assert visitor.page.headers["content-type"].startswith(kind)
    for name in ("nothing.css", "..%2fpages.py", "htmx-LICENSE.txt"):
        visitor.get(f"/static/{name}")
        assert visitor.status == 404


@pytest.mark.parametrize("place", [
    "/jars/%00", "/work-orders?site=%00", "/?as_of=0001-01-01T00:00:00%2B14:00",
    "/?as_of=9999-12-31T23:59:59-14:00", f"/incidents/{CODE}?day=0001-01-01T00:00",
    f"/incidents/{CODE}?day=9999-12-31T23:59",
])  # fmt: skip
def test_an_address_that_nobody_can_mean_is_refused_as_one(console, place):
    visitor = console.visitor("viewer")
    assert "Next step" in visitor.get(place).text
    assert visitor.status == 422


def test_who_is_responsible_stands_wherever_the_incident_is_listed(console):
    visitor = console.visitor("operator")
    visitor.get("/incidents/INC-2025-BETA")
    visitor.send("/incidents/INC-2025-BETA/assign", to="noi@example.org")
    for path in ("/sites/beta", "/jars/beta-j0", "/incidents"):
        assert "<td>Noi</td>" in visitor.get(path).text


def test_a_key_is_listed_as_it_begins(console):
    visitor = console.visitor("admin")
    visitor.get("/account/keys")
    text = visitor.send("/account/keys", name="a dashboard", scopes="fleet:read").text
    start = text.split('class="secret">')[1][:11]
    assert start.startswith("ba_")
    assert f">{start}…</th>" in text
