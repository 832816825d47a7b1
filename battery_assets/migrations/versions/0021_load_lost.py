"""Ride-through tells when the load is lost, which jar to change first, how likely each is the weakest.

The statements are frozen in 0021_load_lost.sql: a later change of `sql/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and replace the view; rows of before tell nothing in them until they are made again."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
