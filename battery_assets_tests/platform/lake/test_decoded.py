"""Columns of small files are decoded once; a file that was touched since is refused all the same."""

import polars as pl
import pytest

from battery_assets.platform.lake.checksums import sha256_of_file
from battery_assets.platform.lake.decoded import Decoded
from battery_assets.platform.lake.reads import LakeError, Stored, read_day

KINDS = {"a": pl.Int64, "b": pl.Float32, "c": pl.String}
ROWS = pl.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "y"]}, schema=KINDS)


def test_a_column_is_decoded_once_and_another_file_is_another():
    asked: list[list[str]] = []

    def decode(absent):
        asked.append(list(absent))
        return ROWS.select(list(absent))

    kept = Decoded()
    first = kept.columns("one", {"a": pl.Int64, "b": pl.Float32}, decode)
    again = kept.columns("one", {"c": pl.String, "a": pl.Int64}, decode)
    assert first.equals(ROWS.select("a", "b"))
    assert again.equals(ROWS.select("c", "a"))
    kept.columns("two", {"a": pl.Int64}, decode)
    assert asked == [["a", "b"], ["c"], ["a"]]


def test_what_was_asked_for_longest_ago_goes_first():
    asked: list[str] = []

    def decode(absent):
        asked.extend(absent)
        return pl.DataFrame({name: pl.Series(range(100), dtype=pl.Int64) for name in absent})

    kept = Decoded(most_bytes=1700)  # two columns of 800 bytes
    for name in ("a", "b", "a", "c", "a", "b"):
        kept.columns("one", {name: pl.Int64}, decode)
    assert asked == ["a", "b", "c", "b"]


def test_a_file_that_is_damaged_after_it_was_read_is_refused(tmp_path):
    path = tmp_path / "day.parquet"
    ROWS.write_parquet(path)
    stored = Stored(str(path), sha256_of_file(str(path)), "place 2026-01")
    assert read_day([stored], KINDS).equals(ROWS)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(LakeError, match="checksum"):
        read_day([stored], KINDS)
    path.unlink()
    with pytest.raises(LakeError, match="gone"):
        read_day([stored], KINDS)
