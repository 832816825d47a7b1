"""A bucket's log that never opens does not hold a run for ever."""

import threading

import pytest

from battery_assets.platform.lake import opening
from battery_assets.platform.lake.reads import LakeError


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(opening, "PATIENCE_S", 0.2)


@pytest.fixture
def stuck():
    """Holds whoever waits for it until the test has ended."""
    event = threading.Event()
    yield event
    event.set()


def test_a_log_that_hangs_once_is_opened_the_second_time(monkeypatch, patience, stuck):
    asked = []

    def table(url: str) -> str:
        asked.append(url)
        if len(asked) == 1:
            stuck.wait()
        return f"table of {url}"

    monkeypatch.setattr(opening, "DeltaTable", table)
    assert opening.opened("s3://fleet/lake/site") == "table of s3://fleet/lake/site"
    assert len(asked) == 2


def test_a_log_that_hangs_each_time_is_an_error_with_a_next_step(monkeypatch, patience, stuck):
    monkeypatch.setattr(opening, "DeltaTable", lambda _url: stuck.wait())
    with pytest.raises(LakeError, match=r"s3://fleet/lake/site was not opened.*next step"):
        opening.opened("s3://fleet/lake/site")


def test_what_the_table_raises_is_raised_here(monkeypatch):
    def table(url: str) -> None:
        raise FileNotFoundError(url)

    monkeypatch.setattr(opening, "DeltaTable", table)
    with pytest.raises(FileNotFoundError):
        opening.opened("s3://fleet/lake/site")


def test_a_folder_is_opened_by_the_caller_s_own_thread(monkeypatch):
    monkeypatch.setattr(opening, "DeltaTable", lambda _url: threading.current_thread())
    assert opening.opened("/srv/lake/site") is threading.current_thread()
