"""What PostgreSQL's rows were when they were committed: changed rows turn their suite red."""

from contextlib import closing

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE platform.partition_version ADD COLUMN rows_digest VARCHAR(64);
COMMENT ON COLUMN platform.partition_version.rows_digest IS
    'Of PostgreSQL''s rows as they were committed.';
"""


def upgrade() -> None:
    """Add the column; partitions of before have nothing in it until they are made again."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
