"""The page of cases has a line for every case, and the test data has no case without a record."""

import ast

from battery_assets_tests.cases.held import HELD, TESTS
from battery_assets_tests.cases.page import PAGE, cases, page
from battery_assets_tests.cases.record import BAD_INPUT, FILES, FIRST_USE, Case

RECORDS: list[Case] = [case for own in cases().values() for case in own]
FOLDERS = {FIRST_USE: ("*/*",), FILES: ("*",), BAD_INPUT: ("*/",)}


def test_the_page_has_every_case_with_its_kind_and_what_is_right():
    names = [case.name for case in RECORDS]
    assert len(set(names)) == len(names)
    stable = [line.rsplit(" | ", 1)[0] for line in page(dict.fromkeys(names, "-")).splitlines()]
    written = [line.rsplit(" | ", 1)[0] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    assert written == stable, "run `python -m battery_assets_tests.cases.page`"


def test_each_kind_has_two_tests_that_exist():
    for kind in HELD:
        assert kind.given != kind.own, kind.name
        for test in (kind.given, kind.own):
            file, _, function = test.partition("::")
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            known = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
            assert function in known, test


def test_every_input_of_the_test_data_is_a_case(shared_data):
    found = {
        (folder, path.relative_to(shared_data / folder).as_posix())
        for folder, patterns in FOLDERS.items()
        for pattern in patterns
        for path in (shared_data / folder).glob(pattern)
        if path.name != "README.md" and (path.is_dir() or folder != BAD_INPUT)
    }
    assert found == {(case.folder, case.name) for case in RECORDS}
