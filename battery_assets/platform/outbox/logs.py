"""Lines of system_logs: what people, keys and the service did."""

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
    status: str | None = None,
    address: str | None = None,
    key: int | None = None,
    request: str | None = None,
    site: str | None = None,
    **details: Any,
) -> None:
    """Add a line: what was done, by whom, and what was wrong with it, where something was.

    user 0 is the command line, which has no account. No detail may be a secret.
    """
    connection.execute(
        sa.insert(system_logs).values(
            user_id=user or None,
            action=action,
            status=status or (FAILURE if problem else SUCCESS),
            details=details or None,
            error_message=problem,
            ip_address=address,
            api_key_id=key,
            request_id=request,
            site=site,
        )
    )
