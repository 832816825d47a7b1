"""The sites of the API's callers are held by PostgreSQL as well; who acknowledged is no analyst's to see.

The role and its policies are not frozen here: `platform/warehouse/sites.sql` runs after each migration anew,
so that later tables have theirs too. Parts of the log of requests are made by the service itself.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the views of what people entered about incidents, and of what was refused."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Nothing: an older version of the code is not hindered by it."""
