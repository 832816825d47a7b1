"""The experiment platform: datasets of signals, experiments, campaigns, explanations."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schemas of the experiment platform with their tables and views."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop them with everything in them."""
    op.execute("DROP SCHEMA dataset_job CASCADE; DROP SCHEMA experiments CASCADE")
