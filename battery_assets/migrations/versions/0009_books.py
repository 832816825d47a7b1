"""What arrived and what days were made from is for analysts to read too; a test can be replaced."""

from contextlib import closing

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = """
GRANT SELECT ON platform.intake, platform.partition_day TO battery_analyst;
COMMENT ON COLUMN platform.intake.status IS 'accepted, duplicate, replaced or refused.';
"""


def upgrade() -> None:
    """Grant and tell, in one transaction."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
