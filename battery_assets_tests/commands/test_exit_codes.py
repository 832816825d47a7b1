"""A command's exit code tells bad input, a red check and a failure of ours apart; help and docs say so."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import click
import dagster as dg
import pytest
from click.testing import CliRunner

from battery_assets.actions.session import _ended_by
from battery_assets.cli import main
from battery_assets.errors import EXIT_CODES, Failure, RedCheck, SettingsError, UserError

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def failing(monkeypatch):
    """A command that ends with an error."""

    def add(error: BaseException) -> None:
        @click.command()
        def fails() -> None:
            raise error

        monkeypatch.setitem(main.commands, "fails", fails)

    return add


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UserError("no such site", "add it"), 1, "error: no such site\nnext step: add it"),
        (SettingsError("BATTERY_HOME", "x", "absolute"), 1, "BATTERY_HOME='x' is not allowed"),
        (click.UsageError("no such option"), 2, "no such option"),
        (RedCheck("alert: the check suite is red", "look"), 3, "error: alert: the check suite is red"),
        (Failure("a step failed", "look"), 4, "error: a step failed"),
        (ZeroDivisionError("of ours"), 4, "ZeroDivisionError: of ours"),
    ],
)
def test_each_kind_of_end_has_its_code(failing, error, code, words):
    failing(error)
    done = CliRunner().invoke(main, ["fails"])
    assert (done.exit_code, code in EXIT_CODES) == (code, True)
    assert words in done.output


def test_help_and_the_page_of_imports_list_every_code():
    shown = CliRunner().invoke(main, ["--help"]).output
    page = (PROJECT / "docs/importing.md").read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES.items():
        assert f"  {code}  {meaning}" in shown
        assert f"| {code} | {meaning} |" in page


@pytest.mark.parametrize(
    "error", [UserError("a", "b"), RedCheck("a", "b"), Failure("a", "b"), SettingsError("K", "v", "w")]
)
def test_an_error_of_another_process_keeps_its_code(error):
    told = pickle.loads(pickle.dumps(error))
    assert (told.message, told.next_step, told.exit_code) == (error.message, error.next_step, error.exit_code)


def check(passed: bool, severity: dg.AssetCheckSeverity, words: str) -> SimpleNamespace:
    return SimpleNamespace(
        event_specific_data=dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("alert"), check_name="suite", passed=passed, severity=severity, blocking=True,
            metadata={}, description=words,
        ),
        is_failure=False, step_key="alert",
    )  # fmt: skip


def step(words: str) -> SimpleNamespace:
    error = SimpleNamespace(message=words, cause=None, cls_name=words.partition(":")[0])
    return SimpleNamespace(
        event_specific_data=None,
        is_failure=True,
        step_key="cycle",
        step_failure_data=SimpleNamespace(error=error),
    )


def test_a_run_ends_by_its_red_checks_or_by_the_step_that_failed():
    stops, warns = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    red = [
        check(False, stops, "a: 3 of 9 rows. Next step: mend a"),
        check(False, warns, "b"),
        check(True, stops, "c"),
        step("x"),
    ]
    found = _ended_by(SimpleNamespace(all_events=red, run_id="r1"), "site_month 2025-03|a")
    assert isinstance(found, RedCheck)
    assert found.message == "site_month 2025-03|a: alert: the check suite is red: a: 3 of 9 rows"
    assert found.next_step == "mend a"
    assert str(found).endswith("a: 3 of 9 rows; next step: mend a")
    failed = _ended_by(SimpleNamespace(all_events=[step("OSError: no power")], run_id="r1"), "lab_month")
    assert isinstance(failed, Failure)
    assert (failed.message, failed.next_step[:16]) == (
        "lab_month: cycle failed: OSError: no power",
        "look at run r1 i",
    )
    bad = _ended_by(
        SimpleNamespace(all_events=[step("BadInput: taken; next step: leave it")], run_id="r"), "x"
    )
    assert (type(bad), bad.exit_code, bad.message, bad.next_step) == (UserError, 1, "x: taken", "leave it")
    [told] = [_ended_by(SimpleNamespace(all_events=[step("gone; next step: bring it")], run_id="r"), "x")]
    assert (told.message, told.next_step) == ("x: cycle failed: gone", "bring it")
