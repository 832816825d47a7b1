"""The demo goes on where a fleet has too few ends to learn from, and stops where anything else fails."""

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from battery_assets.actions import demo
from battery_assets.errors import Failure

FEW = "training 2025-10: rul_model failed: 3 observed ends of life before the cut-off, 10 needed to train"


class _Here:
    """A pool that runs each call at once, in this process."""

    def __init__(self, *args, **named) -> None: ...

    def __enter__(self) -> "_Here":
        return self

    def __exit__(self, *told) -> None: ...

    def submit(self, call, *args) -> Future:
        future: Future = Future()
        try:
            future.set_result(call(*args))
        except Exception as failure:
            future.set_exception(failure)
        return future


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Jobs that fail, and with which words: filled by the test."""
    words: list[str] = []

    def run_here(job: str, *key: str | None) -> str:
        if job == "training":
            raise Failure(words[0], "load more months")
        return job

    monkeypatch.setattr(demo, "ProcessPoolExecutor", _Here)
    monkeypatch.setattr(demo, "run_here", run_here)
    return words


STAGES = [[demo.Step("training", "2025-10")], [demo.Step("site_month", "2025-10", "bangrak")]]


def test_too_few_ends_are_told_and_the_months_go_on(refused: list[str]) -> None:
    refused.append(FEW)
    untrained: list[str] = []
    ended = [str(step) for step, over in demo.run(STAGES, untrained) if over]
    assert ended == ["training 2025-10", "site_month bangrak 2025-10"]
    assert untrained == [FEW]


def test_any_other_failure_of_a_training_stops_the_demo(refused: list[str]) -> None:
    refused.append("training 2025-10: rul_model failed: MLflow does not answer")
    with pytest.raises(Failure, match="MLflow does not answer"):
        list(demo.run(STAGES, []))
