"""Jobs that the daemon begins, what partitions held before a backfill, and incidents as they were known.

The statements are frozen in 0028_asked_by_programs.sql: a later change of `sql/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table, and let the views obey `battery.as_of`."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: who asked for which work would be lost."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
