"""The days of partitions: what each was made from, and what it hands on."""

from contextlib import closing

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE platform.partition_day (
    table_name VARCHAR(63) NOT NULL,
    site VARCHAR(31) NOT NULL,
    month VARCHAR(7) NOT NULL,
    day DATE NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    path TEXT,
    rows BIGINT,
    sha256 VARCHAR(64),
    profile JSONB,
    carry BYTEA,
    PRIMARY KEY (table_name, site, month, day)
);
COMMENT ON TABLE platform.partition_day IS
    'The days of partitions: one that would be made from the same again is kept as it is.';
COMMENT ON COLUMN platform.partition_day.fingerprint IS 'Of all that the day was made from.';
COMMENT ON COLUMN platform.partition_day.path IS
    'Its file, where the table is in the lake and the day has rows.';
COMMENT ON COLUMN platform.partition_day.rows IS
    'Of the day, where PostgreSQL keeps the table day by day.';
COMMENT ON COLUMN platform.partition_day.carry IS 'What the day hands on to the days after it.';

ALTER TABLE platform.ingest_file ADD COLUMN known JSONB;
COMMENT ON COLUMN platform.ingest_file.known IS
    'What is remembered of the file, so that it need not be read again.';
"""


def upgrade() -> None:
    """Add the table, in one transaction."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
