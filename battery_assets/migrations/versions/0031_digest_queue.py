"""The queue of digests needs no lease: whoever composes one holds its rows locked until it is written."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the column that nothing filled."""
    op.execute("ALTER TABLE service.email_digest_queue DROP COLUMN taken_until")


def downgrade() -> None:
    """Give it back, empty as it was."""
    op.execute("ALTER TABLE service.email_digest_queue ADD COLUMN taken_until timestamptz")
