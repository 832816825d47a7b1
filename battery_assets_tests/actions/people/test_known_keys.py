"""Keys in a serving process: what they let through, and how soon a revoked one is refused."""

import statistics
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import keys
from battery_assets.actions.people.known_keys import KeyRefused, KnownKeys, TooMany
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.registry import books as registry
from battery_assets_tests.worlds.people.key_holders import key, knowing
from battery_assets_tests.worlds.people.signed_in import NOON, person


def refused(known, text: str) -> bool:
    try:
        known.caller(text, "192.0.2.1")
    except KeyRefused:
        return True
    return False


def refused_after_s(known, text: str) -> float:
    """Seconds until a key is refused, looked at each millisecond."""
    began = time.perf_counter()
    while not refused(known, text):
        assert time.perf_counter() - began < 5
        time.sleep(0.001)
    return time.perf_counter() - began


def test_a_key_may_what_it_and_its_owner_may(accounts):
    with accounts.transaction() as connection:
        for site in ("alpha", "beta", "gamma"):
            registry.put_site(connection, site, "files", {})
    owner = person(accounts, "eve", "engineer", ("alpha", "beta"))
    made = key(accounts, owner, "fleet:read", "jobs:write", sites=("beta", "gamma"), ceiling=NOON)
    known = KnownKeys(accounts)
    caller = known.caller(made.text, None)
    assert caller.scopes == {"fleet:read", "jobs:write"}
    assert caller.sites == {"beta"}
    assert caller.as_of(None) == NOON
    with accounts.transaction() as connection:
        people.change(connection, owner, role="viewer", sites=("alpha",))
    caller = known.caller(made.text, None)
    assert (caller.scopes, caller.sites) == ({"fleet:read"}, frozenset())


def test_nobody_makes_a_key_that_may_more_than_its_owner(accounts):
    owner = person(accounts, "vera", "viewer")
    for scopes, terms, words in (
        (("people:write",), {}, "may not do"),
        (("fleet:all",), {}, "no scope"),
        (("fleet:read",), {"sites": ("nowhere",)}, "no site"),
        (("fleet:read",), {"rate_limit": 0}, "times a minute"),
        (("fleet:read",), {"expires_at": clock.now() + timedelta(days=900)}, "ends within"),
        (("fleet:read",), {"expires_at": NOON}, "ends within"),
        (("fleet:read",), {"name": " "}, "a name"),
    ):
        with pytest.raises(UserError, match=words):
            key(accounts, owner, *scopes, **terms)


def test_who_has_no_second_factor_yet_makes_no_key_that_needs_one(accounts):
    owner = person(accounts, "eve", "engineer")
    asked = keys.Terms("work", ("jobs:write",))
    with accounts.transaction() as connection, pytest.raises(UserError, match="may not do jobs:write"):
        keys.create(connection, accounts.seal, owner, asked, by=owner)
    with accounts.transaction() as connection:
        assert keys.create(connection, accounts.seal, owner, keys.Terms("look", ("fleet:read",)), by=owner)


def test_a_key_that_is_kept_in_mind_costs_no_question(accounts, monkeypatch):
    made = key(accounts, person(accounts))
    with knowing(accounts) as known:
        assert known.at_once(made.text) is None
        caller = known.caller(made.text, None)
        monkeypatch.setattr(known, "_ask", None)
        assert known.at_once(made.text) == caller
        assert known.caller(made.text, None) == caller


def test_asvs_8_3_2_a_revoked_key_is_refused_at_once(accounts):
    owner = person(accounts)
    made = [key(accounts, owner, name=f"program {k}", rate_limit=60_000) for k in range(12)]
    took = []
    with knowing(accounts) as known:
        for one in made:
            known.caller(one.text, None)
            with accounts.transaction() as connection:
                keys.revoke(connection, one.number)
            took.append(refused_after_s(known, one.text))
    assert statistics.median(took) < 0.05, took


def test_an_owner_who_is_disabled_takes_the_keys_along(accounts):
    owner = person(accounts)
    made = key(accounts, owner, rate_limit=60_000)
    with knowing(accounts) as known:
        known.caller(made.text, None)
        with accounts.transaction() as connection:
            people.disable(connection, owner)
        assert refused_after_s(known, made.text) < 5


def test_who_does_not_listen_asks_each_time(accounts):
    made = key(accounts, person(accounts))
    known = KnownKeys(accounts)
    known.caller(made.text, None)
    assert known.at_once(made.text) is None
    with accounts.transaction() as connection:
        keys.revoke(connection, made.number)
    assert refused(known, made.text)


def test_a_listener_whose_connection_is_ended_forgets_and_listens_again(accounts):
    made = key(accounts, person(accounts))
    with knowing(accounts) as known:
        known.caller(made.text, None)
        with accounts.transaction() as connection:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"
            connection.execute(sa.text(f"{end} AND datname = current_database() AND pid <> pg_backend_pid()"))
        began = time.monotonic()
        while known._kept:
            assert time.monotonic() - began < 10
        while not known.listening:
            assert time.monotonic() - began < 10
        assert known.caller(made.text, None)


def test_a_message_between_the_question_and_its_answer_is_not_lost(accounts, monkeypatch):
    made = key(accounts, person(accounts))
    with knowing(accounts) as known:
        ask = known._ask

        def slow(prefix):
            kept = ask(prefix)
            known.forget(prefix)
            return kept

        monkeypatch.setattr(known, "_ask", slow)
        known.caller(made.text, None)
        assert not known._kept


def test_0_of_200_false_keys_get_in(accounts):
    """Forged secrets with a right checksum, other prefixes, ended and revoked ones, other homes' ones."""
    from battery_assets.actions.people import key_text

    owner = person(accounts)
    good, ended, gone = (key(accounts, owner, name=name) for name in ("good", "ended", "gone"))
    with accounts.transaction() as connection:
        k = t.api_keys
        past = clock.now() - timedelta(seconds=1)
        connection.execute(k.update().where(k.c.id == ended.number).values(expires_at=past))
        keys.revoke(connection, gone.number)
    false = [ended.text, gone.text, "", good.text + " ", good.text[:-1], good.text.swapcase(), good.prefix]
    for _ in range(97):
        _, secret, text = key_text.fresh()
        body = good.prefix + secret
        false += [body + key_text._check(body), text]
    with knowing(accounts) as known:
        known.caller(good.text, None)
        let_in = 0
        for text in false[:200]:
            try:
                let_in += known.caller(text, "192.0.2.1") is not None
            except (KeyRefused, TooMany):
                continue
        assert (len(false[:200]), let_in) == (200, 0)
        assert known.caller(good.text, "192.0.2.1")


def test_a_key_asks_as_often_as_it_may(accounts):
    made = key(accounts, person(accounts), rate_limit=50)
    known = KnownKeys(accounts, timer=lambda: 1000.0)
    for _ in range(50):
        known.caller(made.text, None)
    for _ in range(50):
        with pytest.raises(TooMany) as many:
            known.caller(made.text, None)
        assert 1 <= many.value.wait_s <= 61


def test_it_is_noted_when_a_key_was_used_last(accounts):
    made = key(accounts, person(accounts))
    known = KnownKeys(accounts)
    with clock.stop_at(clock.now()):
        known.caller(made.text, None)
        known.note_use()
        with accounts.reading() as connection:
            [row] = keys.listed(connection)
        assert row["last_used_at"] == clock.now().replace(microsecond=0)


def test_a_rotated_key_is_good_beside_the_new_one_for_a_day(accounts):
    old = key(accounts, person(accounts), "fleet:read", rate_limit=77)
    with accounts.transaction() as connection:
        new = keys.rotate(connection, accounts.seal, old.number)
    known = KnownKeys(accounts)
    assert known.caller(old.text, None).rate_limit == known.caller(new.text, None).rate_limit == 77
    with clock.stop_at(clock.now() + timedelta(hours=25)):
        assert refused(known, old.text)
        assert not refused(known, new.text)


def test_nobody_revokes_another_s_key(accounts):
    made = key(accounts, person(accounts, "anna"))
    other = person(accounts, "berta")
    with accounts.transaction() as connection, pytest.raises(UserError, match="no key"):
        keys.revoke(connection, made.number, by=other, only_of=other)
