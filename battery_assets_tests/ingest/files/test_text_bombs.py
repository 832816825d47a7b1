"""Small files that unpack to gigabytes: refused by the child, and this process never holds them."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MOST_MB = 400
READ = """
import re, sys
from pathlib import Path
from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.pieces import pieces
from battery_assets.ingest.files.problems import FileRefused
try:
    for piece in pieces(Path(sys.argv[1]), t.maintenance_event, SourceContract(timezone="UTC")):
        print(piece.rows, max(map(len, piece.raw(0).split())) > 1000)
except FileRefused as refused:
    print(refused)
# What getrusage says of a child begins with its parent's.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""
ROWS, LONG = 20_000, "x" * 100_000
CODED = pa.DictionaryArray.from_arrays(pa.array([0] * ROWS, pa.int32()), pa.array([LONG]))
LISTS = pa.ListArray.from_arrays(pa.array(range(ROWS + 1), pa.int32()), CODED)
EVENT = "43dcdb05-0f2b-5f8d-a31f-cb53b6e7676e"


def taken_in(path: Path) -> tuple[list[str], int]:
    """What a process of its own says of reading a file, and how many MB it held at most."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    *said, megabytes = done.stdout.splitlines()
    return said, int(megabytes)


@pytest.mark.parametrize(
    ("column", "values"),
    [("notes", CODED), ("photo_urls", LISTS),
     ("photo_urls", pa.StructArray.from_arrays([CODED], names=["url"])),
     ("notes", pa.DictionaryArray.from_arrays(CODED.indices, pa.array([LONG.encode()])))],
    ids=["dictionary", "list", "struct", "bytes"],
)  # fmt: skip
def test_a_bomb_is_refused_and_the_parent_stays_small(tmp_path, column, values):
    path = tmp_path / "maintenance_event.parquet"
    pq.write_table(pa.table({"event_id": [EVENT] * ROWS, column: values}), path, compression="zstd")
    assert path.stat().st_size < 200_000
    [said], megabytes = taken_in(path)
    assert said.startswith("TOO_LARGE: "), said
    assert megabytes < MOST_MB


def test_the_given_bomb_is_refused(shared_data):
    bomb = shared_data / "cases_bad_input" / "parquet_text_bomb" / "maintenance_event.parquet"
    [said], megabytes = taken_in(bomb)
    assert said.startswith("TOO_LARGE: its texts unpack to 2,0"), said
    assert megabytes < MOST_MB


def test_long_texts_below_the_ratio_come_in_pieces(tmp_path, monkeypatch):
    from battery_assets.ingest.files import parquet_child

    monkeypatch.setattr(parquet_child, "_PIECE_BYTES", 100_000)
    path = tmp_path / "long.parquet"
    texts = [f"{row:06d}" + "x" * 994 for row in range(1_000)]
    pq.write_table(pa.table({"notes": texts}), path, compression="none", use_dictionary=False)
    request = {"columns": ["notes"], "documents": [], "batch_rows": 500, "max_unpacked_bytes": 1 << 30}
    assert parquet_child._decode({**request, "path": str(path)}, tmp_path) is None
    parts = [pa.ipc.open_file(str(part)).read_all() for part in sorted(tmp_path.glob("*.arrow"))]
    assert max(part.num_rows for part in parts) <= 100
    assert [text for part in parts for text in part["notes"].to_pylist()] == texts
