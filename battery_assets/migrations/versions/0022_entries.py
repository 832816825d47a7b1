"""Incidents and work orders last for months, and what people enter about them has tables of its own.

The statements are frozen in 0023_entries.sql: a later change of `sql/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move what runs compute into a schema of its own, and make the views that join it with the entries."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: what people entered would be lost."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
