"""Requests that were answered, into the log: many at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.warehouse.database import copy_in
from battery_assets.tables.service.keys import api_request_logs


class Answered(NamedTuple):
    """One request, as the log keeps it: its columns, in order. No body, no address that was asked for."""

    endpoint: str
    method: str
    status_code: int
    request_time: datetime
    response_time_ms: float
    request_size_bytes: int | None
    response_size_bytes: int | None
    ip_address: str | None
    user_agent: str | None
    api_key_id: int | None
    user_id: int | None
    error_message: str | None
    request_id: str | None


_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "endpoint": pl.String,
    "method": pl.String,
    "status_code": pl.Int32,
    "request_time": pl.Datetime("us", "UTC"),
    "response_time_ms": pl.Float64,
    "request_size_bytes": pl.Int64,
    "response_size_bytes": pl.Int64,
    "ip_address": pl.String,
    "user_agent": pl.String,
    "api_key_id": pl.Int64,
    "user_id": pl.Int64,
    "error_message": pl.String,
    "request_id": pl.String,
}


def write(connection: sa.Connection, batch: Sequence[Answered]) -> None:
    """Write requests into the log; the parts of their days have to be there."""
    copy_in(connection, api_request_logs, pl.DataFrame(batch, schema=_SCHEMA, orient="row"))
