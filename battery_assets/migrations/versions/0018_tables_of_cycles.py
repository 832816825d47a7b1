"""Cells may come as tables of cycles: without a test, with the file that they came from."""

from contextlib import closing

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE lab.cycle_data ALTER COLUMN cycle_id DROP NOT NULL;
ALTER TABLE lab.prediction ALTER COLUMN cycle_id DROP NOT NULL;
ALTER TABLE lab.battery_unit ADD COLUMN source JSONB;
COMMENT ON TABLE lab.cycle_data IS
    'The training table: eight features of a cycle, its capacity loss and the cycles left. Of tests they are '
    'causal and as described; of imported tables of cycles they are what their layout names.';
COMMENT ON COLUMN lab.cycle_data.cycle_id IS 'Cycle; NULL where it came as a table of cycles.';
COMMENT ON COLUMN lab.prediction.cycle_id IS 'Cycle; NULL where it came as a table of cycles.';
COMMENT ON COLUMN lab.battery_unit.source IS
    'File, sha256 and layout of a cell that came as a table of cycles.';
"""


def upgrade() -> None:
    """Loosen what only tests have, and add the column."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Refused: an older program would not know cells without tests."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
