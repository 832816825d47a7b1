"""What the tests of cases share."""

from collections.abc import Callable

import pytest

from battery_assets_tests.cases import outcomes
from battery_assets_tests.cases.page import PAGE, row
from battery_assets_tests.cases.record import Case


@pytest.fixture
def shown(request, record_property) -> Callable[[Case, str], None]:
    """Holds what a case gives against its line of the page, or keeps it where the page is being written."""

    def hold(case: Case, words: str) -> None:
        record_property(case.name, words)
        if not request.config.pluginmanager.has_plugin(outcomes.NAME):
            assert row(case, words) in PAGE.read_text(encoding="utf-8").splitlines(), (
                f"{PAGE.name} is stale: run `python -m battery_assets_tests.cases.page`"
            )

    return hold
