"""The books of what arrives as a whole, such as tests of cells."""

from alembic import op

from battery_assets.platform.registry_tables import intake

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    intake.create(op.get_bind())


def downgrade() -> None:
    """Drop it; what arrived is read again."""
    intake.drop(op.get_bind())
