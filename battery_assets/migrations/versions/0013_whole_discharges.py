"""Points carry their charge, cycles say why they have no capacity, cells say when they are worn out."""

from contextlib import closing

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE lab.timeseries_point
    ADD COLUMN correction_ah NUMERIC(15, 11),
    ADD COLUMN open_ah NUMERIC(14, 9),
    ADD CONSTRAINT ck_timeseries_point_correction_ah CHECK (correction_ah BETWEEN -9999 AND 9999),
    ADD CONSTRAINT ck_timeseries_point_open_ah CHECK (open_ah BETWEEN 0 AND 99999);
COMMENT ON COLUMN lab.timeseries_point.ts IS
    'Instant of the sample: start of the test plus its test time, and its pauses.';
COMMENT ON COLUMN lab.timeseries_point.correction_ah IS
    'Charge since the sample before that its trapezium lacks; all of it where open_ah is not 0. [Ah]';
COMMENT ON COLUMN lab.timeseries_point.open_ah IS
    'Charge that may have flowed unrecorded; NULL without limit. [Ah]';
ALTER TABLE lab.cycle
    ADD COLUMN drawn_ah NUMERIC(17, 12),
    ADD COLUMN no_capacity VARCHAR(18),
    ADD CONSTRAINT ck_cycle_drawn_ah CHECK (drawn_ah BETWEEN -10000 AND 10000),
    ADD CONSTRAINT ck_cycle_no_capacity
        CHECK (no_capacity IN ('not to the cut-off', 'not from full', 'not recorded'));
COMMENT ON COLUMN lab.cycle.discharge_capacity_ah IS
    'Charge drawn from full to the cut-off; NULL where it was not whole. [Ah]';
COMMENT ON COLUMN lab.cycle.drawn_ah IS
    'Charge drawn, down to the cut-off voltage, whether or not it got there. [Ah]';
COMMENT ON COLUMN lab.cycle.no_capacity IS 'Why a discharge has no capacity.';
ALTER TABLE lab.battery_cell
    ADD COLUMN end_of_life_pct NUMERIC(6, 3),
    ADD CONSTRAINT ck_battery_cell_end_of_life_pct CHECK (end_of_life_pct BETWEEN 1 AND 100);
COMMENT ON COLUMN lab.battery_cell.end_of_life_pct IS 'Capacity at which it is worn out, of nominal. [%]';
"""


def upgrade() -> None:
    """Add them, in one transaction; rows of before have nothing in them until their month runs again."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Refused: an older program would take a half discharge for a capacity again."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
