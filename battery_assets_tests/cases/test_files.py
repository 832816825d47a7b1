"""Every case that is a cycler's file gives its right value."""

import pytest

from battery_assets_tests.cases import files_charge, files_columns, files_refused
from battery_assets_tests.cases.record import Case

CASES = (*files_charge.CASES, *files_columns.CASES, *files_refused.CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_gives_its_right_value(case: Case, shared_data, shown):
    shown(case, case.check(shared_data))
