"""JSON text, and the text that Python prints in its place."""

import polars as pl
import pytest

from battery_assets.ingest.files.documents import read_documents

ID = "5570fdc8-e739-42b8-a6da-309ad435644b"


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"a": [1, 2.5, null, true]}', '"text"', "12", "null", '["\\u00e9"]']
)
def test_valid_json_is_kept_letter_by_letter(text):
    values, bad, converted = read_documents(pl.Series([text, None]), True)
    assert (values.to_list(), bad.any(), converted) == ([text, None], False, 0)


@pytest.mark.parametrize(
    ("text", "json_text"),
    [
        (f"[UUID('{ID}'), UUID('{ID}')]", f'["{ID}", "{ID}"]'),
        ("['s3://a.jpg', \"it's\"]", '["s3://a.jpg", "it\'s"]'),
        ("{'a': None, 'b': True}", '{"a": null, "b": true}'),
        ("('a', 'b')", '["a", "b"]'),
    ],
)
def test_python_literals_become_json_where_the_contract_allows(text, json_text):
    values, bad, converted = read_documents(pl.Series([text]), True)
    assert (values.to_list(), bad.any(), converted) == ([json_text], False, 1)
    assert read_documents(pl.Series([text]), False)[1].to_list() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oops",
        "[1,",
        "{1, 2}",
        "[b'bytes']",
        "[float('nan')]",
        "{'a': 1, 'a': 2}",
        "__import__('os')",
        "[__import__('os').getcwd()]",
        "[x for x in (1,)]",
        "[" * 5_000 + "]" * 5_000,
        "['\\x00']",
        '["\\ud800"]',
        '["\\u0000"]',
        '{"a": 1, "a": 2}',
        "[NaN]",
    ],
)
def test_anything_else_is_bad(text):
    values, bad, _ = read_documents(pl.Series([text]), True)
    assert (values.to_list(), bad.to_list()) == ([None], [True])
