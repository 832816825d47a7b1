"""Links to set a password by: once, for a day, and never past a second factor."""

import threading

import pytest

from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links
from battery_assets.actions.people.passwords import PasswordRefused
from battery_assets.actions.people.sessions import session_of
from battery_assets.actions.people.signing_in import NotSignedIn, sign_in
from battery_assets.errors import UserError
from battery_assets_tests.worlds.people.signed_in import HERE, PASSWORD, enrolled, later, person


@pytest.fixture
def link(accounts) -> str:
    """Of a new account."""
    with accounts.transaction() as connection:
        return links.make(connection, people.add(connection, "anna", "anna@example.org", "viewer"))


def test_a_link_sets_the_first_password_and_ends(accounts, link):
    assert links.invited(accounts, link).username == "anna"
    with pytest.raises(PasswordRefused):
        links.redeem_link(accounts, link, "password", HERE)
    links.redeem_link(accounts, link, PASSWORD, HERE)
    assert sign_in(accounts, "anna", PASSWORD, HERE).token
    for follow in (links.invited, lambda *a: links.redeem_link(*a, "another good password", HERE)):
        with pytest.raises(links.LinkOver):
            follow(accounts, link)


def test_a_link_lasts_a_day(accounts, link):
    with later(hours=25), pytest.raises(links.LinkOver):
        links.redeem_link(accounts, link, PASSWORD, HERE)


@pytest.mark.parametrize("token", ["", "x" * 43, "\x00", "' OR true --", "\ud800"])
def test_what_is_no_link_is_over(accounts, link, token):
    with pytest.raises(links.LinkOver):
        links.invited(accounts, token)


def test_of_many_who_follow_a_link_at_once_one_sets_the_password(accounts, link):
    done = []

    def follow(k: int) -> None:
        try:
            links.redeem_link(accounts, link, f"{PASSWORD} {k}", HERE)
            done.append(k)
        except UserError:
            pass

    threads = [threading.Thread(target=follow, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert sign_in(accounts, "anna", f"{PASSWORD} {done[0]}", HERE).token


def test_a_new_link_ends_the_one_before_and_none_is_made_for_who_is_disabled(accounts, link):
    with accounts.transaction() as connection:
        number = people.number_of(connection, "anna")
        newer = links.make(connection, number)
    with pytest.raises(links.LinkOver):
        links.invited(accounts, link)
    with accounts.transaction() as connection:
        people.disable(connection, number)
    with pytest.raises(links.LinkOver):
        links.invited(accounts, newer)
    with accounts.transaction() as connection, pytest.raises(UserError, match="disabled"):
        links.make(connection, number)


def test_asvs_6_4_3_a_link_does_not_lead_past_the_second_factor(accounts):
    eve = enrolled(accounts)
    with accounts.transaction() as connection:
        link = links.make(connection, people.number_of(connection, "eve"))
    links.redeem_link(accounts, link, "another good password", HERE)
    assert session_of(accounts, eve.token) is None
    assert sign_in(accounts, "eve", "another good password", HERE).needs == "second_factor"
    with pytest.raises(NotSignedIn):
        sign_in(accounts, "eve", PASSWORD, HERE)


def test_accounts_that_cannot_be_are_refused(accounts):
    person(accounts, "anna")
    refused = [
        ("anna", "other@example.org", "viewer", ("*",), "has that name"),
        ("other", "ANNA@example.org", "viewer", ("*",), "has that name"),
        ("other", "nobody", "viewer", ("*",), "no address"),
        ("a b", "a@example.org", "viewer", ("*",), "cannot be a name"),
        ("other", "a@example.org", "root", ("*",), "no role"),
        ("other", "a@example.org", "viewer", ("nowhere",), "no site"),
        ("other", "a@example.org", "viewer", (), "no site is named"),
    ]
    for name, email, role, sites, words in refused:
        with accounts.transaction() as connection, pytest.raises(UserError, match=words):
            people.add(connection, name, email, role, sites=sites)


def test_an_admin_of_one_site_rules_over_no_other_one(accounts):
    from battery_assets.actions.people import second_factor
    from battery_assets.platform.registry import books as registry

    with accounts.transaction() as connection:
        for site in ("alpha", "beta"):
            registry.put_site(connection, site, "files", {})
    whole, local = person(accounts, "ada", "admin"), person(accounts, "bea", "admin", ("beta",))
    other = person(accounts, "anna", "viewer", ("beta",))
    for act in (
        lambda c: people.add(c, "new", "n@example.org", "viewer", sites=("*",), by=local),
        lambda c: people.add(c, "new", "n@example.org", "viewer", sites=("alpha", "beta"), by=local),
        lambda c: people.change(c, other, sites=("*",), by=local),
        lambda c: people.change(c, whole, role="viewer", by=local),
        lambda c: people.disable(c, whole, by=local),
        lambda c: people.enable(c, whole, by=local),
        lambda c: links.make(c, whole, by=local),
        lambda c: second_factor.take_away(c, whole, local),
    ):
        with accounts.transaction() as connection, pytest.raises(UserError, match="beyond your own sites"):
            act(connection)
    with accounts.transaction() as connection:
        people.change(connection, other, role="operator", by=local)
        assert links.make(connection, other, by=local)
        people.add(connection, "new", "n@example.org", "viewer", sites=("beta",), by=local)


def test_the_last_admin_stays_and_nobody_changes_their_own_rights(accounts):
    admin = person(accounts, "ada", "admin")
    for change in (
        lambda c: people.disable(c, admin),
        lambda c: people.change(c, admin, role="viewer"),
        lambda c: people.change(c, admin, sites=("*",), by=admin),
        lambda c: people.disable(c, admin, by=admin),
    ):
        with accounts.transaction() as connection, pytest.raises(UserError):
            change(connection)
    other = person(accounts, "bea", "admin")
    with accounts.transaction() as connection:
        people.disable(connection, admin, by=other)
        rows = {row["username"]: row["is_active"] for row in people.listed(connection)}
    assert rows == {"ada": False, "bea": True}
