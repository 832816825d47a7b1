"""What was done and asked: lines of the service's logs, the newest first, for who may see all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.overview.reader import Reader
from battery_assets.errors import UserError
from battery_assets.platform.warehouse.resource import Warehouse

KINDS = {
    "done": "What was done",
    "sign-in": "Signing in",
    "requests": "Requests",
    "mail": "Mail",
    "webhooks": "Webhooks",
}


@dataclass(frozen=True)
class Lines:
    """Lines of a log as text, by column. more: the next page begins before that number, 0: there is none."""

    columns: Sequence[str]
    rows: Sequence[dict[str, str]]
    more: int


def lines(warehouse: Warehouse, reader: Reader, kind: str, before: int = 0, most: int = 100) -> Lines:
    """A page of a log. UserError for a log that there is not."""
    if kind not in KINDS:
        raise UserError(f"no log is called {kind!r}", f"give one of {', '.join(KINDS)}")
    query, number, at = _query(kind)
    query = query.where(number < before) if before else query
    query = query.where(at <= reader.as_of) if reader.as_of else query
    with warehouse.reading() as connection:
        rows = connection.execute(query.order_by(number.desc()).limit(most + 1)).mappings().all()
    more = int(rows[most - 1]["number"]) if len(rows) > most else 0
    columns = [column.name for column in query.selected_columns if column.name != "number"]
    return Lines(columns, [{name: _said(row[name]) for name in columns} for row in rows[:most]], more)


def _query(kind: str) -> tuple[sa.Select, sa.ColumnElement[int], sa.ColumnElement[Any]]:
    """The lines of a log, its number, and the instant of a line."""
    u = t.users.c
    if kind == "done":
        c = t.system_logs.c
        columns = [c.created_at.label("at"), u.username.label("who"), c.action, c.status, c.details]
        columns += [c.error_message.label("why"), c.ip_address.label("from"), c.site]
        return _of(t.system_logs, c.user_id, c.id, columns), c.id, c.created_at
    if kind == "sign-in":
        c = t.login_history.c
        columns = [
            c.timestamp.label("at"),
            u.username.label("account"),
            c.login_method.label("by"),
            c.success,
        ]
        columns += [c.failure_reason.label("why"), c.ip_address.label("from"), c.user_agent.label("program")]
        return _of(t.login_history, c.user_id, c.id, columns), c.id, c.timestamp
    if kind == "requests":
        c = t.api_request_logs.c
        columns = [
            c.request_time.label("at"),
            u.username.label("who"),
            t.api_keys.c.prefix.label("key"),
            c.method,
        ]
        columns += [
            c.endpoint,
            c.status_code.label("answer"),
            c.response_time_ms.label("ms"),
            c.error_message.label("why"),
        ]
        query = _of(t.api_request_logs, c.user_id, c.id, columns)
        return query.outerjoin(t.api_keys, t.api_keys.c.id == c.api_key_id), c.id, c.request_time
    if kind == "mail":
        c = t.email_logs.c
        columns = [
            c.created_at.label("at"),
            c.recipient_email.label("to"),
            c.event_type.label("of"),
            c.subject,
            c.status,
        ]
        columns += [c.error_message.label("why"), c.retry_count.label("again")]
        return _of(t.email_logs, c.user_id, c.id, columns), c.id, c.created_at
    c = t.webhook_logs.c
    columns = [
        c.sent_at.label("at"),
        u.username.label("whose"),
        c.webhook_url.label("to"),
        c.event_type.label("of"),
    ]
    columns += [c.status, c.http_status_code.label("answer"), c.error_message.label("why")]
    return _of(t.webhook_logs, c.user_id, c.id, columns), c.id, c.sent_at


def _of(table: sa.Table, user: sa.Column, number: sa.Column, columns: Sequence[Any]) -> sa.Select:
    joined = table.outerjoin(t.users, t.users.c.id == user)
    return sa.select(number.label("number"), *columns).select_from(joined)


def _said(value: Any) -> str:
    """A value of a line as text."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        f"{value:%Y-%m-%d %H:%M:%S}"
        if hasattr(value, "strftime")
        else f"{value:.1f}"
        if isinstance(value, float)
        else str(value)
    )
