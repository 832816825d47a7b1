"""Sites that a caller sees, held by PostgreSQL: a role that other sites' rows are not there for."""

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

ROLE = "battery_api"
_NARROW = sa.text("SELECT set_config('role', :role, true), set_config('battery.sites', :sites, true)")


def hold_sites(connection: sa.Connection) -> None:
    """Let each table with a site show the role only what its caller may see; after each migration anew."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(statements)


def narrow(connection: sa.Connection, sites: frozenset[str]) -> None:
    """Let the rest of the transaction see and write rows of these sites, and of none, alone."""
    connection.execute(_NARROW, {"role": ROLE, "sites": ",".join(sorted(sites))})
