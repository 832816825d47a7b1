"""Partitions say since when their rows are what they are; views of what people entered say the site."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and let the views of the past go by them."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Not possible: a column of a view cannot be taken out of it."""
    raise NotImplementedError("restore a copy of the database that was made before")
