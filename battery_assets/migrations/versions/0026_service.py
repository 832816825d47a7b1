"""The service: accounts, keys, requests, and messages on their way.

The statements are frozen in 0026_service.sql: a later change of `sql/` becomes a later migration.
"""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the service's tables and views, and what tells of a revoked key."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(statements)


def downgrade() -> None:
    """Refused: accounts, keys and what people were told would be lost."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
