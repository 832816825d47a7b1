"""The processes of an embedded PostgreSQL, told from others by what they run, not by a pid file alone."""

import os
import signal
import subprocess
import time
from pathlib import Path

from battery_assets.hosting.postgres_placement import Cluster

PROC = Path("/proc")


def postmaster(cluster: Cluster) -> int | None:
    """Pid of the live server of this data folder; None where the pid file is absent, stale or recycled."""
    lines = _pid_file(cluster)
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else None
    if pid is None or not _is_server(cluster, _command_line(pid)):
        return None
    return pid


def recorded_port(cluster: Cluster) -> int:
    """The port that the live server wrote down (line 4 of postmaster.pid)."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = _pid_file(cluster)
        if len(lines) > 3 and lines[3].strip().isdigit():
            return int(lines[3])
        time.sleep(0.02)
    raise TimeoutError(f"{cluster.data / 'postmaster.pid'} names no port")


def clear_remains(cluster: Cluster, patience_s: float = 15.0) -> None:
    """Wait for (then end) what a killed server left running, and drop a pid file that names a stranger."""
    deadline = time.monotonic() + patience_s
    while remains := [pid for pid, line in _processes() if _is_part(cluster, line)]:
        if time.monotonic() > deadline:
            for pid in remains:
                _signal(pid, signal.SIGKILL)
        time.sleep(0.05)
    # PostgreSQL removes a stale file itself, unless its pid lives on as somebody else's.
    lines = _pid_file(cluster)
    if lines and lines[0].strip().isdigit() and _alive(int(lines[0])):
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def end(cluster: Cluster, patience_s: float = 20.0) -> bool:
    """Stop the server: fast (SIGINT), and at once (SIGQUIT) when that takes too long. False if none ran."""
    pid = postmaster(cluster)
    if pid is None:
        return False
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        _signal(pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not _is_server(cluster, _command_line(pid)):
                return True
            time.sleep(0.02)
    raise TimeoutError(f"PostgreSQL (pid {pid}) does not end")


def _pid_file(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_server(cluster: Cluster, command_line: str) -> bool:
    program, _, rest = command_line.partition(" ")
    return Path(program).name == "postgres" and rest.rstrip() == f"-D {cluster.data}"


def _is_part(cluster: Cluster, command_line: str) -> bool:
    return command_line.startswith(f"postgres: {cluster.name}: ") or _is_server(cluster, command_line)


def _command_line(pid: int) -> str:
    """Command line of a process, parted by blanks; empty for a zombie and for a pid that is gone."""
    if PROC.is_dir():
        try:
            return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()


def _processes() -> list[tuple[int, str]]:
    if PROC.is_dir():
        pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
        return [(pid, _command_line(pid)) for pid in pids]
    listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False)
    rows = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
    return [(int(row[0]), row[1]) for row in rows if len(row) == 2]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
