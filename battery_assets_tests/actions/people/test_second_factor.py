"""The second factor: each code once, only forward, sealed; and how it is set up."""

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import second_factor
from battery_assets.actions.people.second_factor import (
    NotFresh,
    WrongCode,
    begin_enrolment,
    finish_enrolment,
    step_of,
)
from battery_assets.actions.people.sessions import session_of
from battery_assets.actions.people.signing_in import NotSignedIn, sign_in
from battery_assets.platform import clock
from battery_assets.platform.sealing import CannotUnseal
from battery_assets_tests.worlds.people.signed_in import HERE, NOON, PASSWORD, enrolled, later, person


def get_in(accounts, code: str) -> str | None:
    return sign_in(accounts, "eve", PASSWORD, HERE, code).token


def test_asvs_6_5_1_a_code_is_worth_one_use(accounts):
    with clock.stop_at(NOON):
        eve = enrolled(accounts)
        with pytest.raises(NotSignedIn):
            get_in(accounts, eve.code())
        with later(seconds=30):
            code = eve.code()
            assert get_in(accounts, code)
            with pytest.raises(NotSignedIn):
                get_in(accounts, code)
        with later(seconds=60):
            newer, older = eve.code(), eve.code(-1)
            assert get_in(accounts, newer)
            with pytest.raises(NotSignedIn):
                get_in(accounts, older)


def test_asvs_6_5_5_a_code_lives_thirty_seconds_and_one_step_more(accounts):
    with clock.stop_at(NOON):
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        from pyotp import TOTP

        code = TOTP(secret).at(NOON)
        at = int(NOON.timestamp()) // 30
        assert step_of(secret, code, None) == at
        for seconds, good in ((29, True), (59, True), (61, False), (-1, False)):
            with later(seconds=seconds):
                assert (step_of(secret, code, None) == at) is good, seconds
        assert step_of(secret, code, at) is None


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "１２３４５６", "12 456", "abcdef", "-12345", "12345\n"]
)
def test_what_is_no_code_is_none(code):
    assert step_of("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", code, None) is None


def test_asvs_6_5_2_backup_codes_have_120_bits_and_each_is_worth_one_use(accounts):
    eve = enrolled(accounts)
    assert len(eve.codes) == len(set(eve.codes)) == 10
    assert all(len(code.replace("-", "")) == 24 for code in eve.codes)
    first = eve.codes[0]
    assert get_in(accounts, first.lower().replace("-", " "))
    with pytest.raises(NotSignedIn):
        get_in(accounts, first)
    with accounts.reading() as connection:
        assert second_factor.codes_left(connection, people.number_of(connection, "eve")) == 9
        rows = str(connection.execute(sa.select(t.backup_codes)).all())
    assert not [code for code in eve.codes if code in rows or code.replace("-", "") in rows]


def test_asvs_6_5_4_the_secret_is_sealed_and_of_its_account(accounts):
    eve = enrolled(accounts)
    bob = enrolled(accounts, "bob")
    u = t.users
    with accounts.transaction() as connection:
        rows = {row.username: row for row in connection.execute(sa.select(u))}
        assert eve.totp.secret not in str(rows)
        stolen = u.update().where(u.c.username == "bob").values(totp_secret=rows["eve"].totp_secret)
        connection.execute(stolen)
    with pytest.raises(CannotUnseal, match="another account"):
        sign_in(accounts, "bob", PASSWORD, HERE, eve.code())
    assert bob.totp.secret not in str(rows)


def test_asvs_7_5_1_a_factor_changes_only_after_a_new_proof(accounts):
    with clock.stop_at(NOON):
        eve = enrolled(accounts)
        with later(minutes=11):
            caller = session_of(accounts, eve.token)
            with pytest.raises(NotFresh):
                begin_enrolment(accounts, caller)
            with pytest.raises(NotFresh):
                second_factor.new_backup_codes(accounts, caller, HERE)
            with pytest.raises(NotFresh):
                finish_enrolment(accounts, caller, "x", "000000", HERE)


def test_what_was_begun_in_another_session_is_not_finished(accounts):
    person(accounts, "eve", "engineer")
    callers = [session_of(accounts, get_first(accounts)) for _ in range(2)]
    begun = begin_enrolment(accounts, callers[0])
    from pyotp import TOTP

    code = TOTP(begun.secret).at(clock.now())
    for pending in (begun.pending[:-4], "", "ä", accounts.seal.seal("second 1 2 3")):
        with pytest.raises(WrongCode):
            finish_enrolment(accounts, callers[0], pending, code, HERE)
    with pytest.raises(WrongCode):
        finish_enrolment(accounts, callers[1], begun.pending, code, HERE)
    with pytest.raises(WrongCode):
        finish_enrolment(accounts, callers[0], begun.pending, "000000", HERE)
    assert begun.secret not in repr(begun)


def get_first(accounts) -> str:
    token = sign_in(accounts, "eve", PASSWORD, HERE).token
    assert token is not None
    return token


def test_setting_a_factor_up_ends_other_sessions_and_gives_this_one_its_rights(accounts):
    person(accounts, "eve", "engineer")
    mine, other = get_first(accounts), get_first(accounts)
    caller = session_of(accounts, mine)
    begun = begin_enrolment(accounts, caller)
    from pyotp import TOTP

    done = finish_enrolment(accounts, caller, begun.pending, TOTP(begun.secret).at(clock.now()), HERE)
    assert session_of(accounts, mine) is None
    assert session_of(accounts, other) is None
    assert "jobs:write" in session_of(accounts, done.token).scopes


def test_a_factor_that_is_taken_away_ends_the_sessions(accounts):
    eve = enrolled(accounts)
    with accounts.transaction() as connection:
        second_factor.take_away(connection, people.number_of(connection, "eve"), 0)
    assert session_of(accounts, eve.token) is None
    with pytest.raises(NotSignedIn):
        sign_in(accounts, "eve", "wrong", HERE, eve.codes[0])
    assert sign_in(accounts, "eve", PASSWORD, HERE).needs == "enrol"
