"""Any foreign table file, piece by piece."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from battery_assets.ingest.contract import SourceContract
from battery_assets.ingest.csv_file import csv_pieces
from battery_assets.ingest.parquet_file import parquet_pieces
from battery_assets.ingest.piece import Piece


def pieces(
    path: Path, table: sa.Table, contract: SourceContract, only: Sequence[str] | None = None
) -> Iterator[Piece]:
    """The rows of a CSV, CSV.gz or Parquet file, in bounded memory; `only` names the columns wanted.

    Raises FileRefused where the file as a whole cannot be trusted; rows met before that were yielded.
    """
    if path.name.lower().endswith(".parquet"):
        return parquet_pieces(path, table, contract, only)
    return csv_pieces(path, table, contract, only)
