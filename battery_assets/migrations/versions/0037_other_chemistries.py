"""A model's chemistry may be one that the list does not name."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Allow `other`; no stored row breaks the list."""
    op.execute(
        "ALTER TABLE fleet.battery_model DROP CONSTRAINT ck_battery_model_chemistry, "
        "ADD CONSTRAINT ck_battery_model_chemistry CHECK (chemistry IN ('VRLA', 'Li-ion', 'NiMH', 'other'))"
    )


def downgrade() -> None:
    """Refused: rows of such models would break the old list."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
