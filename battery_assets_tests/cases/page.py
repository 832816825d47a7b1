"""docs/cases.md, written from the records of the cases: `python -m battery_assets_tests.cases.page`.

What comes out of each is what its check returned; the tests hold the page against both.
"""

import sys
from importlib import import_module
from pathlib import Path

from battery_assets_tests.cases import KINDS, held, outcomes
from battery_assets_tests.cases.record import Case

PAGE = Path(__file__).parents[2] / "docs" / "cases.md"
HEAD = """# Cases

Inputs on which the product was once wrong, or which it refused although they were right. For each: what is
right, and what comes out now.

- `python -m battery_assets_tests.cases.page` writes this page. `make test` holds it against the code.
- A file is read under the contract that its case names. An export is imported by the command.
- The inputs are not part of the project. Tests look for them where `BATTERY_TEST_DATA` says.
- Three kinds have no given case: contract terms on the command line, the data layer, dependencies. Tests of our own
  hold them, such as `battery_assets_tests/commands/test_terms.py` and `battery_assets_tests/test_dependencies.py`.
"""
KINDS_HEAD = """
## Kinds of fault

Each kind is held by a test of what was given, and by one of our own. Tests are named below `battery_assets_tests`.

"""
TITLES = {
    "files": "Files of cyclers",
    "cells": "Cells, at the end of a lab's month",
    "exports": "Exports of a fleet, at the end of its months",
}
COLUMNS = "| case | kind | what is right | what comes out |\n|---|---|---|---|"


def cases() -> dict[str, tuple[Case, ...]]:
    """The records by the part of the page in which they stand."""
    found: dict[str, tuple[Case, ...]] = {title: () for title in TITLES}
    for kind in KINDS:
        own = import_module(f"battery_assets_tests.cases.{kind}").CASES
        found[kind.split("_")[0]] += own
    return found


def row(case: Case, shown: str) -> str:
    """A case's line of the page."""
    words = (f"`{case.name.rsplit('/', 1)[-1]}`", case.kind, case.right, shown)
    return f"| {' | '.join(word.replace('|', '&#124;') for word in words)} |"


def page(shown: dict[str, str]) -> str:
    """The page, of what each case gave (by its name)."""
    parts = [HEAD]
    for title, own in cases().items():
        lines = [row(case, shown[case.name]) for case in own]
        parts.append(f"\n## {TITLES[title]}\n\n{COLUMNS}\n" + "\n".join(lines) + "\n")
    return "".join([*parts, KINDS_HEAD, "\n".join(held.lines()), "\n"])


def main() -> int:
    """Run the checks and write the page; nothing is written where one of them fails."""
    import pytest

    failed = pytest.main(["-q", "-n0", "-p", outcomes.NAME, str(Path(__file__).parent)])
    known = {case.name for own in cases().values() for case in own}
    if missing := sorted(known - outcomes.SHOWN.keys()):
        print(f"not written: no right value of {', '.join(missing)}", file=sys.stderr)
        return int(failed) or 1
    PAGE.write_text(page(outcomes.SHOWN), encoding="utf-8")
    print(f"{len(known)} cases written to {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
