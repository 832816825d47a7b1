"""Twins name a jar's fault; a measured load says when it was seen; views pass over months without telemetry.

The statements are frozen in 0015_turn.sql: a later change of `sql/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and replace views; rows of before name no fault until their month runs again."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
