"""Lines of system_logs about notifications."""

from typing import Any

import sqlalchemy as sa

from battery_assets.tables.service.people import system_logs

SUCCESS, FAILURE = "success", "failure"


def note(
    connection: sa.Connection,
    action: str,
    *,
    user: int | None = None,
    problem: str | None = None,
    **details: Any,
) -> None:
    """Add a line: what was done, by whom, and what was wrong with it, where something was."""
    connection.execute(
        sa.insert(system_logs).values(
            user_id=user,
            action=action,
            status=FAILURE if problem else SUCCESS,
            details=details or None,
            error_message=problem,
        )
    )
