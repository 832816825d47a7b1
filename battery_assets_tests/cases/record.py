"""A case: an input that was once read wrong, what is right for it, and how that is held."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reading import Reading

FILES, FIRST_USE, BAD_INPUT = "cases_files", "cases_first_use", "cases_bad_input"


@dataclass(frozen=True)
class Case:
    """`check` fails where the right value does not come out, and returns in words what comes out.

    It takes the folder of test data for a cycler's file, the imported world for anything else.
    """

    folder: str
    name: str
    kind: str
    right: str
    check: Callable[[Any], str]

    def of(self, shared: Path) -> Path:
        """Where its files lie."""
        return shared / self.folder / self.name


def file_of(shared: Path, name: str, **terms: Any) -> Reading:
    """A case of `cases_files` as it is read under a contract."""
    return read(shared / FILES / name, LabContract(**terms))


def finding_of(one: Reading, words: str) -> str:
    """The finding that says so; AssertionError where none does."""
    found = [finding for finding in one.findings if words in finding]
    assert found, f"no finding says {words!r}: {one.findings}"
    return found[0]


def near(value: float | None, right: float, within: float) -> float:
    """The value; AssertionError where it lies further than `within` from what is right."""
    assert value is not None
    assert abs(value - right) <= within, f"{value} is not {right} within {within}"
    return value
