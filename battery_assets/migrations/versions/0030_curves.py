"""Signals may be curves of discharges; what forecasts propose stands among the work orders."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_FAULTS = ("sound", "capacitor_loss", "phase_unbalance", "open_diode", "lost_phase")
_MODELS = (
    "rule", "rule_own", "rule_labels", "forest_moments", "forest_lines", "forest_own_lines", "cnn1d",
    "index_only",
)  # fmt: skip


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    name = f"ck_{table}_{column}"
    op.execute(
        f"ALTER TABLE experiments.{table} DROP CONSTRAINT {name}, "
        f"ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))"
    )


def _run(suffix: str) -> None:
    file = Path(__file__).with_name(f"{Path(__file__).stem}{suffix}.sql")
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(file.read_text(encoding="utf-8"))


def upgrade() -> None:
    """Allow the labels and models of curves, and make the table of proposals."""
    _run("")
    _allow("signals", "fault_class", (*_FAULTS, "ends_string", "end_of_life"))
    _allow("experiment", "model_type", (*_MODELS, "end_drop", "forest_curve", "forest_own_curve"))


def downgrade() -> None:
    """Take out proposals and datasets of curves, with what was tried on them, and allow ripple alone."""
    _run("_down")
    op.execute("DELETE FROM experiments.datasets WHERE meta_data ->> 'kind' IN ('discharges', 'cells')")
    _allow("signals", "fault_class", _FAULTS)
    _allow("experiment", "model_type", _MODELS)
