"""Any foreign table file, piece by piece."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.csv_file import csv_pieces
from battery_assets.ingest.files.parquet_file import parquet_pieces
from battery_assets.ingest.files.piece import Piece


def pieces(
    path: Path, table: sa.Table, contract: SourceContract, only: Sequence[str] | None = None
) -> Iterator[Piece]:
    """The rows of a CSV, CSV.gz or Parquet file, in bounded memory; `only` names the columns wanted.

    Raises FileRefused where the file as a whole cannot be trusted; rows met before that were yielded.
    """
    if path.name.lower().endswith(".parquet"):
        return parquet_pieces(path, table, contract, only)
    return csv_pieces(path, table, contract, only)
