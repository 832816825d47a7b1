"""A plugin of pytest that keeps what the checks of cases return, for the page that is written of it."""

import pytest

NAME = __name__
SHOWN: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what a test recorded, by the name of its case."""
    if report.when == "call" and report.passed:
        SHOWN.update({name: str(words) for name, words in report.user_properties})
