"""Accounts of imported captures, the capacitor calendar with its proposals, fronts of alert rules."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "DROP VIEW experiments.hpo_campaigns; ALTER TABLE experiments.hpo_campaign DROP COLUMN front; "
        "DROP VIEW fleet.capacitor_exchange; DROP TABLE experiments.capacitor_exchange; "
        "DROP TABLE experiments.capacitor_weeks; DROP TABLE experiments.import_quarantine; "
        "DROP TABLE experiments.import_files"
    )
