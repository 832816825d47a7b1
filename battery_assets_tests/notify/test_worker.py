"""The worker as a user runs it: once by command, or until it is stopped; and a database that goes away."""

import signal
import subprocess
import sys
import threading

from click.testing import CliRunner

from battery_assets.cli import main
from battery_assets.notify.command import AT_WORK
from battery_assets_tests.worlds.notices.books import hook, opened, person, rows, tell, worker
from battery_assets_tests.worlds.notices.receivers import http_receiver, wait_until


def test_the_command_sends_what_is_due_and_says_so(database_settings, migrated_url, monkeypatch):
    monkeypatch.setenv("BATTERY_HOME", str(database_settings.home))
    for key in ("BATTERY_SMTP_URL", "BATTERY_DATABASE_URL"):
        monkeypatch.delenv(key, raising=False)
    result = CliRunner().invoke(main, ["notify", "--once"])
    assert result.exit_code == 0, result.output
    assert "webhooks: 0, mails: 0" in result.output
    assert "BATTERY_SMTP_URL is not set" in result.output


def test_it_works_until_it_is_asked_to_stop(warehouse_url, tmp_path):
    stopping = threading.Event()
    with http_receiver(tmp_path) as receiver:
        hook(warehouse_url, tmp_path, person(warehouse_url, "anna"), receiver.url())
        thread = threading.Thread(target=worker(warehouse_url, tmp_path).run, args=(stopping,))
        thread.start()
        try:
            tell(warehouse_url, opened(1))
            wait_until(lambda: len(receiver.requests) == 1)
            tell(warehouse_url, opened(2))
            wait_until(lambda: len(receiver.requests) == 2)
        finally:
            stopping.set()
            thread.join(timeout=20)
    assert not thread.is_alive()
    (line,) = rows(warehouse_url, "SELECT * FROM service.system_logs WHERE action = 'notify.start'")
    assert line.status == "failure"
    assert "no mail goes" in line.error_message


def test_a_fault_of_one_part_is_noted_and_tried_again(caplog):
    """As when the database is away: the loop waits and goes on."""
    from battery_assets.notify.worker import _again_and_again

    stopping, done = threading.Event(), []

    def work() -> None:
        done.append(len(done))
        if len(done) == 2:
            stopping.set()
        raise OSError("the database is away")

    _again_and_again("routing", work, 0.01, stopping)
    assert done == [0, 1]
    assert "the database is away; tried again in 1 s" in caplog.text


def test_a_signal_ends_it_cleanly():
    code = """
import threading, types
from battery_assets.notify import command, worker
class W(worker.Worker):
    def run(self, stopping):
        stopping.wait(20)
        print("stopped", stopping.is_set())
command._serve(W("", lambda x: x, None, ""))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == AT_WORK
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "stopped True\n"
    assert process.returncode == 0
