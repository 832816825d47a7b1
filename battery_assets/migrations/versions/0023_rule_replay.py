"""What the alerts of each rule were worth: table rule_replay.

The statements are frozen in 0022_rule_replay.sql: a later change of `tables/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the analyst reads it by the default privileges of the first migration."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Drop what was created: the rows can be computed again."""
    op.execute("DROP TABLE fleet.rule_replay")
