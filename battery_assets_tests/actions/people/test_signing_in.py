"""Signing in: who gets in, who does not, and what is told to whom."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import attempts, passwords
from battery_assets.actions.people.attempts import TooEarly
from battery_assets.actions.people.sessions import session_of
from battery_assets.actions.people.signing_in import NotSignedIn, reauthenticate, second_step, sign_in
from battery_assets.platform import clock
from battery_assets_tests.worlds.people.signed_in import (
    HERE,
    NOON,
    PASSWORD,
    THERE,
    enrolled,
    history,
    later,
    person,
)

SECOND = timedelta(seconds=1)


def failed(accounts, name: str, password: str = "not this one", origin=HERE, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            sign_in(accounts, name, password, origin)


def test_a_person_signs_in_with_name_and_password(accounts):
    person(accounts, "anna", "operator", ("*",))
    done = sign_in(accounts, " Anna ", PASSWORD, HERE)
    assert (done.needs, done.ticket) == (None, None)
    caller = session_of(accounts, done.token)
    assert (caller.name, caller.role, caller.fresh, caller.must_enrol) == ("anna", "operator", True, False)
    assert "operations:write" in caller.scopes
    assert PASSWORD not in repr(done)
    assert done.token not in repr(done)
    assert history(accounts) == [(True, None, "password")]


def test_asvs_6_3_8_nobody_learns_which_accounts_there_are(accounts):
    number = person(accounts, "anna")
    person(accounts, "gone")
    with accounts.transaction() as connection:
        people.disable(connection, people.number_of(connection, "gone"))
        people.add(connection, "new", "new@example.org", "viewer")
    hashes = []
    verify = passwords.verified
    passwords_seen = pytest.MonkeyPatch()
    passwords_seen.setattr(passwords, "verified", lambda *given: hashes.append(1) or verify(*given))
    said = set()
    for name, password in (
        ("anna", "wrong one"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("new", PASSWORD),
    ):
        with pytest.raises(NotSignedIn) as refused:
            sign_in(accounts, name, password, THERE)
        said.add(str(refused.value))
    passwords_seen.undo()
    assert len(said) == 1
    assert len(hashes) == 4, "each of them costs a hash"
    assert number


def test_asvs_6_3_1_failures_make_wait_and_the_wait_ends(accounts):
    with clock.stop_at(NOON):
        person(accounts, "anna")
        failed(accounts, "anna", times=5)
        with pytest.raises(TooEarly) as early:
            sign_in(accounts, "anna", PASSWORD, HERE)
        assert early.value.wait_s == 1
        with later(seconds=1.5):
            failed(accounts, "anna")
            with pytest.raises(TooEarly), later(seconds=1):
                sign_in(accounts, "anna", PASSWORD, HERE)
            with later(seconds=2):
                assert sign_in(accounts, "anna", PASSWORD, HERE).token
                failed(accounts, "anna", times=5)
    assert [row[1] for row in history(accounts)].count("too early") == 2


def test_asvs_6_1_1_nobody_locks_a_person_out(accounts):
    """A hundred failures from elsewhere: who signed in from here before still does, others wait 30 s at most."""
    with clock.stop_at(NOON):
        person(accounts, "anna")
        assert sign_in(accounts, "anna", PASSWORD, HERE).token
    for k in range(100):
        with clock.stop_at(NOON + k * SECOND):
            try:
                sign_in(accounts, "anna", "guess", people.Origin(f"203.0.113.{k}"))
            except (NotSignedIn, TooEarly):
                continue
    with clock.stop_at(NOON + 100 * SECOND):
        assert sign_in(accounts, "anna", PASSWORD, HERE).token
    assert max(attempts.LONGEST_S["account"], attempts.wait_after(10_000, "account")) == 30


def test_an_address_that_tries_many_names_waits_at_each(accounts):
    with clock.stop_at(NOON):
        person(accounts, "anna")
        for k in range(20):
            failed(accounts, f"name{k}", origin=THERE)
        with pytest.raises(TooEarly):
            sign_in(accounts, "anna", PASSWORD, THERE)
        assert sign_in(accounts, "anna", PASSWORD, HERE).token


def test_unknown_names_wait_as_known_ones_do(accounts):
    with clock.stop_at(NOON):
        person(accounts, "anna")
        waits = []
        for name in ("anna", "nobody"):
            failed(accounts, name, times=5, origin=people.Origin(f"2001:db8::{name[0]}"))
            with pytest.raises(TooEarly) as early:
                sign_in(accounts, name, PASSWORD, people.Origin(f"2001:db8::{name[0]}"))
            waits.append(str(early.value))
        assert waits[0] == waits[1]


def test_a_clock_that_is_set_back_lets_nobody_wait_longer(accounts):
    with clock.stop_at(NOON):
        person(accounts, "anna")
        failed(accounts, "anna", times=5)
    with clock.stop_at(NOON - timedelta(hours=5)), pytest.raises(TooEarly) as early:
        sign_in(accounts, "anna", PASSWORD, HERE)
    assert early.value.wait_s <= 900


def test_asvs_6_3_3_a_second_factor_is_asked_for_and_needed(accounts):
    with clock.stop_at(NOON):
        eve = enrolled(accounts, "eve")
        with later(minutes=5):
            begun = sign_in(accounts, "eve", PASSWORD, HERE)
            assert (begun.needs, begun.token) == ("second_factor", None)
            with pytest.raises(NotSignedIn):
                second_step(accounts, begun.ticket, "000000", HERE)
            with pytest.raises(NotSignedIn):
                second_step(accounts, begun.ticket[:-3] + "abc", eve.code(), HERE)
            done = second_step(accounts, begun.ticket, eve.code(), HERE)
            caller = session_of(accounts, done.token)
            assert (caller.role, caller.must_enrol) == ("engineer", False)
            assert "jobs:write" in caller.scopes
        with later(minutes=6):
            assert sign_in(accounts, "eve", PASSWORD, HERE, eve.code()).token


def test_who_starts_work_without_a_second_factor_only_reads(accounts):
    person(accounts, "eve", "engineer")
    done = sign_in(accounts, "eve", PASSWORD, HERE)
    assert done.needs == "enrol"
    caller = session_of(accounts, done.token)
    assert caller.must_enrol
    assert "jobs:write" not in caller.scopes
    assert "fleet:read" in caller.scopes


def test_a_ticket_ends_by_time_and_with_the_password(accounts):
    from battery_assets.actions.people import links

    eve = enrolled(accounts, "eve")
    begun = sign_in(accounts, "eve", PASSWORD, HERE)
    with accounts.transaction() as connection:
        link = links.make(connection, people.number_of(connection, "eve"))
    links.redeem_link(accounts, link, "another good password", HERE)
    with later(minutes=2), pytest.raises(NotSignedIn):
        second_step(accounts, begun.ticket, eve.code(), HERE)
    assert accounts.seal.unseal(begun.ticket).startswith("second ")


def test_asvs_7_2_4_a_new_token_with_each_proof(accounts):
    person(accounts, "anna")
    first = sign_in(accounts, "anna", PASSWORD, HERE).token
    second = sign_in(accounts, "anna", PASSWORD, HERE).token
    assert first != second
    renewed = reauthenticate(accounts, session_of(accounts, second), PASSWORD, HERE)
    assert session_of(accounts, second) is None
    assert session_of(accounts, renewed).session_id != session_of(accounts, first).session_id


def test_who_proves_again_needs_the_second_factor_too(accounts):
    with clock.stop_at(NOON):
        eve = enrolled(accounts, "eve")
        with later(minutes=20):
            caller = session_of(accounts, eve.token)
            assert not caller.fresh
            for password, code in ((PASSWORD, None), (PASSWORD, "123"), ("wrong one", eve.code())):
                with pytest.raises(NotSignedIn):
                    reauthenticate(accounts, caller, password, HERE, code)
            token = reauthenticate(accounts, caller, PASSWORD, HERE, eve.code())
            assert session_of(accounts, token).fresh


def test_a_password_that_is_set_meanwhile_lets_nobody_in(accounts, monkeypatch):
    """Between the check of the password and the session the account ends."""
    number = person(accounts, "anna")
    verify = passwords.verified

    def slow(password, kept):
        with accounts.transaction() as connection:
            people.disable(connection, number)
        return verify(password, kept)

    monkeypatch.setattr(passwords, "verified", slow)
    with pytest.raises(NotSignedIn):
        sign_in(accounts, "anna", PASSWORD, HERE)
    with accounts.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.session_logs)).scalar_one() == 0
