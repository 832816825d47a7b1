"""The ends of the days to wear-out are those of an interval, and no longer quantiles of the posterior."""

from contextlib import closing

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

WORDS = {
    "wear_out_lower_days": "Days until 80 %: lower end of 95 %. [d]",
    "wear_out_upper_days": "Days until 80 %: upper end of 95 %, the posterior''s 95 to 97.5 % quantile. [d]",
}
BEFORE = {
    "wear_out_lower_days": "2.5 % quantile of the days until 80 %. [d]",
    "wear_out_upper_days": "97.5 % quantile of the days until 80 %. [d]",
}


def upgrade() -> None:
    """Say so; states of before keep their wider ends until they are made again."""
    _comment(WORDS)


def downgrade() -> None:
    """Say what was said before."""
    _comment(BEFORE)


def _comment(words: dict[str, str]) -> None:
    with closing(op.get_bind().connection.cursor()) as cursor:
        for name, said in words.items():
            cursor.execute(f"COMMENT ON COLUMN fleet.digital_twin_state.{name} IS '{said}'")
