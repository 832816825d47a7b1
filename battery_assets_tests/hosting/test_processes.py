"""Children on their leash: ended with their whole group, however they or we die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from battery_assets.hosting import processes
from battery_assets.settings import PACKAGE

STUBBORN = """
import signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(99)"])
time.sleep(99)
"""
POLITE = """
import time
try: print("up", flush=True); time.sleep(99)
except KeyboardInterrupt: print("bye", flush=True)
"""


def start(folder: Path, code: str) -> processes.Child:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    child = processes.start("child", [sys.executable, "-c", code], environment, folder / "child.log")
    assert eventually(lambda: "up" in child.last_lines())
    return child


def eventually(is_so: Callable[[], bool], patience_s: float = 20.0) -> bool:
    deadline = time.monotonic() + patience_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def family(leash: int) -> list[int]:
    """The processes of the group that the leash holds."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True)
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    groups = {pgid for pid, ppid, pgid in rows if ppid == leash}
    return [pid for pid, _, pgid in rows if pgid in groups]


def alive(pids: list[int]) -> list[int]:
    return [
        pid
        for pid in pids
        if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_a_polite_child_is_asked_and_says_good_bye(tmp_path):
    child = start(tmp_path, POLITE)
    processes.end([child])
    assert child.exit_code() == 0
    assert child.last_lines() == "up\nbye"


def test_sigint_reaches_a_child_even_if_we_were_started_with_it_ignored(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = start(tmp_path, POLITE)
    finally:
        signal.signal(signal.SIGINT, before)
    processes.end([child])
    assert child.last_lines() == "up\nbye"


def test_a_stubborn_child_is_killed_with_its_grandchild(tmp_path):
    child = start(tmp_path, STUBBORN)
    members = family(child.process.pid)
    assert len(members) == 2
    processes.end([child], hurry=True)
    assert child.exit_code() is not None
    assert alive(members) == []


def test_children_do_not_outlive_the_process_that_started_them(tmp_path):
    code = (
        "import os, sys, time; from pathlib import Path; from battery_assets.hosting import processes\n"
        f"command, log = [sys.executable, '-c', {POLITE!r}], Path('{tmp_path}/child.log')\n"
        "child = processes.start('c', command, os.environ, log)\n"
        "print(child.process.pid, flush=True); time.sleep(99)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, stdout=subprocess.PIPE, text=True
    )
    leash = int(parent.stdout.readline())
    assert eventually(lambda: "up" in (tmp_path / "child.log").read_text())
    members = [leash, *family(leash)]
    assert len(members) == 2
    parent.kill()
    parent.communicate()
    assert eventually(lambda: alive(members) == [])


def test_a_child_does_not_outlive_its_leash(tmp_path):
    child = start(tmp_path, POLITE)
    members = family(child.process.pid)
    child.process.kill()
    child.process.wait()
    assert eventually(lambda: alive(members) == [])


def test_what_a_dead_child_leaves_in_its_group_is_ended(tmp_path):
    code = "import subprocess, sys; subprocess.Popen(['sleep', '99']); print('up', flush=True); sys.exit(3)"
    child = start(tmp_path, code)
    assert eventually(lambda: child.exit_code() == 3)
    assert processes.first_ended([child]) is child


def test_the_log_of_the_start_before_is_kept(tmp_path):
    for word in ("one", "two"):
        child = start(tmp_path, f"print('up {word}')")
        assert eventually(lambda child=child: child.exit_code() == 0)
    assert child.log.read_text() == "up two\n"
    assert (tmp_path / "child.log.1").read_text() == "up one\n"
