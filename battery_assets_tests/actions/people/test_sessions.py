"""Sessions: how they begin, last and end."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links, sessions
from battery_assets.actions.people.second_factor import NotFresh
from battery_assets.actions.people.sessions import csrf_fits, csrf_of, session_of, sign_out
from battery_assets.actions.people.signing_in import sign_in
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets_tests.worlds.people.signed_in import HERE, NOON, PASSWORD, THERE, later, person


def opened(accounts, name: str = "anna", origin=HERE) -> str:
    token = sign_in(accounts, name, PASSWORD, origin).token
    assert token is not None
    return token


def test_asvs_7_2_3_tokens_have_256_bits_and_only_their_checksum_is_kept(accounts):
    person(accounts)
    token = opened(accounts)
    assert len(token) == 43
    with accounts.reading() as connection:
        row = connection.execute(sa.select(t.session_logs)).mappings().one()
    assert row["session_token"] == sessions.hash_of(token)
    assert token not in str(dict(row))
    assert (row["device_type"], row["browser"], row["ip_address"]) == ("desktop", "Firefox", "192.0.2.7")


def test_session_fixation_a_token_that_was_put_there_is_never_used(accounts):
    """Who plants a cookie before somebody signs in holds nothing afterwards."""
    person(accounts)
    planted = "p" * 43
    assert session_of(accounts, planted) is None
    token = opened(accounts)
    assert token != planted
    assert session_of(accounts, planted) is None
    assert session_of(accounts, sessions.hash_of(token)) is None, "what the database keeps opens nothing"


@pytest.mark.parametrize("token", [None, "", "x", "é" * 43, "\ud800" * 43, "A" * 10_000, "' OR 1=1 --"])
def test_what_is_no_token_opens_nothing(accounts, token):
    assert session_of(accounts, token) is None


def test_asvs_7_3_1_a_session_ends_when_it_rests(accounts):
    with clock.stop_at(NOON):
        person(accounts)
        token = opened(accounts)
    for minutes in (50, 100, 150):
        with clock.stop_at(NOON + timedelta(minutes=minutes)):
            assert session_of(accounts, token)
    with clock.stop_at(NOON + timedelta(minutes=211)):
        assert session_of(accounts, token) is None


def test_asvs_7_3_2_a_session_ends_after_a_shift_even_in_use(accounts):
    with clock.stop_at(NOON):
        person(accounts)
        token = opened(accounts)
    for k in range(1, 24):
        with clock.stop_at(NOON + timedelta(minutes=30 * k)):
            assert session_of(accounts, token), k
    with clock.stop_at(NOON + timedelta(hours=12)):
        assert session_of(accounts, token) is None
        with accounts.transaction() as connection:
            assert sessions.end_those_over(connection) == 1


def test_asvs_7_4_1_a_session_that_was_signed_out_is_over(accounts):
    person(accounts)
    token, other = opened(accounts), opened(accounts)
    sign_out(accounts, token)
    assert session_of(accounts, token) is None
    assert session_of(accounts, other)


def test_asvs_7_4_2_sessions_end_with_the_account(accounts):
    number = person(accounts)
    tokens = [opened(accounts) for _ in range(3)]
    with accounts.transaction() as connection:
        people.disable(connection, number)
    assert [session_of(accounts, token) for token in tokens] == [None] * 3
    with accounts.transaction() as connection:
        people.enable(connection, number)
    assert [session_of(accounts, token) for token in tokens] == [None] * 3


def test_asvs_7_4_3_other_sessions_end_when_a_password_is_set(accounts):
    number = person(accounts)
    mine, other = opened(accounts), opened(accounts)
    caller = session_of(accounts, mine)
    links.change_password(accounts, number, caller.session_id, "another good password", HERE)
    assert session_of(accounts, mine)
    assert session_of(accounts, other) is None
    with later(minutes=11), pytest.raises(NotFresh):
        links.change_password(accounts, number, caller.session_id, "a third good password", HERE)


def test_asvs_7_5_2_a_person_sees_and_ends_their_sessions(accounts):
    number = person(accounts)
    opened(accounts)
    token = opened(accounts, origin=THERE)
    stranger = person(accounts, "berta")
    with accounts.transaction() as connection:
        newest, oldest = sessions.open_sessions(connection, number)
        assert (newest["device_type"], newest["ip_address"]) == ("program", "198.51.100.9")
        with pytest.raises(UserError):
            sessions.end_one(connection, stranger, newest["id"])
        sessions.end_one(connection, number, newest["id"])
        assert [row["id"] for row in sessions.open_sessions(connection, number)] == [oldest["id"]]
    assert session_of(accounts, token) is None


def test_another_role_holds_for_sessions_that_are_open(accounts):
    number = person(accounts, "anna", "operator")
    token = opened(accounts)
    assert "operations:write" in session_of(accounts, token).scopes
    with accounts.transaction() as connection:
        people.change(connection, number, role="viewer")
    assert "operations:write" not in session_of(accounts, token).scopes


def test_asvs_7_5_3_who_they_are_is_proved_anew_after_ten_minutes(accounts):
    with clock.stop_at(NOON):
        person(accounts)
        token = opened(accounts)
        assert session_of(accounts, token).fresh
        with later(minutes=11):
            assert not session_of(accounts, token).fresh


def test_a_page_s_token_fits_its_session_alone():
    assert csrf_fits("one", csrf_of("one"))
    assert not csrf_fits("another", csrf_of("one"))
    for odd in (None, "", "ä", "\ud800", csrf_of("one")[:-1]):
        assert not csrf_fits("one", odd)


def test_programs_are_named_by_what_they_say():
    said = {
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit Version/19 Mobile/15E Safari/604": (
            "phone",
            "Safari",
        ),
        "Mozilla/5.0 (Linux; Android 16) AppleWebKit Chrome/143.0 Safari/537": ("tablet", "Chrome"),
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/143 Safari/537 Edg/143": ("desktop", "Edge"),
        "curl/8": ("program", None),
    }
    assert {agent: sessions._program(agent) for agent in said} == said
