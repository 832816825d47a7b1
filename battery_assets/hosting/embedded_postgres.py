"""A PostgreSQL of our own on loopback, for machines that have none: made, started, healed, shared, stopped.

Health is a real connection, never a pid file alone. Locks in `<home>/postgres` keep two processes from
starting it at once, and tell the last one that uses it to stop it.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from battery_assets.errors import Failure, UserError
from battery_assets.hosting import postgres_process as process
from battery_assets.hosting.database_urls import SUPERUSER, DatabaseUrls, embedded_urls
from battery_assets.hosting.postgres_configuration import configure
from battery_assets.hosting.postgres_placement import (
    Cluster,
    as_user,
    clean_environment,
    placement,
    read_record,
    run_as,
    write_record,
)
from battery_assets.platform.locks import exclusive, try_lock
from battery_assets.settings import Settings

DATABASES = ("battery", "dagster", "mlflow")
START_TIMEOUT_S = 120.0
# Below Linux's ephemeral range (32768 up), so that no outgoing connection takes the port meanwhile.
PORTS = range(15432, 30000)


@contextmanager
def hold(settings: Settings) -> Iterator[DatabaseUrls]:
    """The running server for a block; whoever leaves last stops it."""
    with _turn(settings):
        urls = _running(settings)
        lease = _lease(settings)
    try:
        yield urls
    finally:
        with _turn(settings):
            os.close(lease)
            if not in_use(settings):
                _stopped(placement(settings))


def ensure_running(settings: Settings) -> DatabaseUrls:
    """Start the server if it does not answer, and leave it running; safe from several processes at once."""
    with _turn(settings):
        return _running(settings)


def stop(settings: Settings) -> bool:
    """Stop the server, whoever uses it; False where none was running."""
    with _turn(settings):
        return _stopped(placement(settings))


def in_use(settings: Settings) -> bool:
    """Whether some process holds the server at this moment."""
    handle = try_lock(_lease_file(settings))
    if handle is None:
        return True
    os.close(handle)
    return False


def answers(settings: Settings) -> bool:
    """Whether the server of this home accepts a connection now."""
    folder = settings.home / "postgres"
    record = read_record(folder)
    return "port" in record and _connects(folder, int(str(record["port"])))


def discard(settings: Settings) -> None:
    """Stop the server and delete its data for ever."""
    with _turn(settings):
        cluster = placement(settings)
        _stopped(cluster)
        sheltered = cluster.data.parent != cluster.folder
        shutil.rmtree(cluster.data.parent if sheltered else cluster.data, ignore_errors=True)
        for name in ("server.json", "password"):
            (cluster.folder / name).unlink(missing_ok=True)


def _turn(settings: Settings) -> AbstractContextManager[None]:
    return exclusive(settings.home / "postgres" / "server.lock")


def _lease(settings: Settings) -> int:
    """Our share of the users' lock; somebody who merely asks `in_use` may hold it for a moment."""
    while (handle := try_lock(_lease_file(settings), shared=True)) is None:
        time.sleep(0.01)
    return handle


def _lease_file(settings: Settings) -> Path:
    return settings.home / "postgres" / "users.lock"


def _running(settings: Settings) -> DatabaseUrls:
    cluster = placement(settings)
    cluster.log.parent.mkdir(parents=True, exist_ok=True)
    if not cluster.data.exists():
        _initialise(cluster)
    _check_version(cluster)
    if process.postmaster(cluster) is None:
        _launch(cluster)
    port = process.recorded_port(cluster)
    _await(lambda: _connects(cluster.folder, port), lambda: process.postmaster(cluster) is not None, cluster)
    _record(cluster, port)
    _create_databases(cluster, port)
    urls = embedded_urls(settings.home)
    assert urls is not None
    return urls


def _record(cluster: Cluster, port: int) -> None:
    record: dict[str, object] = {"port": port}
    if cluster.data.parent != cluster.folder:
        record["data"] = str(cluster.data)
    if read_record(cluster.folder) != record:
        write_record(cluster.folder, record)


def _initialise(cluster: Cluster) -> None:
    """Make the data folder beside its place and move it there when whole, so that a crash leaves none."""
    password = secrets.token_urlsafe(24)
    staged = cluster.data.with_name("data.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=cluster.data.parent, prefix=".password") as secret:
        secret.write(password)
        secret.flush()
        if cluster.account is not None:
            os.chown(staged, cluster.account.uid, cluster.account.gid)
            os.chown(secret.name, cluster.account.uid, cluster.account.gid)
        options = [
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            f"--pwfile={secret.name}",
        ]
        done = run_as(cluster.account, cluster.command("initdb", "-D", str(staged), *options))
    if done.returncode != 0:
        raise UserError(
            f"initdb failed: {_tail(done.stderr or done.stdout)}", "see the message; is the disk full?"
        )
    with (staged / "postgresql.conf").open("a") as configuration:
        configuration.write("include_if_exists = 'platform.conf'\n")
    cluster.password_file.unlink(missing_ok=True)
    handle = os.open(cluster.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(password)
    staged.rename(cluster.data)


def _check_version(cluster: Cluster) -> None:
    ours = run_as(cluster.account, cluster.command("postgres", "--version")).stdout.split()[2].split(".")[0]
    kept = (cluster.data / "PG_VERSION").read_text().strip()
    if kept != ours:
        raise UserError(
            f"the data at {cluster.data} is of PostgreSQL {kept}, the server {cluster.binaries} is {ours}",
            f"set PG_BIN to the binaries of PostgreSQL {kept}, or move the data with pg_dump and pg_restore",
        )


def _launch(cluster: Cluster) -> None:
    process.clear_remains(cluster)
    _rotate(cluster.log)
    preferred = read_record(cluster.folder).get("port")
    port = _free_port(int(str(preferred)) if preferred else _first_choice(cluster))
    configure(cluster, port)
    _record(cluster, port)
    with cluster.log.open("a") as output:
        server = subprocess.Popen(
            cluster.command("postgres", "-D", str(cluster.data)),
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **as_user(cluster.account),
        )
    # Reaped when it ends: a zombie would keep its pid, and PostgreSQL would think itself alive.
    threading.Thread(target=server.wait, daemon=True).start()
    _await(lambda: _connects(cluster.folder, port), lambda: server.poll() is None, cluster)


def _await(ready: Callable[[], bool], alive: Callable[[], bool], cluster: Cluster) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if not alive() or time.monotonic() > deadline:
            state = "does not answer" if alive() else "did not start"
            tail = _tail(cluster.log.read_text(errors="replace")) if cluster.log.exists() else ""
            raise Failure(f"the embedded PostgreSQL {state}: {tail}", f"read {cluster.log}, then try again")
        time.sleep(0.05)


def _connection(
    folder: Path, port: int, database: str = "postgres"
) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=SUPERUSER,
        password=(folder / "password").read_text().strip(),
        dbname=SUPERUSER,
        connect_timeout=5,
        autocommit=True,
    )


def _connects(folder: Path, port: int) -> bool:
    """Whether this server, by its password, takes connections; one with no slot left is alive too."""
    try:
        _connection(folder, port).close()
    except psycopg.OperationalError as error:
        return "too many clients" in str(error) or "remaining connection slots" in str(error)
    except FileNotFoundError:
        return False
    return True


def _create_databases(cluster: Cluster, port: int) -> None:
    with _connection(cluster.folder, port) as connection:
        existing = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in existing:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _stopped(cluster: Cluster) -> bool:
    if not cluster.data.exists():
        return False
    return process.end(cluster)


def _first_choice(cluster: Cluster) -> int:
    return PORTS[int(cluster.name.removeprefix("battery_"), 16) % len(PORTS)]


def _free_port(preferred: int) -> int:
    for port in (preferred, *PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UserError(
        "no free port on 127.0.0.1 for PostgreSQL", f"free one from {PORTS.start} to {PORTS.stop}"
    )


def _rotate(path: Path, limit_bytes: int = 10_000_000) -> None:
    if path.exists() and path.stat().st_size > limit_bytes:
        path.replace(path.with_suffix(".log.1"))


def _tail(text: str, lines: int = 5) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-lines:])
