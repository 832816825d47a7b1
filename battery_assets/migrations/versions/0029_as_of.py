"""Views of the present show what was known at an instant, where a session says which.

The statements are frozen in 0029_as_of.sql: a later change of `sql/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the function that says which instant, and let the views ask it."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused, as with every migration."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
