"""Jar voltages reach to what their columns hold: a module of 48 V is a jar too."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

COLUMNS = {"telemetry_jar_raw": ("voltage_v",), "feature_store": ("v_mean", "v_min", "v_max")}


def upgrade() -> None:
    """Widen the limits; no stored row breaks them."""
    for table, names in COLUMNS.items():
        changes = [
            change
            for name in names
            for change in (
                f"DROP CONSTRAINT ck_{table}_{name}",
                f"ADD CONSTRAINT ck_{table}_{name} CHECK ({name} BETWEEN 0 AND 99.999)",
            )
        ]
        op.execute(f"ALTER TABLE fleet.{table} {', '.join(changes)}")


def downgrade() -> None:
    """Refused: rows of such modules would break the old limits."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
