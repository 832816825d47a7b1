"""The truth of synthetic jars, in a schema of its own that no reader but its owner may use.

The statements are frozen in 0005_truth.sql: a later change of `tables/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema and its table, in one transaction."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop the schema."""
    op.execute("DROP SCHEMA truth CASCADE")
