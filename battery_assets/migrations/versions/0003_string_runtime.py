"""How long strings carry their load: table string_runtime and the view that operators read.

The statements are frozen in 0003_string_runtime.sql: a later change of `tables/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create table and view; the analyst reads both by the default privileges of the first migration."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop what was created: the rows can be computed again."""
    op.execute("DROP VIEW fleet.string_runtime_now")
    op.execute("DROP TABLE fleet.string_runtime")
