"""JSON text checked, and the text that Python prints for lists turned into JSON."""

import ast
import json
import re

import polars as pl

_PRINTED_UUID = re.compile(r"\bUUID\('([0-9a-fA-F-]{32,36})'\)")
MAX_DOCUMENT = 1 << 20


def read_documents(texts: pl.Series, python_literals: bool) -> tuple[pl.Series, pl.Series, int]:
    """JSON text of each value, which values are no JSON, and how many were Python's print.

    Valid JSON is kept letter by letter. With `python_literals`, lists, dictionaries and texts as Python
    prints them, `UUID('...')` among them, become JSON; nothing is ever executed.
    """
    as_json: dict[str, str | None] = {}
    converted: set[str] = set()
    for text in texts.unique().drop_nulls():
        if _is_json(text):
            as_json[text] = text
        else:
            as_json[text] = _from_python(text) if python_literals else None
            if as_json[text] is not None:
                converted.add(text)
    values = pl.Series([None if text is None else as_json[text] for text in texts], dtype=pl.String)
    bad = texts.is_not_null() & values.is_null()
    return values, bad, sum(text in converted for text in texts)


def _is_json(text: str) -> bool:
    if len(text) > MAX_DOCUMENT:
        return False
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
        return _storable(text, value)
    except (ValueError, RecursionError):
        return False


def _storable(text: str, value: object) -> bool:
    """PostgreSQL's jsonb takes neither the NUL character nor half of a surrogate pair."""
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return "\\u0000" not in text and "\0" not in text


def _from_python(text: str) -> str | None:
    """The JSON of a printed Python literal, or None where it is none."""
    if len(text) > MAX_DOCUMENT or text.lstrip()[:1] not in "[{('\"":
        return None
    try:
        tree = ast.parse(_PRINTED_UUID.sub(r"'\1'", text.strip()), mode="eval")
        _refuse_repeated_keys(tree)
        document = json.dumps(ast.literal_eval(tree), allow_nan=False, ensure_ascii=False)
        document.encode("utf-8")
        return document if _is_json(document) else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _refuse_repeated_keys(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [ast.dump(key) for key in node.keys if key is not None]
            if len(set(keys)) != len(keys):
                raise ValueError("a key stands twice")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key stands twice")
    return unique


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
