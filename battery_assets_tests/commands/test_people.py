"""Commands about accounts and keys, on a home of their own."""

import os
import re

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from battery_assets import tables as t
from battery_assets.actions.people.demo import seed
from battery_assets.actions.session import session
from battery_assets.cli import main
from battery_assets_tests.worlds.homes import fresh_home


@pytest.fixture(scope="module")
def home():
    before = dict(os.environ)
    with fresh_home() as settings:
        yield settings
    os.environ.clear()
    os.environ.update(before)


def seeded_twice(settings):
    """What the demonstration begins with; a second time begins nothing."""
    with session(settings) as at:
        first, second = seed(at), seed(at)
        with at.warehouse.reading() as connection:
            hooks = connection.execute(sa.select(t.webhook_configurations.c.webhook_url)).scalars().all()
    assert second is None
    assert hooks == ["http://127.0.0.1:8099/"]
    return first


def test_the_first_admin_gets_a_link_and_keys_are_made_shown_and_revoked(home):
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, arguments, env={"BATTERY_HOME": str(home.home), "COLUMNS": "120"})
        return done.exit_code, done.output

    seeded = seeded_twice(home)
    assert seeded is not None
    assert seeded.key not in repr(seeded)
    assert seeded.webhook_secret not in repr(seeded)
    assert run("key", "revoke", seeded.key[:11])[0] == 0
    assert re.search(r"admin +admin +\* +admin@localhost +invited", run("user", "list")[1])
    code, said = run("user", "admin", "Anna", "--email", "anna@example.org")
    assert code == 0
    [link] = re.findall(r"^http://127\.0\.0\.1:8000/signin/link/[\w-]{43}$", said, re.M)
    code, said = run("user", "admin", "anna", "--email", "anna@example.org")
    assert (code, said.splitlines()[0]) == (1, "error: an account has that name or that address")
    assert run("user", "add", "nok", "--email", "nok@example.org", "--role", "operator")[0] == 0
    assert run("user", "role", "nok", "engineer") == (0, "nok is engineer from now on.\n")
    assert run("user", "disable", "admin")[0] == 0
    code, said = run("user", "disable", "anna")
    assert (code, said.splitlines()[0]) == (1, "error: it is the last admin who may sign in")
    assert run("user", "link", "anna", "--without-factor")[1].split("/link/")[1] != link.split("/link/")[1]
    code, said = run(
        "key", "create", "dashboard", "--owner", "nok", "--scope", "fleet:read", "--as-of", "2025-06-01"
    )
    [text] = re.findall(r"^ba_[0-9A-Za-z]{57}$", said, re.M)
    listed = run("key", "list")[1]
    assert text[:11] in listed
    assert text not in listed
    code, said = run("key", "rotate", text[:11])
    [new] = re.findall(r"^ba_[0-9A-Za-z]{57}$", said, re.M)
    assert run("key", "revoke", new[:11]) == (0, f"{new[:11]} is refused from now on.\n")
    assert run("key", "revoke", "ba_nothing")[0] == 1
    assert run("key", "create", "x", "--owner", "nok", "--scope", "people:write")[0] == 1
    assert run("user", "disable", "nok")[0] == 0
    assert run("user", "enable", "nok")[0] == 0
    shown = run("user", "list")[1]
    assert re.search(r"nok +engineer +\* +nok@example.org +invited", shown), shown
