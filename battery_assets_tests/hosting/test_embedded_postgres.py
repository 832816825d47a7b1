"""The embedded PostgreSQL under what happens to it: two users, kill -9, stale files, closed doors."""

import dataclasses
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from battery_assets.errors import UserError
from battery_assets.hosting import embedded_postgres, postgres_placement, postgres_process
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.databases import ensure_running, running_database, stop
from battery_assets.hosting.postgres_placement import as_user, placement
from battery_assets.settings import PACKAGE
from battery_assets_tests.worlds.homes import fresh_home

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root lends PostgreSQL to another account")


@pytest.fixture(scope="module")
def made():
    with fresh_home() as settings:
        ensure_running(settings)
        yield settings


@pytest.fixture
def kept(made):
    """A home whose server runs, and is made whole again by whoever breaks it."""
    ensure_running(made)
    return made


@pytest.fixture
def fresh():
    """A home whose server was never started."""
    with fresh_home() as settings:
        yield settings


def ask(settings, question: str, database: str = "warehouse"):
    with psycopg.connect(
        libpq_url(getattr(settings.database_urls(), database)), autocommit=True
    ) as connection:
        return connection.execute(question).fetchone()[0]


def tell(settings, statement: str) -> None:
    with psycopg.connect(libpq_url(settings.warehouse_url), autocommit=True) as connection:
        connection.execute(statement)


def in_another_process(settings, code: str) -> subprocess.Popen:
    environment = {**os.environ, "BATTERY_HOME": str(settings.home)}
    prelude = "from battery_assets.settings import Settings; from battery_assets.hosting.databases import *; "
    command = [sys.executable, "-c", f"{prelude}s = Settings.from_environment()\n{code}"]
    return subprocess.Popen(command, env=environment, cwd=PACKAGE.parent, stdout=subprocess.PIPE, text=True)


def test_it_makes_three_databases_in_utf8_and_utc(kept):
    assert ask(kept, "SELECT current_database()") == "battery"
    assert ask(kept, "SELECT current_database()", "dagster") == "dagster"
    assert ask(kept, "SELECT current_database()", "mlflow") == "mlflow"
    assert ask(kept, "SHOW server_encoding") == "UTF8"
    assert ask(kept, "SHOW timezone") == "UTC"
    assert ask(kept, "SHOW fsync") == "on"


def test_it_listens_on_loopback_alone_and_asks_for_the_password(kept):
    assert ask(kept, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(kept, "SHOW unix_socket_directories") == ""
    password = (kept.home / "postgres" / "password").read_text()
    wrong = libpq_url(kept.warehouse_url).replace(password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_its_password_and_data_are_for_its_owner_alone(kept):
    assert stat.S_IMODE((kept.home / "postgres" / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(placement(kept).data.stat().st_mode) == 0o700


@as_root
def test_root_lends_it_to_an_unprivileged_account(kept):
    pid = postgres_process.postmaster(placement(kept))
    assert Path(f"/proc/{pid}").stat().st_uid == placement(kept).account.uid != 0


def test_a_restart_keeps_the_port_and_the_rows(kept):
    before = ensure_running(kept)
    tell(kept, "CREATE TABLE restarted AS SELECT 42 AS n")
    assert stop(kept)
    assert not stop(kept)
    assert not embedded_postgres.answers(kept)
    assert ensure_running(kept) == before
    assert ask(kept, "SELECT n FROM restarted") == 42


def test_the_last_to_leave_stops_it(kept):
    stop(kept)
    with running_database(kept) as first:
        with running_database(kept) as second:
            assert second == first
        assert ask(kept, "SELECT 1") == 1
    assert not embedded_postgres.answers(kept)


def test_four_processes_at_once_start_one_server(fresh):
    record = "s.home.joinpath('postgres/server.json').read_text()"
    code = f"with running_database(s) as u:\n import time; print({record}); time.sleep(2)"
    others = [in_another_process(fresh, code) for _ in range(4)]
    records = {other.communicate(timeout=60)[0] for other in others}
    assert [other.returncode for other in others] == [0, 0, 0, 0]
    assert len(records) == 1
    assert not embedded_postgres.answers(fresh)
    assert placement(fresh).log.read_text().count("starting PostgreSQL") == 1


def test_a_user_that_is_killed_does_not_hold_it_for_ever(kept):
    other = in_another_process(
        kept, "with running_database(s):\n print('in', flush=True); import time; time.sleep(60)"
    )
    assert other.stdout.readline() == "in\n"
    assert embedded_postgres.in_use(kept)
    other.kill()
    other.communicate()
    assert not embedded_postgres.in_use(kept)
    with running_database(kept):
        assert ask(kept, "SELECT 1") == 1
    assert not embedded_postgres.answers(kept)


def test_a_server_killed_with_sessions_open_heals_at_once_with_its_rows(kept):
    ensure_running(kept)
    tell(kept, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    session = psycopg.connect(libpq_url(kept.warehouse_url))
    os.kill(postgres_process.postmaster(placement(kept)), signal.SIGKILL)
    ensure_running(kept)
    session.close()
    assert ask(kept, "SELECT count(*) FROM kept") == 1000


def test_a_pid_file_that_names_a_living_stranger_fools_nobody(kept):
    ensure_running(kept)
    cluster = placement(kept)
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    stop(kept)
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **as_user(cluster.account))
    try:
        (cluster.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert not stop(kept)
        ensure_running(kept)
        assert ask(kept, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_that_somebody_took_is_left_for_another(kept):
    before = ensure_running(kept)
    stop(kept)
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", int(before.warehouse.rpartition(":")[2].split("/")[0])))
        taker.listen()
        assert ensure_running(kept) != before
    assert ask(kept, "SELECT 1") == 1


def test_a_start_that_was_interrupted_leaves_no_half_made_data(fresh):
    half = fresh.home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    ensure_running(fresh)
    assert not half.exists()


def test_data_of_another_version_is_refused_with_the_way_out(kept):
    ensure_running(kept)
    stop(kept)
    version = placement(kept).data / "PG_VERSION"
    right = version.read_text()
    version.write_text("12\n")
    with pytest.raises(UserError, match="is of PostgreSQL 12") as refused:
        ensure_running(kept)
    version.write_text(right)
    assert "PG_BIN" in refused.value.next_step


def test_a_server_that_cannot_start_shows_its_own_words(kept):
    ensure_running(kept)
    stop(kept)
    configuration = placement(kept).data / "postgresql.auto.conf"
    right = configuration.read_text()
    configuration.write_text("no_such_parameter = 1\n")
    with pytest.raises(UserError, match="no_such_parameter"):
        ensure_running(kept)
    configuration.write_text(right)


@as_root
def test_a_home_that_root_alone_may_enter_is_not_opened(monkeypatch):
    with fresh_home() as shelter, fresh_home(mode=0o700) as closed:
        monkeypatch.setattr(postgres_placement, "SHELTER", shelter.home)
        with running_database(closed):
            assert ask(closed, "SELECT 1") == 1
            assert placement(closed).data.is_relative_to(shelter.home)
        assert stat.S_IMODE(closed.home.stat().st_mode) == 0o700
        first = placement(closed).data
        shutil.rmtree(closed.home / "postgres")
        with running_database(closed):
            assert placement(closed).data != first
        assert first.exists()


@as_root
def test_binaries_that_the_account_cannot_reach_are_copied(monkeypatch):
    with fresh_home() as shelter, fresh_home(mode=0o700) as closed:
        monkeypatch.setattr(postgres_placement, "SHELTER", shelter.home)
        package = placement(shelter).binaries.parent.parent
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, closed.home / folder.name, symlinks=True)
        binaries = closed.home / placement(shelter).binaries.relative_to(package.parent)
        hidden = dataclasses.replace(closed, pg_bin=binaries)
        with running_database(hidden):
            assert placement(hidden).binaries.is_relative_to(shelter.home / "binaries")
        assert stat.S_IMODE(closed.home.stat().st_mode) == 0o700


def test_a_second_start_finds_the_server_that_runs(kept):
    before = postgres_process.postmaster(placement(kept))
    ensure_running(kept)
    assert before is not None
    assert postgres_process.postmaster(placement(kept)) == before
