"""Twin states tell when their jar will be worn out."""

from contextlib import closing

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_DAYS = """
ALTER TABLE fleet.digital_twin_state
    ADD COLUMN {name} NUMERIC(6, 1),
    ADD CONSTRAINT ck_digital_twin_state_{name} CHECK ({name} BETWEEN 0 AND 100000);
COMMENT ON COLUMN fleet.digital_twin_state.{name} IS '{words} [d]';
"""
RUL_DAYS = """
ALTER TABLE fleet.rul_prediction
    ADD COLUMN failure_probability_365d NUMERIC(5, 4),
    ADD CONSTRAINT ck_rul_prediction_failure_probability_365d
        CHECK (failure_probability_365d BETWEEN 0 AND 1);
COMMENT ON COLUMN fleet.rul_prediction.failure_probability_365d IS
    'P(failure within a year); 1 with a known fault. [1]';
COMMENT ON COLUMN fleet.rul_prediction.rul_days IS
    'Predicted RUL: geometric mean of the remaining life; 0 for a jar whose twin knows a fault. [d]';
"""
COLUMNS = {
    "wear_out_lower_days": "2.5 % quantile of the days until 80 %.",
    "wear_out_days": "Median of the days until wear brings soh_pct to 80, by the same posterior.",
    "wear_out_upper_days": "97.5 % quantile of the days until 80 %.",
}


def upgrade() -> None:
    """Add the columns; states of before tell nothing in them until they are made again."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        for name, words in COLUMNS.items():
            cursor.execute(_DAYS.format(name=name, words=words))
        cursor.execute(RUL_DAYS)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
