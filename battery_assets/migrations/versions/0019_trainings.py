"""Jobs that run for long, and trainings of networks on cells with what came of them."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the job core, and the schema of trainings with its tables and views."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop them with everything in them."""
    op.execute("DROP SCHEMA lab_training CASCADE; DROP TABLE service.job_log, service.job")
