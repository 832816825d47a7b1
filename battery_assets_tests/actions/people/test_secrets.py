"""Nothing that is stored or logged opens anything: a dump and the logs are searched for each live secret."""

import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa

from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links, second_factor
from battery_assets.actions.people.key_text import parts
from battery_assets.actions.people.known_keys import KeyRefused, KnownKeys
from battery_assets.actions.people.sessions import csrf_of, session_of
from battery_assets.actions.people.signing_in import NotSignedIn, reauthenticate, sign_in
from battery_assets.platform import clock
from battery_assets.platform.sealing import KEY_FILE
from battery_assets_tests.worlds.people.key_holders import key, mistyped
from battery_assets_tests.worlds.people.signed_in import HERE, NOON, PASSWORD, enrolled, person

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT c.relispartition
"""


def dumped(accounts) -> str:
    """Every row of every table as text."""
    with accounts.reading() as connection:
        tables = connection.execute(sa.text(TABLES)).scalars().all()
        return "\n".join(
            f"{table} {row}"
            for table in tables
            for row in connection.execute(sa.text(f"SELECT t::text FROM {table} t")).scalars()
        )


def a_day_of_secrets(accounts) -> dict[str, str]:
    """Everything that opens something, live at the end."""
    with clock.stop_at(NOON):
        eve = enrolled(accounts, "eve")
        number = person(accounts, "anna", "operator")
    with clock.stop_at(NOON + timedelta(minutes=1)):
        caller = session_of(accounts, eve.token)
        token = reauthenticate(accounts, caller, PASSWORD, HERE, eve.code())
        ticket = sign_in(accounts, "eve", PASSWORD, HERE).ticket
        pending = second_factor.begin_enrolment(accounts, session_of(accounts, token))
        with accounts.transaction() as connection:
            link = links.make(connection, people.number_of(connection, "anna"))
        made = key(accounts, number)
        KnownKeys(accounts).caller(made.text, None)
        for wrong in (mistyped(made.text), "ba_" + "A" * 57):
            with pytest.raises(KeyRefused):
                KnownKeys(accounts).caller(wrong, None)
        with pytest.raises(NotSignedIn):
            sign_in(accounts, "typed a password here", "and another one there", HERE)
    secrets = {
        "password": PASSWORD, "token": token, "form": csrf_of(token), "factor": eve.totp.secret,
        "pending factor": pending.secret, "ticket": ticket, "link": link, "key": made.text,
        "key's secret": parts(made.text)[1], "name that was typed": "typed a password here",
        "password that was typed": "and another one there",
        "home's key": (accounts.seal._file.parent / KEY_FILE).read_text(),
    }  # fmt: skip
    return (
        secrets
        | {f"code {k}": code for k, code in enumerate(eve.codes)}
        | {f"code {k} plain": code.replace("-", "") for k, code in enumerate(eve.codes)}
    )


def test_asvs_13_3_1_no_live_secret_is_in_a_dump_or_in_a_log(accounts, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = a_day_of_secrets(accounts)
    rows = dumped(accounts)
    assert len(secrets) == 12 + 20
    assert all(len(one) >= 16 for one in secrets.values())
    for table in ("users", "session_logs", "backup_codes", "one_time_link", "api_keys", "login_history"):
        assert f"service.{table} (" in rows, "the search sees the rows that it is of"
    assert not [name for name, secret in secrets.items() if secret in rows]
    assert not [name for name, secret in secrets.items() if secret in caplog.text]


def test_what_a_dump_holds_opens_nothing(accounts, tmp_path):
    from battery_assets.platform.sealing import CannotUnseal, Seal

    a_day_of_secrets(accounts)
    with accounts.reading() as connection:
        hashes = connection.execute(sa.text("SELECT session_token FROM service.session_logs")).scalars().all()
        kept = connection.execute(sa.text("SELECT prefix, key_hash FROM service.api_keys")).one()
        sealed = connection.execute(
            sa.text("SELECT totp_secret FROM service.users WHERE totp_enabled")
        ).scalar_one()
        codes = connection.execute(sa.text("SELECT code_hash FROM service.backup_codes")).scalars().all()
    assert not [one for one in hashes if session_of(accounts, one)]
    with pytest.raises(KeyRefused):
        KnownKeys(accounts).caller(kept.prefix + kept.key_hash, None)
    other = Seal(tmp_path / "another home")
    (tmp_path / "another home").mkdir()
    with pytest.raises(CannotUnseal):
        other.unseal(sealed)
    with clock.stop_at(NOON + timedelta(minutes=9)), pytest.raises(NotSignedIn):
        sign_in(accounts, "eve", PASSWORD, HERE, codes[0])
    # Keys and accounts are checked against a secret of the home: another home's rows fit none of ours.
    assert other.checksum("key", "x") != accounts.seal.checksum("key", "x")
    assert accounts.seal.checksum("account", "x") != accounts.seal.checksum("key", "x")


def test_asvs_16_2_1_who_did_what_is_noted(accounts):
    a_day_of_secrets(accounts)
    with accounts.reading() as connection:
        rows = connection.execute(
            sa.text("SELECT action, status, ip_address, request_id FROM service.system_logs")
        ).all()
    done = {row.action for row in rows}
    assert {"user.add", "user.link", "user.password", "sign_in", "factor.enrol", "key.create"} <= done
    assert {row.status for row in rows} == {"success"}
    [enrol] = [row for row in rows if row.action == "factor.enrol"]
    assert (enrol.ip_address, enrol.request_id) == ("192.0.2.7", "request-1")


def test_asvs_16_4_2_what_was_noted_is_not_changed(accounts):
    person(accounts)
    for statement in ("DELETE FROM service.system_logs", "UPDATE service.system_logs SET status = 'x'"):
        with (
            pytest.raises(sa.exc.ProgrammingError, match="only added to"),
            accounts.transaction() as connection,
        ):
            connection.execute(sa.text(statement))
