"""Incidents as people work with them: acknowledge, assign, note, analyse, resolve, reopen.

Each act is a row of `service.incident_entry`; no run touches it. Commands and routes call these functions.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.operations.people import Person, person, user_id_of
from battery_assets.errors import UserError
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.fleet.p7_operations import RCA_CODES

_LIST = sa.text("""
SELECT site, severity, incident_code, title, rca_code, status, created_at, age_days, work_order, external_id,
       due_date, overdue, stale
FROM fleet.open_incidents WHERE :site = '' OR site = :site LIMIT :most
""")
_BY_NAME = sa.text("""
SELECT * FROM fleet.incident
WHERE incident_code = :name OR incident_id = CAST(:id AS uuid)
""")
_HISTORY = sa.text("""
SELECT n.entered_at, n.entered_by, n.action, n.note, n.rca_code, u.email AS assigned_to
FROM service.incident_entry n LEFT JOIN fleet."user" u ON u.user_id = n.assigned_to
WHERE n.incident_id = :id OR (n.site = :site AND n.fault = :fault AND NOT EXISTS (
          SELECT FROM operations.incident i WHERE i.incident_id = n.incident_id))
ORDER BY n.id
""")


def open_incidents(warehouse: Warehouse, site: str = "", most: int = 50) -> Sequence[sa.RowMapping]:
    """Open incidents, the gravest first, with their work orders."""
    with warehouse.reading() as connection:
        return connection.execute(_LIST, {"site": site, "most": most}).mappings().all()


def incident_named(connection: sa.Connection, name: str) -> sa.Row:
    """The row of `fleet.incident` of a code or identifier. UserError where there is none."""
    row = connection.execute(_BY_NAME, {"name": name.strip().upper(), "id": as_uuid(name)}).one_or_none()
    if row is None:
        raise UserError(f"no incident is called {name!r}", "see `battery-assets incident list`")
    return row


def as_uuid(name: str) -> str | None:
    """The identifier that a text is; None where it is none."""
    try:
        return str(uuid.UUID(name.strip()))
    except ValueError:
        return None


def shown(warehouse: Warehouse, name: str) -> tuple[sa.RowMapping, Sequence[sa.RowMapping]]:
    """An incident as it stands, and what people entered about it, in order."""
    with warehouse.reading() as connection:
        row = incident_named(connection, name)
        row_shown = {"id": row.incident_id, "site": row.site, "fault": row.fault}
        return row._mapping, connection.execute(_HISTORY, row_shown).mappings().all()


def acknowledge(warehouse: Warehouse, name: str, by: str | Person, note: str | None = None) -> str:
    """Say that somebody looks after an incident. Returns its code."""
    return _enter(warehouse, name, by, "acknowledge", note=note)


def assign(warehouse: Warehouse, name: str, by: str | Person, to: str) -> str:
    """Make a user responsible for an incident, and for its work order. Returns its code."""
    with warehouse.reading() as connection:
        responsible = user_id_of(connection, to)
    return _enter(warehouse, name, by, "assign", assigned_to=responsible)


def note(warehouse: Warehouse, name: str, by: str | Person, words: str) -> str:
    """Add a remark to an incident. Returns its code."""
    return _enter(warehouse, name, by, "note", note=_said(words))


def analyse(warehouse: Warehouse, name: str, by: str | Person, words: str, cause: str | None = None) -> str:
    """Say what an incident came from, in words and by code. Returns its code."""
    return _enter(warehouse, name, by, "analyse", note=_said(words), rca_code=_cause(cause))


def resolve(
    warehouse: Warehouse,
    name: str,
    by: str | Person,
    words: str,
    cause: str | None = None,
    at: datetime | None = None,
) -> str:
    """Say that an incident is over, since `at` or now; that stands until it gets worse. Returns its code."""
    return _enter(
        warehouse, name, by, "resolve", note=_said(words), rca_code=_cause(cause), done_at=_with_zone(at)
    )


def reopen(warehouse: Warehouse, name: str, by: str | Person, words: str) -> str:
    """Take a resolution back. Returns the incident's code."""
    return _enter(warehouse, name, by, "reopen", note=_said(words))


def _enter(warehouse: Warehouse, name: str, by: str | Person, action: str, **entry: Any) -> str:
    with warehouse.transaction() as connection:
        row = incident_named(connection, name)
        who: Person = person(connection, by)
        connection.execute(
            sa.insert(t.incident_entry).values(
                site=row.site,
                incident_id=row.incident_id,
                fault=row.fault,
                began_at=row.created_at,
                action=action,
                entered_by=who.name,
                user_id=who.user_id,
                **entry,
            )
        )
    return str(row.incident_code)


def _said(words: str) -> str:
    if not words.strip():
        raise UserError("there are no words", "say what was seen or done")
    if len(words) > 4000:
        raise UserError(f"{len(words):,} characters are too many", "say it in 4,000")
    return words.strip()


def _cause(code: str | None) -> str | None:
    if code is not None and code.strip().upper() not in RCA_CODES:
        raise UserError(f"{code!r} is no code of a cause", f"give one of {', '.join(RCA_CODES)}")
    return None if code is None else code.strip().upper()


def _with_zone(at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise UserError(f"{at} has no time zone", "write it as in 2026-03-01T14:00+07:00")
    return at
