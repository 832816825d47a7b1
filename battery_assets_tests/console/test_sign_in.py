"""Signing in at the console: link, password, second factor, backup codes, and leaving."""

import pytest
from pyotp import TOTP

from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links
from battery_assets.console.forms import TOKEN
from battery_assets.platform import clock
from battery_assets_tests.worlds.console.visitor import SESSION
from battery_assets_tests.worlds.people.signed_in import HERE, PASSWORD, enrolled, later, person


def test_from_a_link_to_a_second_factor_and_out(console):
    with console.accounts.transaction() as connection:
        number = people.add(connection, "ada", "ada@example.org", "admin", name="Ada")
        path = links.PATH + links.make(connection, number)
    visitor = console.visitor()
    assert "Welcome, Ada" in visitor.get(path).text
    assert "differ" in visitor.send(path, password=PASSWORD, again="other").text
    assert "most common" in visitor.send(path, password="password1", again="password1").text
    assert "The password is set" in visitor.send(path, password=PASSWORD, again=PASSWORD).text
    assert "has ended, or never was one" in console.visitor().get(path).text
    page = visitor.send("/signin", username="Ada ", password=PASSWORD)
    assert visitor.page.url.path == "/account/factor"
    assert '<svg role="img" aria-label="Code for an authenticator"' in page.text
    secret = page.text.split('<p class="secret">')[1].split("<")[0].replace(" ", "")
    wrong = visitor.send("/account/factor", code="000000")
    assert visitor.status == 422
    assert secret in wrong.text.replace(" ", "")
    before = visitor.cookies[SESSION]
    shown = visitor.send("/account/factor", code=TOTP(secret).at(clock.now()))
    codes = shown.text.split('<ol class="secret">')[1].split("</ol>")[0].count("<li>")
    assert codes == 10
    assert visitor.cookies[SESSION] != before
    assert "A second factor is set up; 10 backup codes are left" in visitor.get("/account").text
    assert "You are signed out" in visitor.send("/signout").text
    assert SESSION not in visitor.cookies
    visitor.cookies[SESSION] = before
    assert "Sign in" in visitor.get("/").text


def test_the_second_factor_is_asked_for_and_each_code_is_good_once(console):
    eve = enrolled(console.accounts)
    visitor = console.visitor()
    visitor.get("/signin?next=/incidents")
    assert "Second factor" in visitor.send("/signin", username="eve", password=PASSWORD).text
    assert SESSION not in visitor.cookies
    assert "is wrong" in visitor.send("/signin/code", code="123456").text
    assert visitor.status == 401
    visitor.send("/signin/code", code=eve.codes[0].lower())
    assert visitor.page.url.path == "/incidents"
    visitor.get("/account")
    visitor.send("/signout")
    visitor.get("/signin")
    visitor.send("/signin", username="eve", password=PASSWORD)
    assert "is wrong" in visitor.send("/signin/code", code=eve.codes[0]).text
    assert SESSION not in visitor.cookies


def test_a_wrong_password_has_the_words_of_an_unknown_name(console):
    person(console.accounts, "mai")
    said = []
    for name in ("mai", "nobody"):
        visitor = console.visitor()
        visitor.get("/signin")
        page = visitor.send("/signin", username=name, password="wrong wrong wrong")
        assert visitor.status == 401
        said.append(page.text.split('role="alert">')[1].split("</p>")[0])
    assert said[0] == said[1]


def test_the_form_of_signing_in_is_of_the_visit_that_asked_for_it(console):
    visitor, other = console.visitor(), console.visitor()
    own, foreign = visitor.get("/signin").forms["/signin"], other.get("/signin").forms["/signin"]
    assert own[TOKEN] != foreign[TOKEN]
    for token in ("", foreign[TOKEN]):
        visitor.post("/signin", **{**own, TOKEN: token, "username": "x", "password": "y"})
        assert visitor.status == 403
    fresh = console.visitor()
    fresh.post("/signin", **own)
    assert fresh.status == 403


@pytest.mark.parametrize("path", ["/account/factor", "/account/password"])
def test_who_was_away_proves_once_more_who_they_are(console, path):
    eve = enrolled(console.accounts, f"away{len(path)}")
    visitor = console.visitor()
    visitor.cookies[SESSION] = eve.token
    with later(minutes=11):
        page = visitor.get(path)
        assert "Prove once more who you are" in page.text
        assert "is wrong" in visitor.send("/account/again", password=PASSWORD, code="").text
        visitor.send("/account/again", password=PASSWORD, code=eve.codes[1])
        assert visitor.page.url.path == path
        assert visitor.cookies[SESSION] != eve.token
        assert visitor.status == 200


def test_a_changed_password_ends_the_other_sessions(console):
    person(console.accounts, "nid")
    first, second = console.visitor(), console.visitor()
    for visitor in (first, second):
        visitor.get("/signin")
        visitor.send("/signin", username="nid", password=PASSWORD)
    assert second.get("/account").text.count("End it") == 1
    first.get("/account/password")
    said = first.send("/account/password", password=f"{PASSWORD}!", again=f"{PASSWORD}!")
    assert "your other sessions have ended" in said.text
    assert "Sign in" in second.get("/account").text
    assert "End it" not in first.get("/account").text


def test_one_session_is_ended_from_another(console):
    person(console.accounts, "dao")
    first, second = console.visitor(), console.visitor()
    for visitor in (first, second):
        visitor.get("/signin")
        visitor.send("/signin", username="dao", password=PASSWORD)
    page = first.get("/account")
    [end] = [one for one in page.forms if one.startswith("/account/sessions/")]
    assert "The session has ended" in first.send(end).text
    assert "Sign in" in second.get("/").text
    assert HERE.address in first.get("/account").text
