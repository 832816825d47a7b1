"""What an estimate of charge and health rests on, and what the twin of one month hands to the next."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows of before have NULL in them until their month is run again."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: it would delete the data."""
    raise NotImplementedError("columns of estimates are not taken away: restore a database of before instead")
