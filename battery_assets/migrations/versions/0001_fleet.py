"""The fleet: 26 tables, the platform's own books, views, roles.

The statements are frozen in 0001_fleet.sql: a later change of `tables/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything, in one transaction."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: it would delete the data."""
    raise NotImplementedError("the first migration is not undone: drop the database instead")
