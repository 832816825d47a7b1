"""The lab bench: twelve tables of cells on cyclers, readable by the analyst."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema and its tables."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop the schema with everything in it."""
    op.execute("DROP SCHEMA lab CASCADE")
