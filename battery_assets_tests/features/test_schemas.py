"""A stored table's columns and types are said once, in tables: no room of batteries says them again."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from battery_assets import tables as t
from battery_assets.tables.projections import polars_schema

PACKAGE = Path(__file__).resolve().parents[2] / "battery_assets"
ROOMS = ("features", "learning", "synthetic", "ingest")
# A frame on its way may share a few columns with a table; one that has half of them is the table's copy.
LEAST, SHARE = 4, 0.5


def copies(source: str) -> Iterator[str]:
    """Tables of which a dict of polars types in the source repeats the columns."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict) and node.values and any(map(is_type, node.values)):
            names = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            for table in t.TABLES:
                columns = set(polars_schema(table))
                if names <= columns and len(names) >= max(LEAST, SHARE * len(columns)):
                    yield table.name


def is_type(node: ast.expr) -> bool:
    """Whether the expression is a polars type, such as pl.String or pl.Datetime("us")."""
    named = node.func if isinstance(node, ast.Call) else node
    name = named.attr if isinstance(named, ast.Attribute) else ""
    return name in {"String", "Float64", "Float32", "Int64", "Int32", "Datetime", "Boolean"}


@pytest.mark.parametrize("room", ROOMS)
def test_no_dict_repeats_a_table(room):
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        found = list(copies(path.read_text(encoding="utf-8")))
        assert not found, f"{path}: write polars_schema(t.{found[0]}) instead of its columns"


@pytest.mark.parametrize(
    ("source", "repeated"),
    [
        ('A = {"test_id": pl.String, "measured_capacity_ah": pl.Float64, "capacity_pct_of_rated": pl.Float64,'
         ' "pass_fail": pl.String}', ["capacity_test_calc"]),
        ('A = {"ts": pl.Datetime("us"), "string_id": pl.String, "voltage_v": pl.Float64, "here": pl.Boolean}', []),
        ('A = {"alert_id": "", "battery_id": ""}', []),
        ("A = {}", []),
    ],
)  # fmt: skip
def test_a_copy_is_seen_and_a_frame_on_its_way_is_none(source, repeated):
    assert list(copies(source)) == repeated
